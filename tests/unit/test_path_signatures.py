"""Signatures along a path: of old kinds, of kinds of the future, and false ones."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, padding, rsa

from mailproof.net.pkix import der
from mailproof.net.pkix.certificates import load, read_chain
from mailproof.net.pkix.paths import PathStatus, Roots, verify

from .chains import AT, name
from .path_cases import (
    sequence,
)


@cache
def rsa_key(slot: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def signed_by_rsa(subject: str, signer: str, *, old: bool) -> x509.Certificate:
    """A CA's certificate with the key ``subject``, signed by ``signer`` with SHA-256, or with SHA-1, which the library
    does not do by itself.
    """
    built = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(signer))
        .public_key(rsa_key(subject).public_key())
        .serial_number(1)
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=1))
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(rsa_key(signer), hashes.SHA256())
    )
    if not old:
        return built
    with_sha256, with_sha1 = (bytes.fromhex(f"06092a864886f70d0101{last}0500") for last in ("0b", "05"))
    body = built.tbs_certificate_bytes.replace(with_sha256, with_sha1)
    value = b"\x00" + rsa_key(signer).sign(body, padding.PKCS1v15(), hashes.SHA1())
    bits = b"\x03\x82" + len(value).to_bytes(2) + value
    return x509.load_der_x509_certificate(sequence(body, sequence(with_sha1), bits))


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def test_sha_1_below_the_root_is_refused_and_not_called_broken() -> None:
    old = signed_by_rsa("Middle", "Old root", old=True)
    root = signed_by_rsa("Old root", "Old root", old=False)
    result = verify(read_chain([pem(old)]), Roots([root]), AT)
    assert (result.status, result.detail) == (PathStatus.REFUSED_SIGNATURE, "CN=Middle is signed with SHA-1")


def test_the_signature_of_a_root_is_not_judged() -> None:
    old = signed_by_rsa("Old root", "Old root", old=True)
    below = signed_by_rsa("Middle", "Old root", old=False)
    assert verify(read_chain([pem(below)]), Roots([old]), AT).status is PathStatus.TRUSTED
    assert verify(read_chain([pem(below), pem(old)]), Roots([]), AT).status is PathStatus.UNTRUSTED_ROOT
    assert verify(read_chain([pem(old)]), Roots([]), AT).status is PathStatus.SELF_SIGNED


def test_a_signature_by_dsa_verifies() -> None:
    key = dsa.generate_private_key(2048)
    own = (
        x509.CertificateBuilder()
        .subject_name(name("DSA"))
        .issuer_name(name("DSA"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(AT)
        .not_valid_after(AT)
        .sign(key, hashes.SHA256())
    )
    assert verify(read_chain([pem(own)]), Roots([]), AT).status is PathStatus.SELF_SIGNED


RSA_KEY, UNKNOWN_KEY = (bytes.fromhex(f"06092a864886f70d0101{last}") for last in ("01", "77"))


def with_an_unknown_key(certificate: x509.Certificate) -> x509.Certificate:
    """``certificate``, of which the kind of key is one that no library knows, as those of the future."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    return x509.load_der_x509_certificate(der.replace(RSA_KEY, UNKNOWN_KEY))


def test_a_key_of_the_future_is_not_a_fault() -> None:
    root = with_an_unknown_key(signed_by_rsa("New root", "New root", old=False))
    below = signed_by_rsa("Middle", "New root", old=False)
    result = verify(read_chain([pem(below)]), Roots([root]), AT)
    assert (result.status, result.detail) == (
        PathStatus.UNCHECKED,
        "CN=Middle is signed with 1.2.840.113549.1.1.119",
    )
    assert verify(read_chain([pem(root)]), Roots([]), AT).status is PathStatus.SELF_SIGNED


def test_the_key_of_the_future_has_its_digest() -> None:
    """TLSA records of selector 1 match it (RFC 6698, section 2.1.2)."""
    known = signed_by_rsa("New root", "New root", old=False)
    info = known.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert der.public_key_info(known) == info
    assert der.public_key_info(with_an_unknown_key(known)) == info.replace(RSA_KEY, UNKNOWN_KEY)


