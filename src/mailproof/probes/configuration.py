"""Reads what programs said of their configuration, from the files that the inventory names."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from mailproof.captures import COMPLAINT
from mailproof.grammars.address_lists import parse_exim_list
from mailproof.grammars.directives import parse_directives, parse_haproxy, parse_statements
from mailproof.grammars.exim_branches import lines_that_count
from mailproof.grammars.filter_lists import shown_zone
from mailproof.grammars.includes import needed_includes
from mailproof.grammars.listeners import PROGRAMS as WITH_DEFAULTS
from mailproof.grammars.listeners import depending, parse_apache
from mailproof.grammars.settings import (
    MAX_EXPANDED,
    Setting,
    are_loopback,
    expand,
    expand_macros,
    holds_comments_alone,
    is_at_loopback,
    parse_dovecot,
    parse_exim,
    parse_postfix,
    parse_services,
    parse_settings,
    service_commands,
)
from mailproof.hiding.texts import without_secrets
from mailproof.inventory.model import Inventory
from mailproof.net.errors import Malformed, NoSettings, NotAvailable, UnreadableConfiguration
from mailproof.net.network import Network
from mailproof.observations.configuration import (
    LOOKED_AT,
    PROMISED,
    CheckSaid,
    PortShown,
    PortsShown,
    ProgramSettings,
    RelaySettings,
    SelfChecks,
    SettingSeen,
    VersionsShown,
)
from mailproof.observations.smtp import SMTPSession
from mailproof.observations.tls import TLSOffers
from mailproof.probes.conversation import size_told
from mailproof.probes.joined import Joined, joined
from mailproof.probes.probe import Look, look_at_each, probe
from mailproof.probes.smtp import smtp_session
from mailproof.probes.tls import tls_offers
from mailproof.probes.tls_defaults import with_use
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration, ConfigurationFile
from mailproof.targets.services import SMTPEndpoint, StoreEndpoint, TLSEndpoint

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
    files = [
        file for file in configuration.files if not file.command or (file.status == 0 and file.command not in _WITHOUT)
    ]
    seen: dict[str, SettingSeen] = {}
    known: dict[str, str] = {}
    texts: dict[str, str] = {}
    services = {file.name for file in files if holds_services(program, file)}
    for file in files:
        texts[file.name] = await text_of(file, net)
    not_there: list[str] = []
    for name, text in joined(program, texts).items():
        not_there += await asyncio.to_thread(_look, program, text, seen, known, of_services=name in services)
    if not files and all(file.command in _CHECKS for file in configuration.files):
        return ProgramSettings(program, configuration.host, (), tuple(file.name for file in configuration.files))
    if not known and not all(map(holds_comments_alone, texts.values())):
        names = tuple(file.name for file in files or configuration.files)
        raise Malformed(f"no settings stand in {', '.join(names)}")
    if len(seen) > MAX_SETTINGS:
        raise Malformed(f"more than {MAX_SETTINGS} sections and services have settings that are looked at")
    if program == "postfix":
        known = {name: value for name, value in known.items() if name not in _NAMES_AND_VERSION}
        seen = {name: _expanded(setting, known) for name, setting in seen.items()}
    if program == "exim":
        seen = {name: _with_macros(setting, known) for name, setting in seen.items()}
    settings = list(seen.values())
    unread = tuple(dict.fromkeys(not_there))
    if program in WITH_DEFAULTS:
        settings, unread = await asyncio.to_thread(with_use, program, texts, settings)
    servers: set[str] = set()
    commands: dict[str, str] = {}
    behind_postscreen = False
    of_postfix: tuple[str, ...] | None = None
    if program == "postfix":
        commands = _commands(texts[name] for name in texts if name in services)
        behind_postscreen = "postscreen" in commands.values()
        servers = set() if behind_postscreen else {name for name, runs in commands.items() if runs == "smtpd"}
        of_postfix = _servers_of_postfix(commands) if services else None
    if program == "dovecot":
        servers = {f"protocol {name}" for name in known.get("protocols", "").split() if name != "none"}
    names = tuple(file.name for file in files)
    by_each = _said_by_each(servers, settings)
    alone = _is_for_host_alone(program, known, commands)
    host = configuration.host
    return ProgramSettings(program, host, tuple(settings), names, by_each, unread, behind_postscreen, alone, of_postfix)


def _servers_of_postfix(commands: Mapping[str, str]) -> tuple[str, ...]:
    """The services that speak as servers of SMTP. For postscreen, tlsproxy speaks TLS; it goes by main.cf."""
    servers = [name for name, runs in commands.items() if runs == "smtpd"]
    return tuple(["", *servers] if "postscreen" in commands.values() else servers)


def _is_for_host_alone(program: str, known: Mapping[str, str], commands: Iterable[str]) -> bool:
    """Whether a mail server listens at loopback addresses alone; ``commands`` are services of master.cf."""
    match program:
        case "postfix":
            has_others = any(":" in one and one.endswith(" inet") and not is_at_loopback(one) for one in commands)
            return are_loopback(expand(known.get("inet_interfaces", ""), known).strip()) and not has_others
        case "exim":
            entries = [one.text for one in parse_exim_list(expand_macros(known.get("local_interfaces", ""), known))]
            return bool(entries) and all(map(are_loopback, entries))
        case "dovecot":
            has_others = any(_OF_LISTENER.fullmatch(name) and not are_loopback(known[name]) for name in known)
            return are_loopback(known.get("listen", "")) and not has_others
    return False


_OF_LISTENER = re.compile(r"service .*/inet_listener[^/]*/(?:address|listen)")


@probe()
async def relay_settings(
    configuration: Configuration, program_settings: ProgramSettings, inventory: Inventory
) -> RelaySettings:
    """What the program's configuration says of relaying, beside the domains that the inventory names."""
    return RelaySettings(program_settings, tuple(domain.name for domain in inventory.domains))


