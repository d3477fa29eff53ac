"""Records of drills: what a service did while a part of it was down. A control judges the record later."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mailproof.documents import UnreadableDocument, json_lines, read_json, write_atomically
from mailproof.exercises import Sent

FORMAT = "mailproof-drill"
VERSION = 1
MAX_RECORD = 4 * 1024 * 1024
"""Octets."""

BEFORE, DURING, AFTER = "before", "during", "after"
"""The part was up, down, and up again."""

POSTMASTER, UNKNOWN, ELSEWHERE = "postmaster", "unknown recipient", "a mailbox elsewhere"
"""What backups are asked for."""


@dataclass(frozen=True)
class Asked:
    """MAIL and RCPT for one recipient at a backup, and the deciding reply."""

    phase: str
    server: str
    form: str
    recipient: str
    tls: bool = False
    code: int = 0
    """0 where there was no reply."""
    reply: str = ""
    unasked: str = ""
    """Why there was no reply, or why the reply says nothing about the recipient: it is about the tester."""
    unreachable: bool = False
    """There was no reply since nobody answered at all, twice."""

    @property
    def accepted(self) -> bool:
        return self.code // 100 == 2

    @property
    def refused(self) -> bool:
        """Whether it is refused for good (5yz), and that is about the recipient."""
        return self.code // 100 == 5 and not self.unasked

    @property
    def deferred(self) -> bool:
        return self.code // 100 == 4

    def __str__(self) -> str:
        said = f"{self.code} {self.reply}" if self.code else "no reply"
        why = f" ({self.unasked})" if self.unasked else ""
        return f"{self.phase}, {self.server}: {self.form} <{self.recipient}>: {said}{why}"


@dataclass(frozen=True)
class Sample:
    """One connection to the address that is watched. ``failure`` is why nobody answered; empty: somebody did."""

    endpoint: str
    at: float
    """Seconds after the part went down, when the connection was begun; negative before that."""
    phase: str
    name: str = ""
    """The first word of the greeting; empty where the protocol has none."""
    certificate: str = ""
    """SHA-256 of the public key of the certificate; empty where there is no TLS."""
    failure: str = ""
    put_off: bool = False
    """Somebody answered, but with 4yz to the greeting: whether that is for all or for the tester is not known."""

    def __str__(self) -> str:
        return f"{self.phase}, {self.at:+.1f} s, {self.endpoint}: {self.failure or self.name or 'answers'}"


@dataclass(frozen=True)
class DrillRecord:
    """What one run of `mailproof drill` saw. ``began_at`` and ``ended_at`` are ISO 8601 in UTC."""

    run: str
    subject: str
    """``backup-mx DOMAIN`` or ``vip HOST``."""
    part: str
    """What was down, in words."""
    began_at: str
    ended_at: str
    seconds_down: float
    within: float = 0.0
    """Seconds within which the address had to answer as before."""
    mailbox: str = ""
    """The mailbox of ours that ``sent`` was for."""
    waited: float = 0.0
    """Seconds that the message had to arrive, after the part was back."""
    sent: tuple[Sent, ...] = ()
    """The message that a backup was given while the primary was down, if any."""
    asked: tuple[Asked, ...] = ()
    samples: tuple[Sample, ...] = ()
    not_back: str = ""
    """How the part was not brought back: the drill proved nothing then. Empty: it was."""


_ADAPTER = TypeAdapter(DrillRecord)
_LISTS = ("sent", "asked", "samples")
_HEAD = tuple(name for name in DrillRecord.__dataclass_fields__ if name not in _LISTS)


def read_drill(file: Path) -> DrillRecord:
    """Read a record. Raises UnreadableDocument."""
    document = read_json(file, "drill", FORMAT, VERSION, missing="; `mailproof drill` writes one", most=MAX_RECORD)
    try:
        return _ADAPTER.validate_python({name: document[name] for name in (*_HEAD, *_LISTS) if name in document})
    except ValidationError as error:
        first = error.errors()[0]
        raise UnreadableDocument(f"{file}: damaged: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def write_drill(file: Path, drill: DrillRecord) -> None:
    """Write a record, for its owner only. Raises OSError."""
    whole = asdict(drill)
    head = {"format": FORMAT, "version": VERSION, **{name: whole[name] for name in _HEAD}}
    write_atomically(file, json_lines(head, **{name: whole[name] for name in _LISTS}), private=True)
