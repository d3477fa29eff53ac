"""What the MX addresses of a domain say of its mailboxes."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.errors import NotAvailable, NotObserved
from mailproof.observations import Observation
from mailproof.observations.attempts import Attempt
from mailproof.observations.dialogue import DialogueSeen
from mailproof.observations.refusals import STRANGER, Tester, refuses_tester

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

    def evidence(self) -> tuple[str, ...]:
        attempts = (*self.attempts, *((self.in_clear,) if self.in_clear else ()))
        return (*(str(attempt) for attempt in attempts), "the dialogue:", *super().evidence())

    def find(self, form: str) -> Attempt | None:
        """The attempt of that form, if it was made."""
        return next((attempt for attempt in self.attempts if attempt.form == form), None)

    def why_undecided(self, attempt: Attempt) -> str:
        """Why a refusal says nothing about the recipient. Empty if it does."""
        return refuses_tester(attempt, self.tester, self.attempts)

    def attempt(self, form: str) -> Attempt:
        """The attempt of that form. Raises NotObserved where it was not made, or where the refusal is about us."""
        found = self.find(form)
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
