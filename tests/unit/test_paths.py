"""Certification paths: right ones, flawed ones, and what is told of them."""

from __future__ import annotations

import re

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from mailproof.net.errors import Malformed
from mailproof.net.pkix.paths import PathStatus, Roots, verify
from mailproof.observations.tls import Deployment

from .chains import AT, CLIENT, ca, general, leaf, sent
from .path_cases import (
    FLAWED,
    MIDDLE,
    POLICY,
    RIGHT,
    ROOT,
    TORN,
    UNKNOWN,
    below,
    sequence,
    verified,
)


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
