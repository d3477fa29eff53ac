"""Reads where mail is forwarded by itself, from the files that the inventory names."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePath

from mailproof.grammars.address_lists import ListEntry, parse_exim_list, parse_postfix_list
from mailproof.grammars.exim_routers import holds_routers, parse_includes, parse_redirects, work_out
from mailproof.grammars.forwards import addresses_in, alias_targets, is_action, is_address, parse_forwards, parse_sieve
from mailproof.grammars.postfix_tables import FILES, NOWHERE, parse_tables
from mailproof.grammars.settings import (
    MAX_EXPANDED,
    Setting,
    expand,
    expand_macros,
    holds_comments_alone,
    parse_exim,
    parse_postfix,
    parse_services,
)
from mailproof.inventory.model import Inventory
from mailproof.inventory.values import a_labels
from mailproof.net.errors import Malformed, NotObserved
from mailproof.net.network import Network
from mailproof.net.text import printable
from mailproof.observations.forwards import Forwards, ForwardSeen, ForwardsElsewhere, LostMail, RoleAliases
from mailproof.places import Place
from mailproof.probes.configuration import EXIM_CONFIG, holders_of, texts_of
from mailproof.probes.joined import joined
from mailproof.probes.path_endings import shared
from mailproof.probes.probe import probe
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration

PARSERS = {"aliases": parse_forwards, "sieve": parse_sieve}
SERVERS = ("postfix", "exim")
MAX_SEEN = 1000
"""Forwards that are told."""
MAX_SHOWN = 80
"""Characters of what is not read."""

TABLES = (
    *("alias_maps", "virtual_alias_maps", "virtual_maps", "recipient_bcc_maps", "sender_bcc_maps"),
    *("canonical_maps", "recipient_canonical_maps"),
    *("header_checks", "mime_header_checks", "nested_header_checks", "body_checks", "milter_header_checks"),
)
ADDRESSES = {"always_bcc": "everybody", "luser_relay": "unknown users"}
"""Settings of Postfix that name tables, and addresses (postconf(5)): whose mail goes on, or a copy of it. Tables of
header_checks(5), and of access(5) that restrictions name, do so by REDIRECT and BCC.
"""
REWRITES = ("smtp_generic_maps", "lmtp_generic_maps", "smtpd_command_filter")
"""Tables that rewrite recipients, and much else: not read unless the inventory names their files."""
_ACCESS = re.compile(r"\bcheck_[a-z_]{1,40}_access\s+(?:\{\s*+)?(?P<table>[^\s,{}]+(?:\{(?:[^{}]|\{[^{}]*\})*\})?)")
DOMAINS = ("mydestination", "relay_domains", "virtual_alias_domains", "virtual_mailbox_domains")
"""Those of the domains whose mail the host takes for itself."""

MYDESTINATION = "$myhostname, localhost.$mydomain, localhost"
"""What Postfix takes for its own unless mydestination is set (postconf(5))."""

Texts = dict[str, str]


@probe()
async def forwards(configuration: Configuration, net: Network, inventory: Inventory, targets: Targets) -> Forwards:
    """The forwards to mail addresses, and whether their domains are those of the inventory or of the host.

    What a table of Postfix or a router of Exim reads from a file that the inventory names (``aliases``) is told by that
    file's own target, and left out here. Raises Malformed where the server's files hold none of it.
    """
    program = configuration.program
    names = tuple(file.name for file in configuration.files)
    if program not in (*PARSERS, *SERVERS):
        return Forwards(program, names)
    beside = [one for one in targets.found(Configuration) if one.host == configuration.host]
    if program in PARSERS:
        texts = await texts_of(holders_of(configuration), net)
        actions = await _tables_of_actions(beside, net) if program == "aliases" else {}
        found = await asyncio.to_thread(_of_files, program, texts, actions)
    else:
        texts = await texts_of(holders_of(configuration, "postconf -n", "postconf -M", *EXIM_CONFIG), net)
        known = [file.path for one in beside if one.program == "aliases" for file in one.files]
        found = await asyncio.to_thread(_OF_SERVERS[program], texts, configuration.host)
        found.leave_out(known)
    hosted = set(found.domains)
    for one in beside:
        if one.program in SERVERS and one.program != program:
            with suppress(NotObserved):  # it is said at the target of its own
                hosted |= _HOSTED[one.program](
                    await texts_of(holders_of(one, "postconf -n", *EXIM_CONFIG), net), one.host
                )
    ours = tuple(domain.name for domain in inventory.domains)
    here = {"localhost.localdomain", configuration.host.lower(), *map(a_labels, hosted)}

    def seen(who: str, address: str, place: Place) -> ForwardSeen:
        domain = address.rpartition("@")[2].lower().rstrip(".")
        plain = a_labels(domain)
        own = plain in here or "." not in plain or any(f".{plain}".endswith(f".{name}") for name in ours)
        return ForwardSeen(printable(who), printable(domain), own, place)

    forwarded = tuple(seen(*one) for one in found.forwards)
    if len(forwarded) > MAX_SEEN:  # all are looked at, and what is told first is what goes to strangers
        forwarded = tuple(sorted(forwarded, key=lambda one: one.own)[:MAX_SEEN])
        if not forwarded[-1].own:
            found.add_unread(f"what follows {MAX_SEEN} forwards", forwarded[-1].place)
    unread = tuple(ForwardsElsewhere(printable(what)[:MAX_SHOWN], place) for what, place, _ in found.unread[:MAX_SEEN])
    return Forwards(program, names, forwarded, unread, found.settings)


ROLES = ("postmaster", "abuse")


@probe()
async def role_aliases(configuration: Configuration, net: Network) -> RoleAliases:
    """Whether the aliases of a host have postmaster and abuse; nothing for another program."""
    program = configuration.program
    names = tuple(file.name for file in configuration.files)
    if program != "aliases":
        return RoleAliases(program, names)
    files = holders_of(configuration)
    texts = await texts_of(files, net)
    known: dict[str, str] = {}
    places: dict[str, Place] = {}
    for name, text in texts.items():
        if _NOT_READ.match(text):
            raise Malformed(f"{name} holds what a program said that could not read it")
        found = await asyncio.to_thread(alias_targets, text)
        for who, (to, line) in found.items():
            if who not in known:
                known[who], places[who] = to, Place(name, line)
    called = any(PurePath(file.path).name == "aliases" for file in files)
    of_system = "root" in known or (called and not all(to.startswith(('"|', "|")) for to in known.values()))
    roles = {role: _way(role if role in known else "*", known) for role in ROLES if role in known or "*" in known}
    lost = [
        LostMail(role, refused, places[way[-2]])
        for role, way in roles.items()
        if (refused := _REFUSES.match(way[-1]) is not None) or _NOBODY.fullmatch(way[-1])
    ]
    return RoleAliases(program, names, of_system, tuple(roles), tuple(lost))


def _way(name: str, aliases: Mapping[str, str]) -> list[str]:
    """Where mail for a name goes among the aliases of a file: from one to the next, in small letters."""
    way = {name: None}
    target = name
    while target in aliases:
        target = aliases[target].strip("\"' ").lower()
        if target in way:
            break
        way[target] = None
    return list(way)


_THROWN = r"\"?(?:/dev/null|:blackhole:[^,]*|\|\s*(?:/[\w/]{1,80}/)?(?:cat\s*>{1,2}\s*/dev/null|true)\s*)\"?"
_NOBODY = re.compile(rf"(?:{_THROWN}(?:\s*,\s*{_THROWN})*)?", re.IGNORECASE)
"""What throws mail away. Of other programs it is not known what they do, wherever their output goes."""
_REFUSES = re.compile(r"\"?:(?:fail|defer):", re.IGNORECASE)
"""Exim specification, chapter 22, "Special items in redirection lists"."""
_NOT_READ = re.compile(r"\S+: \S+: (?:Permission denied|No such file or directory)\s*\Z")


@dataclass
class _Found:
    """Forwards with whose mail it is and the address, and what is not read, all with their places."""

    forwards: list[tuple[str, str, Place]] = field(default_factory=list)
    unread: list[tuple[str, Place, str]] = field(default_factory=list)
    """The last is the path where it is a file, else empty."""
    domains: set[str] = field(default_factory=set)
    settings: int = 0

    def add_unread(self, what: str, place: Place, path: str = "") -> None:
        self.unread.append((what, place, path))

    def leave_out(self, known: Iterable[str]) -> None:
        """Leave out the files that the inventory names. It may name copies elsewhere: of those with one base name as
        many are left out as it names, and first those whose folders are alike.
        """
        named: dict[str, list[str]] = {}
        for path in dict.fromkeys(known):
            named.setdefault(PurePath(path).name, []).append(path)
        alike: dict[str, dict[str, int]] = {}
        for path in dict.fromkeys(path for _, _, path in self.unread if path):
            base = PurePath(path).name
            if base in named:
                alike.setdefault(base, {})[path] = max(
                    shared(PurePath(path).parts, PurePath(one).parts) for one in named[base]
                )
        read = {
            path
            for base, paths in alike.items()
            for path in sorted(paths, key=lambda path: -paths[path])[: len(named[base])]
        }
        self.unread = [one for one in self.unread if one[2] not in read]


async def _tables_of_actions(beside: Iterable[Configuration], net: Network) -> dict[str, bool | None]:
    """The tables in files that settings of Postfix name, by their base names, and whether these hold actions; None for
    one name with both.
    """
    found: dict[str, set[bool]] = {}
    for one in beside:
        if one.program != "postfix":
            continue
        with suppress(NotObserved):  # it is said at the target of its own
            texts = await texts_of(holders_of(one, "postconf -n", "postconf -M"), net)
            settings, values = _postfix_settings(texts, one.host)
            for name, value, _ in _tables_named(settings, values):
                for table in parse_tables(value):
                    if table.type in FILES:
                        found.setdefault(PurePath(table.name).name, set()).add(_has_actions(name))
    return {name: kinds.pop() if len(kinds) == 1 else None for name, kinds in found.items()}


def _of_files(program: str, texts: Texts, actions: dict[str, bool | None]) -> _Found:
    found = _Found()
    for name, text in texts.items():
        read = (
            parse_forwards(text, has_actions=actions.get(PurePath(name).name))
            if program == "aliases"
            else PARSERS[program](text)
        )
        for one in read:
            if one.unread:
                found.add_unread(one.unread, Place(name, one.line))
            else:
                found.forwards.append((one.who, one.address, Place(name, one.line)))
    return found


def _of_postfix(texts: Texts, host: str) -> _Found:
    """What main.cf and the services of master.cf forward; the last setting of a name counts."""
    settings, values = _postfix_settings(texts, host)
    if not settings and not all(map(holds_comments_alone, texts.values())):
        raise Malformed(f"no settings stand in {', '.join(texts)}")
    found = _Found(domains=_domains_of_postfix(settings, values))
    for name, value, (setting, place) in _tables_named(settings, values):
        found.settings += 1
        if name == "canonical_maps" and not _moves_recipients(settings, values):
            continue
        if len(setting.value) > MAX_EXPANDED or len(value) == MAX_EXPANDED:
            found.add_unread(f"what {name} says beyond {MAX_EXPANDED} characters", place)
        elif name in ADDRESSES:
            _add_addresses(found, f"{ADDRESSES[name]} ({name})", value, f"what {name} comes to", place)
        else:
            _add_tables(found, name, value, place)
    return found


_Settings = dict[str, tuple[Setting, Place]]


def _tables_named(settings: _Settings, values: dict[str, str]) -> Iterator[tuple[str, str, tuple[Setting, Place]]]:
    """The settings that name tables and addresses: their names without the service, and what they come to."""
    for setting, place in settings.values():
        name = setting.name.rpartition("/")[2]
        value = expand(setting.value, values).strip()
        if name not in (*TABLES, *REWRITES, *ADDRESSES):
            value = " ".join(one["table"] for one in _ACCESS.finditer(value))
        if value:
            yield name, value, (setting, place)


def _has_actions(name: str) -> bool:
    """Whether a setting is of tables of actions: header_checks(5), and restrictions, which name those of access(5)."""
    return name.endswith("_checks") or name not in (*TABLES, *REWRITES, *ADDRESSES)


def _moves_recipients(settings: _Settings, values: dict[str, str]) -> bool:
    """Whether canonical_maps is for recipients of the envelope, as it is unless canonical_classes says otherwise."""
    said = [values.get("canonical_classes", "envelope_recipient")]
    said += [one.value for name, (one, _) in settings.items() if name.endswith("/canonical_classes")]
    return any("envelope_recipient" in one or "$" in one for one in (expand(value, values) for value in said))


def _add_tables(found: _Found, name: str, value: str, place: Place) -> None:
    for table in parse_tables(value):
        if table.entries is not None and name not in REWRITES:
            for key, targets in table.entries:
                if not (_has_actions(name) and is_action(targets)):
                    who = key or f"everybody ({table.type})"
                    _add_addresses(found, who, targets, f"what {name} comes to", place, is_table=True)
            continue
        # $virtual_maps is empty unless it is set.
        if table.type not in NOWHERE and table.name != "$virtual_maps":
            found.add_unread(str(table).partition("{")[0], place, table.name if table.type in FILES else "")


def _add_addresses(
    found: _Found, who: str, targets: str, comes_to: str, place: Place, *, is_table: bool = False
) -> None:
    for address in addresses_in(targets):
        _, at, domain = address.rpartition("@")
        if is_address(address, is_table=is_table):
            found.forwards.append((who, address, place))
        elif at and "$" in domain and domain != "$domain":  # which alone is the one that the mail came for
            found.add_unread(comes_to, place)


def _postfix_settings(texts: Texts, host: str) -> tuple[_Settings, dict[str, str]]:
    """The settings that are looked at, with those of services (``smtp inet/always_bcc``), and the values of all."""
    settings: _Settings = {}
    values: dict[str, str] = {}
    for name, text in texts.items():
        of_services = _SERVICE.search(text) is not None
        for setting in parse_services(text) if of_services else parse_postfix(text):
            settings[setting.name] = setting, Place(name, setting.line)
            if not of_services:
                values[setting.name] = setting.value
    name = expand(values.setdefault("myhostname", host), values)
    values.setdefault("mydomain", name.partition(".")[2] or "localdomain")
    values.setdefault("myorigin", "$myhostname")
    return settings, values


_SERVICE = re.compile(r"^\S{1,200}[ \t]+(?:inet|unix|unix-dgram|fifo|pass)[ \t]+[ny-][ \t]+[ny-][ \t]", re.MULTILINE)
"""A service of master.cf (master(5))."""


def _of_exim(texts: Texts, host: str) -> _Found:
    """What the routers of the configuration files forward."""
    found = _Found(domains=_hosted_by_exim(texts, host))
    files = [(one, one.text) for one in joined("exim", texts).values()]
    holders = [(one, text) for one, text in files if holds_routers(text)]
    if not holders:
        found.unread += (("the routers (name what `exim -bP config` says)", Place(name, 1), "") for name in texts)
    macros = {setting.name: setting.value for _, text in files for setting in parse_exim(text)}
    for whole, text in files:
        for setting in parse_exim(text):
            file = expand_macros(setting.value, macros) if setting.name == "system_filter" else ""
            if file:
                found.settings += 1
                path = "" if "$" in file else file
                found.add_unread(path or "what system_filter comes to", whole.place(setting.line), path)
    for whole, text in holders:
        for included, line in parse_includes(text):
            found.add_unread(f"{included} (name what `exim -bP config` says instead)", whole.place(line))
        for redirect in parse_redirects(text, macros):
            found.settings += 1
            place = whole.place(redirect.line)
            comes_to = work_out(redirect, macros)
            where = f"the router {redirect.router}" if redirect.router else "rewriting"
            who = f"those whom {where} takes"
            found.forwards += ((who, address, place) for address in comes_to.addresses)
            found.unread += ((file, place, file) for file in comes_to.files)
            if comes_to.unknown:
                found.add_unread(f"what {redirect.option} of {where} comes to", place)
    return found


_OF_SERVERS = {"postfix": _of_postfix, "exim": _of_exim}


def _hosted_by_postfix(texts: Texts, host: str) -> set[str]:
    return _domains_of_postfix(*_postfix_settings(texts, host))


def _domains_of_postfix(settings: _Settings, values: dict[str, str]) -> set[str]:
    """The domains that Postfix takes for itself, as far as their names stand in the settings."""
    said = [expand(settings[name][0].value, values) for name in DOMAINS if name in settings]
    said += [expand(MYDESTINATION, values)] if settings and "mydestination" not in settings else []
    return _named(entry for value in said for entry in parse_postfix_list(value))


def _hosted_by_exim(texts: Texts, _host: str) -> set[str]:
    """The domains that Exim takes for itself, as far as their names stand in ``local_domains``."""
    files = joined("exim", texts).values()
    main = {setting.name: setting.value for file in files for setting in parse_exim(file.text)}
    return _named(parse_exim_list(expand_macros(main.get("domainlist local_domains", ""), main)))


def _named(entries: Iterable[ListEntry]) -> set[str]:
    return {entry.text.lower() for entry in entries if not (entry.elsewhere or entry.negated)}


_HOSTED = {"postfix": _hosted_by_postfix, "exim": _hosted_by_exim}
