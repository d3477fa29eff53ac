"""DNS messages: questions as octets, and answers out of octets or out of zone files.

An answer comes from strangers: whatever does not fit the question, or does not fit together, is malformed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import dns.edns
import dns.exception
import dns.flags
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.txtbase
import dns.rrset
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CNAME import CNAME

from mailproof.net.dns.names import parse_name, text_of
from mailproof.net.dns.reading import Message, RecordSet, first_answer, known_name, read_message, text_of_data
from mailproof.net.dns.records import Answer, Envelope, ExtendedError, ResourceRecord
from mailproof.net.dns.zones import PAYLOAD, Lookup
from mailproof.net.errors import Malformed, NotObserved

MAX_ALIASES = 12
"""CNAME records followed in one answer; resolvers give up at about the same length."""

MAX_RECORDS = 1000
"""Resource records in one answer. 64 KiB can hold 4,000, chosen so that they take a second to parse."""

PARSED_AT_ONCE = 4096
"""Messages that are kept as they were parsed, the newest ones: some 40 MB."""

Set = RecordSet | dns.rrset.RRset
"""Of a message, or of a zone file."""


def as_rrset(records: Set) -> dns.rrset.RRset:
    """A set as dnspython's functions want it."""
    return records.rrset() if isinstance(records, RecordSet) else records


# Plain numbers: of dnspython's own, each look at a bit makes a member of an enumeration.
QR, AA, TC, RD = int(dns.flags.QR), int(dns.flags.AA), int(dns.flags.TC), int(dns.flags.RD)
RA, AD, CD, DO = int(dns.flags.RA), int(dns.flags.AD), int(dns.flags.CD), int(dns.flags.DO)

NO_ID = b"\0\0"
"""In place of the id, so that what two servers send alike is the same message."""

_RCODES_WITHOUT_QUESTION = frozenset({dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED})
"""Servers answer these from the header alone, without the question section."""


@dataclass(frozen=True)
class Form:
    """How a question differs from the usual form, to see what a server makes of it."""

    version: int = 0
    """Of EDNS (RFC 6891, section 6.1.3)."""
    flags: int = 0
    """Of EDNS, besides DO (section 6.1.4)."""
    payload: int = PAYLOAD
    """Octets that the answer may have over UDP (section 6.2.3)."""
    options: tuple[tuple[int, bytes], ...] = ()
    """Code and data of EDNS options (section 6.1.2)."""
    chaos: bool = False
    """Class CH in place of IN (RFC 4892, section 3)."""
    any_source: bool = False
    """The answer may come from another address than the one asked (RFC 2181, section 4)."""
    mixed_case: bool = False
    """Every second letter of the name is a capital (RFC 4343)."""

    @property
    def tries_edns(self) -> bool:
        """Whether the question is about what a server makes of EDNS: without it there would be no answer."""
        return bool(self.version or self.flags or self.options)


USUAL = Form()


@dataclass(frozen=True)
class Question:
    name: dns.name.Name
    type: RdataType
    recurse: bool
    dnssec: bool
    checking_disabled: bool
    edns: bool = True
    form: Form = USUAL
    keep: bool = False
    """Whether the answer keeps its envelope. Octets are kept of these, and of what resolvers answer."""

    @staticmethod
    def make(
        name: str,
        type: str,
        *,
        recurse: bool,
        dnssec: bool = True,
        checking_disabled: bool = False,
        form: Form = USUAL,
        keep: bool = False,
    ) -> Question:
        rdtype = _type(type)
        try:
            name_ = _canonical(name)
        except ValueError as error:
            raise Malformed(str(error)) from error
        return Question(name_, rdtype, recurse, dnssec, checking_disabled, True, form, keep)

    def __hash__(self) -> int:
        """By the labels: the hash of a dnspython name is worked out octet by octet, each time."""
        return hash((self.name.labels, self.type, self.recurse, self.checking_disabled, self.form, self.keep))

    @property
    def type_text(self) -> str:
        return _type_text(self.type)

    @property
    def rdclass(self) -> dns.rdataclass.RdataClass:
        return dns.rdataclass.CH if self.form.chaos else dns.rdataclass.IN

    @property
    def spelling(self) -> tuple[bytes, ...]:
        """The labels of the name as they are sent."""
        return tuple(map(_mixed, self.name.labels)) if self.form.mixed_case else self.name.labels

    def at(self, name: dns.name.Name) -> Question:
        return replace(self, name=name)

    def wire(self, id_: int) -> bytes:
        """The question as a message, with one OPT record if EDNS is used (RFC 1035, section 4.1; RFC 6891, 6.1.2)."""
        flags = 0
        if self.recurse:
            flags |= RD | AD
        if self.checking_disabled:
            flags |= CD
        return b"".join(
            (
                struct.pack("!6H", id_, flags, 1, 0, 0, int(self.edns)),
                *(bytes([len(label)]) + label for label in self.spelling),
                struct.pack("!2H", self.type, self.rdclass),
                self._opt() if self.edns else b"",
            )
        )

    def _opt(self) -> bytes:
        """The OPT record (RFC 6891, section 6.1.2)."""
        form = self.form
        flags = form.version << 16 | form.flags | (DO if self.dnssec else 0)
        options = b"".join(struct.pack("!2H", code, len(data)) + data for code, data in form.options)
        return struct.pack("!BHHIH", 0, RdataType.OPT, form.payload, flags, len(options)) + options

    def is_answered_by(self, response: Message) -> bool:
        """Whether ``response`` repeats the question, or leaves it out with an rcode that permits that."""
        if not response.flags & QR or response.opcode != dns.opcode.QUERY:
            return False
        if not response.question:
            return response.rcode in _RCODES_WITHOUT_QUESTION
        return response.question == ((self.name, self.type, self.rdclass),)


