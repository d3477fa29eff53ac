"""What the addresses of one host, and the servers that the inventory says to be behind it, show of themselves."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.tls.facts import Unanswered
from mailproof.observations import Observation


@dataclass(frozen=True)
class Face:
    """What one endpoint shows. What it has not is None; ``unseen`` is why it could not be looked at, if so."""

    endpoint: str
    port: int
    name: str | None = None
    """The name in the greeting; None also where the protocol has none."""
    keywords: tuple[str, ...] | None = None
    """Those of the first EHLO reply without STARTTLS, which controls of its own judge."""
    versions: tuple[str, ...] | None = None
    """The current versions of TLS that are spoken; whoever speaks older ones is told so elsewhere."""
    suite: str | None = None
    """The suite that is chosen of all that TLS 1.2 has."""
    group: str | None = None
    """The group that is chosen of all that TLS 1.3 has."""
    keys: tuple[str, ...] | None = None
    """SHA-256 of the public keys of the certificates."""
    issuers: tuple[str, ...] | None = None
    unseen: Unanswered | None = None


@dataclass(frozen=True)
class HostFaces(Observation):
    """The endpoints of a host, and of the servers behind it, by port."""

    host: str
    faces: tuple[Face, ...]

    def evidence(self) -> tuple[str, ...]:
        return tuple(line for face in self.faces for line in _lines(face))


def _lines(face: Face) -> list[str]:
    shown = {
        "name": face.name,
        "keywords": None if face.keywords is None else " ".join(face.keywords),
        "TLS": None if face.versions is None else ", ".join(face.versions),
        "suite": face.suite,
        "group": face.group,
        "issuer": None if face.issuers is None else "; ".join(face.issuers),
    }
    return [
        *(f"{face.endpoint}: {what} {said}" for what, said in shown.items() if said is not None),
        *([f"{face.endpoint}: {face.unseen.reason}"] if face.unseen else []),
    ]
