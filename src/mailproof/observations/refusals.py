"""Whom a refusal is about: the recipient, or the tester who asked.

A server that refuses the tester says nothing about its recipients, and nothing about relaying. The signs that need no
language come first: the enhanced status code (RFC 3463, section 3), the tester's own address or name in the reply,
what other recipients were told in the same series. Words come last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from mailproof.net.smtp import Reply
from mailproof.observations.attempts import Attempt


@dataclass(frozen=True)
class Tester:
    """By what a server may call the tester: the EHLO name, addresses and the PTR names of these, in lower case."""

    __test__ = False  # pytest collects classes of this name

    names: tuple[str, ...] = ()
    sender: str = ""
    """The envelope sender of the probes."""

    def is_named_in(self, text: str) -> bool:
        """Whether one of the names stands in ``text`` by itself, and not inside a longer name or number."""
        lowered = text.lower()
        return any(re.search(rf"(?<![\w.:@-]){re.escape(name)}(?![\w:-]|\.\w)", lowered) for name in self.names)


STRANGER = Tester()
"""A tester of whom nothing is known that a server might name."""


class About(StrEnum):
    """Whom a refusal is about."""

    RECIPIENT = "recipient"
    TESTER = "tester"
    UNKNOWN = "unknown"


_STATUS = re.compile(r"(?:^|[\s(\[#])([245])\.([0-9]{1,3})\.([0-9]{1,3})(?=[\s)\]:;,-]|$)")
"""Some servers put the code into brackets at the end, as qmail does: ``(#5.1.1)``."""

_SENDER_DETAILS = frozenset({7, 8})
"""Details of X.1 (addressing) that are about the sender's address (RFC 3463, section 3.2)."""
_CLIENT_DETAILS = frozenset({8, 9, *range(20, 28), *range(500, 516), *range(606, 650)})
"""Details of X.7 (policy) that are about the client: its authentication, SPF, DKIM, reverse DNS (RFC 7372, RFC 4954),
and those with which Microsoft bans addresses."""
_RECIPIENT_DETAILS = frozenset({2, 13, 17, 18, 64, 124, 129, 133, 134})
"""Details of X.7 that are about the recipient (RFC 5248; RFC 7293), and Microsoft's for restricted ones."""
_TLS_DETAILS = frozenset({10, 11})
"""X.7.10 and X.7.11: encryption needed (RFC 5248)."""

_NO_RECIPIENT = re.compile(
    r"\b(?:no such|unknown|invalid|non-?existent|not (?:a )?valid|bad|inactive|illegal)\s+(?:[\w-]+\s+){0,2}"
    r"(?:user|mailbox|mail ?drop|recipient|address|alias|account|person|local[ -]?part)|"
    r"\b(?:user|mailbox|mail box|recipient|addressee|(?<!ip )address|account)\b[^.;\n]{0,60}?"
    r"\b(?:unknown|not found|un?available|invalid|disabled|suspended|inactive|full|unallocated|closed|"
    r"(?:does|do|did)(?: not|n't) exist|not exist|not known|not have|no longer|is not)|"
    r"does(?: not|n't) (?:exist|have (?:an? )?(?:\S+ )?account)|no mailbox|no one (?:here|with)|not our customer|"
    r"(?:not )?in (?:my |the |our )?(?:recipient|local recipient|relay recipient) (?:list|table)|"
    r"unrout(?:e)?able|quota|over ?quota|takes no mail for|undeliverable address|target address",
    re.IGNORECASE,
)
_NO_RELAYING = re.compile(
    r"\brelay|rcpthosts|not (?:a )?local (?:domain|host|user)|"
    r"(?:do|does)(?: not|n't) (?:accept|handle) (?:e?-?mail )?for|"
    r"we (?:do not|don't) serve|not hosted here|unauthenticated (?:users|senders)|routed address|uucp|"
    r"route addr|source[ -]rout",
    re.IGNORECASE,
)
_ABOUT_TESTER = re.compile(
    r"sender|mail from|helo|ehlo|client|reverse|rdns|\bptr\b|\bspf\b|dmarc|dkim|"
    r"block|\bban(?:ned)?\b|black ?list|deny ?list|\blisted\b|\bbl\b|dnsbl|rbl\b|reputation|spamhaus|spam|"
    r"your (?:host|ip|address|domain|network|server|country|isp|access)|\bip\b|hostname|dial-?up|dynamic|residential|"
    r"country|\bgeo|too many|\brate|unusual|suspicious|polic(?:y|ies)|access (?:is )?denied|access from|prohibit|"
    r"not authori[sz]ed|authenticat|service (?:is )?(?:currently |temporarily )?(?:not |un)available|connection",
    re.IGNORECASE,
)
_REPUTATION = r"black ?list|block ?list|deny ?list|dnsbl|rbl\b|spamhaus|reputation|\bban(?:ned|ning)\b|"
_STANDING = re.compile(_REPUTATION + r"\blisted\b", re.IGNORECASE)
_LISTED = re.compile(
    _REPUTATION + r"client host|your (?:host|ip|address|network|server|isp)|sending ip|sender ip", re.IGNORECASE
)
"""Words about the client that no server says of a recipient. They count though other recipients are accepted: servers
take mail for postmaster and abuse from clients whom they block."""
_RECIPIENT_REJECTED = re.compile(r"recipient|mailbox|rcpt|\buser\b", re.IGNORECASE)


_CLIENT_STANDING = re.compile(r"reverse|\brdns\b|\bptr\b|\bspf\b|dkim|dmarc|helo|ehlo|sender", re.IGNORECASE)
"""Words about what a client or sender lacks, and another one may have."""


def of_standing(attempt: Attempt) -> bool:
    """Whether a refusal is about what the tester lacks (reputation, reverse DNS, SPF): others may be welcome."""
    code = status(attempt.last)
    text = _without_addresses(attempt)
    named = bool(_STANDING.search(text) or _CLIENT_STANDING.search(text))
    return named or (code is not None and code[1] == 7 and code[2] in _CLIENT_DETAILS)


def of_mailbox(attempt: Attempt) -> bool:
    """Whether a refusal is about the mailbox alone: it does not exist, or takes no mail. Relaying is another matter."""
    code = status(attempt.last)
    text = _without_addresses(attempt)
    if _NO_RELAYING.search(text):
        return False
    by_status = code is not None and (code[1] == 2 or code[1:] in ((1, 1), (1, 6)))
    return by_status or bool(_NO_RECIPIENT.search(text) or _RECIPIENT_DENIED.search(text))


def of_domain(attempt: Attempt) -> bool:
    """Whether a final refusal is about the whole domain: the server says that it takes no mail for it."""
    code, text = status(attempt.last), _without_addresses(attempt)
    about_mailbox = (code is not None and code[1] in (1, 2)) or bool(_NO_RECIPIENT.search(text))
    refused = attempt.rcpt is not None and attempt.last.permanent
    return refused and not about_mailbox and bool(_NO_RELAYING.search(text))


_RECIPIENT_DENIED = re.compile(r"recipient address rejected: access denied", re.IGNORECASE)
"""What Microsoft 365 says of mailboxes that do not exist."""


def status(reply: Reply) -> tuple[int, int, int] | None:
    """The enhanced status code wherever it stands in the text; None without one."""
    found = _STATUS.search(reply.text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def demands_tls(reply: Reply) -> bool:
    """Whether a reply asks for encryption first, from everybody (RFC 3207, section 4; RFC 4954, section 6)."""
    code = status(reply)
    if code is not None and code[1] == 7 and code[2] in _TLS_DETAILS:
        return True
    about_mailbox = code is not None and code[1] in (1, 2)
    return reply.permanent and not about_mailbox and bool(_ENCRYPTION.search(_words(reply.text)))


_ENCRYPTION = re.compile(r"\b(?:start)?tls\b|encrypt|\bssl\b", re.IGNORECASE)
_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")


def _words(text: str) -> str:
    """``text`` without addresses, links and host names: what these are called is not what the server says."""
    return " ".join(
        word
        for word in text.split()
        if "@" not in word and "://" not in word and not _HOST_NAME.fullmatch(word.strip("<>[](){}:;,.!?'\""))
    )


def about(attempt: Attempt, tester: Tester, others: Sequence[Attempt] = ()) -> About:
    """Whom the refusal of ``attempt`` is about. ``others`` are the further attempts of its series."""
    reply = attempt.last
    text = reply.text
    if attempt.rcpt is None:
        return About.TESTER  # MAIL is refused: there was no recipient yet
    if (sure := _by_status(status(reply))) is not None:
        return sure
    if _NO_RELAYING.search(_without_addresses(attempt)):
        return About.RECIPIENT  # some servers add to whom they do not relay: "Relaying denied [192.0.2.1]"
    if tester.is_named_in(text) or _names_sender_only(attempt):
        return About.TESTER
    if _NO_RECIPIENT.search(_without_addresses(attempt)):
        return About.RECIPIENT
    if _LISTED.search(_without_addresses(attempt)):
        return About.TESTER
    asked = [other for other in others if other is not attempt and "@" in other.recipient]
    if any(other.accepted and other.sender == attempt.sender and other.tls == attempt.tls for other in asked):
        return About.RECIPIENT  # somebody else is served: the tester is welcome
    if _one_text_for_all(attempt, asked):
        return About.TESTER
    return _by_words(attempt)


def _by_status(code: tuple[int, int, int] | None) -> About | None:
    """What the enhanced status code decides by itself: X.1 and X.2 are the recipient's, some of X.7 the client's."""
    match code:
        case (_, 1, 0) | None:
            return None
        case (_, 1, detail):
            return About.TESTER if detail in _SENDER_DETAILS else About.RECIPIENT
        case (_, 2, detail) if detail:
            return About.RECIPIENT
        case (_, 7, detail) if detail in _CLIENT_DETAILS:
            return About.TESTER
        case (_, 7, detail) if detail in _RECIPIENT_DETAILS:
            return About.RECIPIENT
        case _:
            return None


def _names_sender_only(attempt: Attempt) -> bool:
    text = attempt.last.text.lower()
    return bool(attempt.sender) and attempt.sender.lower() in text and attempt.recipient.lower() not in text


def _one_text_for_all(attempt: Attempt, others: Sequence[Attempt]) -> bool:
    """Whether recipients in another domain than the attempt's got the very same refusal."""
    domain = attempt.recipient.rpartition("@")[2].lower()
    elsewhere = [other for other in others if other.recipient.rpartition("@")[2].lower() != domain]
    refused = [other for other in elsewhere if other.rcpt is not None and other.last.permanent]
    return any(_bare(other) == _bare(attempt) for other in refused) and not any(other.accepted for other in others)


def _bare(attempt: Attempt) -> tuple[int, str]:
    """A refusal without what differs from one recipient to the next: addresses, and words that hold digits."""
    words = _without_addresses(attempt).lower().split()
    return attempt.last.code, " ".join(word for word in words if not any(letter.isdigit() for letter in word))


def _by_words(attempt: Attempt) -> About:
    text = _without_addresses(attempt)
    code = status(attempt.last)
    if _ABOUT_TESTER.search(text) and not _RECIPIENT_DENIED.search(text):
        return About.TESTER
    if _RECIPIENT_REJECTED.search(text):
        return About.RECIPIENT
    return About.UNKNOWN if code is not None and code[1] in (3, 5, 7) else About.RECIPIENT


def _without_addresses(attempt: Attempt) -> str:
    """The text of a refusal without addresses and links, whose words are not the server's."""
    text = attempt.last.text
    for address in (attempt.recipient, attempt.sender):
        if address:
            text = re.sub(re.escape(address), "", text, flags=re.IGNORECASE)
    return _words(text)


def refuses_tester(attempt: Attempt, tester: Tester = STRANGER, others: Sequence[Attempt] = ()) -> str:
    """Why a refusal says nothing about the recipient: it is not yet final, or it is about the tester. Empty if it
    does.
    """
    reply = attempt.last
    if reply.transient:
        return f"not decided: {reply} ({why_deferred(reply, tester)})"
    if not reply.permanent or reply.code == 530 or demands_tls(reply):
        # 530: authentication or TLS is wanted from everybody (RFC 4954, section 6; RFC 3207, section 4).
        return ""
    match about(attempt, tester, others):
        case About.TESTER:
            return (
                f"the server refuses the tester, not the recipient: {reply}; "
                "set probe.ehlo and probe.sender to names of yours"
            )
        case About.UNKNOWN:
            return f"the refusal does not say whether it is about the recipient or the tester: {reply}"
        case About.RECIPIENT:
            return ""


_REVERSE_NAME = re.compile(r"\bptr\b|\brdns\b|reverse|host ?name|\bhost not found|helo|ehlo", re.IGNORECASE)


def why_deferred(reply: Reply, tester: Tester = STRANGER) -> str:
    """What a 4yz reply asks of the client."""
    code = status(reply)
    if (code is not None and code[1:] in ((7, 25), (7, 27))) or _REVERSE_NAME.search(reply.text):
        return "it is about the tester's reverse DNS or EHLO name: give the address a PTR that resolves back"
    if tester.is_named_in(reply.text):
        return "the server does not want the tester's address now; try again later"
    return "greylisting or a temporary fault; try again later"


def refuses_name(reply: Reply) -> str:
    """Why a reply to EHLO or HELO is about the name that the tester said, or not final. Empty if it is not.

    500 and 502 say that the command is not implemented, 503 that it comes at the wrong time, 530 that TLS or
    authentication must come first; with 504 and 550 a server rejects the name (RFC 5321, sections 4.1.4 and 4.3.2),
    and with 554 Postfix does.
    """
    if reply.positive or reply.code in (500, 502, 503, 530) or demands_tls(reply):
        return ""
    return f"the server refuses the tester's name: {reply}; set probe.ehlo to a name of yours that resolves"


_NOBODY_SERVED = re.compile(
    r"no (?:e?smtp|mail) service here|(?:does|do)(?: not|n't) (?:accept|receive) (?:any )?(?:e-?)?mail|"
    r"takes no mail|not a mail ?server|no longer in (?:use|service)|not in service",
    re.IGNORECASE,
)
_ABOUT_CLIENT = re.compile(
    r"client|block|\bban(?:ned)?\b|black ?list|deny ?list|\blisted\b|rbl\b|dnsbl|reputation|reverse|rdns|\bptr\b|"
    r"your (?:host|ip|address|domain|network|server|country|isp|access)|\bip\b|ip=|dial-?up|dynamic|residential|"
    r"country|\bgeo|too many|\brate|polic(?:y|ies)|access|denied|spam|"
    r"service (?:is )?(?:currently |temporarily )?(?:not |un)available",
    re.IGNORECASE,
)


def refuses_client(reply: Reply, tester: Tester = STRANGER) -> str:
    """Why a refusal says nothing about the service: it is about the tester's address. Empty if it does.

    "No SMTP service here" is said to everybody (RFC 5321, section 3.1; RFC 7504). A greeting that begins with 220 and
    ends in a refusal is that of a filter which looks at its clients while they wait, as postscreen does.
    """
    if not (reply.permanent or reply.transient):
        return ""
    code = status(reply)
    named = tester.is_named_in(reply.text) or _addresses_in(reply.text)
    words = _words(reply.text)
    # X.7.0 beside words about TLS is a server without a certificate: 454 4.7.0 TLS not available (RFC 3207, section 4).
    no_tls = code is not None and code[1:] == (7, 0) and _ENCRYPTION.search(words)
    by_policy = code is not None and code[1] == 7 and not no_tls
    told = not _NOBODY_SERVED.search(words) and (_ABOUT_CLIENT.search(words) or by_policy)
    if named or told or reply.changed:
        return f"the server refuses the tester, not everybody: {reply}; test from another address"
    return ""


def _addresses_in(text: str) -> bool:
    """Whether a numeric address stands in the text of a greeting: a server has no reason to tell its own."""
    for word in re.split(r"[\s\[\]()<>=;,'\"]+", text):
        try:
            ip_address(word.removeprefix("IPv6:").rstrip(".:"))
        except ValueError:
            continue
        return True
    return False


def refuses_destination(attempt: Attempt) -> str:
    """Why a refusal to relay says nothing about relaying: the outsider's domain takes no mail. Empty if it does."""
    reply = attempt.last
    if reply.code == 556 or reply.enhanced in ("5.1.2", "5.1.10", "5.4.4"):
        return (
            f"the server refuses the outsider's domain, not relaying: {reply}; "
            "set probe.outsider to a mailbox that exists"
        )
    return ""
