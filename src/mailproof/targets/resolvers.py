"""The resolvers of the mail hosts."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder


@dataclass(frozen=True)
class MailResolver(Target):
    """A recursive resolver that mail hosts use: ``192.0.2.53:53``."""

    address: str
    """With its port, as the inventory writes it."""
    host: str = ""
    outside: bool = False
    """This machine is none of those that it is there for."""
    dot: bool = False
    """Whether it speaks DNS over TLS as well, by the inventory."""

    @property
    def id(self) -> str:
        return self.address


@finder(MailResolver)
async def find_resolvers(search: Search) -> None:
    """The resolvers that the inventory names to be looked at."""
    for entry in search.inventory.resolvers_under_test:
        search.targets.add(MailResolver(entry.address, entry.host or "", entry.outside, entry.dot))
