"""Mail addresses whose keys are published for others to encrypt to."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import MailDomain


@dataclass(frozen=True)
class KeyOwner(Target):
    """A mail address, and where the inventory says that its keys are."""

    address: str
    publishes: tuple[str, ...] = ()
    """``smimea``, ``openpgpkey``, ``wkd``."""
    certificate: str = ""
    """The file with the certificate of its owner; empty where the inventory names none."""

    @property
    def id(self) -> str:
        return self.address

    @property
    def local_part(self) -> str:
        return self.address.rpartition("@")[0]

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()


@finder(KeyOwner, after=(MailDomain,))
async def find_key_owners(search: Search) -> None:
    """Those that the inventory names."""
    known = {domain.name for domain in search.targets.found(MailDomain)}
    for entry in search.inventory.user_keys:
        domain = entry.address.rpartition("@")[2].lower()
        domains = (domain,) if domain in known else ()
        certificate = str(entry.certificate or "")
        search.targets.add(KeyOwner(entry.address, tuple(entry.publishes), certificate, domains=domains))