EXPLICIT_CURVE = """\
-----BEGIN CERTIFICATE-----
MIICXjCCAgSgAwIBAgIBATAKBggqhkjOPQQDAjATMREwDwYDVQQDDAhFeHBsaWNp
dDAgFw0yNjExMjUyMTE4MTFaGA8yMTI2MTEwMTIxMTgxMVowEzERMA8GA1UEAwwI
RXhwbGljaXQwggFLMIIBAwYHKoZIzj0CATCB9wIBATAsBgcqhkjOPQEBAiEA////
/wAAAAEAAAAAAAAAAAAAAAD///////////////8wWwQg/////wAAAAEAAAAAAAAA
AAAAAAD///////////////wEIFrGNdiqOpPns+u9VXaYhrxlHQawzFOw9jvOPD4n
0mBLAxUAxJ02CIbnBJNqZnjhE50mt4GffpAEQQRrF9Hy4SxCR/i85uVjpEDydwN9
gS3rM6D0oTlF2JjClk/jQuL+Gn+bjufrSnwPnhYrzjNXazFezsu2QGg3v1H1AiEA
/////wAAAAD//////////7zm+q2nF56E87nKwvxjJVECAQEDQgAEn+WcYxOo5cvA
DyOYdqDQ4Fhl9i3SxvSH6KpCLcfHkRDdRiQGtQFKMXs3Y3j8XjUFrS5NHzqgL8ZU
S/7Yh2D3t6NTMFEwHQYDVR0OBBYEFJnaK0PCfSS0Z1ukmLcO6E33MKbtMB8GA1Ud
IwQYMBaAFJnaK0PCfSS0Z1ukmLcO6E33MKbtMA8GA1UdEwEB/wQFMAMBAf8wCgYI
KoZIzj0EAwIDSAAwRQIgLIkAmZkwiERhMPEeFGVl0yuEfIHER3cqQ94ZiMvNzhkC
IQCf+N8gbzAVtAL7qx1o1SoOFMflo3K19UzR50vZsSmp6A==
-----END CERTIFICATE-----
"""
BELOW_EXPLICIT_CURVE = """\
-----BEGIN CERTIFICATE-----
MIIBcTCCARigAwIBAgIBAjAKBggqhkjOPQQDAjATMREwDwYDVQQDDAhFeHBsaWNp
dDAgFw0yNjExMjUyMTE4MTFaGA8yMTI1MDYxOTIxMTgxMVowETEPMA0GA1UEAwwG
c2VydmVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEd9WEiExO4TIeMe6ilPOo
IE12tVve3sfj4Jjx224b9L/sNqExFCk1WaskGj3EwuPIedIldoaFnS5Cg9r11GlY
QKNdMFswGQYDVR0RBBIwEIIObXguZXhhbXBsZS5vcmcwHQYDVR0OBBYEFCSNPsam
c/IEN7mO4igd14tKnNuQMB8GA1UdIwQYMBaAFJnaK0PCfSS0Z1ukmLcO6E33MKbt
MAoGCCqGSM49BAMCA0cAMEQCIH4JW5vgQYHNC8LX6NrmKvKi9OXsaC3BUH2+dW4F
H0SWAiBZyqJ2iRFKccx26QHD26S8X2RAuJBnI7bH5W6lcYeqYQ==
-----END CERTIFICATE-----
"""


def test_a_curve_that_is_spelt_out_is_refused() -> None:
    at = AT + timedelta(days=30)
    root = Roots([load(EXPLICIT_CURVE)])
    result = verify(read_chain([BELOW_EXPLICIT_CURVE]), root, at)
    assert result.status is PathStatus.REFUSED_SIGNATURE
    assert "spelt out" in result.detail
    unknown = verify(read_chain([BELOW_EXPLICIT_CURVE, EXPLICIT_CURVE]), Roots([]), at)
    assert unknown.status is PathStatus.UNTRUSTED_ROOT


def test_other_algorithms_inside_and_outside_are_no_signature() -> None:
    right = signed_by_rsa("Middle", "Old root", old=False)
    whole = right.public_bytes(serialization.Encoding.DER)
    at = whole.rindex(bytes.fromhex("2a864886f70d01010b"))
    other = x509.load_der_x509_certificate(whole[: at + 8] + b"\x0c" + whole[at + 9 :])
    root = signed_by_rsa("Old root", "Old root", old=False)
    assert verify(read_chain([pem(other)]), Roots([root]), AT).status is PathStatus.BROKEN_SIGNATURE
