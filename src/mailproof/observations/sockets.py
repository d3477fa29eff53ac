"""Where the programs of a host listen, and whether its packet filter lets strangers in there."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class OpenSocket:
    """A socket at which others than the host itself may connect.

    ``verdict`` is what the host's packet filter does with a stranger: ``accept``, ``drop``, or ``unread`` where it
    cannot be told.
    """

    where: str
    port: int
    verdict: str
    place: Place


@dataclass(frozen=True)
class Listening(Observation):
    """The sockets of a host; ``files`` alone for another program."""

    program: str
    files: tuple[str, ...]
    sockets: tuple[OpenSocket, ...] = ()
    declared: tuple[int, ...] = ()
    """The ports at which the inventory has services of the host."""
    filters: tuple[str, ...] = ()
    """The files of the host's packet filter."""

    def evidence(self) -> tuple[str, ...]:
        return (
            f"{self.program}: {', '.join(self.files)}",
            f"packet filter: {', '.join(self.filters) or 'none is known'}",
            f"services of the inventory: {', '.join(map(str, self.declared)) or 'none'}",
            *(f"{one.place}: {one.where}: {one.verdict}" for one in self.sockets),
        )
