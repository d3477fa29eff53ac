"""The base of observations that are a dialogue."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.transcript import Line
from mailproof.observations import Observation


@dataclass(frozen=True)
class DialogueSeen(Observation):
    """An observation that keeps the transcript of a dialogue."""

    transcript: tuple[Line, ...]

    def evidence(self) -> tuple[str, ...]:
        return tuple(str(line) for line in self.transcript)
