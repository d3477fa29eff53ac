"""The IPv6 addresses, prefixes and routes of links, as the files of a host's network have them.

systemd.network(5), nm-settings-keyfile(5), interfaces(5) of ifupdown, netplan's YAML, radvd.conf(5), and the output of
``ip -j address`` and ``ip -6 -j route``. What is not about IPv6 is passed over, and so is what cannot be read: a link
has what is understood.

Every text is gone through once, in a time that its length bounds.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Interface, IPv6Network
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mailproof.grammars.directives import parse_statements
from mailproof.grammars.settings import Setting, continued_lines, parse_ini
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
    dynamic: bool = False
    """From a router or a DHCP server, for as long as these say."""


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
    prefers_temporary: bool | None = None
    """The host prefers temporary addresses as the source of what it sends (RFC 6724, section 5, rule 7)."""
    says_so: int = 0
    """The line that says of that one thing or the other."""
    matched: bool = True
    """The file says which link it is about."""


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


def _leads_everywhere(destination: str) -> bool:
    """A destination is all of IPv6, or all of what is routed in the internet."""
    return destination.strip().strip("\"'").lower() in ("default", "::/0", "2000::/3")


_MAIN_TABLES = ("", "main", "254")


def read_networkd(text: str) -> Links:
    """One file ``*.network``, or a drop-in of one: one link, named by ``Name=`` of ``[Match]``, else by nothing."""
    settings = list(parse_ini(text))
    name = next((setting.value for setting in settings if setting.name.lower() == "match/name"), "")
    link = Link(name[:64], matched=any(setting.name.lower().startswith("match/") for setting in settings))
    for setting in settings:
        match setting.name.lower():
            case "network/address" | "address/address":
                _add(link, setting.value, setting.line)
            case "network/gateway" if _is_gateway(setting.value):
                link.default_route = True
            case "network/defaultrouteondevice" if _truth(setting.value):
                link.default_route = True
            case "network/ipv6acceptra":
                link.hears_routers = _truth(setting.value)
            case "network/ipv6privacyextensions":
                link.prefers_temporary, link.says_so = _truth(setting.value) is True, setting.line
    for kind, section in _networkd_sections(text, settings):
        if kind == "route" and _networkd_default(section):
            link.default_route = True
        elif kind == "ipv6prefix" and "prefix" in section:
            said = section.get("addressautoconfiguration")
            autonomous = said is None or _truth(said.value) is not False
            _announce(link, _prefix(section["prefix"].value), section["prefix"].line, autonomous=autonomous)
    return {link.name: link}


def _networkd_sections(text: str, settings: list[Setting]) -> Iterator[tuple[str, dict[str, Setting]]]:
    """Each section of its own, with its settings by name: there may be several of the same name."""
    heads = [number for number, line in enumerate(text.splitlines(), 1) if line.lstrip().startswith("[")]
    found: dict[int, tuple[str, dict[str, Setting]]] = {}
    for setting in settings:
        kind, _, name = setting.name.lower().partition("/")
        found.setdefault(bisect_left(heads, setting.line), (kind, {}))[1][name] = setting
    yield from found.values()


def _networkd_default(route: dict[str, Setting]) -> bool:
    said = {name: setting.value for name, setting in route.items()}
    if said.get("table", "").lower() not in _MAIN_TABLES or said.get("type", "unicast").lower() != "unicast":
        return False
    destination = said.get("destination", "")
    return _leads_everywhere(destination) or (not destination and _is_gateway(said.get("gateway", "")))


def _is_gateway(text: str) -> bool:
    return text.lower() == "_ipv6ra" or _interface(text) is not None


def _announce(link: Link, prefix: IPv6Network | None, line: int, *, autonomous: bool = True) -> Announced | None:
    """None for ``::/64``, which stands for the prefixes that the interface has."""
    if prefix is None or prefix.network_address.is_unspecified:
        return None
    link.announced.append(Announced(prefix, line, autonomous))
    return link.announced[-1]


def _add(link: Link, text: str, line: int) -> None:
    found = _interface(text)
    if found is not None and not found.ip.is_unspecified:  # ``::/64``: networkd takes a free prefix of that length
        link.addresses.append(LinkAddress(found, line))


def read_networkmanager(text: str) -> Links:
    """One keyfile ``*.nmconnection`` (nm-settings-keyfile(5)): one link, named by ``interface-name``, else by nothing;
    none where it is not brought up by itself.
    """
    said = {setting.name.lower(): setting for setting in parse_ini(text)}

    def value(name: str) -> str:
        return said[name].value if name in said else ""

    if _truth(value("connection/autoconnect")) is False:
        return {}
    link = Link(value("connection/interface-name")[:64], matched="connection/interface-name" in said)
    method = value("ipv6/method").lower()
    if method in ("disabled", "ignore"):
        return {link.name: link}
    link.hears_routers = method in ("", "auto", "dhcp", "shared")
    gateways = [value("ipv6/gateway")]
    for name, setting in said.items():
        if _NM_ADDRESS.fullmatch(name):
            address, _, gateway = setting.value.partition(",")
            _add(link, address.strip("; "), setting.line)
            gateways.append(gateway)
        elif _NM_ROUTE.fullmatch(name) and _leads_everywhere(setting.value.split(",", 1)[0]):
            link.default_route = True
    if any(map(_is_gateway, gateways)):
        link.default_route = True
    if _truth(value("ipv6/never-default")):
        link.default_route, link.hears_routers = None, False if link.hears_routers is False else None
    if "ipv6/ip6-privacy" in said:
        link.prefers_temporary, link.says_so = value("ipv6/ip6-privacy") == "2", said["ipv6/ip6-privacy"].line
    return {link.name: link}


_NM_ADDRESS = re.compile(r"ipv6/address(?:es)?\d{0,4}")
_NM_ROUTE = re.compile(r"ipv6/routes?\d{0,4}")


def read_ifupdown(text: str) -> Links:
    """``iface NAME inet6 METHOD`` and the options below it; ifupdown-ng has no family, and both may stand there."""
    links: Links = {}
    link: Link | None = None
    family = ""
    for number, whole, _ in continued_lines(text):
        words = whole.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "iface":
            family = next((word for word in words[2:3] if word in ("inet", "inet6")), "")
            link = _link(links, words[1].partition(":")[0]) if len(words) > 1 else None  # eth0:1 is an alias of eth0
            if link is not None and words[2:4] in (["inet6", "auto"], ["inet6", "dhcp"]):
                link.hears_routers = True
        elif words[0] in _STANZAS or words[0].startswith("allow-"):
            link = None
        elif link is not None:
            if words[0] in ("up", "post-up", "pre-up"):
                if _adds_default(words[1:], family):
                    link.default_route = True
            elif family != "inet":
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
        case "gateway" if ":" in value:
            link.default_route = True
        case "accept_ra":
            link.hears_routers = value != "0"
        case "privext":
            link.prefers_temporary, link.says_so = value == "2", line


def _adds_default(command: list[str], family: str) -> bool:
    """A command adds an IPv6 route to everywhere: ``ip -6 route add default via fe80::1 dev eth0``."""
    words = [word.strip("'\";&|()") for word in command]
    said = frozenset(words)
    if not any(word == "route" or word.endswith("/route") for word in words) or said & _NO_ROUTE:
        return False
    if "table" in words and words[words.index("table") + 1 :][:1] not in (["main"], ["254"]):
        return False
    if not any(_leads_everywhere(word) for word in words):
        return False
    return family == "inet6" or any(word in ("-6", "inet6", "::/0", "2000::/3") for word in words)


_NO_ROUTE = frozenset(("blackhole", "del", "delete", "prohibit", "throw", "unreachable"))


def read_netplan(text: str) -> Links:
    """``network:`` with the kinds of links below it. Raises NotAddressPlan."""
    try:
        root = compose(text, quotes=False)
    except NotYAML as error:
        raise NotAddressPlan(f"line {error.line}: {error}" if error.line else str(error)) from None
    if root is None:  # comments alone, or an empty file that stands in the place of another
        return {}
    if not isinstance(root, MappingNode):
        raise NotAddressPlan("it is no mapping with the key network")
    links: Links = {}
    for kind, below in _items(_get(root, "network")):
        if kind in _KINDS:
            for name, settings in _items(below):
                if isinstance(settings, MappingNode):
                    _netplan_link(_link(links, name), settings, is_tunnel=kind == "tunnels")
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


def _netplan_link(link: Link, settings: MappingNode, *, is_tunnel: bool) -> None:
    for item in _list(_get(settings, "addresses")):
        holder = item.value[0][0] if isinstance(item, MappingNode) and item.value else item
        if isinstance(holder, ScalarNode):
            _add(link, holder.value, line_of(holder))
    routes = _list(_get(settings, "routes"))
    if any(_netplan_default(route, is_tunnel=is_tunnel) for route in routes) or _get(settings, "gateway6") is not None:
        link.default_route = True
    link.hears_routers = _truth(_text(_get(settings, "accept-ra")))
    private = _get(settings, "ipv6-privacy")
    if private is not None and (prefers := _truth(_text(private))) is not None:
        link.prefers_temporary, link.says_so = prefers, line_of(private)


def _netplan_default(route: Node, *, is_tunnel: bool) -> bool:
    """``default`` is of the family of ``via``; what is sent into a tunnel needs none."""
    if _text(_get(route, "table")) not in _MAIN_TABLES or _text(_get(route, "type")) not in ("", "unicast"):
        return False
    to, via = _text(_get(route, "to")), _text(_get(route, "via"))
    return _leads_everywhere(to) and (to != "default" or ":" in via or (is_tunnel and not via))


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
    last: Announced | None = None
    for setting in parse_statements(text, with_blocks=True):
        said = _RADVD.fullmatch(setting.name)
        if said is None:
            continue
        link = _link(links, said["link"])
        if said["option"] == "AdvSendAdvert" and _truth(setting.value):
            sending.add(link.name)
        elif said["prefix"] and said["of_prefix"] is None:
            last = _announce(link, _prefix(said["prefix"]), setting.line)
        elif last is None or not said["prefix"]:
            continue
        elif said["of_prefix"] in ("Base6to4Interface", "Base6Interface"):  # what is announced begins with its prefix
            link.announced.pop()
            last = None
        elif said["of_prefix"] == "AdvAutonomous" and _truth(setting.value) is False:
            last = link.announced[-1] = Announced(last.prefix, last.line, autonomous=False)
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
        elif isinstance(item.get("dst"), str):
            leads = _leads_everywhere(item["dst"]) and item.get("type", "unicast") == "unicast"
            hops = item.get("nexthops")  # a route that several links share has no link of its own
            for hop in (item, *(hops if isinstance(hops, list) else ())):
                if isinstance(hop, dict) and isinstance(hop.get("dev"), str):
                    link = _link(links, hop["dev"])
                    link.default_route = leads or bool(link.default_route)
    return links


def _ip_link(link: Link, addresses: Any) -> None:
    for found in addresses if isinstance(addresses, list) else ():
        if isinstance(found, dict) and found.get("family") == "inet6":
            interface = _interface(f"{found.get('local')}/{found.get('prefixlen')}")
            if interface is not None:
                # Without preferred time it is deprecated, and no source of anything new (RFC 4862, section 5.5.4).
                in_use = found.get("preferred_life_time") != 0 and found.get("deprecated") is not True
                temporary, dynamic = in_use and found.get("temporary") is True, found.get("dynamic") is True
                link.addresses.append(LinkAddress(interface, 1, temporary, dynamic))


READERS: dict[str, Callable[[str], Links]] = {
    "networkd": read_networkd,
    "networkmanager": read_networkmanager,
    "ifupdown": read_ifupdown,
    "netplan": read_netplan,
    "radvd": read_radvd,
    "ip": read_ip,
}
"""By program, as the inventory calls it."""
