"""DKIM key records: RFC 6376, section 3.6.1, RFC 8301, RFC 8463."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mailproof.criteria.broken_keys import is_list, list_of
from mailproof.grammars.dkim import parse_key_record
from mailproof.observations.dkim import KeyAge

from .cases.dkim import RSA_512, ed25519_key, rsa_key


@pytest.mark.parametrize("format", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
@pytest.mark.parametrize("bits", [1024, 2048])
def test_rsa_keys_in_both_encodings(format: PublicFormat, bits: int) -> None:
    """RFC 6376 names RSAPublicKey, the world publishes SubjectPublicKeyInfo."""
    record = parse_key_record(f"v=DKIM1; k=rsa; p={rsa_key(bits, format)}")
    assert (record.key and record.key.bits, record.errors) == (bits, ())


def test_short_keys_are_read_so_that_they_can_be_judged() -> None:
    key = parse_key_record(f"p={RSA_512}").key
    assert key is not None
    assert key.bits == 512


def test_white_space_inside_the_key() -> None:
    """RFC 6376, section 3.2: FWS in base64 is nothing; halves of a key are often joined by it."""
    key = rsa_key(2048)
    record = parse_key_record(f"v=DKIM1 ;\tk = rsa ; p = {key[:100]} {key[100:200]}\r\n\t{key[200:]} ; ")
    assert (record.key and record.key.bits, record.errors) == (2048, ())


def test_ed25519_keys_are_raw() -> None:
    """RFC 8463, section 4."""
    record = parse_key_record(f"v=DKIM1; k=ed25519; p={ed25519_key()}")
    assert (record.key_type, record.key and record.key.bits, record.errors) == ("ed25519", 256, ())
    wrapped = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + base64.b64decode(ed25519_key())).decode()
    assert "32 raw octets, not 44" in parse_key_record(f"k=ed25519; p={wrapped}").no_key


def test_an_empty_key_is_revoked() -> None:
    record = parse_key_record("v=DKIM1; p= ")
    assert record.revoked
    assert record.key is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "p, which holds the key"),
        ("v=DKIM1", "p, which holds the key"),
        ("v=DKIM2; p=", "not exactly DKIM1"),
        ("v=dkim1; p=", "not exactly DKIM1"),
        ("k=rsa; v=DKIM1; p=", "not the first tag"),
        ("p=; p=", "given twice"),
        ("v=DKIM1; rubbish; p=", "not a tag"),
    ],
)
def test_faults(text: str, error: str) -> None:
    assert any(error in found for found in parse_key_record(text).errors)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("p=AAAA", "neither a SubjectPublicKeyInfo nor"),
        ("p=AAA", "not base64"),
        ("p=\u00e4", "not base64"),
        ("k=rsa2; p=AAAA", "rsa2 is not known"),
        ("k=ed25519; p=AAAA", "not 3"),
    ],
)
def test_what_is_no_key(text: str, why: str) -> None:
    record = parse_key_record(text)
    assert why in record.no_key
    assert record.key is None


@pytest.mark.parametrize(
    "tags",
    [
        "h=sha1:sha256",
        "h=sha256",
        "h= sha256 : sha1",
        "h=",
        "s=*",
        "s=email",
        "s=tlsrpt : email",
        "t=y:s",
        "n=a note",
        "x=1",
    ],
)
def test_tags_that_do_not_matter(tags: str) -> None:
    assert parse_key_record(f"v=DKIM1; {tags}; p={rsa_key(1024)};").errors == ()


def test_keys_of_another_kind_are_no_rsa_keys() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    data = base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    assert "not an RSA key" in parse_key_record(f"p={data}").no_key


@given(st.binary(max_size=80), st.sampled_from(["rsa", "ed25519"]), st.integers(0, 160), st.integers(0, 255))
def test_damaged_keys_are_errors(rubbish: bytes, kind: str, at: int, octet: int) -> None:
    damaged = bytearray(base64.b64decode(rsa_key(1024)))
    damaged[at] = octet
    for data in (rubbish, bytes(damaged), bytes(damaged[:at])):
        record = parse_key_record(f"k={kind}; p={base64.b64encode(data).decode()}")
        assert record.no_key or record.key or record.revoked


def test_the_age_of_a_key_is_handed_from_run_to_run() -> None:
    first = KeyAge("s1", True, "2026-01-01", "aa")
    assert first.facts() == {"dkim-key": "aa 2026-01-01 before"}
    later = KeyAge("s1", True, "2026-05-01", "aa", first.facts()["dkim-key"])
    assert (later.days, later.is_known, later.facts()) == (120, False, first.facts())
    replaced = KeyAge("s1", True, "2026-06-01", "bb", later.facts()["dkim-key"])
    assert (replaced.days, replaced.is_known) == (0, True)
    assert KeyAge("s1", True, "2026-07-01", "bb", replaced.facts()["dkim-key"]).days == 30
    assert KeyAge("s1", True, "2026-08-01", "", "bb 2026-06-01 since").facts() == {}


def test_lists_of_broken_keys_are_looked_up() -> None:
    """Each record of badkeys' blocklist.dat is the beginning of a hash and the number of a list, sorted by hashes."""
    keys = [bytes([number]) * 128 for number in range(1, 100)]
    records = b"".join(sorted(hashlib.sha256(key).digest()[:15] + key[:1] for key in keys))
    assert [list_of(key, records) for key in keys] == list(range(1, 100))
    assert list_of(b"another", records) is None
    assert list_of(b"another", b"") is None
    assert all(map(is_list, (records, records[:16])))


@pytest.mark.parametrize(
    "data", [b"", b"\xfd7zXZ\0 and much more of it", b'{"blocklists": [1, 2], "a": 3, "b": 5}' + b" " * 10, bytes(17)]
)
def test_what_is_no_list_of_broken_keys_is_not_taken_for_one(data: bytes) -> None:
    """A key is not right because a file that holds nothing does not have it."""
    assert not is_list(data)
