"""A quick reader of the answers that are met every day; dnspython reads all others.

dnspython builds an object for every name, RRset and rdata, which takes most of the time of a survey that asks many
questions. What is read here comes out exactly as dnspython would have it (tests compare the two); whatever is the least
unusual is declined: names with upper case or odd octets, EDNS options, other classes, records that are there twice,
differing TTLs, any fault of form.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from socket import AF_INET, inet_ntop
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.ipv6
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.txtbase
from dns.rdatatype import RdataType

_LABEL = re.compile(rb"[a-z0-9_-]{1,63}")
_STRING = re.compile(rb"[ !#-\[\]-~]*")
"""A character-string that the presentation format shows as it is."""

_HEADER = 12
_MAX_NAME = 255
_MAX_TTL = 0x7FFFFFFF
_META_TYPES = range(128, 256)
_SIGNED_DATA = 18
"""Octets of an RRSIG before the signer's name (RFC 4034, section 3.1)."""
_ODD_FLAGS = dns.flags.TC | 0x7800
_NAMED = frozenset({RdataType.NS, RdataType.CNAME, RdataType.PTR})


class PlainRecord(NamedTuple):
    """One record, its fields as those of ``net.dns.Record``."""

    name: str
    ttl: int
    type: str
    data: str
    strings: tuple[str, ...]


class PlainSet(NamedTuple):
    """Records of one name and type, in their order."""

    name: str
    type: RdataType
    records: list[PlainRecord]


@dataclass(frozen=True)
class PlainMessage:
    """An answer: the flags as they came, the rcode, and the RRsets of each section by first appearance."""

    flags: int
    rcode: int
    answer: list[PlainSet]
    authority: list[PlainSet]
    additional: list[PlainSet]


class _Declined(Exception):
    """Not plain: dnspython has to read it."""


def read_plain(wire: bytes, question: bytes, *, signatures: bool) -> PlainMessage | None:
    """The message; None if it is not plain or does not repeat ``question`` (its octets: name, type, class).

    The id is left to the caller. Without ``signatures`` the RRSIG records of the answer section are looked at and left
    out: nobody asked for them.
    """
    try:
        return _message(wire, question, signatures)
    except (_Declined, IndexError, struct.error, ValueError, dns.exception.DNSException):
        return None


def _message(wire: bytes, question: bytes, signatures: bool) -> PlainMessage:
    _, flags, questions, answers, authorities, additionals = struct.unpack_from("!6H", wire)
    at = _HEADER + len(question)
    if questions != 1 or not flags & dns.flags.QR or flags & _ODD_FLAGS or wire[_HEADER:at] != question:
        raise _Declined
    answer, at = _section(wire, at, answers, None if signatures else RdataType.RRSIG)
    authority, at = _section(wire, at, authorities, None)
    additional, at = _section(wire, at, additionals, RdataType.OPT)
    if at != len(wire):
        raise _Declined
    return PlainMessage(flags, flags & 15, answer, authority, additional)


def _section(wire: bytes, at: int, count: int, left_out: RdataType | None) -> tuple[list[PlainSet], int]:
    sets: dict[tuple[str, int, int], PlainSet] = {}
    options = 0
    for _ in range(count):
        name, at = _name(wire, at)
        type_, class_, ttl, length = struct.unpack_from("!HHIH", wire, at)
        at += 10
        end = at + length
        if end > len(wire):
            raise _Declined
        if type_ == RdataType.OPT:
            options += 1
            if left_out != RdataType.OPT or options > 1 or name != "." or length or ttl >> 16:
                raise _Declined
        elif class_ != dns.rdataclass.IN or type_ in _META_TYPES or ttl > _MAX_TTL:
            raise _Declined
        elif type_ == RdataType.RRSIG and left_out == RdataType.RRSIG:
            if _name(wire, at + _SIGNED_DATA)[1] > end:
                raise _Declined
        else:
            covers = int.from_bytes(wire[at : at + 2], "big") if type_ == RdataType.RRSIG else 0
            _add(sets, (name, type_, covers), _record(wire, at, end, name, ttl, type_))
        at = end
    return list(sets.values()), at


def _add(sets: dict[tuple[str, int, int], PlainSet], key: tuple[str, int, int], record: PlainRecord) -> None:
    known = sets.get(key)
    if known is None:
        sets[key] = PlainSet(record.name, RdataType.make(key[1]), [record])
        return
    if dns.rdatatype.is_singleton(known.type) or known.records[0].ttl != record.ttl:
        raise _Declined
    if any(other.data.lower() == record.data.lower() for other in known.records):
        raise _Declined
    known.records.append(record)


def _record(wire: bytes, at: int, end: int, name: str, ttl: int, type_: int) -> PlainRecord:
    strings: tuple[str, ...] = ()
    if type_ in _NAMED:
        target, at = _name(wire, at)
        data = _dotted(target)
    elif type_ == RdataType.A:
        data = inet_ntop(AF_INET, wire[at:end])
        at += 4
    elif type_ == RdataType.AAAA:
        data = dns.ipv6.inet_ntoa(wire[at:end])
        at += 16
    elif type_ == RdataType.MX:
        target, after = _name(wire, at + 2)
        data = f"{int.from_bytes(wire[at : at + 2], 'big')} {_dotted(target)}"
        at = after
    elif type_ == RdataType.TXT:
        strings, at = _strings(wire, at, end)
        data = " ".join(f'"{string}"' for string in strings)
    elif type_ == RdataType.SOA:
        primary, at = _name(wire, at)
        mailbox, at = _name(wire, at)
        numbers = struct.unpack_from("!5I", wire, at)
        at += 20
        data = f"{_dotted(primary)} {_dotted(mailbox)} {' '.join(map(str, numbers))}"
    else:
        rdata = dns.rdata.from_wire(dns.rdataclass.IN, RdataType.make(type_), wire, at, end - at)
        if isinstance(rdata, dns.rdtypes.txtbase.TXTBase):
            raise _Declined
        data = rdata.to_text()
        at = end
    if at != end:
        raise _Declined
    return PlainRecord(name, ttl, dns.rdatatype.to_text(RdataType.make(type_)), data, strings)


def _strings(wire: bytes, at: int, end: int) -> tuple[tuple[str, ...], int]:
    found = []
    while at < end:
        string = wire[at + 1 : at + 1 + wire[at]]
        if len(string) != wire[at] or not _STRING.fullmatch(string):
            raise _Declined
        found.append(string.decode("ascii"))
        at += 1 + len(string)
    if not found:
        raise _Declined
    return tuple(found), at


def _name(wire: bytes, at: int) -> tuple[str, int]:
    """The name at an offset, without the final dot (``.`` for the root), and the offset behind it."""
    labels = []
    end = 0
    size = 1
    lowest = at
    while length := wire[at]:
        if length >= 0xC0:
            pointer = (length & 0x3F) << 8 | wire[at + 1]
            end = end or at + 2
            if not _HEADER <= pointer < lowest:
                raise _Declined
            at = lowest = pointer
            continue
        label = wire[at + 1 : at + 1 + length]
        size += length + 1
        if len(label) != length or size > _MAX_NAME or not _LABEL.fullmatch(label):
            raise _Declined
        labels.append(label)
        at += length + 1
    return b".".join(labels).decode("ascii") or ".", end or at + 1


def _dotted(name: str) -> str:
    return name if name == "." else f"{name}."
