"""The header of a message taken apart, and the form of its lines (RFC 5322).

A message in a file may have its lines ended by CRLF, as on the wire, or by LF, as programs save it: the end of the
first line tells which. In a file of CRLF lines a bare LF is a fault of the message; in one of LF lines it cannot be
told from a line end, and only a bare CR can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, datetime

MAX_FIELDS = 2_000
"""Header fields that are looked at."""
MAX_OCTETS = 1024 * 1024
"""Octets of a header that are looked at."""
MAX_VALUE = 32_768
"""Characters of a field's value that are kept."""
MAX_LINE = 998
"""Characters of a line without its end (RFC 5322, section 2.1.1)."""

_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")
_BARE_CR = re.compile(rb"\r(?!\n)")
_LONG = re.compile(rb"[^\n]{%d,}" % (MAX_LINE + 1))
_BARE_LF = re.compile(rb"(?<!\r)\n")
_EIGHT_BIT = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True)
class Field:
    """A field of the header. ``value`` has no line ends; octets that are not UTF-8 are replaced."""

    name: str
    value: str
    line: int
    """From 1."""
    is_ascii: bool = True
    is_utf8: bool = True
    longest: int = 0
    """Octets of its longest line."""

    @property
    def key(self) -> str:
        """The name in lower case: names are compared without regard to case."""
        return self.name.lower()


@dataclass(frozen=True)
class LineForm:
    """How the lines of a file end, and what breaks RFC 5322, section 2.3. Lines are numbered from 1; 0: none."""

    ends: str
    """CRLF or LF, as the first line ends."""
    bare_cr: int = 0
    bare_lf: int = 0
    """Only told in a file of CRLF lines."""
    longest: int = 0
    """Octets of the longest line of the body, where one has more than MAX_LINE."""
    longest_at: int = 0


@dataclass(frozen=True)
class Header:
    """The header of a message."""

    fields: tuple[Field, ...]
    form: LineForm
    errors: tuple[tuple[int, str], ...] = ()
    """Lines of the header that are no part of any field, and what is wrong with them."""
    envelope_line: bool = False
    """Whether the file begins with the ``From `` of an mbox file, which is no part of the message."""
    body_at: int = 0
    """Where the body begins in the file."""
    cut_short: bool = False
    """Whether there are more fields, or octets, than are looked at."""

    def all(self, name: str) -> tuple[Field, ...]:
        """The fields of a name, the topmost first."""
        return tuple(field for field in self.fields if field.key == name)

    def first(self, name: str) -> str | None:
        """The value of the topmost field of a name."""
        return next((field.value for field in self.fields if field.key == name), None)


def parse_header(data: bytes) -> Header:
    """Take the header of a message apart. Never raises: faults are in ``errors`` and ``form``."""
    fields: list[Field] = []
    errors: list[tuple[int, str]] = []
    name, parts, started = b"", list[bytes](), 0
    envelope_line = cut_short = False
    position = number = 0

    def finish() -> None:
        nonlocal name
        if name:
            fields.append(_field(name, parts, started))
        name = b""

    for number, line, after in _lines(data):
        position = after
        if not line:
            break
        if position > MAX_OCTETS:
            cut_short = True
            break
        if number == 1 and line.startswith(b"From ") and not _NAME.match(line):
            envelope_line = True
        elif line[:1] in (b" ", b"\t"):
            if not name:
                errors.append((number, "begins with a blank and continues no field"))
            else:
                if not line.strip(b" \t") and len(errors) < MAX_FIELDS:
                    errors.append((number, "holds nothing but blanks (RFC 5322, section 3.2.2)"))
                parts.append(line)
        elif match := _NAME.match(line):
            finish()
            if len(fields) >= MAX_FIELDS:
                cut_short = True
                break
            name, parts, started = match[1], [line[match.end() :]], number
            if match[0][-2:-1] in (b" ", b"\t"):
                errors.append((number, "has a blank between name and colon (RFC 5322, section 4.5.8)"))
        else:
            errors.append((number, "is neither a field nor the continuation of one (RFC 5322, section 2.2)"))
            if len(errors) > MAX_FIELDS:
                cut_short = True
                break
    finish()
    return Header(tuple(fields), _line_form(data, position), tuple(errors[:10]), envelope_line, position, cut_short)


