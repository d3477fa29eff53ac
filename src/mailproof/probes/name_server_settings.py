"""What the configurations of Unbound, NSD, Knot and PowerDNS say of the questions that they answer: what is asked of
BIND, in their words.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from mailproof.grammars.clauses import Clause, parse_clauses
from mailproof.grammars.powerdns_settings import (
    AUTHORITATIVE,
    LISTS,
    NotPowerDNSSettings,
    PowerDNSSetting,
    parse_old,
)
from mailproof.grammars.recursor_settings import (
    MAX_NETWORKS,
    RecursorSettings,
    hold_everybody,
    network_of,
    parse_networks,
    parse_recursor,
)
from mailproof.grammars.settings import Setting, holds_comments_alone
from mailproof.net.errors import Malformed
from mailproof.net.text import printable
from mailproof.observations.configuration import SettingSeen
from mailproof.observations.named import HostedZone, MatchList, NamedScope, NamedSettings
from mailproof.places import Place
from mailproof.probes.path_endings import Included, not_read

MAX_SHOWN = 200
"""Characters of a list of clients."""
MAX_ZONES = 1000
"""Zones that are looked at."""
MAX_PATTERNS = 50
"""Patterns of NSD that are looked at for one zone."""


def read_settings(program: str, names: tuple[str, ...], texts: dict[str, str]) -> NamedSettings:
    """What the files of one of these programs say. Raises Malformed where they hold no settings."""
    found = _READERS[program](texts)
    if found is None:
        raise Malformed(f"no settings stand in {', '.join(names)}")
    return NamedSettings(program, names, "", found.version, (found.scope,), found.includes, found.hears_itself_alone)


class _Read(NamedTuple):
    """What a program's files come to."""

    version: SettingSeen | None
    scope: NamedScope
    includes: tuple[str, ...]
    hears_itself_alone: bool = False


_Clauses = list[tuple[Clause, str]]


def _clauses(texts: dict[str, str]) -> _Clauses:
    """The clauses of all files that have settings, with the names of the files.

    What a file holds before its first clause belongs to the clause that includes it.
    """
    found = [(clause, name) for name, text in texts.items() for clause in parse_clauses(text) if clause.settings]
    named = [(clause, (one.value[:MAX_SHOWN], file)) for clause, file in found for one in clause.all("include")]
    included = Included([include for _, include in named], texts)
    within = {file: clause.name for clause, include in named for file in included.of(*include) or ()}
    for clause, file in found:
        clause.name = clause.name or within.get(file, "")
    return found


def _are_samples(texts: dict[str, str]) -> bool:
    """Whether the files are those of the program, and all in them is commented out."""
    return all(holds_comments_alone(text) or any(one.name for one in parse_clauses(text)) for text in texts.values())


def _of(clauses: _Clauses, *names: str) -> _Clauses:
    return [(clause, file) for clause, file in clauses if clause.name in names]


def _last(clauses: _Clauses, name: str) -> SettingSeen | None:
    """The last setting of a name in some clauses, without what is too long to be shown."""
    found = [(setting, file) for clause, file in clauses for setting in clause.all(name)]
    return _seen(*found[-1]) if found else None


def _seen(setting: Setting, file: str) -> SettingSeen:
    return SettingSeen(setting.name, setting.value[:MAX_SHOWN], Place(file, setting.line))


def _includes(clauses: _Clauses, texts: dict[str, str]) -> tuple[str, ...]:
    """What the files include and the inventory does not name."""
    named = ((one, file) for clause, file in clauses for one in clause.all("include", "include-toplevel"))
    return not_read(((one.value[:MAX_SHOWN], file) for one, file in named), texts)


def _is_on(setting: SettingSeen | None) -> bool:
    return setting is not None and setting.value.lower() in ("yes", "on", "true", "1")


def _is_everybody(text: str) -> bool:
    try:
        return ipaddress.ip_network(text, strict=False).prefixlen == 0
    except ValueError:
        return False


def _hidden(clauses: _Clauses) -> SettingSeen | None:
    """By which the version is hidden, or another is told; None where the own one is."""
    hides, says = _last(clauses, "hide-version"), _last(clauses, "version")
    return hides if _is_on(hides) else says


