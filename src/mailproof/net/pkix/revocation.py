"""Whether a certificate was revoked: CRLs (RFC 5280, section 6.3) and OCSP responses (RFC 6960). Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from mailproof.net.errors import Malformed
from mailproof.net.pkix.certificates import reading
from mailproof.net.pkix.extensions import extension
from mailproof.net.pkix.flaws import is_ca
from mailproof.net.pkix.names import canonical
from mailproof.net.pkix.signatures import Made, signature
from mailproof.net.text import printable

SKEW = timedelta(minutes=5)
"""By how much the CA's clock and ours may differ."""


class Status(StrEnum):
    """What a CA says of a certificate of its own."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """An OCSP responder does not know the certificate."""


@dataclass(frozen=True)
class Said:
    """What a CRL or an OCSP response says of one certificate. Moments are ISO 8601 in UTC."""

    status: Status
    this_update: str
    next_update: str
    """Empty where it is not told."""
    revoked_at: str = ""
    reason: str = ""
    fault: str = ""
    """Why nobody may believe it; empty where nothing speaks against it."""
    timestamps: tuple[str, ...] = ()
    """Hexadecimal ids of the logs whose timestamps an OCSP response brings (RFC 6962, section 3.3)."""

    def is_current(self, at: datetime) -> bool:
        """Whether it is neither too old nor too new at a moment, by clocks that differ by a few minutes."""
        started = datetime.fromisoformat(self.this_update) <= at + SKEW
        return started and (not self.next_update or at - SKEW <= datetime.fromisoformat(self.next_update))


def read_list(data: bytes, certificate: x509.Certificate, issuer: x509.Certificate, url: str) -> Said:
    """What a CRL, in DER or PEM, says of ``certificate``. Raises Malformed."""
    with reading():
        load = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_crl
        found = load(data)
        entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
        updates = found.last_update_utc, found.next_update_utc
        reason = _reason(entry) if entry else ""
        revoked = entry is not None and reason != x509.ReasonFlags.remove_from_crl.value
        return Said(
            Status.REVOKED if revoked else Status.GOOD,
            _iso(updates[0]),
            _iso(updates[1]),
            _iso(entry.revocation_date_utc) if entry and revoked else "",
            reason if revoked else "",
            _fault_of_list(found, certificate, issuer, url),
        )


def _fault_of_list(
    found: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate, url: str
) -> str:
    """Why a CRL does not tell of the certificate (RFC 5280, section 6.3.3)."""
    if canonical(found.issuer) != canonical(issuer.subject):
        return "the list is that of another CA"
    key = issuer.public_key()
    if not isinstance(key, _Keys) or not found.is_signature_valid(key):
        return "the signature of the list does not verify"
    usage = extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        return "the key usage of the CA does not allow it to sign lists"
    faults = []
    for known in found.extensions:
        match known.value:
            case x509.DeltaCRLIndicator():
                faults.append("the list is a delta, and tells only what is new")
            case x509.IssuingDistributionPoint():
                faults.append(_fault_of_scope(known.value, certificate, url))
            case x509.UnrecognizedExtension() if known.critical:
                faults.append(f"the list has a critical extension that is not known: {known.oid.dotted_string}")
    return next(filter(None, faults), "")


def _fault_of_scope(point: x509.IssuingDistributionPoint, certificate: x509.Certificate, url: str) -> str:
    of_ca = is_ca(certificate)
    if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
        return "the list does not tell of all certificates and reasons"
    if (point.only_contains_user_certs and of_ca) or (point.only_contains_ca_certs and not of_ca):
        return "the list is one for another kind of certificate"
    uris = _uris(point.full_name)
    points = [_uris(one.full_name) for one in extension(certificate, x509.CRLDistributionPoints) or ()]
    if uris and uris.isdisjoint({url}.union(*(names for names in points if url in names))):
        return "the list is made for another distribution point"
    return ""


def _uris(names: Iterable[x509.GeneralName] | None) -> set[str]:
    """The URIs of a distribution point: names of the same list (RFC 5280, section 6.3.3, b 2 i)."""
    return {printable(name.value) for name in names or () if isinstance(name, x509.UniformResourceIdentifier)}


def request_for(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """An OCSP request in DER (RFC 6960, section 4.1). Responders know certificates by SHA-1 of their issuer."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def read_response(data: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> Said:
    """What an OCSP response in DER says of ``certificate``. Raises Malformed for none, and for a refusal to tell."""
    with reading():
        found = ocsp.load_der_ocsp_response(data)
        if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Malformed(f"the OCSP responder says {found.response_status.name.lower()}")
        single = next((one for one in found.responses if _is_about(one, certificate, issuer)), None)
        if single is None:
            raise Malformed("the OCSP response is about another certificate")
        status = Status[single.certificate_status.name]
        return Said(
            status,
            _iso(single.this_update_utc),
            _iso(single.next_update_utc),
            _iso(single.revocation_time_utc),
            single.revocation_reason.value if single.revocation_reason else "",
            _fault_of_response(found, issuer),
            _timestamps(found),
        )


