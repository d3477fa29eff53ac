"""Distinguished names in certificates, and when two of them are equal."""

from __future__ import annotations

import unicodedata

from cryptography import x509

Canonical = tuple[frozenset[tuple[str, str]], ...]
"""A distinguished name, so written that names which match are equal."""


def canonical(name: x509.Name) -> Canonical:
    """``name`` as it is compared (RFC 5280, section 7.1): case, string type and surplus blanks do not count."""
    return tuple(
        frozenset((attribute.oid.dotted_string, _prepared(attribute.value)) for attribute in rdn) for rdn in name.rdns
    )


def _prepared(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
