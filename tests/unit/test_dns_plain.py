"""The quick reader of DNS answers and dnspython say the same of every message, whole or damaged."""

from __future__ import annotations

import random
from collections.abc import Iterator

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproof.net import dns as client
from mailproof.net.dns_plain import read_plain
from mailproof.net.errors import NotObserved

ID = 4711

NAMES = ("www.example.", "example.", "mx.example.", "a_b-c.example.", "Upper.Example.", "esc\\.aped.example.", ".")
RECORDS = (
    *("A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1", "AAAA ::ffff:192.0.2.1", "AAAA ::", "NS ns.example."),
    *(
        "CNAME www.example.",
        "CNAME mx.example.",
        "PTR Host.Example.",
        "MX 10 mx.example.",
        "MX 0 .",
        "MX 10 MX.example.",
    ),
    *('TXT "v=spf1 -all"', 'TXT "a" "b"', 'TXT "quote\\" back\\\\slash"', 'TXT "\\200\\000"', 'TXT ""', 'SPF "v=spf1"'),
    *("SOA ns.example. admin.example. 1 2 3 4 5", "SOA ns.example. a\\.b.example. 1 2 3 4 5"),
    *("TLSA 3 1 1 " + "ab" * 32, "DS 1 13 2 " + "cd" * 32, 'CAA 0 issue "ca.example"', "SRV 0 1 25 mx.example."),
    "RRSIG A 13 2 300 20300101000000 20200101000000 1 example. " + "QUJD" * 16,
    "RRSIG MX 13 2 300 20300101000000 20200101000000 1 example. " + "QUJD" * 16,
    *("NSEC www.example. A RRSIG NSEC", "DNAME other.example.", "TYPE65280 \\# 3 010203"),
)
QUESTIONS = tuple(
    client._Question.make(name, type_, recurse=True)
    for name in ("www.example", "example", "mx.example")
    for type_ in ("A", "AAAA", "MX", "TXT", "SOA", "TLSA", "RRSIG", "ANY", "CNAME", "PTR")
)


@st.composite
def answers(draw: st.DrawFn) -> tuple[client._Question, bytes]:
    """A question and an answer to it, most often in order and sometimes not."""
    asked = draw(st.sampled_from(QUESTIONS))
    query = dns.message.make_query(asked.name, asked.type, use_edns=draw(st.booleans()), want_dnssec=True)
    query.id = ID
    response = dns.message.make_response(query, recursion_available=True)
    response.flags |= draw(st.sampled_from((0, dns.flags.AD, dns.flags.AA, dns.flags.TC, dns.flags.CD)))
    response.set_rcode(dns.rcode.Rcode.make(draw(st.sampled_from((0, 0, 0, 2, 3, 5, 16)))))
    if draw(st.integers(0, 9)) == 0 and response.edns >= 0:
        response.use_edns(0, 0, 1232, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSKEY_MISSING, "why")])
    owner = asked.name.to_text()
    for section in (response.answer, response.authority, response.additional):
        for _ in range(draw(st.integers(0, 4))):
            name = draw(st.sampled_from((owner, owner, *NAMES)))
            ttl = draw(st.sampled_from((300, 300, 300, 60)))
            type_, _, data = draw(st.sampled_from(RECORDS)).partition(" ")
            section.append(dns.rrset.from_text(dns.name.from_text(name), ttl, "IN", type_, data))
    return asked, response.to_wire(max_size=65535)


def read(wire: bytes, asked: client._Question) -> client.Answer | str:
    """What the client makes of a message: the answer, or the type and reason of its failure."""
    try:
        return client._read(wire, ID, asked, "server", "udp", 0.0)
    except NotObserved as failure:
        return f"{type(failure).__name__}: {failure.reason}"


def both(wire: bytes, asked: client._Question) -> tuple[client.Answer | str, client.Answer | str]:
    """With the quick reader, and with dnspython alone."""
    quick = read(wire, asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "read_plain", lambda *_, **__: None)
        return quick, read(wire, asked)


@settings(max_examples=300, deadline=None)
@given(answers())
def test_whole_messages_read_alike(case: tuple[client._Question, bytes]) -> None:
    asked, wire = case
    quick, slow = both(wire, asked)
    assert quick == slow


@settings(max_examples=200, deadline=None)
@given(answers(), st.integers(0, 2**32), st.integers(1, 3))
def test_damaged_messages_read_alike(case: tuple[client._Question, bytes], seed: int, faults: int) -> None:
    asked, wire = case
    for damaged in _damage(wire, random.Random(seed), faults):
        quick, slow = both(damaged, asked)
        assert quick == slow


def _damage(wire: bytes, chance: random.Random, faults: int) -> Iterator[bytes]:
    octets = bytearray(wire)
    for _ in range(faults):
        octets[chance.randrange(2, len(octets))] = chance.choice(
            (0, 1, 0x40, 0x61, 0x41, 0xC0, 0xFF, chance.randrange(256))
        )
    yield bytes(octets)
    yield wire[: chance.randrange(12, len(wire) + 1)]
    yield wire + bytes(octets[: chance.randrange(1, 12)])


@pytest.mark.parametrize(
    ("type_", "records"),
    [
        ("MX", ["MX 10 mx.example."]),
        ("TXT", ['TXT "v=spf1 -all"']),
        ("A", ["CNAME mx.example."]),
        ("AAAA", []),
        ("TLSA", ["TLSA 3 1 1 " + "ab" * 32]),
    ],
)
def test_the_answers_of_every_day_are_read_quickly(type_: str, records: list[str]) -> None:
    asked = client._Question.make("www.example", type_, recurse=True)
    query = dns.message.make_query(asked.name, asked.type, want_dnssec=True)
    response = dns.message.make_response(query)
    for record in records:
        kind, _, data = record.partition(" ")
        response.answer.append(dns.rrset.from_text(asked.name, 300, "IN", kind, data))
    for record in ("SOA ns.example. admin.example. 1 2 3 4 5", "NSEC www.example. A RRSIG NSEC"):
        kind, _, data = record.partition(" ")
        response.authority.append(dns.rrset.from_text(dns.name.from_text("example."), 300, "IN", kind, data))
    assert read_plain(response.to_wire(), asked.octets, signatures=False) is not None
