"""The DNS lists that a mail server or a spam filter asks, and how they answer."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class ListTried:
    """A list, and its answers about the addresses that RFC 5782, section 5 sets aside."""

    zone: str
    """Without a customer's key."""
    place: Place
    welcomes: bool
    of_addresses: bool
    listed: tuple[str, ...] = ()
    """The answer about 127.0.0.2, which every list of addresses has."""
    unlisted: tuple[str, ...] = ()
    """The answer about 127.0.0.1, which none has."""
    unknown: str = ""
    """Why it could not be asked, or refused us."""
    passed_over: tuple[str, ...] = ()
    """Answers about 127.0.0.1 that the configuration does not go by."""


@dataclass(frozen=True)
class FilterLists(Observation):
    """The lists that a program asks about its clients; none for a program that asks none."""

    program: str
    files: tuple[str, ...]
    lists: tuple[ListTried, ...] = ()
    left: int = 0
    """Lists that were not asked, since there are so many."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}"]
        for tried in self.lists:
            said = tried.unknown or (
                f"127.0.0.2: {', '.join(tried.listed) or 'not listed'}; "
                f"127.0.0.1: {', '.join(tried.unlisted) or 'not listed'}"
            )
            if tried.passed_over:
                said += f" ({', '.join(tried.passed_over)} does not count by the configuration)"
            lines.append(f"{tried.place}: {tried.zone}: {said}")
        return tuple(lines)
