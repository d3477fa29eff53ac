"""Who the sources of a domain's mail are: what reverse DNS and the lists of the inventory say of them."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations import Observation
from mailproof.observations.reports import SourceSeen
from mailproof.observations.source_classes import FORWARDED, Known, SourceClass, classify


@dataclass(frozen=True)
class FailingSource:
    """An address that sends in the name of the domain, and what is known of it."""

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
    declared: bool = False
    """Whether the inventory names it."""

    @property
    def kind(self) -> SourceClass:
        return self._judged[0]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks for its kind."""
        return self._judged[1]

    @property
    def _judged(self) -> tuple[SourceClass, tuple[str, ...]]:
        return classify(self.source, Known(self.declared, self.own, self.welcome, self.listed))

    @property
    def is_told(self) -> bool:
        """Whether a name, a receiver or a list says who it is; whatever else speaks for its kind leaves that open."""
        return bool(self.own or self.welcome or self.listed or FORWARDED & set(self.source.reasons))

    def describe(self) -> str:
        """One line of proof."""
        names = ", ".join(self.names) or "no PTR that leads back"
        told = "; ".join(self.reasons)
        return "; ".join((f"{self.source.describe()}: {self.kind}", names, told, *self.unknown))


@dataclass(frozen=True)
class FailingSources(Observation):
    """The sources with the most messages that fail DMARC, those of the inventory left aside; and the others."""

    domain: str
    messages: int
    """All that the reports tell of."""
    sources: tuple[FailingSource, ...] = ()
    left_out: int = 0
    """Further ones that nobody asked about."""
    others: tuple[FailingSource, ...] = ()
    """Sources of the inventory, and those whose mail passes: the ones with the most messages."""
    unread: tuple[str, ...] = ()
    """Files of reports that could not be read, and why."""

    def evidence(self) -> tuple[str, ...]:
        more = (f"{self.left_out} further sources were not looked at",) if self.left_out else ()
        return (*(source.describe() for source in (*self.sources, *self.others)), *more, *self.unread)


@dataclass(frozen=True)
class OwnSourceSeen(Observation):
    """What the reports on a domain tell of an address that the inventory names."""

    domain: str
    seen: FailingSource
    """Nobody was asked about it where no report tells of messages from it."""
    messages: int
    """All that the reports tell of, from whatever address."""
    left_out: int = 0
    """Sources beyond the bound of the reports: the address may be among them."""
    unread: tuple[str, ...] = ()
    """Files of reports that could not be read, and why."""

    def evidence(self) -> tuple[str, ...]:
        more = (f"{self.left_out} further sources were not looked at",) if self.left_out else ()
        return (self.seen.describe(), *more, *self.unread)
