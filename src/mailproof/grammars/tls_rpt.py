"""TLS reporting records taken apart (RFC 8460, section 3)."""

from __future__ import annotations

from mailproof.grammars.fields import parse_fields, split
from mailproof.grammars.uris import scheme_of, uri_error

VERSION = "TLSRPTv1"


def record_errors(text: str) -> tuple[str, ...]:
    """Everything that makes a record void."""
    values, errors = parse_fields(text, "rua")
    if not values:
        errors.append("the field rua is missing")
    uris = (uri for value in values for uri in split(value, ","))
    return (*errors, *(error for uri in uris if (error := _uri_error(uri))))


def _uri_error(uri: str) -> str | None:
    if scheme_of(uri) not in ("mailto", "https"):
        return f"{uri!r} is neither a mailto: nor an https: address"
    if "!" in uri:
        return f"{uri!r}: an exclamation mark must be percent-encoded"
    return uri_error(uri)
