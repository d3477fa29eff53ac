"""How a resolver gets from the root to a name: the zones on the way, and what the names of their servers rest on."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation


@dataclass(frozen=True)
class ZoneOnTheWay:
    """A zone on the way to a name, and the first of its servers that has an IPv6 address."""

    zone: str
    servers: tuple[str, ...]
    ipv6_server: str = ""
    """Empty: none has an IPv6 address, as far as could be found out."""
    failure: str = ""
    """Why that could not be found out of all servers."""


@dataclass(frozen=True)
class IPv6Path(Observation):
    """The zones between the root and a mail domain, and between the root and its MX hosts."""

    domain: str
    own_zone: str
    """The zone that holds the domain."""
    zones: tuple[ZoneOnTheWay, ...]
    unknown: tuple[str, ...] = ()
    """Why the way to some names is not known."""

    def evidence(self) -> tuple[str, ...]:
        found = (
            f"{zone.zone}: {zone.ipv6_server or zone.failure or 'none'} of {', '.join(zone.servers) or 'no server'}"
            for zone in self.zones
        )
        return ("servers with an IPv6 address, by zone:", *found, *self.unknown)


@dataclass(frozen=True)
class Ring:
    """Zones whose servers' names need each other in a circle: each is a zone with the servers that it names."""

    host: str
    """The server's name from which it was found."""
    zones: tuple[str, ...]

    def __str__(self) -> str:
        return " needs ".join((*self.zones, *self.zones[:1]))


@dataclass(frozen=True)
class NameServerRings(Observation):
    """Why the names of a zone's servers cannot be resolved: circles of zones that need each other."""

    zone: str
    unresolved: tuple[str, ...]
    """The servers' names that cannot be resolved."""
    rings: tuple[Ring, ...] = ()
    lines: tuple[str, ...] = ()
    """What the servers of the parents say."""

    def evidence(self) -> tuple[str, ...]:
        unresolved = (f"cannot be resolved: {', '.join(self.unresolved)}",) if self.unresolved else ()
        return (*unresolved, *self.lines)
