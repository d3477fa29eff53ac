"""Reports of SMTP TLS reporting taken apart (RFC 8460, section 4)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MAX_OCTETS = 20 * 1024 * 1024
MAX_POLICIES = 1_000
MAX_DETAILS = 1_000
"""Of one policy."""
MAX_SESSIONS = 10**10
"""Sums of what strangers claim have to fit into 64 bits."""

POLICY_TYPES = ("tlsa", "sts", "no-policy-found")
FAILURES = (
    *("starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted"),
    *("validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error"),
    *("sts-policy-invalid", "sts-webpki-invalid"),
)
"""IANA registry "STARTTLS Validation Result Types"."""


class UnreadableJSON(ValueError):
    """No report of TLS reporting, or JSON that cannot be read."""


class OtherJSON(UnreadableJSON):
    """Of another kind, or no JSON at all."""


@dataclass(frozen=True)
class FailureDetail:
    """Sessions that failed in one way."""

    type: str
    sessions: int
    mx: str = ""
    address: str = ""
    """Of the receiving server."""
    reason: str = ""


@dataclass(frozen=True)
class PolicyReport:
    """What a report says of one policy."""

    type: str
    domain: str
    successes: int
    failures: int
    details: tuple[FailureDetail, ...] = ()


@dataclass(frozen=True)
class TLSReport:
    """One report. Times are in seconds since 1970, 0 where nothing could be read."""

    reporter: str
    id: str
    begin: int
    end: int
    policies: tuple[PolicyReport, ...]
    errors: tuple[str, ...] = ()


def parse_tls_report(data: bytes) -> TLSReport:
    """Take a report apart. Raises UnreadableJSON for what is none."""
    if len(data) > MAX_OCTETS:
        raise UnreadableJSON(f"its JSON has more than {MAX_OCTETS} octets")
    errors: dict[str, None] = {}
    text = data.decode(json.detect_encoding(data), "replace").lstrip()
    if "\ufffd" in text:
        errors["it is no UTF-8"] = None
    try:
        document, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError) as error:
        kind = UnreadableJSON if '"policies"' in text else OtherJSON
        raise kind(f"its JSON is broken: {error!s:.100}") from None
    if not isinstance(document, dict) or not isinstance(document.get("policies"), list):
        raise OtherJSON("it is no report of TLS reporting: it holds no policies")
    if text[end:].strip():
        errors["something stands behind the end of the report"] = None
    for name in ("organization-name", "report-id", "contact-info", "date-range"):
        if not document.get(name):
            errors[f"{name} is missing"] = None
    entries = document["policies"]
    if len(entries) > MAX_POLICIES:
        raise UnreadableJSON(f"it holds more than {MAX_POLICIES} policies")
    policies = tuple(_policy(entry, errors) for entry in entries if isinstance(entry, dict))
    period = document.get("date-range")
    begin, until = (
        _time(period.get(f"{name}-datetime")) if isinstance(period, dict) else 0 for name in ("start", "end")
    )
    if not begin or not until or until < begin:
        errors["date-range names no period"] = None
    return TLSReport(
        _text(document.get("organization-name")),
        _text(document.get("report-id")),
        begin,
        until,
        policies,
        tuple(errors)[:20],
    )


def _policy(entry: dict[str, Any], errors: dict[str, None]) -> PolicyReport:
    policy, summary = (_object(entry.get(name)) for name in ("policy", "summary"))
    kind = _text(policy.get("policy-type"))
    if kind not in POLICY_TYPES:
        errors[f"policy-type is {kind[:40]!r}"] = None
    domain = _text(policy.get("policy-domain")).lower().rstrip(".")
    if not domain:
        errors["policy-domain is missing"] = None
    successes, failures = (_number(summary.get(f"total-{name}-session-count")) for name in ("successful", "failure"))
    if successes is None or failures is None:
        errors["a summary lacks the number of sessions"] = None
    listed = entry.get("failure-details")
    details = tuple(_detail(one, errors) for one in (listed if isinstance(listed, list) else ())[:MAX_DETAILS])
    if failures and not details:
        errors["failures are counted and not told apart (failure-details)"] = None
    return PolicyReport(kind, domain, successes or 0, failures or 0, details)


def _detail(value: Any, errors: dict[str, None]) -> FailureDetail:
    entry = _object(value)
    kind = _text(entry.get("result-type"))
    if kind not in FAILURES:
        errors[f"result-type is {kind[:60]!r}"] = None
    return FailureDetail(
        kind,
        _number(entry.get("failed-session-count")) or 0,
        _text(entry.get("receiving-mx-hostname")).lower().rstrip("."),
        _text(entry.get("receiving-ip")),
        _text(entry.get("failure-reason-code")),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return " ".join(value[:500].split()) if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    """A number of sessions; some reporters write it as text, or as 1.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_SESSIONS else None


def _time(value: Any) -> int:
    try:
        found = datetime.fromisoformat(_text(value)[:40].upper())
        return max(int((found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()), 0)
    except (ValueError, OverflowError):
        return 0
