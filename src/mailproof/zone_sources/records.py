"""Sets of records as the sources of zones have them, on their way into a master file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailproof.zone_sources.source import SourceZone

_TYPE = re.compile(r"[A-Z][A-Z0-9]{0,15}")
_NAME = re.compile(r"[^\s;()\"$@\\\x00-\x1f\x7f\ud800-\udfff]{1,255}")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ENDS_IN_A_NAME = frozenset({"MX", "CNAME", "NS", "PTR", "SRV", "DNAME"})
_HELD = re.compile(r'"(?:[^"\\]|\\.)*"|\\.')
"""What a master file takes as it stands, marks of its own in it as well."""

_ESCAPE = re.compile(r"\\(?:([0-3][0-7]{2})|.)", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9_*-]")


class Unwritable(Exception):
    """A record that no master file can hold."""


@dataclass(frozen=True)
class Record:
    """A set of records."""

    name: str
    """As the source has it: absolute, or relative to the zone; empty or @ for the zone itself."""
    type: str
    ttl: int
    data: tuple[str, ...]
    is_absolute: bool = False
    """Whether the name is absolute without a dot at its end as well."""

    def absolute(self, zone: str) -> str:
        """The name without the last dot. Raises Unwritable for one outside of the zone."""
        if self.name in ("", "@"):
            return zone
        name = self.name.lower().rstrip(".")
        if lies_in(name, zone):
            return name
        if self.is_absolute or self.name.endswith("."):
            raise Unwritable(f"the name {self.name} does not lie in the zone {zone}")
        return f"{name}.{zone}"

    def lines(self, zone: str) -> Iterator[str]:
        """As lines of a master file. Raises Unwritable for a name outside of the zone."""
        for data in self.data:
            shown = f"{data.strip().removesuffix('.')}." if self.type in _ENDS_IN_A_NAME else data
            yield f"{self.absolute(zone)}. {self.ttl} IN {self.type} {shown}"

    def add_to(self, zone: SourceZone) -> None:
        """Add the set to its zone. Raises Unwritable for a name outside of the zone."""
        zone.lines += [*self.lines(zone.name)]
        zone.has_soa |= self.type == "SOA"
        zone.has_ns |= self.type == "NS" and self.absolute(zone.name) == zone.name


def record_of(name: object, type: object, ttl: object, data: object, *, absolute: bool = False) -> Record:
    """A set of what a source says, none of which needs to be what it should be. Raises Unwritable."""
    if not isinstance(name, str) or not isinstance(type, str):
        raise Unwritable("its name or its type is not known: after the apply only?")
    kind = type.upper()
    if not _TYPE.fullmatch(kind) or not (name in ("", "@") or _NAME.fullmatch(name)):
        raise Unwritable(f"the name {name!r} or the type {kind!r} is none")
    if not isinstance(data, list) or not data or not all(isinstance(one, str) for one in data):
        raise Unwritable("what it holds is known after the apply only")
    if any("\n" in one or "\r" in one for one in data):
        raise Unwritable("what it holds has several lines")
    if any(_NO_TEXT.search(one) for one in data):
        raise Unwritable("what it holds is no text")
    for one in data:
        if any(mark in _HELD.sub("", one) for mark in ';()"'):
            what = "a text" if kind in ("TXT", "SPF") else "a ; or parenthesis"
            raise Unwritable(f"{what} without quotes around it: {one!r:.60}")
    if not isinstance(ttl, int) or isinstance(ttl, bool) or not 0 <= ttl < 2**31:
        raise Unwritable(f"the TTL {ttl!r} is none")
    return Record(name, kind, ttl, tuple(data), absolute)


def lies_in(name: str, zone: str) -> bool:
    """Whether a name is that of the zone, or below it."""
    return name == zone or name.endswith(f".{zone}")


def from_octal(text: str) -> str:
    """Octets that Route 53 writes in octal, as master files have them: in decimal (RFC 1035, section 5.1)."""
    return _ESCAPE.sub(_decimal, text)


def _decimal(found: re.Match[str]) -> str:
    if found[1] is None:  # a backslash before a character, which may be another backslash
        return found[0]
    octet = int(found[1], 8)
    return chr(octet) if _PLAIN.fullmatch(chr(octet)) else f"\\{octet:03}"
