"""The servers of a configuration that speak TLS, and whether each says for itself which versions: where all do, nobody
takes what the configuration says for all of them.

Of nginx (``server`` blocks), Apache httpd (``<VirtualHost>``) and HAProxy (``bind ... ssl``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mailproof.grammars.directives import parse_directives, parse_haproxy, parse_statements
from mailproof.grammars.settings import Setting
from mailproof.grammars.tls_settings import admitted


@dataclass
class Listener:
    """A server that speaks TLS, or may, by what it includes."""

    context: str = ""
    """Of nginx: http, mail or stream; empty where the file does not say."""
    own: bool | None = False
    """It says itself which versions it speaks; None where it does so under conditions that may not hold."""
    speaks_tls: bool = True
    """It says so itself; else what it includes may."""
    includes: list[str] = field(default_factory=list)
    """The files that it includes, and in which that may stand."""


@dataclass
class Listeners:
    """What stands in one file."""

    listeners: list[Listener] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    """Files that may hold more servers."""
    speaks_tls: bool = False
    """What stands outside of servers has one speak TLS: the one that includes the file, or Apache's main server."""
    serves: bool = False
    """There are servers in it, whether or not they speak TLS."""


def is_default(program: str, name: str) -> bool:
    """Whether a setting of versions is for all servers; ``name`` has the sections that it stands in."""
    sections = name.split("/")[:-1]
    match program:
        case "nginx":
            return not sections or sections in (["http"], ["mail"], ["stream"])
        case "apache":
            return not any(_is_virtual_host(section) for section in sections)
    return program == "haproxy" and name.endswith("ssl-default-bind-options")


def listeners(program: str, text: str) -> Listeners:
    """The servers of a file of one of PROGRAMS that speak TLS."""
    return _READERS[program](text)


def _nginx(text: str) -> Listeners:
    found = Listeners()
    all_speak_tls = False
    for prefix, inside in _blocks(parse_statements(text, with_blocks=True), lambda name: name == "server"):
        if not prefix:
            found.speaks_tls = any(map(_has_nginx_speak_tls, inside))
            said = [(one.name.rpartition("/")[2], one.value) for one in inside]
            all_speak_tls = ("ssl", "on") in said
            found.includes += (value for name, value in said if name == "include")
            continue
        found.serves = True
        context = prefix.rpartition("/")[0]
        one = Listener(context)
        one.speaks_tls = all_speak_tls or context == "mail"  # where STARTTLS may be said for all
        for setting in inside:
            one.speaks_tls |= _has_nginx_speak_tls(setting)
            one.own = one.own or setting.name == "ssl_protocols"
            one.includes += setting.value.split() if setting.name == "include" else ()
        if one.speaks_tls or one.includes:
            found.listeners.append(one)
    return found


def _has_nginx_speak_tls(setting: Setting) -> bool:
    words = setting.value.split()
    return words == ["on"] if setting.name == "ssl" else setting.name == "listen" and bool({"ssl", "quic"} & {*words})


def _apache(text: str) -> Listeners:
    found = Listeners()
    for prefix, inside in _blocks(parse_directives(text, with_sections=True), _is_virtual_host):
        engines: set[str] = set()
        protocols: set[str] = set()
        includes: list[str] = []
        for setting in inside:
            conditions, _, name = _OF_MODULE.sub("", setting.name).rpartition("/")
            match name.lower():
                case "sslengine" if setting.value.strip("\"'").lower() in ("on", "optional"):
                    engines.add(conditions)
                case "sslprotocol":
                    protocols.add(conditions)
                case "include" | "includeoptional":
                    includes += setting.value.strip("\"'").split()
        if not prefix:
            found.includes, found.speaks_tls = includes, bool(engines)
            continue
        found.serves = True
        if engines or includes:
            own = "" in protocols or (bool(engines) and engines <= protocols) or (None if protocols else False)
            found.listeners.append(Listener("", own, bool(engines), includes))
    return found


_OF_MODULE = re.compile(r"<?IfModule\s+\"?(?:mod_ssl\.c|ssl_module)\"?/", re.IGNORECASE)
"""A condition that holds wherever TLS is spoken."""


def _haproxy(text: str) -> Listeners:
    every = [one.value for one in parse_haproxy(text) if one.name.endswith("/bind")]
    binds = [value for value in every if "ssl" in value.split()]
    return Listeners([Listener(own=admitted("haproxy", value) is not None) for value in binds], serves=bool(every))


def _blocks(settings: Iterator[Setting], begins: Callable[[str], bool]) -> Iterator[tuple[str, list[Setting]]]:
    """What stands outside of blocks of one kind, with an empty name; then each of these with its sections and what
    stands in it, by the names within.
    """
    outside: list[Setting] = []
    blocks: list[tuple[str, list[Setting]]] = []
    for setting in settings:
        prefix = blocks[-1][0] if blocks else ""
        section = setting.name.removeprefix(prefix + "/") if prefix else ""
        if not setting.value and begins(setting.name.rpartition("/")[2]):
            blocks.append((setting.name, []))
        elif prefix and section != setting.name:
            blocks[-1][1].append(Setting(section, setting.value, setting.line))
        else:
            outside.append(setting)
    yield "", outside
    yield from blocks


def _is_virtual_host(section: str) -> bool:
    return section.lower().startswith("virtualhost ")


_NO_SERVERS = frozenset(
    ("fastcgi_params", "uwsgi_params", "scgi_params", "proxy_params", "fastcgi.conf", "mime.types", "ports.conf")
)
_NO_SERVERS_IN = ("modules-enabled/", "modules.d/", "mods-enabled/", "conf.modules.d/")


def may_hold_servers(include: str) -> bool:
    """Whether a file that is not read is none of those that packages bring, and that hold no server and no version."""
    name = include.rpartition("/")[2]
    return not (name in _NO_SERVERS or name.endswith(".load") or any(part in include for part in _NO_SERVERS_IN))


_READERS: dict[str, Callable[[str], Listeners]] = {"nginx": _nginx, "apache": _apache, "haproxy": _haproxy}
PROGRAMS = tuple(_READERS)
