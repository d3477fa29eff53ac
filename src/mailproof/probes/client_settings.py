"""Looks at what a domain tells the mail programs of its users. No password is sent, and no stranger is asked."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urljoin, urlsplit

from mailproof.criteria.mail_providers import provider_of
from mailproof.grammars.client_settings import NamedServer, TLSStart
from mailproof.inventory.budgets import MAX_NAMED_SERVERS, MAX_POLICY_ADDRESSES
from mailproof.inventory.model import Inventory
from mailproof.net.dns.client import Answer
from mailproof.net.dns.registration import owned
from mailproof.net.errors import NoAddress, NotFollowed, NotObserved, Refused, RefusedByAddress
from mailproof.net.https import PORTS, verifying_context
from mailproof.net.network import Network
from mailproof.net.services import SERVICES, SIEVE
from mailproof.net.tls.connection import TLSPeer, at_hello
from mailproof.net.web import WebAnswer
from mailproof.observations.client_settings import (
    KINDS_OF_SRV,
    Agreement,
    Autoconfig,
    Autodiscover,
    ClientSRV,
    ClientTLS,
    Connected,
    JMAPSession,
    SieveTarget,
    SieveTargets,
)
from mailproof.probes.made_up import made_up_mailbox
from mailproof.probes.probe import Look, probe
from mailproof.probes.services import store_session
from mailproof.probes.web import follow
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import Endpoint, SieveEndpoint

OTHERS = ("_sieve", "_jmap", "_autodiscover")


@probe()
async def client_srv(domain: MailDomain, net: Network) -> ClientSRV:
    """The SRV records for users, and the addresses of the hosts that they name. One question where there are none."""
    below = await net.dns.resolve(f"_tcp.{domain.name}", "SRV")
    if not domain.receives or (below.nonexistent and not below.aliases):
        return ClientSRV(domain.name, below)
    labels = (*KINDS_OF_SRV, *OTHERS)
    answers = await asyncio.gather(*(net.dns.resolve(f"{label}._tcp.{domain.name}", "SRV") for label in labels))
    seen = ClientSRV(domain.name, below, tuple(answers))
    names = list(dict.fromkeys(record.target for record in seen.records if record.target != "."))[:MAX_NAMED_SERVERS]
    return ClientSRV(domain.name, below, tuple(answers), tuple([await _addresses(net, name) for name in names]))


async def _addresses(net: Network, name: str) -> tuple[str, Answer, Answer]:
    ipv4, ipv6 = await asyncio.gather(net.dns.resolve(name, "A"), net.dns.resolve(name, "AAAA"))
    return name, ipv4, ipv6


async def _reachable(net: Network, host: str, port: int) -> tuple[str, ...]:
    """The addresses of a host that may be contacted, IPv4 first. Raises NotFollowed where there are others only."""
    first = await net.dns.resolve(host, "A")
    if first.nonexistent:
        return ()
    records = (*first.records, *(await net.dns.resolve(host, "AAAA")).records)
    found = tuple(record.data for record in records if net.settings.may_contact(record.data, port, host))
    if records and not found:
        raise NotFollowed(f"{host} leads to addresses that are not public, and they are not followed")
    return found[:MAX_POLICY_ADDRESSES]


async def _by_wildcard(net: Network, domain: str, addresses: tuple[str, ...]) -> bool:
    """Whether a name that is made up leads to the same addresses: the name that was asked for is nobody's then."""
    made_up = await net.dns.resolve(f"{made_up_mailbox(domain, net.settings.sender)}.{domain}", "A")
    return not {record.data for record in made_up.records}.isdisjoint(addresses)


AUTOCONFIG_PATHS = ("/.well-known/mail-v1.xml", "/mail/config-v1.1.xml")
"""Of draft-ietf-mailmaint-autoconfig, and what programs asked for before."""


