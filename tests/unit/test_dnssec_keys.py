"""The size of keys, out of whatever octets a stranger publishes."""

from __future__ import annotations

from typing import cast

import pytest
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from mailproof.net.dnssec.keys import key_bits
from tests.unit.dnssec_world import key

MODULUS = b"\x80" + bytes(127)
"""1024 bits."""


@pytest.mark.parametrize(("algorithm", "bits"), [(8, 2048), (13, 512), (14, 768), (15, 256), (16, 456)])
def test_a_key_has_the_bits_of_its_modulus_or_of_its_point(algorithm: int, bits: int) -> None:
    assert key_bits(key(algorithm).record) == bits


@pytest.mark.parametrize(
    ("octets", "bits"),
    [
        (b"\x03\x01\x00\x01" + MODULUS, 1024),
        (b"\x00\x00\x03\x01\x00\x01" + MODULUS, 1024),
        (b"\x03\x01\x00\x01" + bytes(8) + MODULUS, 1024),
        (b"\xff" + MODULUS, 0),
        (b"\x00", 0),
        (b"", 0),
    ],
    ids=["short exponent", "length in three octets", "leading zeros", "no modulus", "no exponent", "nothing"],
)
def test_an_rsa_key_is_read_as_rfc_3110_writes_it(octets: bytes, bits: int) -> None:
    assert key_bits(cast(DNSKEY, key(8).record.replace(key=octets))) == bits
