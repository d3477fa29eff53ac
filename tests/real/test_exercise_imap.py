"""What is read by IMAP from a real Dovecot, and changes nothing: messages of an exercise, and reports of receivers."""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from mailproof.cli import main
from mailproof.exercising.mailboxes import IMAP
from mailproof.exercising.messages import MARK
from mailproof.fixtures.authority import Authority
from mailproof.inventory.model import Inventory
from mailproof.net.errors import Unreadable
from mailproof.net.mailboxes import Bounds, UnreadableMailbox
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.reports import Reports
from mailproof.probes import report_stores
from mailproof.probes.reports import mailbox_reports, reports
from mailproof.targets.files import ReportMailbox
from tests.fuzz.parsers.reports import FAILURE, JSON, XML
from tests.ports import free_port
from tests.real.lab.requirements import program, why_not

RUN = "a1b2c3d4e5f6"
PASSWORD = "only-for-this-test"
CONFIGURATION = """
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{chain}
ssl_key = <{key}
mail_location = maildir:{directory}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={directory}/home
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""


REPORTS = (gzip.compress(XML), JSON, b"<feedback>")


def _report(data: bytes) -> bytes:
    mail = EmailMessage()
    mail["From"] = "reports@reporter.example"
    mail.add_attachment(data, maintype="application", subtype="octet-stream")
    return mail.as_bytes()


def _message(run: str, case: str) -> bytes:
    return f"From: a@example.org\r\n{MARK}: {run} {case}\r\n\r\ntext\r\n".encode()


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """One that Dovecot's users may enter: pytest's are their owner's alone."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def dovecot(directory: Path) -> Iterator[IMAP]:
    if reason := why_not():
        (pytest.fail if os.environ.get("MAILPROOF_REQUIRE_LAB") else pytest.skip)(reason)
    folders = {
        "": [(RUN, "right"), ("other", "right")],
        ".Junk": [(RUN, "spf-fail")],
        ".Junk mail (1)": [(RUN, "x smuggled")],
    }
    for folder, messages in folders.items():
        for name in ("new", "cur", "tmp"):
            (directory / "mail" / folder / name).mkdir(parents=True)
        for number, message in enumerate(messages):
            (directory / "mail" / folder / "new" / f"1.{number}.x").write_bytes(_message(*message))
    for name in ("new", "cur", "tmp"):
        (directory / "mail" / ".Reports &- more" / name).mkdir(parents=True)
    mails = [*map(_report, REPORTS), FAILURE, b"From: a@example.org\n\nno report\n"]
    for number, mail in enumerate(mails):
        (directory / "mail" / ".Reports &- more" / "new" / f"1.{number}.x").write_bytes(mail)
    (directory / "home").mkdir()
    for path in (directory / "home", directory / "mail", *(directory / "mail").rglob("*")):
        shutil.chown(path, "nobody", "nogroup")
    authority = Authority(directory / "authority")
    issued = authority.issue(("localhost", "127.0.0.1"))
    port = free_port()
    file = directory / "dovecot.conf"
    file.write_text(
        CONFIGURATION.format(
            directory=directory, chain=issued.chain_file, key=issued.key_file, password=PASSWORD, port=port
        )
    )
    server = subprocess.Popen([program("dovecot"), "-F", "-c", str(file)], start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                gave_up = server.poll() is not None or time.monotonic() > deadline
                assert not gave_up, (directory / "log").read_text()
                time.sleep(0.05)
        yield IMAP(f"imaps://probe@localhost:{port}", PASSWORD, authority.root_file)
    finally:
        server.terminate()
        server.wait(60)


def test_every_folder_is_read_and_nothing_is_marked(dovecot: IMAP, directory: Path) -> None:
    for _ in range(2):
        found = {(message.folder, message.mark) for message in dovecot.find(RUN, 0)}
        assert found == {
            ("INBOX", f"{RUN} right"),
            ("Junk", f"{RUN} spf-fail"),
            ("Junk mail (1)", f"{RUN} x smuggled"),
        }
    flagged = [file.name for file in (directory / "mail").rglob("*:2,*S*")]
    assert not flagged


def test_a_wrong_password_and_an_unknown_authority_are_told(dovecot: IMAP, directory: Path) -> None:
    url = f"imaps://probe@localhost:{dovecot._mailbox.at.port}"
    with pytest.raises(UnreadableMailbox, match=r"(?i)authentication failed"):
        IMAP(url, "another-password", directory / "authority" / "root.pem").find(RUN, 0)
    with pytest.raises(UnreadableMailbox, match=r"(?i)certificate verify failed"):
        IMAP(url, PASSWORD, None).find(RUN, 0)


def _reports(url: str, root: Path | None, password: str = PASSWORD) -> Reports:
    """What the suite's probe reads."""
    source = {"imaps": url, "password": password}
    inventory = Inventory.model_validate({"domains": ["example.org"], "reports": [source]})
    target = ReportMailbox(url, url, url)

    async def look() -> Reports:
        network = Network(NetSettings(ca_file=root))

        async def look_at(probe: Any, mailbox: Any) -> Any:
            assert probe is mailbox_reports
            return await mailbox_reports(mailbox, network, inventory)

        try:
            return await reports(target, network, inventory, look_at)
        finally:
            await network.close()

    return asyncio.run(look())


def test_reports_are_read_out_of_a_folder(dovecot: IMAP, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = directory / "authority" / "root.pem"
    url = f"imaps://probe@127.0.0.1:{dovecot._mailbox.at.port}/Reports%20&-%20more"
    for _ in range(2):
        found = _reports(url, root)
        assert [report.id for report in found.aggregate] == ["1"]
        assert ([report.id for report in found.tls], len(found.failures), found.ours) == (["1"], 1, ("example.org",))
        assert found.unread == (f"{url}: message 3: its XML is broken: no element found: line 1, column 10",)
    monkeypatch.setattr(report_stores, "BOUNDS", Bounds(messages=2))
    assert len(_reports(url, root).failures) == 1
    assert _reports(url, root).aggregate == ()
    for other, ca_file, password, says in (
        (url + "x", root, PASSWORD, "Reports &- morex: .*doesn't exist"),
        (url, None, PASSWORD, "(?i)certificate verify failed"),
    ):
        with pytest.raises(Unreadable, match=says):
            _reports(other, ca_file, password)
    assert not [file.name for file in (directory / "mail").rglob("*:2,*S*")]


def test_reports_are_imported_out_of_a_mailbox(
    dovecot: IMAP, directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = directory / "authority" / "root.pem"
    url = f"imaps://probe@localhost:{dovecot._mailbox.at.port}/Reports%20&-%20more"
    inventory = tmp_path / "prod.yaml"
    text = f"domains: [example.org]\ntrust: {{ca_file: {root}}}\nreports: [{{imaps: '{url}', password: {PASSWORD}}}]\n"
    command = ["reports", "import", "--inventory", str(inventory), "--db", str(tmp_path / "reports.sqlite")]
    inventory.write_text(text)
    assert main(command) == 1
    assert capsys.readouterr().out.splitlines()[:3] == [
        "5 files: 3 new reports (1 failure, 1 TLS, 1 DMARC), 1 rows",
        "1 mails are no reports",
        "1 files are no reports that can be read; they are kept aside in the database:",
    ]
    assert main(command) == 1
    assert "3 reports were there already" in capsys.readouterr().out
    inventory.write_text(text.replace(PASSWORD, "another-password"))
    assert main(command) == 1
    assert "authentication failed" in capsys.readouterr().out.lower()
    inventory.write_text(f"{text}do_not_contact: [localhost]\n")
    assert main(command) == 4
    assert "localhost is not contacted" in capsys.readouterr().err


def test_an_inbox_that_cannot_be_read_is_not_an_empty_one(dovecot: IMAP, directory: Path) -> None:
    (directory / "mail").chmod(0)
    with pytest.raises(UnreadableMailbox, match="INBOX"):
        dovecot.find(RUN, 0)
