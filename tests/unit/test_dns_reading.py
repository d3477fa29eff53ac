"""Our reader of messages against dnspython's, on the same octets: right ones, altered ones, and hostile ones."""

from __future__ import annotations

import struct
from typing import Any

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproof.grammars.caa import CAARecord, parse_caa
from mailproof.net.dns.reading import Message, read_message

RECORDS = (
    ("example.org.", 300, "MX", "10 mx.example.org.", "20 backup.example.net."),
    ("EXAMPLE.org.", 60, "MX", "10 MX.example.org."),
    ("example.org.", 300, "TXT", '"v=spf1 -all"', '"two" "strings"'),
    ("mx.example.org.", 300, "A", "192.0.2.1", "192.0.2.2"),
    ("mx.example.org.", 300, "AAAA", "2001:db8::1"),
    ("www.example.org.", 300, "CNAME", "web.example.org."),
    ("example.org.", 3600, "SOA", "ns.example.org. hostmaster.example.org. 1 2 3 4 5"),
    ("example.org.", 300, "NSEC", "a.example.org. MX RRSIG NSEC"),
    ("example.org.", 300, "RRSIG", "MX 13 2 300 20300101000000 20250101000000 1 example.org. AAAA"),
    ("example.org.", 300, "RRSIG", "TXT 13 2 300 20300101000000 20250101000000 1 example.org. BBBB"),
    ("_25._tcp.mx.example.org.", 300, "TLSA", "3 1 1 " + "ab" * 32),
    ("example.org.", 300, "TYPE65280", r"\# 3 010203"),
)


def wire(*chosen: int, edns: bool = True) -> bytes:
    """A response that has these records in all three sections; the same octets each time."""
    query = dns.message.make_query("example.org.", "MX", use_edns=0 if edns else None, id=0x28B0)
    response = dns.message.make_response(query)
    if edns:
        response.use_edns(0, dns.flags.DO, 1232, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS, "text")])
    for section in (response.answer, response.authority, response.additional):
        section += [
            dns.rrset.from_text(name, ttl, "IN", type, *data)
            for name, ttl, type, *data in map(RECORDS.__getitem__, chosen)
        ]
    options: dict[str, Any] = {"want_shuffle": False}
    return response.to_wire(max_size=65535, **options)


def sections(message: Message) -> list[list[str]]:
    """The records of a message of ours as text, set by set, with the TTL of the set."""
    return [
        [f"{found.name} {found.ttl} {found.rdtype} {record}" for found in part for record in found]
        for part in (message.answer, message.authority, message.additional)
    ]


def theirs(message: dns.message.Message) -> list[list[str]]:
    return [
        [f"{found.name} {found.ttl} {found.rdtype} {record}" for found in part for record in found]
        for part in message.sections[1:]
    ]


def assert_equal(octets: bytes, *, one_record: bool = False) -> None:
    """What dnspython reads is read alike; what it refuses is refused."""
    try:
        expected = dns.message.from_wire(octets, one_rr_per_rrset=one_record)
    except Exception:  # its readers of data raise what they like
        with pytest.raises(Exception):  # noqa: B017, PT011
            read_message(octets, one_record=one_record)
        return
    try:
        found = read_message(octets, one_record=one_record)
    except dns.name.BadPointer:  # to a name that runs into itself: dnspython goes on where that one ends
        return
    assert sections(found) == theirs(expected)
    assert (found.flags, found.edns, found.edns_flags) == (expected.flags, expected.edns, expected.ednsflags)
    assert (found.rcode, found.opcode) == (expected.rcode(), expected.opcode())
    assert found.options == tuple(expected.options)
    assert [(name, type, rdclass) for name, type, rdclass in found.question] == [
        (one.name, one.rdtype, one.rdclass) for one in expected.question
    ]


def test_a_signer_that_is_pointed_to_is_that_of_the_message() -> None:
    """RFC 4034, section 3.1.7 forbids the pointer. It leads into the message, and not into the record's own octets."""
    data = struct.pack("!HBBIIIH", 15, 13, 2, 300, 1893456000, 1735689600, 1) + b"\xc0\x0c" + bytes(64)
    header = struct.pack("!6H", 0, 0x8000, 1, 1, 0, 0)
    question = b"\x07example\x03org\x00" + struct.pack("!HH", 15, 1)
    octets = header + question + b"\xc0\x0c" + struct.pack("!HHIH", 46, 1, 300, len(data)) + data
    for _ in range(2):
        assert "1 example.org. " in str(read_message(octets).answer[0][0])
    assert_equal(octets)


