"""A mailbox by IMAP whose server is hostile: whatever it sends, the client ends, and says why."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mailproof.fixtures.authority import Authority
from mailproof.net import mailboxes
from mailproof.net.mailboxes import Bounds, IMAPMailbox, MailboxURL, UnreadableMailbox

PASSWORD = "s3cret-pass"
Answers = Callable[[bytes], Iterator[bytes]]
"""What a server says to a command; the tag is put before it by ``{tag}``."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def server(authority: Authority, answers: Answers) -> Iterator[str]:
    """A server of one connection; its URL."""
    issued = authority.issue(("localhost",))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.chain_file, issued.key_file)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with (
            suppress(OSError, ValueError),
            listening.accept()[0] as plain,
            context.wrap_socket(plain, server_side=True) as stream,
        ):
            stream.sendall(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
            lines = stream.makefile("rb")
            while line := lines.readline():
                tag, _, words = line.partition(b" ")
                for part in answers(words.strip()):
                    stream.sendall(part.replace(b"{tag}", tag))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"imaps://user@localhost:{listening.getsockname()[1]}/INBOX"
    finally:
        listening.close()


def decent(words: bytes) -> Iterator[bytes]:
    """A right server with two messages."""
    if words.startswith(b"EXAMINE"):
        yield b"* 2 EXISTS\r\n{tag} OK [READ-ONLY] done\r\n"
    elif b"RFC822.SIZE" in words:
        yield b"* 1 FETCH (RFC822.SIZE 5)\r\n* 2 FETCH (RFC822.SIZE 5)\r\n{tag} OK done\r\n"
    elif words.startswith(b"FETCH"):
        yield b"* %s FETCH (BODY[] {5}\r\nhello)\r\n{tag} OK done\r\n" % words.split()[1]
    else:
        yield b"{tag} OK done\r\n"


def instead(command: bytes, *said: bytes, times: int = 1) -> Answers:
    """A server that says something else to one command."""

    def answers(words: bytes) -> Iterator[bytes]:
        if not words.startswith(command):
            yield from decent(words)
            return
        for _ in range(times):
            yield from said

    return answers


def read(authority: Authority, answers: Answers, bounds: Bounds) -> list[tuple[int, bytes | None]]:
    with server(authority, answers) as url:
        return list(IMAPMailbox(url, PASSWORD, authority.root_file, bounds=bounds).messages())


BOUNDS = Bounds(octets=200_000, octets_of_command=100_000)


def test_a_right_server_is_read_the_newest_message_first(authority: Authority) -> None:
    assert read(authority, decent, BOUNDS) == [(2, b"hello"), (1, b"hello")]
    assert read(authority, decent, Bounds(messages=1)) == [(2, b"hello")]


LARGE = b"* 1 FETCH (RFC822.SIZE 5)\r\n* 2 FETCH (RFC822.SIZE 99999999999)\r\n{tag} OK done\r\n"


def test_a_message_that_is_too_large_is_told(authority: Authority) -> None:
    assert read(authority, instead(b"FETCH 1:2", LARGE), BOUNDS) == [(2, None), (1, b"hello")]
    assert read(authority, instead(b"FETCH 2 ", b"{tag} OK nothing\r\n"), BOUNDS) == [(2, None), (1, b"hello")]


HOSTILE: dict[str, tuple[Answers, str]] = {
    "password": (instead(b"LOGIN", b"{tag} NO [AUTHENTICATIONFAILED] no\r\n"), "AUTHENTICATIONFAILED"),
    "bye": (instead(b"LOGIN", b"* BYE go away\r\n"), "BYE|closed|go away"),
    "endless lines": (instead(b"LOGIN", b"* FLAGS (x)\r\n", times=100_000), "at once"),
    "endless line": (instead(b"LOGIN", b"x" * 10_000, times=100), "at once"),
    "garbage": (instead(b"LOGIN", b"\xff\x00 {99999999999999999999}\r\n"), "localhost"),
    "no folder": (instead(b"EXAMINE", b"{tag} NO no such folder\r\n"), "INBOX: no such folder"),
    "no number": (instead(b"EXAMINE", b"* x EXISTS\r\n{tag} OK\r\n"), "localhost"),
    "huge literal": (instead(b"FETCH 2", b"* 2 FETCH (BODY[] {99999999999}\r\n"), "more than 100000 octets at once"),
    "endless number": (instead(b"FETCH 2", b"* 2 FETCH (BODY[] {%s}\r\n" % (b"9" * 5000)), "localhost"),
    "many literals": (
        instead(b"FETCH 2", b"* 2 FETCH (BODY[] {90000}\r\n" + b"x" * 90_000, b")\r\n", times=9),
        "octets",
    ),
    "never ends": (instead(b"FETCH", b"* 5 EXPUNGE\r\n", times=10), "closed|octets|seconds|timed out"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_server_is_left(name: str, authority: Authority) -> None:
    answers, says = HOSTILE[name]
    with pytest.raises(UnreadableMailbox) as left:
        read(authority, answers, Bounds(octets=200_000, octets_of_command=100_000, seconds=1.0))
    assert re.search(says, str(left.value))
    assert "localhost" in str(left.value)
    assert PASSWORD not in str(left.value)


def test_a_server_that_drips_is_left(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each read is in time, and all together are not."""
    clock = iter(range(0, 100_000, 100))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    with pytest.raises(UnreadableMailbox, match="it takes more than 300 seconds"):
        read(authority, decent, Bounds())


def test_lines_have_a_bound(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailboxes, "LINES", 50)
    with pytest.raises(UnreadableMailbox, match="more than 50 lines at once"):
        read(authority, instead(b"LOGIN", b"* FLAGS (x)\r\n", times=100), BOUNDS)
    monkeypatch.setattr(mailboxes, "LINE", 1000)
    with pytest.raises(UnreadableMailbox, match="a line of more than 1000 octets"):
        read(authority, instead(b"LOGIN", b"x" * 70_000), BOUNDS)


def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    with server(authority, decent) as url:
        there = ("127.0.0.1", MailboxURL.of(url).port)
        mailbox = IMAPMailbox(url.replace("localhost", "other.example"), PASSWORD, authority.root_file, there)
        with pytest.raises(UnreadableMailbox, match=r"(?i)hostname mismatch"):
            list(mailbox.messages())


@pytest.mark.parametrize(
    "url", ["imaps://u:p@h", "imaps://h", "imaps://u@h/ö", "imaps://u@h/a%0d%0ab", "imaps://u@h?x"]
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"imaps://|folder"):
        MailboxURL.of(url)


def test_a_password_that_login_cannot_say(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMailbox, match="must be ASCII"):
        list(IMAPMailbox("imaps://u@localhost:1", "pässword", None).messages())
