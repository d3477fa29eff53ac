"""The database of reports, as an SQLite file; and what is said where it cannot be had."""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mailproof import archive as package
from mailproof.cli import main
from tests.fuzz.parsers.reports import FAILURE, XML

from .archive_cases import CASES, Archive, ids


@pytest.fixture
def archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Archive:
    return Archive(str(tmp_path / "r e%20ports.sqlite"), tmp_path, capsys)


@pytest.mark.parametrize("case", CASES, ids=ids())
def test_in_an_sqlite_file(case: Callable[[Archive], None], archive: Archive) -> None:
    case(archive)


def test_files_of_every_kind_and_none(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "Maildir" / "new"
    directory.mkdir(parents=True)
    (directory / "1.host").write_bytes(XML)
    (directory / "large").write_bytes(b"x" * 2000)
    (directory / ".hidden").write_bytes(b"x")
    (directory / "gone").symlink_to("nowhere")
    monkeypatch.setattr("mailproof.archiving.importing.MAX_PACKED", 1999)
    code, said = archive.run("import", str(tmp_path / "Maildir"))
    assert (code, "large: larger than 1999 octets" in said) == (1, True)
    assert archive.domain()["reports"] == 1
    assert archive.run("import", str(tmp_path / "Maildir"), str(tmp_path / "missing"))[0] == 4


def test_of_a_maildir_messages_alone_are_read(archive: Archive, tmp_path: Path) -> None:
    """Servers keep lists beside them, and in tmp lies what is still being delivered."""
    for folder in ("", ".Reports/"):
        for part in ("cur", "new", "tmp"):
            (tmp_path / f"M/{folder}{part}").mkdir(parents=True)
        (tmp_path / f"M/{folder}dovecot-uidlist").write_text("3 V1700000000 N5 G1\n")
        (tmp_path / f"M/{folder}tmp/1.host").write_bytes(XML[:100])
    (tmp_path / "M/.Reports/cur/2.host:2,S").write_bytes(XML)
    assert archive.run("import", str(tmp_path / "M")) == (0, "1 files: 1 new reports (1 DMARC), 1 rows\n")


def test_a_mailbox_in_one_file(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As some services hand out the mail of years."""
    monkeypatch.setattr("mailproof.archiving.importing.MAX_PACKED", 5_000)
    head = b"From reports@reporter.example Thu Nov 26 00:00:00 2026\nFrom: a@example.org\n"
    mails = [
        head + b"Content-Type: text/xml\n\n" + XML + b"\nFrom here on, nothing\n\n",
        head + b"\nhello\n\n",
        head + b"\n" + b"x" * 9_000 + b"\n\n",
        head + FAILURE,
    ]
    file = tmp_path / "takeout.mbox"
    file.write_bytes(b"".join(mails))
    code, said = archive.run("import", str(file))
    assert (code, said.splitlines()[:2]) == (
        1,
        ["1 files: 2 new reports (1 DMARC, 1 failure), 1 rows", "1 mails are no reports"],
    )
    assert f"{file}, message 3: larger than 5000 octets" in said


def test_what_can_be_read_later_is_no_longer_aside(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("mailproof.grammars.aggregate_reports.MAX_DEPTH", 2)
        assert archive.bring(XML)[0] == 1
    assert archive.shown()["kept_aside"]["number"] == 1
    assert archive.bring(XML)[0] == 0
    assert archive.shown()["kept_aside"]["number"] == 0


def test_another_database_is_left_alone(archive: Archive, tmp_path: Path) -> None:
    code, said = archive.run("show")
    assert (code, "there is no such database; `mailproof reports import PATH --db" in said) == (4, True)
    with sqlite3.connect(archive.name) as other:
        other.execute("CREATE TABLE report (x)")
    assert archive.run("show")[1].endswith("no database of reports\n")
    assert "its tables cannot be made: table report already exists" in archive.bring(XML)[1]
    (tmp_path / "text").write_text("no database, and long enough to be seen as none" * 9)
    archive.name = str(tmp_path / "text")
    assert archive.run("show") == (4, f"mailproof reports show: {tmp_path}/text: file is not a database\n")
    archive.name = "postgresql+psycopg://user:s3cret@127.0.0.1:1/db"
    code, said = archive.run("show")
    assert (code, "s3cret" in said, said.startswith("mailproof reports show: postgresql+psycopg://user:***@")) == (
        4,
        False,
        True,
    )
    archive.name = "nosuch://user:s3cret@host/db"
    assert archive.run("show")[1].endswith("or the path of an SQLite file\n")


def test_a_database_of_another_version_is_refused(archive: Archive) -> None:
    archive.bring(XML)
    with sqlite3.connect(archive.name) as other:
        other.execute("UPDATE mailproof_reports SET version = 2")
    assert "its tables have version 2; this mailproof knows version 1" in archive.run("show")[1]


def test_without_the_extra_the_command_says_how_to_get_it(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(package, "find_spec", lambda name: None if name == "sqlalchemy" else real(name))
    for arguments in (("show",), ("import", str(tmp_path))):
        told = f"mailproof reports {arguments[0]}: the database of reports needs SQLAlchemy: {package.EXTRA}\n"
        assert archive.run(*arguments) == (4, told)


def test_dates_are_dates(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["reports", "show", "--since", "yesterday"])
    assert ended.value.code == 4
    assert "'yesterday' is no date like 2026-11-26" in capsys.readouterr().err
