"""Certification paths, right ones and those with one flaw; held against cryptography's verifier and OpenSSL's."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproof.net import der, pkix
from mailproof.net.certificate_names import Canonical, canonical
from mailproof.net.certificates import load, read_chain
from mailproof.net.errors import Malformed
from mailproof.net.pkix import PathResult, PathStatus, Roots, verify
from mailproof.net.signatures import Signature, signature
from mailproof.observations.tls import Deployment

from .chains import AT, CLIENT, HOST, MAIL, SERVER, Made, ca, constraints, general, leaf, made, name, sent, usage

UNKNOWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.666.1"), b""), True)
POLICY = (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]), True)

TORN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.36"), b"\x01"), False)

ROOT = ca("Root")
MIDDLE = ca("Middle", ROOT)

Sent = tuple[Made, ...]
T = TypeVar("T")


def below(issuer: Made, *names: str, **how: object) -> Sent:
    """A server's certificate under ``issuer``, which is sent."""
    return leaf(issuer, *names, **how), issuer  # type: ignore[arg-type]


def limited(*, permitted: tuple[str, ...] = (), excluded: tuple[str, ...] = ()) -> Made:
    """An intermediate with name constraints."""
    return ca("Limited", ROOT, names=constraints(permitted=permitted, excluded=excluded))


def permitting(base: str, *names: str) -> Sent:
    """A certificate for ``names`` under a CA that may vouch for ``base``."""
    return below(limited(permitted=(base,)), *names)


def excluding(base: str, *names: str) -> Sent:
    """A certificate for ``names`` under a CA that may not vouch for ``base``."""
    return below(limited(excluded=(base,)), *names)


def renewed(issuer: Made, **how: object) -> Made:
    """A self-issued certificate of ``issuer``: the same name, a new key."""
    return ca(issuer.certificate.subject, issuer, key_name=f"{issuer.key_name} renewed", **how)  # type: ignore[arg-type]


def organisation(text: str, kind: x509.name._ASN1Type) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, text, kind)])


def named_otherwise() -> Sent:
    """The issuer's name in other letters, another string type and with more blanks (RFC 5280, section 7.1)."""
    kinds = x509.name._ASN1Type
    issuer = ca(organisation("Example Mail  CA", kinds.PrintableString), ROOT)
    shown = organisation(" EXAMPLE mail ca ", kinds.UTF8String)
    server = made("server", issuer, [(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False)], issuer_name=shown)
    return server, issuer


SHORT = ca("Short root", length=0)
TIGHT = ca("Tight root", names=constraints(permitted=("example.org",)))
OWN = leaf(None)
UNNAMED = limited(permitted=("example.org", "CN=server"))

