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


class Unwritable(Exception):
    """A record that no master file can hold."""


@dataclass(frozen=True)
class Record:
    """A set of records."""

    name: str
    """As the source has it: absolute, or relative to the zone."""
    type: str
    ttl: int
    data: tuple[str, ...]
    zone_id: str = ""

    def absolute(self, zone: str) -> str:
        """The name without the last dot."""
        name = self.name.lower().rstrip(".")
        if name in ("", "@"):
            return zone
        return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"

    def lines(self, zone: str) -> Iterator[str]:
        """As lines of a master file."""
        for data in self.data:
            shown = f"{data}." if self.type in _ENDS_IN_A_NAME and not data.endswith(".") else data
            yield f"{self.absolute(zone)}. {self.ttl} IN {self.type} {shown}"

    def add_to(self, zone: SourceZone) -> None:
        """Add the set to its zone."""
        zone.lines += self.lines(zone.name)
        zone.has_soa |= self.type == "SOA"
        zone.has_ns |= self.type == "NS" and self.absolute(zone.name) == zone.name


def record_of(name: object, type: object, ttl: object, data: object, zone_id: str = "") -> Record:
    """A set of what a source says, none of which needs to be what it should be. Raises Unwritable."""
    name, kind = str(name), str(type).upper()
    if not _TYPE.fullmatch(kind) or not (name in ("", "@") or _NAME.fullmatch(name)):
        raise Unwritable(f"the name {name!r} or the type {kind!r} is none")
    if not isinstance(data, list) or not data or not all(isinstance(one, str) for one in data):
        raise Unwritable("what it holds is known after the apply only")
    if any("\n" in one or "\r" in one for one in data):
        raise Unwritable("what it holds has several lines")
    if any(_NO_TEXT.search(one) for one in data):
        raise Unwritable("what it holds is no text")
    if not isinstance(ttl, int) or isinstance(ttl, bool) or not 0 <= ttl < 2**31:
        raise Unwritable(f"the TTL {ttl!r} is none")
    return Record(name, kind, ttl, tuple(data), zone_id)
