"""Mailboxes of ours that may receive test mail, with the records of what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.mail import MailDomain


@dataclass(frozen=True)
class ExercisedMailbox(Target):
    """A mailbox that the inventory lets `mailproof exercise` send mail to, and the record that the command writes."""

    address: str
    record: str = ""
    """The file; it need not be there."""
    name: str = ""
    """The file as reports call it: relative to the inventory."""
    tries_incoming: bool = False
    """The inventory has what it takes to try SPF, DKIM and DMARC."""
    tries_outgoing: bool = False

    @property
    def id(self) -> str:
        return f"{self.address} (exercise)"

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.address, *self.domains)


@finder(ExercisedMailbox, after=(MailDomain,))
async def find_own_mailboxes(search: Search) -> None:
    """Those that the inventory names, and lets be exercised."""
    for mailbox in search.inventory.own_mailboxes:
        if mailbox.exercise:
            file = search.directory.resolve() / mailbox.record_file
            search.targets.add(
                ExercisedMailbox(
                    mailbox.address,
                    str(file),
                    search.named(file),
                    mailbox.incoming is not None,
                    mailbox.outgoing is not None,
                    domains=(mailbox.domain,),
                )
            )
