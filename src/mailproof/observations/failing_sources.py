"""Who the sources are whose mail fails DMARC: what reverse DNS and the lists of the inventory say of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailproof.observations import Observation
from mailproof.observations.reports import SourceSeen

FORWARDED = frozenset({"forwarded", "trusted_forwarder", "mailing_list"})
"""Reasons by which a receiver says that a message was passed on (RFC 9990; RFC 7489, appendix C)."""


class Kind(StrEnum):
    """What a source is, as far as it can be told."""

    OWN = "a host of our own by its reverse name"
    FORGER = "listed as a bad sender"
    FORWARDER = "passes mail on"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class FailingSource:
    """An address that the inventory does not know, and whose mail in the name of the domain fails."""

    source: SourceSeen
    names: tuple[str, ...] = ()
    """Its PTR names that lead back to it."""
    own: str = ""
    """The one that is a domain of the inventory, or lies below one."""
    listed: tuple[str, ...] = ()
    """The lists of bad senders that have it."""
    welcome: tuple[str, ...] = ()
    """The lists of good senders that have it."""
    unknown: tuple[str, ...] = ()
    """What could not be asked, and why."""

    @property
    def kind(self) -> Kind:
        if self.own:
            return Kind.OWN
        if self.welcome or FORWARDED & set(self.source.reasons):
            return Kind.FORWARDER
        return Kind.FORGER if self.listed else Kind.UNKNOWN

    def describe(self) -> str:
        """One line of proof."""
        names = ", ".join(self.names) or "no PTR that leads back"
        lists = [*(f"listed at {name}" for name in self.listed), *(f"welcome at {name}" for name in self.welcome)]
        return "; ".join((f"{self.source.describe()}: {self.kind}", names, *lists, *self.unknown))


@dataclass(frozen=True)
class FailingSources(Observation):
    """The sources with the most messages that fail DMARC, those of the inventory left aside."""

    domain: str
    messages: int
    """All that the reports tell of."""
    sources: tuple[FailingSource, ...] = ()
    left_out: int = 0
    """Further ones that nobody asked about."""

    def evidence(self) -> tuple[str, ...]:
        more = (f"{self.left_out} further sources were not looked at",) if self.left_out else ()
        return (*(source.describe() for source in self.sources), *more)
