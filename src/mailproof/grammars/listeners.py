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
    """A server, whether or not it speaks TLS."""

    context: str = ""
    """Of nginx: http, mail or stream; empty where the file does not say."""
    own: bool | None = False
    """It says itself which versions it speaks; None where it does so under conditions that may not hold."""
    speaks_tls: bool | None = True
    """It says so itself; None where it may, as by a variable; else what it includes may, or what it stands in."""
    includes: list[str] = field(default_factory=list)
    """The files that it includes, and in which that may stand."""
    ports: frozenset[str] = frozenset()
    """Of Apache, where it does not say whether it speaks TLS: mod_ssl speaks it at ports of ``tls_ports``, to whom has
    a certificate (``ssl_init_Module``).
    """


@dataclass
class Listeners:
    """What stands in one file."""

    listeners: list[Listener] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    """Files that may hold more servers."""
    speaks_tls: bool = False
    """What stands outside of servers has one speak TLS: the one that includes the file, or Apache's main server."""
    may_speak_tls: bool = False
    """The same, where it cannot be told."""
    contexts: dict[str, set[str]] = field(default_factory=dict)
    """Of nginx: where each of ``includes`` stands; empty where the file does not say."""
    speaking: set[str] = field(default_factory=set)
    """Contexts of nginx whose servers all speak TLS (``ssl on``); empty: those that include the file."""
    tls_ports: set[str] = field(default_factory=set)
    """Ports that Apache listens at for https."""
    serves_every_port: bool = False
    """Of Apache: a virtual host takes whatever comes, and nothing is left for the main server."""
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
    for prefix, inside in _blocks(parse_statements(text, with_blocks=True), lambda name: name == "server"):
        if not prefix:
            found.speaks_tls = any(map(_has_nginx_speak_tls, inside))
            for setting in inside:
                context, _, name = setting.name.rpartition("/")
                if name == "include":
                    found.includes.append(setting.value)
                    found.contexts.setdefault(setting.value, set()).add(context)
                elif _is_switched_on(setting, name):
                    found.speaking.add(context)
            continue
        found.serves = True
        one = Listener(prefix.rpartition("/")[0], speaks_tls=False)
        for setting in inside:
            one.speaks_tls = one.speaks_tls or _has_nginx_speak_tls(setting)
            one.own = one.own or setting.name == "ssl_protocols"
            one.includes += setting.value.split() if setting.name == "include" else ()
        found.listeners.append(one)
    return found


def parse_apache(text: str) -> Iterator[Setting]:
    """The directives of a file of Apache, and the begins of sections. Of several SSLProtocol for one server the last
    counts, and the others are left out; one under a condition replaces none that stands outside of it.
    """
    counting = {one.line: True for one, _ in _protocols(text)}
    return (one for one in _directives(text) if not _is_protocol(one) or one.line in counting)


def depending(text: str) -> frozenset[int]:
    """The lines of those SSLProtocol that count under conditions which may not hold, or unless one of these does."""
    return frozenset(one.line for one, is_certain in _protocols(text) if not is_certain)


def _directives(text: str) -> Iterator[Setting]:
    """Those of Apache, which joins lines before it looks for comments; without those that stand where no TLS is."""
    found = parse_directives(text, with_sections=True, comments_go_on=True)
    return (one for one in found if not _WITHOUT_TLS.search(one.name))


def _is_protocol(setting: Setting) -> bool:
    return setting.name.rpartition("/")[2].lower() == "sslprotocol"


def _protocols(text: str) -> list[tuple[Setting, bool]]:
    """The SSLProtocol that count, and whether each does so without conditions."""
    counting: dict[int, dict[Setting, str]] = {}
    hosts = 0
    for setting in _directives(text):
        *sections, name = setting.name.split("/")
        if not setting.value and _is_virtual_host(name):
            hosts += 1
        elif _is_protocol(setting):
            others = [one for one in sections if not _is_virtual_host(one)]
            conditions = _OF_MODULE.sub("", "".join(f"{one}/" for one in others))
            same = counting.setdefault(hosts if len(others) < len(sections) else 0, {})
            for earlier in [one for one, known in same.items() if known.startswith(conditions)]:
                del same[earlier]
            same[setting] = conditions
    return [(one, len(same) == 1 and not conditions) for same in counting.values() for one, conditions in same.items()]


_SWITCHES = {"ssl": ("on",), "starttls": ("on", "only")}
"""Of servers of mail, and ``ssl`` of old ones of HTTP."""


def _is_switched_on(setting: Setting, name: str) -> bool:
    return setting.value.lower() in _SWITCHES.get(name, ())


