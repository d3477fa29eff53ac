"""What the database of reports must do, whatever database it is: told of SQLite and of a real PostgreSQL."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailproof.cli import main
from mailproof.inventory.model import Inventory
from mailproof.probes.report_stores import read_database
from mailproof.targets.files import ReportDatabase
from tests.fuzz.parsers.reports import FAILURE, JSON, XML, zipped

RECORD = XML[XML.index(b"<record>") : XML.index(b"</feedback>")]


def numbered(number: int, *, rows: int = 1, begin: int = 1_000_000_000) -> bytes:
    """A report of one day with an id of its own."""
    new = XML.replace(b"<report_id>1", b"<report_id>n%d" % number)
    dates = b"<begin>%d</begin><end>%d</end>" % (begin, begin + 86_399)
    return new.replace(b"<begin>1</begin><end>2</end>", dates).replace(RECORD, RECORD * rows)


def row(source: str = "192.0.2.1", count: str = "2", dkim: str = "pass", spf: str = "fail") -> bytes:
    """The row of XML with other values."""
    new = RECORD.replace(b"192.0.2.1", source.encode()).replace(b"<count>2", f"<count>{count}".encode())
    return new.replace(b"<dkim>pass", f"<dkim>{dkim}".encode()).replace(b"<spf>fail", f"<spf>{spf}".encode())


class Archive:
    """A database, and the command as a user has it."""

    def __init__(self, name: str, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.name, self.directory, self._capsys = name, directory, capsys

    def bring(self, *files: bytes) -> tuple[int, str]:
        """Import these files alone: the exit code, and what was said."""
        incoming = self.directory / "incoming"
        incoming.mkdir(exist_ok=True)
        for old in incoming.iterdir():
            old.unlink()
        for number, data in enumerate(files):
            (incoming / f"{number}.report").write_bytes(data)
        return self.run("import", str(incoming))

    def run(self, *arguments: str) -> tuple[int, str]:
        code = main(["reports", *arguments, "--db", self.name])
        told = self._capsys.readouterr()
        return code, told.out + told.err

    def shown(self, *arguments: str) -> dict[str, Any]:
        code, text = self.run("show", "--format", "json", *arguments)
        assert code == 0, text
        return dict(json.loads(text))

    def domain(self, *arguments: str, name: str = "example.org") -> dict[str, Any]:
        (found,) = (one for one in self.shown(*arguments)["domains"] if one["domain"] == name)
        return dict(found)


def nothing_counts_twice(archive: Archive) -> None:
    assert archive.bring(XML, gzip.compress(XML), JSON, FAILURE)[0] == 0
    code, said = archive.bring(XML, JSON, zipped("other-name.xml", XML), FAILURE)
    assert (code, said.splitlines()[:2]) == (
        0,
        ["4 files: 0 new reports", "4 reports were there already, and count once"],
    )
    found = archive.domain()
    assert (found["reports"], found["messages"], found["pass"], found["tls"]["reports"]) == (1, 2, 2, 1)
    # The same id of another reporter, about another domain, or of another day, is another report.
    others = (
        XML.replace(b"<org_name>a", b"<org_name>c"),
        XML.replace(b"<domain>example.org</domain><p>", b"<domain>sub.example.org</domain><p>"),
        XML.replace(b"<begin>1<", b"<begin>2<"),
    )
    assert archive.bring(*others)[1].startswith("3 files: 3 new reports (3 DMARC), 3 rows")
    assert archive.domain("--domain", "example.org")["messages"] == 8


def what_is_broken_is_kept_aside(archive: Archive) -> None:
    broken = b"<feedback><report_metadata>"
    code, said = archive.bring(broken, zipped("a.xml", XML) + b"", zipped("b.xml", broken), b"hello", FAILURE)
    assert code == 1
    assert "5 files: 2 new reports" in said
    assert "0.report: its XML is broken" in said
    assert "3.report: it holds no report" in said
    assert archive.shown()["kept_aside"]["number"] == 3
    assert archive.bring(broken)[0] == 1
    assert archive.shown()["kept_aside"]["number"] == 3
    # Half of a file: the good report counts, and the file is kept for the other.
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as both:
        both.writestr("a.xml", numbered(7))
        both.writestr("b.xml", broken)
    assert archive.bring(stream.getvalue())[0] == 1
    assert (archive.domain()["reports"], archive.shown()["kept_aside"]["number"]) == (2, 4)


def a_mail_of_another_kind_is_no_fault(archive: Archive) -> None:
    code, said = archive.bring(b"From: a@example.org\nSubject: hello\n\nNo report at all.\n")
    assert (code, "1 mails are no reports" in said) == (0, True)


def strangers_text_is_text(archive: Archive) -> None:
    evil = [
        XML.replace(b"<report_id>1", b"<report_id>'; DROP TABLE report; --"),
        XML.replace(b"<org_name>a", b"<org_name>&lt;script&gt;alert(1)&lt;/script&gt;&#27;[31m"),
        XML.replace(b"<report_id>1", b"<report_id>" + b"9" * 1900 + "ü".encode() * 90),
        XML.replace(RECORD, row("fe80::1%25<script>".replace("<", "&lt;")) + row(count="1" + "0" * 30)),
        XML.replace(b"<begin>1<", b"<begin>253402300800<").replace(b"<end>2<", b"<end>999999999999<"),
        XML.replace(b"<begin>1<", b"<begin>-5<").replace(b"<org_name>a", b"<org_name>=cmd|' /C calc'!A0"),
        JSON.replace(b'"report-id":"1"', b'"report-id":"\\u0000\\ud800 \\u202e"'),
        JSON.replace(b'"report-id":"1"', b'"report-id":2').replace(b'count":1', b'count":1e400'),
        XML.replace(b"<org_name>a", b"<org_name>sum").replace(RECORD, row(count="9" * 10) * 100),
    ]
    code, said = archive.bring(*evil)
    assert (code, said.splitlines()[0]) == (0, "9 files: 9 new reports (7 DMARC, 2 TLS), 107 rows")
    assert archive.bring(*evil)[1].startswith("9 files: 0 new")
    for form in ("text", "json", "csv"):
        _, text = archive.run("show", "--format", form)
        assert "\x1b" not in text
        assert "\u202e" not in text
    sources = archive.domain()["sources"]
    assert {source["source"] for source in sources} == {"192.0.2.1", "fe80::1"}
    assert archive.domain()["messages"] == 100 * (10**10 - 1) + 2 * 5 + 2


def what_is_told_can_be_narrowed(archive: Archive) -> None:
    first = numbered(1, begin=1_699_920_000).replace(RECORD, row(spf="pass") + row("192.0.2.9", "3", "fail"))
    foreign = XML.replace(b"example.org", b"example.net").replace(b"<report_id>1", b"<report_id>f")
    archive.bring(first, numbered(2, begin=1_700_092_800), foreign)
    found = archive.domain()
    assert [(one["source"], one["messages"], one["class"]) for one in found["sources"]] == [
        ("192.0.2.1", 4, "authorised"),
        ("192.0.2.9", 3, "forwarder"),
    ]
    assert (found["sources"][0]["first"], found["sources"][0]["last"]) == ("2023-11-14", "2023-11-16")
    assert [(day["day"], day["messages"], day["pass"]) for day in found["days"]] == [
        ("2023-11-14", 5, 2),
        ("2023-11-16", 2, 2),
    ]
    assert archive.domain("--since", "2023-11-15")["messages"] == 2
    assert archive.domain("--until", "2023-11-15")["messages"] == 5
    assert archive.domain("--domain", "example.net", name="example.net")["messages"] == 2
    assert archive.domain("--domain", "other.example", name="other.example")["sources"] == []
    code, text = archive.run("show", "--format", "csv")
    assert (code, len(text.splitlines())) == (0, 4)
    inventory = archive.directory / "prod.yaml"
    inventory.write_text("domains: [example.org]\nsending: [192.0.2.9, 192.0.2.1]\n")
    classes = [one["class"] for one in archive.domain("--inventory", str(inventory))["sources"]]
    assert classes == ["own", "own, misconfigured"]


def times_that_cannot_be_hide_no_others(archive: Archive) -> None:
    unknown = numbered(1).replace(b"<begin>1000000000", b"<begin>x").replace(b"<end>", b"<end>x")
    archive.bring(unknown, numbered(2, begin=99_999_999_999), numbered(3, begin=86_400))
    found = archive.domain()
    assert (found["since"], found["until"], found["messages"]) == ("1970-01-02", "1970-01-02", 6)
    assert [(one["first"], one["last"]) for one in found["sources"]] == [("1970-01-02", "1970-01-02")]


def two_imports_at_once_count_once(archive: Archive) -> None:
    directory = archive.directory / "many"
    directory.mkdir()
    for number in range(60):
        (directory / f"{number}.xml").write_bytes(numbered(number, rows=3))
    (directory / "broken.xml").write_bytes(b"<feedback>")
    command = [sys.executable, "-m", "mailproof.cli", "reports", "import", str(directory), "--db", archive.name]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [1, 1], said
    found = archive.domain()
    assert (found["reports"], found["messages"]) == (60, 360)
    assert archive.shown()["kept_aside"]["number"] == 1


def a_killed_import_leaves_whole_reports(archive: Archive) -> None:
    directory = archive.directory / "many"
    directory.mkdir()
    for number in range(60):
        (directory / f"{number}.xml").write_bytes(numbered(number, rows=50))
    command = [sys.executable, "-m", "mailproof.cli", "reports", "import", str(directory), "--db", archive.name]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:  # until it has begun to write
        code, text = archive.run("show", "--format", "json")
        if code == 0 and json.loads(text)["domains"]:
            os.kill(process.pid, signal.SIGKILL)
    process.wait()
    reports = archive.domain()["reports"]
    assert archive.domain()["messages"] == reports * 100
    archive.run("import", str(directory))
    assert (archive.domain()["reports"], archive.domain()["messages"]) == (60, 6_000)


def the_suite_sees_the_newest_reports_of_its_domains(archive: Archive) -> None:
    assert archive.run("show")[0] == 4
    archive.bring(XML.replace(b"example.org", b"foreign.example"))
    assert archive.run("show", "--domain", "example.org") == (0, "example.org: no aggregate report\n")
    far = [numbered(number, begin=90_000_000_000) for number in range(100, 104)]
    archive.bring(numbered(1, rows=2), numbered(2, begin=1_000_086_400), JSON, FAILURE, *far)
    source = {"database": archive.name}
    inventory = Inventory.model_validate({"domains": ["example.org"], "reports": [source]})
    target = ReportDatabase(archive.name, "db", archive.name)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("mailproof.archive.recent.MAX_REPORTS", 3)
        found = asyncio.run(read_database(target, inventory))
    assert [report.id for report in found.aggregate] == ["n2", "n1", "n103"]
    assert found.aggregate[2].errors[-1].endswith("which is still to come")
    (seen,) = found.aggregate[1].sources
    assert (seen.messages, seen.by_dkim, seen.overridden, seen.reasons, seen.signed) == (4, 4, 4, ("other",), 4)
    assert (found.aggregate[1].keys, found.aggregate[1].unnamed_signatures) == (("s._domainkey.example.org",), 0)
    assert [(one.id, one.policies[0].details[0].type) for one in found.tls] == [("1", "certificate-expired")]


CASES: tuple[Callable[[Archive], None], ...] = (
    nothing_counts_twice,
    what_is_broken_is_kept_aside,
    a_mail_of_another_kind_is_no_fault,
    strangers_text_is_text,
    what_is_told_can_be_narrowed,
    times_that_cannot_be_hide_no_others,
    two_imports_at_once_count_once,
    a_killed_import_leaves_whole_reports,
    the_suite_sees_the_newest_reports_of_its_domains,
)


def ids() -> Iterator[str]:
    return (case.__name__ for case in CASES)
