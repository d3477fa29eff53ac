"""What the database of reports knows of domains, their sources and days; sums are made by the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, case, func, or_, select

from mailproof.archive.tables import ASIDE, FAILURE, REPORT, ROW, TLS_POLICY
from mailproof.observations.reports import SourceSeen, latest_end

DAY = 86_400

MAX_SOURCES = 1_000
"""Sources of a domain that are told, those with the most messages first."""
MAX_DOMAINS = 100
"""Domains that are told, where none is named: anybody can send reports on any domain."""
MAX_REASONS = 100_000
MAX_REPORTERS = 100
MAX_DAYS = 1_000
MAX_ASIDE = 100


@dataclass(frozen=True)
class Period:
    """Reports that end in it, in seconds since 1970; 0 is no bound."""

    since: int = 0
    until: int = 0

    def holds(self) -> list[ColumnElement[bool]]:
        """The condition as SQL."""
        since = [REPORT.c.end_at >= self.since] if self.since else []
        return since + ([REPORT.c.end_at < self.until] if self.until else [])


@dataclass(frozen=True)
class DomainSeen:
    """What reports of a period say of a domain. Times are in seconds since 1970."""

    domain: str
    reports: int = 0
    since: int = 0
    until: int = 0
    messages: int = 0
    passed: int = 0
    reporters: tuple[tuple[str, str, int, int], ...] = ()
    """Name, mail address, number of reports, and the end of the newest one."""
    sources: tuple[SourceSeen, ...] = ()
    left_out: int = 0
    """Sources beyond the bound."""
    days: tuple[tuple[int, int, int], ...] = ()
    """Of each day its beginning, the messages of reports that begin on it, and how many of these pass."""
    tls: tuple[int, int, int] = (0, 0, 0)
    """Reports of TLS, and the sessions that succeeded and failed."""
    failure_reports: int = 0


def domains(engine: Engine, period: Period) -> tuple[str, ...]:
    """The domains that reports of a period are about, those of the most reports first."""
    query = (
        select(REPORT.c.domain)
        .where(REPORT.c.kind != "tls", REPORT.c.domain != "", *period.holds())
        .group_by(REPORT.c.domain)
        .order_by(func.count().desc(), REPORT.c.domain)
        .limit(MAX_DOMAINS)
    )
    of_tls = (
        select(TLS_POLICY.c.domain)
        .join(REPORT)
        .where(TLS_POLICY.c.domain != "", *period.holds())
        .group_by(TLS_POLICY.c.domain)
        .order_by(func.count().desc(), TLS_POLICY.c.domain)
        .limit(MAX_DOMAINS)
    )
    with engine.begin() as connection:
        found = (*connection.execute(query).scalars(), *connection.execute(of_tls).scalars())
    return tuple(dict.fromkeys(found))[:MAX_DOMAINS]


def seen(engine: Engine, domain: str, period: Period, *, below: bool) -> DomainSeen:
    """What reports of a period say of a domain.

    ``below``: rows whose From is the domain or lies below it, whatever domain the report is about. Otherwise all rows
    of reports about the domain, so that each is told of one domain only.
    """
    if below:
        rows = or_(ROW.c.header_from == domain, ROW.c.header_from.endswith(f".{domain}", autoescape=True))
        about = or_(REPORT.c.domain == domain, REPORT.c.domain.endswith(f".{domain}", autoescape=True))
    else:
        rows = about = REPORT.c.domain == domain
    dmarc = and_(REPORT.c.kind == "dmarc", *period.holds())
    with engine.begin() as connection:
        sources = _sources(connection, and_(rows, dmarc))
        messages, passed, reports, since, until = connection.execute(
            select(
                func.coalesce(func.sum(ROW.c.messages), 0),
                func.coalesce(func.sum(_PASSED), 0),
                func.count(REPORT.c.id.distinct()),
                *_first_and_last(),
            )
            .select_from(ROW.join(REPORT))
            .where(rows, dmarc)
        ).one()
        return DomainSeen(
            domain,
            int(reports),
            int(since),
            int(until),
            int(messages),
            int(passed),
            tuple(_reporters(connection, and_(about, dmarc))),
            sources[:MAX_SOURCES],
            max(len(sources) - MAX_SOURCES, 0),
            tuple(_days(connection, and_(rows, dmarc))),
            _tls(connection, domain, period, below=below),
            _failures(connection, and_(about, REPORT.c.kind == "failure", *period.holds())),
        )


_PASSES = or_(ROW.c.dkim == "pass", ROW.c.spf == "pass")
_PASSED = case((_PASSES, ROW.c.messages), else_=0)
_OF_THE_POLICY = ("", "policy_test_mode", "sampled_out")
"""Reasons that are none of the receiver's."""


def _counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, ROW.c.messages), else_=0)), 0)


def _first_and_last() -> tuple[ColumnElement[int], ColumnElement[int]]:
    """When the first of some reports begins and the last one ends, without times that are unknown or to come."""
    ends = case((REPORT.c.end_at <= latest_end(), REPORT.c.end_at), else_=0)
    return func.coalesce(func.min(func.nullif(REPORT.c.begin_at, 0)), 0), func.coalesce(func.max(ends), 0)


