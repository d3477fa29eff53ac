"""Blocks of addresses that mail depends on, as the Internet's routing sees them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from mailproof.inventory.budgets import MAX_BLOCKS
from mailproof.inventory.values import socket_address
from mailproof.net.addresses import is_public
from mailproof.net.errors import BoundReached
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Target, Undiscovered
from mailproof.targets.discovery import Search, finder
from mailproof.targets.resolvers import MailResolver
from mailproof.targets.services import MXEndpoint
from mailproof.targets.zones import NameServer

LONGEST = {4: 24, 6: 48}
"""The longest prefixes that are announced everywhere: what lies in one of them has one route."""

RECEIVES, SERVES, SENDS, RESOLVES = "MX host", "name server", "sending address", "resolver"


def block_of(address: str) -> str:
    """The block of an address: its /24 or /48."""
    return str(ip_network(f"{address}/{LONGEST[ip_address(address).version]}", strict=False))


@dataclass(frozen=True)
class AddressBlock(Target):
    """A block of public addresses: ``192.0.2.0/24``."""

    prefix: str
    uses: tuple[str, ...] = ()
    """What mail needs of it: MX host, name server, sending address, resolver."""
    addresses: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.prefix

    @property
    def entries(self) -> tuple[str, ...]:
        return (*self.addresses, *self.domains)

    @property
    def is_reached(self) -> bool:
        """Whether others have to reach it: MX hosts and name servers."""
        return RECEIVES in self.uses or SERVES in self.uses


@dataclass(frozen=True)
class RoutingTable(Target):
    """The validated ROA payloads of the inventory, for all blocks at once."""

    source: str

    @property
    def id(self) -> str:
        return "routing"


@finder(RoutingTable, after=(MXEndpoint, NameServer, SendingAddress, MailResolver))
async def find_routes(search: Search) -> None:
    """The blocks of all addresses that mail depends on, where the inventory says which routes are permitted."""
    routing = search.inventory.routing
    if routing.vrps is None:
        return
    search.targets.add(RoutingTable(routing.vrps))


@finder(AddressBlock, after=(MXEndpoint, NameServer, SendingAddress, MailResolver))
async def find_blocks(search: Search) -> None:
    """The blocks of all addresses that mail depends on, where the inventory says which routes are permitted."""
    targets, routing = search.targets, search.inventory.routing
    if routing.vrps is None:
        return
    used = [(endpoint.address, RECEIVES, endpoint.domains) for endpoint in targets.found(MXEndpoint)]
    used += [(server.address, SERVES, server.domains) for server in targets.found(NameServer) if server.address]
    used += [(sender.address, SENDS, sender.domains) for sender in targets.found(SendingAddress)]
    resolvers = (socket_address(resolver.address, 53).address for resolver in targets.found(MailResolver))
    used += [(address, RESOLVES, ()) for address in resolvers]
    found: dict[str, AddressBlock] = {}
    for address, use, domains in used:
        if not is_public(address) or not (routing.origin6 if ":" in address else routing.origin):
            continue
        prefix = block_of(address)
        known = found.get(prefix, AddressBlock(prefix))
        found[prefix] = AddressBlock(
            prefix,
            tuple(dict.fromkeys((*known.uses, use))),
            tuple(dict.fromkeys((*known.addresses, address))),
            domains=tuple(dict.fromkeys((*known.domains, *domains))),
        )
    for block in list(found.values())[:MAX_BLOCKS]:
        targets.add(block)
    if len(found) > MAX_BLOCKS:
        surplus = BoundReached(f"{len(found)} blocks of addresses: only the first {MAX_BLOCKS} are looked at")
        targets.add(Undiscovered.because(surplus, AddressBlock, "further blocks of addresses"))
