"""Challenges of NTLM ([MS-NLMP], section 2.2.1.2), as servers write them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

UNICODE, WITH_VERSION = 0x1, 0x02000000


def challenge(names: Mapping[int, str], target: str = "", version: tuple[int, int, int] | None = None) -> str:
    """The text of a 334 reply. ``names`` are AV pairs by their id."""
    flags = UNICODE | (WITH_VERSION if version else 0)
    pairs = b"".join(_number(kind, 2) + _sized(name.encode("utf-16-le")) for kind, name in names.items()) + bytes(4)
    named = target.encode("utf-16-le")
    major, minor, build = version or (0, 0, 0)
    return b64encode(
        b"NTLMSSP\0"
        + _number(2, 4)
        + _number(len(named), 2) * 2
        + _number(56, 4)
        + _number(flags, 4)
        + b"\x01\x23\x45\x67\x89\xab\xcd\xef"
        + bytes(8)
        + _number(len(pairs), 2) * 2
        + _number(56 + len(named), 4)
        + bytes((major, minor))
        + _number(build, 2)
        + b"\0\0\0\x0f"
        + named
        + pairs
    ).decode()


def _number(value: int, octets: int) -> bytes:
    return value.to_bytes(octets, "little")


def _sized(value: bytes) -> bytes:
    return _number(len(value), 2) + value
