"""Relay tests: recipients that are none of the server's business, in every form that has ever fooled a server."""

from __future__ import annotations

from dataclasses import dataclass

from mailproof.net.services import MX, SUBMISSION
from mailproof.observations.attempts import Attempt
from mailproof.observations.dialogue import DialogueSeen
from mailproof.observations.refusals import STRANGER, Tester, refuses_destination, refuses_tester

HOME = "postmaster at home"
"""The form of the attempt that every server must accept: what it is refused with, the tester is refused with."""
COMPARISON = "unknown recipient at home"
"""What the server says of a mailbox of its own that does not exist."""
COMPARISON_ALONE = "unknown recipient without a domain"
COMPARISON_LITERAL = "unknown recipient at the address"
COMPARISON_HOST = "unknown recipient at the host"
COMPARISONS = (COMPARISON, COMPARISON_ALONE, COMPARISON_LITERAL, COMPARISON_HOST)
PLAIN = "plain"
TELLING = (PLAIN, "null sender")
"""Forms whose refusal says that the server does not relay."""
WITHOUT_TRICKS = (
    *TELLING,
    "sender of the domain itself",
    "sender at the host's name",
    "sender at the host's address",
)
"""Forms with the plain address of somebody elsewhere; the others are tricks to get around a refusal of that."""


@dataclass(frozen=True)
class RelayAttempts(DialogueSeen):
    """Recipients that are none of the server's business, in every form that has ever fooled one (RFC 2505, section
    2.1).
    """

    attempts: tuple[Attempt, ...]
    interrupted: str
    """Why the series ended before its end; empty if it did not."""
    role: str = MX.name
    tester: Tester = STRANGER
    unserved: str = ""
    """The greeting of a server that refuses service; nothing was tried then."""
    untried: str = ""
    """Why some forms were not tried; empty if all were."""
    both_sides: bool = False
    """STARTTLS works, so that the plain form has to be tried in clear as well."""
    inside: bool = False
    """The tester stands inside, where servers relay for their own networks; nothing was tried then."""

    @property
    def forms(self) -> tuple[Attempt, ...]:
        """The attempts to relay, without those that are made for comparison."""
        return tuple(attempt for attempt in self.attempts if attempt.form not in (HOME, *COMPARISONS))

    def why_undecided(self, attempt: Attempt) -> str:
        """Why a refusal says nothing about relaying. Empty if it does.

        Submission is for those who authenticate (RFC 6409, section 4.3): whatever it says to refuse a stranger for
        good, it does not relay for strangers.
        """
        if self.role == SUBMISSION.name and attempt.last.permanent:
            return ""
        others = [other for other in self.attempts if other.form in (HOME, COMPARISON)]
        return refuses_tester(attempt, self.tester, others) or refuses_destination(attempt)

    @property
    def relayed(self) -> tuple[Attempt, ...]:
        """Accepted forms that end elsewhere, or where the server refuses a mailbox that does not exist: one that takes
        any local part proves nothing.
        """
        telling = self._outside | {ends_at(a.recipient) for a in self._compared if a.last.permanent}
        telling -= {ends_at(a.recipient) for a in self._compared if a.accepted}
        return tuple(a for a in self.forms if a.accepted and ends_at(a.recipient) in telling)

    @property
    def uncompared(self) -> tuple[Attempt, ...]:
        """Accepted forms of which is not known whether the server takes any local part there."""
        known = self._outside | {ends_at(a.recipient) for a in self._compared if a.accepted or a.last.permanent}
        return tuple(a for a in self.forms if a.accepted and ends_at(a.recipient) not in known)

    @property
    def _compared(self) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in self.attempts if attempt.form in COMPARISONS)

    @property
    def _outside(self) -> set[str]:
        """Where the plain forms end: somebody else's."""
        return {ends_at(attempt.recipient) for attempt in self.attempts if attempt.form in WITHOUT_TRICKS}

    @property
    def untold(self) -> str:
        """What was not tried of the plain form, inside TLS or in clear; empty if it was wherever it can be."""
        sides = {attempt.tls for attempt in self.attempts if attempt.form == PLAIN}
        if not sides:
            return "no form was tried"
        return "the plain form was tried inside TLS alone" if self.both_sides and sides == {True} else ""

    @property
    def telling(self) -> tuple[Attempt, ...]:
        """The attempts whose refusal says that the server does not relay: those inside TLS where there are such, since
        servers that want TLS refuse everything in clear.
        """
        found = tuple(attempt for attempt in self.forms if attempt.form in TELLING)
        return tuple(attempt for attempt in found if attempt.tls) or found

    @property
    def takes_unknown(self) -> bool:
        """Whether the server accepts a mailbox of its own that does not exist: it may take whatever is asked."""
        return any(attempt.accepted for attempt in self.attempts if attempt.form in COMPARISONS)

    @property
    def one_side(self) -> str:
        """How the plain form was answered in clear, where that differs from inside TLS; empty where it does not."""
        plain = {attempt.tls: attempt for attempt in self.attempts if attempt.form == PLAIN}
        if len(plain) < 2 or plain[True].accepted == plain[False].accepted:
            return ""
        return f"inside TLS the plain form is answered with {plain[True].last}, in clear with {plain[False].last}"

    def evidence(self) -> tuple[str, ...]:
        return (*(str(attempt) for attempt in self.attempts), "the dialogue:", *super().evidence())


def ends_at(recipient: str) -> str:
    """Where a recipient ends; empty for a local part alone, also for a quoted one that holds an at sign."""
    if recipient.endswith('"') or "@" not in recipient:
        return ""
    return recipient.rpartition("@")[2]
