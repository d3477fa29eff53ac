"""White lists: clients that a mail server never refuses, one a line.

Exim reads files of hosts and domains (Exim specification, chapter 10, "File names in lists"), and lookups ``key:
value``; Postfix reads tables ``pattern result`` (access(5), cidr_table(5)), of which the lines that refuse are no part
of a white list. A pattern is an address, a network, the first octets of one (access(5)), a name of a host or domain, or
a mail address; regular expressions and lookups are not taken apart.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailproof.grammars.address_lists import IPNetwork

MAX_ENTRIES = 10_000
"""Of one list. What follows is not looked at."""
MAX_TEXT = 300
"""Characters of an entry."""

_REFUSING = re.compile(r"(?:reject|defer|discard|hold|[45]\d\d|!)", re.IGNORECASE)
_LOOKUP = re.compile(r"/|\^|\$|[a-z0-9-]{2,30};|\+|@\[?\]?$|if\b|endif\b")
"""A regular expression, a lookup, a macro, a named list: what it holds stands elsewhere."""
_NO_HOST = re.compile(r"<>|[^\s@]+@|localhost", re.IGNORECASE)
"""The sender of bounces and a user at any domain (access(5)), and a name that the DNS need not have (RFC 6761)."""
_OCTETS = re.compile(r"\d{1,3}(?:\.\d{1,3}){0,2}\.?")
_NAME = re.compile(r"(?:\*?\.|\*)?((?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z][a-z0-9-]{0,62})\.?", re.IGNORECASE)


@dataclass(frozen=True)
class WhiteListEntry:
    """One entry. ``network`` or ``name`` is set; neither where it is not understood, or ``elsewhere``."""

    text: str
    line: int
    """From 1."""
    network: str = ""
    """The address or network that is written there; an address is a network of one."""
    name: str = ""
    """The host or domain that is written there, without a wildcard."""
    elsewhere: bool = False

    @property
    def addresses(self) -> IPNetwork | None:
        """The network, to be reckoned with."""
        return _network(self.network) if self.network else None

    @property
    def understood(self) -> bool:
        return bool(self.network or self.name or self.elsewhere)


def parse_white_list(text: str) -> Iterator[WhiteListEntry]:
    """The entries of a list in order."""
    count = 0
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        said = _COMMENT.split(line, maxsplit=1)[0].strip()
        if (
            not said or line[:1] in " \t" or count == MAX_ENTRIES
        ):  # a line that begins with a blank goes on with the last
            continue
        pattern, result = _parts(said[:MAX_TEXT])
        if pattern and not pattern.startswith("!") and not _REFUSING.match(result):
            count += 1
            yield _entry(pattern, number)


_COMMENT = re.compile(r"(?:^|[ \t])#")


def _parts(said: str) -> tuple[str, str]:
    """The pattern of a line, and what stands behind it. Exim quotes addresses of IPv6 in lookups."""
    if said.startswith('"'):
        pattern, _, result = said[1:].partition('"')
        return pattern.strip(), result.lstrip(": \t")
    pattern, _, result = said.replace("\t", " ").partition(" ")
    if pattern.endswith(":") and _network(pattern) is None:
        pattern = pattern[:-1]
    return pattern, result.strip()


def _entry(pattern: str, line: int) -> WhiteListEntry:
    network = _network(pattern)
    if network is not None:
        return WhiteListEntry(pattern, line, str(network))
    if _LOOKUP.match(pattern) or _NO_HOST.fullmatch(pattern):
        return WhiteListEntry(pattern, line, elsewhere=True)
    name = _NAME.fullmatch(pattern.rpartition("@")[2])
    return WhiteListEntry(pattern, line, name=name[1].lower() if name else "")


def _network(text: str) -> IPNetwork | None:
    if text == "*":
        return ipaddress.IPv4Network("0.0.0.0/0")
    if _OCTETS.fullmatch(text):
        octets = text.rstrip(".").split(".")
        text = f"{'.'.join([*octets, *['0'] * (4 - len(octets))])}/{8 * len(octets)}"
    try:
        return ipaddress.ip_network(re.sub(r"^\[([^\]]*)\]", r"\1", text), strict=False)
    except ValueError:
        return None
