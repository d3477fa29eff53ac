"""Shards: a fleet of domains taken apart, so that each part is discovered, surveyed and judged by a process of its own.

What is judged together lies together. A domain goes where its most preferred MX host goes, and one without MX records
goes by its registrable domain, both by a hash that is the same on every machine. By the domain's own name alone, a host
that serves a thousand domains would be talked to by every process that has one of them; by the operator of the MX,
the hundred thousand customers of a provider whose hosts are named one by one (``example-org.mail.provider.example``)
would be one shard. So the name of the host decides: a thousand domains at one host lie in one shard, and each customer
of such a provider may lie in another.

Domains of one registrable domain lie together, where that one goes: they may share a zone, which is judged by all
domains in it. Families of more than MAX_FAMILY, as a provider gives names to its customers, are taken apart like any
others, and of what their shards say of the zone the worst counts.

A host that the domains of one shard alone name belongs to that shard, whatever its name. One that domains of several
name, as a second MX, belongs to the shard that has most of them, and the others are visitors there: they are
discovered, so that what the host is judged by is known, and not judged.

A zone that stands in a file is judged in one shard as well: that of the domain of its name, or of most domains that lie
in it or have a host there. The other domains in it are visitors there, and one domain of each such host.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from mailproof.inventory.errors import InventoryError, Problem
from mailproof.inventory.load import LoadedInventory
from mailproof.inventory.model import CONTENT
from mailproof.net.dns.client import DNSClient
from mailproof.net.dns.registration import owned, registrable
from mailproof.net.errors import NotObserved
from mailproof.targets.base import Target
from mailproof.targets.discovery import Elsewhere
from mailproof.targets.mail import exchange_names, implicit_mx
from mailproof.targets.zone_contents import ZoneFile

MAX_FAMILY = 1000
"""Domains of one registrable domain that lie together."""

ASKED_AT_ONCE = 200
"""Domains whose MX records are asked for at once."""

INDIVISIBLE = (*(key for key in CONTENT if key not in ("domains", "zone_files")), "own_mailboxes", "drills")
"""Keys of the inventory whose contents are judged by all of its domains: a shard, which knows a few of them, would
judge otherwise."""

HOLDING_TOGETHER = frozenset(
    {
        *("key_company", "keys_together", "look_alikes", "published_addresses", "published_mailboxes"),
        *("server_keys", "trust_set"),
    }
)
"""Observations that hold all domains of a run against each other."""


def require_divisible(loaded: LoadedInventory) -> None:
    """Raises InventoryError for an inventory that names more to judge than domains."""
    problems = []
    for key in INDIVISIBLE:
        if key in loaded.model.model_fields_set and getattr(loaded.model, key):
            place = loaded.places[key,]
            wrong = (
                "shards and fleets judge domains alone: a shard knows some of them, and this is judged by all; "
                "put it into an inventory of its own and run it with pytest, without --shard"
            )
            problems.append(Problem(place.path, place.line, key, wrong))
    if problems:
        raise InventoryError(*problems)


def holds_together(observations: Iterable[str]) -> bool:
    """Whether a control of these observations holds all domains against each other, and no shard can judge it."""
    return not HOLDING_TOGETHER.isdisjoint(observations)


@dataclass(frozen=True)
class Shard:
    """One of ``of`` shards: ``3/64``. Numbers begin with 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Raises ValueError."""
        number, slash, of = text.partition("/")
        if not (slash and number.isascii() and number.isdecimal() and of.isascii() and of.isdecimal()):
            raise ValueError(f"{text!r:.40} is no shard, like 3/64")
        if not 1 <= int(number) <= int(of) <= MAX_SHARDS:
            raise ValueError(f"{text!r:.40}: shards are 1/N to N/N, with N up to {MAX_SHARDS}")
        return cls(int(number), int(of))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


MAX_SHARDS = 100_000


def shard_of(key: str, of: int) -> int:
    """The number of the shard, from 1 to ``of``, that a name belongs to: the same in every process and version."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % of + 1


@dataclass(frozen=True)
class Division:
    """Which shard discovers and judges what, as one shard has to know it."""

    shard: Shard
    own: frozenset[str]
    """The domains of this shard."""
    visitors: frozenset[str] = frozenset()
    """Domains of other shards that a host of this one serves, that a host lies below which is named here, or that
    decide how a zone of this one is judged.
    """
    hosts: frozenset[str] = frozenset()
    """MX hosts that this shard judges."""
    foreign: frozenset[str] = frozenset()
    """Hosts that domains of this shard name, and that another one judges."""
    zones: frozenset[str] = frozenset()
    """Zones of files that this shard judges."""
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    """What the inventory says beyond this shard and decides on consent."""

    @cached_property
    def members(self) -> frozenset[str]:
        """The domains that are discovered here."""
        return self.own | self.visitors

    @property
    def empty(self) -> bool:
        """Whether there is nothing to judge here."""
        return not (self.members or self.zones)

    def judges(self, target: Target, is_named: Callable[[str], bool]) -> bool:
        """Whether ``target`` is judged in this shard.

        ``is_named`` tells whether the inventory names something other than a domain so. That is known in every shard,
        and judged in the one of its name. What nothing of this is said of is judged by whoever comes upon it: the same
        verdict twice is one.
        """
        if isinstance(target, ZoneFile):
            return target.zone in self.zones
        host = target.mail_host
        if host in self.foreign:
            return False
        if host in self.hosts:
            return True
        names = (host, *target.entries)
        for name in names:
            if name in self.own:
                return True
            if name and name not in self.visitors and is_named(name):
                return self._is_here(name)
        return self.visitors.isdisjoint(names)

    def _is_here(self, name: str) -> bool:
        return shard_of(name, self.shard.of) == self.shard.number