@probe(looks=("tls_offers",))
async def versions_shown(configuration: Configuration, look: Look, targets: Targets) -> VersionsShown:
    """The versions of TLS that the endpoints of the program take."""
    kind = _SPEAKS.get(configuration.program)
    endpoints = [found for found in targets.found(kind) if found.host == configuration.host] if kind else []
    shown, unknown = await look_at_each(look, tls_offers, endpoints, _versions_shown)
    return VersionsShown(configuration.host, tuple(shown), unknown)


def _versions_shown(seen: TLSOffers) -> tuple[str, tuple[str, ...]]:
    return seen.endpoint, tuple(map(str, seen.accepted)) if seen.tls_offered else ()


@probe(looks=("smtp_session",))
async def ports_shown(configuration: Configuration, look: Look, targets: Targets) -> PortsShown:
    """What the SMTP ports of the program's host show of what its configuration sets."""
    program, host = configuration.program, configuration.host
    endpoints = [found for found in targets.found(SMTPEndpoint) if found.host == host and not found.dead]
    shown, unknown = await look_at_each(look, smtp_session, endpoints if program in PROMISED else (), _port_shown)
    return PortsShown(host, tuple(port for port in shown if port is not None), unknown)


def _port_shown(session: SMTPSession) -> PortShown | None:
    """None for a port that serves nobody."""
    if not session.served:
        return None
    keywords = session.extensions
    inside = session.extensions_in_tls if session.ehlo_in_tls is not None else keywords
    in_clear = "AUTH" in keywords and not session.implicit_tls
    return PortShown(session.endpoint, session.server_name, size_told(inside), in_clear)


@probe()
async def self_checks(configuration: Configuration, net: Network) -> SelfChecks:
    """What the program said when it read its own configuration, as far as that was captured.

    Every file of it is read, so that one that cannot be is noticed once, whoever needs it. Raises
    UnreadableConfiguration.
    """
    said: list[CheckSaid] = []
    for file in configuration.files:
        text = await text_of(file, net)
        if file.command not in _CHECKS:
            continue
        lines = text.splitlines()
        marked = [line.removeprefix(COMPLAINT) for line in lines if line.startswith(COMPLAINT)]
        told = marked or (lines if file.status else [])  # where all was standard error, it is not marked
        complaints = [line.strip()[:MAX_COMPLAINT] for line in told if line.strip() and not _OF_THE_WAY.search(line)]
        said.append(CheckSaid(file.command, file.name, file.status, tuple(complaints[:MAX_COMPLAINTS])))
    for file in configuration.dangling:
        if configuration.program in _REFUSING or await _is_needed(file, configuration, net):
            said.append(CheckSaid("reading it", file.name, file.status, ("it is a link to what is not there",)))
    return SelfChecks(configuration.program, tuple(said))


