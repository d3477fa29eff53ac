"""What the resolvers of the mail hosts answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import dns.dnssec
import dns.rdtypes.ANY.DNSKEY

from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.observations import Observation
from mailproof.observations.authorities import Silence
from mailproof.observations.configuration import ProgramSettings, SettingSeen

Said = Annotated[Answer, "A"] | Silence

CACHED_ERROR = 13
"""The extended error of a failure that was remembered (RFC 8914, section 4.14)."""


@dataclass(frozen=True)
class ListSeen:
    """What a resolver says of the two test entries of a blocklist (RFC 5782, section 5)."""

    name: str
    listed: Said
    """The entry that every working list has."""
    unlisted: Said
    """The entry that none may have."""


@dataclass(frozen=True)
class ResolverAnswers(Observation):
    """What one resolver answers to one question of each kind. All but the first are asked where it serves us at all."""

    resolver: str
    at: str
    """When it was asked (ISO 8601)."""
    root: Annotated[Answer, "SOA"] | Silence
    keys: Annotated[Answer, "DNSKEY"] | Silence | None = None
    """The keys of the root."""
    bogus: Said | None = None
    """The name that must not validate, and the same without validation."""
    unchecked: Said | None = None
    missing: Said | None = None
    """A name that does not exist."""
    known: Said | None = None
    """a.root-servers.net, whose address never changes."""
    first: Annotated[Answer, "NS"] | Silence | None = None
    """The servers of the root, and the same some seconds later, several times."""
    later: tuple[Annotated[Answer, "NS"] | Silence, ...] = ()
    ipv6_only: Said | None = None
    trusts: Said | None = None
    """The sentinel for "the key is a trust anchor" (RFC 8509), and the one for "it is not"."""
    distrusts: Said | None = None
    failing: Said | None = None
    """A name whose zone does not answer, asked twice in a row."""
    failing_again: Said | None = None
    lists: tuple[ListSeen, ...] = ()

    @property
    def asked(self) -> Iterator[Answer | Silence]:
        """All answers and silences."""
        for said in (
            *(self.root, self.keys, self.bogus, self.unchecked, self.missing, self.known, self.first, *self.later),
            *(self.ipv6_only, self.trusts, self.distrusts, self.failing, self.failing_again),
            *(said for seen in self.lists for said in (seen.listed, seen.unlisted)),
        ):
            if said is not None:
                yield said

    @property
    def serves(self) -> bool:
        """Whether it looks up names for this machine."""
        return isinstance(self.root, Answer) and self.root.exists

    @property
    def day(self) -> datetime:
        return datetime.fromisoformat(self.at)

    @property
    def validates(self) -> bool | None:
        """Whether it refuses what does not validate; None where that cannot be told."""
        if isinstance(self.bogus, Answer) and isinstance(self.unchecked, Answer) and self.unchecked.exists:
            if self.bogus.exists:
                return False
            if self.bogus.rcode == "SERVFAIL":
                return True
        if isinstance(self.root, Answer) and self.root.exists:
            return self.root.authenticated
        return None

    @property
    def key_tags(self) -> frozenset[int]:
        """The tags of the root's keys that it has."""
        records = self.keys.records if isinstance(self.keys, Answer) else ()
        return frozenset(map(_key_tag, records))

    def evidence(self) -> tuple[str, ...]:
        return tuple(line for said in self.asked for line in said.evidence())


def _key_tag(record: ResourceRecord) -> int:
    tag: int = dns.dnssec.key_id(record.rdata(dns.rdtypes.ANY.DNSKEY.DNSKEY))
    return tag


@dataclass(frozen=True)
class View:
    """What one resolver says of the mail of a domain."""

    resolver: str
    answers: tuple[Annotated[Answer, "MX", "TXT", "TLSA"] | Silence, ...]


@dataclass(frozen=True)
class ResolverViews(Observation):
    """MX and TXT of a mail domain, and TLSA of its first MX host, as several resolvers give them."""

    domain: str
    views: tuple[View, ...]
    """The first is that of the run's own resolvers."""
    proposed: bool = False
    """The domain is judged as a zone file proposes it, which no resolver has yet."""

    def evidence(self) -> tuple[str, ...]:
        return tuple(line for view in self.views for said in view.answers for line in said.evidence())


@dataclass(frozen=True)
class DNSOverTLS(Observation):
    """How a resolver answers over TLS (RFC 7858); nothing where the inventory does not say that it does."""

    resolver: str
    answer: Annotated[Answer, "SOA"] | None = None
    refusal: str = ""
    """What is wrong with a server that is there: it refuses the connection, or its certificate is refused."""

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence() if self.answer else (self.refusal,) if self.refusal else ()


@dataclass(frozen=True)
class ResolverSettings(Observation):
    """What a resolver writes down and keeps, by its own configuration."""

    settings: ProgramSettings
    includes: tuple[str, ...] = ()
    """Files that are included and not read."""

    @property
    def is_resolver(self) -> bool:
        """Whether the program is one that looks up names, as far as the files say."""
        recursion = self.settings.get("recursion")
        return self.settings.program in ("unbound", "bind") and not (recursion and recursion.value == "no")

    @property
    def logged(self) -> SettingSeen | None:
        """The setting by which queries are written to a log; None where they are not."""
        for name in ("log-queries", "log-replies", "querylog"):
            found = self.settings.get(name)
            if found is not None and found.value in ("yes", "true"):
                return found
        category, switch = self.settings.get("category queries"), self.settings.get("querylog")
        off = switch is not None and switch.value in ("no", "false")
        return category if category is not None and category.value != "null" and not off else None

    @property
    def cache_size(self) -> SettingSeen | None:
        """The setting that bounds the cache; None where the program's default does."""
        return self.settings.get("max-cache-size") or self.settings.get("rrset-cache-size")

    def evidence(self) -> tuple[str, ...]:
        return (*self.settings.evidence(), *(f"{one} is included and not read" for one in self.includes))
