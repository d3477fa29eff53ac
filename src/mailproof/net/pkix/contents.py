"""What a certificate says besides names, dates and key: what it may be used for, where one learns that it was revoked,
which logs have seen it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID

from mailproof.net.pkix.certificates import fingerprint, reading
from mailproof.net.pkix.extensions import extension, why_unreadable
from mailproof.net.text import printable

MOST_ENTRIES = 50
"""Entries of one extension that are looked at."""

ETLS = x509.ObjectIdentifier("0.4.0.3523.3.1")
"""Visibility information: the server's traffic can be read by who has a second key (ETSI TS 103 523-3, "eTLS")."""


@dataclass(frozen=True)
class Contents:
    """What stands in one certificate. Object identifiers are dotted."""

    subject: str
    sha256: str
    signature: str
    """The signature algorithm's name: ``sha256WithRSAEncryption``, ``rsassaPss``."""
    key_usage: tuple[str, ...] | None
    """Names of RFC 5280, section 4.2.1.3; None where the extension is not there."""
    purposes: tuple[str, ...] | None
    """Of the extended key usage; None where the extension is not there."""
    policies: tuple[str, ...]
    revocation_lists: tuple[str, ...]
    """URIs of the distribution points (RFC 5280, section 4.2.1.13)."""
    responders: tuple[str, ...]
    """URIs of OCSP responders (RFC 5280, section 4.2.2.1)."""
    must_staple: bool
    """The TLS feature status_request (RFC 7633): a server shows an OCSP response with the certificate."""
    timestamps: tuple[str, ...]
    """Hexadecimal ids of the logs of embedded timestamps, one for each (RFC 6962, section 3.3)."""
    visible: bool
    """It holds visibility information (``ETLS``)."""
    modulus: str
    """Of an RSA key, hexadecimal; empty for others."""
    exponent: int | None
    """Of an RSA key."""


def contents(certificate: x509.Certificate) -> Contents:
    """What ``certificate`` says. Raises Malformed where a part of it does not parse."""
    with reading():
        modulus, exponent = _rsa(certificate)
        return Contents(
            subject=printable(certificate.subject.rfc4514_string()),
            sha256=fingerprint(certificate),
            signature=_name(certificate.signature_algorithm_oid),
            key_usage=_key_usage(certificate),
            purposes=_purposes(certificate),
            policies=tuple(p.policy_identifier.dotted_string for p in _policies(certificate))[:MOST_ENTRIES],
            revocation_lists=tuple(_revocation_lists(certificate))[:MOST_ENTRIES],
            responders=tuple(_responders(certificate))[:MOST_ENTRIES],
            must_staple=_must_staple(certificate),
            timestamps=tuple(one.log_id.hex() for one in _timestamps(certificate))[:MOST_ENTRIES],
            visible=_is_visible(certificate),
            modulus=modulus,
            exponent=exponent,
        )


@functools.cache
def public_roots(besides: Path | None = None) -> frozenset[str]:
    """SHA-256 of the roots of public CAs: Mozilla's, as certifi ships them, and those of the PEM file ``besides``."""
    with reading():
        found = x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
        if besides is not None:
            found += x509.load_pem_x509_certificates(besides.read_bytes())
        return frozenset(map(fingerprint, found))


def _name(oid: x509.ObjectIdentifier) -> str:
    known = getattr(oid, "_name", "")
    return printable(known) if known and known != "Unknown OID" else oid.dotted_string


_USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
"""The library's names and those of RFC 5280."""


def _key_usage(certificate: x509.Certificate) -> tuple[str, ...] | None:
    usage = extension(certificate, x509.KeyUsage)
    if usage is None:
        return None
    return tuple(told for name, told in _USAGES.items() if getattr(usage, name))


def _purposes(certificate: x509.Certificate) -> tuple[str, ...] | None:
    purposes = extension(certificate, x509.ExtendedKeyUsage)
    return None if purposes is None else tuple(one.dotted_string for one in purposes)[:MOST_ENTRIES]


def _policies(certificate: x509.Certificate) -> Iterator[x509.PolicyInformation]:
    yield from extension(certificate, x509.CertificatePolicies) or ()


def _revocation_lists(certificate: x509.Certificate) -> Iterator[str]:
    """Lists of all reasons, signed by the certificate's own issuer: others do not tell all (RFC 5280, 4.2.1.13)."""
    for point in extension(certificate, x509.CRLDistributionPoints) or ():
        if point.reasons is None and point.crl_issuer is None:
            for name in point.full_name or ():
                if isinstance(name, x509.UniformResourceIdentifier):
                    yield printable(name.value)


def _responders(certificate: x509.Certificate) -> Iterator[str]:
    for description in extension(certificate, x509.AuthorityInformationAccess) or ():
        if description.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            description.access_location, x509.UniformResourceIdentifier
        ):
            yield printable(description.access_location.value)


def _must_staple(certificate: x509.Certificate) -> bool:
    features = extension(certificate, x509.TLSFeature)
    return features is not None and x509.TLSFeatureType.status_request in features


def _timestamps(certificate: x509.Certificate) -> Iterator[x509.certificate_transparency.SignedCertificateTimestamp]:
    yield from extension(certificate, x509.PrecertificateSignedCertificateTimestamps) or ()


def _is_visible(certificate: x509.Certificate) -> bool:
    if why_unreadable(certificate)[0]:
        return False
    names = extension(certificate, x509.SubjectAlternativeName)
    others = names.get_values_for_type(x509.OtherName) if names else ()
    try:
        certificate.extensions.get_extension_for_oid(ETLS)
    except x509.ExtensionNotFound:
        return any(other.type_id == ETLS for other in others)
    return True


def _rsa(certificate: x509.Certificate) -> tuple[str, int | None]:
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return "", None
    if not isinstance(key, rsa.RSAPublicKey):
        return "", None
    numbers = key.public_numbers()
    return f"{numbers.n:x}", numbers.e
