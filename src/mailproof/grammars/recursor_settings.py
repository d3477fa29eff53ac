"""The settings of the PowerDNS Recursor: in YAML, ``section: {name: value}`` (since 5.0, "New Style (YAML) Settings"),
or ``name=value`` (until 5.1, and where it is asked for), of which all names are those of the old form.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mailproof.grammars.address_lists import IPNetwork
from mailproof.grammars.powerdns_settings import LISTS, NotPowerDNSSettings, PowerDNSSetting, parse_old
from mailproof.grammars.yaml_nodes import NotYAML, compose, line_of

OLD_NAMES = {
    "incoming.allow_from": "allow-from",
    "incoming.allow_from_file": "allow-from-file",
    "incoming.listen": "local-address",
    "dnssec.validation": "dnssec",
    "recursor.version_string": "version-string",
    "recursor.include_dir": "include-dir",
}
"""The settings that are read, and what they are called in the old form (rec-rust-lib/table.py of the Recursor)."""
_OLD = frozenset(OLD_NAMES.values())
SECTIONS = frozenset(
    (
        *("carbon", "dnssec", "ecs", "incoming", "logging", "nod", "outgoing"),
        *("packetcache", "recordcache", "recursor", "snmp", "webservice"),
    )
)
MAX_VALUES = 1000
"""Of one list of YAML. One with more is not read."""
MAX_NETWORKS = 10_000
"""Of one list with all that is added to it. One with more is not read."""

MAX_ADDRESS = 64
"""Characters of a short address."""


@dataclass(frozen=True)
class RecursorSettings:
    """The settings of one file, as far as they are read."""

    settings: tuple[PowerDNSSetting, ...]
    in_yaml: bool


def parse_recursor(text: str) -> RecursorSettings:
    """The settings of a file in order. Raises NotPowerDNSSettings."""
    try:
        root = compose(text, quotes=False)
    except NotYAML as error:
        return RecursorSettings(tuple(parse_old(text, _OLD, f"{error}, and no name=value", error.line)), in_yaml=False)
    if root is None:
        return RecursorSettings((), in_yaml=False)
    if isinstance(root, MappingNode):
        return RecursorSettings(tuple(_new(root)), in_yaml=True)
    return RecursorSettings(tuple(parse_old(text, _OLD, "neither sections of YAML nor name=value")), in_yaml=False)


def parse_networks(text: str) -> tuple[str, ...]:
    """The networks of a file that ``allow_from_file`` names: a list of YAML, or one a line."""
    try:
        root = compose(text, quotes=False)
    except NotYAML:
        root = None
    if isinstance(root, SequenceNode):
        return tuple(str(item.value) for item in root.value if isinstance(item, ScalarNode))
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def network_of(text: str) -> IPNetwork | None:
    """A network as PowerDNS understands it, whose IPv4 addresses may be short ones of inet_aton(3): ``0/0``. None for
    what it refuses to start with.
    """
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        address, slash, length = text.partition("/")
    try:
        return ipaddress.IPv4Network((_short_address(address), int(length) if slash else 32), strict=False)
    except ValueError:
        return None


def _short_address(text: str) -> int:
    """The number of an IPv4 address of one to four parts, of which the last fills what is left. Raises ValueError."""
    parts = text.split(".")
    if len(parts) > 4 or len(text) > MAX_ADDRESS or not all(part.isalnum() for part in parts):
        raise ValueError(text)
    numbers = [int(part, 0 if part[:2].lower() == "0x" else 8 if part[0] == "0" else 10) for part in parts]
    if numbers[-1] >= 256 ** (5 - len(numbers)) or any(number > 255 for number in numbers[:-1]):
        raise ValueError(text)
    return sum(number << 8 * (3 - place) for place, number in enumerate(numbers[:-1])) + numbers[-1]


def hold_everybody(networks: Iterable[IPNetwork]) -> bool:
    """Whether networks hold all addresses of one family, several of them together as well."""
    found = list(networks)
    fours = (one for one in found if isinstance(one, ipaddress.IPv4Network))
    sixes = (one for one in found if isinstance(one, ipaddress.IPv6Network))
    whole: tuple[Iterable[IPNetwork], ...] = (ipaddress.collapse_addresses(fours), ipaddress.collapse_addresses(sixes))
    return any(one.prefixlen == 0 for family in whole for one in family)


def _new(root: MappingNode) -> Iterator[PowerDNSSetting]:
    sections = list(_items(root))
    if not any(name in SECTIONS for name, _, _ in sections):
        raise NotPowerDNSSettings("it has none of the Recursor's sections", line_of(root))
    for section, _, below in sections:
        for name, line, node in _items(below):
            called = f"{section}.{name}"
            if called in OLD_NAMES:
                adds = str(node.tag) != "!override"
                yield PowerDNSSetting(OLD_NAMES[called], called, _values(called, node), line, adds)


def _values(called: str, node: Node) -> tuple[str, ...]:
    if OLD_NAMES[called] not in LISTS:
        if not isinstance(node, ScalarNode):
            raise NotPowerDNSSettings(f"{called} is no text", line_of(node))
        return (str(node.value),)
    if not isinstance(node, SequenceNode) or not all(isinstance(item, ScalarNode) for item in node.value):
        raise NotPowerDNSSettings(f"{called} is no list", line_of(node))
    if len(node.value) > MAX_VALUES:
        raise NotPowerDNSSettings(f"{called} has more than {MAX_VALUES} entries", line_of(node))
    return tuple(str(item.value) for item in node.value)


def _items(node: Node) -> Iterator[tuple[str, int, Node]]:
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if isinstance(key, ScalarNode):
            yield str(key.value), line_of(key), value
