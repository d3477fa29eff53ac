"""Mark certificates (VMC and CMC) as facts: certificates that vouch for the logo of a domain (RFC 3709; VMC
Requirements of the AuthIndicators working group, section 7).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from mailproof.net.errors import Malformed
from mailproof.net.packing import gunzipped
from mailproof.net.pkix.certificates import Certificate, facts, reading
from mailproof.net.pkix.der import dotted, element
from mailproof.net.pkix.extensions import extension, why_unreadable
from mailproof.net.text import printable

BIMI_PURPOSE = "1.3.6.1.5.5.7.3.31"
"""id-kp-BrandIndicatorforMessageIdentification."""
PILOT = "1.3.6.1.4.1.53087.4.1"
"""An extension of certificates that were issued while authorities tried things out."""
LOGOTYPE = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.12")
MAX_CERTIFICATES = 10
_HASHES = {"1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.3": "sha512"}
_MAX_LOGO = 1024 * 1024
_DEEPEST = 12
_SEQUENCE, _OID, _OCTETS, _TEXT, _CONSTRUCTED = 0x30, 0x06, 0x04, 0x16, 0x20


@dataclass(frozen=True)
class MarkCertificate:
    """What a mark certificate says, and whether a path leads from it to an authority."""

    certificate: Certificate
    subject: tuple[tuple[str, str], ...]
    """Pairs of an object identifier and a value."""
    purposes: tuple[str, ...]
    """Object identifiers of the extended key usage."""
    extensions: tuple[str, ...]
    """Object identifiers."""
    images: tuple[str, ...]
    """SHA-256 of each image that stands in the certificate, without compression."""
    hash_faults: tuple[str, ...]
    """Images whose hash in the certificate is another one."""
    path: str = ""
    """Why no path leads to an authority that is known; empty where one does, or none is known."""
    trusted: bool | None = None
    """Whether a path leads to an authority; None where none is known."""

    def get(self, oid: str) -> str:
        """A field of the subject; empty where it is not there."""
        return dict(self.subject).get(oid, "")


def authorities_in(file: Path) -> tuple[x509.Certificate, ...]:
    """The roots in a PEM file. Raises ValueError where there is none."""
    try:
        return tuple(x509.load_pem_x509_certificates(file.read_bytes()))
    except ValueError:
        raise ValueError("these are no certificates in PEM") from None


def read_mark_certificate(pem: str, authorities: str | None, at: datetime) -> MarkCertificate:
    """The first certificate of a PEM text, and its path by the others to one of ``authorities``, in PEM as well.

    Raises Malformed.
    """
    with reading():
        chain = x509.load_pem_x509_certificates(pem.encode())[:MAX_CERTIFICATES]
        leaf = chain[0]
        why, _ = why_unreadable(leaf)
        if why:
            raise Malformed(f"the extensions of the certificate do not parse: {printable(why)}")
        images, hash_faults = _images(leaf)
        trusted, path = _path(leaf, chain[1:], authorities, at)
        purposes = extension(leaf, x509.ExtendedKeyUsage) or ()
        return MarkCertificate(
            facts(leaf),
            tuple((entry.oid.dotted_string, printable(str(entry.value))) for entry in leaf.subject),
            tuple(purpose.dotted_string for purpose in purposes),
            tuple(found.oid.dotted_string for found in leaf.extensions),
            images,
            hash_faults,
            path,
            trusted,
        )


def _path(
    leaf: x509.Certificate, others: list[x509.Certificate], authorities: str | None, at: datetime
) -> tuple[bool | None, str]:
    """Whether a path leads to an authority, at a moment at which the certificate itself is valid; and why not."""
    if authorities is None:
        return None, ""
    moment = min(max(at, leaf.not_valid_before_utc), leaf.not_valid_after_utc).astimezone(UTC)
    roots = x509.load_pem_x509_certificates(authorities.encode())
    end = ExtensionPolicy.permit_all().require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
    above = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    policy = PolicyBuilder().store(Store(roots)).time(moment).extension_policies(ee_policy=end, ca_policy=above)
    try:
        policy.build_client_verifier().verify(leaf, others)
    except VerificationError as error:
        return False, printable(str(error))
    return True, ""


def is_for_bimi(mark: MarkCertificate) -> bool:
    """Whether the extended key usage names BIMI."""
    return not {BIMI_PURPOSE, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string}.isdisjoint(mark.purposes)


def _images(leaf: x509.Certificate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """SHA-256 of the images in the logotype extension, and those whose hash beside them is wrong."""
    try:
        value = leaf.extensions.get_extension_for_oid(LOGOTYPE).value
    except x509.ExtensionNotFound:
        return (), ()
    images: list[str] = []
    faults: list[str] = []
    hashes: dict[str, bytes] = {}
    for algorithm, content in _values(getattr(value, "value", b"")):
        if algorithm:
            hashes[_HASHES.get(algorithm, "")] = content
        elif (data := _data(content)) is not None:
            try:
                document, _ = gunzipped(data, _MAX_LOGO)
            except ValueError as error:
                raise Malformed(f"the image in the certificate cannot be read: {error}") from None
            images.append(hashlib.sha256(document).hexdigest())
            faults += (name for name, found in hashes.items() if name and hashlib.new(name, data).digest() != found)
            hashes = {}
    return tuple(images), tuple(faults)


def _data(uri: bytes) -> bytes | None:
    """The octets of a data URI (RFC 2397); None for another kind of URI. Raises ValueError."""
    head, comma, body = uri.partition(b",")
    if not comma or not head.lower().startswith(b"data:"):
        return None
    octets = unquote_to_bytes(body)
    return base64.b64decode(octets) if head.lower().endswith(b";base64") else octets


def _values(data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Hashes with their algorithms, and texts, in the order of a logotype extension (RFC 3709, section 4.1).

    Other DER than that of such an extension gives nothing; damaged DER raises IndexError or ValueError.
    """
    at = 0
    while at < len(data) and depth < _DEEPEST:
        tag = data[at]
        _, start, end = element(data, at)
        content = data[start:end]
        if tag == _TEXT:
            yield "", content
        elif tag == _SEQUENCE and (found := _hash(content)) is not None:
            yield found
        elif tag & _CONSTRUCTED:
            yield from _values(content, depth + 1)
        at = end


def _hash(content: bytes) -> tuple[str, bytes] | None:
    """An algorithm and a digest, where a sequence holds just these."""
    if content[:1] != bytes([_SEQUENCE]):
        return None
    _, start, end = element(content, 0)
    if content[start : start + 1] != bytes([_OID]) or content[end : end + 1] != bytes([_OCTETS]):
        return None
    _, name, name_end = element(content, start)
    _, digest, digest_end = element(content, end)
    return dotted(content[name:name_end]), content[digest:digest_end]
