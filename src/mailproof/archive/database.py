"""Opens the database of reports: an SQLite file, or what a URL names."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from mailproof.archive import EXTRA, ArchiveError
from mailproof.archive.tables import METADATA, SCHEMA_VERSION, VERSION
from mailproof.net.text import printable

WAIT = 60.0
"""Seconds to wait for other writers of an SQLite file."""

_URL = re.compile(r"[a-z][a-z0-9+]*://")


@contextmanager
def opened(name: str, *, writing: bool = False, password: str | None = None) -> Iterator[Engine]:
    """The database that ``name`` is: the path of an SQLite file, or a URL. Raises ArchiveError, also for what fails
    while it is open. Only a writer makes one that is not there.
    """
    engine = _engine(name, writing, password)
    shown = printable(engine.url.render_as_string(hide_password=True)) if _URL.match(name) else name
    try:
        _prepare(engine, shown, writing)
        yield engine
    except DBAPIError as error:
        raise ArchiveError(f"{shown}: {_reason(error)}") from None
    except SQLAlchemyError as error:
        raise ArchiveError(f"{shown}: {printable(str(error)[:300])}") from None
    finally:
        engine.dispose()


def _engine(name: str, writing: bool, password: str | None) -> Engine:
    if not _URL.match(name):
        return _sqlite(Path(name), writing)
    try:
        url = make_url(name)
        return create_engine(url if password is None else url.set(password=password), poolclass=QueuePool, pool_size=1)
    except (ArgumentError, NoSuchModuleError, ValueError):
        shape = "postgresql+psycopg://USER@HOST/DATABASE, or the path of an SQLite file"
        raise ArchiveError(f"{printable(name.partition('@')[2] or name)}: no database that is known; {shape}") from None
    except ModuleNotFoundError as error:
        raise ArchiveError(f"the driver {error.name} is missing: {EXTRA}") from None


def _sqlite(file: Path, writing: bool) -> Engine:
    if not writing and not file.exists():
        raise ArchiveError(f"{file}: there is no such database; `mailproof reports import PATH --db {file}` makes one")
    uri = f"file:{quote(str(file.absolute()))}?mode={'rwc' if writing else 'ro'}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=WAIT, isolation_level=None)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=1)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its turn at once: two that began by reading could never both go on.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        if writing:
            _write_ahead(connection)
            connection.execute("PRAGMA synchronous = NORMAL")

    return engine


def _write_ahead(connection: Any) -> None:
    """Readers go on while somebody writes, and a commit is one write. SQLite does not wait for others here."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _prepare(engine: Engine, shown: str, writing: bool) -> None:
    """See that the tables are there, and are ours."""
    if not _is_there(engine):
        if not writing:
            raise ArchiveError(f"{shown}: no database of reports")
        try:
            with engine.begin() as connection:
                # Never checkfirst: a table of this name that is not ours is not written to.
                METADATA.create_all(connection, checkfirst=False)
                connection.execute(insert(SCHEMA_VERSION).values(version=VERSION))
        except DBAPIError as error:
            if not _is_there(engine):  # else another import made them at the same moment
                raise ArchiveError(f"{shown}: its tables cannot be made: {_reason(error)}") from None
    with engine.begin() as connection:
        found = connection.execute(select(SCHEMA_VERSION.c.version)).scalar()
    if found != VERSION:
        raise ArchiveError(f"{shown}: its tables have version {found}; this mailproof knows version {VERSION}")


def _is_there(engine: Engine) -> bool:
    with engine.begin() as connection:
        return inspect(connection).has_table(SCHEMA_VERSION.name)


def _reason(error: DBAPIError) -> str:
    """What the database said, in one line and without the statement."""
    return " ".join(printable(str(error.orig or error)).replace("\\x0a", " ").split())[:300]
