"""What registries say of domains and networks (RDAP, RFC 9083), and what the DNS says of the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailproof.grammars.rdap import DomainEntry, NetworkEntry
from mailproof.net.errors import NotObserved
from mailproof.observations import Observation


@dataclass(frozen=True)
class RDAPAnswer(Observation):
    """What a registry answers. ``text`` is empty where it has no such object, or where there is no registry to ask."""

    path: str
    url: str
    """Empty: no bootstrap file names a registry."""
    text: str = ""

    def evidence(self) -> tuple[str, ...]:
        return (self.url or f"no registry for {self.path}", *self.text.splitlines()[:200])


@dataclass(frozen=True)
class DomainRegistration(Observation):
    """A registered domain as its registry and its parent zone have it."""

    name: str
    """The name that is registered."""
    at: str
    """When it was asked for (ISO 8601)."""
    url: str
    """Empty: no bootstrap file names a registry."""
    entry: DomainEntry | None = None
    parent_servers: tuple[str, ...] = ()
    """NS at the parent; nothing where that is not known."""
    parent_tags: tuple[int, ...] | None = None
    """Key tags of the DS records at the parent; None where these are not known."""
    failure: str = ""
    """Why it is not known what the parent has, and the kind of that failure, as in ``net.errors``."""
    kind: str = NotObserved.kind

    def age_at(self, action: str) -> timedelta | None:
        """How long ago an event was (before now: positive); None where the registry does not say."""
        date = self.entry.date_of(action) if self.entry else ""
        try:
            when = datetime.fromisoformat(date)
            if when.tzinfo is None:
                when = when.replace(tzinfo=UTC)
            return datetime.fromisoformat(self.at) - when
        except (ValueError, TypeError, OverflowError):
            return None

    def evidence(self) -> tuple[str, ...]:
        lines = [self.url or f"no registry for {self.name}"]
        if self.entry:
            lines.append(f"status: {', '.join(self.entry.status) or 'none'}")
            lines += [f"{action}: {date}" for action, date in self.entry.events]
            lines.append(f"name servers: {', '.join(self.entry.name_servers) or 'none'}")
            tags = self.entry.key_tags
            lines.append(f"key tags of DS: {'not said' if tags is None else ', '.join(map(str, tags)) or 'none'}")
        lines.append(f"name servers at the parent: {', '.join(self.parent_servers) or 'not known'}")
        return tuple(lines)


@dataclass(frozen=True)
class AbuseContact(Observation):
    """Whom the registry of an address names for abuse, and whether their domains take mail."""

    address: str
    url: str
    """Empty: nobody was asked."""
    entry: NetworkEntry | None = None
    without_mail: tuple[str, ...] = ()
    """Mailboxes in domains that take no mail."""

    def evidence(self) -> tuple[str, ...]:
        if self.entry is None:
            return (self.url or "no registry was asked",)
        return (self.url, f"network {self.entry.handle}", f"abuse: {', '.join(self.entry.abuse) or 'nobody'}")


@dataclass(frozen=True)
class TrustSet(Observation):
    """Whose names decide where the mail of a domain goes and whether it is believed: what is asked anyway."""

    domain: str
    names: tuple[tuple[str, str], ...]
    """Pairs of what the name is (name server, MX host, SPF include, alias) and the name."""
    trusted: tuple[str, ...]
    """The domains that the inventory trusts, and its own; empty where it says nothing of trust."""

    @property
    def strangers(self) -> tuple[tuple[str, str], ...]:
        """Those in no trusted domain."""
        return tuple(
            (what, name)
            for what, name in self.names
            if not any(f".{name}".endswith(f".{trusted}") for trusted in self.trusted)
        )

    def evidence(self) -> tuple[str, ...]:
        return tuple(f"{what}: {name}" for what, name in self.names)


@dataclass(frozen=True)
class PublishedTTLs(Observation):
    """The TTLs of what a move of the mail changes."""

    domain: str
    ttls: tuple[tuple[str, int], ...]
    """Pairs of name and type, and the largest TTL seen."""
    unknown: tuple[str, ...] = ()
    proposed: bool = False
    """The domain is judged as a zone file proposes it."""

    def evidence(self) -> tuple[str, ...]:
        return (*(f"{what}: {ttl} s" for what, ttl in self.ttls), *self.unknown)


@dataclass(frozen=True)
class LookAlikes(Observation):
    """Names that look like a domain, and those of them that exist."""

    domain: str
    asked: tuple[str, ...]
    registered: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    def evidence(self) -> tuple[str, ...]:
        return (f"asked: {', '.join(self.asked)}", f"exist: {', '.join(self.registered) or 'none'}", *self.unknown)


@dataclass(frozen=True)
class SourceText(Observation):
    """What a file or URL of the inventory holds."""

    source: str
    text: str

    def evidence(self) -> tuple[str, ...]:
        return (f"{self.source}: {len(self.text)} characters",)


@dataclass(frozen=True)
class ListedNetworks(Observation):
    """The networks, in lists of the inventory, that hold an address."""

    address: str
    lists: tuple[str, ...]
    found: tuple[tuple[str, str], ...]
    """Pairs of list and network."""

    def evidence(self) -> tuple[str, ...]:
        return (f"{self.address} was looked for in {', '.join(self.lists) or 'no list'}",)
