"""What stands in certificates, and what CRLs and OCSP responses say of them."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, SignatureAlgorithmOID

from mailproof.net.errors import Malformed
from mailproof.net.pkix.certificates import facts, reading
from mailproof.net.pkix.contents import ETLS, contents, public_roots
from mailproof.net.pkix.paths import Roots, trusted_roots, verify
from mailproof.net.pkix.revocation import Status, _verifies, read_list, read_response, request_for
from mailproof.observations.tls import Deployment
from mailproof.probes.certificates import _shown
from mailproof.probes.issuers import issuer_of
from tests.unit.chains import AT, CLIENT, SERVER, Made, ca, key, leaf, made, sent, usage

URL = "http://ca.example/1.crl"
ROOT = ca("root")
MIDDLE = ca("middle", ROOT)
OTHER = ca("other", ROOT)
LEAF = leaf(MIDDLE)


def _points(*urls: str) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier(url) for url in urls], None, None, None)]
    )


def _responder(url: str) -> x509.AuthorityInformationAccess:
    where = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)])


def test_what_stands_in_a_certificate() -> None:
    told = leaf(
        MIDDLE,
        eku=(SERVER, CLIENT),
        extra=(
            (_points(URL, "http://ca.example/2.crl"), False),
            (_responder("http://ocsp.example"), False),
            (x509.TLSFeature([x509.TLSFeatureType.status_request]), False),
            (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.1"), None)]), False),
            (x509.UnrecognizedExtension(ETLS, b"\x05\x00"), False),
        ),
    )
    found = contents(told.certificate)
    assert found.revocation_lists == (URL, "http://ca.example/2.crl")
    assert found.responders == ("http://ocsp.example",)
    assert found.must_staple
    assert found.visible
    assert found.policies == ("2.23.140.1.1",)
    assert found.purposes == (SERVER.dotted_string, CLIENT.dotted_string)
    assert found.key_usage == ("digitalSignature",)
    assert (found.modulus, found.exponent) == ("", None)
    plain = contents(made("bare", MIDDLE, []).certificate)
    assert (plain.key_usage, plain.purposes, plain.must_staple, plain.visible) == (None, None, False, False)
    assert contents(ca("x").certificate).key_usage == ("digitalSignature", "keyCertSign", "cRLSign")


def test_a_list_of_some_reasons_or_of_another_issuer_is_none_of_the_certificates() -> None:
    points = x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                [x509.UniformResourceIdentifier(URL)], None, frozenset({x509.ReasonFlags.key_compromise}), None
            ),
            x509.DistributionPoint(
                [x509.UniformResourceIdentifier(URL)], None, None, [x509.DirectoryName(OTHER.certificate.subject)]
            ),
        ]
    )
    assert contents(leaf(MIDDLE, extra=((points, False),)).certificate).revocation_lists == ()


def test_pss_has_the_hash_of_its_parameters() -> None:
    """Internet.nl does not know RSASSA-PSS in certificates, and takes it for insufficient."""
    secret = rsa.generate_private_key(65537, 2048)
    builder = (
        x509.CertificateBuilder()
        .subject_name(LEAF.certificate.subject)
        .issuer_name(ROOT.certificate.subject)
        .public_key(secret.public_key())
        .serial_number(1)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=1))
    )
    salt = padding.PSS(padding.MGF1(hashes.SHA384()), padding.PSS.DIGEST_LENGTH)
    signed = builder.sign(secret, hashes.SHA384(), rsa_padding=salt)
    assert facts(signed).signature_hash == "sha384"
    found = contents(signed)
    assert found.signature == "rsassaPss"
    assert int(found.modulus, 16) == secret.public_key().public_numbers().n


def test_public_roots_are_mozillas() -> None:
    roots = trusted_roots()
    assert len(public_roots()) > 100
    with reading():
        known = x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
    names = " ".join(one.subject.rfc4514_string().lower() for one in known)
    for gone in ("symantec", "verisign", "geotrust", "thawte"):
        assert gone not in names, "CERT-TRUST answers for the roots of Symantec, since nobody trusts them"
    assert ROOT.certificate not in roots


def _list(
    issuer: Made,
    *serials: int,
    extension: x509.ExtensionType | None = None,
    reason: str = "",
    by: str = "",
    **more: Any,
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(AT)
        .next_update(AT + timedelta(days=7))
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(AT)
        if reason:
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(reason)), False)
        builder = builder.add_revoked_certificate(entry.build())
    if extension:
        builder = builder.add_extension(extension, True)
    for value in more.values():
        builder = builder.add_extension(value, True)
    return builder.sign(key(by or issuer.key_name), hashes.SHA256()).public_bytes(Encoding.DER)


SERIAL = LEAF.certificate.serial_number


def _scope(**how: object) -> x509.IssuingDistributionPoint:
    given = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(given | how))  # type: ignore[arg-type]


def test_a_list_says_good_or_revoked() -> None:
    said = read_list(_list(MIDDLE, SERIAL + 1), LEAF.certificate, MIDDLE.certificate, URL)
    assert (said.status, said.fault) == (Status.GOOD, "")
    assert said.is_current(AT + timedelta(days=6))
    assert not said.is_current(AT + timedelta(days=8))
    assert not said.is_current(AT - timedelta(days=1))
    revoked = read_list(_list(MIDDLE, SERIAL, reason="keyCompromise"), LEAF.certificate, MIDDLE.certificate, URL)
    assert (revoked.status, revoked.reason, revoked.fault) == (Status.REVOKED, "keyCompromise", "")
    assert revoked.revoked_at == AT.isoformat().replace("+00:00", "Z")
    ours = x509.UniformResourceIdentifier(URL)
    scoped = _list(MIDDLE, SERIAL, extension=_scope(full_name=[ours], only_contains_user_certs=True))
    assert read_list(scoped, LEAF.certificate, MIDDLE.certificate, URL).status is Status.REVOKED


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (_list(OTHER, SERIAL), "that of another CA"),
        (_list(MIDDLE, SERIAL, by="other"), "does not verify"),
        (_list(MIDDLE, SERIAL, extension=_scope(indirect_crl=True)), "does not tell of all"),
        (_list(MIDDLE, extension=x509.DeltaCRLIndicator(1)), "delta"),
        (_list(MIDDLE, extension=_scope(only_contains_user_certs=True), then=x509.DeltaCRLIndicator(1)), "delta"),
        (_list(MIDDLE, extension=x509.UnrecognizedExtension(ETLS, b"\5\0")), "is not known: 0.4.0.3523.3.1"),
        (_list(MIDDLE, SERIAL, extension=_scope(only_contains_ca_certs=True)), "another kind of certificate"),
        (
            _list(MIDDLE, extension=_scope(full_name=[x509.UniformResourceIdentifier("http://x.example/")])),
            "another distribution point",
        ),
    ],
)
def test_what_nobody_may_believe_of_a_list_is_said(data: bytes, fault: str) -> None:
    assert fault in read_list(data, LEAF.certificate, MIDDLE.certificate, URL).fault


def test_a_list_is_made_for_all_names_of_its_distribution_point() -> None:
    """One name in common is enough (RFC 5280, section 6.3.3, b 2 i); names of another point are not in common."""
    here, there, elsewhere = (x509.UniformResourceIdentifier(f"{scheme}://ca.example/1.crl") for scheme in "abc")
    points = [x509.DistributionPoint(names, None, None, None) for names in ([here, there], [elsewhere])]
    server = leaf(MIDDLE, extra=[(x509.CRLDistributionPoints(points), False)]).certificate
    for named, believed in ((there, True), (elsewhere, False)):
        found = read_list(_list(MIDDLE, extension=_scope(full_name=[named])), server, MIDDLE.certificate, here.value)
        assert bool(found.fault) is not believed


def test_a_ca_that_may_not_sign_lists_is_not_believed() -> None:
    mute = ca("mute", ROOT, ku=usage(signs=True))
    said = read_list(_list(mute), leaf(mute).certificate, mute.certificate, URL)
    assert "does not allow it to sign lists" in said.fault


def test_what_is_no_list_is_malformed() -> None:
    with pytest.raises(Malformed):
        read_list(b"<html>", LEAF.certificate, MIDDLE.certificate, URL)
    with pytest.raises(Malformed):
        read_response(b"<html>", LEAF.certificate, MIDDLE.certificate)


def _response(
    *, about: Made = LEAF, issuer: Made = MIDDLE, signer: Made | None = None, revoked: bool = False, shown: bool = False
) -> bytes:
    by = signer or MIDDLE
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about.certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=AT,
            next_update=AT + timedelta(days=7),
            revocation_time=AT if revoked else None,
            revocation_reason=x509.ReasonFlags.superseded if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)
    )
    if shown:
        builder = builder.certificates([by.certificate])
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_an_ocsp_response_says_good_or_revoked() -> None:
    said = read_response(_response(), LEAF.certificate, MIDDLE.certificate)
    assert (said.status, said.fault, said.timestamps) == (Status.GOOD, "", ())
    revoked = read_response(_response(revoked=True), LEAF.certificate, MIDDLE.certificate)
    assert (revoked.status, revoked.reason) == (Status.REVOKED, "superseded")
    assert ocsp.load_der_ocsp_request(request_for(LEAF.certificate, MIDDLE.certificate)).serial_number == SERIAL


def test_who_may_sign_an_ocsp_response() -> None:
    # A response is made now, whenever that is.
    delegate = leaf(MIDDLE, subject="delegate", eku=(ExtendedKeyUsageOID.OCSP_SIGNING,), days=(-10_000, 10_000))
    stranger = leaf(OTHER, subject="stranger", eku=(ExtendedKeyUsageOID.OCSP_SIGNING,))
    server = leaf(MIDDLE, subject="a server")
    expired = leaf(MIDDLE, subject="former", eku=(ExtendedKeyUsageOID.OCSP_SIGNING,), days=(-4000, -3000))
    refused = "not that of the CA"
    for signer, fault in ((delegate, ""), (stranger, refused), (server, refused), (expired, refused)):
        said = read_response(_response(signer=signer, shown=True), LEAF.certificate, MIDDLE.certificate)
        assert fault in said.fault
        assert bool(fault) is bool(said.fault)


def test_a_signature_by_pss_is_one_of_the_ca() -> None:
    private, octets, digest = rsa.generate_private_key(65537, 2048), b"response", hashes.SHA384()
    signer: Any = SimpleNamespace(public_key=private.public_key)
    scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
    found: Any = SimpleNamespace(
        signature_algorithm_oid=SignatureAlgorithmOID.RSASSA_PSS,
        signature=private.sign(octets, scheme, digest),
        tbs_response_bytes=octets,
    )
    assert _verifies(found, signer)
    found.tbs_response_bytes = b"another"
    assert not _verifies(found, signer)


def test_a_response_about_another_certificate_or_of_no_use_says_nothing() -> None:
    with pytest.raises(Malformed, match="another certificate"):
        read_response(_response(about=leaf(MIDDLE, subject="x")), LEAF.certificate, MIDDLE.certificate)
    with pytest.raises(Malformed, match="another certificate"):
        read_response(_response(issuer=OTHER), LEAF.certificate, MIDDLE.certificate)
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    with pytest.raises(Malformed, match="try_later"):
        read_response(refusal.public_bytes(Encoding.DER), LEAF.certificate, MIDDLE.certificate)


def test_the_issuer_of_each_certificate_is_found_and_the_staple_read() -> None:
    roots = Roots([ROOT.certificate])
    chain = replace(sent(LEAF, MIDDLE), staple=base64.b64encode(_response()).decode())
    deployment = Deployment(chain, verify(chain, roots, datetime(2026, 11, 22, tzinfo=UTC)), True)
    lower, upper = (found.sha256 for found in chain.facts)
    assert issuer_of(deployment, lower, roots) == MIDDLE.certificate
    assert issuer_of(deployment, upper, roots) == ROOT.certificate
    assert issuer_of(deployment, deployment.path.root, roots) is None
    shown = _shown(deployment, roots, public_roots())
    assert shown.staple is not None
    assert shown.staple.status is Status.GOOD
    assert not shown.public
    assert len(shown.certificates) == 2
    broken = replace(deployment, chain=replace(chain, staple="AAAA"))
    assert _shown(broken, roots, public_roots()).staple_fault
