"""Path building and name matching, over chains that are right, incomplete, foreign, expired and forged."""

from __future__ import annotations

import dataclasses
import functools
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mailproof.fixtures.authority import CertificateSpec
from mailproof.net.errors import Malformed
from mailproof.net.pkix.certificates import Certificate, Chain, load, read_chain
from mailproof.net.pkix.paths import PathResult, PathStatus, Roots, trusted_roots, verify
from mailproof.net.pkix.reference_names import matches_name
from tests.unit.smtp_world import HOST, authority


@functools.cache
def roots() -> Roots:
    return trusted_roots(authority().root_file)


def chain(spec: CertificateSpec) -> Chain:
    return read_chain(authority().issue((HOST,), spec).chain)


def path(given_chain: Chain, trusted: Roots | None = None, days: float = 0) -> PathResult:
    return verify(given_chain, trusted or roots(), datetime.now(UTC) + timedelta(days=days))


@pytest.mark.parametrize(
    ("spec", "status", "detail"),
    [
        (CertificateSpec(), PathStatus.TRUSTED, ""),
        (CertificateSpec(order="root-included"), PathStatus.TRUSTED, ""),
        (CertificateSpec(order="reversed"), PathStatus.TRUSTED, ""),
        (CertificateSpec(issuer="root"), PathStatus.TRUSTED, ""),
        (CertificateSpec(key="rsa2048"), PathStatus.TRUSTED, ""),
        (CertificateSpec(key="ed25519"), PathStatus.TRUSTED, ""),
        (CertificateSpec(not_after_days=-3), PathStatus.TRUSTED, ""),
        (CertificateSpec(not_before_days=3), PathStatus.TRUSTED, ""),
        (CertificateSpec(issuer="self"), PathStatus.SELF_SIGNED, "CN=mx.example"),
        (CertificateSpec(issuer="foreign-root-sent"), PathStatus.UNTRUSTED_ROOT, "CN=Foreign Root"),
        (CertificateSpec(issuer="foreign"), PathStatus.UNTRUSTED_ROOT, "CN=Foreign Root"),
        (CertificateSpec(order="incomplete"), PathStatus.ISSUER_MISSING, "CN=Mock Intermediate"),
        (
            CertificateSpec(issuer="expired-intermediate"),
            PathStatus.INTERMEDIATE_EXPIRED,
            "CN=Mock Expired Intermediate",
        ),
        (CertificateSpec(issuer="not-a-ca"), PathStatus.INTERMEDIATE_NOT_CA, "CN=Mock End Entity"),
    ],
)
def test_how_far_the_certificates_lead(spec: CertificateSpec, status: PathStatus, detail: str) -> None:
    result = path(chain(spec))
    assert (result.status, result.detail) == (status, detail)
    assert result.path[0] == "CN=mx.example"


def test_private_roots_are_trusted_only_when_named() -> None:
    assert path(chain(CertificateSpec()), trusted_roots()).status is PathStatus.UNTRUSTED_ROOT
    root_sent = chain(CertificateSpec(order="root-included"))
    assert path(root_sent, trusted_roots()).status is PathStatus.UNTRUSTED_ROOT


def test_a_self_signed_certificate_in_the_trust_store_is_trusted() -> None:
    own = chain(CertificateSpec(issuer="self"))
    assert path(own, Roots([load(own.certificates[0])])).status is PathStatus.TRUSTED


def test_an_expired_root_is_told_as_such() -> None:
    assert path(chain(CertificateSpec(not_after_days=5000)), days=4000).status is PathStatus.ROOT_EXPIRED


def test_a_forged_signature_is_told_from_a_missing_issuer() -> None:
    """A certificate whose last signature octet is changed: issuer name and key identifier still fit."""
    right = chain(CertificateSpec())
    leaf = load(right.certificates[0])
    from cryptography.hazmat.primitives.serialization import Encoding

    der = bytearray(leaf.public_bytes(Encoding.DER))
    der[-1] ^= 1
    forged = x509.load_der_x509_certificate(bytes(der)).public_bytes(Encoding.PEM).decode()
    result = path(read_chain((forged, *right.certificates[1:])))
    assert (result.status, result.detail) == (PathStatus.BROKEN_SIGNATURE, "CN=Mock Intermediate")


def test_another_key_of_the_same_name_is_a_missing_issuer() -> None:
    """Two intermediates with one name: what was sent is not the one that signed, and says so by its key
    identifier.
    """
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from mailproof.fixtures import authority as module

    right = chain(CertificateSpec())
    with TemporaryDirectory() as directory:
        module.private_key.cache_clear()
        other = module.Authority(Path(directory)).issue((HOST,), CertificateSpec()).chain
    result = path(read_chain((right.certificates[0], other[1])))
    assert result.status is PathStatus.ISSUER_MISSING


