"""What a result keeps of the reports of receivers."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.gate.part import Count, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNote(Part):
    """An address that sent in the name of a domain, as receivers report it."""

    address: str
    kind: str
    """What it is, as far as it can be told, like ``own`` or ``forwarder``."""
    reasons: tuple[str, ...] = ()
    """What speaks for that."""
    messages: Count
    passed: Count
    """Messages that pass DMARC."""
    by_spf: Count = 0
    by_dkim: Count = 0
    names: tuple[str, ...] = ()
    """Its PTR names that lead back to it."""
    first: str = ""
    """The first day of the reports that have it (YYYY-MM-DD), of those that were looked at."""
    last: str = ""


@dataclass(frozen=True, slots=True)
class DayNote(Part):
    """The messages of one day (YYYY-MM-DD), and how many of them pass DMARC."""

    day: str
    messages: Count
    passed: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedNote(Part):
    """What aggregate reports of DMARC say of a domain."""

    domain: str
    since: str
    """The first day of all reports (YYYY-MM-DD)."""
    until: str
    reporters: tuple[str, ...]
    messages: Count
    """Of the month before the end of the newest report, as are the sources."""
    passed: Count
    sources: tuple[SourceNote, ...]
    """The most messages first."""
    left_out: Count = 0
    """Sources that are not listed."""
    days: tuple[DayNote, ...] = ()
