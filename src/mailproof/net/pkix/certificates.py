"""Certificates as facts: what a chain says, read once and kept as plain data."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import AuthorityInformationAccessOID

from mailproof.net.errors import Malformed
from mailproof.net.pkix.der import element, public_key_info
from mailproof.net.pkix.extensions import extension, why_unreadable
from mailproof.net.pkix.flaws import is_ca
from mailproof.net.pkix.signatures import is_self_signed
from mailproof.net.text import printable

_PEM = re.compile(
    r"-----BEGIN (?P<label>(?:X509 |TRUSTED )?CERTIFICATE)-----(?P<body>[A-Za-z0-9+/=\s]+)-----END (?P=label)-----"
)
"""As OpenSSL names certificates: ``TRUSTED`` is one with what its owner trusts it for behind it (openssl-x509(1))."""


@dataclass(frozen=True)
class Certificate:
    """What one certificate says (RFC 5280). Text has its control characters escaped."""

    subject: str
    """RFC 4514 form."""
    issuer: str
    serial: str
    """Hexadecimal, lower case."""
    not_before: str
    """ISO 8601, UTC: ``2026-11-22T00:00:00Z``."""
    not_after: str
    key_type: str
    """``RSA``, ``EC``, ``Ed25519``, ``Ed448``, ``DSA``; anything else: ``unknown``."""
    key_bits: int | None
    curve: str | None
    """OpenSSL's name of the curve: ``secp256r1``."""
    signature_hash: str | None
    """``sha256``; None where the signature algorithm has its own (Ed25519)."""
    dns_names: tuple[str, ...]
    ip_addresses: tuple[str, ...]
    is_ca: bool
    """Basic constraints say that this is a CA's certificate."""
    self_signed: bool
    """Subject and issuer match, and the certificate's own key made the signature as far as that can be told."""
    sha256: str
    """Of the whole certificate in DER, hexadecimal."""
    spki_sha256: str
    """Of the subject public key info in DER, hexadecimal (what TLSA selector 1 matches, RFC 6698)."""
    aia_issuers: tuple[str, ...]
    """URLs where the issuer's certificate is published (RFC 5280, section 4.2.2.1)."""


@dataclass(frozen=True)
class Chain:
    """Certificates as a server sent them, in its order: PEM texts, and the facts of each."""

    certificates: tuple[str, ...]
    facts: tuple[Certificate, ...]
    staple: str = field(default="", compare=False)
    """The OCSP response that came with them, in base64; empty where none did (RFC 6066, section 8)."""

    @property
    def leaf(self) -> Certificate:
        """The facts of the first certificate, the server's own."""
        return self.facts[0]


def read_chain(pems: Iterable[str], staple: bytes = b"") -> Chain:
    """Return the chain of the PEM certificates ``pems``, shown with an OCSP response or none. Raises Malformed if one
    is odd or none is there.

    Extensions that do not parse are odd in the server's own certificate only; of others the path says so.
    """
    certificates = tuple(pems)
    if not certificates:
        raise Malformed("the server sent no certificate")
    why, _ = why_unreadable(load(certificates[0]))
    if why:
        raise Malformed(f"the extensions of the server's certificate do not parse: {printable(why)}")
    known = tuple(facts(load(pem)) for pem in certificates)
    return Chain(certificates, known, base64.b64encode(staple).decode("ascii"))


def load(pem: str) -> x509.Certificate:
    """Parse one PEM certificate. Raises Malformed."""
    with reading():
        return x509.load_pem_x509_certificate(pem.encode())


def pems_in(text: str) -> list[str]:
    """The certificates in PEM that stand in a text, as :func:`load` takes them."""
    return [_plain(pem) for pem in _PEM.finditer(text)]


