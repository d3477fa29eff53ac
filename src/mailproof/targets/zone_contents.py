"""What stands in zones: in master files, and at the names of served zones that the inventory knows."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import MailDomain
from mailproof.targets.zones import Zone


@dataclass(frozen=True)
class ZoneContents(Target):
    """The records of a zone, as far as they are known.

    A zone has the same id, ``example.org (records)``, as it is served and as it stands in a file, so that what is
    proposed can be compared with what is live.
    """

    zone: str
    wildcards: tuple[str, ...] = ()
    """The names below which a wildcard stands on purpose."""

    @property
    def id(self) -> str:
        return f"{self.zone} (records)"

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.zone, *self.domains)


@dataclass(frozen=True)
class ZoneFile(ZoneContents):
    """All records of a zone, as they stand in a master file."""

    path: str = ""
    name: str = ""
    """The file as reports call it: relative to the inventory."""


@finder(ZoneContents, after=(MailDomain, Zone))
async def find_zone_contents(search: Search) -> None:
    """The zones of master files, whole; and those that hold mail domains, as they are served."""
    wildcards = tuple(search.inventory.wildcards)
    files = search.settings.zone_files
    mail = [domain.name for domain in search.targets.found(MailDomain)]
    for zone, path in files.items():
        domains = tuple(name for name in mail if f".{name}".endswith(f".{zone}"))
        search.targets.add(ZoneFile(zone, wildcards, str(path), search.named(path), domains=domains))
    for served in search.targets.found(Zone):
        if served.domains and served.name not in files:
            search.targets.add(ZoneContents(served.name, wildcards, domains=served.domains))
