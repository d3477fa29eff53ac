"""Path building and name matching for the certificates that a server sent (RFC 5280, section 6; RFC 9525).

Pure functions. The CA/Browser Forum's rules are not applied: a private CA with plain certificates is as good
as its place in the trust store.
"""

from __future__ import annotations

import functools
import ipaddress
import warnings
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from mailproof.net.certificates import Certificate, Chain, is_ca, is_self_signed, load, reading, signed_by
from mailproof.net.text import printable

LONGEST = 32
"""Certificates of a chain that are looked at."""


class PathStatus(StrEnum):
    """How far the certificates sent lead."""

    TRUSTED = "trusted"
    SELF_SIGNED = "self-signed"
    """The server's certificate signs itself and is not in the trust store."""
    UNTRUSTED_ROOT = "untrusted root"
    """The chain is complete up to a root that was sent and is not in the trust store."""
    ISSUER_MISSING = "issuer missing"
    """The last certificate's issuer was neither sent nor is trusted: incomplete chain or unknown CA."""
    BROKEN_SIGNATURE = "broken signature"
    """The issuer by name and key identifier is there, but the signature does not verify with its key."""
    INTERMEDIATE_EXPIRED = "intermediate expired"
    """The path leads to a trusted root, through a CA certificate outside its validity."""
    INTERMEDIATE_NOT_CA = "intermediate not a CA"
    """The path leads to a trusted root, through a certificate that may not sign others."""


@dataclass(frozen=True)
class PathResult:
    """The end of path building. ``path`` are the subjects from the leaf up; ``detail`` names what is amiss:
    the missing issuer, the expired certificate, ... (empty when trusted)."""

    status: PathStatus
    path: tuple[str, ...]
    detail: str = ""


