"""Name servers that are asked directly, and what all servers of a zone say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.net.dns.client import Answer, Envelope, ResourceRecord
from mailproof.observations.authorities import (
    CLIENT_COOKIE,
    COOKIE,
    UNKNOWN_OPTION,
    Copy,
    NameServerAnswers,
    NameServerPTR,
    Silence,
    Transfer,
    ZoneCopies,
)

from ..observed import DOMAIN, answer, missing
from .case import Table, advises, fails, leaves, passes, skips, undecided

ADDRESS = "192.0.2.53"
SERVER = f"ns1.{DOMAIN}[{ADDRESS}]"
SILENT = Silence("no answer in time", "timed out")
REFUSING = Silence("connection refused", "refused", by_address=True)
SOA = "ns1.example.org. hostmaster.example.org. 1 14400 3600 1209600 3600"


def said(
    name: str, type: str, *data: str, rcode: str = "NOERROR", envelope: dict[str, Any] | None = None, **other: Any
) -> Answer:
    """An answer with authority, in an envelope with EDNS."""
    whole = Envelope(**{"size": 100, "question": name, "version": 0, "payload": 1232, **(envelope or {})})
    found = replace(answer(name, type, *data, rcode=rcode), authoritative=True, envelope=whole)
    return replace(found, **other)


def soa(text: str = SOA, **other: Any) -> Answer:
    return said(DOMAIN, "SOA", text, **other)


DENIAL = (ResourceRecord(DOMAIN, 60, "SOA", SOA),)
ROOT_SERVERS = (ResourceRecord(".", 60, "NS", "a.root-servers.net."),)
GIVEN: dict[str, Any] = {"options": ((COOKIE, CLIENT_COOKIE.hex() + "00" * 8),)}
"""What a server adds that uses cookies."""
WANTS_COOKIE = soa(rcode="BADCOOKIE", records=(), envelope=GIVEN)
REFUSED: dict[str, Any] = {"rcode": "REFUSED", "authoritative": False}


def server(**changes: Any) -> NameServerAnswers:
    """A right server, but for ``changes``."""
    good = NameServerAnswers(
        DOMAIN,
        SERVER,
        ADDRESS,
        soa(),
        soa(protocol="tcp"),
        ns=said(DOMAIN, "NS", "ns1.example.org.", "ns2.example.org."),
        aaaa=said(DOMAIN, "AAAA", authority=DENIAL),
        missing=said(f"nobody.{DOMAIN}", "A", rcode="NXDOMAIN", authority=DENIAL),
        mixed_case=soa(envelope={"question": "eXaMpLe.oRg"}),
        any=said(DOMAIN, "ANY", protocol="tcp", envelope={"truncated": True, "size": 2000}),
        version_1=soa(rcode="BADVERS", records=()),
        unknown_option=soa(),
        cookie=soa(envelope=GIVEN),
        keys=said(DOMAIN, "DNSKEY"),
        foreign=said("a.root-servers.net", "A", **REFUSED),
        root=said(".", "NS", **REFUSED),
        version_text=said("version.bind", "TXT", **REFUSED),
    )
    return replace(good, **changes)


def without(
    udp: Silence | None = SILENT, tcp: Silence | None = SILENT, others: tuple[str, ...] = (), **more: Any
) -> Any:
    """A server that is silent over UDP, TCP or both."""
    return NameServerAnswers(DOMAIN, SERVER, ADDRESS, udp or soa(), tcp or soa(protocol="tcp"), others, **more)


BOTH = ("udp", "tcp")
LAME = NameServerAnswers(DOMAIN, SERVER, ADDRESS, soa(**REFUSED, records=()), soa(**REFUSED, records=()))
DEAD = without()


def _copies(*soas: str | Silence, ns: tuple[tuple[str, ...], ...] = (), unknown: tuple[str, ...] = ()) -> ZoneCopies:
    return ZoneCopies(
        DOMAIN,
        tuple(
            Copy(
                f"ns{number + 1}",
                soa(one) if isinstance(one, str) else one,
                said(DOMAIN, "NS", *(ns[number] if ns else ("ns1.", "ns2."))),
            )
            for number, one in enumerate(soas)
        ),
        unknown,
    )


def _ptr(*names: str) -> NameServerPTR:
    found = answer("53.2.0.192.in-addr.arpa", "PTR", *names) if names else missing("53.2.0.192.in-addr.arpa", "PTR")
    return NameServerPTR("ns1.example.org", ADDRESS, found)


def _transfer(first: Answer | Silence) -> Transfer:
    return Transfer(DOMAIN, SERVER, first)


TABLE: Table = {
    "NS-UDP": (
        passes(server_answers=server()),
        passes(server_answers=LAME),
        fails("does not answer over UDP", level=MUST, server_answers=without(others=BOTH)),
        fails("does not answer over UDP", server_answers=without(tcp=None, others=("udp",))),
        undecided("no answer in time", server_answers=without(others=("tcp",))),
        undecided("no answer in time", server_answers=without()),
        leaves("DEL-AUTHORITATIVE", server_answers=without(udp=REFUSING, tcp=REFUSING, others=BOTH)),
        leaves("NS-SOURCE-ADDR", server_answers=without(tcp=None, stray="192.0.2.54", others=BOTH)),
    ),
    "NS-TCP": (
        passes(server_answers=server()),
        fails("does not answer over TCP", level=MUST, server_answers=server(soa_tcp=SILENT, others_answer=("tcp",))),
        undecided("no answer in time", server_answers=server(soa_tcp=SILENT)),
        leaves("NS-UDP", server_answers=without(others=BOTH)),
        leaves("DEL-AUTHORITATIVE", server_answers=server(soa_tcp=REFUSING, others_answer=BOTH)),
    ),
    "NS-SOURCE-ADDR": (
        passes(server_answers=server()),
        fails("came from 192.0.2.54", level=MUST, server_answers=without(tcp=None, stray="192.0.2.54")),
        undecided("no answer", server_answers=DEAD),
    ),
    "NS-NO-RECURSION": (
        passes(server_answers=server()),
        passes(
            server_answers=server(foreign=said("a.root-servers.net", "A", authoritative=False, authority=ROOT_SERVERS))
        ),
        fails(
            "looks up the foreign name",
            level=SHOULD,
            server_answers=server(foreign=said("a.root-servers.net", "A", "198.41.0.4", authoritative=False)),
        ),
        fails(
            "NXDOMAIN",
            server_answers=server(foreign=said("a.root-servers.net", "A", rcode="NXDOMAIN", authoritative=False)),
        ),
        skips(
            "has a.root-servers.net itself",
            server_answers=server(foreign=said("a.root-servers.net", "A", "198.41.0.4")),
        ),
        undecided(
            "offers recursion",
            server_answers=server(
                foreign=said("a.root-servers.net", "A", rcode="SERVFAIL", authoritative=False, recursion_available=True)
            ),
        ),
        undecided("no answer", server_answers=server(foreign=SILENT)),
        leaves("DEL-AUTHORITATIVE", server_answers=LAME),
    ),
    "NS-NO-AXFR": (
        passes(zone_transfer=_transfer(said(DOMAIN, "AXFR", rcode="REFUSED"))),
        passes(zone_transfer=_transfer(said(DOMAIN, "AXFR"))),
        passes(zone_transfer=_transfer(Silence("closed", "closed early"))),
        advises("to everybody", zone_transfer=_transfer(said(DOMAIN, "AXFR", envelope={"count": 12}))),
        leaves("DEL-AUTHORITATIVE", zone_transfer=_transfer(REFUSING)),
        undecided("no answer", zone_transfer=_transfer(SILENT)),
    ),
    "NS-EDNS0": (
        passes(server_answers=server()),
        fails("without EDNS", level=MUST, server_answers=server(soa=soa(edns=False, envelope={"version": -1}))),
        advises(
            "does not know EDNS (FORMERR)",
            server_answers=server(soa=soa(edns=False), unknown_option=soa(rcode="FORMERR", records=())),
        ),
        fails("EDNS version 3", server_answers=server(soa=soa(envelope={"version": 3}))),
        undecided("no answer", server_answers=DEAD),
        undecided("was not kept", server_answers=server(soa=replace(soa(), envelope=None))),
    ),
    "NS-EDNS-UNKNOWN": (
        passes(server_answers=server()),
        fails("unknown option gets FORMERR", level=MUST, server_answers=server(unknown_option=soa(rcode="FORMERR"))),
        fails("is echoed", server_answers=server(unknown_option=soa(envelope={"options": ((UNKNOWN_OPTION, "00"),)}))),
        fails("flag is not cleared", server_answers=server(unknown_option=soa(envelope={"flags": 0x8001}))),
        passes(server_answers=server(unknown_option=soa(envelope={"flags": 0x8000}))),
        fails("unknown option gets no answer", server_answers=server(unknown_option=SILENT)),
        fails("version 1 gets NOERROR", server_answers=server(version_1=soa())),
        fails("version 1 gets no answer", server_answers=server(version_1=SILENT)),
        undecided("no answer", server_answers=server(version_1=SILENT, foreign=SILENT, root=SILENT)),
        leaves("NS-EDNS0", server_answers=server(soa=soa(edns=False))),
    ),
    "NS-COOKIES": (
        passes(server_answers=server()),
        passes(server_answers=server(cookie=WANTS_COOKIE)),
        fails("with BADCOOKIE", server_answers=server(cookie=soa(rcode="BADCOOKIE", records=()))),
        skips("uses no cookies", server_answers=server(cookie=soa())),
        fails("with FORMERR", level=MUST, server_answers=server(cookie=soa(rcode="FORMERR"))),
        fails("another client cookie", server_answers=server(cookie=soa(envelope={"options": ((COOKIE, "ff" * 16),)}))),
        fails("8 octets", server_answers=server(cookie=soa(envelope={"options": ((COOKIE, CLIENT_COOKIE.hex()),)}))),
        fails("2 cookies", server_answers=server(cookie=soa(envelope={"options": ((COOKIE, "00"), (COOKIE, "00"))}))),
        fails("does not answer", server_answers=server(cookie=SILENT)),
        leaves("NS-EDNS0", server_answers=server(soa=soa(edns=False))),
    ),
    "NS-PMTU": (
        passes(server_answers=server()),
        advises("never arrives", server_answers=server(keys=SILENT)),
        undecided("no answer", server_answers=server(keys=SILENT, root=SILENT, aaaa=SILENT)),
    ),
    "NS-ANSWER-SIZE": (
        passes(server_answers=server()),
        passes(server_answers=server(keys=said(DOMAIN, "DNSKEY", protocol="tcp", envelope={"size": 3000}))),
        advises("1401 octets", server_answers=server(keys=said(DOMAIN, "DNSKEY", envelope={"size": 1401}))),
        leaves("NS-PMTU", server_answers=server(keys=SILENT)),
    ),
    "NS-AAAA-QUERY": (
        passes(server_answers=server()),
        fails("NXDOMAIN to AAAA", level=MUST, server_answers=server(aaaa=said(DOMAIN, "AAAA", rcode="NXDOMAIN"))),
        fails("does not answer questions for AAAA", server_answers=server(aaaa=SILENT)),
        undecided("no answer", server_answers=server(aaaa=SILENT, keys=SILENT, any=SILENT)),
    ),
    "NS-NO-UPWARD-REFERRAL": (
        passes(server_answers=server()),
        advises(
            "refers upwards", server_answers=server(root=said(".", "NS", authoritative=False, authority=ROOT_SERVERS))
        ),
        leaves(
            "NS-NO-RECURSION",
            server_answers=server(
                root=said(".", "NS", "a.root-servers.net.", authoritative=False, recursion_available=True)
            ),
        ),
        skips("serves the root", server_answers=server(root=said(".", "NS", "a.root-servers.net."))),
    ),
    "NS-CASE": (
        passes(server_answers=server()),
        passes(server_answers=server(mixed_case=soa(envelope={"question": ""}))),
        fails("answers REFUSED", level=MUST, server_answers=server(mixed_case=soa(rcode="REFUSED", records=()))),
        fails("does not answer a name", server_answers=server(mixed_case=SILENT)),
        advises("repeats a name", server_answers=server(mixed_case=soa(envelope={"question": DOMAIN}))),
    ),
    "NS-VERSION-HIDDEN": (
        passes(server_answers=server()),
        passes(server_answers=server(version_text=said("version.bind", "TXT", "none of your business"))),
        advises("it is 9.18.1", server_answers=server(version_text=said("version.bind", "TXT", "9.18.1"))),
    ),
    "NS-SOFTWARE": (
        skips("does not tell its version", server_answers=server()),
        skips(
            "does not tell", server_answers=server(version_text=said("version.bind", "TXT", "none of your business"))
        ),
        *(
            passes(server_answers=server(version_text=said("version.bind", "TXT", text)))
            for text in ("9.18.1", "9.20.4", "NSD 4.9.1", "unbound 1.22.0", "9.16.50-Debian", "9.11.4-P2-RedHat-9.11.4")
        ),
        passes(server_answers=server(version_text=said("version.bind", "TXT", "PowerDNS Authoritative Server 5.0.1"))),
        *(
            advises(f"{ended} was no longer", server_answers=server(version_text=said("version.bind", "TXT", text)))
            for text, ended in (
                ("9.16.50", "BIND 9.16"),
                ("BIND 9.11.37", "BIND 9.11"),
                ("9.19.24", "BIND 9.19"),
                ("8.4.7-REL", "BIND 8.4"),
                ("PowerDNS Authoritative Server 4.7.4 (built ...)", "PowerDNS Authoritative Server 4.7"),
            )
        ),
    ),
    "NS-NEGATIVE-ANSWERS": (
        passes(server_answers=server()),
        fails("NXDOMAIN, without a SOA", server_answers=server(missing=said("x", "A", rcode="NXDOMAIN"))),
        fails("NOERROR, without a SOA", level=MUST, server_answers=server(aaaa=said(DOMAIN, "AAAA"))),
        fails(
            "SOA record of org",
            server_answers=server(aaaa=said(DOMAIN, "AAAA", authority=(ResourceRecord("org", 60, "SOA", SOA),))),
        ),
        skips(
            "no question",
            server_answers=server(aaaa=said(DOMAIN, "AAAA", "2001:db8::1"), missing=said("x", "A", "192.0.2.1")),
        ),
        undecided("no answer", server_answers=server(missing=SILENT)),
    ),
    "NS-CNAME-SANITY": (
        passes(server_answers=server()),
        fails(
            "an alias of b.example",
            level=MUST,
            server_answers=server(aaaa=said(DOMAIN, "AAAA", aliases=("b.example",))),
        ),
        undecided("no answer", server_answers=server(aaaa=SILENT)),
    ),
    "NS-ANY-MINIMAL": (
        passes(server_answers=server()),
        passes(server_answers=server(any=said(DOMAIN, "ANY", protocol="udp", envelope={"size": 400}))),
        advises("900 octets", server_answers=server(any=said(DOMAIN, "ANY", protocol="udp", envelope={"size": 900}))),
        skips("does not answer questions for ANY", server_answers=server(any=SILENT)),
    ),
    "NS-SAME-NSSET": (
        passes(zone_copies=_copies(SOA, SOA)),
        fails("ns2: b.x", level=SHOULD, zone_copies=_copies(SOA, SOA, ns=(("a.x.",), ("b.x.",)))),
        leaves("SOA-SERIAL-SAME", zone_copies=_copies(SOA, SOA.replace(" 1 ", " 2 "))),
        undecided("no server has the zone", zone_copies=_copies(SILENT)),
        undecided("no IPv6", zone_copies=_copies(SOA, unknown=("no IPv6",))),
    ),
    "NS-PTR-EXISTS": (
        passes(name_server_ptr=_ptr("ns1.example.org.")),
        advises("has no PTR (NXDOMAIN)", name_server_ptr=_ptr()),
    ),
    "NS-PTR-MATCH": (
        passes(name_server_ptr=_ptr("a.example.", "NS1.example.org.")),
        advises("has the PTR a.example", name_server_ptr=_ptr("a.example.")),
        leaves("NS-PTR-EXISTS", name_server_ptr=_ptr()),
    ),
}
