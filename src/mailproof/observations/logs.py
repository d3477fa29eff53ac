"""What logs of mail servers come to: versions of TLS, and clients that were refused."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation


@dataclass(frozen=True)
class ClientSeen:
    """A client in a log, with what was counted and how often: a version of TLS, or a reason to refuse it."""

    address: str
    what: str
    count: int

    def __str__(self) -> str:
        return f"{self.address}: {self.count} x {self.what}"


@dataclass(frozen=True)
class LogsSeen(Observation):
    """The logs of one entry of the inventory, counted."""

    name: str
    files: int
    lines: int
    sessions: tuple[tuple[str, int], ...] = ()
    """Incoming sessions inside TLS by version."""
    old: tuple[ClientSeen, ...] = ()
    """Clients that speak a version before TLS 1.2; the most sessions first."""
    refused: tuple[ClientSeen, ...] = ()
    """Clients that were refused for their own set-up; the most refusals first."""
    reached: tuple[str, ...] = ()
    """Some servers of others whose port 25 was reached."""
    unreached: tuple[str, ...] = ()
    """Some servers of others from whose port 25 nothing came."""

    def share(self, versions: tuple[str, ...]) -> float:
        """The share of the sessions that have one of these versions, in per cent."""
        total = sum(count for _, count in self.sessions)
        return 100 * sum(count for version, count in self.sessions if version in versions) / total if total else 0.0

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.name}: {self.lines} lines in {self.files} files"]
        lines += [f"{count} sessions of {version}" for version, count in self.sessions]
        lines += [f"{what} at port 25: {', '.join(servers[:3])}" for what, servers in self._servers() if servers]
        return (*lines, *map(str, self.old), *(f"refused: {client}" for client in self.refused))

    def _servers(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (("reached", self.reached), ("not reached", self.unreached))


@dataclass(frozen=True)
class RefusedSender:
    """A client that was refused, and why it should perhaps not have been."""

    client: ClientSeen
    names: tuple[str, ...] = ()
    """Its PTR names."""
    partner: str = ""
    """The partner of the inventory that it is."""
    welcome: tuple[str, ...] = ()
    """The lists of good senders that have it."""
    unknown: tuple[str, ...] = ()
    """What could not be asked, and why."""

    def describe(self) -> str:
        lists = [f"welcome at {name}" for name in self.welcome]
        partner = [f"partner {self.partner}"] if self.partner else []
        return "; ".join((str(self.client), ", ".join(self.names) or "no PTR", *partner, *lists, *self.unknown))


@dataclass(frozen=True)
class RefusedSenders(Observation):
    """Those of the refused clients that were looked at: the ones with the most refusals."""

    name: str
    senders: tuple[RefusedSender, ...] = ()
    left_out: int = 0
    """Further ones that nobody asked about."""
    is_compared: bool = True
    """The inventory names partners, or lists of good senders."""
    understood: bool = True
    """The logs have lines of a mail server that are understood."""

    def evidence(self) -> tuple[str, ...]:
        more = (f"{self.left_out} further clients were not looked at",) if self.left_out else ()
        return (*(sender.describe() for sender in self.senders), *more)
