"""A zone that two servers have, each in its own way signed, and what the probes of its signing see of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import dns.rrset
import dns.zone

from mailproof.fixtures.dns_server import DNSServer
from mailproof.net.dnssec.keys import text_of_rdata
from mailproof.net.network import Network
from mailproof.net.settings import Limits, NetSettings, SocketAddress
from mailproof.observations.dnssec import DNSSEC
from mailproof.observations.signing import Signing
from mailproof.probes.dnssec import dnssec
from mailproof.probes.signing import signed_server, signing
from mailproof.targets.base import Target, Targets
from mailproof.targets.zones import NameServer
from mailproof.targets.zones import Zone as ZoneTarget

from .dnssec_world import Key, Zone, key, sign

DOMAIN = "example."
ROOT_KEY = key(13, 90)
FIRST, SECOND = "192.0.2.1", "192.0.2.2"
LIMITS = Limits(dns=20, dns_tries=1)


def served(zone: Zone) -> dns.zone.Zone:
    """A signed zone as servers take it."""
    made = dns.zone.Zone(zone.origin, relativize=False)
    with made.writer() as writer:
        for rrset in (*zone.rrsets.values(), *zone.signatures.values()):
            writer.add(rrset)
    return made


def seen_of(first: Zone, second: Zone, ds: list[Any], directory: Path) -> tuple[DNSSEC, Signing]:
    """What the probes see where each of two servers has its own copy of a zone; the resolver asks the first."""
    root = sign(".", "", ROOT_KEY, ds={DOMAIN: ds} if ds else None)
    anchors = directory / "anchors"
    anchors.write_text(f". DS {text_of_rdata(ROOT_KEY.ds('.'))}\n")
    return asyncio.run(_look(root, {FIRST: first, SECOND: second}, anchors))


async def _look(root: Zone, copies: Mapping[str, Zone], anchors: Path) -> tuple[DNSSEC, Signing]:
    resolver = DNSServer([served(root), served(copies[FIRST])], recursive=True)
    servers = {address: DNSServer([served(copy)]) for address, copy in copies.items()}
    try:
        connect: dict[str, SocketAddress] = {f"{address}:53": await one.start() for address, one in servers.items()}
        settings = NetSettings((await resolver.start(),), trust_anchors=anchors, limits=LIMITS, connect=connect)
        network = Network(settings)
        try:
            return await _observe(network)
        finally:
            await network.close()
    finally:
        for one in (resolver, *servers.values()):
            await one.stop()


async def _observe(network: Network) -> tuple[DNSSEC, Signing]:
    zone = ZoneTarget(DOMAIN.rstrip("."))
    targets = Targets()
    targets.add(zone)
    for number, address in enumerate((FIRST, SECOND), 1):
        targets.add(NameServer(zone.name, f"ns{number}.invalid", address))

    async def look(probe: Callable[..., Awaitable[Any]], target: Target) -> Any:
        if probe is signed_server:
            return await probe(target, network, look, targets)
        if probe is dnssec:
            return await probe(target, network, targets)
        return await probe(target, network)

    return await dnssec(zone, network, targets), await signing(zone, network, look, targets)


def zone_signed_by(signer: Key, *keys: Key, text: str = "") -> Zone:
    """The zone as one provider signs it; ``keys`` are further ones in it."""
    return sign(DOMAIN, text, signer, keys=keys)