@lru_cache(maxsize=256)
def _type(text: str) -> RdataType:
    """Raises ValueError."""
    try:
        return dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{text!r} is not a DNS record type") from error


_type_text = lru_cache(maxsize=256)(dns.rdatatype.to_text)


@lru_cache(maxsize=8192)
def _canonical(name: str) -> dns.name.Name:
    """A name in lower case (RFC 4034, section 6.2). Raises ValueError."""
    return known_name(parse_name(name).canonicalize().labels)


def _mixed(label: bytes) -> bytes:
    return b"".join(
        letter if place % 2 else letter.upper() for place, letter in enumerate(struct.unpack(f"{len(label)}c", label))
    )


def read_answer(
    wire: bytes, id_: int, asked: Question, server: str, protocol: str, seconds: float, *, truncated: bool = False
) -> Answer:
    """Parse and check an answer. The parser meets hostile octets, so whatever it raises means Malformed."""
    try:
        if asked.type == RdataType.AXFR:
            return _first_of_transfer(wire, id_, asked, server, protocol, seconds)
        if sum(struct.unpack_from("!3H", wire, 6)) > MAX_RECORDS:
            raise Malformed(f"{server} sent more than {MAX_RECORDS} records in one answer")
        message = NO_ID + wire[2:]
        response = parsed(message, asked.type == RdataType.SOA)
        if wire[:2] != id_.to_bytes(2, "big") or not asked.is_answered_by(response):
            raise Malformed(f"{server} answered another question than {text_of(asked.name)} {asked.type_text}")
        if response.flags & TC:
            raise Malformed(f"{server} truncated its answer over {protocol}")
        answer = _answer_in(message, asked)
        if answer.records and response.rcode == dns.rcode.NXDOMAIN:
            raise Malformed(f"{server} answered NXDOMAIN, and records of that name", _lines(response.answer))
    except NotObserved:
        raise
    except Exception as error:
        raise Malformed(f"{server} sent an answer that does not parse: {error or type(error).__name__}") from error
    envelope = answer.envelope
    if truncated and envelope is not None:
        envelope = replace(envelope, truncated=True)
    return replace(answer, server=server, protocol=protocol, seconds=round(seconds, 6), envelope=envelope)


@lru_cache(maxsize=PARSED_AT_ONCE)
def parsed(message: bytes, one_record: bool = False) -> Message:
    """As ``read_message`` for octets without their id (``NO_ID``); not to be changed.

    The servers of a zone send the same ones, and whoever judges signatures needs them soon again.
    """
    return read_message(message, one_record=one_record)


@lru_cache(maxsize=PARSED_AT_ONCE)
def _answer_in(message: bytes, asked: Question) -> Answer:
    """What a message says, whoever sent it. Raises what dnspython raises, and Malformed."""
    response = parsed(message, asked.type == RdataType.SOA)
    records, aliases = _follow(asked, response.answer)
    return Answer(
        name=text_of(asked.name),
        type=asked.type_text,
        rcode=dns.rcode.to_text(response.rcode),
        records=records,
        aliases=aliases,
        authority=_records(response.authority),
        additional=_records(response.additional),
        authenticated=bool(response.flags & AD),
        authoritative=bool(response.flags & AA),
        recursion_available=bool(response.flags & RA),
        checking_disabled=bool(response.flags & CD),
        extended_errors=tuple(
            ExtendedError(int(option.code), option.text or "")
            for option in response.options
            if isinstance(option, dns.edns.EDEOption)
        ),
        edns=response.edns >= 0,
        envelope=_envelope(response, len(message)) if asked.keep else None,
        wire=message if asked.keep or asked.recurse else b"",
    )


