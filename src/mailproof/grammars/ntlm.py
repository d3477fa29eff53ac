"""Messages of NTLM ([MS-NLMP]): what the challenge of a server tells of it. Nothing here can log in."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass

_SIGNATURE = b"NTLMSSP\0"
_HELLO, _CHALLENGE = 1, 2
_UNICODE, _ASKS_TARGET, _NTLM, _WITH_VERSION = 0x1, 0x4, 0x200, 0x02000000
_HAS_TARGET_INFO, _HAS_VERSION = 48, 56
"""Octets of a message that has the field."""

NAMES = {
    1: "NetBIOS name",
    2: "NetBIOS domain",
    3: "host name",
    4: "DNS domain",
    5: "forest",
}
"""Of AV pairs (section 2.2.2.1)."""

NEGOTIATE = b64encode(
    _SIGNATURE
    + _HELLO.to_bytes(4, "little")
    + (_UNICODE | _ASKS_TARGET | _NTLM | _WITH_VERSION).to_bytes(4, "little")
    + bytes(16 + 8)
).decode()
"""The first message of a client, which names nobody (section 2.2.1.1)."""


@dataclass(frozen=True)
class Challenge:
    """What a server's challenge tells (section 2.2.1.2)."""

    names: tuple[tuple[str, str], ...] = ()
    """What it is, and the name."""
    version: str = ""
    """Of the operating system: major, minor and build."""


def parse_challenge(text: str) -> Challenge | None:
    """The challenge in a 334 reply; None where there is none."""
    try:
        message = b64decode(text.strip().encode("ascii"), validate=True)
    except ValueError:
        return None
    if not message.startswith(_SIGNATURE) or message[8:12] != _CHALLENGE.to_bytes(4, "little") or len(message) < 32:
        return None
    names = dict(_names(_field(message, 40))) if len(message) >= _HAS_TARGET_INFO else {}
    if not names and (target := _field(message, 12)):
        names["target"] = _text(target) if message[20] & _UNICODE else target.decode("latin-1")
    return Challenge(tuple(names.items()), _version(message))


def _version(message: bytes) -> str:
    """Major, minor and build (section 2.2.2.10); servers that are not Windows write zeros."""
    flags = int.from_bytes(message[20:24], "little")
    if len(message) < _HAS_VERSION or not flags & _WITH_VERSION or not any(message[48:52]):
        return ""
    return f"{message[48]}.{message[49]}.{int.from_bytes(message[50:52], 'little')}"


def _field(message: bytes, at: int) -> bytes:
    """The payload that the field at ``at`` points to: its length, the room for it, and its offset."""
    length, offset = int.from_bytes(message[at : at + 2], "little"), int.from_bytes(message[at + 4 : at + 8], "little")
    return message[offset : offset + length]


def _names(pairs: bytes) -> list[tuple[str, str]]:
    """The names among AV pairs: an id, a length and a value each, until the id 0."""
    found = []
    while len(pairs) >= 4 and (kind := int.from_bytes(pairs[:2], "little")):
        length = int.from_bytes(pairs[2:4], "little")
        if kind in NAMES:
            found.append((NAMES[kind], _text(pairs[4 : 4 + length])))
        pairs = pairs[4 + length :]
    return found


def _text(octets: bytes) -> str:
    return octets.decode("utf-16-le", "replace")
