"""ARC: what those who passed a message on say of it (RFC 8617)."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.observations.messages import Message


@dataclass(frozen=True)
class ARCChain(Observation):
    """The ARC sets of a message and whether their chain verifies."""

    message: Message
    sets: int = 0
    broken: str = ""
    """Why the chain does not verify; empty where it does."""
    unknown: str = ""
    """Why it could not be verified."""

    @property
    def concerns_us(self) -> bool:
        """Whether the message is ours, or was taken by a server of ours."""
        return bool(self.message.ours or self.message.sent_by_us or self.message.taken_at)

    def evidence(self) -> tuple[str, ...]:
        said = self.unknown or self.broken or "the chain verifies"
        return (f"{self.message.file}: {self.sets} ARC sets: {said}", *self.message.evidence())
