"""What the DNS answers, as plain records that can be written to JSON."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, TypeVar

import dns.edns
import dns.rdata
from dns.rdata import Rdata
from pydantic import Field

from mailproof.net.dns.names import dotted

R = TypeVar("R", bound=Rdata)

_TARGET_FIELD = {"CNAME": 0, "DNAME": 0, "NS": 0, "PTR": 0, "MX": 1, "SOA": 0, "SRV": 3, "AFSDB": 1}
"""Which field of the presentation format is the domain name (RFC 1035, section 3.3; RFC 2782)."""


AS_DELEGATED = "as delegated"
"""The protocol of answers that rest on a delegation which is only proposed."""


@dataclass(frozen=True)
class ResourceRecord:
    """One resource record.

    ``name`` is as :func:`normalise` writes it, ``ttl`` in seconds, ``data`` in presentation format (RFC 1035,
    section 5.1; names in it are absolute, with the final dot).

    ``strings`` are the character-strings of a TXT record, each octet one character (latin-1).
    """

    name: str
    ttl: int
    type: str
    data: str
    strings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The strings of a TXT record joined with nothing between them (RFC 7208, section 3.3)."""
        return "".join(self.strings)

    def rdata(self, kind: builtins.type[R]) -> R:
        """The data as dnspython takes them apart: ``record.rdata(MX).preference``.

        Raises TypeError where the record is of another type, and dnspython's SyntaxError for data that have no text
        which it reads again, like a TLSA record without any association.
        """
        found = _rdata(self.type, self.data)
        if not isinstance(found, kind):
            raise TypeError(f"a {self.type} record is none of type {kind.__name__}")
        return found

    @property
    def target(self) -> str:
        """The domain name that the record points to, written as ``name`` is; "" for types that have none."""
        position = _TARGET_FIELD.get(self.type)
        if position is None:
            return ""
        target = self.data.split(" ")[position].lower()
        return target if target == "." else target.removesuffix(".")

    def __str__(self) -> str:
        return f"{dotted(self.name)} {self.ttl} IN {self.type} {self.data}"


@lru_cache(maxsize=4096)
def _rdata(type: str, data: str) -> Rdata:
    return dns.rdata.from_text("IN", type, data)


@dataclass(frozen=True)
class ExtendedError:
    """An Extended DNS Error (RFC 8914): the INFO-CODE and the EXTRA-TEXT."""

    code: int
    text: str

    def __str__(self) -> str:
        try:
            name = dns.edns.EDECode(self.code).name.replace("_", " ").lower()
        except ValueError:
            name = "unassigned"
        return f"EDE {self.code} ({name})" + (f": {self.text}" if self.text else "")


@dataclass(frozen=True)
class Envelope:
    """What a message is besides its records (RFC 1035, section 4.1; RFC 6891, section 6.1).

    It is kept where a server itself is looked at, and not only what it says.
    """

    size: int
    """Octets of the message."""
    truncated: bool = False
    """It was truncated over UDP, and asked for again over TCP."""
    question: str = ""
    """The name as the server repeats it, letter by letter; empty where it leaves the question out."""
    count: int = 0
    """Records in the answer section."""
    version: int = -1
    """Of EDNS; -1 without EDNS."""
    flags: int = 0
    """Of EDNS, DO among them."""
    payload: int = 0
    """Octets that the server takes over UDP."""
    options: tuple[tuple[int, str], ...] = ()
    """Code and data (hexadecimal) of every EDNS option."""
    source: str = ""
    """The address that it came from, where that is not the one asked."""


@dataclass(frozen=True)
class Answer:
    """What a server answered to the question ``name`` ``type``.

    ``records`` is the RRset of the asked type at the end of the alias chain, ``aliases`` the targets of the
    CNAME records on the way, in order. ``authenticated`` is the AD bit as it came, believed or not; it speaks of
    the whole chain, so that one link alone is asked for as type CNAME (RFC 7672, section 2.2.2).
    ``server`` is the address and port asked (before the connect map) or ``zone file NAME``; ``protocol`` is
    ``udp``, ``tcp``, ``zone file`` or ``as delegated``; ``seconds`` is the time from question to answer.
    """

    name: str
    type: str
    rcode: str
    records: tuple[ResourceRecord, ...] = ()
    aliases: tuple[str, ...] = ()
    authority: tuple[ResourceRecord, ...] = ()
    additional: tuple[ResourceRecord, ...] = ()
    authenticated: bool = False
    authoritative: bool = False
    recursion_available: bool = False
    checking_disabled: bool = False
    extended_errors: tuple[ExtendedError, ...] = ()
    edns: bool = True
    """Whether the answer has EDNS (RFC 6891); a server that does not know it is asked again without."""
    server: str = ""
    protocol: str = ""
    seconds: float = 0.0
    envelope: Envelope | None = None
    """Of the message that it came in, where one server was asked directly."""
    wire: Annotated[bytes, Field(exclude=True)] = field(default=b"", compare=False, repr=False)
    """The message itself without its id, where its signatures may be wanted. It is no part of records."""

    @property
    def proposed(self) -> bool:
        """Whether the answer comes from a zone file, or by a proposed delegation: as it would be, not as it is."""
        return self.protocol in ("zone file", AS_DELEGATED)

    @property
    def owner(self) -> str:
        """The name at which the records stand: the end of the alias chain."""
        return self.aliases[-1] if self.aliases else self.name

    @property
    def exists(self) -> bool:
        """NOERROR, with records of the asked type."""
        return self.rcode == "NOERROR" and bool(self.records)

    @property
    def nonexistent(self) -> bool:
        """There is no such name, nor any below it: NXDOMAIN (RFC 8020), or an NSEC record with NXNAME (RFC 9824)."""
        return self.rcode == "NXDOMAIN" or (self.empty and any(map(self._denies_compactly, self.authority)))

    def _denies_compactly(self, record: ResourceRecord) -> bool:
        """Whether a record is the NSEC record of compact denial for this name (RFC 9824, section 2)."""
        types = record.data.split()[1:]
        return record.type == "NSEC" and record.name == self.name and not {"NXNAME", "TYPE128"}.isdisjoint(types)

    @property
    def empty(self) -> bool:
        """NODATA: the name may exist, but not with the asked type (RFC 2308, section 2.2)."""
        return self.rcode == "NOERROR" and not self.records

    def evidence(self) -> tuple[str, ...]:
        """The answer in the manner of dig: question, server, rcode, flags, extended errors, records."""
        flags = [
            flag
            for flag, is_set in (
                ("aa", self.authoritative),
                ("ra", self.recursion_available),
                ("ad", self.authenticated),
                ("cd", self.checking_disabled),
            )
            if is_set
        ]
        lines = [
            f";; question: {dotted(self.name)} IN {self.type}",
            f";; server: {self.server} ({self.protocol}, {self.seconds * 1000:.0f} ms)",
            f";; status: {self.rcode}, flags: {' '.join(flags) or 'none'}{'' if self.edns else ', without EDNS'}",
            *(f";; {error}" for error in self.extended_errors),
        ]
        owner = self.name
        for alias in self.aliases:
            lines.append(f"{dotted(owner)} IN CNAME {dotted(alias)}")
            owner = alias
        lines += [str(record) for record in self.records]
        for title, section in (("authority", self.authority), ("additional", self.additional)):
            if section:
                lines.append(f";; {title}:")
                lines += [str(record) for record in section]
        return tuple(lines)
