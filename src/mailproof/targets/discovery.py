"""Discovery: from the inventory to targets, by what the DNS says of its domains. It asks questions and connects to
nobody.

A finder is an async function that adds the targets of one kind. It says after which other kinds it looks:

    @finder(Selector, after=(MailDomain,))
    async def find_selectors(search: Search) -> None: ...
"""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from ipaddress import ip_address
from pathlib import Path
from types import FunctionType

from mailproof.extensions import broken, defined, extension_of, told
from mailproof.inventory.budgets import MAX_ADDRESSES
from mailproof.inventory.model import Host, Inventory
from mailproof.net.dns.client import Answer, DNSClient
from mailproof.net.errors import Bogus, NotObserved
from mailproof.net.files import Files
from mailproof.net.settings import NetSettings
from mailproof.net.source import shortage
from mailproof.targets.base import Target, Targets, Undiscovered


@dataclass(frozen=True)
class Addresses:
    """What the inventory or the DNS says of the addresses of a host."""

    name: str
    addresses: tuple[str, ...]
    failures: tuple[NotObserved, ...] = ()
    """Why some addresses may be missing: one for A, one for AAAA, one if there are too many."""


@dataclass(frozen=True)
class Elsewhere:
    """Where only a shard of an inventory is discovered: what the rest of it says and decides on consent here."""

    domains: frozenset[str] = frozenset()
    """Domains of the inventory that hosts of this shard are, or lie below."""
    refused: frozenset[str] = frozenset()
    """Hosts that a domain of the inventory lets nobody probe actively."""


@dataclass
class Search:
    """What finders work with, and what the ones before have found."""

    inventory: Inventory
    dns: DNSClient
    settings: NetSettings
    directory: Path = field(default_factory=Path)
    """Where the inventory lies."""
    files: Files = field(default_factory=Files)
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    targets: Targets = field(default_factory=Targets)
    exchanges: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The MX hosts of each domain whose MX records are known, most preferred first."""

    @cached_property
    def hosts(self) -> dict[str, Host]:
        """The hosts that the inventory names."""
        return {host.name: host for host in self.inventory.hosts}

    @cached_property
    def named_addresses(self) -> frozenset[str]:
        """The addresses that the inventory gives for its hosts."""
        return frozenset(address for host in self.inventory.hosts for address in host.addresses)

    @property
    def sending_domains(self) -> tuple[str, ...]:
        """The domains of the inventory that send mail."""
        return tuple(domain.name for domain in self.inventory.domains if domain.sends and not domain.parked)

    def named(self, path: Path) -> str:
        """A file as reports call it: relative to the inventory, if it lies below it."""
        try:
            return str(path.relative_to(self.directory.resolve()))
        except ValueError:
            return str(path)

    async def addresses(self, name: str) -> Addresses:
        """The addresses of a host: those that the inventory gives, else those in the DNS, up to MAX_ADDRESSES."""
        if name in self.hosts and self.hosts[name].addresses:
            return Addresses(name, tuple(self.hosts[name].addresses))
        answers = await asyncio.gather(
            self.dns.resolve(name, "A"), self.dns.resolve(name, "AAAA"), return_exceptions=True
        )
        found: dict[str, None] = {}
        failures: list[NotObserved] = []
        for answer in answers:
            if isinstance(answer, NotObserved):
                failures.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found |= dict.fromkeys(str(ip_address(record.data)) for record in answer.records)
        if len(found) > MAX_ADDRESSES:
            failures.append(NotObserved(f"{len(found)} addresses: only the first {MAX_ADDRESSES} are looked at"))
        return Addresses(name, tuple(found)[:MAX_ADDRESSES], tuple(failures))

    async def unvalidated(self, name: str, type: str) -> Answer:
        """The answer, even if it does not validate: a bogus zone is a target, and what is wrong with it is for
        controls. Raises NotObserved.

        It is asked for again without validation then (CD, RFC 4035, section 3.2.2).
        """
        try:
            return await self.dns.resolve(name, type)
        except Bogus:
            return await self.dns.resolve(name, type, checking_disabled=True)


Find = Callable[[Search], Awaitable[None]]


@dataclass(frozen=True)
class Finder:
    """A finder: the kind of target that it adds, and the kinds that must have been found before."""

    find: Find
    kind: type[Target]
    after: tuple[type[Target], ...]

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(getattr(self.find, "__name__", self.find))

    @property
    def module(self) -> str:
        """The module that defines it."""
        return self.find.__module__

    def needs(self, other: Finder) -> bool:
        """Whether ``other`` may add what this one looks at."""
        return other is not self and any(
            issubclass(other.kind, kind) or issubclass(kind, other.kind) for kind in self.after
        )


def finder(kind: type[Target], *, after: tuple[type[Target], ...] = ()) -> Callable[[Find], Find]:
    """Make an async function the finder of a kind of target, and of those that derive from it.

    Raises TypeError for what is no async function or no kind of target.
    """
    for named in (kind, *after):
        if not (isinstance(named, type) and issubclass(named, Target)):
            raise TypeError(f"@finder takes kinds of target, like @finder(Webmail, after=(MailDomain,)), not {named!r}")

    def decorate(find: Find) -> Find:
        if not inspect.iscoroutinefunction(find):
            raise TypeError(f"the finder {getattr(find, '__name__', find)} is no async function")
        find.__finder__ = Finder(find, kind, after)  # type: ignore[attr-defined]
        return find

    return decorate


def load_finders() -> tuple[Finder, ...]:
    """All finders, each behind those that it needs. Raises BrokenExtension if they wait for each other."""
    found = [
        value.__finder__
        for value in defined("mailproof.targets")
        if isinstance(value, FunctionType) and hasattr(value, "__finder__")
    ]
    try:
        return in_order(found)
    except CycleError as error:
        ring: list[Finder] = error.args[1][1:]
        module = next((one.module for one in ring if extension_of(one.module)), "")
        raise broken(module, f"the finders {', '.join(one.name for one in ring)} wait for each other") from error


def in_order(finders: Iterable[Finder]) -> tuple[Finder, ...]:
    """Each finder behind those that it needs. Raises ValueError (CycleError) if they wait for each other."""
    every = tuple(finders)
    return tuple(
        TopologicalSorter({one: [other for other in every if one.needs(other)] for one in every}).static_order()
    )


async def discover(
    inventory: Inventory,
    dns: DNSClient,
    settings: NetSettings,
    directory: Path | None = None,
    files: Files | None = None,
    elsewhere: Elsewhere | None = None,
) -> Targets:
    """All targets of an inventory, in its order. What cannot be found out is an Undiscovered target with the reason.

    ``directory`` is where the inventory lies, ``files`` reads the evidence that it names, and ``elsewhere`` is what it
    says beyond the shard that is looked for. Raises BrokenExtension for a finder of an extension that raises anything
    but NotObserved.
    """
    search = Search(inventory, dns, settings, directory or Path(), files or Files(), elsewhere or Elsewhere())
    for entry in load_finders():
        try:
            await entry.find(search)
        except NotObserved as failure:
            what = f"what the finder {entry.name} looks for"
            search.targets.add(Undiscovered.because(failure, entry.kind, what))
        except (Exception, SystemExit) as error:
            if not extension_of(entry.module) or shortage(error):
                raise
            own = inspect.getfile(entry.find)
            line = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == own][-1]
            why = f"the finder {entry.name} of {entry.module} raised {told(error)} ({own}:{line})"
            raise broken(entry.module, why) from error
    return search.targets
