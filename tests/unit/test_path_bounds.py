"""The search for a path is bounded, and says so where it meets a bound."""

from __future__ import annotations

import pytest
from cryptography import x509

from mailproof.net.pkix import paths as pkix
from mailproof.net.pkix.paths import PathStatus
from mailproof.net.pkix.signatures import Signature, signature

from .chains import HOST, Made, ca, constraints, leaf
from .path_cases import (
    MIDDLE,
    ROOT,
    SHORT,
    Sent,
    limited,
    verified,
)


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
