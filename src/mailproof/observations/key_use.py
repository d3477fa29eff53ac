"""Which DKIM keys mail is signed with, as reports and sample messages show it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from mailproof.observations import Observation


@dataclass(frozen=True)
class KeysInMessages(Observation):
    """The keys that the signatures of sample messages name."""

    keys: tuple[tuple[str, int], ...]
    """The name of the key, and when the newest message with it was received, in seconds since 1970."""
    unread: str = ""
    """Why a message could not be looked at."""

    @cached_property
    def newest(self) -> dict[str, int]:
        return dict(self.keys)

    def evidence(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.keys)


@dataclass(frozen=True)
class KeyUse(Observation):
    """When mail was last seen to be signed with the key of a selector, in reports and in sample messages."""

    selector: str
    has_key: bool
    """There is a key at the name, and it is not revoked."""
    reported: int
    """Days that the reports on the domain are about; 0 without reports."""
    until: str = ""
    """The day on which the newest of these ends."""
    unseen: int | None = None
    """Days before that on which the last report names the key, or the newest message with it was received; None where
    none does."""
    unread: str = ""
    """Why a file of reports or a message could not be looked at."""

    def evidence(self) -> tuple[str, ...]:
        last = "never" if self.unseen is None else f"{self.unseen} days before"
        return (f"{self.selector}: reports of {self.reported} days until {self.until or 'no day'}; last seen {last}",)
