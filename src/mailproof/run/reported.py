"""What reports of receivers say of each domain, for the report of the run."""

from __future__ import annotations

from collections.abc import Iterator

from mailproof.gate.receivers import DayNote, ReportedNote, SourceNote
from mailproof.observations.failing_sources import FailingSource, FailingSources, OwnSourceSeen
from mailproof.observations.reports import Reported, SourceSeen, day
from mailproof.record import Record

MAX_SOURCES = 100
"""Sources of a domain that are listed."""
MAX_REPORTERS = 20


def reported_notes(record: Record) -> Iterator[ReportedNote]:
    """One for each domain that reports tell of."""
    known: dict[str, dict[str, FailingSource]] = {}
    for outcome in record.outcomes.values():
        if isinstance(outcome, FailingSources):
            asked = {one.source.address: one for one in (*outcome.sources, *outcome.others)}
            known.setdefault(outcome.domain, {}).update(asked)
        elif isinstance(outcome, OwnSourceSeen):
            known.setdefault(outcome.domain, {})[outcome.seen.source.address] = outcome.seen
    for outcome in record.outcomes.values():
        if isinstance(outcome, Reported) and outcome.reporters:
            yield _note(outcome, known.get(outcome.domain, {}))


def _note(reported: Reported, known: dict[str, FailingSource]) -> ReportedNote:
    sources = reported.by_address()
    return ReportedNote(
        domain=reported.domain,
        since=day(reported.since),
        until=day(reported.until),
        reporters=tuple(dict.fromkeys(name or email for name, email, _ in reported.reporters))[:MAX_REPORTERS],
        messages=reported.messages,
        passed=sum(source.passed for source in sources),
        sources=tuple(_source(one, known, reported) for one in sources[:MAX_SOURCES]),
        left_out=max(len(sources) - MAX_SOURCES, 0) + reported.left_out,
        days=tuple(DayNote(day(at), messages, passed) for at, messages, passed in reported.days),
    )


def _source(source: SourceSeen, known: dict[str, FailingSource], reported: Reported) -> SourceNote:
    told = known.get(source.address) or FailingSource(source, declared=source.address in reported.own)
    return SourceNote(
        address=source.address,
        kind=str(told.kind),
        reasons=told.reasons,
        messages=source.messages,
        passed=source.passed,
        by_spf=source.by_spf,
        by_dkim=source.by_dkim,
        names=told.names,
        first=day(source.first) if source.first else "",
        last=day(source.last) if source.last else "",
    )
