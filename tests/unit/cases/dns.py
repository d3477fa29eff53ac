"""MX, reverse DNS, zones, blocklists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.net.dns.client import Answer, ExtendedError, ResourceRecord
from mailproof.observations.blocklists import Listing
from mailproof.observations.reverse import ClasslessDelegation, ServerView
from mailproof.observations.zones import DNSSEC, Authority, BogusAnswer, Delegation, ServerAddresses
from mailproof.targets.mail import MailHost

from ..observed import ADDRESS, DOMAIN, HOST, PARKED, PUBLIC, RECEIVES, answer, host, missing, mx, reverse
from .case import Table, advises, fails, leaves, passes, skips, undecided

_PTR = "25.2.0.192.in-addr.arpa"
_ZONE = "0-63.2.0.192.in-addr.arpa"


def _classless(
    *views: ServerView, names: tuple[str, ...] = (HOST,), aliases: tuple[str, ...] = (f"25.{_ZONE}",)
) -> ClasslessDelegation:
    ptr = answer(_PTR, "PTR", *(f"{name}." for name in names), aliases=aliases)
    return ClasslessDelegation(ADDRESS, ptr, _ZONE if aliases else None, views)


def _view(*names: str, authoritative: bool = True) -> ServerView:
    found = replace(answer(_PTR, "PTR", *(f"{name}." for name in names)), authoritative=authoritative)
    return ServerView("ns1.example.org[192.0.2.53]", found)


_SILENT = ServerView("ns2.example.org[192.0.2.54]", None, "timed out")


def _delegation(
    child: tuple[str, ...] = ("ns1.example.net", "ns2.example.net"),
    parent: tuple[str, ...] | None = ("ns1.example.net", "ns2.example.net"),
    other_parent: tuple[str, ...] | None = None,
    addresses: tuple[tuple[str, ...], ...] = (("192.0.2.1", "2001:db8::1"), ("192.0.2.2", "2001:db8::2")),
    failure: str | None = None,
    note: str = "",
    rcode: str = "NOERROR",
) -> Delegation:
    referrals = tuple(
        replace(
            answer(DOMAIN, "NS", rcode=rcode),
            authority=tuple(ResourceRecord(DOMAIN, 60, "NS", f"{name}.") for name in names),
            server=f"192.0.2.{number}:53",
        )
        for number, names in enumerate((parent, other_parent))
        if names is not None
    )
    servers = tuple(
        ServerAddresses(name, found, None if found else failure) for name, found in zip(child, addresses, strict=False)
    )
    return Delegation(DOMAIN, answer(DOMAIN, "NS", *(f"{n}." for n in child)), "org", referrals, servers, note)


def _soa(*, authoritative: bool = True, rcode: str = "NOERROR", name: str = DOMAIN) -> Answer:
    found = answer(DOMAIN, "SOA", "ns. h. 1 2 3 4 5", rcode=rcode)
    records = tuple(replace(record, name=name) for record in found.records)
    return replace(found, authoritative=authoritative, records=records)


def _authority(udp: Answer | None = None, tcp: Answer | None = None, **other: Any) -> Authority:
    return Authority(DOMAIN, "ns1.example.net[192.0.2.1]", udp, tcp, **other)


def _dnssec(*, ad: bool = False, bogus: tuple[str, ...] = (), ds: str = "", keys: int = 0) -> DNSSEC:
    error = (ExtendedError(7, "signature expired"),)
    checked = replace(answer(DOMAIN, "SOA", "ns. h. 1 2 3 4 5"), authenticated=ad)
    found = tuple(
        BogusAnswer(
            replace(answer(DOMAIN, type, rcode="SERVFAIL"), extended_errors=error), answer(DOMAIN, type, "10 a.")
        )
        for type in bogus
    )
    dnskey = answer(DOMAIN, "DNSKEY", *(f"257 3 13 {number:04x}" for number in range(keys)))
    return DNSSEC(DOMAIN, checked, found, answer(DOMAIN, "DS", *((ds,) if ds else ())), dnskey)


_SPECIAL = (
    *("10.0.0.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "192.0.2.25", "224.0.0.1", "0.0.0.0"),
    *("::1", "fe80::1", "fd00::1", "fec0::1", "fed1::1", "2001:db8::1", "3fff::1", "::ffff:8.8.8.8"),
)
_MX_HOST = MailHost(HOST, domains=(DOMAIN,))
_NAMED_HOST = MailHost(HOST)
_NULL = mx("0 .")
_NORMAL = mx("10 mx1.example.org.", "20 mx2.example.org.")

TABLE: Table = {
    "MX-EXISTS": (
        fails("does not exist", mx=replace(mx(), answer=missing(DOMAIN, "MX")), mail_domain=RECEIVES),
        fails("does not exist", mx=replace(mx(), answer=missing(DOMAIN, "MX")), mail_domain=PARKED),
        passes(mx=_NORMAL, mail_domain=RECEIVES),
        passes(mx=mx("0 .", addresses=(PUBLIC,)), mail_domain=PARKED),
        skips("takes no mail", mx=_NULL, mail_domain=PARKED),
        fails("own address", level=SHOULD, mx=mx(addresses=(PUBLIC,)), mail_domain=RECEIVES),
        fails("cannot be delivered", mx=mx(), mail_domain=RECEIVES),
        fails("own address", mx=mx(addresses=("2001:db8::1",)), mail_domain=PARKED),
        passes(mx=_NULL, mail_domain=RECEIVES),
        fails("null MX", mx=_NULL, mail_domain=replace(RECEIVES, insists_on_mail=True)),
        passes(mx=_NORMAL, mail_domain=replace(RECEIVES, insists_on_mail=True)),
        skips("takes no mail", mx=mx(), mail_domain=PARKED),
    ),
    "MX-NULL-ALONE": (
        passes(mx=_NULL),
        fails("beside mx1.example.org", level=MUST, mx=mx("0 .", "10 mx1.example.org.")),
        fails("another null MX", mx=mx("0 .", "10 .")),
        skips("no null MX", mx=_NORMAL),
    ),
    "MX-NULL-PREF": (
        passes(mx=_NULL),
        fails("preference 10", mx=mx("10 .")),
        skips("no null MX", mx=mx()),
    ),
    "MX-NOT-IP": (
        passes(mx=_NORMAL),
        fails("192.0.2.25", mx=mx("10 192.0.2.25.")),
        fails("2001:db8::1", mx=mx("10 2001:db8::1.")),
        fails("[192.0.2.25]", mx=mx("10 [192.0.2.25].")),
        fails("localhost, the sender itself", level=MUST, mx=mx("0 localhost.")),
        fails("localhost.localdomain", mx=mx("10 mx1.example.org.", "20 localhost.localdomain.")),
        fails("mail.localhost", mx=mx("10 mail.localhost.")),
        passes(mx=mx("10 localhost.example.org.")),
        skips("no MX", mx=_NULL),
        skips("no MX", mx=mx()),
    ),
    "MX-NOT-ALIAS": (
        passes(host_addresses=host(ADDRESS)),
        fails("mx1.example.org -> real.example", host_addresses=host(ADDRESS, aliases=("real.example",))),
        skips("names this host", host_addresses=host(ADDRESS, aliases=("real.example",), domains=())),
    ),
    "MX-RESOLVES": (
        passes(host_addresses=host(ADDRESS), mail_host=_MX_HOST),
        passes(host_addresses=host("2001:db8::25"), mail_host=_MX_HOST),
        passes(host_addresses=host(ADDRESS, domains=()), mail_host=_NAMED_HOST),
        fails("neither A nor AAAA", level=MUST, host_addresses=host(), mail_host=_MX_HOST),
        fails("neither A nor AAAA", host_addresses=host(), mail_host=replace(_MX_HOST, has_addresses=True)),
        fails("of this host of the inventory", host_addresses=host(domains=()), mail_host=_NAMED_HOST),
        skips(
            "gives its addresses", host_addresses=host(domains=()), mail_host=replace(_NAMED_HOST, has_addresses=True)
        ),
    ),
    "MX-PUBLIC-ADDR": (
        passes(host_addresses=host(PUBLIC, "2001:4860:4860::8888")),
        *(fails(address, level=SHOULD, host_addresses=host(PUBLIC, address)) for address in _SPECIAL),
        skips("no address", host_addresses=host()),
        skips("names this host", host_addresses=host("10.0.0.1", domains=())),
    ),
    "PTR-EXISTS": (
        passes(reverse_dns=reverse(HOST)),
        fails("no PTR", level=SHOULD, reverse_dns=reverse()),
    ),
    "PTR-FCRDNS": (
        passes(reverse_dns=reverse(HOST)),
        passes(reverse_dns=reverse("other.example", HOST, forward={"other.example": ("192.0.2.99",)})),
        passes(reverse_dns=reverse(HOST, address="2001:db8::25", forward={HOST: ("2001:0db8:0::25",)})),
        passes(reverse_dns=reverse("other.example", HOST, forward={"other.example": "timed out"})),
        fails("leads to 192.0.2.99", level=SHOULD, reverse_dns=reverse(HOST, forward={HOST: ("192.0.2.99",)})),
        fails("leads to no address", reverse_dns=reverse(HOST, forward={HOST: ()})),
        undecided("timed out", reverse_dns=reverse(HOST, forward={HOST: "timed out"})),
        skips("no PTR", reverse_dns=reverse()),
    ),
    "PTR-2317": (
        passes(classless_delegation=_classless(_view(HOST), _view(HOST))),
        fails(
            "2 aliases in a row",
            classless_delegation=_classless(_view(HOST), aliases=("a.example", "b.example")),
        ),
        fails("no name server", classless_delegation=_classless()),
        fails("has no PTR", classless_delegation=_classless(_view(), names=())),
        fails("does not answer for the zone", classless_delegation=_classless(_view(HOST, authoritative=False))),
        fails("says old.example.org", classless_delegation=_classless(_view("old.example.org"), _SILENT)),
        fails("says nothing", classless_delegation=_classless(_view())),
        undecided("timed out", classless_delegation=_classless(_view(HOST), _SILENT)),
        skips("not an alias", classless_delegation=_classless(_view(HOST), aliases=())),
    ),
    "PTR-QUALITY": (
        passes(reverse_dns=reverse(HOST)),
        advises("2 PTR names", reverse_dns=reverse(HOST, "mx2.example.org")),
        *(
            fails("spells out", level=SHOULD, reverse_dns=reverse(f"{name}.isp.example"))
            for name in (
                *(
                    "192-0-2-25",
                    "25.2.0.192",
                    "192x0x2x25",
                    "ip192000002025",
                    "025002000192",
                    "c0000219",
                    "a-192_0_2_25-b",
                ),
            )
        ),
        *(
            passes(reverse_dns=reverse(f"{name}.example.org"))
            for name in ("mx192-02", "1920225", "mx-192-0-2-250", "1192-0-2-25", "mail.dslmarket", "out7.static-shop")
        ),
        *(
            fails("spells out", reverse_dns=reverse(f"{name}.isp.example", address="2001:db8:7::3"))
            for name in (
                *(
                    "2001-db8-7--3",
                    "2001.db8.7.0.0.0.0.3",
                    "2001-0db8-0007-0000-0000-0000-0000-0003",
                    "x2001-db8-7--3x",
                ),
                *("20010db8000700000000000000000003", "3-0-0-0-0-7-db8-2001"),
                "3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.0.0.0.8.b.d.0.1.0.0.2",
            )
        ),
        *(
            passes(reverse_dns=reverse(f"{name}.example.org", address="2001:db8:7::3"))
            for name in ("mx-2001-db8-7--31", "mx3", "db8-7-3", "a2001-db8-7--3")
        ),
        fails("the word dyn", level=SHOULD, reverse_dns=reverse("dyn7.isp.example")),
        skips("no PTR", reverse_dns=reverse()),
    ),
    "DNSBL-VERDICT": (
        passes(listing=Listing(ADDRESS, "zen", missing("25.2.0.192.bl.example", "A"), ())),
        fails(
            "127.0.0.2): spam seen",
            level=SHOULD,
            listing=Listing(ADDRESS, "zen", answer("25.2.0.192.bl.example", "A", "127.0.0.2"), ("spam seen",)),
        ),
    ),
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
    "SEC-SIGNED": (
        passes(dnssec=_dnssec(ad=True)),
        advises("not signed and has no DS", dnssec=_dnssec()),
        advises("2 DNSKEY records, but the parent has no DS", dnssec=_dnssec(keys=2)),
        advises("algorithm 3 (DSA)", dnssec=_dnssec(ds="12345 3 2 abab")),
        advises("algorithm 99,", dnssec=_dnssec(ds="12345 99 2 abab")),
        leaves("SEC-NOT-BOGUS", dnssec=_dnssec(bogus=("SOA",))),
    ),
    "SEC-NOT-BOGUS": (
        passes(dnssec=_dnssec(ad=True)),
        passes(dnssec=_dnssec()),
        fails("signature expired", level=MUST, dnssec=_dnssec(bogus=("SOA",))),
        fails(f"{DOMAIN} MX (EDE 7", level=MUST, dnssec=_dnssec(ad=True, bogus=("MX",))),
    ),
}