def _unbound(texts: dict[str, str]) -> _Read | None:
    clauses = _clauses(texts)
    server = _of(clauses, "server")
    if not clauses and not _are_samples(texts):
        return None
    open_to = [
        _seen(setting, file)
        for clause, file in server
        for setting in clause.all("access-control")
        if len(words := setting.value.split()) > 1 and words[1].startswith("allow") and _is_everybody(words[0])
    ]
    hears = _unbound_hears(server)
    clients = None
    if open_to:
        clients = MatchList("access-control", open_to[0].value, hears, open_to[0].place)
    modules, permissive = _last(server, "module-config"), _last(server, "val-permissive-mode")
    validation = permissive if _is_on(permissive) else modules
    includes = _includes(clauses, texts)
    if validation is modules and not includes and not any(_last(server, name) for name in _ANCHORS):
        place = Place(server[0][1], server[0][0].line) if server else Place(next(iter(texts)))
        validation = SettingSeen("auto-trust-anchor-file", "is not set", place)
    scope = NamedScope("server", None, clients, validation, None, ())
    return _Read(_hidden(server), scope, includes, not hears)


def _unbound_hears(server: _Clauses) -> bool:
    """Whether Unbound hears others; without a word of it, it hears the machine itself."""
    interfaces = [word for clause, _ in server for word in clause.words("interface", "ip-address")]
    reached = any(not _LOOPBACK.match(word) for word in interfaces)
    return reached or _is_on(_last(server, "interface-automatic"))


_LOOPBACK = re.compile(r"127\.|(?:::1|lo|localhost)(?:@|$)")
_ANCHORS = ("auto-trust-anchor-file", "trust-anchor-file", "trust-anchor", "trusted-keys-file")
"""Without any of these Unbound validates nothing."""


def _nsd(texts: dict[str, str]) -> _Read | None:
    clauses = _clauses(texts)
    if not clauses and not _are_samples(texts):
        return None
    server = _of(clauses, "server")
    patterns = {name.value: clause for clause, _ in _of(clauses, "pattern") if (name := clause.get("name"))}
    zones: list[HostedZone] = []
    for clause, file in _of(clauses, "zone")[:MAX_ZONES]:
        name = clause.get("name")
        within = _with_patterns(clause, patterns)
        given = [setting for one in within for setting in one.all("provide-xfr")]
        opened = [setting for setting in given if _is_open_transfer(setting.value)]
        transfers = [MatchList(one.name, one.value[:MAX_SHOWN], True, Place(file, one.line)) for one in opened]
        place = Place(file, clause.line)
        zones.append(HostedZone(name.value if name else "?", place, transfers[0] if transfers else None))
    rate = _last(server, "rrl-ratelimit")
    limit = None if rate is not None and rate.value == "0" else rate or _DEFAULT_RATE
    recursion = SettingSeen("recursion", "no", Place(next(iter(texts))))
    scope = NamedScope("server", recursion, None, None, limit, tuple(zones))
    return _Read(_hidden(server), scope, _includes(clauses, texts))


def _with_patterns(zone: Clause, patterns: dict[str, Clause]) -> list[Clause]:
    """A zone, and the patterns that it includes, and that these include."""
    found = [zone]
    for one in found:
        for word in one.words("include-pattern"):
            pattern = patterns.get(word)
            if pattern is not None and len(found) < MAX_PATTERNS and all(pattern is not known for known in found):
                found.append(pattern)
    return found


_DEFAULT_RATE = SettingSeen("rrl-ratelimit", "200", Place("nsd.conf(5)"))


def _is_open_transfer(value: str) -> bool:
    """``0.0.0.0/0 NOKEY``: everybody, without a key."""
    words = value.split()
    return len(words) > 1 and words[1].upper() == "NOKEY" and _is_everybody(words[0])


