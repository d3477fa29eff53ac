"""What reports of receivers say of a domain, as a target: only where the inventory names reports."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.grammars.received import normal_address
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.files import EvidenceFile
from mailproof.targets.mail import MailDomain


@dataclass(frozen=True)
class ReportedDomain(Target):
    """A sending domain as the reports that the inventory names show it."""

    name: str

    def __post_init__(self) -> None:
        self._settle(domains=(self.name,))

    @property
    def id(self) -> str:
        return f"{self.name} (reports)"


@finder(ReportedDomain, after=(MailDomain, EvidenceFile))
async def find_reported_domains(search: Search) -> None:
    """The sending domains of an inventory that names reports."""
    if search.inventory.reports:
        for domain in search.targets.found(MailDomain):
            if domain.sends:
                search.targets.add(ReportedDomain(domain.name, active=domain.active))


@dataclass(frozen=True)
class OwnSource(Target):
    """A sending address of the inventory, as the reports on one of its domains show it.

    Only these sources are targets: a stranger can make reports tell of any number of others.
    """

    domain: str
    address: str

    def __post_init__(self) -> None:
        self._settle(domains=(self.domain,))

    @property
    def id(self) -> str:
        return f"{self.domain}@{self.address} (reports)"

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.address, self.domain)


@finder(OwnSource, after=(ReportedDomain, SendingAddress))
async def find_own_sources(search: Search) -> None:
    """Every address that the inventory names, with each domain that reports may tell of."""
    senders = [sender for sender in search.targets.found(SendingAddress) if sender.declared]
    for reported in search.targets.found(ReportedDomain):
        for sender in senders:
            if reported.name in sender.domains:
                search.targets.add(OwnSource(reported.name, normal_address(sender.address)))
