"""What the MX addresses of a domain say of its mailboxes."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.errors import NotAvailable, NotObserved, Unasked
from mailproof.observations import Observation
from mailproof.observations.attempts import Attempt
from mailproof.observations.dialogue import DialogueSeen
from mailproof.observations.refusals import STRANGER, Tester, of_domain, refuses_tester

OUTSIDER = "a mailbox elsewhere"
"""The form of the attempt that is made for comparison: refused with the same words, it is the tester who is refused."""


@dataclass(frozen=True)
class Mailboxes(DialogueSeen):
    """What one MX address says of mailboxes of one domain."""

    domain: str
    endpoint: str
    attempts: tuple[Attempt, ...]
    interrupted: str
    tester: Tester = STRANGER
    unserved: str = ""
    """The greeting of a server that refuses service; nothing was asked then."""
    in_clear: Attempt | None = None
    """Postmaster once more without TLS, where it is refused inside TLS."""
    untried: str = ""
    """Why mailboxes that a right server refuses were not asked for; empty if they were."""

    def evidence(self) -> tuple[str, ...]:
        attempts = (*self.attempts, *((self.in_clear,) if self.in_clear else ()))
        return (*(str(attempt) for attempt in attempts), "the dialogue:", *super().evidence())

    def find(self, form: str) -> Attempt | None:
        """The attempt of that form, if it was made."""
        return next((attempt for attempt in self.attempts if attempt.form == form), None)

    @property
    def at_home(self) -> tuple[Attempt, ...]:
        """The attempts for mailboxes of the domain, from a sender as any other; the unknown one is not among them."""
        by_name = f"@{self.domain}"
        return tuple(a for a in self.attempts if a.sender and a.form.endswith("@") and a.recipient.endswith(by_name))

    @property
    def serves_nobody(self) -> bool:
        """Whether every mailbox of the domain is refused as one of a domain that the server takes no mail for."""
        return bool(self.at_home) and all(map(of_domain, self.at_home))

    def why_undecided(self, attempt: Attempt) -> str:
        """Why a refusal says nothing about the recipient. Empty if it does."""
        return refuses_tester(attempt, self.tester, self.attempts)

    def attempt(self, form: str) -> Attempt:
        """The attempt of that form. Raises NotObserved where it was not made, or where the refusal is about us; Unasked
        where the limits do not allow it.
        """
        found = self.find(form)
        if found is None and self.untried and not self.interrupted:
            raise Unasked(f"{form}: {self.untried}", self.evidence())
        if found is None:
            raise NotAvailable(f"{form} was not tried: {self.interrupted}", self.evidence())
        if reason := self.why_undecided(found):
            raise NotObserved(reason, self.evidence())
        return found


@dataclass(frozen=True)
class Recipients(Observation):
    """What every MX address of a domain says of the same mailboxes."""

    domain: str
    mailboxes: tuple[Mailboxes, ...]
    missing: tuple[tuple[str, str], ...]
    """Endpoints that could not be asked, with the reason."""
    withheld: tuple[str, ...] = ()
    """Endpoints that were not asked, because their owner does not consent or because they are dead on purpose."""
    closed: tuple[str, ...] = ()
    """Those of ``missing`` that refuse connections: nobody can hand them a recipient."""

    def evidence(self) -> tuple[str, ...]:
        lines: list[str] = []
        for mailboxes in self.mailboxes:
            lines.append(f"{mailboxes.endpoint}:")
            lines += [f"  {attempt}" for attempt in mailboxes.attempts]
        lines += [f"{endpoint}: {reason}" for endpoint, reason in self.missing]
        return (*lines, *(f"{endpoint}: not asked, without consent" for endpoint in self.withheld))
