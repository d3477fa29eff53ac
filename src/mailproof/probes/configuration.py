"""Reads what programs said of their configuration, from the files that the inventory names."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path, PurePath

from mailproof.grammars.settings import expand, parse_services, parse_settings
from mailproof.net.errors import Malformed, NotAvailable
from mailproof.net.network import Network
from mailproof.observations.configuration import LOOKED_AT, ProgramSettings, SettingSeen
from mailproof.places import Place
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration, ConfigurationFile

MAX_OCTETS = 4 * 1024 * 1024
"""Of one file."""
MAX_SETTINGS = 1000
"""Settings that are looked at, those of sections and services included."""


@probe()
async def program_settings(configuration: Configuration, net: Network) -> ProgramSettings:
    """The settings of the program that controls look at; none for a program that none looks at.

    Raises NotAvailable where the command that holds them had failed, Malformed for files that hold no settings at all.
    """
    program = configuration.program
    if program not in LOOKED_AT:
        names = tuple(file.name for file in configuration.files)
        return ProgramSettings(program, configuration.host, (), names)
    holders = [file for file in configuration.files if file.command in _HOLDERS]
    named = any(not file.command for file in configuration.files)
    if holders and not named and all(file.status != 0 for file in holders):
        failed = holders[0]
        raise NotAvailable(f"{failed.command} had failed with exit status {failed.status} when {failed.name} was taken")
    files = [file for file in configuration.files if file.status == 0 and file.command not in _WITHOUT]
    seen: dict[str, SettingSeen] = {}
    known: dict[str, str] = {}
    for file in files:
        text = await net.files.text(Path(file.path), MAX_OCTETS)
        await asyncio.to_thread(_look, program, file, text, seen, known)
    if not known:
        names = tuple(file.name for file in files or configuration.files)
        raise Malformed(f"no settings stand in {', '.join(names)}")
    if len(seen) > MAX_SETTINGS:
        raise Malformed(f"more than {MAX_SETTINGS} sections and services have settings that are looked at")
    if program == "postfix":
        known = {name: value for name, value in known.items() if name not in _HOST_NAMES}
        seen = {name: _expanded(setting, known) for name, setting in seen.items()}
    return ProgramSettings(program, configuration.host, tuple(seen.values()), tuple(file.name for file in files))


_HOLDERS = ("postconf -n", "exim -bP", "exim4 -bP", "doveconf -n")
"""The commands whose outputs hold the settings."""
_WITHOUT = ("postconf mail_version", "exim -bV", "exim4 -bV", "dovecot --version")
"""The commands whose outputs hold none."""
_HOST_NAMES = ("myhostname", "mydomain", "myorigin")
"""Settings that are names of hosts: what these are called names no software."""


def _look(
    program: str, file: ConfigurationFile, text: str, seen: dict[str, SettingSeen], known: dict[str, str]
) -> None:
    """Add the settings of one file: to ``seen`` the last of each name that is looked at, to ``known`` all."""
    services = file.command == "postconf -M" or (program == "postfix" and PurePath(file.path).name == "master.cf")
    for setting in parse_services(text) if services else parse_settings(text):
        if not services:
            known[setting.name] = setting.value
        if setting.name.rpartition("/")[2] in LOOKED_AT[program]:
            seen.pop(setting.name, None)
            seen[setting.name] = SettingSeen(setting.name, setting.value, Place(file.name, setting.line))


def _expanded(setting: SettingSeen, known: dict[str, str]) -> SettingSeen:
    expanded = expand(setting.value, known)
    return setting if expanded == setting.value else replace(setting, expanded=expanded)
