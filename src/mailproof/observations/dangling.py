"""Where the names of a domain lead: aliases, addresses for reports, and domains that its texts name."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Annotated

from mailproof.net.dns.client import Answer
from mailproof.observations import Observation
from mailproof.observations.authorities import Silence


@dataclass(frozen=True)
class AliasEnd:
    """An alias of the domain, and the end that it leads to."""

    owner: str
    answer: Annotated[Answer, "A", "TXT"]
    unregistered: str = ""
    """The domain that anybody could register to have the end; empty where it is registered."""

    @property
    def end(self) -> str:
        return self.answer.aliases[-1] if self.answer.aliases else self.owner

    def __str__(self) -> str:
        return " -> ".join((self.owner, *self.answer.aliases))


@dataclass(frozen=True)
class NamedDomain:
    """A domain that a text of the domain names."""

    place: str
    """Where the text stands, and what it is."""
    text: str
    """The part of it that names the domain."""
    domain: str
    """What one registers."""
    unregistered: bool


@dataclass(frozen=True)
class LeadingNames(Observation):
    """Where the names of a mail domain lead, besides its mail hosts, its senders and its keys."""

    domain: str
    services: tuple[AliasEnd, ...]
    """mta-sts, autoconfig and autodiscover, as far as they are aliases."""
    records: tuple[AliasEnd, ...]
    """The domain itself and its records for policies, as far as they are aliases."""
    reports: tuple[NamedDomain, ...]
    """Where reports go (DMARC, TLS reporting), and what BIMI names."""
    texts: tuple[NamedDomain, ...]
    """What the other texts at the domain name by an address."""
    unknown: tuple[Silence, ...] = ()
    """Why something could not be asked, or that it lies beyond the bounds."""
    about: tuple[str, ...] = ()
    """What each of ``unknown`` would have told of: services, records, reports, texts. Older records do not know."""

    def require_all(self, what: str) -> None:
        """Raises the first failure to look at services, records, reports or texts, where there is any."""
        for silence, about in zip_longest(self.unknown, self.about, fillvalue=""):
            if isinstance(silence, Silence) and (not about or what in str(about).split()):
                raise silence.failure()

    def evidence(self) -> tuple[str, ...]:
        aliases = (f"{alias} ({alias.answer.rcode})" for alias in (*self.services, *self.records))
        named = (
            f"{one.place} names {one.domain}: {'not registered' if one.unregistered else 'registered'}"
            for one in (*self.reports, *self.texts)
        )
        return (*aliases, *named, *(one.reason for one in self.unknown))
