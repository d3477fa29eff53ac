"""What a file of reports holds, out of gzip, ZIP or mail, whatever its name says: bounded, and nothing is written.

RFC 9990 wants gzip or plain XML; ZIP is what reporters of RFC 7489 send as well, and JSON is RFC 8460's.
"""

from __future__ import annotations

import binascii
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

MAX_FIELDS = 10_000
"""Fields in the header of a mail and of its parts, and lines that look like one."""

MAX_PACKED = 10 * 1024 * 1024
"""Octets of a file as it lies on disk."""
MAX_UNPACKED = 100 * 1024 * 1024
"""Octets of all that comes out of one file."""
MAX_REPORTS = 20
"""Reports in one file."""
MAX_DEPTH = 4
"""Containers in containers: a gzip in a ZIP in a mail."""
MAX_MEMBERS = 20
"""Members of one gzip."""
MAX_PARTS = 1_000
"""Parts of a mail."""

_BOUNDARY = re.compile(rb"boundary\s*=", re.IGNORECASE)
_GZIP = b"\x1f\x8b"
_STARTS = {_GZIP: "gzip", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class UnreadableReport(ValueError):
    """A file that holds no report, or more than the bounds allow."""


class NoReport(UnreadableReport):
    """A file that holds no report: a mail of another kind, say."""


@dataclass(frozen=True)
class Unpacked:
    """A report as text of one of the two formats."""

    format: str
    """xml or json."""
    data: bytes
    container: str = ""
    """gzip, zip or mail, whatever it came out of last; empty for a plain file."""
    in_mail: bool = False
    """Whether it came with a mail, which may have other attachments as well."""


def unpack(data: bytes) -> tuple[Unpacked, ...]:
    """The reports in a file. Raises UnreadableReport."""
    if len(data) > MAX_PACKED:
        raise UnreadableReport(f"it has more than {MAX_PACKED} octets")
    budget = _Budget()
    found = tuple(_open(data, "", 0, budget))
    if not found:
        raise NoReport("it holds no report")
    return found


class _Budget:
    """What may still come out of a file."""

    def __init__(self) -> None:
        self.octets = MAX_UNPACKED
        self.reports = MAX_REPORTS
        self.in_mail = False

    def take(self, octets: int) -> None:
        self.octets -= octets
        if self.octets < 0:
            raise UnreadableReport(f"more than {MAX_UNPACKED} octets come out of it")


def _open(data: bytes, container: str, depth: int, budget: _Budget) -> Iterator[Unpacked]:
    if depth > MAX_DEPTH:
        raise UnreadableReport(f"more than {MAX_DEPTH} containers lie in each other")
    kind = next((name for start, name in _STARTS.items() if data.startswith(start)), "")
    if kind == "gzip":
        yield from _open(_gunzip(data, budget), kind, depth + 1, budget)
    elif kind == "zip":
        for member in _unzip(data, budget):
            yield from _open(member, kind, depth + 1, budget)
    elif form := _format(data):
        budget.reports -= 1
        if budget.reports < 0:
            raise UnreadableReport(f"it holds more than {MAX_REPORTS} reports")
        yield Unpacked(form, data, container, budget.in_mail)
    elif container != "mail" and depth == 0:
        budget.in_mail = True
        for part in _parts(data, budget):
            yield from _open(part, "mail", depth + 1, budget)


def _format(data: bytes) -> str:
    start = data[:200]
    for bom in _BOMS:
        start = start.removeprefix(bom)
    start = start.replace(b"\0", b"").lstrip()
    return "xml" if start.startswith(b"<") else "json" if start.startswith((b"{", b"[")) else ""


def _gunzip(data: bytes, budget: _Budget) -> bytes:
    """What comes out of gzip, which may have several members, one behind the other (RFC 1952, section 2.2)."""
    found: list[bytes] = []
    while not found or data.startswith(_GZIP):
        if len(found) >= MAX_MEMBERS:
            raise UnreadableReport(f"its gzip has more than {MAX_MEMBERS} members")
        engine = zlib.decompressobj(wbits=31)
        try:
            found.append(engine.decompress(data, budget.octets + 1))
        except zlib.error as error:
            raise UnreadableReport(f"its gzip is broken: {error}") from None
        budget.take(len(found[-1]))
        if not engine.eof:
            raise UnreadableReport("its gzip is cut short")
        data = engine.unused_data
    return b"".join(found)


def _unzip(data: bytes, budget: _Budget) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if not member.filename.endswith("/")]
            if len(members) > MAX_REPORTS:
                raise UnreadableReport(f"its ZIP holds more than {MAX_REPORTS} files")
            for member in members:
                with archive.open(member) as stream:
                    unpacked = stream.read(budget.octets + 1)
                budget.take(len(unpacked))
                yield unpacked
    except _ZIP_FAULTS as error:
        if isinstance(error, UnreadableReport):
            raise
        raise UnreadableReport(f"its ZIP cannot be read: {error!s:.100}") from None


