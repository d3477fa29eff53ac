"""Web sites of the mail domains, as far as the inventory names them."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import MailDomain


@dataclass(frozen=True)
class WebHost(Target):
    """A web site: ``www.example.org``."""

    name: str

    @property
    def id(self) -> str:
        return self.name


@finder(WebHost, after=(MailDomain,))
async def find_web_hosts(search: Search) -> None:
    """Those that the inventory names. A site belongs to the mail domains that it lies in."""
    names = [domain.name for domain in search.targets.found(MailDomain)]
    for host in search.inventory.web_hosts:
        domains = tuple(name for name in names if host == name or host.endswith(f".{name}"))
        search.targets.add(WebHost(host, domains=domains))
