"""What reports of receivers say of a domain, as a target: only where the inventory names reports."""

from __future__ import annotations

from dataclasses import dataclass

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
