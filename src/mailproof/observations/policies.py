"""MTA-STS (RFC 8461) and SMTP TLS reporting (RFC 8460): records and policies as published."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailproof.net.dns.client import Answer
from mailproof.net.https import Response
from mailproof.observations import Observation
from mailproof.observations.uris import scheme_of, uri_error

MAX_AGE_LIMIT = 31557600
"""Seconds: the largest max_age (RFC 8461, section 3.2)."""

_FIELD_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}"
_FIELD = re.compile(rf"(?P<name>{_FIELD_NAME})=(?P<value>.*)", re.DOTALL)
_EXTENSION_VALUE = re.compile(r"[\x21-\x3a\x3c\x3e-\x7e]+")
_STS_ID = re.compile(r"[A-Za-z0-9]{1,32}")


def _fields(text: str, own: str) -> tuple[list[str], list[str]]:
    """The values of the field ``own`` after the version, in order, and every other part that is no extension."""
    values: list[str] = []
    errors: list[str] = []
    _, *parts = _split(text, ";")
    if parts and not parts[-1]:
        parts.pop()
    for part in parts:
        match = _FIELD.fullmatch(part)
        if match is None:
            errors.append(f"{part!r} is not a field and a value")
        elif match["name"] == own:
            values.append(match["value"])
        elif not _EXTENSION_VALUE.fullmatch(match["value"]):
            errors.append(f"{part!r}: the value is empty, or holds a blank or an equals sign")
    return values, errors


def _split(text: str, separator: str) -> list[str]:
    """The parts of ``text``. Blanks are allowed around a separator, and nowhere else (RFC 8461, section 3.1)."""
    first, *others = text.split(separator)
    parts = [first]
    for other in others:
        parts[-1] = parts[-1].rstrip(" \t")
        parts.append(other.lstrip(" \t"))
    return parts


@dataclass(frozen=True)
class PolicyRecord(Observation):
    """The TXT records at ``_mta-sts`` or ``_smtp._tls`` of a domain; those of another version do not count."""

    domain: str
    version: str
    answer: Answer

    @property
    def texts(self) -> tuple[str, ...]:
        """The records that count. Of several, those that begin with exactly the version and a semicolon (RFC 8461,
        section 3.1); a single one may have blanks before the semicolon, as the grammar has it.
        """
        texts = tuple(record.text for record in self.answer.records)
        if len(texts) == 1:
            return tuple(text for text in texts if re.match(rf"v={self.version}[ \t]*;", text))
        return tuple(text for text in texts if text.startswith(f"v={self.version};"))

    @property
    def near_misses(self) -> tuple[str, ...]:
        """Texts that are meant to be such a record and are none."""
        near = re.compile(rf"\W*v\W{{0,5}}{self.version}(?![0-9])", re.IGNORECASE)
        texts = (record.text for record in self.answer.records)
        return tuple(text for text in texts if near.match(text) and text not in self.texts)

    @property
    def errors(self) -> tuple[str, ...]:
        """Everything that makes the record void (RFC 8461, section 3.1; RFC 8460, section 3)."""
        if len(self.texts) != 1:
            return ()
        name = "id" if self.version == "STSv1" else "rua"
        values, errors = _fields(self.texts[0], name)
        if not values:
            errors.append(f"the field {name} is missing")
        elif name == "id" and not _STS_ID.fullmatch(values[0]):
            errors.append("id is not 1 to 32 letters and digits")
        elif name == "rua":
            uris = (uri for value in values for uri in _split(value, ","))
            errors += [error for uri in uris if (error := _report_uri_error(uri))]
        return tuple(errors)

    @property
    def in_force(self) -> bool:
        """Whether senders take the domain to publish the mechanism."""
        return len(self.texts) == 1 and not self.errors

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence()


def _report_uri_error(uri: str) -> str | None:
    if scheme_of(uri) not in ("mailto", "https"):
        return f"{uri!r} is neither a mailto: nor an https: address"
    if "!" in uri:
        return f"{uri!r}: an exclamation mark must be percent-encoded"
    return uri_error(uri)


@dataclass(frozen=True)
class STSPolicy:
    """A policy file taken apart. Keys other than mx keep their first value."""

    mode: str
    mx: tuple[str, ...]
    max_age: int | None
    errors: tuple[str, ...]


_LINE = re.compile(rf"(?P<key>{_FIELD_NAME}):[ \t]*+(?P<value>[^\x00-\x1f\x7f]*+)")
"""A line without the blanks at its end. Possessive: 64 KiB of blanks take no time."""
_POLICY_KEYS = frozenset({"version", "mode", "max_age"})
_POLICY_VALUE = re.compile(r"[^\t]+")
"""Of an extension (RFC 8461, section 3.2: sts-policy-ext-value)."""
_MX = re.compile(
    r"(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)


def parse_policy(body: str) -> STSPolicy:
    """Take a policy apart (RFC 8461, section 3.2): LF or CRLF, any order. Never raises: faults are in ``errors``."""
    values: dict[str, str] = {}
    mx: list[str] = []
    errors: list[str] = []
    lines = re.split(r"\r?\n", body)
    while lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line.rstrip(" \t"))
        if match is None:
            errors.append(f"line {number}, {line[:80]!r}, is not a key and a value")
        elif match["key"] == "mx":
            mx.append(match["value"].lower())
            if not _MX.fullmatch(match["value"]):
                errors.append(f"line {number}: {match['value']!r} is neither a host name nor *. and a host name")
        else:
            values.setdefault(match["key"], match["value"])
            if match["key"] not in _POLICY_KEYS and not _POLICY_VALUE.fullmatch(match["value"]):
                errors.append(f"line {number}: the value of {match['key']} is empty or holds a tab")
    if values.get("version") != "STSv1":
        errors.append(f"version is {values['version']!r}, not STSv1" if "version" in values else "version is missing")
    mode = values.get("mode", "")
    if mode not in ("enforce", "testing", "none"):
        errors.append(f"mode is {mode!r}, not enforce, testing or none" if mode else "mode is missing")
    age = values.get("max_age", "")
    max_age = int(age) if re.fullmatch(r"[0-9]{1,10}", age) else None
    if max_age is None or max_age > MAX_AGE_LIMIT:
        errors.append(f"max_age is {age!r}, not a number from 0 to {MAX_AGE_LIMIT}" if age else "max_age is missing")
    if mode in ("enforce", "testing") and not mx:
        errors.append("no mx is given")
    return STSPolicy(mode, tuple(mx), max_age, tuple(errors))


def covers(pattern: str, host: str) -> bool:
    """Whether an mx pattern matches a host; ``*`` stands for exactly one left-most label (RFC 8461, section 4.1)."""
    if pattern.startswith("*."):
        label, _, rest = host.lower().partition(".")
        return bool(label) and rest == pattern[2:]
    return host.lower() == pattern


@dataclass(frozen=True)
class STSPolicyFile(Observation):
    """What ``https://mta-sts.DOMAIN/.well-known/mta-sts.txt`` gives; fetched only if a TXT record is in force."""

    domain: str
    record: PolicyRecord
    addresses: tuple[str, ...]
    response: Response | None

    @property
    def fetched(self) -> bool:
        """Fetched as RFC 8461, section 3.3 wants: a valid certificate and status 200."""
        return self.response is not None and self.response.tls_error is None and self.response.status == 200

    @property
    def policy(self) -> STSPolicy | None:
        return parse_policy(self.response.body) if self.fetched and self.response is not None else None

    def evidence(self) -> tuple[str, ...]:
        lines = [
            *self.record.evidence(),
            f"mta-sts.{self.domain}: {', '.join(self.addresses) or 'no address'}",
        ]
        return (*lines, *(self.response.evidence() if self.response else ()))
