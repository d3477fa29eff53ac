"""The test messages to a mailbox of ours: who they come from, what is wrong with them, and how they are marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

import dkim

from mailproof.exercising.reports import report_mail
from mailproof.inventory.exercise import Incoming, OwnMailbox

MARK = "X-Mailproof-Exercise"
"""The header field that every test message has: run id, case, and ``smuggled`` for one that was hidden in another."""
SELECTOR = "mailproof"
LOCAL_PART = "mailproof-exercise"

RIGHT = "right"
"""The case that everything is right in, which the others are compared with."""
SPF_FAIL = "spf-fail"
DKIM_BROKEN = "dkim-broken"
DKIM_NO_KEY = "dkim-no-key"
TWO_AUTHORS = "two-authors"
DMARC_REJECT = "dmarc-reject"
DMARC_QUARANTINE = "dmarc-quarantine"
ALIGNED_DKIM = "dmarc-aligned-dkim"
ALIGNED_SPF = "dmarc-aligned-spf"
BOGUS_KEY = "dnssec-bogus"
REPORT = "report"
"""An aggregate report of DMARC (RFC 9990), for a mailbox that reports come to."""
SMUGGLING = "smuggling"
"""Cases are called ``smuggling LF.LF`` and so on."""

ODD_ENDS = {
    "LF.LF": b"\n.\n",
    "LF.CRLF": b"\n.\r\n",
    "CRLF.LF": b"\r\n.\n",
    "CR.CR": b"\r.\r",
    "CR.LF": b"\r.\n",
    "CR.CRLF": b"\r.\r\n",
    "CRLF.CR": b"\r\n.\r",
}
"""What must not end a message: only CRLF.CRLF does (RFC 5321, section 4.1.1.4)."""


@dataclass(frozen=True)
class Mail:
    """One message: the sender of its envelope, and its text as it goes over the wire, without the final dot."""

    case: str
    sender: str
    octets: bytes
    domain: str = ""
    """Whose DKIM signature it has; empty: none."""
    odd_end: int = 0
    """After how many octets the receiver is listened to, because it may take them for the whole text; 0: it is not."""
    may_become: int = 1
    """How many messages a faulty receiver may make of it."""


@dataclass(frozen=True)
class Names:
    """The names below the test domain that messages come from."""

    domain: str

    @property
    def right(self) -> str:
        return f"right.{self.domain}"

    @property
    def unauthorised(self) -> str:
        """SPF says that nobody sends mail from it."""
        return f"nobody.{self.domain}"

    @property
    def reject(self) -> str:
        return f"reject.{self.domain}"

    @property
    def quarantine(self) -> str:
        return f"quarantine.{self.domain}"

    @property
    def by_spf(self) -> str:
        """DMARC says reject, and SPF that this machine may send."""
        return f"reject-spf.{self.domain}"


class Composer:
    """Writes the messages of one run to one mailbox. ``key`` is the private key of the test domain, if there is one."""

    def __init__(self, mailbox: OwnMailbox, run: str, sender: str, contact: str, key: bytes = b"") -> None:
        self._mailbox = mailbox
        self._run = run
        self._sender = sender
        self._contact = contact
        self._key = key

    def mails(self) -> Iterator[Mail]:
        """All messages, the one that is right in all respects first."""
        incoming = self._mailbox.incoming
        if incoming is not None:
            yield from self._authenticated(incoming)
        else:
            yield Mail(RIGHT, self._sender, self._text(RIGHT, self._sender))
        sender = self._sender if incoming is None else _mailbox_of(Names(incoming.test_domain).right)
        if self._mailbox.takes_reports:
            lines = (
                f"To: <{self._mailbox.address}>",
                f"{MARK}: {self._run} {REPORT}",
                "Auto-Submitted: auto-generated",
            )
            yield Mail(REPORT, sender, report_mail(self._run, sender, lines))
        for form, octets in ODD_ENDS.items():
            yield self._smuggling(f"{SMUGGLING} {form}", sender, octets)

    def _authenticated(self, incoming: Incoming) -> Iterator[Mail]:
        """The messages that SPF, DKIM and DMARC are tried with."""
        names = Names(incoming.test_domain)
        right, nobody = _mailbox_of(names.right), _mailbox_of(names.unauthorised)
        reject, quarantine = _mailbox_of(names.reject), _mailbox_of(names.quarantine)
        by_spf = _mailbox_of(names.by_spf)
        yield Mail(RIGHT, right, self._signed(self._text(RIGHT, right), names.right), names.right)
        yield Mail(SPF_FAIL, nobody, self._text(SPF_FAIL, nobody))
        broken = self._signed(self._text(DKIM_BROKEN, right), names.right)
        yield Mail(
            DKIM_BROKEN, right, broken + b"This line was added after the message had been signed.\r\n", names.right
        )
        no_key = self._signed(self._text(DKIM_NO_KEY, right), names.right, selector=f"no-{SELECTOR}")
        yield Mail(DKIM_NO_KEY, right, no_key, names.right)
        two = self._signed(self._text(TWO_AUTHORS, right), names.right)
        yield Mail(TWO_AUTHORS, right, f"From: <{_mailbox_of(names.by_spf)}>\r\n".encode() + two, names.right)
        yield Mail(DMARC_REJECT, right, self._text(DMARC_REJECT, reject))
        yield Mail(DMARC_QUARANTINE, right, self._text(DMARC_QUARANTINE, quarantine))
        yield Mail(ALIGNED_DKIM, right, self._signed(self._text(ALIGNED_DKIM, reject), names.reject), names.reject)
        yield Mail(ALIGNED_SPF, by_spf, self._text(ALIGNED_SPF, by_spf))
        if incoming.bogus_domain:
            bogus = _mailbox_of(incoming.bogus_domain)
            text = self._signed(self._text(BOGUS_KEY, bogus), incoming.bogus_domain)
            yield Mail(BOGUS_KEY, right, text, incoming.bogus_domain)

    def _smuggling(self, case: str, sender: str, odd_end: bytes) -> Mail:
        """A message whose text, behind the odd end, is a whole dialogue that sends another one to the same mailbox."""
        commands = f"MAIL FROM:<{sender}>\r\nRCPT TO:<{self._mailbox.address}>\r\nDATA\r\n".encode()
        outer = self._text(case, sender).removesuffix(b"\r\n")
        begun = outer + odd_end
        whole = begun + commands + self._text(case, sender, smuggled=True)
        return Mail(case, sender, whole, odd_end=len(begun), may_become=2)

    def _text(self, case: str, author: str, *, smuggled: bool = False) -> bytes:
        mark = f"{self._run} {case}{' smuggled' if smuggled else ''}"
        told = "was hidden in the text of another one" if smuggled else f"tries the case {case}"
        id = "-".join((self._run, *case.lower().replace(".", "-").split(), *(["smuggled"] if smuggled else [])))
        lines = (
            f"From: <{author}>",
            f"To: <{self._mailbox.address}>",
            f"Subject: mailproof exercise {mark} (test message)",
            f"Date: {format_datetime(datetime.now(UTC))}",
            f"Message-ID: <{id}@{author.rpartition('@')[2]}>",
            f"{MARK}: {mark}",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            f"This message of mailproof {told}.",
            f"It was asked for by the owner of this mailbox; questions to {self._contact}.",
            "",
        )
        return "\r\n".join(lines).encode()

    def _signed(self, text: bytes, domain: str, *, selector: str = SELECTOR) -> bytes:
        signature = dkim.sign(
            text,
            selector.encode(),
            domain.encode(),
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[b"from", b"to", b"subject", b"date", b"message-id", MARK.lower().encode()],
        )
        return bytes(signature) + text


def _mailbox_of(domain: str) -> str:
    return f"{LOCAL_PART}@{domain}"