RIGHT: dict[str, tuple[Sent, Made]] = {
    "under the root": ((leaf(ROOT),), ROOT),
    "with an intermediate": (below(MIDDLE), ROOT),
    "the root is sent": ((*below(MIDDLE), ROOT), ROOT),
    "in wrong order": ((leaf(MIDDLE), ROOT, MIDDLE), ROOT),
    "without key identifiers": (below(ca("Plain", ROOT, identifiers=False), identifiers=False), ROOT),
    "no extended key usage": (below(MIDDLE, eku=None), ROOT),
    "server and client": (below(MIDDLE, eku=(CLIENT, SERVER)), ROOT),
    "a CA for servers": (below(ca("Servers", ROOT, eku=(SERVER,))), ROOT),
    "key exchange only": (below(MIDDLE, ku=usage(signs=False, exchanges_keys=True)), ROOT),
    "no CA below one that allows none": (below(ca("Last", ROOT, length=0)), ROOT),
    "self-issued certificates do not count": (below(renewed(SHORT)), SHORT),
    "the issuer's name is written otherwise": (named_otherwise(), ROOT),
    "an expired intermediate that is not needed": (
        (leaf(MIDDLE), ca("Middle", ROOT, days=(-90, -1)), MIDDLE),
        ROOT,
    ),
    "flawed intermediates that are not needed": (
        (leaf(MIDDLE), ca("Middle", ROOT, eku=(CLIENT,)), ca("Middle", ROOT, extra=(UNKNOWN,)), MIDDLE),
        ROOT,
    ),
    "a root that an expired one has signed": ((leaf(ROOT), ca("Root", ca("Old root"), days=(-90, -1))), ROOT),
    "the server's own certificate is trusted": ((OWN,), OWN),
    "a known critical extension": (below(ca("Critical", ROOT, extra=(POLICY,))), ROOT),
    "a permitted name": (permitting("example.org"), ROOT),
    "a permitted name in other letters": (permitting("EXAMPLE.org", "MX.example.ORG"), ROOT),
    "an empty subtree permits all": (permitting(""), ROOT),
    "constraints of another form": (permitting("192.0.2.0/24"), ROOT),
    "another name is excluded": (excluding("ample.org"), ROOT),
    "a permitted address": (permitting("192.0.2.0/25", "192.0.2.5"), ROOT),
    "a permitted address of IPv6": (permitting("2001:db8::/32", "2001:db8::25"), ROOT),
    "a permitted wildcard": (permitting("example.org", "*.example.org"), ROOT),
    "a permitted subject": (permitting("CN=server"), ROOT),
    "another mailbox is excluded": (excluding("a@example.org", HOST, "b@example.org"), ROOT),
    "names of self-issued CAs are free": (
        (leaf(again := renewed(UNNAMED)), again, UNNAMED),
        ROOT,
    ),
    "a root with constraints that fit": (below(ca("Fits", TIGHT)), TIGHT),
}

