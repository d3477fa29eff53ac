"""DNS messages."""

from __future__ import annotations

import struct

import dns.edns
import dns.message
import dns.rrset

from mailproof.net.dns.messages import Question, read_answer
from mailproof.net.errors import NotObserved
from mailproof.net.text import printable
from tests.fuzz.parser import Parser, told

_TYPES = ("MX", "TXT", "A", "AAAA", "NS", "SOA", "PTR", "TLSA", "CNAME", "DS", "ANY")

_ID = 0x1234


def _dns(data: bytes) -> bool:
    """The first octet chooses the type that was asked for."""
    type_ = _TYPES[data[0] % len(_TYPES)] if data else "MX"
    asked = Question.make("example.org", type_, recurse=True)
    try:
        answer = read_answer(data[1:], _ID, asked, "192.0.2.53:53", "udp", 0.01)
    except NotObserved as failure:
        return told(printable(failure.reason))
    assert all(isinstance(record.target, str) for record in answer.records)
    assert all(printable(line) for line in answer.evidence())
    return answer.exists


def _message(type_: str, *rrsets: tuple[str, str, str], error: str = "") -> bytes:
    query = dns.message.make_query("example.org", type_, use_edns=True, want_dnssec=True)
    query.id = _ID
    response = dns.message.make_response(query, True, 1232)
    for name, kind, data in rrsets:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *data.split("|")))
    response.authority.append(dns.rrset.from_text("example.org.", 60, "IN", "SOA", "ns. h. 1 2 3 4 5"))
    response.additional.append(dns.rrset.from_text("mx.example.org.", 60, "IN", "A", "192.0.2.1"))
    if error:
        response.use_edns(options=[dns.edns.EDEOption(dns.edns.EDECode.DNSKEY_MISSING, error)])
    return bytes([_TYPES.index(type_)]) + response.to_wire()


def _dns_corpus() -> tuple[bytes, ...]:
    return (
        _message("MX", ("example.org.", "MX", "10 mx.example.org.|20 mx2.example.org.")),
        _message("TXT", ("example.org.", "TXT", '"v=spf1 -all"|"a" "b" "c"'), error="no DNSKEY"),
        _message("TXT", ("example.org.", "CNAME", "a.example.org."), ("a.example.org.", "TXT", '"alias"')),
        _message("AAAA", ("example.org.", "AAAA", "2001:db8::1|2001:db8::2")),
        _message("TLSA", ("example.org.", "TLSA", f"3 1 1 {'ab' * 32}")),
        _message("SOA", ("example.org.", "SOA", "ns. h. 1 2 3 4 5")),
        _message("ANY", ("example.org.", "NS", "ns.example.org."), ("example.org.", "CAA", '0 issue "ca.test"')),
        _message("DS", ("example.org.", "DS", f"1 13 2 {'cd' * 32}")),
    )


def _dns_words() -> tuple[bytes, ...]:
    pointers = tuple(struct.pack("!H", 0xC000 | at) for at in (0, 12, 13, 25, 41, 0x3FFF))
    types = tuple(
        struct.pack("!HH", type_, 1) for type_ in (1, 2, 5, 6, 15, 16, 28, 39, 41, 46, 47, 50, 52, 64, 255, 257)
    )
    return (*pointers, *types, b"\x07example\x03org\x00", b"\x00", b"\xff\xff", b"\x3f" + b"a" * 63, b"\x40", b"\x80")


PARSERS = (Parser("dns", _dns, _dns_corpus(), _dns_words(), 25),)
