"""What is kept of the reports in a file: sums by source, within bounds."""

from __future__ import annotations

from collections.abc import Iterable

from mailproof.grammars.aggregate_reports import AggregateReport, Row
from mailproof.grammars.failure_reports import FailureReport
from mailproof.grammars.reports import Contents
from mailproof.grammars.tls_reports import TLSReport
from mailproof.inventory.budgets import MAX_REPORTED_SOURCES
from mailproof.observations.reports import AggregateSeen, Reports, SourceSeen, day, latest_end

MAX_NAME = 253
"""Characters of a name in the DNS (RFC 1035, section 2.3.4)."""

NOT_OF_THE_RECEIVER = ("policy_test_mode", "sampled_out")
"""Reasons that the policy itself is (t=y; pct in RFC 7489)."""


def reports_of(name: str, contents: Contents) -> Reports:
    """What is kept of a file's contents."""
    failures = tuple(report for report, _ in contents.reports if isinstance(report, FailureReport))
    return Reports(
        name,
        tuple(
            _seen(report, container) for report, container in contents.reports if isinstance(report, AggregateReport)
        ),
        tuple(report for report, _ in contents.reports if isinstance(report, TLSReport)),
        failure=failures[0] if failures else None,
    )


def merged(sources: Iterable[SourceSeen]) -> tuple[SourceSeen, ...]:
    """The sources, one for each address and name in From."""
    found: dict[tuple[str, str], SourceSeen] = {}
    for source in sources:
        key = source.address, source.header_from
        found[key] = found[key] + source if key in found else source
    return tuple(found.values())


def is_ahead(end: int) -> bool:
    """Whether a report ends in a time that is still to come."""
    return end > latest_end()


def ahead(end: int) -> str:
    """What is said of a report that ends in a time that is still to come."""
    return f"it ends on {day(end)}, which is still to come"


def _seen(report: AggregateReport, container: str) -> AggregateSeen:
    sources = merged(_source(row, report) for row in report.rows if row.source)
    most = sorted(sources, key=lambda source: -source.messages)
    return AggregateSeen(
        report.reporter,
        report.email,
        report.id,
        report.begin,
        report.end,
        report.domain,
        report.is_9990,
        container,
        tuple(most[:MAX_REPORTED_SOURCES]),
        max(len(most) - MAX_REPORTED_SOURCES, 0),
        sum(not signature.selector for row in report.rows for signature in row.signatures),
        (*report.errors, ahead(report.end)) if is_ahead(report.end) else report.errors,
        _keys(report),
    )


def _keys(report: AggregateReport) -> tuple[str, ...]:
    """The names of the keys that signatures in the report have, each once."""
    named = (signature for row in report.rows for signature in row.signatures if signature.selector)
    names = dict.fromkeys(f"{one.selector.lower()}._domainkey.{one.domain}" for one in named)
    return tuple(name for name in names if len(name) <= MAX_NAME)[:MAX_REPORTED_SOURCES]


def _source(row: Row, report: AggregateReport) -> SourceSeen:
    reasons = tuple(dict.fromkeys(reason[:40] for reason in row.reasons if reason not in NOT_OF_THE_RECEIVER))
    return SourceSeen(
        row.source,
        row.header_from[:255] or report.domain,
        row.count,
        row.count if row.passes else 0,
        row.count if row.spf == "pass" else 0,
        row.count if row.dkim == "pass" else 0,
        row.count if reasons else 0,
        reasons[:10],
        row.count if row.is_signed else 0,
        report.begin,
        report.end,
    )
