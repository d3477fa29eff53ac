"""OpenPGP keys and signatures, as far as dates go (RFC 9580, RFC 4880). No signature is verified."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_PACKETS = 2000

_ARMOUR = re.compile(r"-----BEGIN PGP ([A-Z ]+)-----(.*?)-----END PGP \1-----", re.DOTALL)
_SIGNATURE, _PUBLIC_KEY, _USER_ID = 2, 6, 13
_CREATED, _KEY_EXPIRES, _ISSUER, _ISSUER_FINGERPRINT = 2, 9, 16, 33
_CERTIFICATIONS = (0x10, 0x11, 0x12, 0x13, 0x1F)
"""Types of signatures that a key makes about itself; 0x20 revokes it."""
_REVOCATION = 0x20


@dataclass(frozen=True)
class Key:
    """A public key: when it was made, and when it ends; seconds since 1970."""

    id: str
    """The last 16 digits of its fingerprint, in lower case."""
    created: int
    expires: int | None
    """None where it has no end."""
    revoked: bool


@dataclass(frozen=True)
class Signature:
    """Who signed, by the id of a key, and when; None where it is not said."""

    issuer: str
    created: int | None


def octets(text: str) -> bytes | None:
    """What is in the first armour of a text; None where there is none, or it does not decode."""
    found = _ARMOUR.search(text)
    if found is None:
        return None
    lines = found[2].strip("\r\n").splitlines()
    blank = next((number for number, line in enumerate(lines) if not line.strip()), -1)
    wanted = [line.strip() for line in lines[blank + 1 :] if not line.startswith("=")]
    try:
        return base64.b64decode("".join(wanted), validate=True)
    except (binascii.Error, ValueError):
        return None


def read_key(data: bytes) -> Key | None:
    """The first key, with what its latest signature about itself says. None where no key of version 4 or 6 is found."""
    key: Key | None = None
    latest = -1
    for tag, body in _packets(data):
        if tag == _PUBLIC_KEY and key is None and len(body) >= 6 and body[0] in (4, 6):
            key = Key(_id(body), int.from_bytes(body[1:5], "big"), None, False)
        elif tag == _PUBLIC_KEY or (tag == 14 and key is not None):
            break
        elif tag == _SIGNATURE and key is not None:
            kind, subpackets = _subpackets(body)
            own = _issuer(subpackets) in ("", key.id)
            made = _number(subpackets, _CREATED)
            if own and kind == _REVOCATION:
                key = Key(key.id, key.created, key.expires, True)
            elif own and kind in _CERTIFICATIONS and made is not None and made > latest:
                latest, lasts = made, _number(subpackets, _KEY_EXPIRES)
                key = Key(key.id, key.created, key.created + lasts if lasts else None, key.revoked)
    return key


def read_signature(data: bytes) -> Signature | None:
    """The first signature. None where there is none of version 4 or 6."""
    for tag, body in _packets(data):
        if tag == _SIGNATURE:
            kind, subpackets = _subpackets(body)
            return None if kind is None else Signature(_issuer(subpackets), _number(subpackets, _CREATED))
    return None


def _id(body: bytes) -> str:
    """By RFC 9580, section 5.5.4."""
    if body[0] == 4:
        return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest()[-16:]
    return hashlib.sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).hexdigest()[:16]


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and bodies (RFC 9580, section 4.2); what is cut off or has a partial length ends it."""
    at = 0
    for _ in range(MAX_PACKETS):
        if at + 2 > len(data) or not data[at] & 0x80:
            return
        head, at = data[at], at + 1
        if head & 0x40:
            tag, found = head & 0x3F, _length(data, at)
        else:
            tag, size = head >> 2 & 0x0F, 1 << (head & 3)
            found = (int.from_bytes(data[at : at + size], "big"), at + size) if size < 8 else None
        if found is None or found[1] + found[0] > len(data):
            return
        length, at = found
        yield tag, data[at : at + length]
        at += length


def _length(data: bytes, at: int) -> tuple[int, int] | None:
    """A length of the new form, and where what follows begins; None for a partial one."""
    if at >= len(data):
        return None
    first = data[at]
    if first < 192:
        return first, at + 1
    if first < 224 and at + 1 < len(data):
        return (first - 192 << 8) + data[at + 1] + 192, at + 2
    return (int.from_bytes(data[at + 1 : at + 5], "big"), at + 5) if first == 255 else None


def _subpackets(body: bytes) -> tuple[int | None, dict[int, bytes]]:
    """The type of a signature, and its subpackets, the hashed ones first (RFC 9580, section 5.2.3)."""
    if len(body) < 6 or body[0] not in (4, 6):
        return None, {}
    wide = 2 if body[0] == 4 else 4
    found: dict[int, bytes] = {}
    at = 4
    for _ in range(2):
        end = at + wide + int.from_bytes(body[at : at + wide], "big")
        at += wide
        while at < min(end, len(body)):
            length = _subpacket_length(body, at)
            if length is None or length[0] < 1 or length[1] + length[0] > len(body):
                return body[1], found
            size, at = length
            found.setdefault(body[at] & 0x7F, body[at + 1 : at + size])
            at += size
        at = end
    return body[1], found


def _subpacket_length(body: bytes, at: int) -> tuple[int, int] | None:
    first = body[at]
    if 192 <= first < 255:
        return ((first - 192 << 8) + body[at + 1] + 192, at + 2) if at + 1 < len(body) else None
    return _length(body, at)


def _number(subpackets: dict[int, bytes], kind: int) -> int | None:
    return int.from_bytes(subpackets[kind], "big") if len(subpackets.get(kind, b"")) == 4 else None


def _issuer(subpackets: dict[int, bytes]) -> str:
    """The id of the key that signed; empty where it is not said."""
    fingerprint = subpackets.get(_ISSUER_FINGERPRINT, b"")
    if len(fingerprint) == 21:
        return fingerprint[-8:].hex()
    if len(fingerprint) == 33:
        return fingerprint[1:9].hex()
    return subpackets.get(_ISSUER, b"").hex()
