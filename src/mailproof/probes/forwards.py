"""Reads where mail is forwarded by itself, from the files that the inventory names."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mailproof.grammars.forwards import parse_forwards, parse_sieve
from mailproof.inventory.model import Inventory
from mailproof.net.network import Network
from mailproof.net.text import printable
from mailproof.observations.forwards import Forwards, ForwardSeen
from mailproof.places import Place
from mailproof.probes.configuration import MAX_OCTETS, holders_of
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration

PARSERS = {"aliases": parse_forwards, "sieve": parse_sieve}
MAX_SEEN = 1000
"""Forwards that are looked at."""


@probe()
async def forwards(configuration: Configuration, net: Network, inventory: Inventory) -> Forwards:
    """The forwards to mail addresses, and whether their domains are those of the inventory."""
    program = configuration.program
    names = tuple(file.name for file in configuration.files)
    if program not in PARSERS:
        return Forwards(program, names)
    ours = tuple(domain.name for domain in inventory.domains)
    found: list[ForwardSeen] = []
    for file in holders_of(configuration):
        text = await net.files.text(Path(file.path), MAX_OCTETS)
        for one in await asyncio.to_thread(list, PARSERS[program](text)):
            domain = one.address.rpartition("@")[2].lower().rstrip(".")
            here = domain in ("localhost.localdomain", configuration.host.lower()) or "." not in domain
            own = here or any(f".{domain}".endswith(f".{name}") for name in ours)
            found.append(ForwardSeen(printable(one.who), printable(domain), own, Place(file.name, one.line)))
    return Forwards(program, names, tuple(found[:MAX_SEEN]))
