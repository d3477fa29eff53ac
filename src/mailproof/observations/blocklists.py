"""DNS blocklists (RFC 5782)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mailproof.net.dns.client import Answer
from mailproof.observations import Observation


@dataclass(frozen=True)
class Listing(Observation):
    """What a list that passed its own test says of an address, or of a domain."""

    address: str
    blocklist: str
    answer: Annotated[Answer, "A"]
    reason: tuple[str, ...]
    """The list's TXT records about the address."""
    meanings: tuple[str, ...] = ()
    """What its answers mean, by the inventory."""
    expected: bool = False
    """The address should be listed: it is a list of good senders."""

    @property
    def codes(self) -> tuple[str, ...]:
        """The addresses in 127.0.0.0/8 that say that it is listed, and how."""
        return tuple(record.data for record in self.answer.records)

    @property
    def told(self) -> str:
        """The codes, with what they mean, and the list's reason."""
        codes = ", ".join((*self.codes, *self.meanings))
        return f"({codes})" + (f": {'; '.join(self.reason)}" if self.reason else "")

    def evidence(self) -> tuple[str, ...]:
        return (*self.answer.evidence(), *(f'TXT "{text}"' for text in self.reason))


@dataclass(frozen=True)
class DomainListing(Listing):
    """What a list of domains that passed its own test says of a domain, which is the ``address``."""
