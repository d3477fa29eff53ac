"""OpenPGP keys are read as far as their packets go, and where a Web Key Directory has them."""

from __future__ import annotations

import pytest

from mailproof.grammars.openpgp import MAX_PACKETS, parse_openpgp, unarmoured
from mailproof.probes.user_keys import wkd_hash
from tests.unit.openpgp_keys import key, packet, public_key, signature

CREATED = 1_700_000_000


def test_dates_and_user_ids() -> None:
    (found,) = parse_openpgp(key("Alice <a@example.org>", "a@example.net", lifetime=100)).keys
    assert (found.version, found.created, found.expires, found.revoked) == (4, CREATED, CREATED + 100, False)
    assert found.user_ids == ("Alice <a@example.org>", "a@example.net")
    (endless,) = parse_openpgp(key("a", subkey=1)).keys
    assert endless.expires is None, "the end of a subkey is none of the key"
    assert parse_openpgp(key("a", revoked=True)).keys[0].revoked
    assert len(parse_openpgp(key("a") + key("b")).keys) == 2


def test_when_nobody_can_encrypt_any_more() -> None:
    def ends(octets: bytes) -> int | None:
        return parse_openpgp(octets).keys[0].ends

    subkey = public_key(CREATED, tag=14)
    revoked = signature(0x28, (2, CREATED.to_bytes(4)))
    assert ends(key("a")) is None
    assert ends(key("a", lifetime=10, subkey=20)) == CREATED + 10
    assert ends(key("a", subkey=20)) == CREATED + 20
    assert ends(key("a", subkey=20) + subkey + signature(0x18, (9, (30).to_bytes(4)), (27, b"\x04"))) == CREATED + 30
    assert ends(key("a", subkey=20) + subkey + signature(0x18, (27, b"\x08"))) is None
    assert ends(key("a", subkey=20) + subkey + signature(0x18, (27, b"\x02"))) == CREATED + 20, "a key that signs"
    assert ends(key("a") + revoked) == 0
    assert ends(key("a", subkey=20) + subkey + signature(0x18, (27, b"\x08")) + revoked) == CREATED + 20
    assert ends(public_key(CREATED) + subkey + signature(0x18, (9, (1).to_bytes(4)))) is None, "it says not what for"


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
    """The example of draft-koch-openpgp-webkey-service, section 3.1. Only letters of ASCII are made small there."""
    assert wkd_hash("Joe.Doe") == "iy9q119eutrkn8s1mk4r39qejnbu3n5q"
    assert wkd_hash("Jörg") == wkd_hash("jörg")
    assert wkd_hash("Örg") != wkd_hash("örg")


def test_packets_that_tell_nothing_are_skipped() -> None:
    """Sections 5.8, 5.14 and 4.3: a marker, padding, and what is private."""
    octets = packet(10, b"PGP") + key("a") + packet(21, bytes(9)) + packet(60, b"x")
    ring = parse_openpgp(octets)
    assert (len(ring.keys), ring.error) == (1, "")


def test_what_is_not_hashed_tells_no_end() -> None:
    ends = b"\5\x09" + (5).to_bytes(4)
    hashed = b"\x02\x1b\x03"
    body = b"\4\x13\x16\x08" + len(hashed).to_bytes(2) + hashed + len(ends).to_bytes(2) + ends + bytes(4)
    (found,) = parse_openpgp(public_key(CREATED) + packet(13, b"a") + packet(2, body)).keys
    assert found.expires is None


def test_armour_is_looked_for_once() -> None:
    begun = "-----BEGIN PGP A-----"
    assert unarmoured(begun * 50_000) is None, "in less time than the square of its length takes"
    assert unarmoured(f"-----BEGIN PGP X-----\n{begun}\n\nYWJj\n=abcd\n-----END PGP A-----") == b"abc"
