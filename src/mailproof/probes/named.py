"""Reads the configurations of name servers, from the files that the inventory names or a capture holds."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from dataclasses import replace

from mailproof.grammars.named_conf import NotNamedConf, Statement, may_hold_settings, parse_named_conf
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.observations.configuration import SettingSeen
from mailproof.observations.named import HostedZone, MatchList, NamedScope, NamedSettings
from mailproof.places import Place
from mailproof.probes.configuration import NAMED_CHECKCONF, NSD_CHECKCONF, holders_of, text_of, texts_of
from mailproof.probes.name_server_settings import PROGRAMS, read_settings
from mailproof.probes.path_endings import not_read
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration, ConfigurationFile

MAX_ZONES = 1000
"""Zones that are looked at."""
MAX_SHOWN = 200
"""Characters of a list of clients."""

_RELEASE = re.compile(r"BIND (\d{1,3}\.\d{1,3}\.\d{1,3})")
_AUTHORITATIVE = frozenset({"primary", "master", "secondary", "slave"})
"""Mirror zones are handed out to nobody unless it is said (BIND 9 ARM, "mirror"), and are public."""
_EVERYWHERE = frozenset({"localhost", "0.in-addr.arpa", "127.in-addr.arpa", "255.in-addr.arpa"})
"""Zones that every resolver has alike (RFC 6303, section 4): a copy of one tells nothing."""
_RECURSION = ("allow-recursion", "allow-query-cache", "allow-query")
_CACHE = ("allow-query-cache", "allow-recursion", "allow-query")
"""The statements that say who may ask for other names, and who for what is in the cache: the first that is there counts
(BIND 9 ARM). BIND refuses whoever the second keeps out, whatever the first says.
"""


@probe()
async def named_settings(configuration: Configuration, net: Network) -> NamedSettings:
    """What the configuration says of recursion, transfers, validation and rates.

    Raises NotAvailable where no file holds it, Malformed for what is none.
    """
    names = tuple(file.name for file in configuration.files)
    if configuration.program in PROGRAMS:
        texts = await texts_of(holders_of(configuration, NSD_CHECKCONF), net)
        return await asyncio.to_thread(read_settings, configuration.program, names, texts)
    if configuration.program != "bind":
        return NamedSettings(configuration.program, names)
    files = holders_of(configuration, NAMED_CHECKCONF)
    release = ""
    for file in configuration.files:
        if file.command == "named -v" and (found := _RELEASE.search(await text_of(file, net))):
            release = found[1]
    reader = _Reader()
    for file in files:
        text = await text_of(file, net)
        try:
            await asyncio.to_thread(reader.read, file, text)
        except NotNamedConf as error:
            raise Malformed(f"{file.name}: {error}") from None
    names = tuple(file.name for file in files)
    return NamedSettings(
        "bind", names, release, reader.version(), reader.scopes(), reader.includes(), reader.hears_itself_alone()
    )


class _Reader:
    """The statements of all files of one BIND, and where they stand."""

    def __init__(self) -> None:
        self._statements: list[tuple[Statement, str]] = []
        self._lists: dict[str, Statement] = {}
        self._files: list[str] = []
        self._zones = 0

    def read(self, file: ConfigurationFile, text: str) -> None:
        whole = parse_named_conf(text)
        self._files.append(file.name)
        self._statements += ((statement, file.name) for statement in whole.block or ())
        self._lists |= {one.words[1]: one for one in whole.all("acl") if len(one.words) > 1}

    def version(self) -> SettingSeen | None:
        options, file = self._options()
        return self._setting(options.get("version"), file)

    def hears_itself_alone(self) -> bool:
        """Whether ``listen-on`` and ``listen-on-v6``, by default for all addresses, name loopback ones."""
        options, _ = self._options()
        named = [[*options.all(name)] for name in ("listen-on", "listen-on-v6")]
        entries = [entry.name or " ".join(entry.words) for lists in named for one in lists for entry in one.block or ()]
        return all(named) and all(entry in ("127.0.0.1", "::1", "none", "localhost") for entry in entries)

    def includes(self) -> tuple[str, ...]:
        """What the text includes and the inventory does not name, and what its options and views include."""
        found = [(one.value[:MAX_SHOWN], file) for one, file in self._statements if one.name == "include"]
        within = [one for part, _ in self._statements if part.name != "zone" for one in part.all("include")]
        unread = (*not_read(found, self._files), *(one.value[:MAX_SHOWN] for one in within))
        return tuple(filter(may_hold_settings, unread))

    def scopes(self) -> tuple[NamedScope, ...]:
        """The views, or, where there are none, the options."""
        options, options_file = self._options()
        views = [(one, file) for one, file in self._statements if one.name == "view"]
        if not views:
            zones = [(one, file) for one, file in self._statements if one.name == "zone"]
            return (self._scope("options", [(options, options_file)], zones),)
        return tuple(
            self._for_strangers(
                view,
                self._scope(
                    " ".join(view.words[:2]),
                    [(view, file), (options, options_file)],
                    [(zone, file) for zone in view.all("zone")],
                ),
            )
            for view, file in views
        )

    def _for_strangers(self, view: Statement, scope: NamedScope) -> NamedScope:
        """A view that match-clients keeps strangers out of opens nothing to them, whatever else it allows."""
        clients = view.get("match-clients")
        if clients is None or self._holds_everybody(clients, set()) is True:
            return scope
        return replace(scope, recursive_clients=None, zones=())

    def _options(self) -> tuple[Statement, str]:
        found = [(one, file) for one, file in self._statements if one.name == "options"]
        return found[-1] if found else (Statement(("options",), 1, ()), "")

    def _scope(self, name: str, within: list[tuple[Statement, str]], zones: list[tuple[Statement, str]]) -> NamedScope:
        def first(statement: str) -> tuple[Statement | None, str]:
            return next(((found, file) for one, file in within if (found := one.get(statement))), (None, ""))

        def among(words: tuple[str, ...]) -> MatchList | None:
            return next((found for word in words if (found := self._clients(*first(word))) is not None), None)

        may_ask, clients = among(_RECURSION), among(_CACHE)
        cache_alone = may_ask is not None and not may_ask.everybody
        hosted: list[HostedZone] = []
        for zone, file in zones:
            kind = zone.get("type")
            if kind is None or kind.value not in _AUTHORITATIVE or len(zone.words) < 2 or self._zones == MAX_ZONES:
                continue
            if zone.words[1].rstrip(".").lower() in _EVERYWHERE:
                continue
            self._zones += 1
            own = zone.get("allow-transfer")
            transfers = self._clients(own, file) if own is not None else self._clients(*first("allow-transfer"))
            hosted.append(HostedZone(zone.words[1], Place(file, zone.line), transfers))
        return NamedScope(
            name,
            self._setting(*first("recursion")),
            clients if cache_alone or clients is None or not clients.everybody else may_ask,
            self._setting(*first("dnssec-validation")),
            self._setting(*first("rate-limit")),
            tuple(hosted),
            cache_alone,
        )

    def _setting(self, statement: Statement | None, file: str) -> SettingSeen | None:
        if statement is None:
            return None
        return SettingSeen(statement.name, statement.value[:MAX_SHOWN], Place(file, statement.line))

    def _clients(self, statement: Statement | None, file: str) -> MatchList | None:
        if statement is None or statement.block is None:
            return None
        everybody = self._holds_everybody(statement, set()) is True
        return MatchList(statement.name, statement.value[:MAX_SHOWN], everybody, Place(file, statement.line))

    def _holds_everybody(self, list_: Statement, seen: set[str]) -> bool | None:
        """Whether a stranger matches: the first entry that matches counts; None where none does."""
        for entry in list_.block or ():
            negated, word = entry.name.startswith("!"), entry.name.lstrip("!")
            if not word and len(entry.words) > 1:
                word = entry.words[1]
            if entry.block is not None:
                matches = self._holds_everybody(entry, seen)
            elif word in self._lists and word not in seen:
                seen.add(word)
                matches = self._holds_everybody(self._lists[word], seen)
            else:
                matches = _is_everybody(word) or None
            if matches is True:
                return not negated
        return None


def _is_everybody(word: str) -> bool:
    try:
        return word == "any" or ipaddress.ip_network(word, strict=False).prefixlen == 0
    except ValueError:
        return False