def _has_nginx_speak_tls(setting: Setting) -> bool:
    if setting.name in _SWITCHES:
        return _is_switched_on(setting, setting.name)
    return setting.name == "listen" and not {"ssl", "quic"}.isdisjoint(setting.value.split())


def _apache(text: str) -> Listeners:
    found = Listeners()
    for prefix, inside in _blocks(_directives(text), _is_virtual_host):
        engines: set[str] = set()
        protocols: set[str] = set()
        includes: list[str] = []
        may_speak = has_certificate = is_off = False
        for setting in inside:
            conditions, _, name = _OF_MODULE.sub("", setting.name).rpartition("/")
            value = setting.value.strip("\"'").lower()
            match name.lower():
                case "sslengine" if value in ("on", "optional"):
                    engines.add(conditions)
                case "sslengine":
                    may_speak |= value != "off"
                    is_off |= value == "off" and not conditions
                case "sslprotocol":
                    protocols.add(conditions)
                case "sslcertificatefile":
                    has_certificate = True
                case "listen":
                    found.tls_ports |= _https_ports(value)
                case "include" | "includeoptional":
                    includes += setting.value.strip("\"'").split()
        if not prefix:
            found.includes, found.speaks_tls = includes, bool(engines)
            found.may_speak_tls = may_speak or (has_certificate and not is_off)
            continue
        found.serves = True
        own = "" in protocols or (bool(engines) and engines <= protocols) or (None if protocols else False)
        addresses = prefix.rpartition("/")[2]
        ports = frozenset(_PORT.findall(addresses.lower())) if not is_off else frozenset()
        found.serves_every_port |= any(map(_EVERY_PORT.fullmatch, addresses.lower().split()[1:]))
        speaks = True if engines else None if may_speak or (has_certificate and not is_off) else False
        found.listeners.append(Listener("", own, speaks, includes, ports=ports))
    return found


_OF_MODULE = re.compile(r"<?IfModule\s+\"?(?:mod_ssl\.c|ssl_module)\"?/", re.IGNORECASE)
"""A condition that holds wherever TLS is spoken."""
_WITHOUT_TLS = re.compile(r"(?:^|/)<?IfModule\s+\"?!(?:mod_ssl\.c|ssl_module)\"?(?=/|$)", re.IGNORECASE)
_EVERY_PORT = re.compile(r"[\"']?(?:\*|_default_)(?::\*)?[\"']?")
"""Of a virtual host that takes what comes to any address and port (``apachectl -S`` calls it ``*:*``)."""
_PORT = re.compile(r":(\d+|\S*\$\S*)(?=[\s\"']|$)")
"""The port of an address; or what a variable makes of it."""


def _https_ports(listen: str) -> set[str]:
    """Of a ``Listen [ADDRESS:]PORT [PROTOCOL]`` that is for https; 443 is without a word of it."""
    where, _, protocol = listen.partition(" ")
    return {where.rpartition(":")[2]} if protocol.strip("\"' ") == "https" or "$" in listen else set()


def _haproxy(text: str) -> Listeners:
    """``default-bind`` of peers holds for the binds of its section, and for the address of the peer itself."""
    found = Listeners()
    defaults: dict[str, str] = {}
    binds: list[tuple[str, str]] = []
    for setting in parse_haproxy(text):
        section, _, name = setting.name.rpartition("/")
        value = _QUOTES.sub("", setting.value)
        if name == "bind":
            binds.append((section, value))
        elif name == "default-bind":
            defaults[section] = value
    binds += ((section, "") for section in defaults.keys() - {section for section, _ in binds})
    for section, bind in binds:
        value = f"{bind} {defaults.get(section, '')}"
        words = value.split()
        speaks = "ssl" in words or (None if "$" in "".join(words[1:]) or "[*]" in value else False)
        found.listeners.append(Listener(own=admitted("haproxy", value) is not None, speaks_tls=speaks))
    found.serves = bool(binds)
    return found


_QUOTES = re.compile(r"[\"'\\]")


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
    {"fastcgi_params", "uwsgi_params", "scgi_params", "proxy_params", "fastcgi.conf", "mime.types", "ports.conf"}
    | {"fastcgi-php.conf", "snakeoil.conf"}
)
_NO_SERVERS_IN = ("modules-enabled/", "nginx/modules/", "modules.d/", "mods-enabled/", "conf.modules.d/")


def may_hold_servers(include: str) -> bool:
    """Whether a file that is not read is none of those that packages bring, and that hold no server and no version."""
    name = include.rpartition("/")[2]
    return not (name in _NO_SERVERS or name.endswith(".load") or any(part in include for part in _NO_SERVERS_IN))


_READERS: dict[str, Callable[[str], Listeners]] = {"nginx": _nginx, "apache": _apache, "haproxy": _haproxy}
PROGRAMS = tuple(_READERS)
