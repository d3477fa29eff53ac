"""The names that clients look for in a certificate, and whether it is made out to them (RFC 9525)."""

from __future__ import annotations

import ipaddress

from mailproof.net.pkix.certificates import Certificate


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
