"""DNS messages taken apart (RFC 1035, section 4.1): sections of record sets, and what EDNS adds (RFC 6891).

dnspython takes the data of the records apart. Its reader of whole messages is not used: it hashes every record into a
set, which needs all of them in octets again, and reads a name that is only pointed to label by label each time. That
made two thirds of what a survey of many domains cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import dns.wire
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.OPT import OPT

MAX_POINTERS = 127
"""Pointers that are followed for one name, which has no more labels than that (RFC 1035, section 3.1)."""

MAX_TTL = 0x7FFFFFFF
"""What is above is zero (RFC 2181, section 8)."""


@dataclass(slots=True)
class RecordSet:
    """Records of one name, class and type, each once, in the order in which they came (RFC 2181, section 5).

    Signatures are a set for each type that they cover. ``ttl`` is in seconds, the lowest of the set (section 5.2).
    """

    name: dns.name.Name
    rdclass: RdataClass
    rdtype: RdataType
    ttl: int
    records: list[dns.rdata.Rdata] = field(default_factory=list)
    _known: set[bytes] = field(default_factory=set)
    """The records as octets, once there is more than one."""

    def __iter__(self) -> Iterator[dns.rdata.Rdata]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, place: int) -> dns.rdata.Rdata:
        return self.records[place]

    def add(self, record: dns.rdata.Rdata, ttl: int) -> None:
        """Of a type that has one record, the last one stays."""
        self.ttl = min(self.ttl, ttl)
        if self.records and dns.rdatatype.is_singleton(self.rdtype):
            self.records = []
        if self.records:
            if not self._known:
                self._known = {known.to_digestable() for known in self.records}
            octets = record.to_digestable()
            if octets in self._known:
                return
            self._known.add(octets)
        self.records.append(record)

    def rrset(self) -> dns.rrset.RRset:
        """As dnspython's functions want it."""
        return dns.rrset.from_rdata_list(self.name, self.ttl, self.records)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was sent; ``edns`` is the version, -1 without EDNS, ``edns_flags`` are all 32 bits of its TTL."""

    flags: int
    question: tuple[tuple[dns.name.Name, int, int], ...]
    """Name, type and class."""
    answer: tuple[RecordSet, ...]
    authority: tuple[RecordSet, ...]
    additional: tuple[RecordSet, ...]
    edns: int = -1
    edns_flags: int = 0
    payload: int = 0
    options: tuple[dns.edns.Option, ...] = ()

    @property
    def opcode(self) -> dns.opcode.Opcode:
        return _opcode(self.flags & 0x7800)

    @property
    def rcode(self) -> dns.rcode.Rcode:
        return _rcode(self.flags & 0xF, self.edns_flags & 0xFF000000)


_opcode = lru_cache(maxsize=16)(dns.opcode.from_flags)
_rcode = lru_cache(maxsize=1024)(dns.rcode.from_flags)


def read_message(wire: bytes, *, one_record: bool = False) -> Message:
    """A message out of its octets. Raises what dnspython raises for octets that are none.

    ``one_record``: a second record of a type that has only one is kept, in a set of its own.
    """
    octets = _Octets(wire)
    if octets.remaining() < 12:
        raise dns.message.ShortHeader
    _, flags, questions, *counts = octets.get_struct("!6H")
    question = tuple((octets.get_name(), *octets.get_struct("!HH")) for _ in range(questions))
    sections = [_Section(), _Section(), _Section(may_have_options=True)]
    for section, count in zip(sections, counts, strict=True):
        for _ in range(count):
            section.read(octets, one_record=one_record)
    if octets.remaining():
        raise dns.message.TrailingJunk
    answer, authority, additional = (tuple(section.sets) for section in sections)
    options = sections[-1].options
    if options is None:
        return Message(flags, question, answer, authority, additional)
    opt, ttl = options
    return Message(
        flags, question, answer, authority, additional, ttl >> 16 & 0xFF, ttl, int(opt.rdclass), tuple(opt.options)
    )


def first_answer(wire: bytes) -> tuple[dns.name.Name, int]:
    """Owner and type of the first record in the answer section. Raises what dnspython raises for octets without one."""
    octets = _Octets(wire)
    _, _, questions, *_ = octets.get_struct("!6H")
    for _ in range(questions):
        octets.get_name()
        octets.get_struct("!HH")
    name = octets.get_name()
    (rdtype,) = octets.get_struct("!H")
    return name, rdtype


class _Section:
    def __init__(self, *, may_have_options: bool = False) -> None:
        self.sets: list[RecordSet] = []
        self.options: tuple[OPT, int] | None = None
        """The OPT record and its TTL."""
        self._may_have_options = may_have_options
        self._known: dict[tuple[tuple[bytes, ...], int, int, int], RecordSet] = {}

    def read(self, octets: _Octets, *, one_record: bool) -> None:
        """Read the next record into its set."""
        name = octets.get_name()
        rdtype, rdclass, ttl, length = octets.get_struct("!HHIH")
        if rdtype == RdataType.TSIG:
            raise dns.message.UnknownTSIGKey
        if rdtype == RdataType.OPT and (not self._may_have_options or self.options or len(name.labels) > 1):
            raise dns.message.BadEDNS
        record = octets.get_record(rdclass, rdtype, length)
        if isinstance(record, OPT):
            self.options = record, ttl
            return
        if ttl > MAX_TTL:
            ttl = 0
        key = (tuple(map(bytes.lower, name.labels)), record.rdclass, record.rdtype, record.covers())
        found = None if one_record else self._known.get(key)
        if found is None:
            found = self._known[key] = RecordSet(name, record.rdclass, record.rdtype, ttl)
            self.sets.append(found)
        found.add(record, ttl)


@lru_cache(maxsize=1024)
def _kind(rdclass: int, rdtype: int) -> tuple[type[dns.rdata.Rdata], RdataClass, RdataType]:
    """What reads the data of a class and type."""
    numbers = RdataClass.make(rdclass), RdataType.make(rdtype)
    return cast(type[dns.rdata.Rdata], dns.rdata.get_rdata_class(*numbers)), *numbers  # type: ignore[no-untyped-call]


KEPT = 8192
"""Records, and names, that are kept, since the servers of a zone send the same ones."""

MAX_KEPT = 1024
"""Octets of a record, or letters of its text, that is kept: they are few megabytes then, whatever strangers send."""

_SELF_CONTAINED = frozenset(
    (
        *(RdataType.A, RdataType.AAAA, RdataType.TXT, RdataType.DS, RdataType.DNSKEY, RdataType.RRSIG, RdataType.NSEC),
        RdataType.OPT,
    )
)
"""Types whose data means the same in every message: they hold no name that may point elsewhere (RFC 3597, section 4;
RFC 4034, sections 3.1.7 and 4.1.1)."""

_POINTING: dict[int, tuple[int, int, int]] = {
    RdataType.NS: (0, 1, 0),
    RdataType.CNAME: (0, 1, 0),
    RdataType.PTR: (0, 1, 0),
    RdataType.MX: (2, 1, 0),
    RdataType.SOA: (0, 2, 20),
}
"""Types whose names may point elsewhere in the message (RFC 1035, section 3.3): octets before the names, how many names
there are, octets behind them."""


@lru_cache(maxsize=KEPT)
def _self_contained(rdclass: int, rdtype: int, data: bytes) -> dns.rdata.Rdata:
    """The servers of a zone send the same records, and signatures are long. Raises what dnspython raises."""
    octets = _Octets(data, most_pointers=0)
    kind, rdclass, rdtype = _kind(rdclass, rdtype)
    record = kind.from_wire_parser(rdclass, rdtype, octets)
    if octets.remaining():
        raise dns.message.TrailingJunk
    return record


@lru_cache(maxsize=KEPT)
def known_name(labels: tuple[bytes, ...]) -> dns.name.Name:
    """The same names come in answer after answer. Raises what dnspython raises for labels that make none."""
    return dns.name.Name(labels)


_texts: dict[int, tuple[dns.rdata.Rdata, str]] = {}
"""By identity: dnspython hashes and compares records by writing them out."""


def text_of_data(record: dns.rdata.Rdata) -> str:
    """The data of a record in presentation format (RFC 1035, section 5.1)."""
    known = _texts.get(id(record))
    if known is None:
        known = record, record.to_text()
        if len(known[1]) <= MAX_KEPT:
            if len(_texts) >= KEPT:
                _texts.clear()
            _texts[id(record)] = known
    return known[1]


class _Octets(dns.wire.Parser):
    """Names that are pointed to are read once."""

    def __init__(self, wire: bytes, *, most_pointers: int = MAX_POINTERS) -> None:
        super().__init__(wire)
        self._most_pointers = most_pointers
        self._names: dict[int, dns.name.Name] = {}
        """By the place where they begin."""

    def get_record(self, rdclass: int, rdtype: int, length: int) -> dns.rdata.Rdata:
        """The data of a record that begins here. Raises what dnspython raises."""
        start = self.current
        if length <= min(MAX_KEPT, self.remaining()):
            try:
                if rdtype in _SELF_CONTAINED:
                    return _self_contained(rdclass, rdtype, self.get_bytes(length))
                if rdtype in _POINTING:
                    with self.restrict_to(length):
                        return _self_contained(rdclass, rdtype, self._spelled_out(*_POINTING[rdtype]))
            except dns.exception.DNSException:
                self.seek(start)  # what is wrong with it, or a name that points elsewhere all the same, is seen below
        kind, rdclass, rdtype = _kind(rdclass, rdtype)
        try:
            with self.restrict_to(length):
                return kind.from_wire_parser(rdclass, rdtype, self)
        except ValueError:
            if rdtype != RdataType.CAA:
                raise
        self.seek(start)  # dnspython refuses tags that RFC 8659 does, so that nobody could say what is wrong with them
        return dns.rdata.GenericRdata(rdclass, rdtype, self.get_bytes(length))

    def _spelled_out(self, before: int, names: int, behind: int) -> bytes:
        """The data that begins here, with no name that points elsewhere."""
        octets = [self.get_bytes(before)]
        for _ in range(names):
            octets += (bytes((len(label),)) + label for label in self.get_name().labels)
        octets.append(self.get_bytes(behind))
        return b"".join(octets)

    def get_name(self, origin: dns.name.Name | None = None) -> dns.name.Name:
        """The name that begins here; pointers lead to what stands and ends before (RFC 1035, section 4.1.4)."""
        start = place = lowest = self.current
        end = self.end
        after = pointers = 0
        labels: list[bytes] = []
        known: dns.name.Name | None = None
        while known is None:
            length, place = self._octet(place, end), place + 1
            if length < 0x40:
                if place + length > end:
                    raise self._ends_early(end)
                labels.append(self.wire[place : place + length])
                place += length
                if not length:
                    break
            elif length < 0xC0:
                raise dns.name.BadLabelType
            else:
                target = (length & 0x3F) << 8 | self._octet(place, end)
                after = after or place + 1
                pointers += 1
                if target >= lowest or pointers > self._most_pointers:
                    raise dns.name.BadPointer
                end, place, lowest = lowest, target, target
                known = self._names.get(target)
        self.seek(after or place)
        self.furthest = max(self.furthest, self.current)
        if known is None:
            known = known_name(tuple(labels))
        elif labels:
            known = known_name((*labels, *known.labels))
        self._names[start] = known
        return known

    def _octet(self, place: int, end: int) -> int:
        if place >= end:
            raise self._ends_early(end)
        return self.wire[place]

    def _ends_early(self, end: int) -> dns.exception.DNSException:
        """What a name is that reaches behind ``end``: of the message, or of what a pointer may lead to."""
        return dns.exception.FormError() if end == self.end else dns.name.BadPointer()  # type: ignore[no-untyped-call]
