"""Mark certificates made for tests: a root, and certificates for the logo of a domain, right or wrong in one way."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import hashlib
from collections.abc import Mapping
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mailproof.criteria.marks import MARK_TYPE
from mailproof.net.pkix.marks import BIMI_PURPOSE, LOGOTYPE, PILOT

LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 10 10">'
    b'<title>Example</title><rect width="10" height="10" fill="#123456"/></svg>'
)
REGISTERED = {
    MARK_TYPE: "Registered Mark",
    "2.5.4.10": "Example Org",
    "2.5.4.6": "NL",
    "2.5.4.15": "Private Organization",
    "2.5.4.5": "12345",
    "1.3.6.1.4.1.311.60.2.1.3": "NL",
    "1.3.6.1.4.1.53087.1.3": "NL",
    "1.3.6.1.4.1.53087.1.4": "678",
}


def _der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return bytes([tag, 0x82]) + len(content).to_bytes(2, "big") + content


def logotype(image: bytes, digest: bytes | None = None) -> bytes:
    """A logotype extension with a compressed image as data URI (RFC 3709, section 4.1)."""
    data = gzip.compress(image, mtime=0)
    uri = _der(0x16, b"data:image/svg+xml;base64," + base64.b64encode(data))
    sha256 = _der(0x30, bytes.fromhex("0609608648016503040201"))
    found = _der(0x30, sha256, _der(0x04, digest or hashlib.sha256(data).digest()))
    details = _der(0x30, _der(0x16, b"image/svg+xml"), _der(0x30, found), _der(0x30, uri))
    return _der(0x30, _der(0xA2, _der(0xA0, _der(0x30, _der(0x30, details)))))


@cache
def _root() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mark root of the tests")])
    builder = _builder(name, name, key, dt.timedelta(days=400))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return key, builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def root_pem() -> str:
    """The authority that issues all of them."""
    return _root()[1].public_bytes(Encoding.PEM).decode()


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, ends: dt.timedelta
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(days=200)).not_valid_after(now + ends)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def mark_pem(
    domain: str,
    *,
    image: bytes | None = LOGO,
    digest: bytes | None = None,
    subject: Mapping[str, str] = REGISTERED,
    purpose: str = BIMI_PURPOSE,
    days: int = 100,
    pilot: bool = False,
    stranger: bool = False,
) -> str:
    """A chain in PEM. ``days`` is how long it is still valid; ``stranger``: another authority signs it."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer, root = _root()
    name = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(oid), value) for oid, value in subject.items()])
    builder = _builder(name, root.subject, key, dt.timedelta(days=days))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose)]), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    if image is not None:
        builder = builder.add_extension(x509.UnrecognizedExtension(LOGOTYPE, logotype(image, digest)), critical=False)
    if pilot:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(PILOT), b"\x05\x00"), critical=False
        )
    certificate = builder.sign(key if stranger else signer, hashes.SHA256())
    return certificate.public_bytes(Encoding.PEM).decode() + root_pem()
