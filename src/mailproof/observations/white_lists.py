"""Clients that a mail server never refuses, and whether their names still exist."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.grammars.white_lists import WhiteListEntry
from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class Welcome:
    """An entry of a white list."""

    entry: WhiteListEntry
    place: Place
    exists: bool | None = None
    """Whether its name exists in the DNS; None where it has none, or was not asked for."""
    unknown: str = ""
    """Why that is not known."""


@dataclass(frozen=True)
class WhiteList(Observation):
    """The white lists of a host; none for another program."""

    program: str
    files: tuple[str, ...]
    entries: tuple[Welcome, ...] = ()
    not_asked: int = 0
    """Names beyond the number that is asked for."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}, {len(self.entries)} entries"]
        lines += [f"{one.place}: {one.entry.text} does not exist" for one in self.entries if one.exists is False]
        lines += [f"{one.place}: {one.entry.text}: {one.unknown}" for one in self.entries if one.unknown]
        return (*lines, *((f"{self.not_asked} more names were not asked for",) if self.not_asked else ()))
