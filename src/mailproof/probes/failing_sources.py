"""Asks who the sources are whose mail fails DMARC: reverse DNS, and the lists that the inventory names."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mailproof.inventory.model import Inventory
from mailproof.net.errors import NotObserved
from mailproof.observations.failing_sources import FailingSource, FailingSources, OwnSourceSeen
from mailproof.observations.reports import Reported, SourceSeen
from mailproof.probes.blocklists import lists_that_have
from mailproof.probes.probe import Look, probe
from mailproof.probes.reports import reported
from mailproof.probes.reverse import reverse_dns
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.reports import OwnSource, ReportedDomain

MAX_SOURCES = 10
"""Sources that are asked about for a domain: one question for each, one for each PTR name, and one for each list. As
many of those whose mail fails and of the others."""


@probe(looks=("reverse_dns", "listing"))
async def failing_sources(
    domain: ReportedDomain, look: Look, inventory: Inventory, reported: Reported
) -> FailingSources:
    """The sources with the most failing messages. What cannot be asked of one is told with it."""
    known = frozenset(reported.known)
    failing: list[SourceSeen] = []
    others: list[SourceSeen] = []
    for one in reported.by_address():
        (failing if one.passed < one.messages and one.address not in known else others).append(one)
    failing.sort(key=lambda one: (one.passed - one.messages, one.address))
    seen = await asyncio.gather(*(_enriched(one, look, inventory, reported.own) for one in failing[:MAX_SOURCES]))
    more = await asyncio.gather(*(_enriched(one, look, inventory, reported.own) for one in others[:MAX_SOURCES]))
    left_out = max(len(failing) - MAX_SOURCES, 0)
    return FailingSources(domain.name, reported.messages, tuple(seen), left_out, tuple(more), reported.unread)


@probe(looks=("reported", "reverse_dns", "listing"))
async def own_source_seen(source: OwnSource, look: Look, inventory: Inventory) -> OwnSourceSeen:
    """What the reports on a domain tell of an address that the inventory names."""
    told = await look(reported, ReportedDomain(source.domain))
    seen = told.of_address(source.address)
    found = await _enriched(seen, look, inventory, told.own) if seen.messages else FailingSource(seen, declared=True)
    return OwnSourceSeen(source.domain, found, told.messages, told.left_out, told.unread)


async def _enriched(source: SourceSeen, look: Look, inventory: Inventory, declared: tuple[str, ...]) -> FailingSource:
    found = FailingSource(source, declared=source.address in declared)
    ours = tuple(entry.name for entry in inventory.domains)
    try:
        names = (await look(reverse_dns, SendingAddress(source.address))).confirmed_names
        own = next((name for name in names if any(f".{name}".endswith(f".{domain}") for domain in ours)), "")
        found = replace(found, names=names, own=own)
    except NotObserved as failure:
        found = replace(found, unknown=(f"reverse DNS: {failure.reason}",))
    having, unknown = await lists_that_have(source.address, inventory.blocklists, look)
    return replace(
        found,
        listed=tuple(one.name for one in having if not one.expected),
        welcome=tuple(one.name for one in having if one.expected),
        unknown=(*found.unknown, *unknown),
    )
