"""What strangers are told by the programs that watch a machine."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation


@dataclass(frozen=True)
class MachinePort:
    """One port at one address. ``said`` is its first line."""

    where: str
    port: int
    said: str = ""
    closed: str = ""
    """Why there was no connection."""

    def __str__(self) -> str:
        return f"{self.where}: {self.closed or self.said or 'takes the connection and says nothing'}"


@dataclass(frozen=True)
class MachinePortsSeen(Observation):
    """The ports of a mail host, as this machine sees them."""

    host: str
    inside: bool
    """This machine stands inside the network of the host (``vantage: inside``)."""
    ports: tuple[MachinePort, ...]

    def evidence(self) -> tuple[str, ...]:
        return tuple(map(str, self.ports))
