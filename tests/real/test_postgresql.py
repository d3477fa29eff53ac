"""The database of reports on a real PostgreSQL, started for this test alone: the same cases as on SQLite."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from tests.unit.archive_cases import CASES, Archive, ids

USER = "postgres"
SETTINGS = ("listen_addresses=", "fsync=off", "shared_buffers=16MB", "max_connections=20")


def programs() -> Path | None:
    """The newest PostgreSQL that Debian installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found and os.geteuid() == 0 else None


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """A server on a socket, by a user without rights; the directory of the socket."""
    binaries = programs()
    if binaries is None:
        (pytest.fail if os.environ.get("MAILPROOF_REQUIRE_LAB") else pytest.skip)("no PostgreSQL, or not root")
    with TemporaryDirectory(prefix="pg-") as made:
        directory = Path(made)
        shutil.chown(directory, USER, USER)

        def run(program: str, *arguments: str) -> None:
            command = [str(binaries / program), *arguments]
            done = subprocess.run(
                command, user=USER, group=USER, extra_groups=[], cwd=directory, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr

        data = directory / "data"
        run("initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "-D", str(data))
        options = " ".join(f"-c {setting}" for setting in SETTINGS)
        run("pg_ctl", "-D", str(data), "-w", "-l", str(directory / "log"), "-o", f"{options} -k {directory}", "start")
        try:
            yield directory
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")


@pytest.mark.parametrize("case", CASES, ids=ids())
def test_in_postgresql(
    case: Callable[[Archive], None], server: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"postgresql+psycopg://{USER}@/{{}}?host={server}"
    with psycopg.connect(f"host={server} user={USER} dbname=postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{case.__name__}"')
    case(Archive(url.format(case.__name__), tmp_path, capsys))
