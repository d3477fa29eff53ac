"""Zones: their delegation as parent and child see it, and their servers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated

import dns.flags
import dns.message
import dns.name
import dns.rrset

from mailproof.net.dns.client import Answer
from mailproof.net.dns.names import text_of
from mailproof.net.errors import KINDS, NotObserved
from mailproof.observations import Observation

_HOST_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)


def host_name_fault(name: str) -> str:
    """What keeps a name from being that of a host (RFC 1123, section 2.1); empty for nothing."""
    labels = name.split(".")
    wrong = [label for label in labels if not _HOST_LABEL.fullmatch(label)]
    if wrong:
        return f"is no host name: {wrong[0] or 'an empty label'} is not made of letters, digits and hyphens"
    if labels[-1].isdigit():
        return f"is no host name: it ends in the number {labels[-1]}"
    return ""


@dataclass(frozen=True)
class ServerAddresses:
    """A name server and the addresses that its name resolves to. ``failure``: some could not be asked for."""

    host: str
    addresses: tuple[str, ...]
    failure: str | None = None
    aliases: tuple[str, ...] = ()
    """Where CNAME records lead on from its name."""
    unregistered: str = ""
    """The domain that anybody could register to have the name that this leads to; empty where it is registered."""
    kind: str = NotObserved.kind
    """The kind of that failure, as in ``net.errors``."""


@dataclass(frozen=True)
class Delegation(Observation):
    """The NS records of a zone in the zone itself and at its parent."""

    zone: str
    child: Annotated[Answer, "NS"]
    parent: str
    """The zone above."""
    referrals: tuple[Annotated[Answer, "NS"], ...]
    """What the servers of the parent say of the zone; none if none could be made to refer (see ``note``)."""
    servers: tuple[ServerAddresses, ...]
    note: str = ""

    @property
    def child_names(self) -> tuple[str, ...]:
        return tuple(sorted({record.target for record in self.child.records}))

    def named_by(self, referral: Answer) -> frozenset[str]:
        """The NS names in what a server of the parent says."""
        records = (*referral.authority, *referral.records)
        return frozenset(r.target for r in records if r.type == "NS" and r.name == self.zone)

    def glue_in(self, referral: Answer) -> dict[str, tuple[str, ...]]:
        """The addresses that a referral gives, by the name of the server."""
        found: dict[str, list[str]] = {name: [] for name in sorted(self.named_by(referral))}
        for record in referral.additional:
            if record.type in ("A", "AAAA") and record.name in found:
                found[record.name].append(str(ip_address(record.data)))
        return {name: tuple(sorted(addresses)) for name, addresses in found.items()}

    def largest_referral(self) -> int:
        """Octets of a referral to the zone without EDNS, for the longest name below it (RFC 1035, section 4.2.1).

        It has all NS records of the parent, and the glue of one server in each address family, else it is of no
        use.
        """
        longest = dns.name.from_text(self.zone)
        while (room := 255 - sum(len(label) + 1 for label in longest.labels)) > 1:
            longest = dns.name.Name((b"x" * min(63, room - 1), *longest.labels))
        message = dns.message.make_query(longest, "A", use_edns=False)
        message.flags |= dns.flags.QR
        servers = [dns.name.from_text(name) for name in self.parent_names]
        owner = dns.name.from_text(self.zone)
        message.authority = [dns.rrset.from_text_list(owner, 1, "IN", "NS", [name.to_text() for name in servers])]
        inside = [name for name in servers if name.is_subdomain(owner)]
        for name in inside[:1]:
            glue = {a for referral in self.referrals for a in self.glue_in(referral).get(text_of(name), ())}
            for type, is_six in (("A", False), ("AAAA", True)):
                if found := sorted(address for address in glue if (":" in address) is is_six)[:1]:
                    message.additional.append(dns.rrset.from_text_list(name, 1, "IN", type, found))
        return len(message.to_wire(max_size=65535))

    def is_in_domain(self, host: str) -> bool:
        """Whether a server's name lies in the zone that it serves: only glue leads there (RFC 9499, section 7)."""
        return self.zone == "." or f".{host}".endswith(f".{self.zone}")

    @property
    def parent_names(self) -> tuple[str, ...]:
        """The NS names that any server of the parent gives."""
        return tuple(sorted(frozenset().union(*map(self.named_by, self.referrals))))

    def addresses_of_family(self, version: int) -> tuple[str, ...]:
        """The different IPv4 (4) or IPv6 (6) addresses of all servers."""
        addresses = (ip_address(address) for server in self.servers for address in server.addresses)
        return tuple(dict.fromkeys(str(address) for address in addresses if address.version == version))

    def servers_of_family(self, version: int) -> tuple[str, ...]:
        """Names of the servers that have an IPv4 (4) or IPv6 (6) address."""
        return tuple(
            server.host
            for server in self.servers
            if any(ip_address(address).version == version for address in server.addresses)
        )

    @property
    def unknown_addresses(self) -> NotObserved | None:
        """Why addresses of servers could not be asked for, None if all could."""
        failed = [server for server in self.servers if server.failure]
        if not failed:
            return None
        kind = KINDS.get(failed[0].kind, NotObserved)
        return kind("; ".join(f"{server.host}: {server.failure}" for server in failed), self.evidence())

    def evidence(self) -> tuple[str, ...]:
        lines = ["in the zone:", *self.child.evidence()]
        for referral in self.referrals:
            lines += [f"at the parent {self.parent}:", *referral.evidence()]
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
    udp: Annotated[Answer, "SOA"] | None
    tcp: Annotated[Answer, "SOA"] | None
    refused: tuple[str, ...] = ()
    """What the address said where it refused to be asked: over UDP, over TCP."""
    addresses: tuple[Annotated[Answer, "A", "AAAA"], ...] = ()
    """What is said of the server's name where there is nobody to ask, because it has no address."""
    unregistered: str = ""
    """The domain that anybody could register to have the name that this leads to; empty where it is registered."""

    @property
    def answers(self) -> tuple[tuple[str, Answer], ...]:
        """Pairs of a protocol and the answer over it."""
        return tuple((name, answer) for name, answer in (("UDP", self.udp), ("TCP", self.tcp)) if answer is not None)

    def is_authoritative(self, answer: Answer) -> bool:
        """Whether an answer is one of a server that has the zone: with AA, and with the zone's SOA in it."""
        has_soa = any(record.type == "SOA" and record.name == self.zone for record in answer.records)
        return answer.authoritative and answer.rcode == "NOERROR" and has_soa

    def evidence(self) -> tuple[str, ...]:
        lines = [line for _, answer in self.answers for line in answer.evidence()]
        return (*lines, *self.refused, *(line for answer in self.addresses for line in answer.evidence()))
