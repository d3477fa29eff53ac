"""SMTP sessions: what a server says to a guest, and how it handles AUTH and STARTTLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mailproof.net.dialogue import TLSSession
from mailproof.net.dns.client import Answer
from mailproof.net.errors import NotAvailable
from mailproof.net.smtp import Reply, extensions
from mailproof.net.transcript import Speaker
from mailproof.observations import Observation
from mailproof.observations.dialogue import DialogueSeen
from mailproof.observations.refusals import STRANGER, Tester, refuses_name


@dataclass(frozen=True)
class SMTPSession(DialogueSeen):
    """Greeting, HELO, EHLO, and if it is offered STARTTLS with EHLO again inside TLS. Later parts are None where it
    ended.
    """

    endpoint: str
    role: str
    """The name of the service, see ``net.services``."""
    implicit_tls: bool
    greeting: Reply
    helo: Reply | None = None
    ehlo: Reply | None = None
    starttls: Reply | None = None
    tls: TLSSession | None = None
    tls_failure: str | None = None
    """Why the handshake after the 220 to STARTTLS did not come about."""
    ehlo_in_tls: Reply | None = None
    ended: str = ""
    """Why the dialogue ended before its time."""
    ended_in_tls: str = ""
    """How the server ended two sessions in a row right behind the handshake, while it served them in clear."""
    wrong_start: str = ""
    """How the port starts, where it is not as its number says: in clear instead of TLS, or the reverse."""
    second_ehlo: Reply | None = None
    """The EHLO reply of a second session, in clear."""
    tester: Tester = STRANGER

    @property
    def served(self) -> bool:
        """Whether the server greets with a positive reply, in the way that the port asks for."""
        return self.greeting.positive and not self.wrong_start

    @property
    def tls_works(self) -> bool:
        """STARTTLS leads to a session inside TLS, as senders use it."""
        return self.tls is not None and not self.ended_in_tls

    @property
    def extensions(self) -> dict[str, tuple[str, ...]]:
        """Keywords of the first EHLO reply; none where EHLO is not implemented or refused to everybody.

        Raises NotAvailable where it is refused to the tester.
        """
        reply = self.answered(self.ehlo, "EHLO")
        if reason := self.refused_name(reply):
            raise NotAvailable(reason, self.evidence())
        return extensions(reply)

    def refused_name(self, reply: Reply) -> str:
        """Why a reply to EHLO or HELO is about the name that the tester said. Empty if it is not.

        Where the other one of the two commands is accepted with the same name, the command is refused and not the name.
        """
        other = self.helo if reply is self.ehlo else self.ehlo
        return "" if reply.permanent and other is not None and other.positive else refuses_name(reply)

    @property
    def without_ehlo(self) -> bool:
        """EHLO is refused while HELO is served, or is not served before TLS."""
        return self.ehlo is not None and self.ehlo.permanent and not self.refused_name(self.ehlo)

    @property
    def lists_differ(self) -> bool:
        """One of two sessions in clear offers STARTTLS and the other does not."""
        if self.ehlo is None or self.second_ehlo is None or not (self.ehlo.positive and self.second_ehlo.positive):
            return False
        return ("STARTTLS" in extensions(self.ehlo)) != ("STARTTLS" in extensions(self.second_ehlo))

    @property
    def extensions_in_tls(self) -> dict[str, tuple[str, ...]]:
        """Keywords of the EHLO reply inside TLS. Raises NotAvailable where there is none."""
        return extensions(self.answered(self.ehlo_in_tls, "EHLO inside TLS"))

    @property
    def offers_starttls(self) -> bool:
        return "STARTTLS" in self.extensions

    @property
    def slowest(self) -> tuple[float, str]:
        """The longest wait for the server in seconds, and what it was for. A greeting or reply counts when it is
        complete.
        """
        waits = [(0.0, "the greeting")]
        asked = self.transcript[0] if self.transcript else None
        for line in self.transcript:
            if line.speaker is not Speaker.SERVER:
                asked = line
            elif asked is not None:
                said = (
                    f"the reply to {asked.text.partition(' ')[0]}" if asked.speaker is Speaker.CLIENT else waits[0][1]
                )
                waits.append((line.seconds - asked.seconds, said))
        return max(waits)

    def answered(self, reply: Reply | None, command: str) -> Reply:
        """``reply``, or NotAvailable with the reason why the dialogue did not get that far."""
        if reply is None:
            raise NotAvailable(f"{command} was not answered: {self.ended or self.greeting}", self.evidence())
        return reply

    @property
    def server_name(self) -> str:
        """The first word of the greeting (RFC 5321, section 4.3.1), in lower case."""
        words = self.greeting.lines[0].split() if self.greeting.lines else []
        return words[0].lower().removesuffix(".") if words else ""

    @property
    def ehlo_name(self) -> str:
        """The first word of the EHLO reply (RFC 5321, section 4.1.1.1), in lower case; empty without one."""
        words = self.ehlo.lines[0].split() if self.ehlo and self.ehlo.positive and self.ehlo.lines else []
        return words[0].lower().removesuffix(".") if words else ""


@dataclass(frozen=True)
class ServerName(Observation):
    """The name that a server gives itself, with what the DNS says of it and of the address."""

    session: SMTPSession
    address: str
    forward: tuple[tuple[str, Annotated[Answer, "A"], Annotated[Answer, "AAAA"]], ...]
    """Name, A and AAAA answers, for the names in the greeting and the EHLO reply."""
    ptr: Annotated[Answer, "PTR"] | None

    @property
    def ptr_names(self) -> tuple[str, ...]:
        return tuple(record.target for record in self.ptr.records) if self.ptr else ()

    def addresses_of(self, name: str) -> tuple[str, ...]:
        return tuple(
            record.data for known, *answers in self.forward if known == name for a in answers for record in a.records
        )

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.session.evidence())
        for _, *answers in self.forward:
            lines += [line for answer in answers for line in answer.evidence()]
        return (*lines, *(self.ptr.evidence() if self.ptr else ()))


@dataclass(frozen=True)
class ClearTextAuth(DialogueSeen):
    """AUTH before TLS: the EHLO keyword, and the reply to ``AUTH PLAIN`` without credentials."""

    mechanisms: tuple[str, ...]
    """Offered in the EHLO reply before TLS."""
    reply: Reply | None
    session: SMTPSession

    @property
    def mechanisms_in_tls(self) -> tuple[str, ...] | None:
        """Offered inside TLS; None where there is no TLS."""
        if self.session.ehlo_in_tls is None:
            return None
        return self.session.extensions_in_tls.get("AUTH")

    def evidence(self) -> tuple[str, ...]:
        return (*self.session.evidence(), *(("AUTH without an offer:", *super().evidence()) if self.reply else ()))


@dataclass(frozen=True)
class Injection(DialogueSeen):
    """A command sent in clear behind STARTTLS, in the same segment."""

    offered: bool
    starttls: Reply | None
    tls_failure: str | None
    heard_in_tls: str
    """What came inside TLS without being asked for."""


@dataclass(frozen=True)
class KeptState(DialogueSeen):
    """What a server still knows inside TLS of what was said before it."""

    tls_offered: bool
    keywords_in_tls: tuple[str, ...]
    """Of the EHLO reply inside TLS."""
    rcpt: Reply | None
    """The reply to RCPT inside TLS where MAIL was said in clear; None where it did not come to that."""
    rcpt_without_mail: Reply | None = None
    """The same where MAIL was not said at all, asked only where the first one was accepted."""

    @property
    def sender_kept(self) -> bool:
        """RCPT is accepted because of a MAIL that was said before TLS."""
        without = self.rcpt_without_mail
        return self.rcpt is not None and self.rcpt.positive and not (without is not None and without.positive)


@dataclass(frozen=True)
class SMTPPort(Observation):
    """Whether an address takes connections at its port."""

    endpoint: str
    reached: bool
    proof: tuple[str, ...]

    def evidence(self) -> tuple[str, ...]:
        return self.proof
