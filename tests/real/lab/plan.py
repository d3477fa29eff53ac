"""The laboratory as a whole: all of its domains, and who has which address."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from tests.real import faults
from tests.real.domains import NAMED, NOBODY, POWERDNS, Domain, OwnServer, Server

DOMAINS = faults.DOMAINS

TTL = 3600

# Nothing leaves the namespaces, so the addresses may be anybody's. They have to look global: mailproof does
# not follow names into private or documentation space.
SERVERS_ROUTER = "11.255.0.1"
CLIENT = "11.255.0.2"
SERVERS_ROUTER6 = "2600:255::1"
CLIENT6 = "2600:255::2"
CLIENT_NAME = "prober.client.test"

PARENTS = {"a.root.test": ("11.0.0.1", "2600:25::1"), "b.root.test": ("11.0.0.2", "2600:25::2")}
"""Name servers of the root, of test and of the reverse trees."""
OTHER_NAME_SERVERS = {
    "ns3.dns.test": ("11.0.2.2", "2600:25::2:2"),
    "lame.dns.test": ("11.0.3.1", "2600:25::3:1"),
    NAMED: ("11.0.5.1", "2600:25::5:1"),
    POWERDNS[0]: ("11.0.6.1", "2600:25::6:1"),
    POWERDNS[1]: ("11.0.7.1", "2600:25::7:1"),
}
"""ns3 is a second address of the instance behind ns2; lame answers REFUSED for every zone."""

OWN_SERVERS_NETWORK = "11.3.0.0/16"
"""Where the name servers of single domains are. The resolver asks none of them: what they say must not spread."""

HTTPS = "11.0.4.1"
HTTPS6 = "2600:25::4:1"
REDIRECT_TARGET = "policy.right.test"

RFC2317_BLOCK = ipaddress.ip_network("11.0.25.8/29")
"""Reverse delegation of less than an octet by CNAME (RFC 2317, section 4)."""

BROKEN_DNSBL = "bl-broken.test"
"""Answers every question with 127.0.0.2, as lists do that were closed or bought (RFC 5782, section 5)."""

PROXY_PORT, SQUID_PORT = 3128, 8080
"""Where tinyproxy and Squid listen."""

FIRST = 10
"""The last octet of the first address in a network."""


def by_label(label: str) -> Domain:
    """The entry of that label. Raises LookupError if there is none."""
    for domain in DOMAINS:
        if domain.label == label:
            return domain
    raise LookupError(label)


def _numbered() -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Network and last octet of the mail hosts and of the mail stores, by label: in the order of each family."""
    hosts: dict[str, tuple[int, int]] = {}
    stores: dict[str, tuple[int, int]] = {}
    for family in faults.FAMILIES:
        with_hosts = (domain for domain in family.domains if domain.server)
        with_stores = (domain for domain in family.domains if domain.store)
        hosts |= {domain.label: (family.network, FIRST + index) for index, domain in enumerate(with_hosts)}
        stores |= {domain.label: (family.network, FIRST + index) for index, domain in enumerate(with_stores)}
    return hosts, stores


_HOSTS, _STORES = _numbered()


def address(domain: Domain) -> str:
    """IPv4 address of the domain's own mail host. Raises LookupError if it has none."""
    network, number = _HOSTS[domain.label]
    return f"11.0.{network}.{number}"


def address6(domain: Domain) -> str | None:
    """IPv6 address of the domain's own mail host, None if it has no IPv6."""
    network, number = _HOSTS[domain.label]
    return f"2600:25::{network}:{number}" if domain.ipv6 else None


def addresses(domain: Domain) -> tuple[str, ...]:
    """All addresses of the domain's own mail host, IPv4 first."""
    return tuple(a for a in (address(domain), address6(domain)) if a)


def store_address(domain: Domain) -> str:
    """IPv4 address of the domain's mail store. Raises LookupError if it has none."""
    network, number = _STORES[domain.label]
    return f"11.1.{network}.{number}"


@dataclass(frozen=True)
class NameServerPlace:
    """A name server of a single domain and where it is."""

    domain: Domain
    server: OwnServer
    ipv4: str
    ipv6: str
    listens: bool
    """On addresses of its own."""

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(address for address in (self.ipv4, self.ipv6) if address)


def _places() -> tuple[NameServerPlace, ...]:
    found = []
    for family in faults.FAMILIES:
        number = FIRST
        for domain in family.domains:
            for server in domain.own_servers:
                own = not server.at and not server.alias
                ipv4 = server.at or f"11.3.{family.network}.{number}"
                ipv6 = f"2600:25::3:{family.network}:{number}" if server.ipv6 and own else ""
                found.append(NameServerPlace(domain, server, "" if server.alias else ipv4, ipv6, own))
                number += 1
    return tuple(found)


OWN_SERVERS = _places()


def webs() -> tuple[Domain, ...]:
    """The domains that have a web site."""
    return tuple(domain for domain in DOMAINS if domain.web)


def proxied() -> tuple[Domain, ...]:
    """The domains that have a Squid beside their mail host."""
    return tuple(domain for domain in DOMAINS if domain.squid)


def stores(*software: str) -> tuple[Domain, ...]:
    """The domains that have a mail store, of that software if one is named."""
    return tuple(d for d in DOMAINS if d.store and (not software or d.store.software in software))


def plain_address(domain: Domain) -> str:
    """Where the Dovecot without TLS is that stunnel leads to: on the servers' own machine."""
    network, number = _STORES[domain.label]
    return f"127.1.{network}.{number}"


def own_side(domain: Domain) -> str:
    """Where a server without TLS takes what stunnel hands to it: on the servers' own machine."""
    network, number = _HOSTS[domain.label]
    return f"127.2.{network}.{number}"


@dataclass(frozen=True)
class Instance:
    """One server process as it stands in a configuration: what it says, where it listens, whose certificate it has."""

    key: str
    """Name of its certificate's files."""
    domain: Domain
    server: Server
    addresses: tuple[str, ...]


def backends(domain: Domain) -> tuple[Instance, ...]:
    """The servers behind the domain's load balancer, the first one first."""
    return tuple(instance for instance in _BACKENDS if instance.domain is domain)


def instances(software: str) -> tuple[Instance, ...]:
    """Every server of that software: those that clients reach, then those behind a load balancer."""
    reached = tuple(
        Instance(domain.label, domain, domain.server, listeners(domain)) for domain in hosts(software) if domain.server
    )
    return reached + tuple(instance for instance in _BACKENDS if instance.server.software == software)


def listeners(domain: Domain) -> tuple[str, ...]:
    """The addresses on which the domain's own mail host listens, IPv4 first."""
    if domain.server is None or domain.server.software == NOBODY:
        return ()
    return addresses(domain) if domain.ipv6_listens else (address(domain),)


def hosts(software: str) -> tuple[Domain, ...]:
    """The domains whose own mail host runs that software."""
    return tuple(domain for domain in DOMAINS if domain.server and domain.server.software == software)


def _backends() -> tuple[Instance, ...]:
    found = []
    for family in faults.FAMILIES:
        behind = [
            (domain, number, server)
            for domain in family.domains
            if domain.server
            for number, server in enumerate(domain.server.backends, 1)
        ]
        found += [
            Instance(f"{domain.label}-{number}", domain, server, (f"11.2.{family.network}.{FIRST + index}",))
            for index, (domain, number, server) in enumerate(behind)
        ]
    return tuple(found)


_BACKENDS = _backends()


def shared() -> tuple[Domain, ...]:
    """The domains that mx.right.test serves besides its own."""
    return tuple(domain for domain in DOMAINS if domain.server is None)
