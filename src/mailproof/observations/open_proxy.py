"""Whether a mail host connects strangers elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation


@dataclass(frozen=True)
class ProxyPort:
    """One port, and what came of asking it for a connection to a mail server."""

    where: str
    outcome: str
    """What it says, or why there was no connection to it."""
    reached: bool
    came_through: str = ""
    """The first line that came through it."""

    @property
    def is_open(self) -> bool:
        """Whether the greeting of a mail server came through it."""
        return self.came_through.startswith("220")

    def __str__(self) -> str:
        through = f"; through it comes {self.came_through}" if self.came_through else ""
        return f"{self.where}: {self.outcome}{through}"


@dataclass(frozen=True)
class OpenProxy(Observation):
    """The ports of a host where proxies listen."""

    host: str
    wanted: str
    """The mail server that the ports were asked for."""
    ports: tuple[ProxyPort, ...]

    def evidence(self) -> tuple[str, ...]:
        return (f"asked for a connection to {self.wanted}:", *map(str, self.ports))
