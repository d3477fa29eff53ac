"""Records of exercises: what became of the test messages that `mailproof exercise` sent.

Sent to a mailbox of ours, or handed in by its user for the sink. A control judges the record later; nothing of the text
of any message is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mailproof.documents import UnreadableDocument, json_lines, read_json, write_atomically

FORMAT = "mailproof-exercise"
VERSION = 1
MAX_RECORD = 4 * 1024 * 1024
"""Octets."""

INBOX = "INBOX"


@dataclass(frozen=True)
class Arrival:
    """A message as it lies in the mailbox."""

    folder: str
    quarantined: bool = False
    """Whether the folder is one for suspicious mail."""
    smuggled: bool = False
    """It is the one that was hidden in the text of another."""
    results: tuple[str, ...] = ()
    """The values of its Authentication-Results that are the receiver's own."""
    received_spf: tuple[str, ...] = ()
    """The values of its Received-SPF."""


@dataclass(frozen=True)
class Sent:
    """One message to the mailbox, and what the receiving server said to it."""

    case: str
    server: str
    domain: str = ""
    """Whose DKIM signature it has, right or wrong; empty: none."""
    tls: bool = False
    stage: str = ""
    """The command that the deciding reply belongs to: MAIL, RCPT, DATA, or ``message`` for the end of the text."""
    code: int = 0
    """Of the deciding reply; 0 where there was none."""
    reply: str = ""
    further: tuple[str, ...] = ()
    """Replies that came after the text and before the one to QUIT, besides the one that was due."""
    failure: str = ""
    """Why the dialogue had no end."""
    arrivals: tuple[Arrival, ...] = ()
    tries: int = 1

    @property
    def accepted(self) -> bool:
        return self.stage == "message" and self.code // 100 == 2

    @property
    def refused(self) -> bool:
        """Whether a reply of 5yz refuses it for good."""
        return self.code // 100 == 5

    @property
    def deferred(self) -> bool:
        """Whether a reply of 4yz puts it off."""
        return self.code // 100 == 4


@dataclass(frozen=True)
class Delivery:
    """A connection of a sending server to the sink, as far as it names a recipient of the exercise."""

    case: str
    client: str
    helo: str
    version: str = ""
    """Of TLS; empty: in clear."""
    suite: str = ""
    taken: bool = False
    """The sink took the message; otherwise it put it off, or the client left."""
    seconds: float = 0.0
    """After the message was handed in."""
    bare_cr: int = 0
    bare_lf: int = 0
    dots_kept: bool = True
    """Lines that begin with a dot came as they were handed in."""


@dataclass(frozen=True)
class HandedIn:
    """A message for the sink, handed in as the user of the mailbox."""

    case: str
    recipient: str
    code: int = 0
    reply: str = ""
    failure: str = ""
    further: int = 0
    """Replies that came after the text besides the one that was due."""
    unready: str = ""
    """Why the sink proves nothing about the case: what is not published as it should be."""

    @property
    def accepted(self) -> bool:
        return self.code // 100 == 2


@dataclass(frozen=True)
class Exercise:
    """What one run of `mailproof exercise` saw. ``began_at`` and ``ended_at`` are ISO 8601 in UTC."""

    run: str
    mailbox: str
    began_at: str
    ended_at: str
    waited: float
    """Seconds that messages had to arrive, after the last one was sent."""
    sent: tuple[Sent, ...] = ()
    handed_in: tuple[HandedIn, ...] = ()
    deliveries: tuple[Delivery, ...] = ()


_ADAPTER = TypeAdapter(Exercise)
_HEAD = ("run", "mailbox", "began_at", "ended_at", "waited")
_LISTS = ("sent", "handed_in", "deliveries")


def read_exercise(file: Path) -> Exercise:
    """Read a record. Raises UnreadableDocument."""
    hint = "; `mailproof exercise INVENTORY` writes one"
    document = read_json(file, "exercise", FORMAT, VERSION, missing=hint, most=MAX_RECORD)
    try:
        return _ADAPTER.validate_python({name: document.get(name) for name in (*_HEAD, *_LISTS)})
    except ValidationError as error:
        first = error.errors()[0]
        raise UnreadableDocument(f"{file}: damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def write_exercise(file: Path, exercise: Exercise) -> None:
    """Write a record, for its owner only. Raises OSError."""
    whole = asdict(exercise)
    head = {"format": FORMAT, "version": VERSION, **{name: whole[name] for name in _HEAD}}
    lists: dict[str, Iterable[object]] = {name: whole[name] for name in _LISTS}
    write_atomically(file, json_lines(head, **lists), private=True)
