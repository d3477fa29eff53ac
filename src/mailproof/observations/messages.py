"""Messages as they were received: their header, their signatures, and the hop that brought them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from mailproof.grammars.dkim_signatures import Signature, parse_signature
from mailproof.grammars.messages import Header, Mailboxes, parse_mailboxes
from mailproof.grammars.received import Hop, SPFHeader, iso_time, parse_received, parse_received_spf, seconds_of
from mailproof.grammars.uris import uri_error
from mailproof.net.dns.client import Answer
from mailproof.net.https import Response
from mailproof.observations import Observation
from mailproof.observations.mx import takes_mail
from mailproof.observations.spf import Check

KEPT = (
    *("from", "sender", "date", "message-id", "return-path", "received", "received-spf", "authentication-results"),
    *("dkim-signature", "list-unsubscribe", "list-unsubscribe-post", "list-id", "list-post", "precedence"),
    *("delivered-to", "arc-seal", "arc-message-signature"),
)
"""Fields whose values are looked at. Those of others (Subject, recipients) come into no record and no report."""


@dataclass(frozen=True)
class Message(Observation):
    """A message in a file. Of its body nothing is kept but the form of its lines."""

    file: str
    header: Header
    """Values only of the fields of ``KEPT``; the others are empty."""
    ours: str = ""
    """The domain of the inventory that From belongs to; empty where it belongs to none."""
    sent_by_us: str = ""
    """What else says that the message is ours: a sending address of the inventory, or the domain of Return-Path."""
    taken_at: int = 0
    """The line of the Received field by which a host of the inventory took it from outside; 0 where none did."""
    strays: tuple[str, ...] = ()
    """Domains of From and of the envelope that lie below one of the inventory and are none of it themselves."""
    observed_at: str = ""

    @property
    def author(self) -> Mailboxes:
        """Who stands in From; nobody where there is none."""
        return parse_mailboxes(self.header.first("from") or "")

    @property
    def author_domain(self) -> str:
        """The domain that DMARC goes by: that of From, if it is one (RFC 9989, section 4.2)."""
        domains = self.author.domains
        return domains[0] if len(domains) == 1 and len(self.header.all("from")) == 1 else ""

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The way of the message, the last hop first."""
        return tuple(parse_received(field.value) for field in self.header.all("received"))

    @property
    def received_spf(self) -> SPFHeader | None:
        """What the last receiver that checked SPF says of the client."""
        value = self.header.first("received-spf")
        return parse_received_spf(value) if value is not None else None

    @property
    def return_path(self) -> str | None:
        """The sender of the envelope, empty for a bounce; None where nothing tells it."""
        value = self.header.first("return-path")
        if value is not None:
            return next(iter(parse_mailboxes(value).addresses), "")
        spf = self.received_spf
        return spf.sender if spf is not None and spf.sender else None

    @property
    def received_at(self) -> str:
        """When it was received, in ISO form; where no hop says so, when it was sent; empty where nothing tells."""
        times = [hop.at for hop in self.hops if hop.at]
        return times[0] if times else iso_time(self.header.first("date") or "")

    @property
    def age_in_days(self) -> float | None:
        """How old the message was when it was looked at; None where that cannot be told."""
        then, now = seconds_of(self.received_at), seconds_of(self.observed_at)
        return (now - then) / 86_400 if then is not None and now is not None else None

    @property
    def passed_on(self) -> str:
        """What says that a list or a forwarder passed it on, which may change it; empty where nothing does."""
        for name in ("arc-seal", "list-post"):
            if field := next(iter(self.header.all(name)), None):
                return field.name
        return ""

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.file}: {len(self.header.fields)} fields, lines end in {self.header.form.ends}"]
        shown = [field for field in self.header.fields if field.value]
        return (*lines, *(f"{self.file}:{field.line}: {field.name}: {field.value[:1000]}" for field in shown))


@dataclass(frozen=True)
class SignatureSeen:
    """A DKIM signature of a message, and what its verification says in the words of RFC 8601, section 2.7.1."""

    value: str
    line: int
    result: str
    """pass, fail, permerror, or empty where it could not be verified."""
    reason: str = ""
    key: Annotated[Answer | None, "TXT"] = None
    """None where nobody asked for it, or nobody answered."""
    aligned: bool = False
    """Whether d is the domain of From, or of its organisation where relaxed alignment is wanted (RFC 9989, 4.4.1)."""
    left_out: tuple[str, ...] = ()
    """Names of fields of the message that it does not sign, in lower case."""

    @property
    def signature(self) -> Signature:
        return parse_signature(self.value)

    @property
    def key_is_gone(self) -> bool:
        """Whether there is no key any more, or a revoked one."""
        return self.reason.startswith(NO_KEY)


