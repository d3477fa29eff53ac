"""Looks up which networks announce addresses, and what the RPKI permits them."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

from mailproof.clock import now
from mailproof.grammars.vrps import parse_vrps
from mailproof.inventory.budgets import MAX_ORIGINS
from mailproof.inventory.model import Inventory
from mailproof.net.addresses import is_public
from mailproof.net.dns.client import reverse_name
from mailproof.net.errors import Malformed, NotObserved
from mailproof.net.network import Network
from mailproof.observations.routing import VRP, BlockOrigin, BlockRoutes, ServerOrigins, ValidatedPayloads
from mailproof.probes.probe import Look, probe
from mailproof.probes.sources import document
from mailproof.targets.base import Targets
from mailproof.targets.routing import AddressBlock, RoutingTable, block_of
from mailproof.targets.zones import Zone, servers_of

MAX_OCTETS = 256 * 1024 * 1024
"""Of the file of validated payloads: those of the whole Internet take 60 MiB."""


@probe()
async def server_origins(zone: Zone, net: Network, inventory: Inventory, targets: Targets) -> ServerOrigins:
    """The origins of the zone's servers: one question for each block of addresses, to resolvers, once in a run."""
    routing = inventory.routing
    servers = [server.address for server in servers_of(zone.name, targets)]
    addresses = [
        address
        for address in dict.fromkeys(servers)
        if is_public(address) and (routing.origin6 if ":" in address else routing.origin)
    ]
    absent = [await _absent(net, inventory, ":" in address) for address in addresses[:1]]
    if any(absent):
        return ServerOrigins(zone.name, (), (), absent[0])
    blocks = list(dict.fromkeys(map(block_of, addresses)))[:MAX_ORIGINS]
    origins = await asyncio.gather(*(_origin(net, inventory, block) for block in blocks))
    return ServerOrigins(zone.name, tuple((address, block_of(address)) for address in addresses), tuple(origins))


@probe()
async def validated_payloads(
    table: RoutingTable, net: Network, inventory: Inventory, targets: Targets
) -> ValidatedPayloads:
    """The payloads that cover one of the blocks: the file, or the URL, is read once in a run."""
    blocks = [ip_network(block.prefix) for block in targets.found(AddressBlock)]
    wanted = {str(block.supernet(new_prefix=length)) for block in blocks for length in range(block.prefixlen + 1)}
    text = await document(net, table.source, MAX_OCTETS)
    found = await asyncio.to_thread(parse_vrps, text, wanted)
    if not found.count:
        raise Malformed(f"{table.source} holds no validated ROA payloads (JSON of Routinator or rpki-client)")
    payloads = tuple(VRP(entry.prefix, entry.max_length, entry.asn) for entry in found.payloads)
    return ValidatedPayloads(table.source, now(), found.generated, payloads)


@probe(looks=("validated_payloads",))
async def block_routes(
    block: AddressBlock, net: Network, inventory: Inventory, look: Look, targets: Targets
) -> BlockRoutes:
    """The routes to a block, and the payloads that cover it."""
    (table,) = targets.found(RoutingTable)
    absent = await _absent(net, inventory, ":" in block.prefix)
    if absent:
        return BlockRoutes(BlockOrigin(block.prefix), (), table.source, now(), "", absent)
    origin = await _origin(net, inventory, block.prefix)
    seen = await look(validated_payloads, table)
    mine = ip_network(block.prefix)
    covering = [
        payload
        for payload in seen.payloads
        if ip_network(payload.prefix).version == mine.version and mine.subnet_of(ip_network(payload.prefix))  # type: ignore[arg-type]
    ]
    return BlockRoutes(origin, tuple(covering), seen.source, seen.at, seen.generated)


async def _absent(net: Network, inventory: Inventory, ipv6: bool) -> str:
    """Why the origin service cannot be asked: its zone does not exist. Empty where it does."""
    zone = inventory.routing.origin6 if ipv6 else inventory.routing.origin
    try:
        answer = await net.dns.resolve(str(zone), "SOA")
    except NotObserved:
        return ""
    return f"there is no {zone} to look up routes at (routing: origin)" if answer.nonexistent else ""


async def _origin(net: Network, inventory: Inventory, block: str) -> BlockOrigin:
    """What the service says of a block: its first address is asked for."""
    network = ip_network(block)
    zone = inventory.routing.origin6 if network.version == 6 else inventory.routing.origin
    labels = reverse_name(str(network.network_address)).removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    try:
        return BlockOrigin(block, await net.dns.resolve(f"{labels}.{zone}", "TXT"))
    except NotObserved as failure:
        return BlockOrigin(block, failure=failure.reason, kind=failure.kind)