_REFUSING = ("nginx", "unbound", "nsd", "squid", "powerdns")
"""Programs that do not start where they include a link that leads nowhere. Knot and keepalived pass it over, and Apache
where it is IncludeOptional that names it.
"""


async def _is_needed(file: ConfigurationFile, configuration: Configuration, net: Network) -> bool:
    """Whether Apache includes a file, and not by IncludeOptional."""
    if configuration.program != "apache":
        return False
    for text in (await texts_of(configuration.files, net)).values():
        for setting in await asyncio.to_thread(list, parse_directives(text)):
            if setting.name.rpartition("/")[2].lower() == "include":
                pattern = setting.value.strip("\"' ")
                path = PurePath(file.path)
                if path.match(pattern.lstrip("/")) or path.parent.match(pattern.strip("/")):
                    return True
    return False


async def text_of(file: ConfigurationFile, net: Network) -> str:
    """The text of one file. Raises UnreadableConfiguration, also for one that could not be copied into the capture."""
    if file.status and not file.command:
        raise UnreadableConfiguration(f"{file.name} could not be read on the host: capture it with --sudo")
    try:
        return await net.files.text(Path(file.path), MAX_OCTETS)
    except (NotAvailable, Malformed) as failure:
        raise UnreadableConfiguration(failure.reason, failure.evidence) from None


async def texts_of(files: Iterable[ConfigurationFile], net: Network) -> dict[str, str]:
    """The texts of files by their names. Raises UnreadableConfiguration."""
    return {file.name: await text_of(file, net) for file in files}


def holders_of(configuration: Configuration, *commands: str) -> list[ConfigurationFile]:
    """The files that hold the settings of a program: those that the inventory names, and what ``commands`` said.

    Raises NoSettings where there are none.
    """
    files = [
        file for file in configuration.files if not file.command or (file.status == 0 and file.command in commands)
    ]
    if not files:
        names = ", ".join(file.name for file in configuration.files)
        raise NoSettings(f"{names} holds no settings: name its file in the inventory (configurations)")
    return files


NAMED_CHECKCONF = "named-checkconf -p -x"
"""The command of a capture whose output holds the settings of BIND."""
NSD_CHECKCONF = "nsd-checkconf -v /etc/nsd/nsd.conf"
"""The same of NSD."""

_SPEAKS: dict[str, type[TLSEndpoint]] = {"postfix": SMTPEndpoint, "exim": SMTPEndpoint, "dovecot": StoreEndpoint}
"""The endpoints behind which a program stands."""

_CHECKS = (
    *("postconf -n", "exim -bV", "exim4 -bV", "doveconf -n", "smtpd -n"),
    *(NAMED_CHECKCONF, "unbound-checkconf", NSD_CHECKCONF),
)
"""Commands that read the whole configuration and complain of what is wrong in it."""
_OF_THE_WAY = re.compile(
    r"setlocale|perl: warning|LC_[A-Z]+ ?=|LANG ?=|LANGUAGE ?=|are supported and installed|unable to resolve host|"
    r"Permanently added|known_hosts"
)
"""What the shell, sudo and SSH say on the way to the program."""
MAX_COMPLAINTS = 20
MAX_COMPLAINT = 300
"""Characters of one."""

_HOLDERS = ("postconf -n", "exim -bP", "exim4 -bP", "doveconf -n")
"""The commands whose outputs hold the settings."""
EXIM_CONFIG = ("exim -bP config", "exim4 -bP config")
"""The commands whose outputs hold the whole configuration file of Exim. Its settings are told by `exim -bP` with those
that are not set in it, and all worked out.
"""
_WITHOUT = ("smtpd -n", "exim -bV", "exim4 -bV", "dovecot --version", *EXIM_CONFIG)
"""The commands whose outputs hold none, or none that others do not."""
_NAMES_AND_VERSION = ("myhostname", "mydomain", "myorigin", "mail_version")
"""Settings that are names of hosts: what these are called names no software. The version, where it is put in, does."""


_PARSERS: dict[str, Callable[[str], Iterator[Setting]]] = {
    "postfix": parse_postfix,
    "dovecot": parse_dovecot,
    "nginx": parse_statements,
    "apache": parse_apache,
    "haproxy": parse_haproxy,
    "opensmtpd": parse_directives,
}

