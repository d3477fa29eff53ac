"""Reads what programs said of their configuration, from the files that the inventory names."""

from __future__ import annotations

from pathlib import Path

from mailproof.grammars.settings import parse_settings
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.observations.configuration import LOOKED_AT, ProgramSettings, SettingSeen
from mailproof.places import Place
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration

MAX_OCTETS = 4 * 1024 * 1024
"""Of one file."""


@probe()
async def program_settings(configuration: Configuration, net: Network) -> ProgramSettings:
    """The settings of the program that controls look at. Raises Malformed for files that hold no settings at all."""
    program = _PROGRAMS.get(configuration.program, configuration.program)
    wanted = frozenset(LOOKED_AT.get(program, ()))
    seen: list[SettingSeen] = []
    any_setting = False
    for file in configuration.files:
        for setting in parse_settings(await net.files.text(Path(file.path), MAX_OCTETS)):
            any_setting = True
            if setting.name in wanted:
                seen.append(SettingSeen(setting.name, setting.value, Place(file.name, setting.line)))
    names = tuple(file.name for file in configuration.files)
    if not any_setting:
        raise Malformed(f"no settings stand in {', '.join(names)}")
    return ProgramSettings(program, configuration.host, tuple(seen), names)


_PROGRAMS = {"exim4": "exim"}
"""Programs that Debian calls otherwise."""