FLAWED: dict[str, tuple[Sent, Made, PathStatus, str]] = {
    "for clients": (below(MIDDLE, eku=(CLIENT,)), ROOT, PathStatus.NOT_FOR_SERVERS, "CN=server: .* only clientAuth"),
    "for mail": (below(MIDDLE, eku=(MAIL,)), ROOT, PathStatus.NOT_FOR_SERVERS, "only emailProtection"),
    "a CA for clients": (
        below(ca("Clients", ROOT, eku=(CLIENT,))),
        ROOT,
        PathStatus.NOT_FOR_SERVERS,
        "CN=Clients: .* only clientAuth",
    ),
    "a root for clients": (
        (leaf(clients := ca("Root", eku=(CLIENT,))),),
        clients,
        PathStatus.NOT_FOR_SERVERS,
        "CN=Root",
    ),
    "a key that neither signs nor exchanges keys": (
        below(MIDDLE, ku=usage(signs=False, signs_certificates=True)),
        ROOT,
        PathStatus.NOT_FOR_SERVERS,
        "neither signatures nor key exchange",
    ),
    "an unknown critical extension": (
        below(MIDDLE, extra=(UNKNOWN,)),
        ROOT,
        PathStatus.UNKNOWN_CRITICAL,
        r"CN=server: 1\.3\.6\.1\.4\.1\.55738\.666\.1",
    ),
    "an unknown critical extension of a CA": (
        below(ca("Odd", ROOT, extra=(UNKNOWN,))),
        ROOT,
        PathStatus.UNKNOWN_CRITICAL,
        "CN=Odd",
    ),
    "an unknown critical extension of the root": (
        (leaf(odd := ca("Root", extra=(UNKNOWN,))),),
        odd,
        PathStatus.UNKNOWN_CRITICAL,
        "CN=Root",
    ),
    "an issuer that is no CA": (
        below(ca("No CA", ROOT, is_ca=False)),
        ROOT,
        PathStatus.INTERMEDIATE_NOT_CA,
        "CN=No CA$",
    ),
    "an issuer without basic constraints": (
        below(ca("Plain", ROOT, is_ca=None)),
        ROOT,
        PathStatus.INTERMEDIATE_NOT_CA,
        "CN=Plain$",
    ),
    "a CA that may not sign": (
        below(ca("Mute", ROOT, ku=usage())),
        ROOT,
        PathStatus.INTERMEDIATE_NOT_CA,
        "CN=Mute: its key usage",
    ),
    "more CAs than the path length allows": (
        (*below(ca("Second", first := ca("First", ROOT, length=0))), first),
        ROOT,
        PathStatus.PATH_TOO_LONG,
        "CN=First allows 0",
    ),
    "more CAs than the root allows": (below(ca("Middle", SHORT)), SHORT, PathStatus.PATH_TOO_LONG, "CN=Short root"),
    "an expired CA": (below(ca("Gone", ROOT, days=(-90, -1))), ROOT, PathStatus.INTERMEDIATE_EXPIRED, "CN=Gone$"),
    "a CA of tomorrow": (below(ca("Soon", ROOT, days=(1, 90))), ROOT, PathStatus.INTERMEDIATE_EXPIRED, "CN=Soon$"),
    "an expired root": (
        (leaf(gone := ca("Root", days=(-90, -1))),),
        gone,
        PathStatus.ROOT_EXPIRED,
        "CN=Root$",
    ),
    "another name is permitted": (permitting("example.net"), ROOT, PathStatus.NAME_NOT_ALLOWED, f"{HOST} is not among"),
    "a name that only ends like it": (permitting("ample.org"), ROOT, PathStatus.NAME_NOT_ALLOWED, HOST),
    "one of two names": (permitting("example.org", HOST, "mx.example.net"), ROOT, PathStatus.NAME_NOT_ALLOWED, "net"),
    "an excluded name": (excluding("example.org"), ROOT, PathStatus.NAME_NOT_ALLOWED, f"{HOST} is excluded"),
    "an empty subtree excludes all": (excluding(""), ROOT, PathStatus.NAME_NOT_ALLOWED, HOST),
    "permitted and excluded": (
        below(limited(permitted=("example.org",), excluded=(HOST,))),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "is excluded",
    ),
    "a wildcard that covers an excluded name": (
        excluding(HOST, "*.example.org"),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        r"\*\.example\.org is excluded",
    ),
    "a wildcard that covers more than is permitted": (
        permitting(HOST, "*.example.org"),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "not among",
    ),
    "a permitted name with a final dot": (
        permitting("example.org", f"{HOST}."),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "not among",
    ),
    "an excluded name with a final dot": (
        excluding("example.org", f"{HOST}."),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "is excluded",
    ),
    "a constraint that begins with a dot": (permitting(".example.org"), ROOT, PathStatus.NAME_NOT_ALLOWED, "no name"),
    "a constraint with a wildcard": (permitting("*.example.org"), ROOT, PathStatus.UNCHECKED, "CN=Limited.*wildcard"),
    "an extension of a CA that does not parse": (
        below(ca("Torn", ROOT, extra=(TORN,))),
        ROOT,
        PathStatus.UNCHECKED,
        "CN=Torn",
    ),
    "another address": (permitting("192.0.2.0/25", "192.0.2.129"), ROOT, PathStatus.NAME_NOT_ALLOWED, "192.0.2.129"),
    "an excluded address": (excluding("2001:db8::/32", "2001:db8::1"), ROOT, PathStatus.NAME_NOT_ALLOWED, "2001"),
    "an address of the other family": (
        permitting("192.0.2.0/24", "2001:db8::1"),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "2001:db8::1",
    ),
    "another subject": (permitting("CN=somebody"), ROOT, PathStatus.NAME_NOT_ALLOWED, "CN=server"),
    "an excluded subject": (excluding("CN=SERVER"), ROOT, PathStatus.NAME_NOT_ALLOWED, "CN=server is excluded"),
    "an excluded mailbox": (
        excluding("a@example.org", HOST, "a@EXAMPLE.org"),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "a@EXAMPLE.org",
    ),
    "a root with constraints that do not fit": (
        below(ca("Fits not", TIGHT), "mx.example.net"),
        TIGHT,
        PathStatus.NAME_NOT_ALLOWED,
        "CN=Tight root",
    ),
    "a server's certificate that is issued by itself": (
        (
            leaf(limited(permitted=("CN=nobody",)), subject="Limited", key_name="other"),
            limited(permitted=("CN=nobody",)),
        ),
        ROOT,
        PathStatus.NAME_NOT_ALLOWED,
        "CN=Limited",
    ),
    "the server's certificate signs itself": ((leaf(None),), ROOT, PathStatus.SELF_SIGNED, "CN=server"),
    "an unknown root that is sent": (
        (*below(ca("Middle", foreign := ca("Foreign"))), foreign),
        ROOT,
        PathStatus.UNTRUSTED_ROOT,
        "CN=Foreign$",
    ),
    "an unknown root that is not sent": (below(ca("Middle", ca("Foreign"))), ROOT, PathStatus.UNTRUSTED_ROOT, "CN=For"),
    "the intermediate is not sent": ((leaf(MIDDLE),), ROOT, PathStatus.ISSUER_MISSING, "CN=Middle$"),
    "another intermediate of the name": (
        (leaf(MIDDLE), ca("Middle", ROOT, key_name="other", identifiers=False)),
        ROOT,
        PathStatus.BROKEN_SIGNATURE,
        "CN=Middle$",
    ),
    "CAs that sign each other": (
        (leaf(one := ca("One", ca("Two"))), one, ca("Two", ca("One"))),
        ROOT,
        PathStatus.UNTRUSTED_ROOT,
        "sign each other",
    ),
}


