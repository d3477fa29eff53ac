"""What the rules of a packet filter do with connections that begin here, or that pass through."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.places import Place


@dataclass(frozen=True)
class Way:
    """What becomes of a connection from one side of a machine to another.

    ``verdict`` is ``accept``, ``drop`` (a rejection too), ``redirect``, or ``unread`` where the rules leave it open.
    """

    family: str
    """``ip`` or ``ip6``."""
    arrives: str
    """The interface, or a name that no rule has, which stands for all others; empty for a program of the machine."""
    leaves: str
    source: str
    verdict: str
    place: Place | None
    """The rule or chain that decided."""

    def __str__(self) -> str:
        origin = f"{self.source} ({self.arrives})" if self.arrives else "a program of another user"
        return f"{origin}, to {self.leaves}{' over IPv6' if self.family == 'ip6' else ''}"


@dataclass(frozen=True)
class EgressSeen(Observation):
    """What the packet filter of a host does with connections to the outside; ``files`` alone for another program."""

    program: str
    files: tuple[str, ...]
    chains: int = 0
    is_router: bool = False
    """Rules for packets that pass through, or an address put in their place: others go out through this machine."""
    has_hook: bool = True
    """Whether what others send through it, or else what programs of the machine itself send, is filtered at all."""
    outside: tuple[str, ...] = ()
    """Interfaces behind which packets get another source: these lead outside."""
    mail: tuple[Way, ...] = ()
    """To port 25 of somebody else."""
    web: tuple[Way, ...] = ()
    """To port 80 of somebody else, where some of it is redirected; empty where nothing is."""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.program}: {', '.join(self.files)}, {self.chains} chains"]
        lines += [f"outside: {', '.join(self.outside)}"] if self.outside else []
        for port, ways in ((25, self.mail), (80, self.web)):
            lines += [f"port {port} from {way}: {way.verdict}{f' ({way.place})' if way.place else ''}" for way in ways]
        return tuple(lines)
