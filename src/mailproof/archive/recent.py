"""The newest reports on some domains, as the suite judges them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, case, func, or_, select

from mailproof.archive.asking import by_source, reasons_of, source_seen
from mailproof.archive.tables import REPORT, ROW, SIGNATURE, TLS_FAILURE, TLS_POLICY
from mailproof.grammars.tls_reports import FailureDetail, PolicyReport, TLSReport
from mailproof.observations.reports import AggregateSeen, SourceSeen

MAX_REPORTS = 5_000
"""Reports of DMARC that are looked at, the newest ones."""
MAX_TLS = 1_000
MAX_KEYS = 1_000
"""Names of keys in all reports."""


@dataclass(frozen=True)
class Recent:
    """What the suite judges."""

    aggregate: tuple[AggregateSeen, ...]
    tls: tuple[TLSReport, ...]


def recent(engine: Engine, domains: Sequence[str], most: int, today_ends: int) -> Recent:
    """The newest reports on the domains and on names below them, with ``most`` sources together.

    Reports that end after ``today_ends`` (seconds since 1970) come last.
    """
    with engine.begin() as connection:
        aggregate = tuple(_aggregate(connection, domains, most, today_ends))
        return Recent(aggregate, tuple(_tls(connection, domains)))


def _about(column: ColumnElement[str], domains: Sequence[str]) -> ColumnElement[bool]:
    below = (column.endswith(f".{domain}", autoescape=True) for domain in domains)
    return or_(column.in_(domains), *below)


def _aggregate(connection: Connection, domains: Sequence[str], most: int, today_ends: int) -> Iterator[AggregateSeen]:
    columns = (
        *(REPORT.c.id, REPORT.c.reporter, REPORT.c.email, REPORT.c.report_id, REPORT.c.begin_at, REPORT.c.end_at),
        *(REPORT.c.domain, REPORT.c.standard, REPORT.c.container, REPORT.c.errors),
    )
    wanted = (
        select(*columns)
        .where(REPORT.c.kind == "dmarc", _about(REPORT.c.domain, domains))
        # Those that end in times to come are last: anybody can send as many of them as we look at.
        .order_by(case((REPORT.c.end_at > today_ends, 0), else_=REPORT.c.end_at).desc(), REPORT.c.id.desc())
        .limit(MAX_REPORTS)
    )
    found = connection.execute(wanted).all()
    numbers = [row.id for row in found]
    sources = _sources(connection, numbers, most)
    keys, unnamed = _keys(connection, numbers), _unnamed(connection, numbers)
    for row in found:
        kept = sources.get(row.id, [])
        yield AggregateSeen(
            row.reporter,
            row.email,
            row.report_id,
            row.begin_at,
            row.end_at,
            row.domain,
            row.standard == "RFC 9990",
            row.container,
            tuple(kept),
            0,
            unnamed.get(row.id, 0),
            tuple(row.errors.splitlines()),
            tuple(keys.get(row.id, ())),
        )


AT_ONCE = 500
"""Numbers of reports in one question: SQLite takes no more than some thousands of values."""


def _parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), AT_ONCE):
        yield numbers[start : start + AT_ONCE]


def _sources(connection: Connection, numbers: Sequence[int], most: int) -> dict[int, list[SourceSeen]]:
    found: dict[int, list[SourceSeen]] = {}
    for part in _parts(numbers):
        where = ROW.c.report.in_(part)
        reasons = reasons_of(connection, where, ROW.c.report)
        query = by_source(where, ROW.c.report).limit(most)
        for report, source, name, *counts in connection.execute(query):
            found.setdefault(report, []).append(
                source_seen(source, name, counts, reasons.get((report, source, name), ()))
            )
            most -= 1
        if most <= 0:
            break
    return found


def _keys(connection: Connection, numbers: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for part in _parts(numbers):
        query = (
            select(SIGNATURE.c.report, SIGNATURE.c.selector, SIGNATURE.c.domain)
            .where(SIGNATURE.c.report.in_(part), SIGNATURE.c.selector != "")
            .distinct()
            .limit(MAX_KEYS)
        )
        for report, selector, domain in connection.execute(query):
            found.setdefault(report, []).append(f"{selector.lower()}._domainkey.{domain}")
    return found


def _unnamed(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """How many results of DKIM name no selector."""
    found: dict[int, int] = {}
    for part in _parts(numbers):
        query = (
            select(SIGNATURE.c.report, func.count())
            .where(SIGNATURE.c.report.in_(part), SIGNATURE.c.selector == "")
            .group_by(SIGNATURE.c.report)
        )
        found |= {int(report): int(number) for report, number in connection.execute(query)}
    return found


def _tls(connection: Connection, domains: Sequence[str]) -> Iterator[TLSReport]:
    wanted = (
        select(REPORT.c.id, REPORT.c.reporter, REPORT.c.report_id, REPORT.c.begin_at, REPORT.c.end_at, REPORT.c.errors)
        .join(TLS_POLICY)
        .where(TLS_POLICY.c.domain.in_(domains))
        .distinct()
        .order_by(REPORT.c.end_at.desc(), REPORT.c.id.desc())
        .limit(MAX_TLS)
    )
    for row in connection.execute(wanted).all():
        details: dict[int, list[FailureDetail]] = {}
        failures = select(TLS_FAILURE).where(TLS_FAILURE.c.report == row.id).order_by(TLS_FAILURE.c.number).limit(1_000)
        for one in connection.execute(failures):
            detail = FailureDetail(one.type, one.sessions, one.mx, one.address, one.reason)
            details.setdefault(one.policy_number, []).append(detail)
        listed = select(TLS_POLICY).where(TLS_POLICY.c.report == row.id, TLS_POLICY.c.domain.in_(domains))
        policies = tuple(
            PolicyReport(one.type, one.domain, one.successes, one.failures, tuple(details.get(one.number, ())))
            for one in connection.execute(listed)
        )
        errors = tuple(row.errors.splitlines())
        yield TLSReport(row.reporter, row.report_id, row.begin_at, row.end_at, policies, errors)
