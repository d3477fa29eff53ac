"""Reads what resolvers say of their configuration, from the files that the inventory names."""

from __future__ import annotations

import asyncio

from mailproof.grammars.named_conf import NotNamedConf, may_hold_settings
from mailproof.grammars.resolver_settings import parse_bind, parse_unbound
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.observations.configuration import ProgramSettings, SettingSeen
from mailproof.observations.resolvers import ResolverSettings
from mailproof.places import Place
from mailproof.probes.configuration import NAMED_CHECKCONF, holders_of, text_of
from mailproof.probes.path_endings import not_read
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration

MAX_SHOWN = 200
"""Characters of what is included."""
PARSERS = {"unbound": parse_unbound, "bind": parse_bind}


@probe()
async def resolver_settings(configuration: Configuration, net: Network) -> ResolverSettings:
    """How much Unbound or BIND logs and keeps. Raises NotAvailable where no file holds its settings, and
    Malformed for what is none of BIND."""
    program = configuration.program
    names = tuple(file.name for file in configuration.files)
    if program not in PARSERS:
        return ResolverSettings(ProgramSettings(program, configuration.host, (), names))
    files = holders_of(configuration, NAMED_CHECKCONF)
    seen: list[SettingSeen] = []
    includes: list[tuple[str, str]] = []
    for file in files:
        text = await text_of(file, net)
        try:
            found = await asyncio.to_thread(list, PARSERS[program](text))
        except NotNamedConf as error:
            raise Malformed(f"{file.name}: {error}") from None
        includes += ((entry.value[:MAX_SHOWN], file.name) for entry in found if entry.name.startswith("include"))
        settings = [entry for entry in found if not entry.name.startswith("include")]
        seen += (SettingSeen(entry.name, entry.value, Place(file.name, entry.line)) for entry in settings)
    read = tuple(file.name for file in files)
    unread = tuple(filter(may_hold_settings, not_read(includes, read)))
    return ResolverSettings(ProgramSettings(program, configuration.host, tuple(seen), read), unread)
