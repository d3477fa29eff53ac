"""What a domain tells the mail programs of its users: SRV records, autoconfig, Autodiscover, JMAP, ManageSieve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from dns.rdtypes.IN.SRV import SRV

from mailproof.grammars.client_settings import (
    ClientSettings,
    NamedServer,
    TLSStart,
    parse_autoconfig,
    parse_autodiscover,
)
from mailproof.net.dns.client import Answer
from mailproof.net.errors import KINDS, NotObserved
from mailproof.net.web import WebAnswer
from mailproof.observations import Observation
from mailproof.observations.services import StoreSession

KINDS_OF_SRV = {
    "_submissions": ("submission", TLSStart.AT_ONCE),
    "_submission": ("submission", TLSStart.STARTTLS),
    "_imaps": ("imap", TLSStart.AT_ONCE),
    "_imap": ("imap", TLSStart.STARTTLS),
    "_pop3s": ("pop3", TLSStart.AT_ONCE),
    "_pop3": ("pop3", TLSStart.STARTTLS),
}
"""Service, and how TLS begins, by label (RFC 6186, section 3; RFC 8314, section 5.1)."""


@dataclass(frozen=True)
class SRVRecord:
    """One SRV record (RFC 2782)."""

    label: str
    priority: int
    weight: int
    port: int
    target: str
    """``.``: the service is not offered."""

    def __str__(self) -> str:
        return f"{self.label}._tcp SRV {self.priority} {self.weight} {self.port} {self.target}"


@dataclass(frozen=True)
class ClientSRV(Observation):
    """The SRV records of a domain for mail programs. Without any name below ``_tcp`` nothing else was asked."""

    domain: str
    below: Annotated[Answer, "SRV"]
    """Of ``_tcp`` itself: where that does not exist, nothing below it does (RFC 8020)."""
    answers: tuple[Annotated[Answer, "SRV"], ...] = ()
    targets: tuple[tuple[str, Annotated[Answer, "A"], Annotated[Answer, "AAAA"]], ...] = ()
    """The names that they lead to, with their addresses."""

    @property
    def records(self) -> tuple[SRVRecord, ...]:
        """All records, in the order of the labels."""
        found = []
        for answer in self.answers:
            for record in answer.records:
                data = record.rdata(SRV)
                label = answer.name.partition(".")[0]
                found.append(SRVRecord(label, data.priority, data.weight, data.port, record.target))
        return tuple(found)

    def of(self, *labels: str) -> tuple[SRVRecord, ...]:
        """The records of these labels that lead to a host."""
        return tuple(record for record in self.records if record.label in labels and record.target != ".")

    @property
    def servers(self) -> tuple[NamedServer, ...]:
        """The servers for mail that they name."""
        return tuple(
            NamedServer(KINDS_OF_SRV[record.label][0], record.target, record.port, KINDS_OF_SRV[record.label][1])
            for record in self.of(*KINDS_OF_SRV)
        )

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.below.evidence())
        for answer in self.answers:
            lines += answer.evidence()
        for _, *of in self.targets:
            lines += [line for answer in of for line in answer.evidence()]
        return tuple(lines)


@dataclass(frozen=True)
class Autoconfig(Observation):
    """What ``autoconfig.DOMAIN`` gives over HTTPS; nothing was asked where there is no such name."""

    domain: str
    host: str
    addresses: tuple[str, ...]
    answers: tuple[WebAnswer, ...] = ()
    """One for each URL that was tried, until one gave the document; none where the connection is refused."""

    @property
    def found(self) -> WebAnswer | None:
        """The document, if one came: a right one before others, since programs ask for all and take that."""
        came = [answer for answer in self.answers if answer.status == 200]
        right = (answer for answer in came if not parse_autoconfig(answer.body, self.domain).errors)
        return next(right, came[0] if came else None)

    @property
    def settings(self) -> ClientSettings | None:
        found = self.found
        return parse_autoconfig(found.body, self.domain) if found is not None else None

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{self.host}: {', '.join(self.addresses) or 'no address'}"]
        for answer in self.answers:
            lines += (*answer.evidence(), *answer.body.splitlines()[:100])
        return tuple(lines)


@dataclass(frozen=True)
class Autodiscover(Observation):
    """What Autodiscover gives to whoever asks without a password, at its own name or where the SRV record leads."""

    domain: str
    host: str
    """Empty where there is neither."""
    answer: WebAnswer | None = None
    elsewhere: str = ""
    """The URL, mailbox or host of another owner that it leads to."""

    @property
    def settings(self) -> ClientSettings | None:
        """None unless a document came."""
        came = self.answer is not None and self.answer.status == 200
        return parse_autodiscover(self.answer.body) if came and self.answer is not None else None

    def evidence(self) -> tuple[str, ...]:
        if self.answer is None:
            return (f"{self.host or f'autodiscover.{self.domain}'}: nothing was asked",)
        return (*self.answer.evidence(), *self.answer.body.splitlines()[:100])


@dataclass(frozen=True)
class Connected:
    """A server that is named, one handshake with it, and whose it is to judge."""

    server: NamedServer
    address: str = ""
    version: str = ""
    """Of TLS; empty where no handshake with a certificate for the name came about."""
    failure: str = ""
    """The kind of failure."""
    reason: str = ""
    owned: bool = False
    """The inventory names this server: its endpoint is judged by itself, and it was not connected to."""

    def not_observed(self) -> NotObserved:
        """Why nothing was seen."""
        return KINDS.get(self.failure, NotObserved)(self.reason)


@dataclass(frozen=True)
class ClientTLS(Observation):
    """Every server that SRV records and autoconfig name, with what came of one handshake as a mail program does it."""

    domain: str
    connected: tuple[Connected, ...]

    def evidence(self) -> tuple[str, ...]:
        return tuple(
            f"{one.server} at {one.address or 'no address'}: {one.version or one.reason or 'in the inventory'}"
            for one in self.connected
        )


@dataclass(frozen=True)
class Agreement(Observation):
    """The servers that the three sources name."""

    domain: str
    by_srv: tuple[NamedServer, ...]
    by_autoconfig: tuple[NamedServer, ...]
    by_autodiscover: tuple[NamedServer, ...]

    @property
    def sources(self) -> Iterator[tuple[str, tuple[NamedServer, ...]]]:
        """The sources that name any, by what people call them."""
        named = (
            ("SRV", self.by_srv),
            ("autoconfig", self.by_autoconfig),
            ("Autodiscover", self.by_autodiscover),
        )
        return ((name, servers) for name, servers in named if servers)

    def evidence(self) -> tuple[str, ...]:
        return tuple(f"{name}: {server}" for name, servers in self.sources for server in servers)


@dataclass(frozen=True)
class JMAPSession(Observation):
    """What /.well-known/jmap gives at the target of ``_jmap._tcp`` (RFC 8620, section 2.2)."""

    domain: str
    host: str
    """Empty where there is no record."""
    answer: WebAnswer | None = None
    left: str = ""
    """A redirect that was not followed."""

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence() if self.answer is not None else (f"{self.host or 'no _jmap record'}",)


@dataclass(frozen=True)
class SieveTarget:
    """A server that ``_sieve._tcp`` names, at one address."""

    record: str
    session: StoreSession | None
    """None: it refuses the connection."""
    owned: bool = False
    """The inventory names this server: its endpoint is judged by itself."""


@dataclass(frozen=True)
class SieveTargets(Observation):
    """The servers that ``_sieve._tcp`` names (RFC 5804, section 1.8)."""

    domain: str
    servers: tuple[SieveTarget, ...]

    def evidence(self) -> tuple[str, ...]:
        lines: list[str] = []
        for server in self.servers:
            lines += (server.record, *(server.session.evidence() if server.session else ("connection refused",)))
        return tuple(lines)
