"""Reads which IPv6 addresses the links of a host have, by the files of its network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from mailproof.grammars.address_plans import READERS, Link, Links, NotAddressPlan
from mailproof.net.errors import Malformed, NotObserved
from mailproof.net.network import Network
from mailproof.observations.address_plans import AddressPlan, AnnouncedPrefix, PlannedAddress, PlannedLink
from mailproof.places import Place
from mailproof.probes.configuration import holders_of, text_of
from mailproof.probes.probe import probe
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration, ConfigurationFile

MAX_LINKS = 500
MAX_ADDRESSES = 100
"""Addresses and prefixes that are looked at, of one link."""

COMMANDS = ("ip -j address", "ip -6 -j route")
"""The commands of a capture whose output holds addresses and routes."""


_BEFORE = {
    "networkd": ("netplan",),
    "networkmanager": ("netplan",),
    "ip": ("netplan", "networkd", "networkmanager", "ifupdown"),
}
"""The programs whose files bring about what the files of a program hold, or what it says: netplan writes those of
networkd and NetworkManager.
"""


@probe()
async def address_plan(configuration: Configuration, net: Network, targets: Targets) -> AddressPlan:
    """The links in the order of the files. Raises NotAvailable and Malformed for what holds none."""
    names = tuple(file.name for file in configuration.files)
    if configuration.program not in READERS:
        return AddressPlan(configuration.program, names)
    before = _BEFORE.get(configuration.program, ())
    elsewhere: list[PlannedLink] = []
    for other in targets.once(_by_host).get(configuration.host, ()) if before else ():
        if other.program in before:
            try:
                elsewhere += await _links(other, net)
            except NotObserved:  # told where that one is judged
                continue
    return AddressPlan(configuration.program, names, await _links(configuration, net), tuple(elsewhere)[:MAX_LINKS])


def _by_host(targets: Targets) -> dict[str, list[Configuration]]:
    found: dict[str, list[Configuration]] = {}
    for configuration in targets.found(Configuration):
        found.setdefault(configuration.host, []).append(configuration)
    return found


async def _links(configuration: Configuration, net: Network) -> tuple[PlannedLink, ...]:
    read = READERS[configuration.program]
    found: list[tuple[ConfigurationFile, Links]] = []
    knows_routes = False
    for file in _in_order(configuration.program, holders_of(configuration, *COMMANDS)):
        text = await text_of(file, net)
        try:
            found.append((file, await asyncio.to_thread(read, text)))
        except NotAddressPlan as error:
            raise Malformed(f"{file.name}: {error}") from None
        # An empty list is of routes: of addresses, the loopback interface has some.
        knows_routes |= file.command != COMMANDS[0] and "".join(text[:100].split()) == "[]"
    links: dict[str, PlannedLink] = {}
    owners = {Path(file.path).name: name or file.name for file, read_links in found for name in read_links}
    for file, read_links in found:
        for name, link in read_links.items():
            called, matched = (name, True) if name else _called(file, owners, matched=link.matched)
            known = links.get(called, PlannedLink(called, matched=matched))
            links[called] = _joined(known, link, file.name)
    planned = tuple(links.values())[:MAX_LINKS]
    if configuration.program == "ip":
        knows_routes |= any(link.default_route is not None for link in planned)
        if knows_routes:
            planned = tuple(replace(link, default_route=bool(link.default_route)) for link in planned)
    return planned


def _in_order(program: str, files: Iterable[ConfigurationFile]) -> list[ConfigurationFile]:
    """The files as the program reads them, of which a later one overrides what one before says: netplan by their names,
    whatever directory they are in (netplan(5)), networkd drop-ins by their names behind what they belong to
    (systemd.network(5)).
    """

    def key(file: ConfigurationFile) -> tuple[bool, str]:
        path = Path(file.path)
        is_drop_in = program == "networkd" and path.parent.name.endswith(".network.d")
        return is_drop_in, path.name if is_drop_in or program == "netplan" else ""

    return sorted(_not_shadowed(program, files), key=key)


_PRECEDENCE = {"netplan": ("run", "etc", "lib"), "networkd": ("etc", "run", "local/lib", "lib")}
"""Of files with one name the program reads the first alone (netplan-generate(8); systemd.network(5))."""


def _not_shadowed(program: str, files: Iterable[ConfigurationFile]) -> list[ConfigurationFile]:
    """The files without those in whose stead another one of that name is read. Where directories of the inventory are
    none of the program's, nothing is known of that.
    """
    every = list(files)
    order = _PRECEDENCE.get(program, ())
    best: dict[tuple[str, ...], int] = {}
    ranked: list[tuple[ConfigurationFile, tuple[str, ...], int | None]] = []
    for file in every:
        *above, own = Path(file.path).parts
        drop_in = (above.pop(),) if program == "networkd" and above and above[-1].endswith(".network.d") else ()
        roots = above[:-2] if program == "networkd" else above[:-1]
        root = next((root for root in ("/".join(roots[-2:]), *roots[-1:]) if root in order), "")
        rank = order.index(root) if root in order else None
        ranked.append((file, (*drop_in, own), rank))
        if rank is not None:
            best[*drop_in, own] = min(rank, best.get((*drop_in, own), rank))
    return [file for file, name, rank in ranked if rank is None or rank == best[name]]


def _called(file: ConfigurationFile, owners: dict[str, str], *, matched: bool) -> tuple[str, bool]:
    """The link of a file of networkd that has no name of it: that of the file that it is a drop-in of, or its own.

    With it, whether it is known to be a link of its own.
    """
    parent = Path(file.path).parent.name
    if parent.endswith(".network.d"):
        owner = parent.removesuffix(".d")
        return owners.get(owner, owner), owner in owners
    return file.name, matched


def _joined(known: PlannedLink, link: Link, file: str) -> PlannedLink:
    """What is known of a link, and what a further file says of it."""
    addresses = [
        PlannedAddress(str(found.interface), Place(file, found.line), found.temporary, found.dynamic)
        for found in link.addresses
    ]
    announced = [
        AnnouncedPrefix(str(found.prefix), Place(file, found.line), found.autonomous) for found in link.announced
    ]
    preferring = Place(file, link.says_so) if link.prefers_temporary else None
    return PlannedLink(
        known.name,
        (*known.addresses, *addresses)[:MAX_ADDRESSES],
        (*known.announced, *announced)[:MAX_ADDRESSES],
        link.default_route if known.default_route is None else known.default_route or link.default_route,
        known.hears_routers if link.hears_routers is None else link.hears_routers,  # the last file counts
        known.prefers_temporary if link.prefers_temporary is None else preferring,
        known.matched,
    )
