"""Whether a host behind a filter takes mail that has not passed the filter."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.observations.attempts import Attempt
from mailproof.observations.dialogue import DialogueSeen
from mailproof.observations.refusals import of_mailbox, of_standing


@dataclass(frozen=True)
class Bypass(DialogueSeen):
    """What a host behind a filter says to a stranger who hands it mail for the domain."""

    host: str
    closed: str
    """Why strangers do not even reach it; empty: they do."""
    attempt: Attempt | None = None
    is_mx: bool = False
    """The MX records of the domain lead to its address: it was not asked, since it takes mail from everybody."""

    def evidence(self) -> tuple[str, ...]:
        if self.is_mx:
            return (f"an MX host of the domain has the address of {self.host}",)
        lines = [self.closed] if self.closed else [str(self.attempt)]
        return (*lines, "the dialogue:", *super().evidence())

    @property
    def undecided(self) -> str:
        """Why a refusal does not show that strangers are refused; empty if it does.

        A mailbox that does not exist is refused to everybody, and who is listed, or has no reverse DNS, is refused
        where others are not.
        """
        if self.attempt is None or self.attempt.accepted:
            return ""
        reply = self.attempt.last
        if not reply.permanent:
            return f"not decided: {reply}"
        if of_standing(self.attempt):
            return f"the server refuses this tester, which says nothing of other strangers: {reply}"
        if of_mailbox(self.attempt):
            return f"the server does not know {self.attempt.recipient}: name a mailbox that exists in `mailboxes`"
        return ""
