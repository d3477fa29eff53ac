"""Zones of the DNS that hold the domains, and their name servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mailproof.inventory.budgets import MAX_ADDRESSES, MAX_NAME_SERVERS, MAX_SERVER_ADDRESSES
from mailproof.net.dns.delegations import DelegatingClient, ProposedDelegation
from mailproof.net.errors import NotFollowed, NotObserved
from mailproof.targets.base import Target, Targets, Undiscovered
from mailproof.targets.discovery import Addresses, Search, finder


@dataclass(frozen=True)
class Zone(Target):
    """A DNS zone: a cut in the tree with name servers of its own. ``domains`` are the mail domains that lie in it."""

    name: str
    approved: tuple[str, ...] = ()
    """The name servers that the inventory approves of; none: any."""

    @property
    def id(self) -> str:
        return self.name


@finder(Zone)
async def find_zones(search: Search) -> None:
    """The zones that hold the domains, each with the domains that it holds, and those that the inventory names."""
    inventory = search.inventory
    names = dict.fromkeys(domain.name for domain in inventory.domains)
    cuts = await asyncio.gather(*(_zone_of(name, search) for name in names))
    zones: dict[str, list[str]] = {}
    for name, cut in zip(names, cuts, strict=True):
        if isinstance(cut, NotObserved):
            search.targets.add(Undiscovered.because(cut, Zone, f"zone of {name}", domains=(name,)))
        elif cut is not None:
            zones.setdefault(cut, []).append(name)
    for name in inventory.zones:
        zones.setdefault(name, [])
    for name, domains in zones.items():
        approved = tuple(inventory.name_servers)
        search.targets.add(Zone(name, approved, domains=tuple(domains), active=inventory.active))


async def _zone_of(name: str, search: Search) -> str | NotObserved | None:
    """The zone that holds ``name``: the owner of the SOA that comes with an answer (RFC 2308, section 3).

    None for a name that does not exist: the zone above it has nothing to do with the inventory. A proposed delegation
    is that of a zone, whatever its servers say.
    """
    try:
        answer = await search.unvalidated(name, "SOA")
    except NotObserved as failure:
        return failure if _proposed(name, search) is None else name
    if answer.nonexistent:
        return None
    owners = [record.name for record in (*answer.records, *answer.authority) if record.type == "SOA"]
    return owners[0] if owners else name


@dataclass(frozen=True)
class NameServer(Target):
    """One address of one name server of one zone. ``address`` is empty where the server's name has none."""

    zone: str
    host: str
    address: str

    @property
    def id(self) -> str:
        return f"{self.zone}@{self.host}[{self.address}]" if self.address else f"{self.zone}@{self.host}"


def zones_by_name(targets: Targets) -> Mapping[str, Zone]:
    """The zones that are judged."""
    return targets.once(_by_name)


def _by_name(targets: Targets) -> dict[str, Zone]:
    return {zone.name: zone for zone in targets.found(Zone)}


def servers_of(zone: str, targets: Targets) -> tuple[NameServer, ...]:
    """The name servers of a zone that have an address, one for each."""
    return targets.once(_servers_by_zone).get(zone, ())


def _servers_by_zone(targets: Targets) -> dict[str, tuple[NameServer, ...]]:
    servers: dict[str, list[NameServer]] = {}
    for server in targets.found(NameServer):
        if server.address:
            servers.setdefault(server.zone, []).append(server)
    return {zone: tuple(found) for zone, found in servers.items()}


@finder(NameServer, after=(Zone,))
async def find_name_servers(search: Search) -> None:
    """The name servers of every zone, as the zone itself names them."""
    zones = search.targets.found(Zone)
    for servers in await asyncio.gather(*(_name_servers(zone, search) for zone in zones)):
        for server in servers:
            search.targets.add(server)


async def _name_servers(zone: Zone, search: Search) -> list[Target]:
    """The name servers of a zone, up to the bounds, and what stands for those that could not be found out."""
    glue: dict[str, list[str]] = {}
    try:
        records = (await search.unvalidated(zone.name, "NS")).records
    except NotObserved as failure:
        proposed = _proposed(zone.name, search)
        if proposed is None:
            return [_unknown(failure, f"name servers of {zone.name}", zone)]
        records = proposed.ns
        for record in proposed.glue:
            glue.setdefault(record.name, []).append(record.data)
    names = list(dict.fromkeys(record.target for record in records))[:MAX_NAME_SERVERS]

    async def addresses(name: str) -> Addresses:
        return Addresses(name, tuple(glue[name])[:MAX_ADDRESSES]) if name in glue else await search.addresses(name)

    servers: list[Target] = []
    for known in await asyncio.gather(*map(addresses, names)):
        servers += (_unknown(failure, f"addresses of {known.name}", zone) for failure in known.failures)
        for server in _at_addresses(zone, known):
            if server.address and len(servers) >= MAX_SERVER_ADDRESSES:
                surplus = NotObserved(f"only the first {MAX_SERVER_ADDRESSES} addresses are looked at")
                return [*servers, _unknown(surplus, f"name servers of {zone.name}", zone)]
            servers.append(server if _may_contact(server, search) else _not_followed(server, zone))
    return servers


def _proposed(zone: str, search: Search) -> ProposedDelegation | None:
    """The delegation that is proposed for a zone."""
    return search.dns.delegations.get(zone) if isinstance(search.dns, DelegatingClient) else None


def _at_addresses(zone: Zone, known: Addresses) -> Iterator[NameServer]:
    """A name server at each of its addresses; without an address where it is known to have none."""
    addresses = known.addresses or (() if known.failures else ("",))
    return (
        NameServer(zone.name, known.name, address, domains=zone.domains, active=zone.active) for address in addresses
    )


def _may_contact(server: NameServer, search: Search) -> bool:
    return not server.address or search.settings.may_contact(server.address, 53, server.host)


def _not_followed(server: NameServer, zone: Zone) -> Undiscovered:
    return _unknown(NotFollowed(f"{server.address} is not a public address and is not followed"), server.id, zone)


def _unknown(failure: NotObserved, name: str, zone: Zone) -> Undiscovered:
    return Undiscovered.because(failure, NameServer, name, domains=zone.domains)
