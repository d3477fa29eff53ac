"""What a server answers to commands that no sender says by chance: out of order, at the limits, with all extensions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailproof.net.errors import NotAvailable, NotObserved
from mailproof.net.smtp import Reply
from mailproof.observations.dialogue import DialogueSeen
from mailproof.observations.refusals import STRANGER, Tester, refuses_client

PIPELINED = ("MAIL", "RCPT", "RSET", "NOOP")
"""Verbs of one segment; NOOP may only be the last of them (RFC 2920, section 3.1). The recipient is none at all, so
that the replies are not all alike.
"""

ENOUGH = "the server had refused enough in that session"
"""Why something was not said."""

RECIPIENTS = 100
"""Recipients that a server has to take (RFC 5321, section 4.5.3.1.8)."""

TRANSACTIONS = 5
"""Transactions in one session: senders with several messages use it again."""


class Step(StrEnum):
    """What was said, and why."""

    NOOP = "NOOP"
    RCPT_FIRST = "RCPT before MAIL"
    MAIL = "MAIL"
    MAIL_AGAIN = "MAIL behind MAIL"
    RSET = "RSET"
    MAIL_AFTER_RSET = "MAIL behind RSET"
    EHLO_AGAIN = "EHLO behind MAIL"
    MAIL_AFTER_EHLO = "MAIL behind EHLO"
    TRANSACTION = "MAIL of another transaction"
    VRFY = "VRFY of postmaster"
    VRFY_NOBODY = "VRFY of a mailbox that nobody has"
    EXPN = "EXPN of postmaster"
    HELP = "HELP"
    BDAT = "BDAT without a transaction"
    PARAMETERS = "MAIL with the parameters of what is offered"
    NOTIFY = "RCPT with NOTIFY"
    TOO_LARGE = "MAIL of a message above the limit"
    LONG_LINE = "a command line of 512 octets"
    SHORT_LINE = "NOOP with a word"
    LONG_LOCAL_PART = "MAIL of a local part of 64 octets"
    LONG_DOMAIN = "MAIL of a path of 256 octets"
    UTF8_MAIL = "MAIL with SMTPUTF8"
    UTF8_SENDER = "MAIL from an address in UTF-8"
    ANY_CASE = "RCPT of postmaster in any letters"


@dataclass(frozen=True)
class Said:
    """One command, and what was answered. ``reply`` is None where nothing was, and ``why`` says why."""

    step: Step
    command: str
    reply: Reply | None
    why: str = ""


@dataclass(frozen=True)
class Conversation(DialogueSeen):
    """Short sessions with one server, inside TLS where STARTTLS works. No message is sent in any of them."""

    endpoint: str
    keywords: tuple[tuple[str, tuple[str, ...]], ...]
    """Of the EHLO reply that the sessions were held under, with their parameters."""
    said: tuple[Said, ...]
    pipelined: tuple[Reply, ...] = ()
    """What came back for ``PIPELINED`` commands sent in one segment, in order."""
    not_pipelined: str = ""
    """Why not all of them were answered."""
    recipients: tuple[Reply, ...] = ()
    """What came back for as many RCPT commands of one transaction."""
    fewer_recipients: str = ""
    """Why there were not 100 of them."""
    unserved: str = ""
    """Why nothing was asked at all."""
    tester: Tester = STRANGER

    @property
    def offers(self) -> dict[str, tuple[str, ...]]:
        return dict(self.keywords)

    def find(self, step: Step) -> Said | None:
        """What was said for a step, if it was."""
        return next((said for said in self.said if said.step is step), None)

    def heard(self, step: Step) -> Reply:
        """The reply to a step, whomever it is about. Raises NotAvailable where there is none."""
        said = self.find(step)
        if said is None or said.reply is None:
            raise NotAvailable(f"{step} was not answered: {said.why if said else self.unserved}", self.evidence())
        return said.reply

    def reply(self, step: Step) -> Reply:
        """As ``heard``. Raises NotObserved besides, where it is the tester who is refused."""
        reply = self.heard(step)
        if reason := refuses_client(reply, self.tester):
            raise NotObserved(reason, self.evidence())
        return reply