def _is_about(single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether serial number and issuer are those of the certificate (RFC 6960, section 4.1.1)."""
    if single.serial_number != certificate.serial_number:
        return False
    wanted = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, single.hash_algorithm).build()
    return single.issuer_key_hash == wanted.issuer_key_hash and single.issuer_name_hash == wanted.issuer_name_hash


def _fault_of_response(found: ocsp.OCSPResponse, issuer: x509.Certificate) -> str:
    """Why a response is not the CA's: it signs itself, or lets somebody sign (RFC 6960, section 4.2.2.2)."""
    for signer in (issuer, *_delegates(found, issuer)):
        if _verifies(found, signer):
            return ""
    return "the signature of the OCSP response is not that of the CA, or of who may sign for it"


def _delegates(found: ocsp.OCSPResponse, issuer: x509.Certificate) -> list[x509.Certificate]:
    """Certificates of who may sign for the CA, as far as they were valid when the response was made."""
    return [
        one
        for one in found.certificates[:5]
        if one.not_valid_before_utc <= found.produced_at_utc <= one.not_valid_after_utc
        and ExtendedKeyUsageOID.OCSP_SIGNING in (extension(one, x509.ExtendedKeyUsage) or ())
        and canonical(one.issuer) == canonical(issuer.subject)
        and signature(one, issuer).made is Made.RIGHT
    ]


_Keys = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey


_PSS_HASHES = hashes.SHA256(), hashes.SHA384(), hashes.SHA512()


def _verifies(found: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    try:
        match key := signer.public_key():
            case rsa.RSAPublicKey() if found.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
                return any(_verifies_by_pss(found, key, digest) for digest in _PSS_HASHES)
            case rsa.RSAPublicKey() if (digest := found.signature_hash_algorithm) is not None:
                key.verify(found.signature, found.tbs_response_bytes, padding.PKCS1v15(), digest)
            case ec.EllipticCurvePublicKey() if (digest := found.signature_hash_algorithm) is not None:
                key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(digest))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
                key.verify(found.signature, found.tbs_response_bytes)
            case _:
                return False
    except Exception:  # a false signature, and keys and algorithms of odd kinds
        return False
    return True


def _verifies_by_pss(found: ocsp.OCSPResponse, key: rsa.RSAPublicKey, digest: hashes.HashAlgorithm) -> bool:
    """Whether it is a PSS signature over this hash: the library does not tell the one that the response names."""
    try:
        scheme = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
        key.verify(found.signature, found.tbs_response_bytes, scheme, digest)
    except InvalidSignature:
        return False
    return True


def _timestamps(found: ocsp.OCSPResponse) -> tuple[str, ...]:
    try:
        stamps = found.single_extensions.get_extension_for_class(x509.SignedCertificateTimestamps).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(one.log_id.hex() for one in stamps)


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return str(entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value)
    except x509.ExtensionNotFound:
        return ""


def _iso(moment: datetime | None) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z" if moment else ""
