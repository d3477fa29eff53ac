"""Who sends in the name of a domain, as receivers report it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.gate.verdict import Verdict
from mailproof.observations.failing_sources import FailingSource, FailingSources, OwnSourceSeen
from mailproof.observations.reports import Reported, SourceSeen

from ..observed import ADDRESS, DOMAIN
from .case import Case, Table, advises, fails, passes, skips, undecided
from .reports import END, NOW

OTHER = "198.51.100.7"


def source(address: str = ADDRESS, messages: int = 100, *, spf: int = 0, dkim: int = 0, why: str = "") -> SourceSeen:
    passed = max(spf, dkim)
    return SourceSeen(address, DOMAIN, messages, passed, spf, dkim, messages if why else 0, (why,) if why else ())


def found(*sources: SourceSeen, **more: object) -> Reported:
    reporters = (("google.com", "noreply-dmarc-support@google.com", END),)
    seen = Reported(DOMAIN, NOW, reporters, sources, (ADDRESS,), (ADDRESS, "192.0.2.26"))
    return replace(seen, **more)  # type: ignore[arg-type]


RIGHT = source(spf=100, dkim=100)
UNREAD = ("b.xml: its XML is broken",)


def failing(**more: Any) -> FailingSources:
    return FailingSources(DOMAIN, 100, (FailingSource(source(OTHER, 7), **more),))


def own(seen: SourceSeen, messages: int = 300, **more: Any) -> OwnSourceSeen:
    return OwnSourceSeen(DOMAIN, FailingSource(seen, declared=True), messages, **more)


TABLE: Table = {
    "DMARC-ENRICH": (
        passes(failing_sources=FailingSources(DOMAIN, 100)),
        passes(failing_sources=failing(names=("mail.isp.example",))),
        passes(failing_sources=failing(listed=("bl",), unknown=("reverse DNS: no answer",))),
        passes(failing_sources=failing(welcome=("wl",))),
        fails(
            "print.example.org (198.51.100.7): 7 of 7 messages fail",
            failing_sources=failing(names=("print.example.org",), own="print.example.org"),
        ),
        skips("no report tells of messages", failing_sources=FailingSources(DOMAIN, 0)),
        undecided("b.xml", failing_sources=FailingSources(DOMAIN, 0, unread=UNREAD)),
        undecided("b.xml", failing_sources=FailingSources(DOMAIN, 100, unread=UNREAD)),
        fails(
            "print.example.org (198.51.100.7): 7 of 7",
            failing_sources=replace(failing(own="print.example.org"), unread=UNREAD),
        ),
        undecided("of 1 failing sources", failing_sources=failing(unknown=("reverse DNS: no answer",))),
    ),
    "DMARC-REPORTS-ARRIVE": (
        passes(reported=found()),
        advises("no report is about", reported=found(reporters=())),
        fails("the newest report ends on 2026-11-15", reported=found(reporters=(("g", "", END - 10 * 86_400),))),
        Case(Verdict.PASS, "", {"reported": found()}, parameters={"reporters": ("google.com",)}),
        Case(Verdict.FAIL, "no report of yahoo", {"reported": found()}, parameters={"reporters": ("yahoo",)}),
        passes(reported=found(unread=UNREAD)),
        undecided("could be read: b.xml", reported=found(reporters=(), unread=UNREAD)),
        undecided("b.xml", reported=found(reporters=(("g", "", END - 10 * 86_400),), unread=UNREAD)),
    ),
    "DMARC-OWN-SOURCES": (
        passes(own_source_seen=own(RIGHT)),
        passes(own_source_seen=own(replace(RIGHT, passed=98))),
        fails("0 of 100 messages of 192.0.2.25 (SPF 0, DKIM 0)", own_source_seen=own(source())),
        fails("97 of 100 messages of 192.0.2.25", own_source_seen=own(replace(RIGHT, passed=97), left_out=1)),
        skips("tell of 2 messages from 192.0.2.25; 10 are wanted", own_source_seen=own(source(messages=2))),
        skips("no report tells of messages", own_source_seen=own(source(messages=0), messages=0)),
        undecided("b.xml", own_source_seen=own(source(messages=0), unread=UNREAD)),
        undecided("b.xml", own_source_seen=own(RIGHT, unread=UNREAD)),
        undecided("5 sources are beyond the bound of the reports", own_source_seen=own(source(messages=2), left_out=5)),
        fails("0 of 100 messages of 192.0.2.25", own_source_seen=own(source(), unread=UNREAD)),
    ),
    "DMARC-UNKNOWN-PASS": (
        passes(reported=found(RIGHT, source(OTHER), source("192.0.2.26", spf=100))),
        passes(reported=found(source(OTHER, dkim=100, why="forwarded"))),
        fails("SPF passes for 198.51.100.7 (1 messages)", reported=found(source(OTHER, spf=1))),
        advises("DKIM alone passes for 198.51.100.7", reported=found(source(OTHER, dkim=1))),
        skips("names no sending addresses", reported=found(source(OTHER, spf=1), own=())),
        skips("no report tells of messages", reported=found()),
        undecided("b.xml", reported=found(RIGHT, unread=UNREAD)),
        fails("SPF passes for 198.51.100.7", reported=found(source(OTHER, spf=1), unread=UNREAD)),
    ),
    "DMARC-OVERRIDES": (
        passes(reported=found(RIGHT, source(OTHER, 10, why="forwarded"))),
        advises(
            "50 of 150 messages were treated otherwise: local_policy",
            reported=found(RIGHT, source(OTHER, 50, why="local_policy")),
        ),
        skips("100 are wanted", reported=found(source(OTHER, 50, why="local_policy"))),
        skips("no report tells", reported=found()),
        undecided("b.xml", reported=found(RIGHT, unread=UNREAD)),
        undecided("b.xml", reported=found(source(OTHER, 50, why="local_policy"), unread=UNREAD)),
        advises("50 of 150 messages", reported=found(RIGHT, source(OTHER, 50, why="local_policy"), unread=UNREAD)),
    ),
}