def by_source(where: ColumnElement[bool], *first: ColumnElement[int]) -> Select[Any]:
    """A question for the sums of rows, for each address and name in From; the most messages first."""
    keys = (*first, ROW.c.source, ROW.c.header_from)
    total = func.sum(ROW.c.messages)
    sums = (
        *(total, func.sum(_PASSED), _counted(ROW.c.spf == "pass"), _counted(ROW.c.dkim == "pass")),
        *(_counted(ROW.c.reasons.not_in(_OF_THE_POLICY)), _counted(ROW.c.signed == 1)),
        *_first_and_last(),
    )
    query = select(*keys, *sums).select_from(ROW.join(REPORT)).where(where, ROW.c.source != "")
    return query.group_by(*keys).order_by(total.desc(), *keys)


def reasons_of(
    connection: Connection, where: ColumnElement[bool], *first: ColumnElement[int]
) -> dict[tuple[Any, ...], tuple[str, ...]]:
    """The reasons that receivers gave, by what ``by_source`` groups by."""
    query = select(*first, ROW.c.source, ROW.c.header_from, ROW.c.reasons).select_from(ROW.join(REPORT))
    query = query.where(where, ROW.c.reasons.not_in(_OF_THE_POLICY)).distinct().limit(MAX_REASONS)
    found: dict[tuple[Any, ...], dict[str, None]] = {}
    for *key, told in connection.execute(query):
        for reason in told.split(","):
            if reason not in _OF_THE_POLICY:
                found.setdefault(tuple(key), {})[reason[:40]] = None
    return {key: tuple(reasons)[:10] for key, reasons in found.items()}


def source_seen(source: str, header_from: str, counts: Sequence[Any], reasons: tuple[str, ...]) -> SourceSeen:
    """A source by the sums of ``by_source``."""
    messages, passed, by_spf, by_dkim, overridden, signed, first, last = map(int, counts)
    return SourceSeen(source, header_from, messages, passed, by_spf, by_dkim, overridden, reasons, signed, first, last)


def _sources(connection: Connection, where: ColumnElement[bool]) -> tuple[SourceSeen, ...]:
    reasons = reasons_of(connection, where)
    return tuple(
        source_seen(source, name, counts, reasons.get((source, name), ()))
        for source, name, *counts in connection.execute(by_source(where).limit(10 * MAX_SOURCES))
    )


def _reporters(connection: Connection, where: ColumnElement[bool]) -> Iterator[tuple[str, str, int, int]]:
    query = (
        select(REPORT.c.reporter, REPORT.c.email, func.count(), func.max(REPORT.c.end_at))
        .where(where)
        .group_by(REPORT.c.reporter, REPORT.c.email)
        .order_by(func.count().desc(), REPORT.c.reporter, REPORT.c.email)
        .limit(MAX_REPORTERS)
    )
    for reporter, email, number, newest in connection.execute(query):
        yield reporter, email, int(number), int(newest)


def _days(connection: Connection, where: ColumnElement[bool]) -> Iterator[tuple[int, int, int]]:
    day = (REPORT.c.begin_at // DAY).label("day")
    query = (
        select(day, func.sum(ROW.c.messages), func.sum(_PASSED))
        .select_from(ROW.join(REPORT))
        .where(where)
        .group_by(day)
        .order_by(day.desc())
        .limit(MAX_DAYS)
    )
    for number, messages, passed in reversed(connection.execute(query).all()):
        yield int(number) * DAY, int(messages), int(passed)


def _tls(connection: Connection, domain: str, period: Period, *, below: bool) -> tuple[int, int, int]:
    own = TLS_POLICY.c.domain == domain
    if below:
        own = or_(own, TLS_POLICY.c.domain.endswith(f".{domain}", autoescape=True))
    query = (
        select(
            func.count(REPORT.c.id.distinct()),
            func.coalesce(func.sum(TLS_POLICY.c.successes), 0),
            func.coalesce(func.sum(TLS_POLICY.c.failures), 0),
        )
        .select_from(TLS_POLICY.join(REPORT))
        .where(own, *period.holds())
    )
    reports, successes, failures = connection.execute(query).one()
    return int(reports), int(successes), int(failures)


def _failures(connection: Connection, where: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(FAILURE.join(REPORT)).where(where)
    return int(connection.execute(query).scalar_one())


def kept_aside(engine: Engine) -> tuple[tuple[tuple[str, str], ...], int]:
    """The files that are kept aside, the newest first, each with the reason; and how many there are."""
    query = select(ASIDE.c.file, ASIDE.c.reason).order_by(ASIDE.c.kept_at.desc(), ASIDE.c.file).limit(MAX_ASIDE)
    with engine.begin() as connection:
        files = tuple((file, reason) for file, reason in connection.execute(query))
        return files, int(connection.execute(select(func.count()).select_from(ASIDE)).scalar_one())
