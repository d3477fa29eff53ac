"""DNS blocklists (RFC 5782)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mailproof.net.dns.client import Answer
from mailproof.observations import Observation


@dataclass(frozen=True)
class Listing(Observation):
    """What a blocklist that passed its own test says of an address."""

    address: str
    blocklist: str
    answer: Annotated[Answer, "A"]
    reason: tuple[str, ...]
    """The list's TXT records about the address."""

    @property
    def codes(self) -> tuple[str, ...]:
        """The addresses in 127.0.0.0/8 that say that it is listed, and how."""
        return tuple(record.data for record in self.answer.records)

    def evidence(self) -> tuple[str, ...]:
        return (*self.answer.evidence(), *(f'TXT "{text}"' for text in self.reason))
