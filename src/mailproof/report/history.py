"""The history of an inventory: runs and their open findings in an SQLite file, and the trend that they make.

Passes are only counted. Writers take turns: each run is appended in one transaction that waits for the others.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from mailproof.gate.document import RunDocument, TrendPoint
from mailproof.gate.verdict import Verdict
from mailproof.net.text import printable

APPLICATION = 0x6D70726F
"""The application id in the file's header: it tells a history from any other database."""

VERSION = 1

WAIT = 30.0
"""Seconds to wait for other writers."""

TREND = 90
"""Runs that a report shows at most."""

_TABLES = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    inventory TEXT NOT NULL,
    mailproof TEXT NOT NULL,
    started_at TEXT NOT NULL,
    surveyed_at TEXT NOT NULL,
    complete INTEGER NOT NULL,
    open INTEGER NOT NULL,
    counts TEXT NOT NULL
);
CREATE TABLE result (
    run INTEGER NOT NULL REFERENCES run(id),
    control TEXT NOT NULL,
    target TEXT NOT NULL,
    level TEXT NOT NULL,
    verdict TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (run, control, target)
) WITHOUT ROWID;
"""

_FACTS = """
CREATE TABLE IF NOT EXISTS fact (
    inventory TEXT NOT NULL,
    target TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (inventory, target, name)
) WITHOUT ROWID
"""
"""What was known last of a target. Histories of earlier versions have no such table, and those pass over it."""

_KEPT = (Verdict.FAIL, Verdict.ADVICE, Verdict.WAIVED, Verdict.INCONCLUSIVE)
"""Verdicts that are kept one by one."""


class HistoryError(Exception):
    """The file is not a history that this version can read, or cannot be read or written."""


@dataclass(frozen=True)
class Point:
    """One run in the trend. Times are ISO 8601 in UTC."""

    inventory: str
    started_at: str
    score: float | None
    """The share of applicable verdicts that pass, from 0 to 1; None where no control applied."""
    findings: int
    inconclusive: int
    open: bool
    """Whether the gate was open."""
    complete: bool
    """False where the run was stopped before its end."""
    counts: Mapping[str, int]


@dataclass(frozen=True)
class OpenFinding:
    """A failure in the latest run of its inventory. ``since`` is the first of the runs in a row that found it."""

    inventory: str
    control: str
    target: str
    level: str
    message: str
    since: str


def score(counts: Mapping[str, int]) -> float | None:
    """The share of applicable verdicts that pass, from 0 to 1; None where no control applied."""
    applicable = sum(counts.values()) - counts.get("not applicable", 0)
    return counts.get("pass", 0) / applicable if applicable else None


def check(file: Path) -> None:
    """Raise HistoryError if a run could not be appended to ``file``; a file that is not there is made then."""
    if file.exists():
        with _opened(file, "ro"):
            pass


def append(file: Path, document: RunDocument, facts: Iterable[tuple[str, str, str]] = ()) -> None:
    """Append a run; ``facts`` are target, name and text of what the next one is to know. Raises HistoryError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(f"{file}: cannot be written: {error.strerror}") from None
    with _opened(file, "rwc") as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        if _is_new(connection):
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        run = connection.execute(
            "INSERT INTO run (inventory, mailproof, started_at, surveyed_at, complete, open, counts) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *map(_storable, (document.inventory, document.mailproof, document.started_at, document.surveyed_at)),
                document.complete,
                document.decision.open,
                json.dumps(document.counts),
            ),
        ).lastrowid
        connection.executemany(
            "INSERT INTO result (run, control, target, level, verdict, message) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (run, *map(_storable, (r.control, r.target, r.level, r.verdict, r.message)))
                for r in document.results
                if r.verdict in _KEPT
            ),
        )
        connection.execute(_FACTS)
        connection.executemany(
            "INSERT OR REPLACE INTO fact (inventory, target, name, value) VALUES (?, ?, ?, ?)",
            (tuple(map(_storable, (document.inventory, *fact))) for fact in facts),
        )


def facts(file: Path, inventory: str) -> dict[tuple[str, str], str]:
    """What the last runs of an inventory knew, by target and name; nothing where none was kept. Raises HistoryError."""
    if not file.exists():
        return {}
    with _opened(file, "ro") as connection:
        if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'fact'").fetchone()[0]:
            return {}
        rows = connection.execute("SELECT target, name, value FROM fact WHERE inventory = ?", (inventory,))
        return {(target, name): value for target, name, value in rows if isinstance(value, str)}


def trend(file: Path) -> list[Point]:
    """The runs in a history, by inventory and the oldest first. Raises HistoryError."""
    with _opened(file, "ro") as connection:
        if _is_new(connection):
            return []
        rows = connection.execute(
            "SELECT inventory, started_at, counts, open, complete FROM run ORDER BY inventory, started_at, id"
        )
        return [_point(*row) for row in rows]


