"""Zones: their delegation as parent and child see it, their servers, and their DNSSEC state."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from mailproof.net.dns import Answer
from mailproof.observations import Observation


@dataclass(frozen=True)
class ServerAddresses:
    """A name server and the addresses that its name resolves to. ``failure``: some could not be asked for."""

    host: str
    addresses: tuple[str, ...]
    failure: str | None = None


@dataclass(frozen=True)
class Delegation(Observation):
    """The NS records of a zone in the zone itself and at its parent."""

    zone: str
    child: Answer
    parent: str
    """The zone above."""
    referral: Answer | None
    """What a server of the parent answers about the zone; None if none could be made to refer (see ``note``)."""
    servers: tuple[ServerAddresses, ...]
    note: str = ""

    @property
    def child_names(self) -> tuple[str, ...]:
        return tuple(sorted({record.target for record in self.child.records}))

    @property
    def parent_names(self) -> tuple[str, ...]:
        """The NS names in the referral."""
        if self.referral is None:
            return ()
        records = (*self.referral.authority, *self.referral.records)
        return tuple(sorted({r.target for r in records if r.type == "NS" and r.name == self.zone}))

    def servers_of_family(self, version: int) -> tuple[str, ...]:
        """Names of the servers that have an IPv4 (4) or IPv6 (6) address."""
        return tuple(
            server.host
            for server in self.servers
            if any(ip_address(address).version == version for address in server.addresses)
        )

    def evidence(self) -> tuple[str, ...]:
        lines = ["in the zone:", *self.child.evidence()]
        if self.referral is not None:
            lines += [f"at the parent {self.parent}:", *self.referral.evidence()]
        if self.note:
            lines.append(self.note)
        for server in self.servers:
            lines.append(f"{server.host}: {', '.join(server.addresses) or server.failure or 'no address'}")
        return tuple(lines)


@dataclass(frozen=True)
class Authority(Observation):
    """What one name server says of the SOA of a zone it is named for, over UDP and TCP."""

    zone: str
    server: str
    udp: Answer
    tcp: Answer

    def evidence(self) -> tuple[str, ...]:
        return (*self.udp.evidence(), *self.tcp.evidence())


@dataclass(frozen=True)
class DNSSEC(Observation):
    """What a validating resolver says of a zone's SOA, and what it says when told not to validate."""

    zone: str
    checked: Answer
    unchecked: Answer | None
    """The answer with CD=1, asked for where the checked one failed."""

    @property
    def authenticated(self) -> bool:
        return self.checked.rcode == "NOERROR" and self.checked.authenticated

    @property
    def bogus(self) -> bool:
        """Refused with validation, answered without (RFC 4035, section 5; RFC 8914, section 4)."""
        return self.checked.rcode == "SERVFAIL" and self.unchecked is not None

    def evidence(self) -> tuple[str, ...]:
        return (*self.checked.evidence(), *(self.unchecked.evidence() if self.unchecked else ()))
