"""Asks who the sources are whose mail fails DMARC: reverse DNS, and the lists that the inventory names."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_address

from mailproof.inventory.model import Inventory
from mailproof.net.errors import NotObserved
from mailproof.observations.failing_sources import FailingSource, FailingSources
from mailproof.observations.reports import Reported, SourceSeen
from mailproof.probes.blocklists import listing
from mailproof.probes.probe import Look, probe
from mailproof.probes.reverse import reverse_dns
from mailproof.targets.addresses import BlocklistEntry, SendingAddress
from mailproof.targets.reports import ReportedDomain

MAX_SOURCES = 10
"""Sources that are asked about for a domain: one question for each, one for each PTR name, and one for each list."""


@probe(looks=("reverse_dns", "listing"))
async def failing_sources(
    domain: ReportedDomain, look: Look, inventory: Inventory, reported: Reported
) -> FailingSources:
    """The sources with the most failing messages. What cannot be asked of one is told with it."""
    failing = [one for one in reported.by_address() if one.passed < one.messages and one.address not in reported.known]
    failing.sort(key=lambda one: (one.passed - one.messages, one.address))
    ours = tuple(entry.name for entry in inventory.domains)
    seen = await asyncio.gather(*(_enriched(source, look, inventory, ours) for source in failing[:MAX_SOURCES]))
    return FailingSources(domain.name, reported.messages, tuple(seen), max(len(failing) - MAX_SOURCES, 0))


async def _enriched(source: SourceSeen, look: Look, inventory: Inventory, ours: tuple[str, ...]) -> FailingSource:
    found = FailingSource(source)
    try:
        names = (await look(reverse_dns, SendingAddress(source.address))).confirmed_names
        own = next((name for name in names if any(f".{name}".endswith(f".{domain}") for domain in ours)), "")
        found = replace(found, names=names, own=own)
    except NotObserved as failure:
        found = replace(found, unknown=(f"reverse DNS: {failure.reason}",))
    family = f"ipv{ip_address(source.address).version}"
    for blocklist in inventory.blocklists:
        if family not in blocklist.families:
            continue
        try:
            listed = bool((await look(listing, BlocklistEntry(source.address, blocklist.name))).codes)
        except NotObserved as failure:
            found = replace(found, unknown=(*found.unknown, f"{blocklist.name}: {failure.reason}"))
            continue
        if listed and blocklist.expected:
            found = replace(found, welcome=(*found.welcome, blocklist.name))
        elif listed:
            found = replace(found, listed=(*found.listed, blocklist.name))
    return found
