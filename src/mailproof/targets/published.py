"""The mailboxes that are published anywhere, as one thing to look up."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import MailDomain


@dataclass(frozen=True)
class AddressBook(Target):
    """All published mailboxes together. Nobody judges them; MX hosts are asked for those of their domains."""

    name: str = "all published mailboxes"

    @property
    def id(self) -> str:
        return self.name


@finder(AddressBook, after=(MailDomain,))
async def find_address_book(search: Search) -> None:
    """One, where the inventory names domains."""
    if search.targets.found(MailDomain):
        search.targets.add(AddressBook())
