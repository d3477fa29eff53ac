"""The servers behind balancers, by the balancers' configuration."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class ServerBehind:
    """A server behind a balancer, and whether the balancer looks whether it lives."""

    name: str
    checked: bool
    place: Place


@dataclass(frozen=True)
class ServerGroup:
    """Servers of which a client meets one."""

    name: str
    servers: tuple[ServerBehind, ...]


@dataclass(frozen=True)
class BalancerSettings(Observation):
    """The groups of servers behind a balancer; none for another program."""

    program: str
    files: tuple[str, ...]
    groups: tuple[ServerGroup, ...] = ()

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}"]
        for group in self.groups:
            lines += [
                f"{server.place}: {group.name}: {server.name}{'' if server.checked else ', not checked'}"
                for server in group.servers
            ]
        return tuple(lines)
