"""What an exercise reads by IMAP from a real Dovecot: all folders, messages of the run alone; it changes nothing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mailproof.exercising.mailboxes import IMAP, UnreadableMailbox
from mailproof.exercising.messages import MARK
from mailproof.fixtures.authority import Authority
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
    (directory / "home").mkdir()
    for path in (directory / "home", directory / "mail", *(directory / "mail").rglob("*")):
        shutil.chown(path, "nobody", "nogroup")
    authority = Authority(directory / "authority")
    issued = authority.issue(("localhost",))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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
    url = f"imaps://probe@localhost:{dovecot._port}"
    with pytest.raises(UnreadableMailbox, match=r"(?i)authentication failed"):
        IMAP(url, "another-password", directory / "authority" / "root.pem").find(RUN, 0)
    with pytest.raises(UnreadableMailbox, match=r"(?i)certificate verify failed"):
        IMAP(url, PASSWORD, None).find(RUN, 0)


def test_an_inbox_that_cannot_be_read_is_not_an_empty_one(dovecot: IMAP, directory: Path) -> None:
    (directory / "mail").chmod(0)
    with pytest.raises(UnreadableMailbox, match="INBOX"):
        dovecot.find(RUN, 0)
