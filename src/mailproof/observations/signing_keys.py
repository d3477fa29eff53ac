"""Private keys of signers, beside what is published of them."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.observations.dkim import DKIMKey


@dataclass(frozen=True)
class SigningKeyHalf(Observation):
    """The public half of a private key, and the key that its selector publishes. The private half is in nothing."""

    file: str
    fingerprint: str = ""
    """SHA-256 of the modulus or of the Ed25519 key; empty where the file is no selector's."""
    kind: str = ""
    bits: int = 0
    published: DKIMKey | None = None

    def evidence(self) -> tuple[str, ...]:
        line = f"{self.file}: {self.kind}, {self.bits} bits, SHA-256 of the public half {self.fingerprint}"
        return (line, *self.published.evidence()) if self.published else ()
