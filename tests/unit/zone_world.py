"""Zones with every kind of name, and what they answer."""

from __future__ import annotations

import dns.dnssec
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.opcode
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone

from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.dns.zones import Zones

EXAMPLE = """
$TTL 3600
@       SOA   ns1 hostmaster 2026112201 14400 3600 1209600 300
@       NS    ns1
@       NS    ns.elsewhere.test.
@       MX    10 MX1
ns1     A     192.0.2.53
mx1     A     192.0.2.25
www     CNAME web.example.com.
web     A     192.0.2.80
away    CNAME target.example.net.
lost    CNAME nowhere.invalid.
loop    CNAME pool
pool    CNAME loop
a.ent   TXT   "below an empty non-terminal"
*.wild  TXT   "wildcard"
x.wild  A     192.0.2.1
*.alias CNAME web
old     DNAME example.net.
sub     NS    ns1.sub
sub     NS    ns2.other
ns1.sub A     192.0.2.54
ns1.sub AAAA  2001:db8::54
ns2.other A   192.0.2.55
cut     NS    ns1.cut
ns1.cut A     192.0.2.56
"""
NET = """
$TTL 3600
@       SOA   ns hostmaster 1 14400 3600 1209600 300
@       NS    ns
ns      A     192.0.2.99
target  A     192.0.2.100
"""
SUB = """
$TTL 3600
@       SOA   ns1 hostmaster 1 14400 3600 1209600 300
@       NS    ns1
ns1     A     192.0.2.54
host    A     192.0.2.60
"""


def world() -> Zones:
    return Zones(
        [
            parse_zone("example.com", EXAMPLE),
            parse_zone("example.net", NET),
            parse_zone("sub.example.com", SUB),
        ]
    )


def ask(
    name: str, type_: str, *, recursive: bool = False, zones: Zones | None = None, dnssec: bool = False
) -> dns.message.Message:
    query = dns.message.make_query(name, type_, use_edns=0, want_dnssec=dnssec)
    response = (zones or world()).respond(query, recursive)
    assert query.is_response(response)
    dns.message.from_wire(response.to_wire())
    return response


def answers(response: dns.message.Message) -> list[str]:
    return [line for rrset in response.answer for line in rrset.to_text().splitlines()]


def types_in(section: list[dns.rrset.RRset]) -> list[str]:
    return [
        f"{rrset.name.to_text()} {dns.rdatatype.to_text(rrset.rdtype)}"
        for rrset in section
        if rrset.rdtype != dns.rdatatype.RRSIG
    ]