def _plain(pem: re.Match[str]) -> str:
    body = pem["body"]
    if pem["label"].startswith("TRUSTED"):
        try:
            der = base64.b64decode(body)
            _, _, end = element(der, 0)
        except (ValueError, IndexError):
            return f"{pem[0]}\n"
        body = f"\n{base64.encodebytes(der[:end]).decode('ascii')}"
    return f"-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----\n"


def is_certificate(der: bytes) -> bool:
    """Whether this is one certificate in DER, as far as it can be read."""
    try:
        with reading():
            x509.load_der_x509_certificate(der)
    except Malformed:
        return False
    return True


def names_in(der: bytes) -> tuple[str, ...]:
    """The DNS names of one certificate in DER; none where it cannot be read."""
    try:
        with reading():
            return _facts(x509.load_der_x509_certificate(der)).dns_names
    except Malformed:
        return ()


def is_public_key(der: bytes) -> bool:
    """Whether this is a subject public key info in DER; one of a kind that is not known here is one as well."""
    try:
        load_der_public_key(der)
    except UnsupportedAlgorithm:
        return True
    except Exception:  # damaged keys raise nearly anything
        return False
    return True


def facts(certificate: x509.Certificate) -> Certificate:
    """Return what ``certificate`` says. Raises Malformed when a part of it does not parse."""
    with reading():
        return _facts(certificate)


_READING = threading.RLock()


@contextmanager
def reading() -> Iterator[None]:
    """Everything odd about the certificates that are read inside raises Malformed, and nothing is warned of.

    One thread at a time is inside: filters of warnings belong to all threads.
    cryptography parses lazily, and damaged certificates make it raise nearly anything when a part is looked
    at: ValueError, TypeError, KeyError, InvalidVersion, UnsupportedAlgorithm, ...
    """
    try:
        with _READING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Malformed:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise Malformed(f"a certificate does not parse: {printable(what)}") from error


def _facts(certificate: x509.Certificate) -> Certificate:
    key_type, bits, curve = _key(certificate)
    names = extension(certificate, x509.SubjectAlternativeName)
    digest = _signature_hash(certificate)
    return Certificate(
        subject=printable(certificate.subject.rfc4514_string()),
        issuer=printable(certificate.issuer.rfc4514_string()),
        serial=f"{certificate.serial_number:x}",
        not_before=_iso(certificate.not_valid_before_utc),
        not_after=_iso(certificate.not_valid_after_utc),
        key_type=key_type,
        key_bits=bits,
        curve=curve,
        signature_hash=digest,
        dns_names=tuple(printable(name) for name in names.get_values_for_type(x509.DNSName)) if names else (),
        ip_addresses=tuple(str(ip) for ip in names.get_values_for_type(x509.IPAddress)) if names else (),
        is_ca=is_ca(certificate),
        self_signed=is_self_signed(certificate),
        sha256=fingerprint(certificate),
        spki_sha256=hashlib.sha256(public_key_info(certificate)).hexdigest(),
        aia_issuers=_aia_issuers(certificate),
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate in DER, hexadecimal."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _key(certificate: x509.Certificate) -> tuple[str, int | None, str | None]:
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return "unknown", None, None
    match key:
        case rsa.RSAPublicKey():
            return "RSA", key.key_size, None
        case ec.EllipticCurvePublicKey():
            return "EC", key.key_size, key.curve.name
        case ed25519.Ed25519PublicKey():
            return "Ed25519", 256, None
        case ed448.Ed448PublicKey():
            return "Ed448", 456, None
        case dsa.DSAPublicKey():
            return "DSA", key.key_size, None
    return "unknown", None, None


def _signature_hash(certificate: x509.Certificate) -> str | None:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    return algorithm.name if algorithm else None


def _aia_issuers(certificate: x509.Certificate) -> tuple[str, ...]:
    access = extension(certificate, x509.AuthorityInformationAccess) or ()
    return tuple(
        printable(description.access_location.value)
        for description in access
        if description.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(description.access_location, x509.UniformResourceIdentifier)
    )


def _iso(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"  # strftime writes the year 1 as 1