def _envelope(response: Message, size: int) -> Envelope:
    return Envelope(
        size,
        False,
        response.question[0][0].to_text(omit_final_dot=True) if response.question else "",
        sum(map(len, response.answer)),
        response.edns,
        response.edns_flags & 0xFFFF,
        response.payload,
        tuple((int(option.otype), (option.to_wire() or b"").hex()) for option in response.options),
    )


def _first_of_transfer(wire: bytes, id_: int, asked: Question, server: str, protocol: str, seconds: float) -> Answer:
    """The first message of a zone transfer: whether it is one. It begins with the zone's SOA record (RFC 5936, section
    2.2); the others are not read.
    """
    id_there, flags, _, count, _, _ = struct.unpack_from("!6H", wire)
    if id_there != id_ or not flags & QR:
        raise Malformed(f"{server} answered another question than {text_of(asked.name)} {asked.type_text}")
    if count and first_answer(wire) != (asked.name, RdataType.SOA):
        raise Malformed(f"{server} sent records that are no zone: the first is not the SOA record")
    return Answer(
        text_of(asked.name),
        asked.type_text,
        dns.rcode.to_text(dns.rcode.Rcode.make(flags & 0xF)),
        authoritative=bool(flags & AA),
        server=server,
        protocol=protocol,
        seconds=round(seconds, 6),
        envelope=Envelope(len(wire), count=count),
    )


def answer_from_zones(asked: Question, lookup: Lookup) -> Answer:
    records, aliases = _follow(asked, lookup.answer)
    return Answer(
        name=text_of(asked.name),
        type=asked.type_text,
        rcode=dns.rcode.to_text(lookup.rcode),
        records=records,
        aliases=aliases,
        authority=_records(lookup.authority),
        additional=_records(lookup.additional),
        recursion_available=True,
        server=f"zone file {text_of(lookup.zones[0])}",
        protocol="zone file",
    )


def joined(name: str, aliases: tuple[str, ...], rest: Answer) -> Answer:
    """``rest`` as the answer for ``name``, which leads there by ``aliases``; AD and octets only if none was added."""
    chain = aliases + rest.aliases
    if len(chain) > MAX_ALIASES:
        raise Malformed(f"{name}: more than {MAX_ALIASES} aliases")
    wire = rest.wire if not aliases else b""
    return replace(rest, name=name, aliases=chain, authenticated=rest.authenticated and not aliases, wire=wire)


def _follow(asked: Question, section: Iterable[Set]) -> tuple[tuple[ResourceRecord, ...], tuple[str, ...]]:
    """The records at the end of the alias chain in an answer section, and the aliases (RFC 1034, 3.6.2).

    Records of other names are ignored. A circle has no end, and so no records: its last alias is a name that came
    before. Raises Malformed for chains that are too long.
    """
    owners: dict[str, list[Set]] = {}
    for rrset in section:
        if rrset.rdclass == asked.rdclass:
            owners.setdefault(text_of(rrset.name), []).append(rrset)
    owner = text_of(asked.name)
    aliases: list[str] = []
    while True:
        here = owners.get(owner, [])
        found = [rrset for rrset in here if asked.type in (rrset.rdtype, RdataType.ANY)]
        alias = next((rrset for rrset in here if rrset.rdtype == RdataType.CNAME), None)
        if found or alias is None:
            return _records(found), tuple(aliases)
        target = text_of(cast(CNAME, alias[0]).target)
        if target in aliases or target == text_of(asked.name):
            return (), (*aliases, target)
        if len(aliases) == MAX_ALIASES:
            raise Malformed(f"{text_of(asked.name)} has more than {MAX_ALIASES} aliases", _lines(section))
        aliases.append(target)
        owner = target


def _records(rrsets: Iterable[Set]) -> tuple[ResourceRecord, ...]:
    records: list[ResourceRecord] = []
    for rrset in rrsets:
        name, ttl, type_ = text_of(rrset.name), rrset.ttl, _type_text(rrset.rdtype)
        records += (record_of(name, ttl, type_, rdata) for rdata in rrset)
    return tuple(records)


def record_of(name: str, ttl: int, type: str, rdata: dns.rdata.Rdata) -> ResourceRecord:
    """One record, from what dnspython took apart."""
    parts = rdata.strings if isinstance(rdata, dns.rdtypes.txtbase.TXTBase) else ()
    strings = tuple(part.decode("latin-1") for part in parts)
    return ResourceRecord(name, ttl, type, text_of_data(rdata), strings)


def _lines(section: Iterable[Set]) -> tuple[str, ...]:
    return tuple(str(record) for record in _records(section))
