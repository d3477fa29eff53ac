"""The servers behind balancers, by the balancers' configuration."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class ServerBehind:
    """A server behind a balancer, and whether the balancer looks whether it lives."""

    name: str
    checked: bool | None
    """None where what is not read may say so."""
    place: Place


@dataclass(frozen=True)
class ServerGroup:
    """Servers of which a client meets one."""

    name: str
    servers: tuple[ServerBehind, ...]
    is_whole: bool = True
    """No more of them may stand in what is not read."""


@dataclass(frozen=True)
class BalancerSettings(Observation):
    """The groups of servers behind a balancer; none for another program."""

    program: str
    files: tuple[str, ...]
    groups: tuple[ServerGroup, ...] = ()
    unread: tuple[str, ...] = ()
    """Of keepalived: what the files include where groups and servers may stand, and what is not read."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}"]
        for group in self.groups:
            lines += [
                f"{server.place}: {group.name}: {server.name}{_CHECKED[server.checked]}" for server in group.servers
            ]
        return tuple(lines)


_CHECKED = {True: "", False: ", not checked", None: ", of which it is not known whether it is checked"}
