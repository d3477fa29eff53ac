"""Names in certificates: when two distinguished names are equal, and which names a certificate is made out to."""

from __future__ import annotations

import ipaddress
import unicodedata
from typing import TYPE_CHECKING

from cryptography import x509

if TYPE_CHECKING:
    from mailproof.net.certificates import Certificate

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


def matches_name(certificate: Certificate, host: str) -> bool:
    """Whether ``certificate`` is made out to ``host``, a DNS name or an address (RFC 9525, section 6).

    Only subject alternative names count, never the common name; a wildcard must be the whole left-most label
    and stands for exactly one label. An address matches IP addresses only. What is no name in preferred syntax
    (a final dot, a U-label) matches nothing (RFC 5280, sections 4.2.1.6 and 7.2).
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return str(address) in certificate.ip_addresses
    wanted = _reference(host)
    return any(_covers(presented.lower(), wanted) for presented in certificate.dns_names)


def _reference(host: str) -> str:
    """The name that a client looks for: A-labels in lower case, without a final dot; "" for what is no name."""
    name = host.removesuffix(".")
    try:
        name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return name.lower()


def _covers(presented: str, wanted: str) -> bool:
    if not presented.isascii() or "" in presented.split(".") or "" in wanted.split("."):
        return False
    first, _, rest = presented.partition(".")
    if first == "*" and rest:
        return "*" not in rest and rest == wanted.partition(".")[2]
    return "*" not in presented and presented == wanted
