"""Reads what arrived in a mailbox of ours: in a Maildir on this machine, or by IMAP. Nothing there is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mailproof.exercises import INBOX
from mailproof.exercising.messages import MARK
from mailproof.grammars.messages import Header, parse_header
from mailproof.inventory.exercise import OwnMailbox
from mailproof.net.mailboxes import Connection, IMAPMailbox, UnreadableMailbox, examine

MAX_HEADER = 64 * 1024
"""Octets of a message that are read."""
MAX_MESSAGES = 5000
"""Messages of a Maildir that are looked at."""
LOOKS = 3
"""At a Maildir whose files are moved meanwhile."""


@dataclass(frozen=True)
class Found:
    """A test message in the mailbox."""

    folder: str
    header: Header

    @property
    def mark(self) -> str:
        """Run id, case, and whether it was smuggled."""
        return " ".join((self.header.first(MARK.lower()) or "").split())


class Reader(Protocol):
    """A mailbox that can be looked at again and again."""

    def find(self, run: str, since: float) -> list[Found]:
        """The test messages of a run that began at ``since`` (seconds since 1970). Raises UnreadableMailbox."""


def reader_of(mailbox: OwnMailbox, directory: Path, ca_file: Path | None) -> Reader:
    """How the inventory says that the mailbox is read. ``directory`` is that of the inventory."""
    if mailbox.maildir is not None:
        return Maildir(directory / mailbox.maildir)
    return IMAP(mailbox.imaps or "", mailbox.password or "", ca_file)


class Maildir:
    """A Maildir, with its folders as Maildir++ names them: ``.Junk`` beside ``new`` and ``cur``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, run: str, since: float) -> list[Found]:
        for left in reversed(range(LOOKS)):
            try:
                return list(self._found(run, since))
            except FileNotFoundError as error:  # whoever reads the mail has moved it meanwhile
                if not left:
                    raise UnreadableMailbox(f"{error.filename}: {error.strerror}") from None
            except OSError as error:
                raise UnreadableMailbox(f"{error.filename}: {error.strerror}") from None
        return []

    def _found(self, run: str, since: float) -> Iterator[Found]:
        folders = {INBOX: self._directory}
        # Not glob: it takes a directory that may not be read for an empty one.
        for path in sorted(self._directory.iterdir()):
            if path.name.startswith(".") and path.is_dir():
                folders[path.name[1:]] = path
        for folder, path in folders.items():
            parts = [path / name for name in ("new", "cur") if (path / name).exists()]
            for file in _newest([file for part in parts for file in part.iterdir()], since):
                with file.open("rb") as stream:
                    found = Found(folder, parse_header(stream.read(MAX_HEADER)))
                if found.mark.startswith(f"{run} "):
                    yield found


def _newest(files: list[Path], since: float) -> list[Path]:
    dated = sorted(((file.stat().st_mtime, file) for file in files), reverse=True)
    return [file for at, file in dated[:MAX_MESSAGES] if at >= since - 60]


class IMAP:
    """A mailbox by IMAP: all its folders."""

    def __init__(self, url: str, password: str, ca_file: Path | None) -> None:
        self._mailbox = IMAPMailbox(url, password, ca_file)

    def find(self, run: str, since: float) -> list[Found]:
        with self._mailbox.opened() as connection:
            return list(self._found(connection, run))

    def _found(self, connection: Connection, run: str) -> Iterator[Found]:
        for folder in _folders(connection):
            try:
                examine(connection, folder)
            except Connection.abort:
                raise
            except Connection.error:
                if folder == INBOX:
                    raise
                continue  # a folder that others share and let us see only by name
            _, (numbers, *_) = connection.search(None, "HEADER", MARK, f'"{run}"')
            for number in (numbers or b"").split():
                connection.renew()
                _, parts = connection.fetch(number.decode(), "(BODY.PEEK[HEADER])")
                for part in parts:
                    if isinstance(part, tuple):
                        found = Found(folder.strip('"'), parse_header(part[1][:MAX_HEADER]))
                        if found.mark.startswith(f"{run} "):
                            yield found


_LISTED = re.compile(rb"\((?P<flags>[^)]*)\) (?:\"[^\"]*\"|NIL) (?P<name>\"(?:[^\"\\]|\\.)*\"|[^\s]+)$")


def _folders(connection: Connection) -> list[str]:
    """The names of the folders as they are said in SELECT; INBOX first."""
    _, lines = connection.list()
    names = [INBOX]
    for line in lines:
        match = _LISTED.match(line) if isinstance(line, bytes) else None
        if match and b"\\noselect" not in match["flags"].lower():
            names.append(match["name"].decode("ascii", "replace"))
    return [name for name in dict.fromkeys(names) if name.strip('"').upper() != INBOX or name == INBOX]
