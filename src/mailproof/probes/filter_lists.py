"""Reads which DNS lists a mail server or a spam filter asks, and asks these about their test entries."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path

from mailproof.grammars.filter_lists import READERS, ListNamed, shown_zone
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.filter_lists import FilterLists, ListTried
from mailproof.places import Place
from mailproof.probes.configuration import MAX_OCTETS, holders_of
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration

MAX_LISTS = 30
"""Lists of one program that are asked, with two questions each."""

REFUSALS = ip_network("127.255.255.0/24")
"""Answers by which lists refuse a resolver, or a question."""


@probe(questions=2 * MAX_LISTS)
async def filter_lists(configuration: Configuration, net: Network) -> FilterLists:
    """The lists in the order of the files, each once."""
    program = configuration.program
    names = tuple(file.name for file in configuration.files)
    if program not in READERS:
        return FilterLists(program, names)
    found: dict[str, tuple[ListNamed, Place]] = {}
    for file in holders_of(configuration, "postconf -n", "exim -bP", "exim4 -bP"):
        text = await net.files.text(Path(file.path), MAX_OCTETS)
        for named in await asyncio.to_thread(list, READERS[program](text)):
            found.setdefault(named.zone, (named, Place(file.name, named.line)))
    asked = list(found.values())[:MAX_LISTS]
    tried = await asyncio.gather(*(_try(named, place, net) for named, place in asked))
    return FilterLists(program, names, tuple(tried), len(found) - len(asked))


async def _try(named: ListNamed, place: Place, net: Network) -> ListTried:
    seen = ListTried(shown_zone(named.zone), place, named.welcomes, named.of_addresses)
    try:
        unlisted = await _answer(f"1.0.0.127.{named.zone}", net)
        listed = await _answer(f"2.0.0.127.{named.zone}", net)
    except NotObserved as failure:
        return replace(seen, unknown=failure.reason.replace(named.zone, seen.zone))
    refusal = next((code for code in (*unlisted, *listed) if ip_address(code) in REFUSALS), "")
    if refusal:
        return replace(seen, unknown=f"it refuses the question ({refusal}): ask through a resolver of your own")
    return replace(seen, listed=listed, unlisted=unlisted)


async def _answer(name: str, net: Network) -> tuple[str, ...]:
    return tuple(record.data for record in (await net.dns.resolve(name, "A")).records)
