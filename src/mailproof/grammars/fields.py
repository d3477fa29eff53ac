"""Records of fields behind a version: ``v=STSv1; id=1``.

MTA-STS has them (RFC 8461, section 3.1), and TLS reporting (RFC 8460, section 3).
"""

from __future__ import annotations

import re

FIELD_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}"

_FIELD = re.compile(rf"(?P<name>{FIELD_NAME})=(?P<value>.*)", re.DOTALL)
_EXTENSION_VALUE = re.compile(r"[\x21-\x3a\x3c\x3e-\x7e]+")


def select_records(texts: tuple[str, ...], version: str) -> tuple[str, ...]:
    """The TXT texts that count. Of several, those that begin with exactly the version and a semicolon (RFC 8461,
    section 3.1); a single one may have blanks before the semicolon, as the grammar has it.
    """
    if len(texts) == 1:
        return tuple(text for text in texts if re.match(rf"v={version}[ \t]*;", text))
    return tuple(text for text in texts if text.startswith(f"v={version};"))


def _misspelt(version: str) -> str:
    """An expression for a version and what people write for it: STS1 and STS, TLS-RPTv1. STSv2 is another version."""
    name = version.removesuffix("v1").replace("TLS", "TLS[-_]?")
    return rf"v\W{{0,5}}(?:{version}(?![0-9])|{name}[-_ ]?(?:v?\W?1)?(?![A-Za-z0-9]))"


def near_misses(texts: tuple[str, ...], version: str) -> tuple[str, ...]:
    """TXT texts that look like an attempt at such a record and do not count as one."""
    near = re.compile(rf"(?:[^;]{{1,200}};[ \t]*|\W*){_misspelt(version)}", re.IGNORECASE | re.ASCII)
    counted = select_records(texts, version)
    return tuple(text for text in texts if near.match(text) and text not in counted)


def respelt(text: str, version: str) -> str:
    """The record that ``text`` means, where only its version is wrong, or stands behind a field."""
    flags = re.IGNORECASE | re.ASCII
    rest = re.sub(rf"(?:\A\W*|(?<=;)[ \t]*){_misspelt(version)}[\s;,]*", "", text, count=1, flags=flags).strip('" ')
    return f"v={version}; {rest}"


def parse_fields(text: str, own: str) -> tuple[list[str], list[str]]:
    """The values of the field ``own`` after the version, in order, and every other part that is no extension."""
    values: list[str] = []
    errors: list[str] = []
    _, *parts = split(text, ";")
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


def split(text: str, separator: str) -> list[str]:
    """The parts of ``text``. Blanks are allowed around a separator, and nowhere else (RFC 8461, section 3.1)."""
    first, *others = text.split(separator)
    parts = [first]
    for other in others:
        parts[-1] = parts[-1].rstrip(" \t")
        parts.append(other.lstrip(" \t"))
    return parts
