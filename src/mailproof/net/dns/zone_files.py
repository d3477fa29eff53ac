"""Zone files: master files (RFC 1035, section 5) read within bounds, faults told with file and line.

dnspython reads them. Some things that are right it cannot read; then the message says that this reader cannot, and
not that the file is wrong. Files that ``$INCLUDE`` names lie below the folder of the zone file, wherever links lead:
a zone from a stranger must not make a run read, and quote, other files.
"""

from __future__ import annotations

import re
import struct
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.exception
import dns.name
import dns.rdata
import dns.tokenizer
import dns.transaction
import dns.zone
import dns.zonefile
from dns.rdatatype import RdataType

from mailproof.documents import UnreadableFile, read_octets
from mailproof.net.dns.names import text_of
from mailproof.places import Place

MAX_SIZE = 16 << 20
"""Octets of a zone file with all that it includes."""

MAX_RECORDS = 200_000
"""Records of a zone, those that $GENERATE makes included. They take some ten seconds to read."""

MAX_TOKEN = 70_000
"""Characters without a blank, or within quotes: the time to read them grows with the square of their number."""

MAX_WIDTH = 255
"""Digits to which $GENERATE fills up a number."""

FRAGMENT_TTL = 3600
"""The TTL of records in a file that is no whole zone, where it says none: nobody asks which it is."""

MAX_INCLUDED = 20
"""Files within files: more are a circle."""

_MAX_RDATA = 65_535
_BESIDE_AN_ALIAS = frozenset({RdataType.RRSIG, RdataType.NSEC, RdataType.NSEC3, RdataType.KEY})
"""What may stand beside an alias (RFC 4035, section 2.5)."""
_INCLUDE = re.compile(r"^\$INCLUDE[ \t]+(.*)$", re.IGNORECASE | re.MULTILINE)
_LONG_TOKEN = re.compile(rf'[^\s"]{{{MAX_TOKEN + 1}}}|"[^"\n]{{{MAX_TOKEN + 1}}}')

_CANNOT = re.compile(
    r"newline in quoted string|Unknown SVCB ParamKey|unknown rdatatype '?[A-Z]|\bIPSECKEY\b"
    r"|^\$GENERATE\b.*\"|\bCDS\s+0\s+0\s+0\s+0\b|\bCDNSKEY\s+0\s+3\s+0\s+0\b",
    re.IGNORECASE,
)
"""Complaints about things that are right, or may be: newer types and parameters, strings over several lines, keys
that may be left out, quotes in what is generated, and the deletion of a DS record as RFC 8078 writes it.
"""

_OTHER_OCTETS = re.compile(r"[^\x00-\x7f]")
_LINE_END = b"\n"
_BYTE_ORDER_MARKS = {BOM_UTF8: "UTF-8", BOM_UTF16_LE: "UTF-16", BOM_UTF16_BE: "UTF-16"}


def load_zone(name: str, path: Path) -> dns.zone.Zone:
    """Read the zone ``name`` from a master file.

    Names in the result are absolute. Raises ValueError, with file and line where there is one, if the file
    cannot be read, does not parse, or lacks an SOA or NS record at the zone's name.
    """
    return parse_zone(name, _text_of(path), str(path), path.absolute().parent)


def files_of(path: Path) -> list[Path]:
    """A zone file that can be read, and the files that it includes, each once."""
    root, found = path.absolute().parent, {path: None}
    left = [path]
    while left:
        for include in _INCLUDE.finditer(_text_of(left.pop())):
            file = root / dns.tokenizer.Tokenizer(include[1]).get().value
            if file not in found:
                found[file] = None
                left.append(file)
    return list(found)


def _text_of(path: Path) -> str:
    """The text of a zone file; octets that are not UTF-8 stay as they are. Raises ValueError."""
    try:
        octets = read_octets(path, MAX_SIZE)
    except (UnreadableFile, FileNotFoundError) as error:
        raise ValueError(f"{path}: {_said(error)}") from error
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if octets.startswith(mark):
            raise ValueError(f"{path}:1: the file begins with a byte order mark of {encoding}, which no server takes")
    before, zero, _ = octets.partition(b"\0")
    if zero:
        raise ValueError(f"{path}:{before.count(_LINE_END) + 1}: an octet zero: this is no text")
    return octets.decode("utf-8", "surrogateescape")


def _with_escapes(text: str) -> str:
    """Text with all but ASCII as escapes of its octets: servers take the octets of a file, and know no encoding."""
    return _OTHER_OCTETS.sub(
        lambda found: "".join(f"\\{octet:03}" for octet in found[0].encode("utf-8", "surrogateescape")), text
    )


@dataclass(frozen=True)
class Noted:
    """A record as it stands in a master file, and on which line it begins."""

    name: dns.name.Name
    ttl: int
    rdata: dns.rdata.Rdata
    place: Place