def verified(chain: Sent, root: Made, days: float = 0) -> PathResult:
    return verify(sent(*chain), Roots([root.certificate]), AT + timedelta(days=days))


@pytest.mark.parametrize("case", RIGHT)
def test_right_paths(case: str) -> None:
    result = verified(*RIGHT[case])
    assert (result.status, result.detail) == (PathStatus.TRUSTED, "")


@pytest.mark.parametrize("case", FLAWED)
def test_flawed_paths(case: str) -> None:
    chain, root, status, detail = FLAWED[case]
    result = verified(chain, root)
    assert result.status is status, result
    assert re.search(detail, result.detail), result.detail


# Signatures


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


def sequence(*parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    return (bytes([0x30, length]) if length < 128 else b"\x30\x82" + length.to_bytes(2)) + content


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


# Policies

ANY_POLICY, ONE, TWO = "2.5.29.32.0", "1.2.3.1", "1.2.3.2"
LOWER = x509.PolicyConstraints(0, None)
NO_ANY = x509.InhibitAnyPolicy(0)
NO_MAPPING = x509.PolicyConstraints(0, 0)


def policies(*oids: str) -> tuple[x509.ExtensionType, bool]:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]), False


def mapping(issuers: str, subjects: str) -> tuple[x509.ExtensionType, bool]:
    """Policy mappings, which the library does not build: RFC 5280, section 4.2.1.5."""
    known = {ANY_POLICY: "0604551d2000", ONE: "06032a0301", TWO: "06032a0302"}
    pair = sequence(bytes.fromhex(known[issuers]), bytes.fromhex(known[subjects]))
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), sequence(pair)), True


@pytest.mark.parametrize(
    ("of_ca", "of_server", "right"),
    [
        ([], [], True),
        ([policies(ONE)], [policies(TWO)], True),
        ([(LOWER, True), policies(ONE)], [policies(ONE)], True),
        ([(LOWER, True), policies(ONE)], [policies(TWO)], False),
        ([(LOWER, True), policies(ONE)], [], False),
        ([(LOWER, True)], [policies(ONE)], False),
        ([(LOWER, True), policies(ANY_POLICY)], [policies(TWO)], True),
        ([(LOWER, True), policies(ONE)], [policies(ANY_POLICY)], True),
        ([(LOWER, True), policies(ONE), (NO_ANY, True)], [policies(ANY_POLICY)], False),
        ([(x509.PolicyConstraints(3, None), True)], [policies(ONE)], True),
        ([(LOWER, True), policies(ONE), mapping(ONE, TWO)], [policies(TWO)], True),
        ([(LOWER, True), policies(ONE), mapping(ONE, TWO)], [policies(ONE)], False),
        ([(LOWER, True), policies(ONE), mapping(ANY_POLICY, TWO)], [policies(TWO)], False),
        ([], [(LOWER, True)], False),
        ([policies(ONE)], [(LOWER, True), policies(ONE)], True),
    ],
)
def test_policies(
    of_ca: list[tuple[x509.ExtensionType, bool]], of_server: list[tuple[x509.ExtensionType, bool]], right: bool
) -> None:
    """RFC 5280, section 6.1: only what a CA demands is looked at."""
    middle = ca("Policies", ROOT, extra=of_ca)
    result = verified((leaf(middle, extra=of_server), middle), ROOT)
    assert result.status is (PathStatus.TRUSTED if right else PathStatus.POLICY), result


