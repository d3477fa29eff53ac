"""What the MX hosts of a domain offer, with their preferences: a backup has to take what the first ones take."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.tls.facts import Unanswered
from mailproof.observations import Observation


@dataclass(frozen=True)
class Offered:
    """What one MX address offers to a sender, inside TLS where it works."""

    endpoint: str
    preference: int
    backup: bool
    """Its preference is not the lowest, or the inventory says that it is a backup."""
    keywords: tuple[str, ...] | None = None
    """None where nothing was seen, or nobody is served."""
    size: int | None = None
    """The largest message that it takes, in octets; None where it tells no limit."""
    unseen: Unanswered | None = None


@dataclass(frozen=True)
class BackupMX(Observation):
    """All MX addresses of a domain."""

    domain: str
    servers: tuple[Offered, ...]

    def evidence(self) -> tuple[str, ...]:
        return tuple(
            f"{one.preference} {one.endpoint}{' (backup)' if one.backup else ''}: "
            + (one.unseen.reason if one.unseen else " ".join(one.keywords or ("nothing",)) + f", SIZE {one.size}")
            for one in self.servers
        )
