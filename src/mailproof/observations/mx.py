"""Where a domain's mail goes (RFC 5321, section 5.1; RFC 7505), and what the DNS says of MX hosts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated

import dns.rdtypes.ANY.MX

from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.net.dns.names import is_host
from mailproof.observations import Observation
from mailproof.observations.authorities import Silence


@dataclass(frozen=True)
class MX(Observation):
    """The MX records of a domain, and the addresses of the domain itself, which count where there is no MX.

    These are None where nobody could say and there are MX records.
    """

    domain: str
    answer: Annotated[Answer, "MX"]
    own_ipv4: Annotated[Answer | None, "A"]
    own_ipv6: Annotated[Answer | None, "AAAA"]

    @property
    def exchanges(self) -> tuple[tuple[int, str], ...]:
        """Pairs of preference and host name; a null MX has the name ``.``."""
        return tuple((_preference(record), record.target) for record in self.answer.records)

    @property
    def null(self) -> tuple[tuple[int, str], ...]:
        """Those exchanges that are the root: null MX records, whatever their preference."""
        return tuple(exchange for exchange in self.exchanges if exchange[1] == ".")

    @property
    def not_hosts(self) -> tuple[tuple[int, str], ...]:
        """Those exchanges that no sender can connect to: addresses in place of names, and the sender's own machine."""
        return tuple(exchange for exchange in self.exchanges if exchange[1] != "." and not is_host(exchange[1]))

    @property
    def takes_no_mail(self) -> bool:
        """The domain says so by a null MX and nothing else (RFC 7505, section 3)."""
        return bool(self.null) and len(self.null) == len(self.exchanges)

    @property
    def has_own_address(self) -> bool:
        return any(own is not None and own.exists for own in (self.own_ipv4, self.own_ipv6))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the exchanges, each once, without the root of a null MX."""
        return tuple(dict.fromkeys(name for _, name in self.exchanges if name != "."))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that senders try: those of the MX records, or the domain itself (RFC 5321, section 5.1)."""
        if not self.exchanges:
            return (self.domain,) if self.has_own_address else ()
        return tuple(name for _, name in self.exchanges if name != ".")

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence()


@dataclass(frozen=True)
class HostAddresses(Observation):
    """The A and AAAA answers of a host name."""

    host: str
    domains: tuple[str, ...]
    """Mail domains whose MX records name the host."""
    ipv4: Annotated[Answer, "A"]
    ipv6: Annotated[Answer, "AAAA"]
    unregistered: str = ""
    """The domain that anybody could register to have the name that this leads to; empty where it is registered."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Targets of CNAME records between the name and its addresses."""
        return self.ipv4.aliases or self.ipv6.aliases

    @property
    def leads_round(self) -> bool:
        """Whether the aliases lead in a circle: there is no end that could have an address."""
        return bool(self.aliases) and self.aliases[-1] in (self.host, *self.aliases[:-1])

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(record.data for answer in (self.ipv4, self.ipv6) for record in answer.records)

    def evidence(self) -> tuple[str, ...]:
        named = (f"{self.host} is named by the MX of {', '.join(self.domains)}",) if self.domains else ()
        return (*named, *self.ipv4.evidence(), *self.ipv6.evidence())


@dataclass(frozen=True)
class MXHosts(Observation):
    """All hosts of a domain's MX records together, with their addresses."""

    domain: str
    mx: MX
    hosts: tuple[HostAddresses, ...]
    unknown: tuple[Silence, ...] = ()
    """Why the addresses of some could not be found out."""

    def require_all(self) -> None:
        """Raises the first failure to look at one of them, where there is any."""
        if self.unknown:
            raise self.unknown[0].failure()

    def by_address(self) -> dict[str, tuple[str, ...]]:
        """The hosts at each address."""
        found: dict[str, list[str]] = {}
        for host in self.hosts:
            for address in dict.fromkeys(host.addresses):
                found.setdefault(str(ip_address(address)), []).append(host.host)
        return {address: tuple(names) for address, names in found.items()}

    def evidence(self) -> tuple[str, ...]:
        lines = [f"{host.host}: {', '.join(host.addresses) or 'no address'}" for host in self.hosts]
        return (*self.mx.evidence(), *lines, *(one.reason for one in self.unknown))


def takes_mail(mx: Iterable[ResourceRecord], addresses: Iterable[object]) -> bool:
    """Whether mail to a name has somewhere to go: an MX that is not null (RFC 7505), or an address in place of one.

    RFC 5321, section 5.1. ``mx`` are the records of the name, ``addresses`` its own.
    """
    targets = [record.target for record in mx]
    return any(target != "." for target in targets) if targets else any(True for _ in addresses)


@dataclass(frozen=True)
class ApexMX(Observation):
    """Whether mail to hostmaster at a zone's name goes anywhere (RFC 2142, section 7)."""

    zone: str
    answer: Annotated[Answer, "MX"]

    @property
    def takes_mail(self) -> bool:
        """An MX record stands there that is no null MX."""
        return takes_mail(self.answer.records, ())

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence()


def _preference(record: ResourceRecord) -> int:
    preference: int = record.rdata(dns.rdtypes.ANY.MX.MX).preference
    return preference