class Divider:
    """Takes the domains of a fleet apart by their MX hosts. It holds a few hundred octets for each of them."""

    def __init__(
        self,
        exchanges: Mapping[str, tuple[str, ...]],
        refusing: Collection[str],
        of: int,
        zones: Iterable[str] = (),
    ) -> None:
        """``exchanges`` are the MX hosts of every domain, most preferred first; ``refusing`` the domains to which the
        inventory says ``active: false``; ``zones`` those that stand in files.
        """
        self._zones = frozenset(zones)
        self._exchanges = exchanges
        self._of = of
        self._refusing = refusing
        leaders = _leaders(exchanges)
        self._home = {name: self._home_of(leaders.get(name, name)) for name in exchanges}
        at: dict[str, int] = {}
        for name, hosts in exchanges.items():
            home = self._home[name]
            for host in hosts:
                at[host] = home if at.setdefault(host, home) == home else 0
        several: dict[str, Counter[int]] = {host: Counter() for host, home in at.items() if not home}
        for name, hosts in exchanges.items() if several else ():
            for host in hosts:
                if host in several:
                    several[host][self._home[name]] += 1
        self._owner = {host: home or _most_common(several[host]) for host, home in at.items()}
        """Hosts with the shard that judges them."""

    def _home_of(self, name: str) -> int:
        hosts = self._exchanges[name]
        return shard_of(hosts[0] if hosts else registrable(name), self._of)

    def all(self) -> list[Division]:
        """The divisions of all shards, in order."""
        own: list[list[str]] = [[] for _ in range(self._of)]
        visitors: list[set[str]] = [set() for _ in range(self._of)]
        named: list[set[str]] = [set() for _ in range(self._of)]
        for name, hosts in self._exchanges.items():
            home = self._home[name]
            own[home - 1].append(name)
            places = {home, *(self._owner[host] for host in hosts)}
            for place in places:
                named[place - 1].update(hosts)
                if place != home:
                    visitors[place - 1].add(name)
        zones: list[set[str]] = [set() for _ in range(self._of)]
        for zone, concerned in self._concerned().items():
            place = self._place_of(zone, concerned)
            zones[place - 1].add(zone)
            for name in concerned:
                named[place - 1].update(self._exchanges[name])
                if self._home[name] != place:
                    visitors[place - 1].add(name)
        for number in range(self._of):
            # What is said of a host depends on whether a domain above it is of the inventory, and its zone judged.
            over = {above for host in named[number] for above in _above(host) if above in self._home}
            over = {name for name in over if self._home[name] != number + 1}
            visitors[number] |= over
            named[number].update(host for name in over for host in self._exchanges[name])
        refused = {host for name in self._refusing for host in self._exchanges.get(name, ())}
        found = []
        for number in range(1, self._of + 1):
            hosts_here = named[number - 1]
            foreign = frozenset(host for host in hosts_here if self._owner[host] != number)
            elsewhere = Elsewhere(
                domains=frozenset(above for host in hosts_here for above in _above(host) if above in self._home),
                refused=frozenset(refused & hosts_here),
            )
            shard = Shard(number, self._of)
            mine = frozenset(own[number - 1])
            guests = frozenset(visitors[number - 1])
            ours = frozenset(hosts_here - foreign)
            found.append(Division(shard, mine, guests, ours, foreign, frozenset(zones[number - 1]), elsewhere))
        return found

    def _concerned(self) -> dict[str, list[str]]:
        """By zone, the domains that its contents are judged by: those in it, and one for each of the hosts in it."""
        found: dict[str, list[str]] = {zone: [] for zone in self._zones}
        seen: set[str] = set()
        for name, hosts in self._exchanges.items() if self._zones else ():
            within = {zone for zone in _above(name) if zone in self._zones}
            for host in hosts:
                if host not in seen:
                    seen.add(host)
                    within |= {zone for zone in _above(host) if zone in self._zones}
            for zone in within:
                found[zone].append(name)
        return found

    def _place_of(self, zone: str, concerned: Sequence[str]) -> int:
        """The shard that judges a zone."""
        if zone in self._home:
            return self._home[zone]
        homes = Counter(self._home[name] for name in concerned)
        return _most_common(homes) if homes else shard_of(zone, self._of)


def _leaders(names: Iterable[str]) -> dict[str, str]:
    """Of domains that lie together, the one that the others go with: their registrable domain, or the first of them."""
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(owned(name), []).append(name)
    leaders: dict[str, str] = {}
    for registered, family in families.items():
        if 1 < len(family) <= MAX_FAMILY:
            leaders |= dict.fromkeys(family, registered if registered in family else min(family))
    return leaders


def _most_common(homes: Counter[int]) -> int:
    """The shard that is there most often; of several the first."""
    return min(homes, key=lambda home: (-homes[home], home))


def _above(name: str) -> Iterable[str]:
    """The name and those above it."""
    labels = name.split(".")
    return (".".join(labels[first:]) for first in range(len(labels)))


async def ask_exchanges(
    names: Iterable[str], dns: DNSClient, tick: Callable[[], None] = lambda: None
) -> dict[str, tuple[str, ...]]:
    """The MX hosts of each domain, most preferred first, with one question a domain; none where that is not known.

    A domain without MX records stands for its own host, or for the one that it is an alias of: whether that has an
    address is for discovery to find out.
    ``tick`` is called for each domain.
    """
    found: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
    left = iter(tuple(found))

    async def ask() -> None:
        for name in left:
            try:
                answer = await dns.resolve(name, "MX")
                found[name] = exchange_names(answer) if not answer.empty else (implicit_mx(name, answer),)
            except NotObserved:
                pass
            tick()

    await asyncio.gather(*(ask() for _ in range(ASKED_AT_ONCE)))
    return found