@given(st.lists(st.integers(0, len(RECORDS) - 1), max_size=8), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_right_messages(chosen: list[int], edns: bool, one_record: bool) -> None:
    assert_equal(wire(*chosen, edns=edns), one_record=one_record)


WHOLE = wire(*range(len(RECORDS)))


@given(st.lists(st.tuples(st.integers(12, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=3))
@settings(max_examples=400, deadline=None)
def test_altered_messages(changes: list[tuple[int, int]]) -> None:
    octets = bytearray(WHOLE)
    for place, octet in changes:
        octets[place] = octet
    assert_equal(bytes(octets))


@given(st.integers(0, len(WHOLE)))
@settings(max_examples=60, deadline=None)
def test_messages_that_end_early(length: int) -> None:
    assert_equal(WHOLE[:length])


def header(answers: int = 0, additional: int = 0, questions: int = 0) -> bytes:
    return struct.pack("!6H", 0, 0x8000, questions, answers, 0, additional)


A_RECORD = struct.pack("!HHIH", 1, 1, 60, 4) + bytes(4)
OPT_RECORD = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)

REFUSED = {
    "trailing octets": header() + b"\0",
    "a pointer to itself": header(1) + b"\xc0\x0c" + A_RECORD,
    "a pointer forwards": header(1) + b"\xc0\x20" + A_RECORD + bytes(32),
    "a pointer to what runs into itself": struct.pack("!6H", 0, 0x8000, 1, 1, 0, 0)
    + b"\x01\x14\0\0\x01\0\x01\xc0\x0d"
    + A_RECORD
    + bytes(8),
    "a label of an unknown kind": header(1) + b"\x41a\0" + A_RECORD,
    "a name too long": header(1) + (b"\x3f" + b"a" * 63) * 4 + b"\0" + A_RECORD,
    "a signature of the transaction": header(0, 1) + b"\0" + struct.pack("!HHIH", 250, 255, 0, 0),
    "two OPT records": header(0, 2) + OPT_RECORD * 2,
    "an OPT record among the answers": header(1) + OPT_RECORD,
    "an OPT record with a name": header(0, 1) + b"\x01a" + OPT_RECORD,
    "data longer than said": header(1) + b"\0" + struct.pack("!HHIH", 1, 1, 60, 5) + bytes(5),
}


@pytest.mark.parametrize("octets", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(octets: bytes) -> None:
    with pytest.raises(dns.exception.DNSException):
        dns.message.from_wire(octets)
    with pytest.raises(dns.exception.DNSException):
        read_message(octets)


def test_a_long_way_of_pointers_is_not_followed() -> None:
    """Each leads to the one before; a thousand records that begin at the last one would make it a million steps."""
    before = struct.pack("!6H", 0, 0x8000, 1, 2, 0, 0) + b"\0\0\x01\0\x01"
    count, start = 300, len(before) + 11
    way = struct.pack("!H", 0xC000 | 12) + b"".join(
        struct.pack("!H", 0xC000 | place) for place in range(start, start + 2 * (count - 1), 2)
    )
    unknown = b"\0" + struct.pack("!HHIH", 65280, 1, 0, len(way)) + way
    octets = before + unknown + struct.pack("!H", 0xC000 | (start + len(way) - 2)) + A_RECORD
    assert len(dns.message.from_wire(octets).answer) == 2
    with pytest.raises(dns.name.BadPointer):
        read_message(octets)


def test_a_ttl_with_the_highest_bit_is_zero() -> None:
    octets = header(1) + b"\0" + struct.pack("!HHIH", 1, 1, 0xFFFFFFFF, 4) + bytes(4)
    assert read_message(octets).answer[0].ttl == 0


def test_a_caa_record_is_read_whatever_its_tag() -> None:
    """dnspython refuses the tag; the record would hide all others that stand beside it."""
    tag = b"issue-wild"
    data = bytes([0, len(tag)]) + tag + b"ca.example"
    owner = dns.name.from_text("example.org.").to_wire() or b""
    header = struct.pack("!6H", 0, 0x8400, 0, 1, 0, 0)
    message = read_message(header + owner + struct.pack("!2HIH", 257, 1, 60, len(data)) + data)
    (found,) = message.answer
    assert [parse_caa(record.to_text()) for record in found] == [CAARecord(0, "issue-wild", "ca.example")]
