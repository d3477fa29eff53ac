"""Mailboxes of ours for which wrong passwords may be said, each at the servers where its user hands in mail."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.targets.base import Target
from mailproof.targets.discovery import Search, finder
from mailproof.targets.services import Endpoint, SubmissionEndpoint


@dataclass(frozen=True)
class GuessedLogin(Target):
    """A user whom the server knows, and one address of the server."""

    user: str
    endpoint: SubmissionEndpoint

    def __post_init__(self) -> None:
        """Consent belongs to the host as well."""
        self._settle(domains=self.endpoint.domains, active=self.endpoint.active)

    @property
    def id(self) -> str:
        return f"{self.user} at {self.endpoint.id}"

    @property
    def parts(self) -> tuple[Target, ...]:
        return (self, self.endpoint)

    @property
    def dead(self) -> bool:
        return self.endpoint.dead

    @property
    def mail_host(self) -> str:
        return self.endpoint.host

    @property
    def entries(self) -> tuple[str, ...]:
        return (self.user, *self.domains, self.mail_host)


@finder(GuessedLogin, after=(Endpoint,))
async def find_guessed_logins(search: Search) -> None:
    """Those with ``guess: true``, at the submission servers of their domain."""
    for mailbox in search.inventory.own_mailboxes:
        if not mailbox.guess:
            continue
        submission = mailbox.outgoing.submission if mailbox.outgoing else None
        user = (submission.user if submission else None) or mailbox.address
        for endpoint in search.targets.found(SubmissionEndpoint):
            at_home = mailbox.domain in endpoint.domains or endpoint.host.endswith(f".{mailbox.domain}")
            if at_home or (submission and submission.host == endpoint.host):
                search.targets.add(GuessedLogin(user, endpoint))
