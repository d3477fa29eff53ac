"""Reads white lists, and asks the DNS whether the names on them still exist."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mailproof.grammars.white_lists import parse_white_list
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.white_lists import Welcome, WhiteList
from mailproof.places import Place
from mailproof.probes.configuration import holders_of, text_of
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration

PROGRAM = "white-list"
MAX_NAMES = 50
"""Names of one host's lists that the DNS is asked for, with one question each."""
MAX_KEPT = 2000
"""Entries that are looked at."""


@probe(questions=MAX_NAMES)
async def white_list(configuration: Configuration, net: Network) -> WhiteList:
    """The entries of the lists, and for the first names whether they exist."""
    names = tuple(file.name for file in configuration.files)
    if configuration.program != PROGRAM:
        return WhiteList(configuration.program, names)
    found: list[Welcome] = []
    for file in holders_of(configuration):
        text = await text_of(file, net)
        found += (Welcome(entry, Place(file.name, entry.line)) for entry in parse_white_list(text))
    found = found[:MAX_KEPT]
    asked = list(dict.fromkeys(one.entry.name for one in found if one.entry.name))
    known = dict(zip(asked, await asyncio.gather(*(_exists(name, net) for name in asked[:MAX_NAMES])), strict=False))
    seen = (
        replace(one, exists=known[one.entry.name][0], unknown=known[one.entry.name][1])
        if one.entry.name in known
        else one
        for one in found
    )
    return WhiteList(PROGRAM, names, tuple(seen), max(len(asked) - MAX_NAMES, 0))


async def _exists(name: str, net: Network) -> tuple[bool | None, str]:
    try:
        return not (await net.dns.resolve(name, "A")).nonexistent, ""
    except NotObserved as failure:
        return None, failure.reason
