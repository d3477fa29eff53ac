"""SOA records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.net.dns.client import Answer
from mailproof.observations.authorities import (
    Copy,
    PrimaryServer,
    Responsible,
    Silence,
    StartOfAuthority,
    ZoneCopies,
)

from ..observed import DOMAIN, answer, missing
from .case import Table, advises, fails, leaves, passes, skips, undecided

SILENT = Silence("no answer in time", "timed out")


def _text(mname: str = "ns1", serial: int = 2026010101, timers: str = "14400 3600 1209600 3600") -> str:
    return f"{mname}.{DOMAIN}. hostmaster.{DOMAIN}. {serial} {timers}"


def _soa(*texts: str, rcode: str = "NOERROR") -> Answer:
    return replace(answer(DOMAIN, "SOA", *texts, rcode=rcode), authoritative=True)


def _copies(*soas: Answer | Silence) -> ZoneCopies:
    return ZoneCopies(DOMAIN, tuple(Copy(f"ns{number}", said) for number, said in enumerate(soas, 1)))


def _start(timers: str = "14400 3600 1209600 3600", **changes: Any) -> StartOfAuthority:
    good = StartOfAuthority(
        DOMAIN, _soa(_text(timers=timers)), _primary(), _responsible(f"hostmaster@{DOMAIN}", ("10 mx.",), ())
    )
    return replace(good, **changes)


def _primary(
    name: str = f"ns1.{DOMAIN}", addresses: tuple[str, ...] = ("192.0.2.53",), soa: Answer | Silence | None = None
) -> PrimaryServer:
    return PrimaryServer(name, answer(name, "A", *addresses), answer(name, "AAAA"), soa or _soa(_text()))


def _responsible(mailbox: str, mx: tuple[str, ...] = (), a: tuple[str, ...] = ()) -> Responsible:
    domain = mailbox.partition("@")[2]
    return Responsible(mailbox, answer(domain, "MX", *mx), answer(domain, "A", *a))


NO_ZONE = replace(_start(), answer=answer(DOMAIN, "SOA"))
ALIAS = replace(_primary(), ipv4=answer(f"ns1.{DOMAIN}", "A", "192.0.2.1", aliases=("host.example",)))
LAME = _soa(rcode="REFUSED")

TABLE: Table = {
    "SOA-ONE": (
        passes(zone_copies=_copies(_soa(_text()), _soa(_text()))),
        fails("ns2 has 2 SOA", level=MUST, zone_copies=_copies(_soa(_text()), _soa(_text(), _text(serial=1)))),
        leaves("DEL-AUTHORITATIVE", zone_copies=_copies(LAME)),
        undecided("no answer", zone_copies=_copies(SILENT)),
    ),
    "SOA-SERIAL-SAME": (
        passes(zone_copies=_copies(_soa(_text()), _soa(_text()), LAME, SILENT)),
        fails(
            "ns2: 2026010100; ns1: 2026010101",
            level=SHOULD,
            zone_copies=_copies(_soa(_text()), _soa(_text(serial=2026010100))),
        ),
        fails("ns1: 4294967295; ns2: 1", zone_copies=_copies(_soa(_text(serial=2**32 - 1)), _soa(_text(serial=1)))),
        leaves("DEL-AUTHORITATIVE", zone_copies=_copies(LAME)),
        undecided("no answer", zone_copies=_copies(SILENT)),
    ),
    "SOA-RNAME-SAME": (
        passes(zone_copies=_copies(_soa(_text()), _soa(_text()))),
        fails("ns2: ns2.", level=SHOULD, zone_copies=_copies(_soa(_text()), _soa(_text("ns2")))),
        leaves("SOA-SERIAL-SAME", zone_copies=_copies(_soa(_text()), _soa(_text("ns2", 1)))),
        leaves("SOA-ONE", zone_copies=_copies(_soa(_text()), _soa(_text(), _text("ns2")))),
    ),
    "SOA-MNAME-MASTER": (
        passes(start_of_authority=_start()),
        passes(start_of_authority=_start(primary=_primary(soa=_soa(_text(serial=2026010102))))),
        fails("has the serial 1", level=SHOULD, start_of_authority=_start(primary=_primary(soa=_soa(_text(serial=1))))),
        fails("everybody's own machine", start_of_authority=_start(primary=_primary("localhost"))),
        advises("names no primary", start_of_authority=_start(primary=_primary("."))),
        advises("has no address", start_of_authority=_start(primary=_primary(addresses=()))),
        advises("does not have the zone (REFUSED)", start_of_authority=_start(primary=_primary(soa=LAME))),
        skips("as hidden ones do", start_of_authority=_start(primary=_primary(soa=SILENT))),
        skips("as proposed", start_of_authority=_start(answer=replace(_soa(_text()), protocol="zone file"))),
        undecided("no answer", start_of_authority=_start(primary=PrimaryServer("ns1.x", SILENT, SILENT))),
        leaves("DEL-MIN-NS", start_of_authority=NO_ZONE),
    ),
    "SOA-MNAME-NOT-ALIAS": (
        passes(start_of_authority=_start()),
        advises("an alias of host.example", start_of_authority=_start(primary=ALIAS)),
        advises("is no host name", start_of_authority=_start(primary=_primary("ns_1.example.org"))),
        skips("names no primary", start_of_authority=_start(primary=_primary("."))),
        leaves("DEL-MIN-NS", start_of_authority=NO_ZONE),
    ),
    "SOA-RNAME-MAILBOX": (
        passes(start_of_authority=_start()),
        passes(start_of_authority=_start(responsible=_responsible("h@a.example", (), ("192.0.2.1",)))),
        fails("names no mailbox", level=SHOULD, start_of_authority=_start(responsible=Responsible(""))),
        fails("has an @", start_of_authority=_start(responsible=_responsible("h@a@b.example", ("10 mx.",)))),
        fails("null MX", start_of_authority=_start(responsible=_responsible("h@a.example", ("0 .",)))),
        fails("neither MX nor address", start_of_authority=_start(responsible=_responsible("h@a.example"))),
        fails("own machine", start_of_authority=_start(responsible=_responsible("root@localhost"))),
        undecided("no answer", start_of_authority=_start(responsible=Responsible("h@a.example", SILENT, SILENT))),
        undecided(
            "could not be found out",
            start_of_authority=_start(
                responsible=Responsible("h@a.b", answer("a.b", "MX", rcode="SERVFAIL"), missing("a.b", "A"))
            ),
        ),
    ),
    "SOA-REFRESH": (
        passes(start_of_authority=_start()),
        advises("REFRESH is 60 s", start_of_authority=_start("60 30 1209600 3600")),
        advises("REFRESH is 864000 s", start_of_authority=_start("864000 30 1209600 3600")),
        leaves("DEL-MIN-NS", start_of_authority=NO_ZONE),
    ),
    "SOA-RETRY": (
        passes(start_of_authority=_start()),
        advises("not shorter than REFRESH", start_of_authority=_start("3600 3600 1209600 3600")),
        advises("RETRY is 30 s", start_of_authority=_start("3600 30 1209600 3600")),
    ),
    "SOA-EXPIRE": (
        passes(start_of_authority=_start()),
        advises("EXPIRE is 86400 s", start_of_authority=_start("3600 600 86400 3600")),
        advises("not longer than REFRESH", start_of_authority=_start("864000 3600 604800 3600")),
    ),
    "SOA-MINIMUM": (
        passes(start_of_authority=_start()),
        advises("MINIMUM is 5 s", start_of_authority=_start("14400 3600 1209600 5")),
        advises("MINIMUM is 604800 s", start_of_authority=_start("14400 3600 1209600 604800")),
    ),
}
