"""Sends requests through the access rules of Squid and tinyproxy, on paper."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from mailproof.grammars.directives import parse_directives
from mailproof.grammars.proxy_access import ACCESS, ConnectRequest
from mailproof.grammars.settings import Setting, holds_comments_alone
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.observations.proxy_access import ProxyAccess, ProxyAnswered, ProxyShown
from mailproof.places import Place
from mailproof.probes.configuration import holders_of, texts_of
from mailproof.probes.open_proxy import open_proxy
from mailproof.probes.path_endings import Included
from mailproof.probes.probe import Look, Planned, look_at_each, probe
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration
from mailproof.targets.mail import MailHost

STRANGER = "11.25.25.80"
"""A client that no rule names."""
PORTS = (443, 25)
METHODS = {("squid", 25): ("CONNECT", "POST")}
"""What is asked besides CONNECT: a POST whose text is that of SMTP sends mail too, unless Squid refuses the port.
tinyproxy cannot."""
DEFAULT_PORTS = {"squid": 3128, "tinyproxy": 8888}
_PORTS = ("http_port", "https_port", "port")
MAX_INCLUDES = 8
"""Files that include each other."""


@probe()
async def proxy_access(configuration: Configuration, net: Network) -> ProxyAccess:
    """Whom the proxy connects where. Raises Malformed for files that hold no settings."""
    program = configuration.program
    names = tuple(file.name for file in configuration.files)
    if program not in ACCESS:
        return ProxyAccess(program, names)
    texts = await texts_of(holders_of(configuration), net)
    return await asyncio.to_thread(_seen, program, names, texts)


def _seen(program: str, names: tuple[str, ...], texts: dict[str, str]) -> ProxyAccess:
    parsed = {name: list(parse_directives(text)) for name, text in texts.items()}
    settings = list(_in_order(parsed))
    if not settings and not all(map(holds_comments_alone, texts.values())):
        raise Malformed(f"no settings stand in {', '.join(names)}")
    access = ACCESS[program]()
    for number, (setting, _) in enumerate(settings, 1):
        access.add(Setting(setting.name, setting.value, number))  # the line is told by the place in the list

    def answered(client: str, *, has_password: bool) -> tuple[ProxyAnswered, ...]:
        found = []
        for port in PORTS:
            tried = []
            for method in METHODS.get((program, port), ("CONNECT",)):
                decided = access.decide(ConnectRequest(client, port, has_password=has_password, method=method))
                setting, file = settings[decided.line - 1] if decided.line else (None, "")
                place = Place(file, setting.line) if setting is not None else None
                tried.append(ProxyAnswered(client, port, decided.connects, place, method))
            found.append(min(tried, key=lambda one: (True, None, False).index(one.connects)))
        return tuple(found)

    listens = tuple(
        setting.value.split()[0]
        for setting, _ in settings
        if setting.name.lower() in ("http_port", "https_port", "listen") and setting.value.split()
    )
    return ProxyAccess(
        program,
        names,
        listens[:20],
        not listens or not all(map(_is_loopback, listens)),
        answered(STRANGER, has_password=False),
        tuple(one for client in (STRANGER, *access.clients()) for one in answered(client, has_password=True)),
        _ports(settings) or (DEFAULT_PORTS[program],),
    )


def _ports(settings: list[tuple[Setting, str]]) -> tuple[int, ...]:
    """``http_port 192.0.2.1:3128``, ``Port 8888``."""
    said = [one.value.split()[0].strip('"') for one, _ in settings if one.name.lower() in _PORTS and one.value.split()]
    ports = [text.rpartition(":")[2] for text in said]
    return tuple(int(port) for port in ports if port.isdecimal() and len(port) < 6)


@probe(looks=("open_proxy",))
async def proxy_shown(
    configuration: Configuration, look: Look, planned: Planned, targets: Targets, proxy_access: ProxyAccess
) -> ProxyShown:
    """Which ports of the proxy connect strangers, where the run asks them: none is asked for this one's sake."""
    hosts = [host for host in targets.found(MailHost) if host.name == configuration.host and host.active]
    asked = [host for host in hosts if proxy_access.ports and not host.dead and planned(open_proxy, host)]
    seen, _ = await look_at_each(look, open_proxy, asked, lambda found: found.ports)
    ports = [port.where for found in seen for port in found if port.is_open]
    own = tuple(where for where in ports if int(where.rpartition(":")[2]) in proxy_access.ports)
    return ProxyShown(configuration.host, own)


def _is_loopback(listens: str) -> bool:
    return listens.strip('"[').startswith(("127.", "::1", "localhost"))


def _in_order(parsed: dict[str, list[Setting]]) -> Iterator[tuple[Setting, str]]:
    """All settings in the order in which the program reads them: what a file includes stands in its place, where the
    inventory names it as well. What nobody includes is read as it comes.
    """
    includes = [(one, own) for own, settings in parsed.items() for setting in settings for one in _patterns(setting)]
    found = Included(includes, parsed)
    of_others = {name for include in includes for name in found.of(*include) or ()}
    for name in parsed:
        if name not in of_others:
            yield from _with_includes(name, parsed, found, ())


def _with_includes(
    name: str, parsed: dict[str, list[Setting]], included: Included, within: tuple[str, ...]
) -> Iterator[tuple[Setting, str]]:
    for setting in parsed[name]:
        patterns = _patterns(setting)
        if not patterns:
            yield setting, name
        for pattern in patterns:
            found = included.of(pattern, name)
            if not found or name in within or len(within) == MAX_INCLUDES:
                yield setting, name
                continue
            for one in found:
                yield from _with_includes(one, parsed, included, (*within, name))


def _patterns(setting: Setting) -> list[str]:
    """The files that a setting includes: Squid takes several in one line."""
    return [word.strip('"') for word in setting.value.split()] if setting.name == "include" else []
