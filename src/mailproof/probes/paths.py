"""Looks at the ways from the root to names: which zones lie on them, and whether these need each other in a circle."""

from __future__ import annotations

from mailproof.inventory.budgets import (
    MAX_PATH_HOSTS,
    MAX_PATH_SERVERS,
    MAX_PATH_ZONES,
    MAX_RING_HOSTS,
    MAX_RING_QUESTIONS,
    MAX_RING_ZONES,
)
from mailproof.net.dns.client import Answer
from mailproof.net.errors import BoundReached, NotObserved
from mailproof.net.network import Network
from mailproof.observations.mx import MX
from mailproof.observations.paths import IPv6Path, NameServerRings, Ring, ZoneOnTheWay
from mailproof.observations.zones import Delegation
from mailproof.probes.probe import probe
from mailproof.targets.mail import MailDomain
from mailproof.targets.zones import Zone


@probe()
async def ipv6_path(domain: MailDomain, net: Network, mx: MX) -> IPv6Path:
    """The zones above the domain and above its first MX hosts, each with a server that has an IPv6 address.

    Only resolvers are asked, and what is above several names only once in a run.
    """
    zones: dict[str, ZoneOnTheWay] = {}
    unknown: list[str] = []
    own = ""
    # A zone begins above nearly every host, so that many hosts of one zone cost no more than one.
    above = (host.partition(".")[2] for host in mx.hosts[:MAX_PATH_HOSTS] if host != domain.name)
    for name in dict.fromkeys((domain.name, *filter(None, above))):
        try:
            cuts = await _cuts(net, name)
        except NotObserved as failure:
            unknown.append(f"{name}: {failure.reason}")
            continue
        own = own or (cuts[0] if cuts else ".")
        for cut in cuts:
            if cut not in zones:
                zones[cut] = await _servers_of(net, cut)
    return IPv6Path(domain.name, own, tuple(zones.values()), tuple(unknown))


async def _cuts(net: Network, name: str) -> list[str]:
    """The zones from the one that holds ``name`` up to the one below the root. Raises NotObserved."""
    cuts: list[str] = []
    while name and name != ".":
        if len(cuts) == MAX_PATH_ZONES:
            raise BoundReached(f"more than {MAX_PATH_ZONES} zones lie above it")
        zone = await _holder(net, name)
        if zone == ".":
            break
        cuts.append(zone)
        name = zone.partition(".")[2]
    return cuts


async def _holder(net: Network, name: str) -> str:
    """The zone that holds ``name``: the owner of the SOA that comes with an answer (RFC 2308, section 3)."""
    answer = await net.dns.resolve(name, "SOA")
    return next((r.name for r in (*answer.records, *answer.authority) if r.type == "SOA"), name)


async def _servers_of(net: Network, zone: str) -> ZoneOnTheWay:
    try:
        answer = await net.dns.resolve(zone, "NS")
    except NotObserved as failure:
        return ZoneOnTheWay(zone, (), failure=failure.reason)
    servers = tuple(dict.fromkeys(record.target for record in answer.records))
    failures: list[str] = []
    for server in servers[:MAX_PATH_SERVERS]:
        try:
            if (await net.dns.resolve(server, "AAAA")).exists:
                return ZoneOnTheWay(zone, servers, server)
        except NotObserved as failure:
            failures.append(f"{server}: {failure.reason}")
    if len(servers) > MAX_PATH_SERVERS:
        failures.append(f"only the first {MAX_PATH_SERVERS} of {len(servers)} servers are looked at")
    return ZoneOnTheWay(zone, servers, failure="; ".join(failures))


@probe(questions=MAX_RING_HOSTS * MAX_RING_ZONES * MAX_RING_QUESTIONS)
async def name_server_rings(zone: Zone, net: Network, delegation: Delegation) -> NameServerRings:
    """Where a server's name cannot be resolved: which zones that rests on, asked of the servers of their parents."""
    unresolved = tuple(server.host for server in delegation.servers if server.failure and not server.addresses)
    lines: list[str] = []
    rings: list[Ring] = []
    for host in unresolved[:MAX_RING_HOSTS]:
        ring = await _ring(net, host, lines)
        if ring is not None:
            rings.append(ring)
    return NameServerRings(zone.name, unresolved, tuple(rings), tuple(lines))


async def _ring(net: Network, host: str, lines: list[str]) -> Ring | None:
    """The circle of zones that the name of a server leads into, if it leads into one."""
    path: list[str] = []
    wanted = host
    while len(path) < MAX_RING_ZONES:
        referral = await _referral(net, wanted, lines)
        if referral is None:
            return None
        zone, servers = referral
        if zone in path:
            return Ring(host, tuple(path[path.index(zone) :]))
        path.append(zone)
        for server in servers:
            if f".{server}".endswith(f".{zone}") or await _resolves(net, server):
                return None  # glue leads there, or another way does
        wanted = servers[0]
    return None


async def _resolves(net: Network, name: str) -> bool:
    try:
        answers = [await net.dns.resolve(name, type) for type in ("A", "AAAA")]
    except NotObserved:
        return False
    return any(answer.records for answer in answers)


async def _referral(net: Network, name: str, lines: list[str]) -> tuple[str, list[str]] | None:
    """The zone that ``name`` is delegated to, with its servers, as a server of the nearest zone above it says."""
    for address, server in await _above(net, name):
        try:
            answer = await net.dns.ask(address, name, "A", host=server)
        except NotObserved as failure:
            lines.append(f"{server}[{address}]: {failure.reason}")
            continue
        lines += answer.evidence()
        if not answer.authoritative and (referred := _referred(answer)):
            return referred
    return None


def _referred(answer: Answer) -> tuple[str, list[str]] | None:
    cuts = [record for record in answer.authority if record.type == "NS"]
    servers = list(dict.fromkeys(record.target for record in cuts))
    return (cuts[0].name, servers) if servers else None


async def _above(net: Network, name: str) -> list[tuple[str, str]]:
    """The first addresses of servers of the nearest zone above ``name`` that resolvers can reach."""
    labels = name.split(".")
    for first in range(1, min(len(labels), MAX_PATH_ZONES) + 1):
        try:
            zone = await _holder(net, ".".join(labels[first:]) or ".")
            answer = await net.dns.resolve(zone, "NS")
        except NotObserved:
            continue
        return await _some_addresses(net, answer)
    return []


async def _some_addresses(net: Network, answer: Answer) -> list[tuple[str, str]]:
    """The first addresses of the servers that the answer names, with the servers' names."""
    found: list[tuple[str, str]] = []
    for server in dict.fromkeys(record.target for record in answer.records):
        for type in ("A", "AAAA"):
            if len(found) >= MAX_RING_QUESTIONS:
                return found
            try:
                addresses = await net.dns.resolve(server, type)
            except NotObserved:
                continue
            for record in addresses.records[:1]:
                if net.settings.may_contact(record.data, 53, server):
                    found.append((record.data, server))
    return found[:MAX_RING_QUESTIONS]