def _lines(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Number, octets without the end, and the position behind, of each line."""
    number = position = 0
    while position < len(data):
        end = data.find(b"\n", position)
        after = len(data) if end < 0 else end + 1
        number += 1
        yield number, data[position : after if end < 0 else end].removesuffix(b"\r"), after
        position = after


def _field(name: bytes, parts: list[bytes], line: int) -> Field:
    longest = max(len(name) + 1 + len(parts[0]), *map(len, parts))
    octets = b"".join(parts)[:MAX_VALUE]
    is_utf8 = True
    try:
        value = octets.decode("utf-8")
    except UnicodeDecodeError:
        value, is_utf8 = octets.decode("utf-8", "replace"), len(octets) == MAX_VALUE
    return Field(name.decode("ascii"), value.strip(" \t"), line, not _EIGHT_BIT.search(octets), is_utf8, longest)


def _line_form(data: bytes, body_at: int) -> LineForm:
    first = data.find(b"\n")
    ends = "CRLF" if first > 0 and data[first - 1] == ord("\r") else "LF"
    bare_lf = longest_at = 0
    longest, start = MAX_LINE, 0
    for line in _LONG.finditer(data, body_at):
        if (length := len(line[0].removesuffix(b"\r"))) > longest:
            longest, start = length, line.start()
    if start:
        longest_at = data.count(b"\n", 0, start) + 1
    if ends == "CRLF" and (bare := _BARE_LF.search(data)):
        bare_lf = data.count(b"\n", 0, bare.start()) + 1
    found = _BARE_CR.search(data.removesuffix(b"\r"))
    bare_cr = data.count(b"\n", 0, found.start()) + 1 if found else 0
    return LineForm(ends, bare_cr, bare_lf, longest if longest_at else 0, longest_at)


@dataclass(frozen=True)
class Mailboxes:
    """The addresses of From, Sender, Return-Path and the like (RFC 5322, section 3.4)."""

    addresses: tuple[str, ...]
    """``local@domain`` as written, without comments and phrases."""
    groups: int = 0
    errors: tuple[str, ...] = ()

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains in lower case, each once, without the final dot."""
        names = (address.rpartition("@")[2].lower().rstrip(".") for address in self.addresses)
        return tuple(dict.fromkeys(filter(None, names)))


_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"|\[[^\[\]]*+\]|[<>,:;@]|[ \t\r\n]+|[^<>,:;@"()\[ \t\r\n]+|.', re.DOTALL)


def without_comments(text: str) -> str:
    """The text with each comment replaced by a blank; parentheses in quotes are no comments."""
    kept: list[str] = []
    depth = position = 0
    quoted = False
    while position < len(text):
        char = text[position]
        if char == "\\" and (quoted or depth):
            if not depth:
                kept.append(text[position : position + 2])
            position += 2
            continue
        if char == '"' and not depth:
            quoted = not quoted
        if char == "(" and not quoted:
            depth += 1
        elif char == ")" and not quoted and depth:
            depth -= 1
            if not depth:
                kept.append(" ")
        elif not depth:
            kept.append(char)
        position += 1
    return "".join(kept)


def parse_mailboxes(text: str) -> Mailboxes:
    """Take a list of mailboxes apart; groups are opened. Never raises."""
    found = _MailboxList()
    plain = without_comments(text)
    for match in _QUOTED.finditer(plain):
        if not _QUOTE.fullmatch(match[0]):
            found.errors.append("a quotation mark is not closed")
            plain = plain[: match.start()] + plain[match.start() :].replace('"', " ")
            break
    for match in _PIECE.finditer(plain):
        found.take(match[0])
    return found.end()


class _MailboxList:
    """The elements of a list of mailboxes, one piece after the other."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.errors: list[str] = []
        self.groups = 0
        self._words: list[str] = []
        self._angle: list[str] | None = None
        self._inside_angle = self._inside_group = self._behind_group = False

    def take(self, piece: str) -> None:
        if self._inside_angle and self._angle is not None:
            if piece == ">":
                self._inside_angle = False
            else:
                self._angle.append(piece)
        elif piece == "<" and self._angle is None:
            self._inside_angle, self._angle, self._words = True, [], []
        elif piece == ":" and self._angle is None and not self._inside_group:
            self.groups += 1
            self._inside_group, self._words = True, []
        elif piece == ",":
            self._finish()
            self._behind_group = False
        elif piece == ";" and self._inside_group:
            self._behind_group = True
            self._finish()
            self._inside_group = False
        elif piece == ";":
            self.errors.append("a semicolon ends no group")
        else:
            self._words.append(piece)

    def end(self) -> Mailboxes:
        if self._inside_angle:
            self.errors.append("an angle bracket is not closed")
        if self._inside_group:
            self.errors.append("a colon begins a group, and no semicolon ends it")
        self._finish()
        if not self.addresses and not self.groups and not self.errors:
            self.errors.append("no address")
        return Mailboxes(tuple(self.addresses), self.groups, tuple(self.errors[:10]))

    def _finish(self) -> None:
        words = "".join(self._words).strip()
        if self._angle is not None:
            address = "".join(self._angle).strip()
            if words:
                self.errors.append(f"{words[:80]!r} stands behind an address")
        else:
            address = words
        self._words, angle, self._angle = [], self._angle, None
        if address.startswith("@") and ":" in address:
            address = address.partition(":")[2]
            self.errors.append("a route stands before the address (RFC 5322, section 4.4)")
        local, at, domain = address.rpartition("@")
        if at and local and domain and not _NO_DOMAIN.search(domain):
            self.addresses.append(address)
            if "@" in _QUOTED.sub("", local):
                self.errors.append(f"{address[:80]!r} holds several @")
            if angle is None and _BLANK.search(local.rpartition('"')[2]):
                self.errors.append(f"words stand before an address without angle brackets: {address[:80]!r}")
        elif address or angle is not None:
            self.errors.append(f"{address[:80]!r} is no address")
        elif not self._behind_group and (self.addresses or self.errors):
            self.errors.append("an element of the list is empty (RFC 5322, section 4.4)")


_BLANK = re.compile(r"[ \t\r\n]")
_NO_DOMAIN = re.compile(r'[ \t\r\n"]')
_QUOTE = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_QUOTED = re.compile(_QUOTE.pattern + "?", re.DOTALL)
"""One that is not closed goes to the end of the text, so that nothing is looked at twice."""

ONCE = (
    *("date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references"),
    "subject",
)
"""Fields that may stand once (RFC 5322, section 3.6)."""

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(
    rf"(?:(?P<name>{'|'.join(_WEEKDAYS)}),\s*)?\s*(?P<day>\d{{1,2}})\s+(?P<month>{'|'.join(_MONTHS)})\s+"
    r"(?P<year>\d{4,9})\s+(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?\s+[+-]\d\d(?P<zone>\d\d)",
    re.IGNORECASE | re.ASCII,
)
_MESSAGE_ID = re.compile(r"<[^\s<>@]+@(?:\[[^\s\[\]]*\]|[^\s<>@\[\]]+)>")
_QUOTED_ID = re.compile(r'<"[^"<>]*"@[^\s<>@]+>')


def is_date(text: str) -> bool:
    """Whether a date has the form that may be generated (RFC 5322, section 3.3)."""
    return _DATE.fullmatch(without_comments(text).strip()) is not None


def time_error(text: str) -> str:
    """Why a date of the right form names no time (RFC 5322, section 3.3); empty where it names one."""
    match = _DATE.fullmatch(without_comments(text).strip())
    if match is None or int(match["year"]) > MAXYEAR:
        return ""
    year, day, hour, minute, second, zone = (
        int(match[name] or 0) for name in ("year", "day", "hour", "minute", "second", "zone")
    )
    try:
        seen = datetime(year, _MONTHS.index(match["month"].lower()) + 1, day, hour, minute)
    except ValueError as error:
        return str(error)
    if second > LEAP_SECOND:
        return "a minute has no such second"
    if zone > MAX_ZONE_MINUTE:
        return "no zone has such minutes"
    weekday = _WEEKDAYS[seen.weekday()].capitalize()
    return f"that day is a {weekday}" if match["name"] and match["name"].capitalize() != weekday else ""


LEAP_SECOND = 60
MAX_ZONE_MINUTE = 59
"""The last two digits of a zone are minutes."""


def is_message_id(text: str) -> bool:
    """Whether an identifier has the form of RFC 5322, section 3.6.4, the quoted one of section 4.5.4 included."""
    stripped = without_comments(text).strip()
    return bool(_MESSAGE_ID.fullmatch(stripped) or _QUOTED_ID.fullmatch(stripped))
