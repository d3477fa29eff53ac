"""Looks at reverse DNS: PTR records and where their names lead."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

from mailproof.inventory.targets import SendingAddress
from mailproof.net.dns import reverse_name
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.reverse import ClasslessDelegation, ForwardAddresses, ReverseDNS, ServerView
from mailproof.probes.probe import probe

MAX_NAMES = 10


@probe()
async def reverse_dns(sender: SendingAddress, net: Network) -> ReverseDNS:
    """The PTR records of the address, and the addresses of its own family that their names have."""
    ptr = await net.dns.resolve(reverse_name(sender.address), "PTR")
    names = list(dict.fromkeys(record.target for record in ptr.records))[:MAX_NAMES]
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
    views = await asyncio.gather(*(_views(net, record.target, target) for record in servers.records))
    return ClasslessDelegation(sender.address, ptr, zone, tuple(view for found in views for view in found))


async def _views(net: Network, server: str, name: str) -> list[ServerView]:
    """What a name server says of ``name`` at each of its addresses."""
    views: list[ServerView] = []
    for type in ("A", "AAAA"):
        try:
            addresses = [record.data for record in (await net.dns.resolve(server, type)).records]
        except NotObserved as failure:
            views.append(ServerView(server, None, failure.reason))
            continue
        for address in addresses:
            label = f"{server}[{address}]"
            if not net.settings.may_contact(address, 53, server):
                views.append(ServerView(label, None, f"{address} is not a public address and is not followed"))
                continue
            try:
                views.append(ServerView(label, await net.dns.ask(address, name, "PTR", host=server)))
            except NotObserved as failure:
                views.append(ServerView(label, None, failure.reason))
    return views