def test_mappings_that_a_ca_above_forbids() -> None:
    upper = ca("Upper", ROOT, extra=[(NO_MAPPING, True), policies(ONE)])
    lower = ca("Lower", upper, extra=[policies(ONE), mapping(ONE, TWO)])
    assert verified((leaf(lower, extra=[policies(TWO)]), lower, upper), ROOT).status is PathStatus.POLICY


# What a path needs, and what it does not


def test_the_certificates_of_the_path_are_told_by_their_fingerprints() -> None:
    """Two intermediates have one name and one key; the expired one is not on the path."""
    chain = sent(leaf(MIDDLE), ca("Middle", ROOT, days=(-90, -1)), MIDDLE, ROOT)
    server, expired, middle, root = (facts.sha256 for facts in chain.facts)
    result = verify(chain, Roots([ROOT.certificate]), AT)
    assert result.certificates == (server, middle, root)
    assert result.root == root
    assert expired not in result.certificates
    deployment = Deployment(chain, result, True)
    assert [facts.sha256 for facts in deployment.needed] == [server, middle, root]
    assert [facts.sha256 for facts in deployment.below_root] == [server, middle]


def test_all_flaws_of_the_best_path_are_told() -> None:
    odd = ca("Odd", ROOT, eku=(CLIENT,), extra=(UNKNOWN,), days=(-90, -1))
    result = verified(below(odd), ROOT)
    assert result.status is PathStatus.NOT_FOR_SERVERS
    assert [str(status) in result.detail for status in (PathStatus.UNKNOWN_CRITICAL, PathStatus.INTERMEDIATE_EXPIRED)]


def test_the_path_with_fewer_flaws_is_the_one_that_is_told() -> None:
    bad, worse = ca("Middle", ROOT, days=(-9, -1)), ca("Middle", ROOT, eku=(CLIENT,), days=(-9, -1))
    result = verified((leaf(MIDDLE), worse, bad), ROOT)
    assert (result.status, result.detail) == (PathStatus.INTERMEDIATE_EXPIRED, "CN=Middle")


def test_an_expired_certificate_under_a_renewed_ca_has_one_fault() -> None:
    """The CA's certificate is newer than the end of the server's; it is judged at the real time."""
    renewed_ca = ca("Middle", ROOT, days=(-1, 300))
    result = verified((leaf(renewed_ca, days=(-90, -10)), renewed_ca), ROOT)
    assert result.status is PathStatus.TRUSTED


def test_an_extension_twice_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cryptography.x509.base._reject_duplicate_extension", lambda *_: None)
    twice = ca("Twice", ROOT, extra=(POLICY, POLICY))
    assert verified(below(twice), ROOT).status is PathStatus.MALFORMED


def test_extensions_of_the_server_that_do_not_parse_show_nothing() -> None:
    with pytest.raises(Malformed, match="do not parse"):
        sent(leaf(ROOT, extra=(TORN,)))


def test_a_ca_that_says_where_its_issuer_is_misses_an_intermediate() -> None:
    where = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, general("http://ca.example/upper.der"))
    lower = ca("Lower", ca("Upper", ROOT), extra=((x509.AuthorityInformationAccess([where]), False),))
    result = verified((leaf(lower), lower), ROOT)
    assert (result.status, result.detail) == (PathStatus.ISSUER_MISSING, "CN=Upper")


# Bounds


def cross_signed(count: int, *, one_name: bool, identifiers: bool) -> Sent:
    """``count`` CAs in a ring, each also signed by the next but one; the server's certificate comes first."""

    def subject(number: int) -> str:
        return "Ring" if one_name else f"Ring {number % count}"

    def member(number: int, issuer: Made | None) -> Made:
        return ca(subject(number), issuer, key_name=f"Ring key {number % count}", identifiers=identifiers)

    rings = [member(n, member(n + step, None)) for n in range(count) for step in (1, 2)]
    return leaf(member(0, None), identifiers=identifiers), *rings


