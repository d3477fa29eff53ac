"""What a server does with a client that talks before the greeting."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations.dialogue import DialogueSeen


@dataclass(frozen=True)
class EarlyTalk(DialogueSeen):
    """A client that says EHLO before the greeting, and a polite client right after it."""

    codes: tuple[int, ...]
    """Codes of all replies that the early talker got, in order."""
    closed: bool
    polite: str
    """The greeting that the polite client got, or why it got none."""
    polite_ok: bool
    early: bool = True
    """Whether all was sent before the greeting had arrived here, or the server greets without waiting for anything."""
    refused: str = ""
    """The reply with which the server refused a later command of the early talker, though it answered EHLO."""

    @property
    def tolerated(self) -> bool:
        """The early EHLO was answered as if nothing had happened, and nothing behind it was refused for it."""
        return next((code for code in self.codes if code != 220), None) == 250 and not self.refused

    def evidence(self) -> tuple[str, ...]:
        return (*super().evidence(), f"a polite client right after: {self.polite}")
