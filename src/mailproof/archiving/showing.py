"""What the database knows of domains, for people and for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mailproof.archive.asking import DomainSeen
from mailproof.observations.reports import SourceSeen, day
from mailproof.observations.source_classes import Known, classify
from mailproof.report.escape import cell

FORMAT = "mailproof-report-sources"
VERSION = 1

COLUMNS = (
    *("domain", "source", "from", "messages", "pass", "spf", "dkim", "overridden", "class", "reasons"),
    *("first", "last"),
)


@dataclass(frozen=True)
class Shown:
    """What is told."""

    domains: Sequence[DomainSeen]
    aside: Sequence[tuple[str, str]] = ()
    all_aside: int = 0
    declared: frozenset[str] = frozenset()
    """The addresses that the inventory names."""

    def judged(self, source: SourceSeen) -> tuple[str, tuple[str, ...]]:
        """The class of a source, and what speaks for it."""
        kind, reasons = classify(source, Known(declared=source.address in self.declared))
        return str(kind), reasons


def as_text(shown: Shown) -> str:
    """A part for each domain, a line for each source."""
    parts = ["\n".join(_domain(shown, seen)) for seen in shown.domains] or ["no report is in the database"]
    if shown.aside:
        aside = [f"{shown.all_aside} files are kept aside:"]
        aside += [f"  {name}: {reason}" for name, reason in shown.aside]
        parts.append("\n".join(aside))
    return "\n\n".join(parts) + "\n"


def _domain(shown: Shown, seen: DomainSeen) -> Iterator[str]:
    if seen.reports:
        period = f"{_day(seen.since)} to {_day(seen.until)}"
        yield f"{seen.domain}: {seen.reports} reports of {len(seen.reporters)} reporters, {period}"
    else:
        yield f"{seen.domain}: no aggregate report"
    if seen.messages:
        yield f"  {seen.messages} messages, {seen.passed} pass DMARC ({seen.passed / seen.messages:.1%})"
    reports, successes, failures = seen.tls
    if reports:
        yield f"  {reports} reports of TLS: {successes} sessions succeeded, {failures} failed"
    if seen.failure_reports:
        yield f"  {seen.failure_reports} failure reports"
    if seen.sources:
        yield f"  {'source':39} {'messages':>10} {'pass':>6} {'SPF':>6} {'DKIM':>6}  first       last        class"
    for one in seen.sources:
        shares = " ".join(f"{_share(number, one.messages):>6}" for number in (one.passed, one.by_spf, one.by_dkim))
        kind, reasons = shown.judged(one)
        name = f" as {one.header_from}" if one.header_from != seen.domain else ""
        yield f"  {one.address:39} {one.messages:>10} {shares}  {_day(one.first):10}  {_day(one.last):10}  {kind}{name}"
        yield f"    {'; '.join(reasons)}"
    if seen.left_out:
        yield f"  and {seen.left_out} more sources"


def _day(seconds: int) -> str:
    """A day; what names none is unknown."""
    return day(seconds) if seconds else "unknown"


def _share(number: int, of: int) -> str:
    return f"{number / of:.0%}" if of else "-"


def as_json(shown: Shown) -> str:
    """One document, with what the text has and the days."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "domains": [_as_object(shown, seen) for seen in shown.domains],
        "kept_aside": {
            "number": shown.all_aside,
            "files": [{"file": name, "reason": reason} for name, reason in shown.aside],
        },
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _as_object(shown: Shown, seen: DomainSeen) -> dict[str, Any]:
    reports, successes, failures = seen.tls
    return {
        "domain": seen.domain,
        "reports": seen.reports,
        "since": _day(seen.since),
        "until": _day(seen.until),
        "messages": seen.messages,
        "pass": seen.passed,
        "reporters": [
            {"name": name, "email": email, "reports": number, "until": day(end)}
            for name, email, number, end in seen.reporters
        ],
        "sources": [_source(shown, seen, one) for one in seen.sources],
        "sources_left_out": seen.left_out,
        "days": [{"day": day(at), "messages": number, "pass": passed} for at, number, passed in seen.days],
        "tls": {"reports": reports, "sessions_succeeded": successes, "sessions_failed": failures},
        "failure_reports": seen.failure_reports,
    }


def _source(shown: Shown, seen: DomainSeen, one: SourceSeen) -> dict[str, Any]:
    kind, reasons = shown.judged(one)
    values = (
        *(seen.domain, one.address, one.header_from, one.messages, one.passed, one.by_spf, one.by_dkim),
        *(one.overridden, kind, list(reasons), _day(one.first), _day(one.last)),
    )
    return dict(zip(COLUMNS, values, strict=True))


def as_csv(shown: Shown) -> str:
    """One line a source, under a line of names (RFC 4180)."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for seen in shown.domains:
        for one in seen.sources:
            values = _source(shown, seen, one).values()
            table.writerow([cell("; ".join(value) if isinstance(value, list) else str(value)) for value in values])
    return stream.getvalue()


FORMATS = {"text": as_text, "json": as_json, "csv": as_csv}
