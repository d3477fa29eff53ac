"""Reads which addresses hosts share by VRRP, from the configurations of keepalived."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_interface

from mailproof.grammars.directives import parse_lines_in_blocks
from mailproof.grammars.settings import Setting
from mailproof.net.errors import NotAvailable
from mailproof.net.network import Network
from mailproof.observations.virtual_routers import OLD, RouterPair, VirtualRouter, VirtualRouters
from mailproof.places import Place
from mailproof.probes.configuration import holders_of, text_of
from mailproof.probes.path_endings import not_read
from mailproof.probes.probe import probe
from mailproof.secret_names import HIDDEN
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration

PROGRAM = "keepalived"

MAX_ROUTERS = 255
"""Of one host: as many as there are numbers for them."""

PASSWORD = 8
"""Characters of ``auth_pass`` that count (keepalived.conf(5))."""

_LISTS = ("virtual_ipaddress", "unicast_peer")


@probe()
async def virtual_routers(configuration: Configuration, net: Network, targets: Targets) -> VirtualRouters:
    """The virtual routers of a host, each beside that of the first other host, by name, that shares an address.

    Raises NotAvailable for what is written with definitions, or stands in files that are included.
    """
    names = tuple(file.name for file in configuration.files)
    if configuration.program != PROGRAM:
        return VirtualRouters(configuration.program, names)
    own = await _parts(configuration, net)
    earlier: list[_Part] = []
    for other in sorted(targets.found(Configuration), key=lambda other: other.host):
        if other.program == PROGRAM and other.host < configuration.host:
            earlier += await _parts(other, net)
    pairs = []
    for part in own:
        addresses = set(part.router.addresses)
        first = next((found for found in earlier if addresses & set(found.router.addresses)), None)
        if first is not None:
            hidden = HIDDEN[:PASSWORD] in (part.password, first.password)
            pairs.append(RouterPair(part.router, first.router, None if hidden else part.password == first.password))
    return VirtualRouters(configuration.program, names, tuple(part.router for part in own), tuple(pairs))


@dataclass(frozen=True)
class _Part:
    """A part of a virtual router, with what an observation must not hold."""

    router: VirtualRouter
    password: str


@dataclass
class _Instance:
    """A ``vrrp_instance`` as it stands in a file."""

    place: Place
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)


async def _parts(configuration: Configuration, net: Network) -> list[_Part]:
    instances: dict[str, _Instance] = {}
    version = OLD
    includes: list[tuple[str, str]] = []
    definitions: dict[str, str] = {}
    files = holders_of(configuration)
    for file in files:
        text = _with_definitions(await text_of(file, net), definitions)
        settings = await asyncio.to_thread(list, parse_lines_in_blocks(text))
        includes += ((one.value.strip("\"' "), file.name) for one in settings if one.name.startswith("include"))
        for setting in settings:
            if setting.name == "global_defs/vrrp_version" and setting.value.isdecimal():
                version = int(setting.value)
        _read(settings, file.name, instances)
    unread = not_read(includes, [file.name for file in files]) if not instances else ()
    if unread:
        raise NotAvailable(f"{configuration.id} includes {unread[0]:.80}, which is not read: name it in the inventory")
    found = (_part(configuration.host, name, instance, version) for name, instance in instances.items())
    return [part for part in found if part.router.addresses][:MAX_ROUTERS]


def _with_definitions(text: str, known: dict[str, str]) -> str:
    """A text with its definitions put in (keepalived.conf(5), "Parameter substitution"): ``$VIP=192.0.2.25`` on a line
    of its own, ``$VIP`` or ``${VIP}`` behind it. Those of several lines stay as they are.
    """
    lines = text.split("\n")
    longer = 0
    for number, line in enumerate(lines):
        defined = _DEFINITION.match(line)
        if defined is not None and len(known) < MAX_DEFINITIONS and not line.rstrip().endswith("\\"):
            known[defined["name"]] = defined["value"].strip()[:MAX_VALUE]
            lines[number] = ""
        elif "$" in line and known and longer < MAX_PUT_IN:
            lines[number] = _USE.sub(lambda use: known.get(use[1] or use[2], use[0]), line[:MAX_LINE]) + line[MAX_LINE:]
            longer += len(lines[number]) - len(line)
    return "\n".join(lines)


MAX_DEFINITIONS = 500
MAX_VALUE = 200
"""Characters of what a definition stands for."""
MAX_PUT_IN = 1_000_000
"""Characters by which definitions may make a text longer."""
MAX_LINE = 1000
"""Characters of a line in which definitions are put in."""
_DEFINITION = re.compile(r"[ \t]*\$(?P<name>\w{1,80})[ \t]*=(?P<value>[^#!\n]*)")
_USE = re.compile(r"\$(?:(\w{1,80})|\{(\w{1,80})\})")


def _read(settings: Iterable[Setting], file: str, instances: dict[str, _Instance]) -> None:
    for setting in settings:
        block, *rest = setting.name.split("/", 2)
        kind, _, name = block.partition(" ")
        if kind != "vrrp_instance":
            continue
        instance = instances.setdefault(name, _Instance(Place(file, setting.line)))
        if len(rest) == 2 and rest[0] in _LISTS:
            instance.lists.setdefault(rest[0], []).append(rest[1])
        elif rest:
            instance.values["/".join(rest)] = setting.value


def _part(host: str, name: str, instance: _Instance, version: int) -> _Part:
    """Raises NotAvailable for values that are definitions, and for what is no address."""
    values = instance.values
    peers = tuple(sorted(_addresses(instance.lists.get("unicast_peer", ()))))
    addresses = tuple(sorted(_addresses(instance.lists.get("virtual_ipaddress", ()))))
    own_version = values.get("version", "")
    if own_version.isdecimal():
        version = int(own_version)
    if any(":" in address for address in addresses):
        version = 3  # the old one has no IPv6
    interval = values.get("advert_int", "1")
    for value in (values.get("virtual_router_id", ""), interval):
        if not value.replace(".", "", 1).isdecimal() and value:
            raise NotAvailable(f"{instance.place}: {value:.40} is no number; definitions are not followed")
    router = VirtualRouter(
        host=host,
        name=name,
        place=instance.place,
        id=values.get("virtual_router_id", ""),
        version=version,
        addresses=addresses,
        interval=interval or "1",
        authentication=values.get("authentication/auth_type", ""),
        source=next(_addresses([values["unicast_src_ip"]]), "") if "unicast_src_ip" in values else "",
        peers=peers,
    )
    return _Part(router, values.get("authentication/auth_pass", "")[:PASSWORD])


def _addresses(written: Iterable[str]) -> Iterator[str]:
    """Addresses without the length of their prefix. Raises NotAvailable."""
    for text in written:
        try:
            yield str(ip_interface(text.split()[0] if text.split() else text).ip)
        except ValueError:
            raise NotAvailable(f"{text:.40} is no address; definitions are not followed") from None