NO_KEY = "there is no key at "
"""How the reason begins where the DNS has no key, or a revoked one."""


@dataclass(frozen=True)
class MessageSignatures(Observation):
    """The DKIM signatures of a message whose From is a domain of the inventory."""

    message: Message
    signatures: tuple[SignatureSeen, ...] = ()
    left_out: int = 0
    """Signatures beyond the bound: they are not looked at."""

    @property
    def aligned(self) -> tuple[SignatureSeen, ...]:
        return tuple(one for one in self.signatures if one.aligned)

    @property
    def good(self) -> tuple[SignatureSeen, ...]:
        """Aligned signatures that verify."""
        return tuple(one for one in self.aligned if one.result == "pass")

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.message.evidence())
        for one in self.signatures:
            lines.append(f"signature of {one.signature.domain}: {one.result or 'not verified'} {one.reason}".rstrip())
            lines += one.key.evidence() if one.key is not None else ()
        return tuple(lines)


@dataclass(frozen=True)
class SendingHop(Observation):
    """The hop by which a message left its sender, and what SPF says of it."""

    message: Message
    address: str = ""
    helo: str = ""
    told_by: str = ""
    """The field that tells it; empty where none does."""
    is_ours: bool = False
    """Whether the address is one of the inventory."""
    are_declared: bool = False
    """Whether the inventory names addresses that mail leaves from; otherwise only those of the MX hosts are known."""
    sender: str = ""
    """The envelope's sender; empty for a bounce, whose identity is the HELO name (RFC 7208, section 2.4)."""
    check: Check | None = None
    """None where the hop or the sender of the envelope is not known."""
    aligned: bool = False

    @property
    def domain(self) -> str:
        """The domain that SPF is about."""
        return (self.sender.rpartition("@")[2] or self.helo).lower()

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.message.evidence())
        if self.address:
            lines.append(f"sending hop by {self.told_by}: {self.address}, HELO {self.helo or 'unknown'}")
        if self.check is not None:
            lines.append(f"SPF of {self.domain} for {self.address}: {self.check.result} {self.check.explanation}")
        return tuple(lines)


@dataclass(frozen=True)
class SaidNames(Observation):
    """The names that a sending address said in HELO or EHLO, as those say who took its messages."""

    address: str
    names: tuple[tuple[str, str], ...] = ()
    """Pairs of a name and the file of the first message that shows it."""

    def evidence(self) -> tuple[str, ...]:
        return tuple(f"{file}: {self.address} said EHLO {name}" for name, file in self.names)


@dataclass(frozen=True)
class ReturnPath(Observation):
    """Where bounces of a message of ours go, and whether mail can be sent there."""

    message: Message
    domain: str = ""
    """Empty where the message is foreign, a bounce, or does not tell."""
    is_ours: bool = False
    """Whether the domain is one of the inventory, which its own controls judge."""
    mx: Annotated[Answer | None, "MX"] = None
    """None where nobody asked."""
    addresses: tuple[str, ...] = ()
    """Of the domain itself, where it has no MX record."""

    @property
    def takes_mail(self) -> bool:
        """Whether a sender would try (RFC 5321, section 5.1; RFC 7505)."""
        return takes_mail(self.mx.records if self.mx is not None else (), self.addresses)

    def evidence(self) -> tuple[str, ...]:
        return (*self.message.evidence(), *(self.mx.evidence() if self.mx is not None else ()))


@dataclass(frozen=True)
class OneClick(Observation):
    """What the https URI of List-Unsubscribe answers to a GET, which must not unsubscribe anybody."""

    message: Message
    uri: str = ""
    """Empty where the message is not ours, is not signed by us, or offers no one-click unsubscription."""
    response: Response | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.uri).hostname or ""

    def evidence(self) -> tuple[str, ...]:
        return (*self.message.evidence(), *(self.response.evidence()[:20] if self.response is not None else ()))


def one_click_uri(message: Message) -> str:
    """The first https URI of List-Unsubscribe; empty where there is none that could be asked."""
    uris = https_uris(message.header.first("list-unsubscribe") or "")
    return next((uri for uri in uris if uri_error(uri) is None), "")


def https_uris(value: str) -> tuple[str, ...]:
    """The https URIs of List-Unsubscribe, in order. Comments may stand between them; blanks in them, where the field
    was folded, are no part of them (RFC 2369, section 2).
    """
    uris = ("".join(uri.split()) for uri in _BRACKETS.findall(value[:MAX_URIS]))
    return tuple(uri for uri in uris if uri.lower().startswith("https://"))


_BRACKETS = re.compile(r"<([^<>]*)>")
MAX_URIS = 4_000
"""Characters of List-Unsubscribe that are looked at."""
