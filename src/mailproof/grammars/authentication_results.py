"""Authentication-Results, what a receiver found out about a message (RFC 8601, section 2.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mailproof.grammars.messages import without_comments

MAX_RESULTS = 50
"""Of one field."""

_RESULT = re.compile(r"(?P<method>[a-z0-9-]{1,40})\s*(?:/\s*[0-9]+\s*)?=\s*(?P<result>[a-z0-9-]{1,40})", re.IGNORECASE)
_PROPERTY = re.compile(
    r'(?P<name>[a-z0-9-]{1,40}(?:\s*\.\s*[a-z0-9-]{1,40})?)\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s;]+))',
    re.IGNORECASE,
)
"""``header.d=example.org``; also ``reason="..."``, whose text is nobody's property."""
_PART = re.compile(r'(?:"[^"]*"|[^;"]|")+')
"""What stands between semicolons outside of quotes."""


@dataclass(frozen=True)
class MethodResult:
    """The result of one method: ``dkim=pass header.d=example.org``. Names are in lower case."""

    method: str
    result: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class AuthenticationResults:
    """One field. ``server`` is the name of who found it out (authserv-id), in lower case; empty where none is there."""

    server: str
    results: tuple[MethodResult, ...]


def parse_authentication_results(value: str) -> AuthenticationResults:
    """Take a field apart. Never raises; what cannot be understood is left out."""
    head, *parts = _PART.findall(without_comments(value)) or [""]
    words = head.split()
    found = []
    for part in parts[:MAX_RESULTS]:
        match = _RESULT.match(part.strip())
        if match is None:
            continue
        properties = {
            re.sub(r"\s", "", one["name"]).lower(): one["plain"] if one["quoted"] is None else one["quoted"]
            for one in _PROPERTY.finditer(part.strip(), match.end())
            if "." in one["name"]
        }
        found.append(MethodResult(match["method"].lower(), match["result"].lower(), properties))
    return AuthenticationResults(words[0].strip('"').rstrip(".").lower() if words else "", tuple(found))
