"""Whether a mail host connects strangers elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailproof.observations import Observation

_FIRST_REPLY = re.compile(r"220|([45])\d\d[ -]\1\.\d{1,3}\.\d{1,3}(\s|$)")


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
        """Whether the first reply of a mail server came through it.

        That is a greeting, or the refusal of a server that does not like what it is told before one: such a refusal has
        an enhanced status code (RFC 3463), which no page begins with.
        """
        return _FIRST_REPLY.match(self.came_through) is not None

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
