"""Looks at reverse DNS: PTR records and where their names lead."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

from mailproof.inventory.budgets import MAX_NAME_SERVERS, MAX_PTR_NAMES, MAX_PTR_POLICIES, MAX_PTR_SERVERS
from mailproof.inventory.model import Inventory
from mailproof.net.dns.client import reverse_name
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.mx import HostAddresses
from mailproof.observations.reverse import (
    ClasslessDelegation,
    ForwardAddresses,
    PTRPolicies,
    PTRPolicy,
    ReverseDNS,
    ReverseZone,
    ServerView,
)
from mailproof.probes.probe import probe
from mailproof.targets.addresses import HeloName, SendingAddress

REVERSE_TREES = ("in-addr.arpa", "ip6.arpa")


@probe()
async def reverse_dns(sender: SendingAddress, net: Network) -> ReverseDNS:
    """The PTR records of the address, and the addresses of its own family that their names have."""
    ptr = await net.dns.resolve(reverse_name(sender.address), "PTR")
    names = list(dict.fromkeys(record.target for record in ptr.records))[:MAX_PTR_NAMES]
    type = "A" if ip_address(sender.address).version == 4 else "AAAA"
    forward = await asyncio.gather(*(_forward(net, name, type) for name in names))
    return ReverseDNS(sender.address, ptr, tuple(forward))


async def _forward(net: Network, name: str, type: str) -> ForwardAddresses:
    try:
        return ForwardAddresses(name, await net.dns.resolve(name, type))
    except NotObserved as failure:
        return ForwardAddresses(name, None, failure.reason)


@probe()
async def classless_delegation(sender: SendingAddress, net: Network, reverse_dns: ReverseDNS) -> ClasslessDelegation:
    """Where the PTR is an alias (RFC 2317): the answer of every server of the zone that the alias leads to."""
    ptr = reverse_dns.ptr
    if not ptr.aliases:
        return ClasslessDelegation(sender.address, ptr, None, ())
    target = ptr.aliases[0]
    soa = await net.dns.resolve(target, "SOA")
    zone = next((record.name for record in (*soa.records, *soa.authority) if record.type == "SOA"), target)
    servers = await net.dns.resolve(zone, "NS")
    names = list(dict.fromkeys(record.target for record in servers.records))[:MAX_NAME_SERVERS]
    views = await _views(net, zone, names, target)
    return ClasslessDelegation(sender.address, ptr, zone, tuple(views))


async def _views(net: Network, zone: str, servers: list[str], name: str) -> list[ServerView]:
    """What the name servers of a zone say of ``name``, at each of their addresses."""
    answers = await asyncio.gather(*(_forward(net, server, type) for server in servers for type in ("A", "AAAA")))
    views = [ServerView(entry.name, None, entry.failure) for entry in answers if entry.failure]
    addresses = [(entry.name, address) for entry in answers for address in entry.addresses]
    views += await asyncio.gather(
        *(_view(net, server, address, name) for server, address in addresses[:MAX_PTR_SERVERS])
    )
    if len(addresses) > MAX_PTR_SERVERS:
        views.append(ServerView(zone, None, f"{len(addresses)} servers: only the first {MAX_PTR_SERVERS} are asked"))
    return views


async def _view(net: Network, server: str, address: str, name: str) -> ServerView:
    label = f"{server}[{address}]"
    if not net.settings.may_contact(address, 53, server):
        return ServerView(label, None, f"{address} is not a public address and is not followed")
    try:
        return ServerView(label, await net.dns.ask(address, name, "PTR", host=server))
    except NotObserved as failure:
        return ServerView(label, None, failure.reason)


@probe()
async def ptr_policies(sender: SendingAddress, net: Network, reverse_dns: ReverseDNS) -> PTRPolicies:
    """The TXT records of the first confirmed PTR names that are not the name said in EHLO."""
    others = [name for name in reverse_dns.confirmed_names if name != sender.helo][:MAX_PTR_POLICIES]
    if not sender.helo:
        others = []
    answers = await asyncio.gather(*(net.dns.resolve(name, "TXT") for name in others))
    policies = tuple(PTRPolicy(name, answer) for name, answer in zip(others, answers, strict=True))
    return PTRPolicies(sender.address, sender.helo or "", policies)


@probe()
async def reverse_zone(
    sender: SendingAddress, net: Network, inventory: Inventory, reverse_dns: ReverseDNS
) -> ReverseZone:
    """The zone that the PTR of the address stands in: that of the alias's target where it is reached by CNAME."""
    name = reverse_name(sender.address)
    end = reverse_dns.ptr.aliases[-1] if reverse_dns.ptr.aliases else name
    answer = await net.dns.resolve(end, "SOA")
    zone = next((r.name for r in (*answer.records, *answer.authority) if r.type == "SOA"), end)
    declared = tuple(zone for zone in inventory.zones if zone.endswith(REVERSE_TREES))
    return ReverseZone(sender.address, name, reverse_dns.ptr.aliases, zone, answer, declared)


@probe()
async def helo_addresses(name: HeloName, net: Network) -> HostAddresses:
    """A and AAAA of a name that is said in EHLO."""
    ipv4, ipv6 = await asyncio.gather(*(net.dns.resolve(name.name, type) for type in ("A", "AAAA")))
    return HostAddresses(name.name, (), ipv4, ipv6)
