"""What is wrong with a certificate of the laboratory in itself: dates, key usage, serial number, key, extensions."""

from __future__ import annotations

import datetime as dt

import gmpy2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.real.domains import REGISTRY
from tests.real.shown import Chain

LIST = "laboratory.crl"
LIST_URL = f"http://{REGISTRY}/crl/{LIST}"
"""Where the intermediate's list of revoked certificates is."""

PUBLIC = (
    Chain.PUBLIC,
    Chain.PUBLIC_OLD,
    Chain.PUBLIC_LONG,
    Chain.PUBLIC_UNLOGGED,
    Chain.PUBLIC_SHORT_SERIAL,
)
"""Under the root that the inventory takes for a public CA's."""


def validity(chain: Chain, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """From when to when the certificate is valid."""
    begins = now - dt.timedelta(days=60)
    if chain is Chain.PUBLIC_OLD:
        begins = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    days = {Chain.EXPIRED: 30, Chain.PUBLIC_OLD: 7300, Chain.PUBLIC_LONG: 300}.get(chain, 120)
    return begins, begins + dt.timedelta(days=days)


def serial_number(chain: Chain) -> int:
    """77, or a random one."""
    return 77 if chain is Chain.PUBLIC_SHORT_SERIAL else x509.random_serial_number()


def usage(chain: Chain) -> x509.KeyUsage:
    """The key usage of a server's certificate."""
    return x509.KeyUsage(
        digital_signature=chain is not Chain.KEY_EXCHANGE_ONLY,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def digest(chain: Chain) -> hashes.SHA224 | hashes.SHA256:
    """What the signature is made over."""
    return hashes.SHA224() if chain is Chain.SHA224 else hashes.SHA256()


def extensions(chain: Chain) -> list[x509.ExtensionType]:
    """What stands in the certificate besides."""
    found: list[x509.ExtensionType] = []
    if chain in (Chain.REVOKED, Chain.MUST_STAPLE):
        where = [x509.UniformResourceIdentifier(LIST_URL)]
        found.append(x509.CRLDistributionPoints([x509.DistributionPoint(where, None, None, None)]))
    if chain is Chain.MUST_STAPLE:
        found.append(x509.TLSFeature([x509.TLSFeatureType.status_request]))
    if chain in PUBLIC and chain is not Chain.PUBLIC_UNLOGGED:
        found.append(x509.UnrecognizedExtension(_TIMESTAMPS, _timestamps()))
    return found


_TIMESTAMPS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def _timestamps() -> bytes:
    """Two timestamps of logs that do not exist, in the form of RFC 6962, section 3.3."""
    stamps = b""
    for log in (b"\x11", b"\x22"):
        stamp = b"\0" + log * 32 + bytes(8) + b"\0\0" + b"\4\3" + b"\0\x08" + bytes(8)
        stamps += len(stamp).to_bytes(2) + stamp
    content = len(stamps).to_bytes(2) + stamps
    return b"\x04" + bytes([len(content)]) + content


def weak_key() -> rsa.RSAPrivateKey:
    """An RSA key whose primes are next to each other: Fermat's method finds them at once (CVE-2022-26320)."""
    p = int(gmpy2.next_prime(gmpy2.mpz(0b11 << 1022 | 12345678901 << 500)))
    q = int(gmpy2.next_prime(p))
    d = int(gmpy2.invert(65537, (p - 1) * (q - 1)))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), int(gmpy2.invert(q, p)), rsa.RSAPublicNumbers(65537, p * q)
    )
    return numbers.private_key()