def test_a_long_chain_of_twins_ends() -> None:
    right = chain(CertificateSpec(order="incomplete"))
    twin = chain(CertificateSpec(issuer="foreign-root-sent")).certificates[1:]
    result = path(read_chain(right.certificates + twin * 60))
    assert result.status is PathStatus.ISSUER_MISSING


def test_an_aware_moment_of_any_zone_will_do() -> None:
    assert verify(chain(CertificateSpec()), roots(), datetime.now().astimezone()).status is PathStatus.TRUSTED


def test_facts() -> None:
    right = chain(CertificateSpec(names=("mx.example", "*.example", "192.0.2.25", "2001:db8::25")))
    leaf, intermediate = right.facts
    assert leaf.dns_names == ("mx.example", "*.example")
    assert leaf.ip_addresses == ("192.0.2.25", "2001:db8::25")
    assert (leaf.key_type, leaf.key_bits, leaf.curve, leaf.signature_hash) == (
        "EC",
        256,
        "secp256r1",
        "sha256",
    )
    assert leaf.not_before < leaf.not_after
    assert leaf.not_after.endswith("Z")
    assert (leaf.is_ca, leaf.self_signed, intermediate.is_ca) == (False, False, True)
    assert chain(CertificateSpec(issuer="self")).leaf.self_signed
    adapter = TypeAdapter(Chain)
    assert adapter.validate_json(adapter.dump_json(right)) == right


@pytest.mark.parametrize("key", ["rsa2048", "ec256", "ed25519"])
def test_digests_are_those_of_tlsa_records(key: str) -> None:
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    one = chain(CertificateSpec(key=key))  # type: ignore[arg-type]
    leaf = load(one.certificates[0])
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert one.leaf.spki_sha256 == hashlib.sha256(spki).hexdigest()
    assert one.leaf.sha256 == hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest()


@pytest.mark.parametrize("pems", [(), ("",), ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",)])
def test_what_is_no_certificate_is_malformed(pems: tuple[str, ...]) -> None:
    with pytest.raises(Malformed):
        read_chain(pems)


@given(st.data())
def test_a_damaged_certificate_is_malformed_or_read_but_never_a_crash(data: st.DataObject) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    der = bytearray(load(chain(CertificateSpec()).certificates[0]).public_bytes(Encoding.DER))
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    import base64

    body = base64.encodebytes(bytes(der)).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    try:
        damaged = read_chain((pem, *chain(CertificateSpec()).certificates[1:]))
        path(damaged)
    except Malformed:
        pass


def certificate(*dns_names: str, ips: tuple[str, ...] = ()) -> Certificate:
    return dataclasses.replace(chain(CertificateSpec()).leaf, dns_names=dns_names, ip_addresses=ips)


@pytest.mark.parametrize(
    ("names", "host", "matches"),
    [
        (("mx.example",), "mx.example", True),
        (("MX.Example",), "mx.eXample.", True),
        (("mx.example",), "other.example", False),
        (("*.example",), "mx.example", True),
        (("*.example",), "a.mx.example", False),
        (("*.example",), "example", False),
        (("m*.example",), "mx.example", False),
        (("mx.*",), "mx.example", False),
        (("*.*.example",), "a.b.example", False),
        (("*",), "localhost", False),
        (("xn--bcher-kva.example",), "bücher.example", True),
        (("bücher.example",), "bücher.example", False),
        (("bücher.example",), "xn--bcher-kva.example", False),
        (("mx.example.",), "mx.example", False),
        (("mx.example.",), "mx.example.", False),
        (("*.example.",), "mx.example", False),
        (("mx..example",), "mx.example", False),
        (("xn--*-kva.example",), "xn--b-kva.example", False),
        (("*.example",), ".example", False),
        (("192.0.2.1",), "192.0.2.1", False),
        ((), "mx.example", False),
        (("mx.example",), "", False),
    ],
)
def test_dns_names(names: tuple[str, ...], host: str, matches: bool) -> None:
    assert matches_name(certificate(*names), host) is matches


def test_addresses_match_addresses_only() -> None:
    both = certificate("mx.example", ips=("192.0.2.1", "2001:db8::1"))
    assert matches_name(both, "192.0.2.1")
    assert matches_name(both, "2001:DB8:0::1")
    assert not matches_name(both, "192.0.2.2")
    assert not matches_name(certificate("*.2.1"), "192.0.2.1")


def test_the_common_name_never_counts() -> None:
    assert "CN=mx.example" in certificate().subject
    assert not matches_name(certificate(), "mx.example")
