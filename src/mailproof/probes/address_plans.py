"""Reads which IPv6 addresses the links of a host have, by the files of its network."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mailproof.grammars.address_plans import READERS, Link, NotAddressPlan
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.observations.address_plans import AddressPlan, AnnouncedPrefix, PlannedAddress, PlannedLink
from mailproof.places import Place
from mailproof.probes.configuration import MAX_OCTETS, holders_of
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration

MAX_LINKS = 500
MAX_ADDRESSES = 100
"""Addresses and prefixes that are looked at, of one link."""

COMMANDS = ("ip -j address", "ip -6 -j route")
"""The commands of a capture whose output holds addresses and routes."""


@probe()
async def address_plan(configuration: Configuration, net: Network) -> AddressPlan:
    """The links in the order of the files. Raises NotAvailable and Malformed for what holds none."""
    names = tuple(file.name for file in configuration.files)
    read = READERS.get(configuration.program)
    if read is None:
        return AddressPlan(configuration.program, names)
    links: dict[str, PlannedLink] = {}
    for file in holders_of(configuration, *COMMANDS):
        text = await net.files.text(Path(file.path), MAX_OCTETS)
        try:
            found = await asyncio.to_thread(read, text)
        except NotAddressPlan as error:
            raise Malformed(f"{file.name}: {error}") from None
        for name, link in found.items():
            links[name] = _joined(links.get(name, PlannedLink(name)), link, file.name)
    return AddressPlan(configuration.program, names, tuple(links.values())[:MAX_LINKS])


def _joined(known: PlannedLink, link: Link, file: str) -> PlannedLink:
    """What is known of a link, and what a further file says of it."""
    addresses = [
        PlannedAddress(str(found.interface), Place(file, found.line), found.temporary) for found in link.addresses
    ]
    announced = [
        AnnouncedPrefix(str(found.prefix), Place(file, found.line), found.autonomous) for found in link.announced
    ]
    line = link.prefers_temporary
    return PlannedLink(
        known.name,
        (*known.addresses, *addresses)[:MAX_ADDRESSES],
        (*known.announced, *announced)[:MAX_ADDRESSES],
        link.default_route if known.default_route is None else known.default_route or link.default_route,
        link.hears_routers if known.hears_routers is None else known.hears_routers,
        known.prefers_temporary if line is None else Place(file, line),
    )
