"""Reads which DNS lists a mail server or a spam filter asks, and asks these about their test entries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network

from mailproof.grammars.filter_lists import READERS, ListNamed, shown_zone
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.filter_lists import FilterLists, ListTried
from mailproof.places import Place
from mailproof.probes.configuration import EXIM_CONFIG, holders_of, text_of
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration

MAX_LISTS = 30
"""Lists of one program that are asked, with two questions each."""

REFUSALS = ip_network("127.255.255.0/24")
"""Answers by which lists refuse a resolver, or a question, beside those of is_refusal."""


@probe(questions=2 * MAX_LISTS)
async def filter_lists(configuration: Configuration, net: Network) -> FilterLists:
    """The lists in the order of the files, each once."""
    program = configuration.program
    names = tuple(file.name for file in configuration.files)
    if program not in READERS:
        return FilterLists(program, names)
    found: dict[str, list[tuple[ListNamed, Place]]] = {}
    known: set[tuple[str, str, bool]] = set()
    for file in holders_of(configuration, "postconf -n", "exim -bP", "exim4 -bP", *EXIM_CONFIG):
        text = await text_of(file, net)
        for named in await asyncio.to_thread(list, READERS[program](text)):
            kind = (named.zone, named.codes, named.welcomes)
            if kind not in known:
                known.add(kind)
                found.setdefault(named.zone, []).append((named, Place(file.name, named.line)))
    asked = list(found.values())[:MAX_LISTS]
    tried = await asyncio.gather(*(_try(uses, net) for uses in asked))
    return FilterLists(program, names, tuple(one for uses in tried for one in uses), len(found) - len(asked))


async def _try(uses: Sequence[tuple[ListNamed, Place]], net: Network) -> list[ListTried]:
    """One list, for each way in which the configuration goes by its answers."""
    zone = uses[0][0].zone
    seen = [ListTried(shown_zone(zone), place, named.welcomes, named.of_addresses) for named, place in uses]
    try:
        unlisted = await _answer(f"1.0.0.127.{zone}", net)
        listed = await _answer(f"2.0.0.127.{zone}", net)
    except NotObserved as failure:
        unknown = failure.reason.replace(zone, shown_zone(zone))
        return [replace(one, unknown=unknown) for one in seen]
    refusal = next((code for code in unlisted if is_refusal(code)), "") or next(
        # some lists of good senders say 127.0.0.1 of who is on them
        (code for code in listed if is_refusal(code) and code != "127.0.0.1"),
        "",
    )
    if refusal:
        unknown = f"it refuses the question ({refusal}): ask through a resolver of your own"
        return [replace(one, unknown=unknown) for one in seen]
    return [_went_by(named, one, listed, unlisted) for (named, _), one in zip(uses, seen, strict=True)]


def _went_by(named: ListNamed, seen: ListTried, listed: tuple[str, ...], unlisted: tuple[str, ...]) -> ListTried:
    counting = named.counting(unlisted)
    passed_over = tuple(code for code in unlisted if code not in counting)
    return replace(seen, listed=listed, unlisted=counting, passed_over=passed_over)


def is_refusal(code: str) -> bool:
    """An answer by which a list refuses a resolver, or a question about an address, and lists nobody.

    127.255.255.0/24 of Spamhaus and others, 127.0.1.255 of its list of domains, 127.0.0.1 of URIBL, 127.0.0.255 of
    DNSWL. RFC 5782 has no list answer 127.0.0.1.
    """
    return ip_address(code) in REFUSALS or code == "127.0.0.1" or (code.startswith("127.") and code.endswith(".255"))


async def _answer(name: str, net: Network) -> tuple[str, ...]:
    return tuple(record.data for record in (await net.dns.resolve(name, "A")).records)
