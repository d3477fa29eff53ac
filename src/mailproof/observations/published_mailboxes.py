"""Mailboxes that records, files and registries name for others to write to, and what the MX hosts say of them."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.observations.attempts import Attempt
from mailproof.observations.dialogue import DialogueSeen
from mailproof.observations.recipients import Mailboxes


@dataclass(frozen=True)
class Published:
    """A mailbox, and where it is published."""

    mailbox: str
    where: str

    def __str__(self) -> str:
        return f"{self.mailbox} ({self.where})"


@dataclass(frozen=True)
class PublishedAddresses(Observation):
    """The mailboxes in domains of the inventory that are published anywhere."""

    published: tuple[Published, ...]
    unread: tuple[tuple[str, str], ...] = ()
    """Where nothing could be read, with the reason."""

    def evidence(self) -> tuple[str, ...]:
        return (*map(str, self.published), *(f"{where}: {reason}" for where, reason in self.unread))

    def of(self, domain: str) -> tuple[Published, ...]:
        """Those in one domain, each mailbox once."""
        found: dict[str, Published] = {}
        for one in self.published:
            if one.mailbox.rpartition("@")[2] == domain:
                found.setdefault(one.mailbox, one)
        return tuple(found.values())


@dataclass(frozen=True)
class PublishedMailboxes(DialogueSeen):
    """What one MX address says of the published mailboxes of one domain."""

    mailboxes: Mailboxes
    """What it says of role mailboxes, to compare with."""
    published: tuple[Published, ...] = ()
    """Without postmaster and abuse."""
    attempts: tuple[Attempt, ...] = ()
    interrupted: str = ""
    """Why not all of them were asked for; also empty where there are too many."""

    def evidence(self) -> tuple[str, ...]:
        published = (f"published: {one}" for one in self.published)
        return (*published, *map(str, self.attempts), "the dialogue:", *super().evidence())

    def answer(self, one: Published) -> Attempt | None:
        """What was said of a mailbox; None where it was not asked for."""
        return next((attempt for attempt in self.attempts if attempt.recipient.lower() == one.mailbox), None)
