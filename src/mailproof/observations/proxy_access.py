"""Whom a proxy connects where, by its configuration."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class ProxyAnswered:
    """What a proxy does when it is asked to connect elsewhere; ``connects`` is None where that is not known."""

    client: str
    port: int
    connects: bool | None
    place: Place | None = None
    """The rule that decided."""
    method: str = "CONNECT"


@dataclass(frozen=True)
class ProxyAccess(Observation):
    """Whom a proxy connects where; ``files`` alone for another program."""

    program: str
    files: tuple[str, ...]
    listens: tuple[str, ...] = ()
    """Addresses and ports that it listens at, as its files have them."""
    reachable: bool = True
    """At least one of them is no loopback address."""
    strangers: tuple[ProxyAnswered, ...] = ()
    """A client from somewhere, without a password."""
    users: tuple[ProxyAnswered, ...] = ()
    """The same client with a password, and one in each network that the rules name."""
    ports: tuple[int, ...] = ()

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}, listens at {', '.join(self.listens) or 'its default'}"]
        for one in (*self.strangers, *self.users):
            does = {True: "connected", False: "refused", None: "not known"}[one.connects]
            lines.append(
                f"{one.client}, {one.method} to port {one.port}: {does}{f' ({one.place})' if one.place else ''}"
            )
        return tuple(lines)


@dataclass(frozen=True)
class ProxyShown(Observation):
    """What the ports of a proxy did when a stranger asked for a mail server."""

    host: str
    open_ports: tuple[str, ...] = ()
    """Those through which the greeting came, with their addresses; none where nobody asked."""

    def evidence(self) -> tuple[str, ...]:
        return tuple(f"{where} connects strangers to a mail server" for where in self.open_ports)
