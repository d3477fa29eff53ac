"""Failure reports: one message that failed, in the Abuse Reporting Format (RFC 5965, 6591, 9991).

The form is judged; of the message that it is about nothing is kept but the domain and the address that sent it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from mailproof.grammars.messages import parse_header, without_comments
from mailproof.grammars.received import iso_time, normal_address, seconds_of
from mailproof.grammars.report_files import parts_of_mail

MAX_VALUE = 255
"""Characters of a field that are kept."""

MAX_HEADER = 64 * 1024
"""Octets of the mail's own header."""

KINDS = ("adsp", "bodyhash", "revoked", "signature", "spf", "dmarc")
"""Values of Auth-Failure (RFC 6591, section 3.1; RFC 9991)."""
OF_DKIM = ("DKIM-Domain", "DKIM-Identity", "DKIM-Selector")
_DKIM_KINDS = ("bodyhash", "revoked", "signature")
_ALIGNED = ("none", "dkim", "spf")

_ONCE = ("Feedback-Type", "User-Agent", "Version", "Auth-Failure", "Identity-Alignment", "Source-IP", "Arrival-Date")
"""Fields that may be there once (RFC 5965, section 3; RFC 6591, section 3.1)."""


@dataclass(frozen=True)
class FailureReport:
    """One report. Fields that are not there are empty."""

    kind: str
    """Auth-Failure."""
    software: str = ""
    """User-Agent: the program that wrote the report."""
    domain: str = ""
    """Reported-Domain, else the domain of the signature."""
    source: str = ""
    """Source-IP: who sent the message."""
    result: str = ""
    """Delivery-Result: what became of the message."""
    errors: tuple[str, ...] = ()
    """What the report has not as the standards want it."""
    id: str = ""
    """Message-ID of the mail that the report is."""
    arrived: int = 0
    """When the message arrived, or else the report was written, in seconds since 1970; 0 where nothing says it."""


_OF_FAILURES = re.compile(
    rb"""(?im)^content-type:(?:[^\r\n]|\r?\n[ \t]){0,1000}?report-type\s*=\s*["']?feedback-report\b"""
)


def is_failure_report(data: bytes) -> bool:
    """Whether the header of a mail says that all of it is a report of this format (RFC 5965, section 2)."""
    header = re.split(rb"\r?\n\r?\n", data[:MAX_HEADER].lstrip(b"\r\n"), maxsplit=1)[0]
    return _OF_FAILURES.search(header) is not None


def parse_failure_report(data: bytes) -> FailureReport | None:
    """The failure report that a mail is; None for another mail. Raises UnreadableReport."""
    parts = parts_of_mail(data)
    fields = next((part for part in parts if "Feedback-Type" in part), None)
    if fields is None:
        return _of_exim(data, parts)
    if _value(fields, "Feedback-Type").lower() != "auth-failure":
        return None
    kind = _value(fields, "Auth-Failure").lower()
    return FailureReport(
        kind,
        _value(fields, "User-Agent"),
        (_value(fields, "Reported-Domain") or _value(fields, "DKIM-Domain")).lower(),
        normal_address(_value(fields, "Source-IP")),
        _value(fields, "Delivery-Result").lower(),
        tuple(_errors(fields, kind)),
        *_id_and_time(data, _value(fields, "Arrival-Date") or _value(fields, "Received-Date")),
    )


_LINES_OF_EXIM = re.compile(r"(?m)^ {0,4}(Sender Domain|Sender IP Address|Received date): *(\S[^\r\n]{0,200})$")


def _of_exim(data: bytes, parts: tuple[Message, ...]) -> FailureReport | None:
    """The failure report that Exim writes: the values stand in its text, and no part is for programs."""
    for part in parts:
        text = part.get_payload() if part.get_content_type() == "text/plain" else ""
        found = dict(_LINES_OF_EXIM.findall(text[:10_000])) if isinstance(text, str) else {}
        if {"Sender Domain", "Sender IP Address"} <= found.keys():
            return FailureReport(
                "dmarc",
                "Exim",
                found["Sender Domain"].strip().lower()[:MAX_VALUE],
                normal_address(found["Sender IP Address"].strip()),
                "",
                ("it has no part message/feedback-report",),
                *_id_and_time(data, found.get("Received date", "")),
            )
    return None


def _id_and_time(data: bytes, arrived: str) -> tuple[str, int]:
    """The id of a report's mail, and when the message arrived that it is about."""
    header = parse_header(data[:MAX_HEADER])
    at = seconds_of(iso_time(arrived)) or seconds_of(iso_time(header.first("date") or "")) or 0.0
    return " ".join((header.first("message-id") or "").split())[:MAX_VALUE], max(int(at), 0)


def _errors(fields: Message, kind: str) -> Iterator[str]:
    for name in ("User-Agent", "Version", "Auth-Failure"):
        if not _value(fields, name):
            yield f"{name} is missing"
    for name in _ONCE:
        if len(fields.get_all(name, [])) > 1:
            yield f"{name} is there twice"
    version = _value(fields, "Version")
    if version and version not in ("1", "0.1"):
        yield f"Version is {version}, and not 1"
    if kind and kind not in KINDS:
        yield f"Auth-Failure is {kind}, which no standard has"
    if kind in _DKIM_KINDS:
        for name in OF_DKIM:
            if name not in fields:
                yield f"{name} is missing, in a report of a signature"
    if kind == "spf" and "SPF-DNS" not in fields:
        yield "SPF-DNS is missing, in a report of SPF"
    if kind == "dmarc" or "Identity-Alignment" in fields:
        aligned = re.split(r"[\s,]+", _value(fields, "Identity-Alignment").lower().strip())
        if aligned == [""]:
            yield "Identity-Alignment is missing, in a report of DMARC"
        elif strange := [name for name in aligned if name not in _ALIGNED]:
            yield f"Identity-Alignment is {strange[0]}, and not none, dkim or spf"
    source = _value(fields, "Source-IP")
    if source and not normal_address(source):
        yield f"Source-IP is {source}, which is no address"


def _value(fields: Message, name: str) -> str:
    """A field without comments and folding."""
    text = without_comments(str(fields.get(name, ""))[: 4 * MAX_VALUE])
    return " ".join(text.split())[:MAX_VALUE]
