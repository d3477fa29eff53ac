"""BIMI: images within bounds, and what mark certificates hold."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime

import pytest

from mailproof.grammars.bimi import parse_bimi
from mailproof.grammars.svg import MAX_DEPTH, read_svg
from mailproof.net.errors import Malformed
from mailproof.net.pkix.marks import read_mark_certificate
from tests.marks import LOGO, mark_pem, root_pem

NOW = datetime.now(UTC)


def test_an_image_may_be_compressed() -> None:
    plain, packed = read_svg(LOGO, 10_000), read_svg(gzip.compress(LOGO), 10_000)
    assert (packed.title, packed.octets, packed.compressed) == ("Example", len(LOGO), True)
    assert (plain.attributes, plain.fault) == (packed.attributes, "")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "no well-formed XML"),
        (gzip.compress(b" " * 20_000), "more than 10000 octets"),
        (gzip.compress(LOGO)[:-9], "ends too early"),
        (b"\x1f\x8bxxxx", "does not decompress"),
        (b"<a>" * (MAX_DEPTH + 1), "within each other"),
        (b'<?xml version="1.0" encoding="x-none"?><svg/>', "no well-formed XML"),
        (b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>', "declares the entity"),
    ],
    ids=["empty", "bomb", "cut", "no gzip", "deep", "encoding", "entity"],
)
def test_what_cannot_be_read_says_why(data: bytes, fault: str) -> None:
    assert fault in read_svg(data, 10_000).fault


def test_references_in_styles_and_attributes_are_seen() -> None:
    image = LOGO.replace(b"<rect", b"<style>a{fill:url('http://x.example/')}</style><rect mask='url(#own)'")
    assert read_svg(image, 10_000).external == ("http://x.example/",)


def test_a_mark_certificate_holds_its_image() -> None:
    mark = read_mark_certificate(mark_pem("example.org"), root_pem(), NOW)
    assert mark.images == (hashlib.sha256(LOGO).hexdigest(),)
    assert (mark.hash_faults, mark.trusted, mark.certificate.dns_names) == ((), True, ("example.org",))


def test_an_expired_certificate_keeps_its_path() -> None:
    """That it has expired is said for itself."""
    assert read_mark_certificate(mark_pem("example.org", days=-5), root_pem(), NOW).trusted is True
    assert read_mark_certificate(mark_pem("example.org", stranger=True), root_pem(), NOW).trusted is False


@pytest.mark.parametrize("pem", ["", "rubbish", root_pem()[:200]], ids=["nothing", "words", "cut"])
def test_what_is_no_certificate(pem: str) -> None:
    with pytest.raises(Malformed):
        read_mark_certificate(pem, None, NOW)


def test_the_record_of_the_draft() -> None:
    record = parse_bimi("v=BIMI1; l=https://www.example.com/bimi/logo/; a=https://www.example.com/bimi/cert.pem")
    assert (record.errors, record.logo, record.declined) == ((), "https://www.example.com/bimi/logo/", False)