_REPEATS = ("nginx", "apache", "haproxy", "opensmtpd")
"""Programs whose settings or sections of one name are several, and all count."""
_ADDING = ("ssl-default-bind-options",)
"""Settings of HAProxy each of which adds to what the one before says."""
_OF_VERSIONS = re.compile(r"ssl-m(?:in|ax)-ver|force-|no-(?:tls|ssl)v")


def _look(
    program: str, file: Joined, seen: dict[str, SettingSeen], known: dict[str, str], *, of_services: bool
) -> list[str]:
    """Add the settings of one file: to ``seen`` the last of each name that is looked at, to ``known`` all. What it
    includes in Exim and Dovecot, and is not read, though settings may stand in it.
    """
    text = file.text
    parse = parse_services if of_services else _PARSERS.get(program, parse_settings)
    wanted = {name.lower(): name for name in LOOKED_AT[program]}
    found = parse_exim(text, known) if program == "exim" else parse(text)
    unread = list(needed_includes(program, _main_part(text, known) if program == "exim" else text))
    last_unread = max((line for line, _ in unread), default=0)
    uncertain = depending(text) if program == "apache" else frozenset()
    for number, setting in enumerate(found):
        if not of_services:
            known[setting.name] = setting.value
        section, slash, own = setting.name.rpartition("/")
        own = wanted.get(own.lower(), own) if program == "apache" else own  # which knows no case
        if own in LOOKED_AT[program]:
            place = file.place(setting.line)
            adds = own in _ADDING
            key = setting.name if program not in _REPEATS or adds else f"{place.file}:{number}"
            earlier = seen.pop(key, None)
            value = _without_keys(setting.value)
            if adds and earlier is not None:
                place = place if _OF_VERSIONS.search(value) else earlier.place
                value = f"{earlier.value} {value}"[:MAX_EXPANDED]
            if program == "exim" and "$" in value:  # a lookup may be told a password
                value = without_secrets(f"x = {value}").removeprefix("x = ")
            is_certain = setting.line > last_unread and setting.line not in uncertain
            seen[key] = SettingSeen(f"{section}{slash}{own}", value, place, taken=True if is_certain else None)
    return [included for _, included in unread]


def _main_part(text: str, known: Mapping[str, str]) -> str:
    """What counts of a configuration file of Exim before its ACLs, routers and the like."""
    return _BEGIN.split(lines_that_count(text, known), maxsplit=1)[0]


_BEGIN = re.compile(r"^[ \t]*begin[ \t]+[a-z]+[ \t]*$", re.MULTILINE)


def _commands(texts: Iterable[str]) -> dict[str, str]:
    """What the services of master.cf run. Where postscreen stands before SMTP servers, these, and tlsproxy behind it,
    go by main.cf.
    """
    commands: dict[str, str] = {}
    for text in texts:
        commands |= service_commands(text)
    return commands


def _said_by_each(servers: set[str], settings: Iterable[SettingSeen]) -> tuple[str, ...]:
    """The settings that each of ``servers`` has for itself."""
    saying: dict[str, set[str]] = {}
    for setting in settings:
        section, _, name = setting.name.rpartition("/")
        saying.setdefault(name, set()).add(section)
    return tuple(sorted(name for name, sections in saying.items() if servers and servers <= sections))


def holds_services(program: str, file: ConfigurationFile) -> bool:
    """Whether a file holds what services of Postfix have for themselves."""
    return file.command == "postconf -M" or (program == "postfix" and PurePath(file.path).name == "master.cf")


def _without_keys(value: str) -> str:
    """A value without the keys that customers of DNS lists have in the names of these."""
    return _NAMES.sub(lambda name: shown_zone(name[0]), value) if _ASKS_LISTS.search(value) else value


_ASKS_LISTS = re.compile(r"_rbl_|_dnswl_|_rhsbl_|_rhswl_|\bdnslists\b")
_NAMES = re.compile(r"(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){2,10}")


def _with_macros(setting: SettingSeen, known: dict[str, str]) -> SettingSeen:
    expanded = expand_macros(setting.value, known)
    return setting if expanded == setting.value else replace(setting, expanded=expanded)


def _expanded(setting: SettingSeen, known: dict[str, str]) -> SettingSeen:
    expanded = expand(setting.value, known)
    return setting if expanded == setting.value else replace(setting, expanded=expanded)
