"""security.txt (RFC 9116): fields, one in each line, perhaps inside an OpenPGP cleartext signature."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

KNOWN = ("contact", "expires", "encryption", "acknowledgments", "canonical", "hiring", "policy", "preferred-languages")
ONCE = ("expires", "preferred-languages")

_URIS = frozenset(KNOWN) - {"expires", "preferred-languages"}
"""Fields whose values are URIs: those of the web begin with https (RFC 9116, section 2.5)."""

MOST_ERRORS = 20

BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----"

_FIELD = re.compile(r"([!-9;-~]+):(.*)")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class SecurityText:
    """The fields in order, with names in lower case, and the lines that are none."""

    fields: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]
    signature: str
    """The OpenPGP signature in its armour; empty where the file is not signed."""

    def values(self, name: str) -> tuple[str, ...]:
        """The values of all fields of that name."""
        return tuple(value for known, value in self.fields if known == name.lower())

    @property
    def expires(self) -> datetime | None:
        """The end of its time; None where there is not just one that is a date (RFC 3339)."""
        values = self.values("expires")
        return parse_date(values[0]) if len(values) == 1 else None


def parse_date(text: str) -> datetime | None:
    """A date and time as RFC 3339, section 5.6 has them; None for what is none."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3].upper().replace('Z', '+00:00')}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_security_txt(text: str) -> SecurityText:
    """Take the file apart. Comments and empty lines say nothing; fields that nobody knows are passed over."""
    fields: list[tuple[str, str]] = []
    errors = ["it begins with a byte order mark"] if text.startswith("\ufeff") else []
    body, signature = _signed(text.removeprefix("\ufeff"))
    for number, line in enumerate(body.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _FIELD.fullmatch(line.strip())
        if found is None and len(errors) >= MOST_ERRORS:
            break
        if found is None:
            errors.append(f"line {number} is no field: {line.strip()[:80]}")
        else:
            fields.append((found[1].lower(), found[2].strip()))
    names = [name for name, _ in fields]
    if "contact" not in names:
        errors.append("Contact is missing")
    if "expires" not in names:
        errors.append("Expires is missing")
    errors += [f"{name.capitalize()} comes {names.count(name)} times" for name in ONCE if names.count(name) > 1]
    for name, value in fields:
        if name == "expires" and parse_date(value) is None:
            errors.append(f"Expires is not a date (RFC 3339): {value}")
        elif name == "contact" and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:\S", value):
            errors.append(f"Contact is not a URI: {value}")
        elif name in _URIS and value.lower().startswith("http:"):
            errors.append(f"{name.capitalize()} does not use https: {value}")
    return SecurityText(tuple(fields), tuple(errors[:MOST_ERRORS]), signature)


def _signed(text: str) -> tuple[str, str]:
    """What is signed, without its armour, and the signature (RFC 9580, section 7)."""
    if not text.lstrip(" \t\r\n").startswith(BEGIN):
        return text, ""
    _, _, rest = text.partition(BEGIN)
    body, found, signature = rest.partition(SIGNATURE)
    lines = body.splitlines()
    blank = next((number for number, line in enumerate(lines) if number and not line.strip()), 0)
    signed = (line.removeprefix("- ") for line in lines[blank:])
    return "\n".join(signed), f"{found}{signature}"
