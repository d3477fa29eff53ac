"""Reads which addresses hosts share by VRRP, from the configurations of keepalived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_interface

from mailproof.hiding.names import HIDDEN
from mailproof.net.errors import NotAvailable
from mailproof.net.network import Network
from mailproof.observations.virtual_routers import OLD, RouterPair, VirtualRouter, VirtualRouters
from mailproof.places import Place
from mailproof.probes.keepalived import Reading, readings_of
from mailproof.probes.probe import probe
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

    Raises NotAvailable for what stands in files that are included and not read.
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
    """Raises NotAvailable where they hang on an id that is not known (``--config-id``)."""
    found = [_parts_of(configuration.host, reading) for reading in await readings_of(configuration, net)]
    if any(one != found[0] for one in found):
        raise NotAvailable(f"{configuration.id} has conditional lines, and none of them is for {configuration.host}")
    return found[0]


def _parts_of(host: str, reading: Reading) -> list[_Part]:
    instances: dict[str, _Instance] = {}
    version = OLD
    for setting in reading.settings:
        if setting.name == "global_defs/vrrp_version" and setting.value.isdecimal():
            version = int(setting.value)
    _read(reading, instances)
    if reading.unread and not instances:
        raise NotAvailable(f"{reading.unread[0]:.80} is included and not read: name it in the inventory")
    found = (_part(host, name, instance, version) for name, instance in instances.items())
    return [part for part in found if part.router.addresses][:MAX_ROUTERS]


def _read(reading: Reading, instances: dict[str, _Instance]) -> None:
    for setting in reading.settings:
        block, *rest = setting.name.split("/", 2)
        kind, _, name = block.partition(" ")
        if kind != "vrrp_instance":
            continue
        instance = instances.setdefault(name, _Instance(setting.place))
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