@probe(connections=len(AUTOCONFIG_PATHS), peer="autoconfig.{}:443")
async def autoconfig(domain: MailDomain, net: Network) -> Autoconfig:
    """The document at ``autoconfig.DOMAIN``, with a mailbox that is made up; asked for only where there is the name."""
    host = f"autoconfig.{domain.name}"
    addresses = await _reachable(net, host, PORTS["https"]) if domain.receives else ()
    if not addresses or await _by_wildcard(net, domain.name, addresses):
        return Autoconfig(domain.name, host, ())
    mailbox = quote(f"{made_up_mailbox(domain.name, net.settings.sender)}@{domain.name}")
    answers: list[WebAnswer] = []
    for path in AUTOCONFIG_PATHS:
        try:
            answer = await net.web.get(f"https://{host}{path}?emailaddress={mailbox}", addresses[0])
        except Refused:
            break
        pages, _ = await follow(net, host, answer)
        answers.append(pages[-1] if pages else answer)
        seen = Autoconfig(domain.name, host, addresses, tuple(answers))
        if answer.tls_error or (seen.settings is not None and not seen.settings.errors):
            break
    return Autoconfig(domain.name, host, addresses, tuple(answers))


_REQUEST = (
    '<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns='
    '"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>{}'
    "</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/"
    "responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)


@probe(connections=1, peer="autodiscover.{}:443")
async def autodiscover(domain: MailDomain, net: Network, client_srv: ClientSRV, inventory: Inventory) -> Autodiscover:
    """One POX request at ``autodiscover.DOMAIN``, or else where ``_autodiscover._tcp`` leads; without a password.

    A server of another owner is not asked. It may well be named if the inventory trusts it (``trusted``), or the MX
    hosts are its owner's.
    """
    if not domain.receives:
        return Autodiscover(domain.name, "")
    own = await _owners(domain, net, inventory)
    host = f"autodiscover.{domain.name}"
    ipv4 = await net.dns.resolve(host, "A")
    led = ipv4.aliases[-1] if ipv4.aliases else host
    addresses = await _reachable(net, host, PORTS["https"]) if owned(led) == owned(domain.name) else ()
    if owned(led) == owned(domain.name) and (not addresses or await _by_wildcard(net, domain.name, addresses)):
        addresses = ()
        records = client_srv.of("_autodiscover")
        if not records:
            return Autodiscover(domain.name, "")
        host = led = records[0].target
    if owned(led) not in own:
        return Autodiscover(domain.name, host, elsewhere=led)
    if owned(led) != owned(domain.name):
        return Autodiscover(domain.name, host)
    addresses = addresses or await _reachable(net, host, PORTS["https"])
    if not addresses:
        raise NoAddress(f"{host} has no address")
    mailbox = f"{made_up_mailbox(domain.name, net.settings.sender)}@{domain.name}"
    url = f"https://{host}/autodiscover/autodiscover.xml"
    answer = await net.web.get(url, addresses[0], posted=_REQUEST.format(mailbox))
    seen = Autodiscover(domain.name, host, answer)
    leads = answer.redirect or (seen.settings.redirect if seen.settings is not None else "")
    return Autodiscover(domain.name, host, answer, leads if leads and owned(_owner_of(leads, url)) not in own else "")


def _owner_of(leads: str, url: str) -> str:
    """The host of a URL, which may be relative to ``url``, or the domain of a mailbox."""
    if "@" in leads and "://" not in leads:
        return leads.rpartition("@")[2].lower() or "invalid"
    try:
        return urlsplit(urljoin(url, leads)).hostname or "invalid"
    except ValueError:
        return "invalid"


async def _owners(domain: MailDomain, net: Network, inventory: Inventory) -> set[str]:
    """The registrable domains that may rightly decide where programs go: the domain's, trusted ones, and its MX's.

    A provider with several domains for its MX hosts is one owner.
    """
    mx = await net.dns.resolve(domain.name, "MX")
    hosts = [record.target for record in mx.records]
    hosts += [name for host in hosts if (provider := provider_of(host)) is not None for name in provider.domains]
    return {owned(name) for name in (domain.name, *inventory.trusted, *hosts) if name != "."}


@probe(connections=MAX_NAMED_SERVERS, peer="the servers that {} names for its users")
async def client_tls(
    domain: MailDomain, net: Network, client_srv: ClientSRV, autoconfig: Autoconfig, targets: Targets
) -> ClientTLS:
    """One handshake with each server that is named, its certificate verified for its name as mail programs do it."""
    settings = autoconfig.settings
    named = (*client_srv.servers, *(settings.servers if settings is not None else ()))
    ours = {(endpoint.host, endpoint.port) for endpoint in targets.found(Endpoint)}
    connected = []
    for server in list(dict.fromkeys(named))[:MAX_NAMED_SERVERS]:
        if (server.host, server.port) in ours:
            connected.append(Connected(server, owned=True))
        elif server.tls is not TLSStart.NONE:
            connected.append(await _connect(net, server))
    return ClientTLS(domain.name, tuple(connected))


async def _connect(net: Network, server: NamedServer) -> Connected:
    service = SERVICES[server.service]
    address = ""
    try:
        if server.port not in (*service.in_clear, *service.at_once):
            raise NotFollowed(f"{server.port} is no usual port of {service.name}: nobody is asked there")
        addresses = await _reachable(net, server.host, server.port)
        if not addresses:
            raise NoAddress(f"{server.host} has no address")
        address = addresses[0]
        starttls = None if server.tls is TLSStart.AT_ONCE or service.upgrade is None else service.upgrade.protocol
        async with at_hello(net.settings, net.hosts, TLSPeer(address, server.port, server.host, starttls)) as stream:
            context = verifying_context(net.settings.ca_file)
            session = await stream.start_tls(context, net.settings.limits.tls, host=server.host)
            return Connected(server, address, session.version() or "TLS")
    except NotObserved as failure:
        return Connected(server, address, "", failure.kind, failure.reason)


@probe()
async def agreement(
    domain: MailDomain, client_srv: ClientSRV, autoconfig: Autoconfig, autodiscover: Autodiscover
) -> Agreement:
    """The servers that SRV records, autoconfig and Autodiscover name."""
    by_autoconfig = autoconfig.settings.servers if autoconfig.settings is not None else ()
    by_autodiscover = autodiscover.settings.servers if autodiscover.settings is not None else ()
    return Agreement(domain.name, client_srv.servers, by_autoconfig, by_autodiscover)


@probe(connections=1, peer="the target of _jmap._tcp.{}")
async def jmap_session(domain: MailDomain, net: Network, client_srv: ClientSRV) -> JMAPSession:
    """/.well-known/jmap at the target of ``_jmap._tcp``, without a password."""
    records = client_srv.of("_jmap")
    if not records:
        return JMAPSession(domain.name, "")
    first = min(records, key=lambda record: record.priority)
    if first.port != PORTS["https"]:
        raise NotFollowed(f"{first} leads to port {first.port}: only {PORTS['https']} is asked")
    addresses = await _reachable(net, first.target, PORTS["https"])
    if not addresses:
        raise NoAddress(f"{first.target} has no address")
    answer = await net.web.get(f"https://{first.target}/.well-known/jmap", addresses[0])
    pages, left = await follow(net, first.target, answer)
    return JMAPSession(domain.name, first.target, pages[-1] if pages else answer, left)


@probe(connections=2, peer="the targets of _sieve._tcp.{}", looks=("store_session",))
async def sieve_targets(
    domain: MailDomain, net: Network, client_srv: ClientSRV, look: Look, targets: Targets
) -> SieveTargets:
    """A session with each of the first two servers that ``_sieve._tcp`` names, at one address."""
    ours = {(endpoint.host, endpoint.port): endpoint for endpoint in targets.found(SieveEndpoint)}
    servers = []
    for record in client_srv.of("_sieve")[:2]:
        if record.port not in SIEVE.ports:
            raise NotFollowed(f"{record} leads to port {record.port}: only {SIEVE.ports[0]} is asked")
        addresses = await _reachable(net, record.target, record.port)
        if not addresses:
            raise NoAddress(f"{record.target} has no address")
        own = ours.get((record.target, record.port))
        endpoint = own or SieveEndpoint(record.target, addresses[0], record.port, domains=domain.domains)
        try:
            session = await look(store_session, endpoint)
        except RefusedByAddress:
            session = None
        servers.append(SieveTarget(str(record), session, own is not None))
    return SieveTargets(domain.name, tuple(servers))