def _knot(texts: dict[str, str]) -> _Read | None:
    clauses = _clauses(texts)
    if not clauses and not _are_samples(texts):
        return None
    open_ = {id_.value: (one, file) for one, file in _of(clauses, "acl") if _opens(one) and (id_ := one.get("id"))}
    templates = {id_.value: one for one, _ in _of(clauses, "template") if (id_ := one.get("id"))}
    zones: list[HostedZone] = []
    for clause, file in _of(clauses, "zone")[:MAX_ZONES]:
        name, uses = clause.get("domain"), clause.get("template")
        template = templates.get(uses.value if uses else "default")
        within = clause.words("acl") or (template.words("acl") if template else ())
        opened = [open_[word] for word in within if word in open_]
        transfers = None
        if opened:
            acl, where = opened[0]
            transfers = MatchList("acl", " ".join(within)[:MAX_SHOWN], True, Place(where, acl.line))
        zones.append(HostedZone(name.value if name else "?", Place(file, clause.line), transfers))
    limits = _of(clauses, "mod-rrl")
    limit = SettingSeen("mod-rrl", "", Place(limits[0][1], limits[0][0].line)) if limits else None
    recursion = SettingSeen("recursion", "no", Place(next(iter(texts))))
    scope = NamedScope("server", recursion, None, None, limit, tuple(zones))
    return _Read(_last(_of(clauses, "server"), "version"), scope, _includes(clauses, texts))


def _opens(acl: Clause) -> bool:
    """Whether an ACL of Knot lets everybody transfer: without a key, and from anywhere."""
    denies = acl.get("deny")
    if "transfer" not in acl.words("action") or acl.words("key") or (denies and denies.value in ("on", "true")):
        return False
    addresses = acl.words("address", "remote")
    return not addresses or any(map(_is_everybody, addresses))


def _powerdns(texts: dict[str, str]) -> _Read | None:
    if not any(text.strip() for text in texts.values()):
        return None
    read: dict[str, tuple[PowerDNSSetting, ...]] = {}
    for name, text in texts.items():
        try:
            read[name] = tuple(parse_old(text, AUTHORITATIVE))
        except NotPowerDNSSettings as error:
            raise Malformed(f"{name}:{error.line}: {error}") from None
    found, directories = _merged(read, "conf")
    recursion = SettingSeen("recursion", "no", Place(next(iter(texts))))
    listed, off, version = (found.get(name) for name in ("allow-axfr-ips", "disable-axfr", "version-string"))
    zones: tuple[HostedZone, ...] = ()
    if listed is not None and any(map(_is_everybody, listed.values)) and not (off is not None and off.is_on):
        transfers = MatchList(listed.called, listed.seen.value, True, listed.place)
        zones = (HostedZone("(all)", transfers.place, transfers),)
    told = version.seen if version is not None and version.values != ["full"] else None
    return _Read(told, NamedScope("server", recursion, None, None, None, zones), not_read(directories, texts))


def _recursor(texts: dict[str, str]) -> _Read | None:
    found, includes = _recursor_settings(texts)  # which takes no other text
    if not found and not any(text.strip() for text in texts.values()):
        return None
    # Without incoming.listen only the machine itself is heard.
    listens = found.get("local-address")
    hears = listens is not None and not all(word.startswith(("127.", "::1", "[::1]")) for word in listens.values)
    clients = _recursor_clients(found, texts) if hears else None
    listed = found.get("allow-from-file")
    if listed is not None and "".join(listed.values) and _listed_in(listed, texts) is None:
        includes = (*includes, listed.values[0][:MAX_SHOWN])
    version, validation = found.get("version-string"), found.get("dnssec")
    scope = NamedScope("server", None, clients, validation.seen if validation else None, None, ())
    return _Read(version.seen if version else None, scope, includes, not hears)


@dataclass(frozen=True)
class _Placed:
    """A setting of PowerDNS with what all files add to it."""

    called: str
    values: list[str]
    place: Place

    @property
    def seen(self) -> SettingSeen:
        return SettingSeen(self.called, ", ".join(self.values)[:MAX_SHOWN] or "(empty)", self.place)

    @property
    def is_on(self) -> bool:
        """Of a switch: all but ``no`` and ``off`` mean yes, nothing as well (ArgvMap::mustDo)."""
        return "".join(self.values) not in ("no", "off")