@pytest.mark.parametrize("one_name", [False, True])
@pytest.mark.parametrize("identifiers", [False, True])
def test_certificates_that_cross_sign_each_other(
    one_name: bool, identifiers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is counted, not timed: signatures verified, and certificates put onto paths."""
    count = 0

    def counted(certificate: x509.Certificate, issuer: x509.Certificate) -> Signature:
        nonlocal count
        count += 1
        return signature(certificate, issuer)

    monkeypatch.setattr(pkix, "signature", counted)
    ring = cross_signed(32, one_name=one_name, identifiers=identifiers)
    assert len(ring) == 65
    assert verified(ring, ROOT).status is PathStatus.UNTRUSTED_ROOT
    way_out = ca("Ring" if one_name else "Ring 31", ROOT, key_name="Ring key 31", identifiers=identifiers)
    assert verified((*ring, way_out), ROOT).status is PathStatus.TRUSTED
    strict = ca("Root", names=constraints(excluded=(HOST,)))
    assert verified((*ring, way_out), strict).status is PathStatus.NAME_NOT_ALLOWED
    assert count <= 3 * pkix.SIGNATURES


def test_a_search_that_is_given_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = cross_signed(8, one_name=True, identifiers=False)
    monkeypatch.setattr(pkix, "SIGNATURES", 10)
    result = verified(ring, ROOT)
    assert result.status is PathStatus.GIVEN_UP
    assert "too many possible issuers" in result.detail


def test_paths_beyond_the_bound_are_not_tried_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every path is too long for the root, which shows only at its end."""
    ring = cross_signed(8, one_name=False, identifiers=True)
    way_out = ca("Ring 7", SHORT, key_name="Ring key 7")
    monkeypatch.setattr(pkix, "STEPS", 20)
    result = verified((*ring, way_out), SHORT)
    assert result.status is PathStatus.GIVEN_UP
    assert "in 20 steps" in result.detail


def test_certificates_beyond_the_limit_are_not_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pkix, "LONGEST", 2)
    result = verified((leaf(MIDDLE), ca("Another"), MIDDLE), ROOT)
    assert (result.status, result.detail) == (
        PathStatus.GIVEN_UP,
        "the server sends 3 certificates, of which 2 were looked at",
    )


def test_names_and_constraints_beyond_the_bound() -> None:
    many = limited(excluded=tuple(f"n{number}.example" for number in range(400)))
    server = leaf(many, *(f"n{number}.example.org" for number in range(400)))
    assert verified((server, many), ROOT).status is PathStatus.GIVEN_UP


# Held against other verifiers


OPENSSL_TAKES = {
    "a constraint that begins with a dot",  # no name by RFC 5280, section 4.2.1.10; cryptography refuses it as well
    "a wildcard that covers an excluded name",  # Go refuses it as well, since CVE-2025-61727
    "an excluded name with a final dot",
    "an extension of a CA that does not parse",  # it reads policies only where it is told to
}
OPENSSL_REFUSES = {"flawed intermediates that are not needed"}
"""It looks for an issuer by name, and then at no other."""


