"""Lists of hosts and domains in the configurations of mail servers: who may relay, and for which domains.

Postfix separates entries by commas and blanks (postconf(5), "mynetworks"), Exim by colons, or by what follows ``<``
at the beginning (Exim specification, chapter 10, "Domain, host, address, and local part lists").
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_ENTRIES = 10_000
"""Of one list. What follows is not looked at."""

_TABLE = re.compile(r"(?:/|[a-z][a-z0-9_-]{0,31}:(?!:))")
"""A file, or a table with its type, of Postfix: its content is elsewhere."""
_LOOKUP = re.compile(r"(?:/|(?:net(?:\d+)?-)?(?:partial\S{0,20}-)?[a-z0-9]{2,20};|\$)")
"""A file, a lookup or an expansion of Exim."""


@dataclass(frozen=True)
class ListEntry:
    """One entry of a list. ``network`` is set where it is an address or a network."""

    text: str
    network: IPNetwork | None = None
    elsewhere: bool = False
    """What it holds stands in a file or table, or is worked out for each message."""
    negated: bool = False


def parse_postfix_list(text: str) -> Iterator[ListEntry]:
    """The entries of a list of Postfix."""
    for word in re.split(r"[,\s]+", text.strip())[:MAX_ENTRIES]:
        negated, bare = word.startswith("!"), word.lstrip("!")
        if not bare:
            continue
        network = _network(re.sub(r"^\[([^\]]*)\]", r"\1", bare))
        elsewhere = network is None and ("$" in bare or _TABLE.match(bare) is not None)
        yield ListEntry(bare, network, elsewhere, negated)


def parse_exim_list(text: str) -> Iterator[ListEntry]:
    """The entries of a list of Exim. A doubled separator stands for itself, as in IPv6 addresses."""
    text = text.strip()
    separator = ":"
    if given := re.match(r"<\s*([^\w\s])", text):
        separator, text = given[1], text[given.end() :]
    double = "\0"
    for word in text.replace(2 * separator, double).split(separator)[:MAX_ENTRIES]:
        bare = word.replace(double, separator).strip()
        negated, bare = bare.startswith("!"), bare.lstrip("! ")
        if not bare:
            continue
        network = _network(bare)
        elsewhere = network is None and (_LOOKUP.match(bare) is not None or bare.startswith("+"))
        yield ListEntry(bare, network, elsewhere, negated)


def _network(text: str) -> IPNetwork | None:
    """An address or a network, whatever its host bits are."""
    if text == "*":
        return ipaddress.IPv4Network("0.0.0.0/0")
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        (
            *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
            *("::1/128", "fc00::/7", "fe80::/10", "fec0::/10"),
        ),
    )
)
"""RFC 1122, RFC 1918, RFC 3927, RFC 6598; RFC 4291, RFC 4193, RFC 3879."""


def is_private(network: IPNetwork, among: Iterable[IPNetwork] = PRIVATE) -> bool:
    """Whether a network is inside one that no stranger can be in."""
    return any(network.version == private.version and network.subnet_of(private) for private in among)  # type: ignore[arg-type]
