"""Where the inventory says that reports are, and what becomes of each kind of place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailproof.cli import main
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import load_inventory
from mailproof.net.errors import NotFollowed, Unreadable
from mailproof.net.network import Network
from mailproof.observations.reports import Reports
from mailproof.probes import report_stores
from mailproof.probes.reports import reports
from mailproof.targets.base import Targets
from mailproof.targets.discovery import Search
from mailproof.targets.files import ReportFile, find_evidence
from tests.fuzz.parsers.reports import FAILURE, JSON, XML

from .archive_cases import numbered


def found(directory: Path, sources: str) -> tuple[Targets, list[Reports]]:
    """The targets of an inventory with these sources, and what is observed of each."""
    file = directory / "prod.yaml"
    file.write_text(f"domains: [example.org]\nreports: [{sources}]\n")
    loaded = load_inventory(file)

    async def look_at(probe: Any, target: Any) -> Any:
        return await probe(target, Network(loaded.model.net_settings()), loaded.model)

    async def look() -> tuple[Targets, list[Reports]]:
        net = Network(loaded.model.net_settings())
        try:
            search = Search(loaded.model, net.dns, net.settings, directory)
            await find_evidence(search)
            seen = [await reports(target, net, loaded.model, look_at) for target in search.targets.found(ReportFile)]
            return search.targets, seen
        finally:
            await net.close()

    return asyncio.run(look())


def test_a_maildir_with_its_folders(tmp_path: Path) -> None:
    for folder, name, data in (
        ("new", "1.host", XML),
        ("cur", "2.host:2,S", FAILURE),
        (".Old/cur", "3.host:2,", JSON),
        ("cur", "4.host", b"From: a@example.org\n\nhello\n"),
        ("tmp", "5.host", b"not yet here"),
    ):
        (tmp_path / "mail" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "mail" / folder / name).write_bytes(data)
    (tmp_path / "mail" / "dovecot.index").write_bytes(b"\0")
    targets, seen = found(tmp_path, "maildir:mail")
    assert [target.name for target in targets.found(ReportFile)] == [
        "mail/.Old/cur/3.host:2,",
        "mail/cur/2.host:2,S",
        "mail/cur/4.host",
        "mail/new/1.host",
    ]
    assert [(len(one.aggregate), len(one.tls), len(one.failures)) for one in seen] == [
        (0, 1, 0),
        (0, 0, 1),
        (0, 0, 0),
        (1, 0, 0),
    ]
    (tmp_path / "empty").mkdir()
    targets, _ = found(tmp_path, "maildir:empty")
    (missing,) = targets.missing(ReportFile)
    assert missing.reason == "empty is no Maildir: it has no directory cur"


def test_a_database_is_judged_like_the_files_that_were_imported(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    files = {
        "a.xml": numbered(1, rows=3),
        "b.xml": numbered(2, begin=1_000_086_400),
        "c.json": JSON,
        "d.xml": XML.replace(b"example.org", b"foreign.example"),
        "e.xml": XML.replace(b"<version>1.0</version>", b"").replace(b"<selector>s</selector>", b""),
    }
    for name, data in files.items():
        (tmp_path / "in" / name).write_bytes(data)
    database = tmp_path / "reports.sqlite"
    assert main(["reports", "import", str(tmp_path / "in"), "--db", str(database)]) == 0
    _, (kept,) = found(tmp_path, "sqlite:reports.sqlite")
    _, seen = found(tmp_path, "in")
    of_files = [report for one in seen for report in one.aggregate if report.domain == "example.org"]
    assert sorted(kept.aggregate, key=lambda report: report.id) == sorted(of_files, key=lambda report: report.id)
    assert (kept.file, kept.ours, kept.tls) == ("reports.sqlite", ("example.org",), seen[2].tls)


def test_a_database_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database" * 100)
    with pytest.raises(Unreadable, match="file is not a database"):
        found(tmp_path, "sqlite:text")
    with pytest.raises(Unreadable, match=r"postgresql\+psycopg://u:\*\*\*@127.0.0.1:1/x"):
        found(tmp_path, "{database: 'postgresql+psycopg://u@127.0.0.1:1/x', password: s3cret-word}")


def test_nobody_is_contacted_against_the_inventory(tmp_path: Path) -> None:
    source = "{imaps: 'imaps://u@127.0.0.9:1/INBOX', password: s3cret-word}"
    with pytest.raises(NotFollowed, match="do_not_contact"):
        found(tmp_path, f"{source}]\ndo_not_contact: [127.0.0.0/8")
    with pytest.raises(Unreadable, match=r"127\.0\.0\.9:1: "):
        found(tmp_path, source)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nowhere", "there is no file nowhere"),
        ("maildir:nowhere", "there is no file nowhere"),
        ("sqlite:nowhere", "there is no file nowhere"),
        ("imaps://u@h/INBOX", "imaps://u@h/INBOX needs a password: {imaps: imaps://u@h/INBOX, password:"),
        ("{imaps: 'imap://u@h', password: s3cret-word}", "is not like imaps://USER@HOST"),
        ("{imaps: 'imaps://u:p@h', password: s3cret-word}", "holds no password"),
        ("{path: ., maildir: .}", "one of path, maildir, imaps and database"),
        ("{password: s3cret-word}", "one of path, maildir, imaps and database"),
        ("{path: ., password: s3cret-word}", "path takes no password"),
        ("'postgresql+psycopg://u:word@h/d'", "holds no password here"),
        ("., .", "is listed twice"),
    ],
)
def test_what_is_no_source_is_refused(source: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as refused:
        found(tmp_path, source)
    assert says in str(refused.value)


class Messages:
    """A mailbox that holds these messages."""

    def __init__(self, *messages: bytes | None) -> None:
        self._messages = messages

    def messages(self) -> Iterator[tuple[int, bytes | None]]:
        yield from enumerate(self._messages, 1)


def test_what_is_kept_of_a_mailbox_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_stores, "MAX_SOURCES", 1)
    monkeypatch.setattr(report_stores, "MAX_DETAILS", 3)
    monkeypatch.setattr(report_stores, "MAX_UNREAD", 4)
    mailbox: Any = Messages(numbered(1), JSON, None, numbered(2), JSON, JSON, FAILURE, FAILURE, *(b"<feedback>",) * 9)
    kept = report_stores._of_mailbox("box", mailbox)
    assert [(len(report.sources), report.left_out) for report in kept.aggregate] == [(1, 0), (0, 1)]
    assert (len(kept.tls), len(kept.failures)) == (1, 2)
    assert kept.unread[:2] == (
        "box: message 3 is too large, or was not sent",
        "box: there are more reports of TLS than are looked at",
    )
    assert len(kept.unread) == 4
