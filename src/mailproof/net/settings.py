"""What the clients need to know of the inventory: identity, limits, trust, and where connections really go."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from mailproof.net.addresses import is_public
from mailproof.net.avoided import Avoided
from mailproof.net.errors import NotFollowed, Refused


@dataclass(frozen=True)
class SocketAddress:
    """A numeric address and a port, written ``192.0.2.25:25`` or ``[2001:db8::25]:25``."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class DNSSECTrust(StrEnum):
    """Whether the AD bit of the configured resolvers is believed (RFC 4035, section 4.9.3).

    ``loopback`` believes it when every resolver is on this machine, which is where RFC 7672, section 2.1.1
    wants the validating resolver to be; ``resolver`` believes it always; ``none`` never.
    """

    LOOPBACK = "loopback"
    RESOLVER = "resolver"
    NONE = "none"


class TLSDepth(StrEnum):
    """How much is asked of a server's TLS: what the usual controls need, or everything that it takes."""

    USUAL = "usual"
    FULL = "full"


@dataclass(frozen=True)
class Limits:
    """Deadlines in seconds, sizes in octets, counts of connections. Every one of them is in the inventory."""

    connect: float = 10.0
    greeting: float = 60.0
    """RFC 5321, section 4.5.3.2.1 asks clients to wait five minutes for the 220; servers do delay it on purpose."""
    reply: float = 30.0
    tls: float = 20.0
    dns: float = 4.0
    """One try at one DNS server; a question is tried ``dns_tries`` times over all resolvers."""
    dns_tries: int = 3
    https: float = 30.0
    silence: float = 2.0
    """How long to listen for something that a correct peer does not send."""
    connections_per_host: int = 1
    """Mail connections open at once to an address."""
    pause: float = 0.2
    """Seconds between the end of a mail connection to an address and the start of the next one."""
    requests_per_host: int = 8
    """HTTPS requests under way at once to an address; they need no pause."""
    connections: int = 200
    """Connections open at once, over all hosts."""
    questions: int = 100
    """DNS questions under way at once."""
    retries: int = 1
    """Further attempts of the survey at what could not be observed for a reason that may pass."""
    retry_pause: float = 5.0
    """Seconds before each of them."""
    deferral: float = 60.0
    """Seconds that are waited at most where a server defers (4yz) and names a time to come back."""
    connections_to_address: int = 1000
    """Mail connections to one address in a run, unless the inventory names a host that has it."""
    refusals: int = 4
    """What one address may refuse us in ten minutes that rules against guessing count (``net.refusals``)."""
    refusals_wait: float = 0.0
    """Seconds that are waited in all for an address to be asked for more of it."""
    idle: float = 0.0
    """Seconds of silence in which each MX address may hang up; 0: it is not looked at."""
    tls_depth: TLSDepth = TLSDepth.USUAL

    def shared(self, by: int) -> Limits:
        """The part of one of ``by`` processes that survey at the same time: of what counts over all hosts, and of
        requests to a policy host, which several of them may ask. A mail host is surveyed by one process alone.
        """
        return replace(
            self,
            questions=max(1, self.questions // by),
            connections=max(1, self.connections // by),
            requests_per_host=max(1, self.requests_per_host // by),
        )

    @property
    def session(self) -> float:
        """Seconds of one mail connection on which everything comes at the last moment."""
        return self.connect + self.greeting + self.tls + 5 * self.reply

    @property
    def host(self) -> float:
        """Seconds that the connections to one mail host at one address may be open in a run, added up.

        Five slow sessions: dozens of usual ones. The least is there for a tester that is slow itself.
        """
        return max(5 * self.session, LEAST_PER_HOST) + self.idle

    def run(self, hosts: int, queue: int, observations: int) -> float:
        """Seconds that a survey may take, whatever servers do.

        ``hosts`` are the mail hosts with their addresses, ``queue`` is the number of those that share one address, and
        ``observations`` is how many there are to make. What is done side by side takes at most the time of it all,
        shared out, and that of the longest queue.
        """
        mail = self.host * (hosts / self.connections + math.ceil(queue / self.connections_per_host))
        asking = self.dns * self.dns_tries * (observations / self.questions + QUESTIONS_IN_A_ROW)
        fetching = self.https * (observations / self.connections + 1)
        again = self.retries * (self.retry_pause + self.deferral)
        return mail + (1 + self.retries) * (asking + fetching) + again + self.refusals_wait


LEAST_PER_HOST = 300.0
"""Seconds that a host has at least, however short the limits are."""

QUESTIONS_IN_A_ROW = 20
"""DNS questions of which each one needs the answer to the one before, in one observation."""


@dataclass(frozen=True)
class NetSettings:
    """Everything that the clients in ``net`` are configured with."""

    resolvers: tuple[SocketAddress, ...] = ()
    """Recursive resolvers, asked in order. Empty: those of the operating system."""
    trust: DNSSECTrust = DNSSECTrust.LOOPBACK
    trust_anchors: Path | None = None
    """Trust anchors of the DNS root, in place of IANA's: root-anchors.xml, or DS or DNSKEY records."""
    ca_file: Path | None = None
    """PEM file of roots that are trusted besides the public ones."""
    public_roots: Path | None = None
    """PEM file of roots whose certificates are held to the rules for public CAs, besides Mozilla's."""
    mark_authorities: Path | None = None
    """PEM file of the roots of authorities for mark certificates."""
    ehlo_name: str = "mailproof.invalid"
    sender: str = "postmaster@mailproof.invalid"
    """Envelope sender of relay and mailbox probes. Nothing is ever delivered from it."""
    outsider: str = "mailproof-relay-probe@example.com"
    """Recipient of relay probes: a mailbox that no tested host serves."""
    limits: Limits = field(default_factory=Limits)
    connect: Mapping[str, SocketAddress] = field(default_factory=dict)
    """The connect map: ``str(SocketAddress)`` or ``host:port`` to where the connection really goes."""
    zone_files: Mapping[str, Path] = field(default_factory=dict)
    """Zones answered from master files before any resolver is asked."""
    delegations: Mapping[str, Path] = field(default_factory=dict)
    """Zones with the master files of the delegations that are proposed for them."""
    allow_private: bool = False
    """Follow names that lead to loopback, link-local, private or otherwise special addresses."""

    avoided: Avoided = field(default_factory=Avoided)
    """Who is never contacted, whatever else allows it."""
    run: str = ""
    """The number of the run, which ``sender`` may hold."""
    offline: bool = False
    """Connect only where the connect map leads: the world is on loopback and nothing else is to be reached."""

    def of_run(self, run: str) -> NetSettings:
        """These settings, with the number of a run."""
        return replace(self, run=run, sender=self.sender.replace("{run}", run))

    def destination(self, address: str, port: int, host: str | None = None) -> SocketAddress:
        """Where a connection to ``address`` and ``port`` (of the host named ``host``) really goes.

        Raises NotFollowed for what is never contacted, and Refused for what an offline world does not hold.
        """
        real = self.real_place(address, port, host)
        if entry := self.avoided.entry(address, host) or self.avoided.entry(real.address):
            raise NotFollowed(f"{host or address} is not contacted: the inventory says do_not_contact: {entry}")
        return real

    def real_place(self, address: str, port: int, host: str | None = None) -> SocketAddress:
        """As ``destination``, for resolvers: whoever names one means to ask it. Raises Refused."""
        wanted = SocketAddress(address, port)
        if not self.connect and not self.offline:
            return wanted
        by_name = f"{host}:{port}" if host else None
        mapped = (self.connect.get(by_name) if by_name else None) or self.connect.get(str(wanted))
        if mapped is None and self.offline:
            raise Refused(f"{wanted} is not part of the offline world")
        return mapped or wanted

    def is_mapped(self, address: str, port: int, host: str | None = None) -> bool:
        """Whether the connect map leads this connection elsewhere."""
        return str(SocketAddress(address, port)) in self.connect or (
            host is not None and f"{host}:{port}" in self.connect
        )

    def may_contact(self, address: str, port: int, host: str | None = None) -> bool:
        """Whether a name that led to ``address`` may be followed: the manners of a guest, for every client.

        Public addresses may; others only where the inventory allows it or the connect map leads elsewhere.
        """
        if self.avoided.entry(address, host):
            return False
        return is_public(address) or self.is_mapped(address, port, host) or self.allow_private
