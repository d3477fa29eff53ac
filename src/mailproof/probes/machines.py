"""Reads the configurations of fail2ban and NUT, from the files that the inventory names."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import PurePath

from mailproof.grammars.settings import (
    MAX_EXPANDED,
    MAX_EXPANSIONS,
    Setting,
    holds_comments_alone,
    ini_sections,
    parse_ini,
)
from mailproof.hiding.names import HIDDEN
from mailproof.inventory.model import Inventory
from mailproof.net.errors import Malformed, NotAvailable
from mailproof.net.network import Network
from mailproof.observations.configuration import SettingSeen
from mailproof.observations.machines import BanSettings, Jail, PowerSettings
from mailproof.places import Place
from mailproof.probes.configuration import text_of
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration, ConfigurationFile

MAX_JAILS = 200

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 2_592_000, "y": 31_557_600}
"""fail2ban-client(1), "TIME FORMAT": ``10m``, ``1h 30m``, ``-1``."""
_LENGTH = re.compile(r"(-?\d{1,12})\s*(mo|[smhdwy])?[a-z]*")


@probe()
async def ban_settings(configuration: Configuration, net: Network, inventory: Inventory) -> BanSettings:
    """The jails that are switched on: a later file says more than one before it."""
    names = tuple(file.name for file in configuration.files)
    if configuration.program != "fail2ban":
        return BanSettings(configuration.program, names)
    found: dict[str, tuple[Setting, str]] = {}
    sections: dict[str, Place] = {}
    files = sorted((file for file in configuration.files if not file.command), key=_jail_order)
    for file in files:
        text = await text_of(file, net)
        found |= {setting.name: (setting, file.name) for setting in parse_ini(text)}
        sections |= {section: Place(file.name, line) for section, line in ini_sections(text)}
    if not files:
        raise NotAvailable(f"{', '.join(names)} holds no jails: name jail.conf and jail.local (configurations)")
    if not found:
        raise Malformed(f"no settings stand in {', '.join(names)}")
    jails = [_jail(one, found, at) for one, at in sections.items() if one not in ("DEFAULT", "INCLUDES")]
    backups = {name for domain in inventory.domains for name in domain.backup_mx}
    addresses = [address for host in inventory.hosts if host.name in backups for address in host.addresses]
    on = tuple(jail for jail in jails if jail is not None)[:MAX_JAILS]
    return BanSettings(configuration.program, names, on, tuple(map(str, addresses)))


def _jail_order(file: ConfigurationFile) -> tuple[bool, bool, str]:
    """As fail2ban reads them, whatever the order of the inventory is (jail.conf(5)): jail.conf, jail.d/*.conf,
    jail.local, jail.d/*.local.
    """
    path = PurePath(file.path)
    is_drop_in = path.parent.name == "jail.d"
    return path.suffix == ".local", is_drop_in, path.name if is_drop_in else ""


def _jail(section: str, found: dict[str, tuple[Setting, str]], at: Place) -> Jail | None:
    """A jail with what the defaults add; None where it is switched off. Nothing need stand in it itself."""

    def value(name: str) -> tuple[Setting, str] | None:
        said = found.get(f"{section}/{name}") or found.get(f"DEFAULT/{name}")
        if said is None or "%(" not in said[0].value:
            return said
        return replace(said[0], value=_put_in(said[0].value, section, found)), said[1]

    enabled = value("enabled")
    if enabled is None or enabled[0].value.lower() not in ("true", "yes", "on", "1"):
        return None
    filter_, length, ignored = value("filter"), value("bantime"), value("ignoreip")
    stands = length or found.get(f"{section}/enabled")
    named = filter_[0].value if filter_ is not None else section
    return Jail(
        section,
        named.replace("%(__name__)s", section).partition("[")[0],
        _seconds(length[0].value) if length is not None else _UNITS["m"] * 10,
        Place(stands[1], stands[0].line) if stands is not None else at,
        tuple(re.split(r"[\s,]+", ignored[0].value)) if ignored is not None else (),
    )


def _put_in(value: str, section: str, found: dict[str, tuple[Setting, str]]) -> str:
    """A value with what ``%(name)s`` stands for in the jail or in the defaults (jail.conf(5), "interpolation")."""

    def meant(reference: re.Match[str]) -> str:
        said = found.get(f"{section}/{reference[1].lower()}") or found.get(f"DEFAULT/{reference[1].lower()}")
        return said[0].value[:MAX_EXPANDED] if said is not None else reference[0]

    for _ in range(MAX_EXPANSIONS):
        value = _REFERENCE.sub(meant, value[:MAX_EXPANDED])
    return value[:MAX_EXPANDED]


_REFERENCE = re.compile(r"%\(([A-Za-z0-9_.-]{1,80})\)s")


def _seconds(text: str) -> int | None:
    """A length of time in seconds; None for what cannot be read, like a value that another setting holds."""
    parts = _LENGTH.findall(text.lower())
    if not parts or _LENGTH.sub("", text.lower()).strip(" +,"):
        return None
    return sum(int(number) * _UNITS[unit or "s"] for number, unit in parts)


@probe()
async def power_settings(configuration: Configuration, net: Network) -> PowerSettings:
    """What NUT does when the power fails."""
    names = tuple(file.name for file in configuration.files)
    if configuration.program != "nut":
        return PowerSettings(configuration.program, names)
    words: list[tuple[list[str], Place]] = []
    delays: list[tuple[SettingSeen, SettingSeen]] = []
    known: set[str] | None = None
    texts: list[str] = []
    for file in configuration.files:
        text = await text_of(file, net)
        match _name(file):
            case "ups.conf":
                delays += _delays(text, file)
            case "upsd.users":
                known = {setting.name.partition("/")[0] for setting in parse_ini(text)} | (known or set())
            case _:
                words += _words(text, file)
        texts.append(text)
    if not words and not delays and not any(holds_comments_alone(text) or any(parse_ini(text)) for text in texts):
        raise Malformed(
            f"nothing of NUT stands in {', '.join(names)}: upsmon.conf, upssched.conf, ups.conf, upsd.users"
        )
    least = [entry for entry in words if entry[0][0] == "MINSUPPLIES" and len(entry[0]) > 1]
    return PowerSettings(
        "nut",
        names,
        sum(int(said[2]) for said, _ in words if said[0] == "MONITOR" and len(said) > 2 and said[2].isdecimal()),
        SettingSeen("MINSUPPLIES", least[-1][0][1], least[-1][1]) if least else None,
        tuple(
            SettingSeen(f"NOTIFYFLAG {said[1]}", said[2], place)
            for said, place in words
            if said[0] == "NOTIFYFLAG" and len(said) > 2 and "SYSLOG" not in said[2].split("+")
        ),
        tuple(
            SettingSeen(said[4], said[5], place)
            for said, place in words
            if said[:2] == ["AT", "ONBATT"] and len(said) > 5 and said[3] == "START-TIMER"
        ),
        tuple(delays),
        tuple(
            SettingSeen(f"MONITOR {said[1]}", said[3], place)
            for said, place in words
            if known is not None and _is_of_own(said) and said[3] not in (*known, HIDDEN)
        ),
        sum(said[0] == "MONITOR" for said, _ in words) if "upsmon.conf" in map(_name, configuration.files) else None,
    )


def _name(file: ConfigurationFile) -> str:
    return PurePath(file.path).name


def _is_of_own(said: list[str]) -> bool:
    """Whether it monitors a UPS of this host: ``MONITOR ups@localhost 1 user``."""
    server = said[1].partition("@")[2] if said[0] == "MONITOR" and len(said) > 3 else ""
    return server.removesuffix(":3493") in ("localhost", "127.0.0.1", "[::1]")


def _words(text: str, file: ConfigurationFile) -> list[tuple[list[str], Place]]:
    """The directives of upsmon.conf and upssched.conf; of MONITOR no password is kept."""
    found: list[tuple[list[str], Place]] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            said = shlex.split(line, comments=True)
        except ValueError:  # a quotation mark that is not closed
            said = line.split()
        if said:
            found.append((said[:4] if said[0] == "MONITOR" else said[:8], Place(file.name, number)))
    return found


_OFF, _ON = 20, 30
"""offdelay and ondelay in seconds where ups.conf has none (usbhid-ups(8))."""


def _delays(text: str, file: ConfigurationFile) -> list[tuple[SettingSeen, SettingSeen]]:
    settings = {setting.name: setting for setting in parse_ini(text)}
    found: list[tuple[SettingSeen, SettingSeen]] = []
    for section in dict.fromkeys(name.partition("/")[0] for name in settings if "/" in name):
        pair = [settings.get(f"{section}/{name}") for name in ("offdelay", "ondelay")]
        if any(pair):
            line = next(setting.line for setting in pair if setting)
            off, on = (
                SettingSeen(f"{section} {name}", setting.value if setting else str(default), Place(file.name, line))
                for setting, name, default in zip(pair, ("offdelay", "ondelay"), (_OFF, _ON), strict=True)
            )
            found.append((off, on))
    return found