class Notes(list[Noted]):
    """All records of a master file in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[tuple[dns.name.Name, Place]] = []
        """Names with records that do not lie in the zone: no server answers with them."""


def read_records(name: str, path: Path, most: int) -> Notes:
    """Every record of a master file in its order, also those that a zone cannot have beside others.

    Raises ValueError as :func:`load_zone`, and where there are more than ``most``.
    """
    notes = Notes()
    parse_zone(name, _text_of(path), str(path), path.absolute().parent, notes)
    if len(notes) > most:
        raise ValueError(f"{path}: {len(notes)} records, and at most {most} are looked at one by one")
    return notes


def read_fragment(origin: str, path: Path, most: int) -> Notes:
    """As :func:`read_records`, of a file that is no whole zone: without SOA and NS records at its origin."""
    notes = Notes()
    _read(origin, _text_of(path), str(path), path.absolute().parent, notes, FRAGMENT_TTL)
    if notes.outside:
        raise ValueError(f"{notes.outside[0][1]}: {text_of(notes.outside[0][0])} does not lie in {origin}")
    if len(notes) > most:
        raise ValueError(f"{path}: {len(notes)} records, and at most {most} are read")
    return notes


def parse_zone(
    name: str,
    text: str,
    source: str = "<text>",
    root: Path | None = None,
    notes: Notes | None = None,
) -> dns.zone.Zone:
    """As :func:`load_zone`, from the text of a master file; ``source`` stands for its path in errors.

    ``root`` is the folder below which included files lie; without it none may be included. ``notes`` gets every record.
    An alias beside other records, which no server loads, gives way to them: the control of zone files that judges it
    needs a zone to be judged.
    """
    zone = _read(name, text, source, root, notes)
    for type_, label in ((RdataType.SOA, "SOA"), (RdataType.NS, "NS")):
        if zone.get_rdataset(zone.origin or dns.name.root, type_) is None:
            raise ValueError(f"{source}:1: zone {zone.origin} has no {label} record at its name")
    return zone


def _read(
    name: str, text: str, source: str, root: Path | None, notes: Notes | None, ttl: int | None = None
) -> dns.zone.Zone:
    """``ttl`` is that of records which have none, where the file says no other."""
    try:
        origin = dns.name.from_text(name)
    except (dns.exception.DNSException, struct.error) as error:
        raise ValueError(f"{source}: {name!r} is not a zone name: {error}") from error
    zone = dns.zone.Zone(origin, relativize=False)
    with zone.writer(replacement=True) as transaction:
        reader = _Reader(transaction, zone, root, notes)
        if ttl is not None:
            reader.default_ttl, reader.default_ttl_known = ttl, True
        reader.read_file(text, source)
    return zone


class _BadRecord(ValueError):
    """The message names file and line."""


class _Checked:
    """A transaction that takes no record which cannot be put into a message, and not too many."""

    def __init__(self, transaction: dns.transaction.Transaction, notes: Notes | None) -> None:
        self.place = Place("")
        """Where the record begins that is being read."""
        self._transaction = transaction
        self._left = MAX_RECORDS
        self.notes = notes
        self._not_aliases: set[dns.name.Name] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    def check_put_rdataset(self, check: object) -> None:
        """Leave out the check of the reader that no alias stands beside other records."""

    def count(self) -> None:
        """Count a record, one that does not lie in the zone as well. Raises ValueError for one too many."""
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"more than {MAX_RECORDS} records, which is more than this reader takes")

    def add(self, name: dns.name.Name, ttl: int, rdata: dns.rdata.Rdata) -> None:
        self.count()
        wire = rdata.to_wire()
        if wire is not None and len(wire) > _MAX_RDATA:
            raise ValueError(f"{len(wire)} octets of data: more than {_MAX_RDATA}")
        if self.notes is not None:
            self.notes.append(Noted(name, ttl, rdata, self.place))
        if rdata.rdtype in _BESIDE_AN_ALIAS:
            self._transaction.add(name, ttl, rdata)
        elif rdata.rdtype != RdataType.CNAME:
            self._not_aliases.add(name)
            self._transaction.add(name, ttl, rdata)
        elif name not in self._not_aliases:
            self._transaction.replace(name, ttl, rdata)


class _Tokenizer(dns.tokenizer.Tokenizer):
    """Takes the name after $ORIGIN, which dnspython reads at no origin, at the one that holds there."""

    def __init__(self, text: str, source: str, reader: _Reader) -> None:
        super().__init__(text, source)
        self._reader = reader

    def get_name(self, origin: dns.name.Name | None = None, *rest: Any, **more: Any) -> dns.name.Name:
        return super().get_name(origin or self._reader.current_origin, *rest, **more)


class _Reader(dns.zonefile.Reader):
    """Reads a file in chunks between its $INCLUDE lines, and names the line on which a bad record begins."""

    def __init__(
        self,
        transaction: dns.transaction.Transaction,
        zone: dns.zone.Zone,
        root: Path | None,
        notes: Notes | None = None,
    ) -> None:
        self._checked = _Checked(transaction, notes)
        checked: Any = self._checked
        super().__init__(dns.tokenizer.Tokenizer(""), zone.rdclass, checked)
        self._root = root
        self._depth = 0
        self._size = 0
        self._lines: list[str] = []
        self._first_line = 1

    def read_file(self, text: str, source: str) -> None:
        """Read the text of one file, and what it includes. Raises ValueError."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        self._size += len(text)
        if self._size > MAX_SIZE:
            raise ValueError(f"{source}:1: larger than {MAX_SIZE} octets, with all that is included")
        long = _LONG_TOKEN.search(text)
        if long is not None:
            line = text.count("\n", 0, long.start()) + 1
            raise ValueError(f"{source}:{line}: more than {MAX_TOKEN} characters in a row: this reader cannot")
        start, line = 0, 1
        for include in _INCLUDE.finditer(text):
            self._read_chunk(text[start : include.start()], source, line)
            line += text.count("\n", start, include.start())
            self._include(include[1], f"{source}:{line}")
            start = include.end()
        self._read_chunk(text[start:], source, line)

    def _read_chunk(self, chunk: str, source: str, line: int) -> None:
        chunk = _with_escapes(chunk)
        self.tok = _Tokenizer(chunk, source, self)
        self.tok.line_number = line
        self._lines, self._first_line = chunk.split("\n"), line
        try:
            self.read()
        except _BadRecord:
            raise
        except dns.exception.SyntaxError as error:
            raise ValueError(self._told(str(error))) from error
        except (dns.exception.DNSException, OSError, ValueError, LookupError, struct.error) as error:
            file, number = self.tok.where()
            raise ValueError(self._told(f"{file}:{number}: {_said(error)}")) from error

    def _told(self, fault: str, line: int | None = None) -> str:
        """A fault, ``FILE:LINE: WHAT``, as a fault of the file or as one of this reader."""
        record = "" if line is None else self._lines[line - self._first_line]
        if not _CANNOT.search(fault) and not _CANNOT.search(record):
            return fault
        return f"{fault}: this reader cannot read that, which may well be right"

    def _include(self, line: str, place: str) -> None:
        """Read another file, at another origin if the line names one, and go on where this one was."""
        try:
            tokens = dns.tokenizer.Tokenizer(line)
            file, origin = tokens.get().value, self.current_origin
            file.encode()
            second = tokens.get()
            if second.is_identifier():
                origin = dns.name.from_text(_with_escapes(second.value), self.current_origin)
        except (dns.exception.DNSException, ValueError, struct.error) as error:
            raise ValueError(f"{place}: $INCLUDE: {_said(error)}") from error
        text, path = self._included(file, place)
        kept = (self.current_origin, self.last_name, self.default_ttl, self.default_ttl_known)
        self.current_origin = origin
        self._depth += 1
        self.read_file(text, path)
        self._depth -= 1
        self.current_origin, self.last_name, self.default_ttl, self.default_ttl_known = kept

    def _included(self, file: str, place: str) -> tuple[str, str]:
        if self._root is None:
            raise ValueError(f"{place}: $INCLUDE: a zone that is not a file has no folder to include from")
        if self._depth >= MAX_INCLUDED:
            raise ValueError(f"{place}: $INCLUDE: more than {MAX_INCLUDED} files within files")
        try:
            path = (self._root / file).resolve()
            below = path.is_relative_to(self._root.resolve())
        except (OSError, RuntimeError, ValueError) as error:
            raise ValueError(f"{place}: $INCLUDE: {file}: {_said(error)}") from error
        if not below:
            raise ValueError(f"{place}: $INCLUDE: {file} does not lie below {self._root}")
        try:
            return _text_of(path), str(self._root / file)
        except ValueError as error:
            raise ValueError(f"{place}: $INCLUDE: {str(error).replace(str(path), file)}") from error

    def _rr_line(self) -> None:
        with self._placed():
            super()._rr_line()  # type: ignore[no-untyped-call]

    def _eat_line(self) -> None:
        """Pass over a record whose name does not lie in the zone."""
        self._checked.count()
        if self._checked.notes is not None and self.last_name is not None:
            self._checked.notes.outside.append((self.last_name, self._checked.place))
        super()._eat_line()  # type: ignore[no-untyped-call]

    def _generate_line(self) -> None:
        with self._placed():
            super()._generate_line()  # type: ignore[no-untyped-call]

    @contextmanager
    def _placed(self) -> Iterator[None]:
        """Name the line on which a record begins: the tokenizer may already be on the next one."""
        file, line = self.tok.where()
        self._checked.place = Place(str(file), line)
        try:
            yield
        except (dns.exception.DNSException, LookupError, ValueError, struct.error) as error:
            raise _BadRecord(self._told(f"{file}:{line}: {_said(error)}", line)) from error

    def _parse_modify(self, side: str) -> tuple[str, str, int, int, str]:
        found: tuple[str, str, int, int, str] = super()._parse_modify(side)
        if found[3] > MAX_WIDTH:
            raise ValueError(f"a width of {found[3]} digits: at most {MAX_WIDTH} are read")
        return found


def _said(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, struct.error):
        return "a number is out of its range"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return str(error) or type(error).__name__
