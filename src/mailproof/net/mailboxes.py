"""Mailboxes by IMAP over TLS (RFC 8314), opened for reading only (EXAMINE): nothing is marked, moved or deleted.

Python's imaplib takes whatever a server sends. Here octets, lines and time have bounds, for each command and for all.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mailproof.net.text import printable

INBOX = "INBOX"
PORT = 993
READ_SECONDS = 30.0
"""Of one read."""
LINE = 1_000_000
"""Octets of one line; a search in a large mailbox makes long ones."""
MAX_TOLD = 300
"""Characters of what a server said that are told."""
LINES = 100_000
"""Lines that one command may bring."""


class UnreadableMailbox(Exception):
    """The mailbox cannot be read; the message says why."""


@dataclass(frozen=True)
class MailboxURL:
    """``imaps://USER@HOST:PORT/FOLDER`` (RFC 5092), without a password."""

    user: str
    host: str
    port: int
    folder: str

    @classmethod
    def of(cls, url: str) -> MailboxURL:
        """Take a URL apart. Raises ValueError with what is wrong."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", PORT if parts.port is None else parts.port
        except ValueError:
            raise ValueError(f"{url!r} is not like imaps://USER@HOST: the host or the port is wrong") from None
        if parts.scheme != "imaps" or not host or not parts.username or not port or parts.query or parts.fragment:
            raise ValueError(f"{url!r} is not like imaps://USER@HOST")
        if parts.password is not None:
            raise ValueError("a URL like imaps://USER@HOST holds no password: it has a key of its own")
        folder = unquote(parts.path.strip("/")) or INBOX
        if not folder.isascii() or not folder.isprintable():
            raise ValueError(f"{folder!r} is no folder as servers name them: ASCII, others in modified UTF-7")
        return cls(unquote(parts.username), host, port, folder)


@dataclass(frozen=True)
class Bounds:
    """What a mailbox may take."""

    messages: int = 2_000
    """The newest ones."""
    octets: int = 256 * 1024 * 1024
    """Of all messages together."""
    octets_of_command: int = 16 * 1024 * 1024
    seconds: float = 300.0


class Connection(imaplib.IMAP4):
    """A connection over TLS that a server cannot keep busy, or fill, for ever."""

    def __init__(self, at: MailboxURL, context: ssl.SSLContext, place: tuple[str, int] | None, bounds: Bounds) -> None:
        self._place, self._context = place or (at.host, at.port), context
        self._bounds = bounds
        self._until = time.monotonic() + bounds.seconds
        self._left, self._lines_left, self._all_left = bounds.octets_of_command, LINES, bounds.octets
        self._waiting = bytearray()
        super().__init__(at.host, at.port, READ_SECONDS)

    def open(self, host: str = "", port: int = PORT, timeout: float | None = None) -> None:
        """Connect, and verify the certificate for the host of the URL."""
        self.host, self.port = host, port
        plain = socket.create_connection(self._place, timeout)
        try:
            self.sock = self._context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def renew(self) -> None:
        """Allow the next command what one command may bring."""
        self._left, self._lines_left = self._bounds.octets_of_command, LINES

    def read(self, size: int) -> bytes:
        """So many octets of a literal."""
        if size > self._left:
            raise self.abort(f"the server sends more than {self._bounds.octets_of_command} octets at once")
        while len(self._waiting) < size:
            self._fill()
        found = bytes(self._waiting[:size])
        del self._waiting[:size]
        return found

    def readline(self) -> bytes:
        """One line of a reply."""
        self._lines_left -= 1
        if self._lines_left < 0:
            raise self.abort(f"the server sends more than {LINES} lines at once")
        start = 0
        while (end := self._waiting.find(b"\n", start)) < 0:
            start = len(self._waiting)
            if start > LINE:
                raise self.abort(f"the server sends a line of more than {LINE} octets")
            self._fill()
        found = bytes(self._waiting[: end + 1])
        del self._waiting[: end + 1]
        return found

    def _fill(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise self.abort(f"it takes more than {self._bounds.seconds:g} seconds")
        self.sock.settimeout(min(READ_SECONDS, left))
        octets = self.sock.recv(65_536)
        if not octets:
            raise self.abort("the server closed the connection")
        self._left -= len(octets)
        self._all_left -= len(octets)
        if self._left < 0:
            raise self.abort(f"the server sends more than {self._bounds.octets_of_command} octets at once")
        if self._all_left < 0:
            raise self.abort(f"the server sends more than {self._bounds.octets} octets")
        self._waiting += octets

    def shutdown(self) -> None:
        """Close the connection."""
        self.sock.close()


_FAULTS = (imaplib.IMAP4.error, OSError, ValueError, TypeError, LookupError, AttributeError)
"""What imaplib raises; the last ones for replies that it did not expect."""


class IMAPMailbox:
    """A mailbox that a password opens. ``place`` is where the connection goes, if not to the host's own address."""

    def __init__(
        self,
        url: str,
        password: str,
        ca_file: Path | None,
        place: tuple[str, int] | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.at = MailboxURL.of(url)
        self._password, self._place = password, place
        self._bounds = bounds or Bounds()
        self._context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """A connection, logged in. Raises UnreadableMailbox, also for what fails while it is open."""
        where = f"{self.at.host}:{self.at.port}"
        if not (self.at.user.isascii() and self._password.isascii()):
            raise UnreadableMailbox(f"{where}: the name and the password must be ASCII, for LOGIN takes nothing else")
        connection = None
        try:
            connection = Connection(self.at, self._context, self._place, self._bounds)
            connection.login(self.at.user, self._password)
            yield connection
            with suppress(*_FAULTS):  # all that was wanted is there
                connection.renew()
                connection.logout()
        except _FAULTS as error:
            raise UnreadableMailbox(f"{where}: {printable(str(error)[:MAX_TOLD])}") from None
        finally:
            if connection is not None:
                connection.shutdown()

    def messages(self) -> Iterator[tuple[int, bytes | None]]:
        """The newest messages of the folder, the newest first, by number; None for one that is too large.

        Raises UnreadableMailbox.
        """
        with self.opened() as connection:
            last = examine(connection, quoted(self.at.folder))
            first = max(last - self._bounds.messages + 1, 1)
            if not last:
                return
            sizes = _sizes(connection, first, last)
            for number in range(last, first - 1, -1):
                if sizes.get(number, 0) > self._bounds.octets_of_command // 2:
                    yield number, None
                else:
                    yield number, _message(connection, number)


def quoted(folder: str) -> str:
    """A folder's name as a quoted string (RFC 9051, section 4.3)."""
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def examine(connection: Connection, folder: str) -> int:
    """Open a folder for reading only; how many messages it has. Raises what imaplib raises."""
    connection.renew()
    answer, (told, *_) = connection.select(folder, readonly=True)
    if answer != "OK":
        raise connection.error(f"{folder.strip(chr(34))}: {(told or b'').decode('ascii', 'replace')}")
    return int(told or b"0")


_SIZE = re.compile(rb"(?P<number>[0-9]{1,10}) \(.{0,100}?RFC822\.SIZE (?P<size>[0-9]{1,15})", re.IGNORECASE)


def _sizes(connection: Connection, first: int, last: int) -> dict[int, int]:
    connection.renew()
    _, lines = connection.fetch(f"{first}:{last}", "(RFC822.SIZE)")
    found = (_SIZE.match(line) for line in lines if isinstance(line, bytes))
    return {int(match["number"]): int(match["size"]) for match in found if match}


def _message(connection: Connection, number: int) -> bytes | None:
    connection.renew()
    _, parts = connection.fetch(str(number), "(BODY.PEEK[])")
    return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), None)
