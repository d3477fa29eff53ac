"""Delegation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.observations.zones import Authority, Delegation, ServerAddresses
from mailproof.targets.zones import Zone

from ..observed import DOMAIN, answer, missing
from .case import Table, advises, fails, leaves, passes, skips, undecided


def _delegation(
    child: tuple[str, ...] = ("ns1.example.net", "ns2.example.net"),
    parent: tuple[str, ...] | None = ("ns1.example.net", "ns2.example.net"),
    other_parent: tuple[str, ...] | None = None,
    addresses: tuple[tuple[str, ...], ...] = (("192.0.2.1", "2001:db8::1"), ("192.0.2.2", "2001:db8::2")),
    failure: str | None = None,
    note: str = "",
    rcode: str = "NOERROR",
    glue: tuple[tuple[str, str], ...] = (),
    zone: str = DOMAIN,
    aliases: tuple[str, ...] = (),
) -> Delegation:
    referrals = tuple(
        replace(
            answer(zone, "NS", rcode=rcode),
            additional=tuple(ResourceRecord(n, 60, "AAAA" if ":" in a else "A", a) for n, a in glue),
            authority=tuple(ResourceRecord(zone, 60, "NS", f"{name}.") for name in names),
            server=f"192.0.2.{number}:53",
        )
        for number, names in enumerate((parent, other_parent))
        if names is not None
    )
    servers = tuple(
        ServerAddresses(name, found, None if found else failure, aliases)
        for name, found in zip(child, addresses, strict=False)
    )
    return Delegation(zone, answer(zone, "NS", *(f"{n}." for n in child)), "org", referrals, servers, note)


def _soa(*, authoritative: bool = True, rcode: str = "NOERROR", name: str = DOMAIN) -> Answer:
    found = answer(DOMAIN, "SOA", "ns. h. 1 2 3 4 5", rcode=rcode)
    records = tuple(replace(record, name=name) for record in found.records)
    return replace(found, authoritative=authoritative, records=records)


def _authority(udp: Answer | None = None, tcp: Answer | None = None, **other: Any) -> Authority:
    return Authority(DOMAIN, "ns1.example.net[192.0.2.1]", udp, tcp, **other)


OURS = Zone(DOMAIN, domains=(DOMAIN,))

TABLE: Table = {
    "DEL-MIN-NS": (
        passes(delegation=_delegation()),
        passes(delegation=_delegation(parent=None)),
        fails("in itself", level=MUST, delegation=_delegation(child=("ns1.example.net",))),
        fails("the parent names 1", delegation=_delegation(parent=("ns1.example.net",))),
        fails("the parent names 0", delegation=_delegation(parent=())),
        fails("IPv4", delegation=_delegation(addresses=(("192.0.2.1",), ("2001:db8::2",)))),
        advises(
            "only ns1.example.net",
            delegation=_delegation(addresses=(("192.0.2.1", "2001:db8::1"), ("192.0.2.2",))),
        ),
        passes(delegation=_delegation(addresses=(("192.0.2.1",), ("192.0.2.2",)))),
        fails(
            "share the one IPv4 address 192.0.2.1",
            delegation=_delegation(addresses=(("192.0.2.1", "2001:db8::1"), ("192.0.2.1", "2001:db8::2"))),
        ),
        passes(delegation=_delegation(addresses=(("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "192.0.2.1")))),
        advises(
            "share one IPv6 address",
            delegation=_delegation(addresses=(("192.0.2.1", "2001:db8::1"), ("192.0.2.2", "2001:db8::1"))),
        ),
        undecided("timed out", delegation=_delegation(addresses=(("192.0.2.1",), ()), failure="timed out")),
    ),
    "DEL-PARENT-CHILD-NS": (
        passes(delegation=_delegation()),
        fails(
            "only the parent names ns3",
            level=MUST,
            delegation=_delegation(parent=("ns1.example.net", "ns3.example.net")),
        ),
        fails("only the zone names ns2", level=SHOULD, delegation=_delegation(parent=("ns1.example.net",))),
        fails("does not delegate", delegation=_delegation(parent=(), rcode="NXDOMAIN")),
        passes(delegation=_delegation(other_parent=("ns2.example.net", "ns1.example.net"))),
        fails("only the parent names ns3", delegation=_delegation(other_parent=("ns1.example.net", "ns3.example.net"))),
        fails("(192.0.2.1:53) does not delegate", delegation=_delegation(other_parent=())),
        fails("only the zone names ns2", level=SHOULD, delegation=_delegation(other_parent=("ns1.example.net",))),
        skips("cannot be seen", delegation=_delegation(parent=None, note="the delegation cannot be seen")),
    ),
    "DEL-AUTHORITATIVE": (
        passes(authority=_authority(_soa(), _soa())),
        fails("over UDP", level=MUST, authority=_authority(_soa(authoritative=False), _soa())),
        fails("REFUSED without authority over TCP", authority=_authority(_soa(), _soa(rcode="REFUSED"))),
        fails("has no SOA", authority=_authority(replace(_soa(), records=()), _soa())),
        fails("has no SOA", authority=_authority(_soa(), _soa(name="example.net"))),
        fails("neither A nor AAAA (NXDOMAIN)", authority=_authority(addresses=(missing("ns1.example.net", "A"),))),
        fails("refuses to be asked over TCP", authority=_authority(_soa(), refused=("over TCP: refused",))),
    ),
    "DEL-DISTINCT-IP": (
        passes(delegation=_delegation()),
        advises(
            "ns1.example.net and ns2.example.net share 192.0.2.1",
            delegation=_delegation(addresses=(("192.0.2.1",), ("192.0.2.1", "192.0.2.2"))),
        ),
        leaves("DEL-MIN-NS", delegation=_delegation(addresses=(("192.0.2.1",), ("192.0.2.1",)))),
        leaves(
            "DEL-MIN-NS",
            delegation=_delegation(addresses=(("192.0.2.1", "2001:db8::1"), ("192.0.2.2", "2001:db8::1"))),
        ),
    ),
    "DEL-REFERRAL-512": (
        passes(delegation=_delegation()),
        advises(
            "octets for the longest name",
            delegation=_delegation(parent=tuple(f"{letter * 60}.example{letter}.net" for letter in "abcde")),
        ),
        skips("cannot be seen", delegation=_delegation(parent=None, note="the delegation cannot be seen")),
        leaves("DEL-PARENT-CHILD-NS", delegation=_delegation(parent=(), rcode="NXDOMAIN")),
    ),
    "DEL-NS-NOT-CNAME": (
        passes(delegation=_delegation()),
        fails("is an alias of host.example", level=MUST, delegation=_delegation(aliases=("host.example",))),
        undecided("timed out", delegation=_delegation(addresses=(("192.0.2.1",), ()), failure="timed out")),
    ),
    "DEL-GLUE-MATCH": (
        passes(delegation=_delegation()),
        passes(delegation=_delegation(glue=(("ns1.example.net", "192.0.2.1"), ("ns1.example.net", "2001:db8::1")))),
        fails(
            "the parent gives 192.0.2.9 for ns1.example.net",
            level=SHOULD,
            delegation=_delegation(glue=(("ns1.example.net", "192.0.2.9"),)),
        ),
        advises(
            "the parent does not give 2001:db8::1", delegation=_delegation(glue=(("ns1.example.net", "192.0.2.1"),))
        ),
        skips("cannot be seen", delegation=_delegation(parent=None, note="the delegation cannot be seen")),
        undecided("timed out", delegation=_delegation(addresses=(("192.0.2.1",), ()), failure="timed out")),
    ),
    "DEL-GLUE-COMPLETE": (
        skips("none needs glue", delegation=_delegation()),
        leaves(
            "DEL-NS-NOT-CNAME",
            delegation=_delegation(("a.example.org",), ("a.example.org",), aliases=("ns1.example.net",)),
        ),
        passes(
            delegation=_delegation(
                ("a.example.org", "b.example.org"),
                ("a.example.org", "b.example.org"),
                glue=(("a.example.org", "192.0.2.1"), ("b.example.org", "192.0.2.2")),
            )
        ),
        fails(
            "refers to b.example.org without an address",
            level=MUST,
            delegation=_delegation(
                ("a.example.org", "b.example.org"),
                ("a.example.org", "b.example.org"),
                glue=(("a.example.org", "192.0.2.1"),),
            ),
        ),
    ),
    "DEL-NS-SYNTAX": (
        passes(delegation=_delegation()),
        fails(
            "ns_1 is not made of letters", level=MUST, delegation=_delegation(("ns_1.example.net", "ns2.example.net"))
        ),
        fails("ends in the number 1", delegation=_delegation(parent=("192.0.2.1", "ns2.example.net"))),
    ),
    "DEL-NAME-SYNTAX": (
        passes(zone=OURS, delegation=_delegation()),
        passes(zone=OURS, delegation=_delegation(zone="xn--bcher-kva.example")),
        fails("-a is not made", level=SHOULD, zone=OURS, delegation=_delegation(zone="-a.example")),
        fails("ab--c, which is reserved", zone=OURS, delegation=_delegation(zone="ab--c.example")),
        skips("no domain", zone=OURS, delegation=_delegation(zone="8/29.2.0.192.in-addr.arpa")),
        skips(
            "underscored names", zone=Zone("_domainkey.a.example"), delegation=_delegation(zone="_domainkey.a.example")
        ),
        fails("_a is not made", zone=OURS, delegation=_delegation(zone="_a.example")),
    ),
    "DEL-NS-PUBLIC": (
        passes(delegation=_delegation(addresses=(("11.0.0.1",), ("11.0.0.2",)))),
        fails("ns1.example.net has 10.0.0.1", level=SHOULD, delegation=_delegation(addresses=(("10.0.0.1",), ()))),
        fails(
            "ns1.example.net has 10.0.0.1",
            delegation=_delegation(addresses=(("11.0.0.1",), ()), glue=(("ns1.example.net", "10.0.0.1"),)),
        ),
        undecided("timed out", delegation=_delegation(addresses=(("11.0.0.1",), ()), failure="timed out")),
    ),
    "DEL-NS-APPROVED": (
        skips("no list", delegation=_delegation(), zone=Zone(DOMAIN)),
        passes(delegation=_delegation(), zone=Zone(DOMAIN, ("ns1.example.net", "ns2.example.net"))),
        fails("ns2.example.net", level=SHOULD, delegation=_delegation(), zone=Zone(DOMAIN, ("ns1.example.net",))),
    ),
    "V6-NS-AAAA": (
        passes(delegation=_delegation()),
        advises("no name server has an IPv6", delegation=_delegation(addresses=(("192.0.2.1",), ("192.0.2.2",)))),
        leaves("DEL-MIN-NS", delegation=_delegation(addresses=(("192.0.2.1", "2001:db8::1"), ("192.0.2.2",)))),
        undecided("timed out", delegation=_delegation(addresses=(("192.0.2.1",), ()), failure="timed out")),
    ),
}
