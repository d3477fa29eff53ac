"""Signatures of certificates: whether they verify, and whether anybody would take them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from mailproof.net.pkix import der
from mailproof.net.pkix.extensions import extension
from mailproof.net.pkix.names import canonical


class Made(StrEnum):
    """What a signature is worth."""

    RIGHT = "right"
    REFUSED = "refused"
    """It verifies, or could, but is of a kind that clients do not take: SHA-1, MD5, a curve spelt out."""
    FALSE = "false"
    UNKNOWN = "unknown"
    """Of a kind that cannot be verified here: that says nothing against it."""


@dataclass(frozen=True)
class Signature:
    """What the signature is worth, and its kind where that is the reason."""

    made: Made
    kind: str = ""


_RIGHT, _FALSE = Signature(Made.RIGHT), Signature(Made.FALSE)
_OLD_HASHES = ("md5", "sha1")
_EXPLICIT_CURVE = Signature(Made.REFUSED, "a curve that is spelt out instead of named (RFC 5480, section 2.1.1)")


def signature(certificate: x509.Certificate, issuer: x509.Certificate) -> Signature:
    """Whether the key of ``issuer`` made the signature of ``certificate``. Names do not count."""
    if not der.same_algorithms(certificate):
        return _FALSE  # RFC 5280, section 4.1.1.2
    try:
        key = issuer.public_key()
    except Exception:  # unsupported kinds and damaged keys raise nearly anything
        curve = der.has_explicit_curve(issuer)
        return _EXPLICIT_CURVE if curve else Signature(Made.UNKNOWN, der.key_algorithm(issuer))
    try:
        digest = certificate.signature_hash_algorithm
        parameters = certificate.signature_algorithm_parameters
        signed, body = certificate.signature, certificate.tbs_certificate_bytes
        match key, parameters:
            case rsa.RSAPublicKey(), padding.PKCS1v15() | padding.PSS() if digest is not None:
                key.verify(signed, body, parameters, digest)
            case ec.EllipticCurvePublicKey(), ec.ECDSA():
                key.verify(signed, body, parameters)
            case dsa.DSAPublicKey(), None if digest is not None:
                key.verify(signed, body, digest)
            case ((ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey()), None) if digest is None:
                key.verify(signed, body)
            case _:
                return _FALSE  # a key of another kind than the algorithm
    except InvalidSignature:
        return _FALSE
    except Exception:  # odd parameters and algorithms raise nearly anything
        return Signature(Made.UNKNOWN, certificate.signature_algorithm_oid.dotted_string)
    if digest is not None and digest.name in _OLD_HASHES:
        return Signature(Made.REFUSED, "SHA-1" if digest.name == "sha1" else "MD5")
    return _RIGHT


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether subject and issuer match and nothing speaks against the certificate's own key having signed it."""
    if canonical(certificate.subject) != canonical(certificate.issuer):
        return False
    made = signature(certificate, certificate).made
    return made is not Made.FALSE and (made is Made.RIGHT or key_identifiers_agree(certificate, certificate))


def key_identifiers_agree(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """False when the key identifiers say that another key of the same name signed (RFC 5280, section 4.2.1.1)."""
    wanted = extension(certificate, x509.AuthorityKeyIdentifier)
    offered = extension(issuer, x509.SubjectKeyIdentifier)
    if wanted is None or wanted.key_identifier is None or offered is None:
        return True
    return wanted.key_identifier == offered.digest
