"""Reads which servers stand behind HAProxy and keepalived, and whether these look after them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

from mailproof.grammars.directives import HAPROXY_SECTIONS, parse_haproxy
from mailproof.grammars.settings import holds_comments_alone
from mailproof.net.errors import Malformed, NotAvailable
from mailproof.net.network import Network
from mailproof.observations.balancers import BalancerSettings, ServerBehind, ServerGroup
from mailproof.places import Place
from mailproof.probes.configuration import holders_of, texts_of
from mailproof.probes.keepalived import SettingAt, included, is_include, may_hold_more, readings_of
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration

MAX_SERVERS = 2000
"""Servers that are looked at."""

_CHECKERS = (
    "TCP_CHECK",
    "SMTP_CHECK",
    "HTTP_GET",
    "SSL_GET",
    "MISC_CHECK",
    "DNS_CHECK",
    "PING_CHECK",
    "UDP_CHECK",
    "BFD_CHECK",
)
"""Checks of keepalived.conf(5), "Real Server(s)"; FILE_CHECK, which reads a file, is none of the server."""


@probe()
async def balancer_settings(configuration: Configuration, net: Network) -> BalancerSettings:
    """The groups of servers in the order of the files. Raises Malformed for files that hold no settings."""
    names = tuple(file.name for file in configuration.files)
    read = _READERS.get(configuration.program)
    if read is None:
        return BalancerSettings(configuration.program, names)
    readings = await _readings(configuration, net)
    if not any(readings) and not any(map(holds_comments_alone, (await _texts(configuration, net)).values())):
        raise Malformed(f"no settings stand in {', '.join(names)}")
    found = [(_groups(read, reading), _unread(reading)) for reading in readings]
    if any(one != found[0] for one in found):
        raise NotAvailable(f"{configuration.id} has conditional lines, and none of them is for {configuration.host}")
    return BalancerSettings(configuration.program, names, *found[0])


async def _texts(configuration: Configuration, net: Network) -> dict[str, str]:
    return await texts_of(holders_of(configuration), net)


async def _readings(configuration: Configuration, net: Network) -> list[list[SettingAt]]:
    """The settings as the program may read them; of keepalived more than once, where an id decides that."""
    if configuration.program == "keepalived":
        return [list(reading.settings) for reading in await readings_of(configuration, net)]
    found: list[SettingAt] = []
    for name, text in (await _texts(configuration, net)).items():
        settings = await asyncio.to_thread(list, parse_haproxy(text, with_sections=True))
        found += (SettingAt(one.name, one.value, Place(name, one.line)) for one in settings)
    return [found]


def _groups(read: _Reads, reading: list[SettingAt]) -> tuple[ServerGroup, ...]:
    groups: dict[str, list[ServerBehind]] = {}
    read(reading, groups)
    open_ones = {one.name.partition("/")[0] for one in reading if is_include(one) and one.name.count("/") == 1}
    found = (ServerGroup(name, tuple(servers[:MAX_SERVERS]), name not in open_ones) for name, servers in groups.items())
    return tuple(islice(found, MAX_SERVERS))


def _unread(reading: list[SettingAt]) -> tuple[str, ...]:
    """What is not read of includes in which groups may stand, or parts of one."""
    blocks = ((one, one.name.rpartition("/")[0]) for one in reading if is_include(one))
    return tuple(included(one) for one, block in blocks if not block or block.startswith("virtual_server "))


@dataclass
class _Section:
    """What a section of haproxy.cfg says for its servers, or for those of others where it is one of defaults."""

    checked: bool | None = False
    disabled: bool = False


def _haproxy(settings: list[SettingAt], groups: dict[str, list[ServerBehind]]) -> None:
    """``server NAME ADDRESS check`` in a backend; what ``default-server`` says counts for those behind it, and what the
    defaults say, the last ones or those that the section names (``backend b from NAME``).
    """
    sections: dict[str, _Section] = {}
    last = section = _Section()
    conditions = 0
    for setting in settings:
        where, _, name = setting.name.rpartition("/")
        words = setting.value.split()
        conditions += (name == ".if") - (name == ".endif")
        kind = name.partition(" ")[0]
        if not where and kind in HAPROXY_SECTIONS:
            named = sections.get(f"defaults {words[1]}") if words[:1] == ["from"] and len(words) > 1 else None
            section = replace(named or (_Section() if kind == "defaults" else last))
            sections[name] = section
            last = section if kind == "defaults" else last
        elif name in ("disabled", "enabled"):
            section.disabled = name == "disabled"
        elif name == "default-server":
            said = _is_checked(words, is_checked=section.checked)
            section.checked = said if not conditions or said == section.checked else None
        elif _is_server(where, name, words):
            checked = _is_checked(words[2:], is_checked=section.checked)
            checked = None if conditions and not checked else checked
            groups.setdefault(where, []).append(ServerBehind(words[0], checked, setting.place))
    for name in [name for name in groups if name in sections and sections[name].disabled]:
        del groups[name]


def _is_server(section: str, name: str, words: list[str]) -> bool:
    """Whether it is a server that clients are sent to, and none of peers or logs, or one that is switched off."""
    is_named = name in ("server", "server-template") and len(words) > 1
    return is_named and section.startswith(("backend ", "listen ")) and "disabled" not in _options(words[2:])


def _options(words: list[str]) -> list[str]:
    """The options of a server without their values."""
    options: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        if not (options and options[-1] == before and before in _WITH_VALUE):
            options.append(word)
        else:
            options.append("")
    return options


_WITH_VALUE = frozenset(
    {"addr", "agent-addr", "agent-inter", "agent-port", "agent-send", "alpn", "ca-file", "check-alpn"}
    | {"check-proto", "check-sni", "ciphers", "ciphersuites", "client-sigalgs", "cookie", "crl-file", "crt"}
    | {"curves", "downinter", "error-limit", "fall", "fastinter", "guid", "hash-key", "id", "init-addr"}
    | {"inter", "interface", "log-bufsize", "log-proto", "max-reuse", "maxconn", "maxqueue", "minconn"}
    | {"namespace", "npn", "observe", "on-error", "on-marked-down", "on-marked-up", "pool-conn-name"}
    | {"pool-low-conn", "pool-max-conn", "pool-purge-delay", "port", "proto", "proxy-v2-options", "redir"}
    | {"resolve-net", "resolve-opts", "resolve-prefer", "resolvers", "rise", "shard", "sigalgs"}
    | {"slowstart", "sni", "socks4", "source", "ssl-max-ver", "ssl-min-ver", "tcp-md5sig", "tcp-ut"}
    | {"track", "usesrc", "verify", "verifyhost", "weight", "ws"}
)
"""Options of servers that a value follows (configuration manual, section 5.2)."""


def _is_checked(words: list[str], *, is_checked: bool | None) -> bool | None:
    """``track SERVER`` takes what the check of another one says."""
    for word in _options(words):
        is_checked = True if word in ("check", "track") else False if word == "no-check" else is_checked
    return is_checked


def _keepalived(settings: list[SettingAt], groups: dict[str, list[ServerBehind]]) -> None:
    """``real_server`` with a block of a check in it, within ``virtual_server``."""
    for setting in settings:
        parts = setting.name.split("/")
        if len(parts) == 1 and parts[0].startswith("virtual_server "):
            groups.setdefault(parts[0], [])
        if len(parts) < 2 or not parts[0].startswith("virtual_server ") or not parts[1].startswith("real_server "):
            continue
        servers = groups.setdefault(parts[0], [])
        if len(parts) == 2:
            servers.append(ServerBehind(parts[1], checked=False, place=setting.place))
        elif len(parts) == 3 and parts[2] in _CHECKERS and servers:
            servers[-1] = replace(servers[-1], checked=True)
        elif len(parts) == 3 and servers and not servers[-1].checked and may_hold_more(setting):
            servers[-1] = replace(servers[-1], checked=None)


_Reads = Callable[[list[SettingAt], dict[str, list[ServerBehind]]], None]
_READERS: dict[str, _Reads] = {"haproxy": _haproxy, "keepalived": _keepalived}
