"""OpenPGP keys are read as far as their packets go, and where a Web Key Directory has them."""

from __future__ import annotations

import pytest

from mailproof.grammars.openpgp import MAX_PACKETS, parse_openpgp
from mailproof.probes.user_keys import wkd_hash
from tests.unit.openpgp_keys import key, packet, public_key, signature

CREATED = 1_700_000_000


def test_dates_and_user_ids() -> None:
    (found,) = parse_openpgp(key("Alice <a@example.org>", "a@example.net", lifetime=100)).keys
    assert (found.version, found.created, found.expires, found.revoked) == (4, CREATED, CREATED + 100, False)
    assert found.user_ids == ("Alice <a@example.org>", "a@example.net")
    (endless,) = parse_openpgp(key("a")).keys
    assert endless.expires is None, "the end of a subkey is none of the key"
    assert parse_openpgp(key("a", revoked=True)).keys[0].revoked
    assert len(parse_openpgp(key("a") + key("b")).keys) == 2


def test_the_newest_signature_tells_the_end() -> None:
    def bound(made: int, lifetime: int) -> bytes:
        return signature(0x13, (2, made.to_bytes(4)), (9, lifetime.to_bytes(4)))

    body = public_key(CREATED) + packet(13, b"a")
    for order in ((bound(1, 10), bound(2, 20)), (bound(2, 20), bound(1, 10))):
        assert parse_openpgp(body + b"".join(order)).keys[0].expires == CREATED + 20
    foreign = signature(0x10, (2, (9).to_bytes(4)))
    assert parse_openpgp(body + bound(1, 10) + foreign).keys[0].expires == CREATED + 10


def test_old_headers_and_version_6() -> None:
    old = packet(6, b"\x04" + CREATED.to_bytes(4) + bytes(10), old=True)
    assert parse_openpgp(old).keys[0].created == CREATED
    new = public_key(CREATED, version=6) + signature(0x1F, (2, b"\0\0\0\1"), (9, b"\0\0\0\5"), version=6)
    assert parse_openpgp(new).keys[0].expires == CREATED + 5


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (b"", "no public key"),
        (b"hello", "no packet begins at octet 0"),
        (b"\n-----BEGIN PGP PUBLIC KEY BLOCK-----", "armoured"),
        (packet(5, b"\x04" + bytes(20)), "secret key"),
        (packet(13, b"a"), "does not begin with a public key"),
        (key("a")[:-3], "ends too early"),
        (b"\xc6\xe5", "in parts"),
        (b"\x9b", "without a length"),
        (packet(6, b"\x09" + bytes(10)), "unknown version"),
        (public_key(1) + packet(13, b"") * MAX_PACKETS, "more than"),
    ],
)
def test_what_is_no_key_is_said(octets: bytes, error: str) -> None:
    assert error in parse_openpgp(octets).error


def test_the_hash_of_the_draft() -> None:
    """The example of draft-koch-openpgp-webkey-service, section 3.1."""
    assert wkd_hash("Joe.Doe") == "iy9q119eutrkn8s1mk4r39qejnbu3n5q"
