"""SMTP dialogues: what a server says to a guest, to an early talker, to an outsider, and about mailboxes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailproof.inventory.targets import Role
from mailproof.net.dns import Answer
from mailproof.net.errors import NotAvailable, NotObserved
from mailproof.net.smtp import Reply, TLSSession, extensions
from mailproof.net.transcript import Line
from mailproof.observations import Observation


@dataclass(frozen=True)
class Dialogue(Observation):
    """Base: a dialogue with its transcript."""

    transcript: tuple[Line, ...]

    def evidence(self) -> tuple[str, ...]:
        return tuple(str(line) for line in self.transcript)


@dataclass(frozen=True)
class SMTPSession(Dialogue):
    """Greeting, HELO, EHLO, and if it is offered STARTTLS with EHLO again inside TLS. Later parts are None where it
    ended.
    """

    endpoint: str
    role: Role
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

    @property
    def extensions(self) -> dict[str, tuple[str, ...]]:
        """Keywords of the first EHLO reply; none where EHLO is not implemented.

        Raises NotAvailable where it is refused.
        """
        reply = self.answered(self.ehlo, "EHLO")
        if refuses_name(reply):
            raise NotAvailable(refuses_name(reply), self.evidence())
        return extensions(reply)

    @property
    def extensions_in_tls(self) -> dict[str, tuple[str, ...]]:
        """Keywords of the EHLO reply inside TLS. Raises NotAvailable where there is none."""
        return extensions(self.answered(self.ehlo_in_tls, "EHLO inside TLS"))

    @property
    def offers_starttls(self) -> bool:
        return "STARTTLS" in self.extensions

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
    forward: tuple[tuple[str, Answer, Answer], ...]
    """Name, A and AAAA answers, for the names in the greeting and the EHLO reply."""
    ptr: Answer | None

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
class ClearTextAuth(Dialogue):
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
        return (*super().evidence(), "with TLS:", *self.session.evidence())


@dataclass(frozen=True)
class EarlyTalk(Dialogue):
    """A client that says EHLO before the greeting, and a polite client right after it."""

    codes: tuple[int, ...]
    """Codes of all replies that the early talker got, in order."""
    closed: bool
    polite: str
    """The greeting that the polite client got, or why it got none."""
    polite_ok: bool

    @property
    def tolerated(self) -> bool:
        """The early EHLO was answered as if nothing had happened."""
        return 250 in self.codes

    def evidence(self) -> tuple[str, ...]:
        return (*super().evidence(), f"a polite client right after: {self.polite}")


@dataclass(frozen=True)
class Injection(Dialogue):
    """A command sent in clear behind STARTTLS, in the same segment."""

    offered: bool
    starttls: Reply | None
    tls_failure: str | None
    heard_in_tls: str
    """What came inside TLS without being asked for."""


@dataclass(frozen=True)
class Attempt:
    """MAIL and RCPT, never DATA. ``form`` names the trick of a relay attempt."""

    form: str
    sender: str
    recipient: str
    mail: Reply
    rcpt: Reply | None

    @property
    def last(self) -> Reply:
        return self.rcpt or self.mail

    @property
    def accepted(self) -> bool:
        return self.rcpt is not None and self.rcpt.positive

    def __str__(self) -> str:
        reply = str(self.last).replace("\n", " / ")
        return f"{self.form}: MAIL FROM:<{self.sender}> RCPT TO:<{self.recipient}>: {reply}"


COMPARISON = "unknown recipient at home"
"""The form of the one relay attempt that is none: what the server says of a mailbox of its own that does not exist."""


@dataclass(frozen=True)
class RelayAttempts(Dialogue):
    """Recipients that are none of the server's business, in every form that has ever fooled one (RFC 2505, section
    2.1).
    """

    attempts: tuple[Attempt, ...]
    interrupted: str
    """Why the series ended before its end; empty if it did not."""
    role: Role = Role.MX

    def refuses_tester(self, attempt: Attempt) -> str:
        """Why a refusal says nothing about relaying. Empty if it does.

        Submission is for those who authenticate (RFC 6409, section 4.3): whatever it says to refuse a stranger for
        good, it does not relay for strangers.
        """
        if self.role is Role.SUBMISSION and attempt.last.permanent:
            return ""
        return refuses_tester(attempt)

    @property
    def relayed(self) -> tuple[Attempt, ...]:
        """Accepted forms. Where the server takes any local part at its domain, only those that end elsewhere tell."""
        home = next((attempt for attempt in self.attempts if attempt.form == COMPARISON), None)
        accepted = [attempt for attempt in self.attempts if attempt.accepted and attempt is not home]
        if home is not None and home.accepted:
            domain = home.recipient.rpartition("@")[2]
            accepted = [attempt for attempt in accepted if attempt.recipient.rpartition("@")[2] != domain]
        return tuple(accepted)

    def evidence(self) -> tuple[str, ...]:
        return (*(str(attempt) for attempt in self.attempts), "the dialogue:", *super().evidence())


@dataclass(frozen=True)
class Mailboxes(Dialogue):
    """What one MX address says of mailboxes of one domain."""

    domain: str
    endpoint: str
    attempts: tuple[Attempt, ...]
    interrupted: str

    def evidence(self) -> tuple[str, ...]:
        return (*(str(attempt) for attempt in self.attempts), "the dialogue:", *super().evidence())

    def attempt(self, form: str) -> Attempt:
        """The attempt of that form. Raises NotObserved where it was not made, or where the refusal is about us."""
        found = next((attempt for attempt in self.attempts if attempt.form == form), None)
        if found is None:
            raise NotAvailable(f"{form} was not tried: {self.interrupted}", self.evidence())
        reason = refuses_tester(found)
        if reason:
            raise NotObserved(reason, self.evidence())
        return found


@dataclass(frozen=True)
class Recipients(Observation):
    """What every MX address of a domain says of the same mailboxes."""

    domain: str
    mailboxes: tuple[Mailboxes, ...]
    missing: tuple[tuple[str, str], ...]
    """Endpoints that could not be asked, with the reason."""

    def evidence(self) -> tuple[str, ...]:
        lines: list[str] = []
        for mailboxes in self.mailboxes:
            lines.append(f"{mailboxes.endpoint}:")
            lines += [f"  {attempt}" for attempt in mailboxes.attempts]
        return (*lines, *(f"{endpoint}: {reason}" for endpoint, reason in self.missing))


_ABOUT_TESTER = re.compile(
    r"sender|mail from|helo|ehlo|client host|reverse|rdns|\bptr\b|\bspf\b|dmarc|"
    r"block(?:ed|ing|list)|black ?list|denylist|\brbl\b|dnsbl|reputation|"
    r"your (?:host|ip|address)|too many|rate limit",
    re.IGNORECASE,
)
_ABOUT_CLIENT = re.compile(
    r"client host|block(?:ed|ing|list)|black ?list|denylist|\brbl\b|dnsbl|reputation|reverse|rdns|\bptr\b|"
    r"your (?:host|ip|address)|too many|rate limit",
    re.IGNORECASE,
)
_ABOUT_TESTER_CODES = frozenset({"5.1.7", "5.1.8", "5.5.4", "5.7.9", *(f"5.7.{detail}" for detail in range(20, 28))})
"""RFC 3463, RFC 7372: bad sender, failed SPF or DKIM, failed reverse DNS."""


def refuses_tester(attempt: Attempt) -> str:
    """Why a refusal says nothing about the recipient: it is not yet final, or it is about the tester. Empty if it
    does.
    """
    reply = attempt.last
    if reply.transient:
        return f"not decided: {reply} (greylisting or a temporary fault); try again later"
    if not reply.permanent or reply.code == 530:
        # 530: authentication or TLS is wanted from everybody (RFC 4954, section 6; RFC 3207, section 4).
        return ""
    about_us = (reply.enhanced or "") in _ABOUT_TESTER_CODES or _ABOUT_TESTER.search(_without_addresses(attempt, reply))
    if attempt.rcpt is None or about_us:
        return (
            f"the server refuses the tester, not the recipient: {reply}; "
            "set probe.ehlo and probe.sender to names of yours"
        )
    return ""


def refuses_name(reply: Reply) -> str:
    """Why a reply to EHLO or HELO is about the name that the tester said, or not final. Empty if it is not.

    500 and 502 say that the command is not implemented, 503 that it comes at the wrong time, 530 that TLS or
    authentication must come first; with 504 and 550 a server rejects the name (RFC 5321, sections 4.1.4 and 4.3.2),
    and with 554 Postfix does.
    """
    if reply.positive or reply.code in (500, 502, 503, 530):
        return ""
    return f"the server refuses the tester's name: {reply}; set probe.ehlo to a name of yours that resolves"


def refuses_client(reply: Reply) -> str:
    """Why a refusal says nothing about the service: it is about the tester's address. Empty if it does."""
    if (reply.permanent or reply.transient) and _ABOUT_CLIENT.search(reply.text):
        return f"the server refuses the tester, not everybody: {reply}; test from another address"
    return ""


def refuses_destination(attempt: Attempt) -> str:
    """Why a refusal to relay says nothing about relaying: the outsider's domain takes no mail. Empty if it does."""
    reply = attempt.last
    if reply.code == 556 or reply.enhanced in ("5.1.2", "5.1.10", "5.4.4"):
        return (
            f"the server refuses the outsider's domain, not relaying: {reply}; "
            "set probe.outsider to a mailbox that exists"
        )
    return ""


def _without_addresses(attempt: Attempt, reply: Reply) -> str:
    text = reply.text
    for address in (attempt.recipient, attempt.sender):
        if address:
            text = text.replace(address, "")
    return text
