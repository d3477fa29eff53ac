"""Reads which servers stand behind HAProxy and keepalived, and whether these look after them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from mailproof.grammars.directives import parse_haproxy, parse_lines_in_blocks
from mailproof.grammars.settings import Setting, holds_comments_alone
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.observations.balancers import BalancerSettings, ServerBehind, ServerGroup
from mailproof.places import Place
from mailproof.probes.configuration import holders_of, text_of
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
    groups: dict[str, list[ServerBehind]] = {}
    is_empty = True
    for file in holders_of(configuration):
        text = await text_of(file, net)
        settings = await asyncio.to_thread(list, _PARSERS[configuration.program](text))
        read(settings, file.name, groups)
        is_empty = is_empty and not settings and not holds_comments_alone(text)
    if is_empty:
        raise Malformed(f"no settings stand in {', '.join(names)}")
    found = tuple(ServerGroup(name, tuple(servers[:MAX_SERVERS])) for name, servers in groups.items())
    return BalancerSettings(configuration.program, names, found[:MAX_SERVERS])


def _haproxy(settings: list[Setting], file: str, groups: dict[str, list[ServerBehind]]) -> None:
    """``server NAME ADDRESS check`` in a backend; what ``default-server`` says counts for those behind it."""
    defaults: dict[str, bool] = {}
    for setting in settings:
        section, _, name = setting.name.rpartition("/")
        words = setting.value.split()
        if name == "default-server":
            defaults[section] = _is_checked(words, is_checked=defaults.get(section, False))
        elif name in ("server", "server-template") and len(words) > 1:
            of_all = next((on for known, on in defaults.items() if known.startswith("defaults")), False)
            checked = _is_checked(words[2:], is_checked=defaults.get(section, of_all))
            groups.setdefault(section, []).append(ServerBehind(words[0], checked, Place(file, setting.line)))


def _is_checked(words: list[str], *, is_checked: bool) -> bool:
    """``track SERVER`` takes what the check of another one says."""
    for word in words:
        is_checked = word in ("check", "track") or (is_checked and word != "no-check")
    return is_checked


def _keepalived(settings: list[Setting], file: str, groups: dict[str, list[ServerBehind]]) -> None:
    """``real_server`` with a block of a check in it, within ``virtual_server``."""
    for setting in settings:
        parts = setting.name.split("/")
        if len(parts) < 2 or not parts[0].startswith("virtual_server ") or not parts[1].startswith("real_server "):
            continue
        servers = groups.setdefault(parts[0], [])
        if len(parts) == 2:
            servers.append(ServerBehind(parts[1], checked=False, place=Place(file, setting.line)))
        elif len(parts) == 3 and parts[2] in _CHECKERS and servers:
            servers[-1] = ServerBehind(servers[-1].name, checked=True, place=servers[-1].place)


_PARSERS: dict[str, Callable[[str], Iterator[Setting]]] = {
    "haproxy": parse_haproxy,
    "keepalived": parse_lines_in_blocks,
}
_READERS: dict[str, Callable[[list[Setting], str, dict[str, list[ServerBehind]]], None]] = {
    "haproxy": _haproxy,
    "keepalived": _keepalived,
}
