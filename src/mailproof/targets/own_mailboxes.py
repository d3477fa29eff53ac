"""Mailboxes of ours that may receive test mail, with the records of what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.files import EvidenceFile
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
    test_domain: str = ""
    """Reports are asked for about this domain and those below it; empty: they are not."""
    sink_domain: str = ""
    """The same of reports of TLS."""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def id(self) -> str:
        return f"{self.address} (exercise)"

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.address, *self.domains)


@finder(ExercisedMailbox, after=(MailDomain, EvidenceFile))
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
                    mailbox.incoming.test_domain if mailbox.incoming and mailbox.report_to else "",
                    mailbox.outgoing.sink_domain if mailbox.outgoing and mailbox.report_to else "",
                    domains=(mailbox.domain,),
                )
            )
