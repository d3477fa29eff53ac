"""The records of a zone: all that stand in a master file, or those at the names of a served zone that are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.observations import Observation
from mailproof.places import Place

Types = dict[str, list["ZoneRecord"]]
"""Records of one name by their type."""

BESIDE_AN_ALIAS = ("CNAME", "RRSIG", "NSEC", "NSEC3", "KEY")
"""Types that may stand at the name of an alias (RFC 4035, section 2.5)."""

MAX_LINKS = 16
"""Aliases followed within a zone."""


@dataclass(frozen=True)
class ZoneRecord:
    """One record, with the line on which it begins."""

    record: ResourceRecord
    place: Place | None = None
    """None where it was answered by a server."""
    whole_ttl: bool = True
    """Whether the TTL is that of the zone, and not what is left of it in a cache."""

    def __str__(self) -> str:
        return f"{self.place}: {self.record}" if self.place else str(self.record)


@dataclass(frozen=True)
class Outside:
    """A name with records in a file that does not lie in the file's zone: no server answers with them."""

    name: str
    place: Place


@dataclass(frozen=True)
class ZoneRecords(Observation):
    """The records of a zone."""

    zone: str
    records: tuple[ZoneRecord, ...]
    whole: bool = True
    """Whether these are all records of the zone."""
    known: tuple[tuple[str, str], ...] = ()
    """Names and types that the inventory knows: what mail of its domains needs."""
    unknown: tuple[str, ...] = ()
    """Questions that were not answered, with the reasons."""
    random: Annotated[Answer, "A"] | None = None
    """What a server says of a name that was made up."""
    outside: tuple[Outside, ...] = ()

    @cached_property
    def names(self) -> dict[str, Types]:
        """All records by name and type."""
        found: dict[str, Types] = {}
        for entry in self.records:
            found.setdefault(entry.record.name, {}).setdefault(entry.record.type, []).append(entry)
        return found

    def of(self, *types: str) -> Iterator[ZoneRecord]:
        """The records of these types, in their order."""
        return (entry for entry in self.records if entry.record.type in types)

    def contains(self, name: str) -> bool:
        """Whether a name lies in the zone, at or below its own name, and is not delegated away."""
        return self.is_below(name) and not self.cut(name)

    def is_below(self, name: str) -> bool:
        """Whether a name lies at or below the name of the zone."""
        return self.zone == "." or f".{name}".endswith(f".{self.zone}")

    def cut(self, name: str) -> str:
        """The delegation at or above a name of the zone; empty where there is none."""
        return next((above for above in self._upwards(name) if "NS" in self.names.get(above, {})), "")

    def dname(self, name: str) -> str:
        """The name above ``name`` that has a DNAME record; empty where none has."""
        every = (*self._upwards(name), self.zone)
        return next((above for above in every if above != name and "DNAME" in self.names.get(above, {})), "")

    def _upwards(self, name: str) -> Iterator[str]:
        """A name of the zone and those above it, without the zone's own."""
        while name != self.zone and name:
            yield name
            name = name.partition(".")[2]

    def at(self, name: str) -> Types | None:
        """What a question for a name of the zone finds: its records, or those of the wildcard that covers it.

        None where the name does not exist (RFC 4592, section 2.2.1).
        """
        if name in self._existing:
            return self.names.get(name, {})
        for above in (*self._upwards(name.partition(".")[2]), self.zone):
            if above in self._existing:
                return self.names.get(f"*.{above}" if above != "." else "*")
        return None

    @cached_property
    def _existing(self) -> frozenset[str]:
        """All names that exist, those without records between others included (RFC 4592, section 2.2.2)."""
        found = {self.zone}
        for name in self.names:
            found.update(self._upwards(name))
        return frozenset(found)

    def alias(self, name: str) -> str:
        """Where the alias at a name leads; empty where it is none."""
        entries = (self.at(name) or {}).get("CNAME", [])
        return entries[0].record.target if entries else ""

    def followed(self, name: str) -> tuple[str, ...]:
        """A name and the names of the zone that its aliases lead to, up to where they leave the zone or come round."""
        path = [name]
        while len(path) <= MAX_LINKS and self.contains(path[-1]) and (target := self.alias(path[-1])):
            path.append(target)
            if target in path[:-1]:
                break
        return tuple(path)

    @property
    def beside_aliases(self) -> tuple[tuple[ZoneRecord, str], ...]:
        """What stands beside an alias, or below a DNAME, each with what it is in words."""
        found: list[tuple[ZoneRecord, str]] = []
        for name, types in self.names.items():
            aliases = types.get("CNAME", [])
            others = [type for type in types if type not in BESIDE_AN_ALIAS]
            if aliases and name == self.zone:
                found.append((aliases[0], f"the zone's own name {name} is an alias"))
            elif aliases and others:
                found.append((aliases[0], f"{name} is an alias, and has {', '.join(others)} records as well"))
            elif len({entry.record.target for entry in aliases}) > 1:
                found.append((aliases[1], f"{name} is an alias of {len(aliases)} names"))
            if above := self.dname(name):
                found.append((next(iter(types.values()))[0], f"{name} stands below the DNAME of {above}"))
        return tuple(found)

    def evidence(self) -> tuple[str, ...]:
        head = f"{len(self.records)} records of {self.zone}"
        shown = tuple(map(str, self.records)) if not self.whole else ()
        lines = self.random.evidence() if self.random else ()
        return (head, *shown, *lines, *self.unknown)


