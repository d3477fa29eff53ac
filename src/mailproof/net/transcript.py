"""The record of a dialogue: who said what, when. It is evidence, so it is kept also when the dialogue breaks."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from mailproof.net.errors import BoundReached


class Speaker(StrEnum):
    CLIENT = "C"
    SERVER = "S"
    NOTE = "-"
    """Not said by anyone: connected, TLS established, closed, timed out."""


@dataclass(frozen=True)
class Line:
    """One line of a dialogue. ``seconds`` counts from the start of the connection attempt."""

    seconds: float
    speaker: Speaker
    text: str

    def __str__(self) -> str:
        return f"{self.seconds:8.3f} {self.speaker}: {self.text}"


ROOM = 32 * 1024
"""Characters of one dialogue that are kept whole; usual ones have three thousand."""

SHORT = 160
"""Characters of each line after that: code and beginning of a reply."""


@dataclass
class Transcript:
    """Grows while the dialogue runs; ``lines`` is frozen into the observation at the end."""

    started: float = field(default_factory=time.monotonic)
    entries: list[Line] = field(default_factory=list)
    _kept: int = 0

    def add(self, speaker: Speaker, text: str) -> None:
        """Add a line. Of a server that talks without end only the beginning of each line is kept, which says so."""
        self._kept += len(text)
        if self._kept > ROOM and len(text) > SHORT:
            self._kept -= len(text) - SHORT
            text = f"{text[:SHORT]} [{len(text) - SHORT} characters cut]"
        self.entries.append(Line(round(time.monotonic() - self.started, 3), speaker, text))

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(self.entries)

    def evidence(self) -> tuple[str, ...]:
        return tuple(str(line) for line in self.entries)


@asynccontextmanager
async def kept(transcript: Transcript) -> AsyncIterator[None]:
    """Let ``transcript`` be the evidence where a bound of the run cuts the dialogue."""
    try:
        yield
    except BoundReached as failure:
        transcript.add(Speaker.NOTE, failure.reason)
        failure.evidence = transcript.evidence()
        raise
