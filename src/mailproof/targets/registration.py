"""Registered domains, and what is asked of registries and read from lists once in a run."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.addresses import is_public
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import MailDomain
from mailproof.targets.zones import Zone

REVERSE = (".arpa",)


@dataclass(frozen=True)
class RegisteredDomain(Target):
    """A zone of the inventory that is registered under its own name, or under one above it."""

    name: str
    sends: bool = True

    @property
    def id(self) -> str:
        return self.name


@finder(RegisteredDomain, after=(MailDomain, Zone))
async def find_registered_domains(search: Search) -> None:
    """The zones of the mail domains, where registries may be asked; zones below one of them are registered with it."""
    if not search.inventory.registration.rdap:
        return
    domains = {domain.name: domain for domain in search.targets.found(MailDomain)}
    zones = [zone for zone in search.targets.found(Zone) if zone.domains and not zone.name.endswith(REVERSE)]
    names = {zone.name for zone in zones}
    for zone in zones:
        labels = zone.name.split(".")
        if not names.isdisjoint(".".join(labels[first:]) for first in range(1, len(labels))):
            continue
        sends = any(domains[name].sends for name in zone.domains if name in domains)
        search.targets.add(RegisteredDomain(zone.name, sends, domains=zone.domains))


@dataclass(frozen=True)
class RDAPObject(Target):
    """What one registry is asked for: a domain or an address. Nobody judges it; it is asked for once in a run."""

    path: str
    """``domain/example.org`` or ``ip/192.0.2.25``."""

    @property
    def id(self) -> str:
        return self.path


@finder(RDAPObject, after=(RegisteredDomain, SendingAddress))
async def find_rdap_objects(search: Search) -> None:
    """The registered domains, as far as their names tell, and the sending addresses, where registries may be asked."""
    if not search.inventory.registration.rdap:
        return
    for domain in search.targets.found(RegisteredDomain):
        search.targets.add(RDAPObject(f"domain/{'.'.join(domain.name.split('.')[-2:])}"))
    for sender in search.targets.found(SendingAddress):
        if is_public(sender.address):
            search.targets.add(RDAPObject(f"ip/{sender.address}"))


@dataclass(frozen=True)
class NamedSource(Target):
    """A file or URL that the inventory names. Nobody judges it; it is read once in a run."""

    source: str

    @property
    def id(self) -> str:
        return self.source


@finder(NamedSource)
async def find_named_sources(search: Search) -> None:
    """The lists of networks, and where registries may be asked, the bootstrap files."""
    inventory = search.inventory
    for source in (*inventory.drop, *(inventory.registration.bootstrap if inventory.registration.rdap else ())):
        search.targets.add(NamedSource(source))
