"""Services that the inventory lets `mailproof drill` watch, with the records that the command writes."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import MailDomain, MailHost


@dataclass(frozen=True)
class DrilledBackup(Target):
    """A domain whose backup MX is watched while the primary is down."""

    domain: str
    record: str = ""
    """The file; it need not be there."""
    name: str = ""
    """The file as reports call it: relative to the inventory."""

    @property
    def id(self) -> str:
        return f"{self.domain} (drill)"

    @property
    def subject(self) -> str:
        """As the record names it."""
        return f"backup-mx {self.domain}"

    @property
    def entries(self) -> tuple[str, ...]:
        return self.domains


@dataclass(frozen=True)
class DrilledVIP(Target):
    """A balanced host that is watched while one of its servers is down."""

    host: str
    record: str = ""
    """The file; it need not be there."""
    name: str = ""
    """The file as reports call it: relative to the inventory."""

    @property
    def id(self) -> str:
        return f"{self.host} (drill)"

    @property
    def subject(self) -> str:
        """As the record names it."""
        return f"vip {self.host}"

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.host, *self.domains)


@finder(DrilledBackup, after=(MailDomain,))
async def find_drilled_backups(search: Search) -> None:
    """Those that the inventory names, and lets be drilled."""
    for entry in search.inventory.drills.backup_mx:
        if entry.drill:
            file = search.directory.resolve() / entry.record_file
            search.targets.add(DrilledBackup(entry.domain, str(file), search.named(file), domains=(entry.domain,)))


@finder(DrilledVIP, after=(MailHost,))
async def find_drilled_vips(search: Search) -> None:
    """Those that the inventory names, and lets be drilled."""
    served = {host.name: host.domains for host in search.targets.found(MailHost)}
    for entry in search.inventory.drills.vip:
        if entry.drill:
            file = search.directory.resolve() / entry.record_file
            domains = served.get(entry.host, ())
            search.targets.add(DrilledVIP(entry.host, str(file), search.named(file), domains=domains))
