"""The IPv6 addresses, prefixes and routes of links, as the files of a host's network have them.

systemd.network(5), interfaces(5) of ifupdown, netplan's YAML, radvd.conf(5), and the output of ``ip -j address`` and
``ip -6 -j route``. What is not about IPv6 is passed over, and so is what cannot be read: a link has what is understood.

Every text is gone through once, in a time that its length bounds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Interface, IPv6Network
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mailproof.grammars.directives import parse_statements
from mailproof.grammars.settings import continued_lines, parse_ini
from mailproof.grammars.yaml_nodes import NotYAML, compose, line_of


class NotAddressPlan(ValueError):
    """A text does not hold what its program would have written."""


@dataclass(frozen=True)
class LinkAddress:
    """An address of a link, with the length of its prefix, and the line where it stands."""

    interface: IPv6Interface
    line: int
    temporary: bool = False
    """Made up by the host for some days (RFC 8981)."""


@dataclass(frozen=True)
class Announced:
    """A prefix that a router announces on a link. ``autonomous``: hosts make up addresses in it (RFC 4862)."""

    prefix: IPv6Network
    line: int
    autonomous: bool = True


@dataclass
class Link:
    """What is set of one link. None: nothing is said, and the default of the program or of the kernel counts."""

    name: str
    addresses: list[LinkAddress] = field(default_factory=list)
    announced: list[Announced] = field(default_factory=list)
    default_route: bool | None = None
    """There is a route to everywhere; False where all routes are known and none is."""
    hears_routers: bool | None = None
    """Router advertisements are heard (RFC 4861), which bring a default route."""
    prefers_temporary: int | None = None
    """The line that has the host prefer temporary addresses as the source of what it sends (RFC 6724, rule 7)."""


Links = dict[str, Link]


def _link(links: Links, name: str) -> Link:
    return links.setdefault(name[:64], Link(name[:64]))


def _interface(text: str) -> IPv6Interface | None:
    """An IPv6 address with its prefix, if it is one; without a length it is a whole prefix of its own."""
    try:
        return IPv6Interface(text.strip().strip("\"'"))
    except ValueError:
        return None


def _prefix(text: str) -> IPv6Network | None:
    found = _interface(text)
    return None if found is None else found.network


def _truth(text: str) -> bool | None:
    """What ``yes``, ``true``, ``on`` and their opposites say; None for anything else."""
    word = text.strip().lower()
    return True if word in ("yes", "true", "on", "1") else False if word in ("no", "false", "off", "0") else None


def read_networkd(text: str) -> Links:
    """One file ``*.network``: one link, named by ``Name=`` of ``[Match]``."""
    settings = list(parse_ini(text))
    name = next((setting.value for setting in settings if setting.name.lower() == "match/name"), "")
    link = Link((name or "the link of this file")[:64])
    for setting in settings:
        match setting.name.lower():
            case "network/address" | "address/address":
                _add(link, setting.value, setting.line)
            case "network/gateway" | "route/gateway":
                if setting.value.lower() == "_ipv6ra" or _interface(setting.value) is not None:
                    link.default_route = True
            case "network/ipv6acceptra":
                link.hears_routers = _truth(setting.value)
            case "network/ipv6privacyextensions":
                preferred = _truth(setting.value) is True
                link.prefers_temporary = setting.line if preferred else None
            case "ipv6prefix/prefix":
                if (prefix := _prefix(setting.value)) is not None:
                    link.announced.append(Announced(prefix, setting.line))
    return {link.name: link}


def _add(link: Link, text: str, line: int) -> None:
    found = _interface(text)
    if found is not None:
        link.addresses.append(LinkAddress(found, line))


def read_ifupdown(text: str) -> Links:
    """``iface NAME inet6 METHOD`` and the options below it."""
    links: Links = {}
    link: Link | None = None
    for number, whole, _ in continued_lines(text):
        words = whole.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "iface":
            link = _link(links, words[1]) if words[2:3] == ["inet6"] else None
            if link is not None and words[3:4] in (["auto"], ["dhcp"]):
                link.hears_routers = True
        elif words[0] in _STANZAS or words[0].startswith("allow-"):
            link = None
        elif link is not None:
            _ifupdown_option(link, words, number)
    return links


_STANZAS = ("auto", "mapping", "source", "source-directory", "no-auto-down", "no-scripts", "rename", "template")


def _ifupdown_option(link: Link, words: list[str], line: int) -> None:
    value = " ".join(words[1:])
    match words[0]:
        case "address":
            _add(link, value, line)
        case "netmask" if link.addresses and value.isdecimal() and len(value) < 4 and int(value) <= 128:
            last = link.addresses[-1]
            if last.interface.network.prefixlen == 128:
                link.addresses[-1] = LinkAddress(IPv6Interface(f"{last.interface.ip}/{int(value)}"), last.line)
        case "gateway":
            link.default_route = True
        case "accept_ra":
            link.hears_routers = value != "0"
        case "privext":
            link.prefers_temporary = line if value == "2" else None
        case "up" | "post-up" | "pre-up" if _ADDS_DEFAULT.search(value):
            link.default_route = True


_ADDS_DEFAULT = re.compile(r"\broute\b.*(?:\bdefault\b|::/0)")


def read_netplan(text: str) -> Links:
    """``network:`` with the kinds of links below it. Raises NotAddressPlan."""
    try:
        root = compose(text)
    except NotYAML as error:
        raise NotAddressPlan(f"line {error.line}: {error}" if error.line else str(error)) from None
    if not isinstance(root, MappingNode):
        raise NotAddressPlan("it is no mapping with the key network")
    links: Links = {}
    for kind, below in _items(_get(root, "network")):
        if kind in _KINDS:
            for name, settings in _items(below):
                if isinstance(settings, MappingNode):
                    _netplan_link(_link(links, name), settings)
    return links


_KINDS = frozenset(
    (
        "ethernets",
        "modems",
        "wifis",
        "bonds",
        "bridges",
        "dummy-devices",
        "tunnels",
        "vlans",
        "vrfs",
        "virtual-ethernets",
    )
)


def _netplan_link(link: Link, settings: MappingNode) -> None:
    for item in _list(_get(settings, "addresses")):
        holder = item.value[0][0] if isinstance(item, MappingNode) and item.value else item
        if isinstance(holder, ScalarNode):
            _add(link, holder.value, line_of(holder))
    routes = [(_text(_get(route, "to")), _text(_get(route, "via"))) for route in _list(_get(settings, "routes"))]
    leads_everywhere = any(to == "::/0" or (to == "default" and ":" in via) for to, via in routes)
    if leads_everywhere or _get(settings, "gateway6") is not None:
        link.default_route = True
    link.hears_routers = _truth(_text(_get(settings, "accept-ra")))
    private = _get(settings, "ipv6-privacy")
    if private is not None and _truth(_text(private)):
        link.prefers_temporary = line_of(private)


def _items(node: Node | None) -> Iterator[tuple[str, Node]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield key.value, value


def _get(node: Node | None, name: str) -> Node | None:
    return next((value for key, value in _items(node) if key == name), None)


def _list(node: Node | None) -> list[Node]:
    return node.value if isinstance(node, SequenceNode) else []


def _text(node: Node | None) -> str:
    return str(node.value) if isinstance(node, ScalarNode) else ""


def read_radvd(text: str) -> Links:
    """``interface NAME { prefix P { ... }; }`` of the interfaces that send: AdvSendAdvert is off by default."""
    links: Links = {}
    sending: set[str] = set()
    for setting in parse_statements(text, with_blocks=True):
        said = _RADVD.fullmatch(setting.name)
        if said is None:
            continue
        link = _link(links, said["link"])
        prefix = _prefix(said["prefix"] or "")
        if said["option"] == "AdvSendAdvert" and _truth(setting.value):
            sending.add(link.name)
        elif prefix is not None and said["of_prefix"] is None:
            link.announced.append(Announced(prefix, setting.line))
        elif said["of_prefix"] == "AdvAutonomous" and _truth(setting.value) is False and link.announced:
            last = link.announced[-1]
            link.announced[-1] = Announced(last.prefix, last.line, autonomous=False)
    return {name: link for name, link in links.items() if name in sending}


_RADVD = re.compile(
    r"interface (?P<link>[^/\s]+)/"
    r"(?:prefix (?P<prefix>[0-9A-Fa-f:.]+/[0-9]{1,3})(?:/(?P<of_prefix>\w+))?|(?P<option>\w+))"
)


def read_ip(text: str) -> Links:
    """What ``ip -j address`` or ``ip -6 -j route`` said: what is so, and not what was meant. Raises NotAddressPlan."""
    try:
        said = json.loads(text or "[]")
    except (ValueError, RecursionError):
        raise NotAddressPlan("it is no JSON, as `ip -j address` and `ip -6 -j route` write it") from None
    if not isinstance(said, list) or not all(isinstance(item, dict) for item in said):
        raise NotAddressPlan("it is no list of links or routes")
    links: Links = {}
    for item in said:
        if isinstance(item.get("ifname"), str):
            _ip_link(_link(links, item["ifname"]), item.get("addr_info"))
        elif isinstance(item.get("dev"), str) and isinstance(item.get("dst"), str):
            link = _link(links, item["dev"])
            leads = item["dst"] == "default" and item.get("type", "unicast") == "unicast"
            link.default_route = leads or bool(link.default_route)
    return links


def _ip_link(link: Link, addresses: Any) -> None:
    for found in addresses if isinstance(addresses, list) else ():
        if isinstance(found, dict) and found.get("family") == "inet6":
            interface = _interface(f"{found.get('local')}/{found.get('prefixlen')}")
            if interface is not None:
                link.addresses.append(LinkAddress(interface, 1, temporary=found.get("temporary") is True))


READERS: dict[str, Callable[[str], Links]] = {
    "networkd": read_networkd,
    "ifupdown": read_ifupdown,
    "netplan": read_netplan,
    "radvd": read_radvd,
    "ip": read_ip,
}
"""By program, as the inventory calls it."""