@dataclass(frozen=True)
class Loading:
    """What one program said of a master file."""

    program: str
    status: int | None
    """Its exit status; None where it did not come to an end."""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class ZoneLoads(Observation):
    """What the loaders of name servers say of a master file: those that are installed here."""

    zone: str
    file: str
    loadings: tuple[Loading, ...]

    def evidence(self) -> tuple[str, ...]:
        return tuple(
            line
            for loading in self.loadings
            for line in (f"{loading.program} ended with {loading.status}", *loading.lines)
        )


def comparable(record: ResourceRecord) -> str:
    """The data of a record as they are compared: names without regard to case (RFC 4343)."""
    return record.data.lower() if record.target else record.data


@dataclass(frozen=True)
class ServedSet:
    """What a server of a zone says of one name and type that stand in the file, or that the inventory knows."""

    name: str
    type: str
    answer: Answer | None
    """None where it was not answered."""
    proposed: tuple[str, ...] = ()
    """The data in the file."""

    @property
    def served(self) -> tuple[str, ...]:
        """The data that the server gives, an alias included, sorted."""
        if self.answer is None:
            return ()
        if self.answer.aliases:
            return (f"{self.answer.aliases[0]}.",)
        return tuple(sorted(set(map(comparable, self.answer.records))))

    @property
    def differs(self) -> bool:
        """Whether the server answered, and with other data than stand in the file."""
        return self.answer is not None and self.served != self.proposed


@dataclass(frozen=True)
class ServedZone(Observation):
    """A zone as its servers have it today, beside the file."""

    zone: str
    server: str
    """The server that was asked."""
    sets: tuple[ServedSet, ...]
    serials: tuple[tuple[str, int], ...] = ()
    """The serial of each server that was asked."""
    proposed_serial: int = 0
    left_out: int = 0
    """Sets of the file that were not asked for, being too many."""
    why_none: str = ""
    """Why no server could be asked: the zone is not delegated yet."""

    @property
    def unanswered(self) -> tuple[str, ...]:
        """What the server did not answer with authority."""
        return tuple(f"{one.name} {one.type}" for one in self.sets if one.answer is None)

    @property
    def differences(self) -> tuple[str, ...]:
        """The sets that differ, as a difference is written: what is served with a minus, what is proposed with a plus.

        The SOA record is left out: every change changes it.
        """
        lines: list[str] = []
        for one in self.sets:
            if one.differs and one.type != "SOA":
                lines += [f"- {one.name}. {one.type} {data}" for data in one.served if data not in one.proposed]
                lines += [f"+ {one.name}. {one.type} {data}" for data in one.proposed if data not in one.served]
        return tuple(lines)

    def evidence(self) -> tuple[str, ...]:
        asked = f"{len(self.sets)} sets were asked for at {self.server or 'no server'}"
        more = (f"{self.left_out} more sets of the file were not asked for",) if self.left_out else ()
        return (asked, *more, *(f"serial {serial} at {server}" for server, serial in self.serials), *self.differences)
