"""MTA-STS records and policies taken apart (RFC 8461, sections 3.1 and 3.2)."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from mailproof.grammars.fields import FIELD_NAME, parse_fields

VERSION = "STSv1"

MAX_AGE_LIMIT = 31557600
"""Seconds: the largest max_age (RFC 8461, section 3.2)."""

_ID = re.compile(r"[A-Za-z0-9]{1,32}")


def record_errors(text: str) -> tuple[str, ...]:
    """Everything that makes a record void (RFC 8461, section 3.1)."""
    values, errors = parse_fields(text, "id")
    if not values:
        errors.append("the field id is missing")
    elif not _ID.fullmatch(values[0]):
        errors.append("id is not 1 to 32 letters and digits")
    return tuple(errors)


def policy_id(text: str) -> str:
    """The id of a record; empty where it has none."""
    values, _ = parse_fields(text, "id")
    return values[0] if values else ""


@dataclass(frozen=True)
class STSPolicy:
    """A policy file taken apart. Keys other than mx keep their first value."""

    mode: str
    mx: tuple[str, ...]
    max_age: int | None
    errors: tuple[str, ...]


_LINE = re.compile(rf"(?P<key>{FIELD_NAME}):[ \t]*+(?P<value>[^\x00-\x1f\x7f]*+)")
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
    odd = defaultdict[str, str](str)
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
            if match["key"] != match["key"].lower():
                odd[match["key"].lower()] = f" ({match['key']} on line {number} is none: the case counts)"
            if match["key"] not in _POLICY_KEYS and not _POLICY_VALUE.fullmatch(match["value"]):
                errors.append(f"line {number}: the value of {match['key']} is empty or holds a tab")
    if values.get("version") != "STSv1":
        errors.append(
            f"version is {values['version']!r}, not STSv1"
            if "version" in values
            else f"version is missing{odd['version']}"
        )
    mode = values.get("mode", "")
    if mode not in ("enforce", "testing", "none"):
        errors.append(f"mode is {mode!r}, not enforce, testing or none" if mode else f"mode is missing{odd['mode']}")
    age = values.get("max_age", "")
    max_age = int(age) if re.fullmatch(r"[0-9]{1,10}", age) else None
    if max_age is None or max_age > MAX_AGE_LIMIT:
        errors.append(
            f"max_age is {age!r}, not a number from 0 to {MAX_AGE_LIMIT}"
            if age
            else f"max_age is missing{odd['max_age']}"
        )
    if mode in ("enforce", "testing") and not mx:
        errors.append(f"no mx is given{odd['mx']}")
    return STSPolicy(mode, tuple(mx), max_age, tuple(errors))


def with_hosts(body: str, patterns: tuple[str, ...]) -> str:
    """A policy with these mx patterns in place of its own, where the first of those stands."""
    lines = [_plain(line) for line in re.split(r"\r?\n", body) if line]
    first = next((number for number, line in enumerate(lines) if line.startswith("mx:")), len(lines))
    others = [line for line in lines if not line.startswith("mx:")]
    hosts = [f"mx: {pattern}" for pattern in patterns]
    return "\n".join((*others[:first], *hosts, *others[first:], ""))


def _plain(line: str) -> str:
    """A line with one blank behind the colon, and none at its end."""
    match = _LINE.fullmatch(line.rstrip(" \t"))
    return f"{match['key']}: {match['value']}" if match else line


def covers(pattern: str, host: str) -> bool:
    """Whether an mx pattern matches a host; ``*`` stands for exactly one left-most label (RFC 8461, section 4.1)."""
    if pattern.startswith("*."):
        label, _, rest = host.lower().partition(".")
        return bool(label) and rest == pattern[2:]
    return host.lower() == pattern