def _recursor_settings(texts: dict[str, str]) -> tuple[dict[str, _Placed], tuple[str, ...]]:
    """The settings by their old names, and the directories that are included and not read.

    Where a file is YAML, those of the old form are not read. The file that includes others comes before them, and these
    in the order of their names: they replace what is one value, and add to lists ("Merging multiple setting files").
    Raises Malformed for a file that is neither form, unless it holds a list of networks.
    """
    read: dict[str, RecursorSettings] = {}
    failed: dict[str, NotPowerDNSSettings] = {}
    for name, text in texts.items():
        try:
            read[name] = parse_recursor(text)
        except NotPowerDNSSettings as error:
            failed[name] = error
    if any(one.in_yaml for one in read.values()):
        read = {name: one for name, one in read.items() if one.in_yaml}
    in_yaml = any(one.in_yaml for one in read.values())
    found, directories = _merged({name: one.settings for name, one in read.items()}, "yml" if in_yaml else "conf")
    listed = found.get("allow-from-file")
    for name, failure in failed.items():
        if listed is None or name != _listed_in(listed, texts):
            raise Malformed(f"{name}:{failure.line}: {failure}")
    return found, not_read(directories, texts)


def _merged(
    read: dict[str, tuple[PowerDNSSetting, ...]], ending: str
) -> tuple[dict[str, _Placed], list[tuple[str, str]]]:
    """The settings of all files, and the directories that are included, as patterns, with the files that name them."""
    including = {name for name, settings in read.items() if any(one.name == "include-dir" for one in settings)}
    # PowerDNS sorts what a directory holds by CIStringComparePOSIX: a.conf comes before B.conf.
    names = sorted(read, key=lambda name: (name not in including, name.lower(), name)) if including else list(read)
    found: dict[str, _Placed] = {}
    directories: list[tuple[str, str]] = []
    for name in names:
        for setting in read[name]:
            known = found.get(setting.name)
            values = known.values if known is not None and setting.adds and setting.name in LISTS else []
            values += setting.values
            found[setting.name] = _Placed(setting.called, values, Place(name, setting.line))
            if setting.name == "include-dir" and "".join(setting.values):
                directories.append((f"{setting.values[0][:MAX_SHOWN].rstrip('/')}/*.{ending}", name))
    return found, directories


def _listed_in(setting: _Placed, texts: dict[str, str]) -> str | None:
    """The file that ``allow_from_file`` names; None where it is not read."""
    include = "".join(setting.values), setting.place.file
    return next(iter(Included([include], texts).of(*include) or ()), None)


def _recursor_clients(found: dict[str, _Placed], texts: dict[str, str]) -> MatchList | None:
    """Whom the Recursor serves: what the file says, else the setting. An empty list means everybody in both (parseACLs
    of its pdns_recursor.cc). Raises Malformed where it holds what is no network, with which the Recursor does not run.
    """
    listed, setting = found.get("allow-from-file"), found.get("allow-from")
    if listed is not None and "".join(listed.values):
        file = _listed_in(listed, texts)
        if file is None:
            return None
        setting = _Placed(listed.called, list(parse_networks(texts[file])), Place(file))
    if setting is None:
        return None
    return MatchList(setting.called, setting.seen.value, _serves_everybody(setting), setting.place)


def _serves_everybody(setting: _Placed) -> bool:
    if len(setting.values) > MAX_NETWORKS:
        raise Malformed(f"{setting.place}: {setting.called} has more than {MAX_NETWORKS} entries")
    read = {value: network_of(value) for value in setting.values if not value.startswith("!")}
    if not setting.values or hold_everybody(network for network in read.values() if network is not None):
        return True
    strange = next((value for value, network in read.items() if network is None), None)
    if strange is not None:
        shown = printable(strange)[:MAX_SHOWN]
        raise Malformed(f"{setting.place}: {setting.called} holds {shown}, which is no network")
    return False


_READERS: dict[str, Callable[[dict[str, str]], _Read | None]] = {
    "unbound": _unbound,
    "nsd": _nsd,
    "knot": _knot,
    "powerdns": _powerdns,
    "recursor": _recursor,
}
PROGRAMS = tuple(_READERS)
