"""Writes reports into the database: each in one transaction, none twice, and what cannot be read is kept aside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from sqlalchemy import Engine, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from mailproof.archive.tables import ASIDE, FAILURE, REPORT, ROW, SIGNATURE, TLS_FAILURE, TLS_POLICY
from mailproof.clock import now
from mailproof.grammars.aggregate_reports import AggregateReport
from mailproof.grammars.failure_reports import FailureReport
from mailproof.grammars.tls_reports import TLSReport
from mailproof.net.text import printable

MAX_TEXT = 255
"""Characters of a text that strangers write."""

Values: TypeAlias = "Mapping[str, Any]"
Rows: TypeAlias = "Iterable[tuple[Table, list[dict[str, Any]]]]"


def text(value: str) -> str:
    """A stranger's text as the tables hold it. PostgreSQL refuses NUL, and no encoding has half of a surrogate pair."""
    return printable(value)[:MAX_TEXT]


def keep_aggregate(engine: Engine, report: AggregateReport, file: str, container: str) -> bool:
    """Write an aggregate report; False where it was there."""
    rows, signatures = [], []
    for number, row in enumerate(report.rows):
        header_from = text(row.header_from or report.domain)
        rows.append(
            {
                "number": number,
                "source": row.source,
                "messages": row.count,
                "disposition": text(row.disposition),
                "dkim": text(row.dkim),
                "spf": text(row.spf),
                "reasons": text(",".join(dict.fromkeys(row.reasons))),
                "header_from": header_from,
                "envelope_from": text(row.envelope_from),
                "signed": int(row.is_signed),
            }
        )
        for place, one in enumerate(row.signatures):
            values = {"domain": text(one.domain), "selector": text(one.selector), "result": text(one.result)}
            signatures.append({"row_number": number, "number": place, **values})
    about = {
        "kind": "dmarc",
        "standard": "RFC 9990" if report.is_9990 else "RFC 7489",
        "email": text(report.email),
        "container": container,
        "errors": "\n".join(map(text, report.errors)),
    }
    identity = (report.reporter, report.id, report.domain, report.begin)
    return _keep(engine, about, identity, report.end, file, ((ROW, rows), (SIGNATURE, signatures)))


def keep_tls(engine: Engine, report: TLSReport, file: str, container: str) -> bool:
    """Write a report of TLS; False where it was there."""
    policies, failures = [], []
    for number, policy in enumerate(report.policies):
        counts = {"successes": policy.successes, "failures": policy.failures}
        policies.append({"number": number, "type": text(policy.type), "domain": text(policy.domain), **counts})
        for place, one in enumerate(policy.details):
            where = {"mx": text(one.mx), "address": text(one.address), "reason": text(one.reason)}
            values = {"type": text(one.type), "sessions": one.sessions, **where}
            failures.append({"policy_number": number, "number": place, **values})
    about = {
        "kind": "tls",
        "standard": "RFC 8460",
        "email": "",
        "container": container,
        "errors": "\n".join(map(text, report.errors)),
    }
    domain = report.policies[0].domain if report.policies else ""
    identity = (report.reporter, report.id, domain, report.begin)
    return _keep(engine, about, identity, report.end, file, ((TLS_POLICY, policies), (TLS_FAILURE, failures)))


def keep_failure(engine: Engine, report: FailureReport, file: str, data: bytes) -> bool:
    """Write a failure report; False where it was there. It has no id of its own: the message's does, or its octets."""
    about = {
        "kind": "failure",
        "standard": "RFC 6591",
        "email": "",
        "container": "mail",
        "errors": "\n".join(map(text, report.errors)),
    }
    identity = (report.software, report.id or hashlib.sha256(data).hexdigest(), report.domain, report.arrived)
    row = {"kind": text(report.kind), "source": report.source, "result": text(report.result)}
    return _keep(engine, about, identity, report.arrived, file, ((FAILURE, [row]),))


def _keep(engine: Engine, about: Values, identity: tuple[str, str, str, int], end: int, file: str, rows: Rows) -> bool:
    reporter, id, domain, begin = identity
    # Lengths before the texts: else two that are cut elsewhere could be alike.
    named = "".join(f"{len(str(part))}:{part}" for part in (about["kind"], *identity))
    key = hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()
    values = {
        **about,
        "key": key,
        "reporter": text(reporter),
        "report_id": text(id),
        "domain": text(domain),
        "begin_at": begin,
        "end_at": end,
        "file": text(file),
        "imported_at": now(),
    }
    try:
        with engine.begin() as connection:
            if connection.execute(select(REPORT.c.id).where(REPORT.c.key == key)).first() is not None:
                return False
            (number,) = connection.execute(insert(REPORT).values(values)).inserted_primary_key or (None,)
            for table, entries in rows:
                if entries:
                    for entry in entries:
                        entry["report"] = number
                    connection.execute(insert(table), entries)
    except IntegrityError:  # another import wrote it between the two statements
        return False
    return True


def keep_aside(engine: Engine, file: str, octets: int, reason: str, data: bytes | None, digest: str) -> None:
    """Keep a file that cannot be read, with the reason why. One that is there stays, with the new reason."""
    values = {"digest": digest, "file": text(file), "octets": octets, "reason": text(reason), "kept_at": now()}
    with suppress(IntegrityError), engine.begin() as connection:  # another import keeps it at the same moment
        connection.execute(delete(ASIDE).where(ASIDE.c.digest == digest))
        connection.execute(insert(ASIDE).values(**values, data=data))


def digests_aside(engine: Engine) -> frozenset[str]:
    """The digests of the files that are kept aside."""
    with engine.begin() as connection:
        return frozenset(connection.execute(select(ASIDE.c.digest)).scalars())


def take_back(engine: Engine, digest: str) -> None:
    """Forget a file that was kept aside, since it can be read now."""
    with engine.begin() as connection:
        connection.execute(delete(ASIDE).where(ASIDE.c.digest == digest))
