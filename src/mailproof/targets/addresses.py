"""Addresses that mail leaves from, the names that they give themselves, and the blocklists that may name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address

from mailproof.net.errors import NotFollowed
from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import MailHost
from mailproof.targets.services import MXEndpoint, of_known_hosts


@dataclass(frozen=True)
class SendingAddress(Target):
    """An address that mail leaves from, or that receives mail for the inventory's domains and may send as well."""

    address: str
    helo: str | None = None
    declared: bool = True
    """Whether the inventory names it; otherwise it was found as the address of an MX host."""

    @property
    def id(self) -> str:
        return self.address


@finder(SendingAddress, after=(MailHost, MXEndpoint))
async def find_sending_addresses(search: Search) -> None:
    """The addresses that the inventory names, and those of the MX hosts that are not dead on purpose."""
    targets = search.targets
    for declared in _declared(search):
        targets.add(declared)
    for unknown in (*targets.missing(MailHost), *of_known_hosts(targets.missing(MXEndpoint))):
        # An address that is not followed is known, and not looked at on purpose.
        if unknown.domains and unknown.failure != NotFollowed.kind:
            targets.add(replace(unknown, missing=SendingAddress))
    for endpoint in targets.found(MXEndpoint):
        if not endpoint.dead:
            found = SendingAddress(endpoint.address, declared=False, domains=endpoint.domains, active=endpoint.active)
            targets.add(found)


def _declared(search: Search) -> Iterator[SendingAddress]:
    """The addresses that the inventory names; those without domains of their own send for all that send."""
    for sender in search.inventory.sending:
        domains = tuple(sender.domains) if sender.domains is not None else search.sending_domains
        yield SendingAddress(sender.address, sender.helo, domains=domains, active=search.inventory.active)


@dataclass(frozen=True)
class AuthorisedSender(Target):
    """A (domain, address) pair of the inventory: mail of the domain leaves from the address."""

    domain: str
    address: str
    helo: str | None = None

    def __post_init__(self) -> None:
        self._settle(domains=(self.domain,))

    @property
    def id(self) -> str:
        return f"{self.domain}@{self.address}"


@finder(AuthorisedSender)
async def find_authorised_senders(search: Search) -> None:
    """Every address that the inventory names, with each domain whose mail leaves there."""
    for sender in _declared(search):
        for domain in sender.domains:
            search.targets.add(AuthorisedSender(domain, sender.address, sender.helo))


@dataclass(frozen=True)
class HeloName(Target):
    """A name that hosts of the inventory say in EHLO, with the addresses that say it."""

    name: str
    addresses: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.name

    @property
    def mail_host(self) -> str:
        return self.name


@finder(HeloName)
async def find_helo_names(search: Search) -> None:
    """The names that the inventory says of its sending addresses."""
    by_name: dict[str, list[SendingAddress]] = {}
    for sender in _declared(search):
        if sender.helo:
            by_name.setdefault(sender.helo, []).append(sender)
    for name, senders in by_name.items():
        domains = dict.fromkeys(domain for sender in senders for domain in sender.domains)
        search.targets.add(HeloName(name, tuple(sender.address for sender in senders), domains=tuple(domains)))


@dataclass(frozen=True)
class BlocklistEntry(Target):
    """One address on one DNS blocklist: ``192.0.2.25@bl.example``."""

    address: str
    blocklist: str
    """The list's name in the inventory; its zone may hold a secret and is not part of the id."""

    @property
    def id(self) -> str:
        return f"{self.address}@{self.blocklist}"


@dataclass(frozen=True)
class DomainListEntry(Target):
    """One domain on one DNS list of domains: ``example.org@dbl``."""

    domain: str
    blocklist: str
    """The list's name in the inventory."""

    def __post_init__(self) -> None:
        self._settle(domains=(self.domain,))

    @property
    def id(self) -> str:
        return f"{self.domain}@{self.blocklist}"


@finder(DomainListEntry)
async def find_domain_list_entries(search: Search) -> None:
    """Every mail domain on each list that knows domains."""
    for domain in search.inventory.domains:
        for blocklist in search.inventory.blocklists:
            if "domain" in blocklist.families:
                search.targets.add(DomainListEntry(domain.name, blocklist.name))


@finder(BlocklistEntry, after=(SendingAddress,))
async def find_blocklist_entries(search: Search) -> None:
    """Every sending address on each blocklist that knows its family."""
    for sender in search.targets.found(SendingAddress):
        family = f"ipv{ip_address(sender.address).version}"
        for blocklist in search.inventory.blocklists:
            if family in blocklist.families:
                search.targets.add(BlocklistEntry(sender.address, blocklist.name, domains=sender.domains))