class Roots:
    """A trust store: root certificates, found by subject."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._by_subject: dict[bytes, list[x509.Certificate]] = {}
        for certificate in certificates:
            self._by_subject.setdefault(certificate.subject.public_bytes(), []).append(certificate)

    def named(self, subject: x509.Name) -> tuple[x509.Certificate, ...]:
        """The roots with this subject."""
        return tuple(self._by_subject.get(subject.public_bytes(), ()))

    def __contains__(self, certificate: x509.Certificate) -> bool:
        return certificate in self.named(certificate.subject)


@functools.cache
def trusted_roots(ca_file: Path | None = None) -> Roots:
    """Return the public roots (Mozilla's, as certifi ships them) and those of the PEM file ``ca_file``.

    Raises OSError and ValueError for a file that cannot be read or parsed: a mistake in the inventory.
    """
    with warnings.catch_warnings():
        # Some public roots are older than the rule that serial numbers are positive.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        certificates = x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
        if ca_file is not None:
            certificates += x509.load_pem_x509_certificates(ca_file.read_bytes())
    return Roots(certificates)


def verify(chain: Chain, roots: Roots, at: datetime) -> PathResult:
    """Build a path from the certificates of ``chain``, in whatever order they were sent, to one of ``roots``.

    Names are not looked at, nor is the leaf's own validity: CA certificates are judged at the moment closest
    to ``at`` (aware of its time zone) that lies within the leaf's validity. Raises Malformed when a
    certificate does not parse.
    """
    leaf, *others = (load(pem) for pem in chain.certificates[:LONGEST])
    at = min(max(at.astimezone(UTC), leaf.not_valid_before_utc), leaf.not_valid_after_utc)
    with reading():
        found = _search(leaf, others, roots, at, strict=True)
        if found.status is PathStatus.TRUSTED:
            return found
        return _search(leaf, others, roots, at, strict=False)


def matches_name(certificate: Certificate, host: str) -> bool:
    """Whether ``certificate`` is made out to ``host``, a DNS name or an address (RFC 9525, section 6).

    Only subject alternative names count, never the common name; a wildcard must be the whole left-most label
    and stands for exactly one label. An address matches IP addresses only.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return str(address) in certificate.ip_addresses
    wanted = _labels(host)
    return any(_label_match(_labels(known), wanted) for known in certificate.dns_names)


@dataclass(frozen=True)
class _Step:
    path: tuple[x509.Certificate, ...]
    flaw: tuple[PathStatus, str] | None


def _search(
    leaf: x509.Certificate, others: list[x509.Certificate], roots: Roots, at: datetime, *, strict: bool
) -> PathResult:
    """Walk up from the leaf, each certificate once, shortest paths first; ``strict`` passes no flawed CA."""
    seen = {leaf}
    queue = deque([_Step((leaf,), None)])
    dead_ends: list[PathResult] = []
    while queue:
        step = queue.popleft()
        last = step.path[-1]
        if last in roots or any(_issued(last, root) and _valid(root, at) for root in roots.named(last.issuer)):
            return _result(step.path, *(step.flaw or (PathStatus.TRUSTED, "")))
        if is_self_signed(last):
            status = PathStatus.SELF_SIGNED if last == leaf else PathStatus.UNTRUSTED_ROOT
            dead_ends.append(_result(step.path, status, _name(last.subject)))
            continue
        issuers = [c for c in others if c.subject == last.issuer and c not in step.path]
        true_issuers = [c for c in issuers if _issued(last, c)]
        for issuer in true_issuers:
            flaw = step.flaw or _flaw(issuer, step.path, at)
            if issuer not in seen and not (strict and flaw):
                seen.add(issuer)
                queue.append(_Step((*step.path, issuer), flaw))
        if not true_issuers:
            claimed = [c for c in (*issuers, *roots.named(last.issuer)) if _key_identifiers_agree(last, c)]
            broken = any(not signed_by(last, c) for c in claimed)
            status = PathStatus.BROKEN_SIGNATURE if broken else PathStatus.ISSUER_MISSING
            dead_ends.append(_result(step.path, status, _name(last.issuer)))
    order = list(PathStatus)
    missing = _result((leaf,), PathStatus.ISSUER_MISSING, _name(leaf.issuer))
    return min(dead_ends, key=lambda result: order.index(result.status), default=missing)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    return certificate.issuer == issuer.subject and signed_by(certificate, issuer)


def _valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _flaw(issuer: x509.Certificate, below: tuple[x509.Certificate, ...], at: datetime) -> tuple[PathStatus, str] | None:
    if not is_ca(issuer) or not _may_sign(issuer) or not _long_enough(issuer, below):
        return PathStatus.INTERMEDIATE_NOT_CA, _name(issuer.subject)
    if not _valid(issuer, at):
        return PathStatus.INTERMEDIATE_EXPIRED, _name(issuer.subject)
    return None


def _may_sign(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _long_enough(issuer: x509.Certificate, below: tuple[x509.Certificate, ...]) -> bool:
    """The path length counts the CA certificates below, self-issued ones not (RFC 5280, 4.2.1.9)."""
    length = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    return length is None or sum(c.subject != c.issuer for c in below[1:]) <= length


def _key_identifiers_agree(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """False when the key identifiers say that another key of the same name signed (RFC 5280, 4.2.1.1)."""
    try:
        wanted = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        offered = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return True
    return wanted is None or wanted == offered


def _result(path: tuple[x509.Certificate, ...], status: PathStatus, detail: str) -> PathResult:
    return PathResult(status, tuple(_name(certificate.subject) for certificate in path), detail)


def _name(name: x509.Name) -> str:
    return printable(name.rfc4514_string())


def _labels(name: str) -> list[str]:
    name = name.removesuffix(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return []
    return name.lower().split(".")


def _label_match(known: list[str], wanted: list[str]) -> bool:
    if not known or len(known) != len(wanted) or "" in wanted:
        return False
    if known[0] == "*" and len(known) > 1:
        return known[1:] == wanted[1:]
    return "*" not in "".join(known) and known == wanted
