"""Which addresses are followed: special ones never, in whatever they are wrapped."""

from __future__ import annotations

import pytest

from mailproof.net.addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "192.0.0.9", "192.0.0.10", "100.63.255.255", "100.128.0.1", "198.20.0.1", "223.255.255.255"),
        *("2600:11::1", "2001:4860:4860::8888", "2a00:1450::1", "2001:20::1", "2001:4:112::1", "2620:4f:8000::1"),
        *("64:ff9b::8.8.8.8", "2002:808:808::1", "2600:11::5efe:808:808"),
    ],
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.31.0.1", "192.0.0.8", "192.0.2.1"),
        *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00::1", "fec0::1", "ff02::1", "100::1", "5f00::1"),
        *("2001::1", "2001:2::1", "2001:10::1", "2001:db8::1", "3fff::1", "4000::1", "e000::1"),
    ],
)
def test_special(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("inner", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "8.8.8.8"])
@pytest.mark.parametrize("wrapped", ["::{0}", "::ffff:{0}", "::ffff:0:{0}", "64:ff9b:1::{0}", "2001:0:{1}::1"])
def test_embeddings_that_are_never_reachable(wrapped: str, inner: str) -> None:
    assert not is_public(wrapped.format(inner, _hex(inner)))


@pytest.mark.parametrize("inner", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "224.0.0.1"])
@pytest.mark.parametrize("wrapped", ["64:ff9b::{0}", "2002:{1}::1", "2600:11::5efe:{0}", "2600:11::200:5efe:{0}"])
def test_special_addresses_inside_reachable_ones(wrapped: str, inner: str) -> None:
    assert not is_public(wrapped.format(inner, _hex(inner)))


def _hex(address: str) -> str:
    first, second, third, fourth = map(int, address.split("."))
    return f"{first:02x}{second:02x}:{third:02x}{fourth:02x}"
