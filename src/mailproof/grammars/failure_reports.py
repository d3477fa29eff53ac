"""Failure reports: one message that failed, in the Abuse Reporting Format (RFC 5965, 6591, 9991).

The form is judged; of the message that it is about nothing is kept but the domain and the address that sent it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from mailproof.grammars.messages import without_comments
from mailproof.grammars.received import normal_address
from mailproof.grammars.report_files import parts_of_mail

MAX_VALUE = 255
"""Characters of a field that are kept."""

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


def parse_failure_report(data: bytes) -> FailureReport | None:
    """The failure report that a mail is; None for another mail. Raises UnreadableReport."""
    fields = next((part for part in parts_of_mail(data) if "Feedback-Type" in part), None)
    if fields is None or _value(fields, "Feedback-Type").lower() != "auth-failure":
        return None
    kind = _value(fields, "Auth-Failure").lower()
    return FailureReport(
        kind,
        _value(fields, "User-Agent"),
        (_value(fields, "Reported-Domain") or _value(fields, "DKIM-Domain")).lower(),
        normal_address(_value(fields, "Source-IP")),
        _value(fields, "Delivery-Result").lower(),
        tuple(_errors(fields, kind)),
    )


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