_ZIP_FAULTS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, OSError, LookupError, OverflowError),
)
"""What Python's reader of ZIP raises for a broken one; NotImplementedError and RuntimeError for encryption."""


def _parts(data: bytes, budget: _Budget) -> Iterator[bytes]:
    """The parts of a mail that may be reports."""
    for part in parts_of_mail(data):
        octets = _decoded(part)
        budget.take(len(octets))
        if _format(octets) or octets.startswith(tuple(_STARTS)):
            yield octets


def parts_of_mail(data: bytes, depth: int = 0) -> tuple[Message, ...]:
    """The parts of a mail that have none themselves; none of what is no mail. Raises UnreadableReport.

    Its nesting is bounded before Python's parser recurses into it.
    """
    if depth > MAX_DEPTH:
        raise UnreadableReport(f"more than {MAX_DEPTH} mails lie in each other")
    data = data.removeprefix(_BOMS[0]).lstrip(b"\r\n")
    if not re.match(rb"(?:From |[\x21-\x39\x3b-\x7e]+[ \t]*:)", data):
        return ()
    if len(_BOUNDARY.findall(data)) > 20 or data.count(b"\n--") > 2 * MAX_PARTS:
        raise UnreadableReport("it is a mail of too many parts")
    if _LONG_BOUNDARY.search(data) or len(_PIECES.findall(data)) > MAX_PARTS or len(_FIELDS.findall(data)) > MAX_FIELDS:
        raise UnreadableReport("it is a mail whose header has no end")
    try:
        mail = message_from_bytes(data)
        parts = [(part, _encoded_message(part)) for part in mail.walk()]
    except (ValueError, TypeError, LookupError, RecursionError, AttributeError, AssertionError) as error:
        raise UnreadableReport(f"it is a mail that cannot be read: {error!s:.100}") from None
    found: list[Message] = []
    for part, encoded in parts[: 2 * MAX_PARTS]:
        if encoded:
            found += parts_of_mail(encoded, depth + 1)
        elif not part.is_multipart() or "Feedback-Type" in part:  # the fields of a report run into the part's header
            found.append(part)
    return tuple(found[:MAX_PARTS])


def _encoded_message(part: Message) -> bytes:
    """A message within the mail that is in base64: RFC 2046, section 5.2.1 forbids that, and some send it so."""
    if part.get_content_maintype() != "message" or not part.is_multipart():
        return b""
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() != "base64":
        return b""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    text = inner.get_payload() if isinstance(inner, Message) else ""
    try:
        return binascii.a2b_base64(text) if isinstance(text, str) else b""
    except ValueError:
        return b""


_LONG_BOUNDARY = re.compile(rb"""boundary\s*=\s*"?[^\s";]{201}""", re.IGNORECASE)
"""RFC 2046, section 5.1.1 has 70 characters. Python's parser takes time with the square of it."""
_PIECES = re.compile(rb"\*[0-9]+\*?=")
"""Pieces of a parameter (RFC 2231, section 3): Python's parser takes time with the square of their number."""
_FIELDS = re.compile(rb"(?m)^[\x21-\x39\x3b-\x7e]{1,200}:")


def _decoded(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
        is_page = _is_page(part) and not (isinstance(content, bytes) and content.startswith(tuple(_STARTS)))
    except (ValueError, LookupError, AttributeError, TypeError, binascii.Error):
        return b""
    return content if isinstance(content, bytes) and not is_page else b""


def _is_page(part: Message) -> bool:
    """Whether a part is a page for people: HTML begins like XML. Some send a report itself as text, with its name."""
    if part.get_content_type() == "text/plain":
        return not (part.get_filename() or "").lower().endswith((".xml", ".json", ".gz", ".zip"))
    return part.get_content_type() in ("text/html", "text/rfc822-headers")
