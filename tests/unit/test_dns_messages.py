"""DNS messages as they stand on the wire, and the names in them."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mailproof.net.dns.client import Answer, normalise, reverse_name, system_resolvers
from mailproof.net.dns.messages import Question, read_answer
from mailproof.net.errors import Malformed
from mailproof.net.settings import SocketAddress

ASKED = Question.make("example.com", "MX", recurse=True)
ID = 0x4D50


def read(wire: bytes) -> Answer:
    return read_answer(wire, ID, ASKED, "192.0.2.1:53", "udp", 0.0)


def test_the_question_on_the_wire_is_what_dnspython_makes_of_it() -> None:
    for recurse, dnssec, cd in ((True, True, True), (True, False, False), (False, True, False)):
        asked = Question.make("_x.Example.com", "TLSA", recurse=recurse, dnssec=dnssec, checking_disabled=cd)
        flags = (dns.flags.RD | dns.flags.AD) * recurse | dns.flags.CD * cd
        expected = dns.message.make_query(
            "_x.example.com", "TLSA", use_edns=0, payload=1232, want_dnssec=dnssec, flags=flags, id=ID
        )
        assert asked.wire(ID) == expected.to_wire()


def response(*lines: str) -> dns.message.Message:
    head = (
        f"id {ID}",
        "opcode QUERY",
        "rcode NOERROR",
        "flags QR RD RA",
        ";QUESTION",
        "example.com. IN MX",
    )
    return dns.message.from_text("\n".join([*head, ";ANSWER", *lines]))


def test_records_of_other_names_are_not_believed() -> None:
    answer = read(response("other.test. 60 IN MX 1 evil.test.", "example.com. 60 IN MX 5 mx.test.").to_wire())
    assert [record.target for record in answer.records] == ["mx.test"]


def header(questions: int = 1, answers: int = 1) -> bytes:
    return struct.pack("!HHHHHH", ID, 0x8180, questions, answers, 0, 0)


@pytest.mark.parametrize(
    "wire",
    [
        header() + b"\xc0\x0c\x00\x0f\x00\x01",
        header() + b"\x07example\x03com\x00\x00\x0f\x00\x01" + b"\xc0\x1d\x00\x0f\x00\x01\0\0\0\0\0\0",
        header() + b"\x07example\x03com\x00\x00\x0f\x00\x01" + b"\xc0\x0c\x00\x0f\x00\x01\0\0\0\0\xff\xff\0",
        header(answers=65535) + b"\x07example\x03com\x00\x00\x0f\x00\x01",
        header(questions=0, answers=0),
        header(answers=0) + b"\x07example\x03org\x00\x00\x0f\x00\x01",
        header(answers=0) + b"\x07example\x03com\x00\x00\x10\x00\x01",
        header(answers=0) + b"\x07example\x03com\x00\x00\x0f\x00\x03",
        header(answers=0) + b"\x07example\x03com\x00\x00\x0f\x00\x01trailing",
        ASKED.wire(ID),
    ],
    ids=[
        "compression loop in the question",
        "compression loop in the answer",
        "record longer than the message",
        "records missing",
        "no question",
        "another name",
        "another type",
        "another class",
        "trailing octets",
        "the question sent back",
    ],
)
def test_what_is_no_answer_to_the_question_is_malformed(wire: bytes) -> None:
    with pytest.raises(Malformed):
        read(wire)


def test_an_answer_of_very_many_records_is_malformed_before_it_is_parsed() -> None:
    record = b"\xc0\x0c\x00\x01\x00\x01\0\0\0\1\x00\x04\1\1\1\1"
    with pytest.raises(Malformed, match="more than 1000 records"):
        read(header(answers=4000) + b"\x07example\x03com\x00\x00\x0f\x00\x01" + record * 4000)


def test_an_extended_error_that_is_not_utf_8_does_not_escape() -> None:
    option = b"\x00\x0f\x00\x04\x00\x06\xff\xfe"
    opt = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00" + struct.pack("!H", len(option)) + option
    wire = struct.pack("!HHHHHH", ID, 0x8182, 1, 0, 0, 1) + b"\x07example\x03com\x00\x00\x0f\x00\x01" + opt
    with pytest.raises(Malformed):
        read(wire)


def test_a_text_record_of_64_kib_isread_answer() -> None:
    asked = Question.make("example.com", "TXT", recurse=True)
    data = (b"\xff" + b"\xe9" * 255) * 255
    wire = (
        struct.pack("!HHHHHH", ID, 0x8180, 1, 1, 0, 0)
        + b"\x07example\x03com\x00\x00\x10\x00\x01"
        + b"\xc0\x0c\x00\x10\x00\x01\0\0\0\x3c"
        + struct.pack("!H", len(data))
        + data
    )
    answer = read_answer(wire, ID, asked, "192.0.2.1:53", "tcp", 0.0)
    assert answer.records[0].text == "\xe9" * 255 * 255


@settings(max_examples=300, deadline=None)
@given(
    wire=st.binary(max_size=80)
    | st.builds(
        lambda counts, rest: struct.pack("!HH", ID, 0x8180) + struct.pack("!4H", *counts) + rest,
        st.tuples(*[st.integers(0, 3)] * 4),
        st.binary(max_size=60).map(lambda rest: b"\x07example\x03com\x00\x00\x0f\x00\x01" + rest),
    )
)
def test_any_octets_are_an_answer_or_malformed(wire: bytes) -> None:
    try:
        answer = read(wire)
    except Malformed:
        return
    assert TypeAdapter(Answer).dump_json(answer)
    assert answer.evidence()


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0), value=st.integers(0, 255))
def test_one_changed_octet_is_an_answer_or_malformed(position: int, value: int) -> None:
    wire = bytearray(
        response("example.com. 60 IN CNAME a.test.", "a.test. 60 IN MX 5 mx.test.", "a.test. 1 IN TXT x").to_wire()
    )
    wire[position % len(wire)] = value
    with contextlib.suppress(Malformed):
        assert read(bytes(wire)).evidence()


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("Example.COM.", "example.com"),
        (".", "."),
        ("_dmarc.Example.com", "_dmarc.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER。example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a\\.b.example", "a\\.b.example"),
        ("\\200.example", "\\200.example"),
        ("*.example", "*.example"),
    ],
)
def test_normal_names(name: str, normal: str) -> None:
    assert normalise(name) == normal


@pytest.mark.parametrize("name", ["", "@", "a..b", ".a", "a" * 64, "a." * 128, "\\", "\\999", "\u200d.example"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match="not a domain name"):
        normalise(name)


@settings(max_examples=300, deadline=None)
@given(name=st.text(max_size=20) | st.from_regex(r"[a-zA-Z0-9_\\.öß-]{1,30}", fullmatch=True))
def test_normalising_is_stable_or_a_value_error(name: str) -> None:
    try:
        normal = normalise(name)
    except ValueError:
        return
    assert normalise(normal) == normal
    assert normal.isascii()


@given(labels=st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=5))
def test_any_name_from_the_network_can_be_asked_about(labels: list[bytes]) -> None:
    name = dns.name.Name([*labels, b""])
    assert dns.name.from_text(normalise(name.to_text()).encode()) == name


def test_reverse_names() -> None:
    assert reverse_name("192.0.2.25") == "25.2.0.192.in-addr.arpa"
    assert reverse_name("2001:db8::1").startswith("1.0.0.0.")
    assert reverse_name("2001:db8::1").endswith(".8.b.d.0.1.0.0.2.ip6.arpa")
    for wrong in ("example.com", "192.0.2.256", "fe80::1%eth0"):
        with pytest.raises(ValueError, match=r".+"):
            reverse_name(wrong)


def test_the_resolvers_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    assert system_resolvers(path) == (SocketAddress("127.0.0.1", 53),)
    path.write_text(
        "# a comment\nnameserver 192.0.2.1\nnameserver\nnameserver x\noptions edns0\nnameserver ::1 # here\n"
    )
    assert system_resolvers(path) == (SocketAddress("192.0.2.1", 53), SocketAddress("::1", 53))


def test_a_transfer_begins_with_the_soa_of_the_zone() -> None:
    """Records of something else are no zone that is given away."""
    asked = Question.make("example.com", "AXFR", recurse=False)
    cases = (("Example.com.", "SOA", True), ("example.net.", "SOA", False), ("example.com.", "A", False))
    for name, type, is_zone in cases:
        answer = dns.message.make_response(dns.message.make_query("example.com", "AXFR", id=ID))
        data = "ns. h. 1 2 3 4 5" if type == "SOA" else "192.0.2.1"
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", type, data))
        with contextlib.nullcontext() if is_zone else pytest.raises(Malformed, match="no zone"):
            assert read_answer(answer.to_wire(), ID, asked, "192.0.2.1:53", "tcp", 0.0).rcode == "NOERROR"