def trend_of(file: Path, inventory: str) -> list[TrendPoint]:
    """The last ``TREND`` complete runs of an inventory for its document, oldest first. Raises HistoryError."""
    points = [point for point in trend(file) if point.inventory == inventory and point.complete]
    return [
        TrendPoint(
            started_at=point.started_at,
            score=point.score,
            findings=point.findings,
            inconclusive=point.inconclusive,
            open=point.open,
        )
        for point in points[-TREND:]
    ]


def open_findings(file: Path) -> list[OpenFinding]:
    """The failures in the latest run of each inventory, and since when. Raises HistoryError."""
    with _opened(file, "ro") as connection:
        if _is_new(connection):
            return []
        runs: dict[str, list[tuple[int, str]]] = {}
        for inventory, id, started in connection.execute(
            "SELECT inventory, id, started_at FROM run WHERE complete ORDER BY inventory, started_at DESC, id DESC"
        ):
            runs.setdefault(inventory, []).append((id, started))
        return [
            OpenFinding(inventory, *key, *told)
            for inventory, newest_first in runs.items()
            for key, told in sorted(_open_in(connection, newest_first).items())
        ]


def as_json(points: Iterable[Point], findings: Iterable[OpenFinding]) -> str:
    """The trend for machines."""
    document = {"runs": [asdict(point) for point in points], "open": [asdict(finding) for finding in findings]}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def as_text(points: Iterable[Point], findings: Iterable[OpenFinding]) -> str:
    """The trend for people, one run a line, by inventory; then the findings that are open now."""
    lines: list[str] = []
    for inventory, group in groupby(points, key=lambda point: point.inventory):
        lines += [*([""] if lines else []), f"inventory {printable(inventory)}"]
        lines.append(f"{'run':25}  {'score':>7}  {'findings':>8}  {'inconclusive':>12}  gate")
        lines += [_line(point) for point in group]
    for inventory, found in groupby(findings, key=lambda finding: finding.inventory):
        lines += ["", f"open in {printable(inventory)}"]
        lines += [
            f"{f.since[:10]:10}  {f.level:6}  {f.control}  {printable(f.target)}: {printable(f.message)}" for f in found
        ]
    return "\n".join(lines) + "\n"


def _line(point: Point) -> str:
    share = "-" if point.score is None else f"{point.score * 100:.1f} %"
    gate = ("open" if point.open else "closed") + ("" if point.complete else ", the run was stopped")
    return f"{printable(point.started_at):25}  {share:>7}  {point.findings:8}  {point.inconclusive:12}  {gate}"


def _open_in(
    connection: sqlite3.Connection, newest_first: list[tuple[int, str]]
) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Level, message and beginning of the failures of the newest run, by control and target."""
    (latest, started), *earlier = newest_first
    found = {
        (control, target): (level, message, started)
        for control, target, level, message in connection.execute(
            "SELECT control, target, level, message FROM result WHERE run = ? AND verdict = 'fail'", (latest,)
        )
    }
    lasting = set(found)
    for run, begun in earlier:
        lasting &= set(
            connection.execute("SELECT control, target FROM result WHERE run = ? AND verdict = 'fail'", (run,))
        )
        if not lasting:
            break
        for key in lasting:
            level, message, _ = found[key]
            found[key] = level, message, begun
    return found


def _point(inventory: str, started_at: str, counts: str, opened: int, complete: int) -> Point:
    read = json.loads(counts)
    return Point(
        inventory,
        started_at,
        score(read),
        read.get("fail", 0),
        read.get("inconclusive", 0),
        bool(opened),
        bool(complete),
        read,
    )


@contextmanager
def _opened(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """A connection to a history; ``mode`` is SQLite's. Whatever goes wrong with the file is a HistoryError."""
    if mode == "ro" and not file.exists():
        raise HistoryError(f"{file}: there is no such file; `pytest --inventory ... --history {file}` writes one")
    if file.exists() and not file.is_file():
        raise HistoryError(f"{file}: not a regular file")
    try:
        address = f"{file.absolute().as_uri()}?mode={mode}"
        with closing(sqlite3.connect(address, timeout=WAIT, uri=True, isolation_level=None)) as connection:
            _check_header(file, connection)
            yield connection
    except sqlite3.OperationalError as error:
        raise HistoryError(f"{file}: cannot be used as a history: {error}") from None
    except (sqlite3.DatabaseError, ValueError, TypeError, AttributeError) as error:
        raise HistoryError(f"{file}: damaged, or not a history of mailproof: {error}") from None


def _is_new(connection: sqlite3.Connection) -> bool:
    return not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def _check_header(file: Path, connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application == 0 and _is_new(connection):
        return
    if application != APPLICATION:
        raise HistoryError(f"{file}: a database, but not a history of mailproof")
    if version != VERSION:
        raise HistoryError(f"{file}: history version {version}; this mailproof reads version {VERSION}")


def _storable(text: str) -> str:
    """SQLite keeps UTF-8, which has no lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()