def openssl(chain: Sent, root: Made, directory: Path, days: float = 0) -> bool:
    """Whether ``openssl verify`` takes the path. The server's own dates are not ours to judge: so they are right."""
    files = {"root": [root], "leaf": chain[:1], "others": chain[1:] or chain[:1]}
    for file, certificates in files.items():
        (directory / f"{file}.pem").write_text("".join(certificate.pem for certificate in certificates))
    command = ["openssl", "verify", "-no-CAfile", "-no-CApath", "-no-CAstore", "-partial_chain"]
    command += ["-purpose", "sslserver", "-attime", str(int((AT + timedelta(days=days)).timestamp()))]
    command += ["-trusted", str(directory / "root.pem"), "-untrusted", str(directory / "others.pem")]
    return subprocess.run([*command, str(directory / "leaf.pem")], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl program")
@pytest.mark.parametrize("case", [*RIGHT, *FLAWED])
def test_openssl_says_the_same(case: str, tmp_path: Path) -> None:
    chain, root = RIGHT[case] if case in RIGHT else FLAWED[case][:2]
    expected = case not in OPENSSL_REFUSES if case in RIGHT else case in OPENSSL_TAKES
    assert openssl(chain, root, tmp_path) is expected


def library(chain: Sent, root: Made) -> bool:
    """Whether cryptography's verifier takes the path for HOST."""
    verifier = PolicyBuilder().store(Store([root.certificate])).time(AT).build_server_verifier(x509.DNSName(HOST))
    try:
        verifier.verify(chain[0].certificate, [certificate.certificate for certificate in chain[1:]])
    except VerificationError:
        return False
    return True


def mostly(usual: T, *others: T) -> st.SearchStrategy[T]:
    """``usual`` nine times of ten, so that whole chains are right now and then."""
    return st.integers(0, 9).flatmap(lambda number: st.sampled_from(others) if number == 0 else st.just(usual))


@st.composite
def chains(draw: st.DrawFn) -> tuple[Sent, Made]:
    """A chain of up to three CAs, each with what may be wrong with one, in any order, with others that nobody needs."""
    fitting: tuple[str, ...] = ()
    permitted = mostly(fitting, ("example.org",), ("org",), (HOST,), ("example.net",), ("x.mx.example.org",))
    excluded = mostly(fitting, ("example.net",), ("x.mx.example.org",), ("xample.org",), ("org",), (HOST,))

    def authority(subject: str, issuer: Made | None) -> Made:
        bases = {"permitted": draw(permitted), "excluded": draw(excluded)}
        return ca(
            subject,
            issuer,
            key_name=subject,
            length=draw(mostly(None, 0, 1, 2)),
            eku=draw(mostly(None, (SERVER,), (SERVER, CLIENT), (CLIENT,))) if issuer else None,
            names=constraints(**bases) if any(bases.values()) else None,
            days=draw(mostly((-30, 30), (-30, -1), (1, 30))),
            extra=draw(mostly((), (UNKNOWN,))),
        )

    root = authority("Root", None)
    issuer, path = root, []
    for number in range(draw(st.integers(0, 3))):
        issuer = authority(f"CA {number}", issuer)
        path.append(issuer)
        if draw(st.booleans()):
            path.append(authority(f"CA {number}", root))  # the same key once more, under the root
    server = leaf(
        issuer,
        HOST,
        *draw(mostly(fitting, ("www.example.net",), ("*.a.example.org",))),
        eku=draw(mostly((SERVER,), (SERVER, CLIENT), (CLIENT,))),
        extra=draw(mostly((), (UNKNOWN,))),
    )
    return (server, *draw(st.permutations(path))), root


@settings(max_examples=300, deadline=None)
@given(chains())
def test_cryptography_says_the_same(built: tuple[Sent, Made]) -> None:
    chain, root = built
    ours = verified(chain, root)
    assert (ours.status is PathStatus.TRUSTED) is library(chain, root), ours


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl program")
@settings(max_examples=60, deadline=None)
@given(chains())
def test_what_is_trusted_is_trusted_by_openssl(built: tuple[Sent, Made]) -> None:
    """Not the reverse, and not with certificates that are not needed: see above."""
    chain, root = built
    if verified(chain, root).status is PathStatus.TRUSTED and len(chain) <= 2:
        with TemporaryDirectory() as directory:
            assert openssl(chain, root, Path(directory))


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_names_match_whatever_their_case(one: str, other: str) -> None:
    def canonical_of(text: str) -> Canonical:
        return canonical(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]))

    assert canonical_of(f" {one}  {other} ") == canonical_of(f"{one} {other}")
    assert canonical_of(f"{one}é") == canonical_of(f"{one}É")
    if one.casefold() != other.casefold() and (one + other).isalnum() and (one + other).isascii():
        assert canonical_of(one) != canonical_of(other)
