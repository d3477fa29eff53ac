"""Services of hosts: endpoints, whose type is the protocol that is spoken there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mailproof.inventory.budgets import MAX_MX_ADDRESSES, MAX_MX_HOSTS, MAX_NAMES_OF_ADDRESS
from mailproof.net.errors import NoAddress, NotFollowed, NotObserved
from mailproof.net.services import IMAP, LMTP, MX, POP3, SERVICES, SIEVE, SUBMISSION, Service, begins_with_tls
from mailproof.targets.base import Target, Undiscovered, subclasses
from mailproof.targets.discovery import Addresses, Search, finder
from mailproof.targets.mail import Consent, MailDomain, MailHost


@dataclass(frozen=True)
class Endpoint(Target):
    """One service of one host at one address: ``mx1.example.org[192.0.2.25]:25``.

    A service whose probes speak its protocol has a class of its own, which names the service in ``role``; the others
    are a TLSEndpoint or, where there is no TLS, just an Endpoint.
    """

    host: str
    address: str
    port: int
    role: str = field(default="", kw_only=True)
    """The name of the service, see ``net.services``."""
    dead: bool = field(default=False, kw_only=True)

    @property
    def id(self) -> str:
        return f"{self.host}[{self.address}]:{self.port}"

    @property
    def mail_host(self) -> str:
        return self.host


@dataclass(frozen=True)
class TLSEndpoint(Endpoint):
    """A service that can be spoken inside TLS."""

    @property
    def implicit_tls(self) -> bool:
        """Whether TLS begins with the first octet."""
        return begins_with_tls(self.port)

    @property
    def starttls(self) -> str | None:
        """The protocol whose STARTTLS leads to TLS here; None where TLS begins at once."""
        upgrade = SERVICES[self.role].upgrade
        return None if upgrade is None or self.implicit_tls else upgrade.protocol


@dataclass(frozen=True)
class SASLEndpoint(TLSEndpoint):
    """A service that users may log in to by SASL (RFC 4422)."""


@dataclass(frozen=True)
class SMTPEndpoint(SASLEndpoint):
    """A server that speaks SMTP. ``domains`` are those whose mail goes to its host."""


@dataclass(frozen=True)
class MXEndpoint(SMTPEndpoint):
    """A server that takes mail from other servers."""

    role: str = field(default=MX.name, kw_only=True)


@dataclass(frozen=True)
class SubmissionEndpoint(SMTPEndpoint):
    """A server that takes mail from users, who authenticate (RFC 6409)."""

    role: str = field(default=SUBMISSION.name, kw_only=True)


@dataclass(frozen=True)
class StoreEndpoint(SASLEndpoint):
    """A server where users read and sort their mail."""


@dataclass(frozen=True)
class IMAPEndpoint(StoreEndpoint):
    """A server from which users collect mail by IMAP (RFC 9051)."""

    role: str = field(default=IMAP.name, kw_only=True)


@dataclass(frozen=True)
class SieveEndpoint(StoreEndpoint):
    """A server on which users keep their filters, by ManageSieve (RFC 5804)."""

    role: str = field(default=SIEVE.name, kw_only=True)


@dataclass(frozen=True)
class POP3Endpoint(StoreEndpoint):
    """A server from which users collect mail by POP3 (RFC 1939)."""

    role: str = field(default=POP3.name, kw_only=True)


@dataclass(frozen=True)
class LMTPEndpoint(TLSEndpoint):
    """A server that puts mail into mailboxes, by LMTP (RFC 2033)."""

    role: str = field(default=LMTP.name, kw_only=True)


def endpoint_kind(service: Service) -> type[Endpoint]:
    """The class of the endpoints of a service."""
    own = (kind for kind in subclasses(Endpoint) if kind.role == service.name)
    return next(own, TLSEndpoint if service.has_tls else Endpoint)


@finder(Endpoint, after=(MailHost,))
async def find_endpoints(search: Search) -> None:
    """The services of every mail host at each of its addresses."""
    targets = search.targets
    for unknown in targets.missing(MailHost):
        targets.add(replace(unknown, missing=MXEndpoint))
    for domain, exchanges in search.exchanges.items():
        if len(exchanges) > MAX_MX_HOSTS:
            surplus = NotObserved(f"{len(exchanges)} MX hosts: only the first {MAX_MX_HOSTS} are looked at")
            targets.add(Undiscovered.because(surplus, MXEndpoint, f"MX of {domain}", domains=(domain,)))
    hosts = targets.found(MailHost)
    budget = _Budget()
    for host, addresses in zip(hosts, await asyncio.gather(*(search.addresses(h.name) for h in hosts)), strict=True):
        for target in _endpoints(host, addresses if host.name in search.hosts else budget.cut(host, addresses), search):
            targets.add(target)


def _endpoints(host: MailHost, known: Addresses, search: Search) -> Iterator[Target]:
    """The endpoints of one host, and what stands for those that are not known or not followed."""
    declared = search.hosts.get(host.name)
    offered = tuple(declared.services()) if declared else ()
    if host.domains and MX not in {service for service, _ in offered}:
        offered = (*((MX, port) for port in MX.ports), *offered)
    for failure in known.failures:
        for kind in dict.fromkeys(endpoint_kind(service) for service, _ in offered):
            name = f"addresses of {host.name}"
            yield Undiscovered.because(failure, kind, name, domains=host.domains, host=host.name)
    dead = declared is not None and declared.dead
    for address in known.addresses:
        for service, port in offered:
            endpoint = endpoint_kind(service)(
                *(host.name, address, port),
                role=service.name,
                domains=host.domains,
                active=host.active,
                scan=host.scan,
                dead=dead,
            )
            yield endpoint if _may_contact(endpoint, search) else _not_followed(endpoint, address)


def _may_contact(endpoint: Endpoint, search: Search) -> bool:
    named = endpoint.address in search.named_addresses
    return named or search.settings.may_contact(endpoint.address, endpoint.port, endpoint.host)


def _not_followed(target: Target, address: str) -> Undiscovered:
    failure = NotFollowed(
        f"{address} is not a public address and is not followed; allow_private: true in the inventory allows it"
    )
    return Undiscovered.because(failure, target.kind, target.id, domains=target.domains, host=target.mail_host)


class _Budget:
    """How many addresses of MX hosts are looked at for the domains that name the hosts."""

    def __init__(self) -> None:
        self._addresses: Counter[str] = Counter()
        """By domain."""
        self._names: Counter[tuple[str, str]] = Counter()
        """How many MX hosts of a domain lead to an address, by domain and address."""

    def cut(self, host: MailHost, known: Addresses) -> Addresses:
        """Leave out the addresses that one may not look at, and say so."""
        within = tuple(address for address in known.addresses if self._is_within(address, host.domains))
        if len(within) == len(known.addresses):
            return known
        surplus = NotObserved("too many MX hosts and addresses: only the first ones are looked at")
        return Addresses(known.name, within, (*known.failures, surplus))

    def _is_within(self, address: str, domains: tuple[str, ...]) -> bool:
        """Count an address for all ``domains``, and say whether one of them has room for it."""
        within = False
        for domain in domains:
            self._addresses[domain] += 1
            self._names[domain, address] += 1
            few_addresses = self._addresses[domain] <= MAX_MX_ADDRESSES
            within |= few_addresses and self._names[domain, address] <= MAX_NAMES_OF_ADDRESS
        return within


@dataclass(frozen=True)
class MailExchange(Target):
    """One address that receives the mail of one domain: ``example.org@mx1.example.org[192.0.2.25]:25``."""

    domain: MailDomain
    endpoint: MXEndpoint

    def __post_init__(self) -> None:
        """Consent belongs to the host that is asked; what its domains say is part of it."""
        self._settle(domains=self.domain.domains, active=self.endpoint.active)

    @property
    def id(self) -> str:
        return f"{self.domain.name}@{self.endpoint.id}"

    @property
    def parts(self) -> tuple[Target, ...]:
        return (self, self.endpoint)

    @property
    def dead(self) -> bool:
        return self.endpoint.dead

    @property
    def mail_host(self) -> str:
        return self.endpoint.host


@finder(MailExchange, after=(MailDomain, MailHost, MXEndpoint))
async def find_mail_exchanges(search: Search) -> None:
    """Every MX endpoint once for each domain whose mail it takes."""
    targets = search.targets
    for unknown in (*targets.missing(MailHost), *of_known_hosts(targets.missing(MXEndpoint))):
        if unknown.domains:
            targets.add(replace(unknown, missing=MailExchange))
    domains = {domain.name: domain for domain in targets.found(MailDomain)}
    for endpoint in targets.found(MXEndpoint):
        for name in endpoint.domains:
            targets.add(MailExchange(domains[name], endpoint))


@dataclass(frozen=True)
class FilteredServer(Target):
    """One address of a host behind the filter of a domain: ``example.org behind mail.example.net[192.0.2.25]:25``."""

    domain: MailDomain
    endpoint: MXEndpoint

    def __post_init__(self) -> None:
        """Consent belongs to the host that is asked, and not to the filter."""
        self._settle(domains=self.domain.domains, active=self.endpoint.active)

    @property
    def id(self) -> str:
        return f"{self.domain.name} behind its filter at {self.endpoint.id}"

    @property
    def mail_host(self) -> str:
        return self.endpoint.host


@finder(FilteredServer, after=(MailDomain,))
async def find_filtered_servers(search: Search) -> None:
    """The hosts that the inventory says to be behind a filter, at each of their addresses."""
    consent = Consent(search)
    for domain in search.targets.found(MailDomain):
        for name in domain.behind:
            known = await search.addresses(name)
            active = consent.of_host(name, domain.domains)
            what = f"addresses of {name}"
            for failure in known.failures:
                search.targets.add(Undiscovered.because(failure, FilteredServer, what, domains=domain.domains))
            if not known.addresses and not known.failures:
                nobody = NoAddress(f"{name} has no address")
                search.targets.add(Undiscovered.because(nobody, FilteredServer, what, domains=domain.domains))
            for address in known.addresses:
                endpoint = MXEndpoint(name, address, MX.ports[0], domains=domain.domains, active=active)
                found = FilteredServer(domain, endpoint)
                search.targets.add(found if _may_contact(endpoint, search) else _not_followed(found, address))


def of_known_hosts(missing: tuple[Undiscovered, ...]) -> Iterator[Undiscovered]:
    """What is missing of hosts that were found."""
    return (unknown for unknown in missing if unknown.host)
