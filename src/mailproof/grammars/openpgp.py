"""OpenPGP keys and signatures, as far as their packets tell of dates and user ids (RFC 9580, sections 4 to 6, 10.1).

Nothing is verified: who can publish a key can sign it as well. Reading stops at a bound, and at what is no packet.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailproof.net.text import printable

MAX_PACKETS = 10000
MAX_USER_IDS = 100
_SIGNATURE, _KEY, _USER_ID, _SUBKEY = 2, 6, 13, 14
_SECRET = (5, 7)
_CREATED, _KEY_EXPIRES, _ISSUER, _KEY_FLAGS, _ISSUER_FINGERPRINT = 2, 9, 16, 27, 33
_OF_OWNER = (0x10, 0x11, 0x12, 0x13, 0x1F)
"""Signatures that bind a user id, or what holds for the key itself; those of others tell no flags and dates."""
_REVOKES, _BINDS_SUBKEY, _REVOKES_SUBKEY = 0x20, 0x18, 0x28
_ENCRYPTS = 0x0C
"""Flags of a key that others may encrypt to: messages, and what is stored (section 5.2.3.29)."""
_SKIPPED = (10, 12, 21)
"""Marker, trust and padding packets: they tell nothing, wherever they stand (sections 5.8, 5.10 and 5.14)."""
_UNCRITICAL = 40
"""From this tag on, packets that are not known are skipped (section 4.3)."""
_ARMOUR = re.compile(r"-----(BEGIN|END) PGP ([A-Z ]+)-----")


@dataclass(frozen=True)
class OpenPGPKey:
    """A primary key. Moments are seconds since 1970."""

    version: int
    id: str
    """The key id: the last 16 digits of the fingerprint of version 4, the first ones of version 6; else empty."""
    created: int
    expires: int | None
    """None: never."""
    revoked: bool
    user_ids: tuple[str, ...]
    encrypts_until: int | None = None
    """When the last of its keys ends that is made for encryption, the subkeys included; 0 where all were revoked. None:
    never, or none says that it is made for it.
    """

    @property
    def ends(self) -> int | None:
        """When nobody can encrypt to it any more."""
        return min((end for end in (self.expires, self.encrypts_until) if end is not None), default=None)


@dataclass(frozen=True)
class Signature:
    """Who signed, by the id of a key, and when; empty and None where it is not said."""

    issuer: str
    created: int | None


@dataclass(frozen=True)
class KeyRing:
    """The keys in a sequence of packets, and why the rest of it cannot be read."""

    keys: tuple[OpenPGPKey, ...]
    error: str = ""


@dataclass
class _Key:
    """A key whose packets are being read."""

    version: int
    id: str
    created: int
    lifetime: int = 0
    told: int = -1
    """When the signature was made that tells the lifetime."""
    revoked: bool = False
    user_ids: list[str] = field(default_factory=list)
    flags: int = 0
    subkeys: list[_Key] = field(default_factory=list)

    @property
    def end(self) -> int | None:
        return self.created + self.lifetime if self.lifetime else None

    def finished(self) -> OpenPGPKey:
        user_ids = tuple(self.user_ids[:MAX_USER_IDS])
        return OpenPGPKey(self.version, self.id, self.created, self.end, self.revoked, user_ids, self._encrypts_until())

    def _encrypts_until(self) -> int | None:
        made_for_it = [key for key in (self, *self.subkeys) if key.flags & _ENCRYPTS]
        ends = [key.end for key in made_for_it if not key.revoked]
        known = [end for end in ends if end is not None]
        return None if not made_for_it or len(known) < len(ends) else max(known, default=0)


def unarmoured(text: str) -> bytes | None:
    """What is in the first armour of a text (section 6); None where there is none, or it does not decode."""
    body = _armoured(text)
    if body is None:
        return None
    lines = body.strip("\r\n").splitlines()
    blank = next((number for number, line in enumerate(lines) if not line.strip()), -1)
    wanted = [line.strip() for line in lines[blank + 1 :] if not line.startswith("=")]
    try:
        return base64.b64decode("".join(wanted), validate=True)
    except (binascii.Error, ValueError):
        return None


def _armoured(text: str) -> str | None:
    """What stands between a first line and the last one of its kind. Each line is looked at once."""
    kind, start = "", 0
    for line in _ARMOUR.finditer(text):
        if line[1] == "BEGIN":
            kind, start = line[2], line.end()
        elif line[2] == kind:
            return text[start : line.start()]
    return None


def read_signature(data: bytes) -> Signature | None:
    """The first signature. None where there is none of version 4 or 6."""
    try:
        for tag, body in _packets(data):
            if tag == _SIGNATURE:
                told = _told(body)
                if told is None:
                    return None
                made = told.get(_CREATED, b"")
                return Signature(_issuer(told), int.from_bytes(made) if made else None)
    except ValueError:
        pass
    return None


def parse_openpgp(data: bytes) -> KeyRing:
    """The public keys in ``data``, which is not armoured."""
    if data.lstrip().startswith(b"-----BEGIN"):
        return KeyRing((), "it is armoured: the octets of the key are wanted")
    keys: list[_Key] = []
    try:
        for tag, body in _packets(data):
            _take(keys, tag, body)
    except ValueError as error:
        return KeyRing(tuple(key.finished() for key in keys), str(error))
    return KeyRing(tuple(key.finished() for key in keys), "" if keys else "it holds no public key")


def read_key(data: bytes) -> OpenPGPKey | None:
    """The first key of version 4 or 6 in ``data``; None where there is none."""
    return next((key for key in parse_openpgp(data).keys if key.id), None)


def _take(keys: list[_Key], tag: int, body: bytes) -> None:
    """Take one packet. Raises ValueError."""
    if tag in _SECRET:
        raise ValueError("it holds a secret key")
    if tag == _KEY:
        if len(body) < 6 or body[0] not in (3, 4, 5, 6):
            raise ValueError("a public key of an unknown version")
        keys.append(_Key(body[0], _id(body), int.from_bytes(body[1:5])))
    elif tag in _SKIPPED or tag >= _UNCRITICAL:
        pass
    elif not keys:
        raise ValueError("it does not begin with a public key")
    elif tag == _USER_ID:
        keys[-1].user_ids.append(printable(body.decode("utf-8", "backslashreplace")))
    elif tag == _SUBKEY:
        keys[-1].subkeys.append(_Key(body[0] if body else 0, "", int.from_bytes(body[1:5])))
    elif tag == _SIGNATURE:
        _sign(keys[-1], body)


def _sign(key: _Key, body: bytes) -> None:
    """What a signature says of the key, if it is the key's own: only of version 4 and 6 is anything read."""
    told = _told(body)
    if told is None or _issuer(told) not in ("", key.id):
        return
    kind, about = body[1], key.subkeys[-1] if key.subkeys else key
    if kind == _REVOKES:
        key.revoked = True
    elif kind == _REVOKES_SUBKEY and key.subkeys:
        about.revoked = True
    elif kind in ((_BINDS_SUBKEY,) if key.subkeys else _OF_OWNER) and (_KEY_EXPIRES in told or _KEY_FLAGS in told):
        made = int.from_bytes(told.get(_CREATED, b""))
        if made >= about.told:
            about.told, about.lifetime = made, int.from_bytes(told.get(_KEY_EXPIRES, b""))
            about.flags = int.from_bytes(told.get(_KEY_FLAGS, b"")[:1])


def _told(body: bytes) -> dict[int, bytes] | None:
    """The subpackets of a signature by type (section 5.2.3); None of another version.

    Of those that are not hashed, which anybody can change, only who signed.
    """
    if len(body) < 8 or body[0] not in (4, 6):
        return None
    width, at = 2 if body[0] == 4 else 4, 4
    found: dict[int, bytes] = {}
    for hashed in (True, False):
        begin, length = at + width, int.from_bytes(body[at : at + width])
        for type, content in _subpackets(body[begin : begin + length]):
            if hashed or type in (_ISSUER, _ISSUER_FINGERPRINT):
                found.setdefault(type, content)
        at = begin + length
    return found


def _id(body: bytes) -> str:
    """Section 5.5.4."""
    if body[0] == 4:
        return hashlib.sha1(b"\x99" + len(body).to_bytes(2) + body, usedforsecurity=False).hexdigest()[-16:]
    return hashlib.sha256(b"\x9b" + len(body).to_bytes(4) + body).hexdigest()[:16] if body[0] == 6 else ""


def _issuer(told: dict[int, bytes]) -> str:
    """The id of the key that signed; empty where it is not said."""
    fingerprint = told.get(_ISSUER_FINGERPRINT, b"")
    if len(fingerprint) == 21:
        return fingerprint[-8:].hex()
    if len(fingerprint) == 33:
        return fingerprint[1:9].hex()
    return told.get(_ISSUER, b"").hex()


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and contents. Raises ValueError."""
    at = 0
    for _ in range(MAX_PACKETS):
        if at >= len(data):
            return
        first = data[at]
        if not first & 0x80:
            raise ValueError(f"no packet begins at octet {at}")
        if first & 0x40:
            tag, (length, at) = first & 0x3F, _length(data, at + 1)
        else:
            if first & 3 == 3:
                raise ValueError("a packet without a length")
            width = 1 << (first & 3)
            tag, length = first >> 2 & 0x0F, int.from_bytes(data[at + 1 : at + 1 + width])
            at += 1 + width
        if at + length > len(data):
            raise ValueError("the last packet ends too early")
        yield tag, data[at : at + length]
        at += length
    raise ValueError(f"more than {MAX_PACKETS} packets")


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A length of one, two or five octets, and where its content begins. Raises ValueError."""
    first = data[at] if at < len(data) else 255
    if first < 192:
        return first, at + 1
    if first < 224:
        return (first - 192 << 8) + int.from_bytes(data[at + 1 : at + 2]) + 192, at + 2
    if first < 255:
        raise ValueError("a packet in parts, which keys may not have")
    return int.from_bytes(data[at + 1 : at + 5]), at + 5


def _subpackets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Types and contents, as far as they can be read."""
    at = 0
    while at < len(data):
        first = data[at]
        if first < 192:
            length, at = first, at + 1
        elif first < 255:
            length, at = (first - 192 << 8) + int.from_bytes(data[at + 1 : at + 2]) + 192, at + 2
        else:
            length, at = int.from_bytes(data[at + 1 : at + 5]), at + 5
        if not length or at + length > len(data):
            return
        yield data[at] & 0x7F, data[at + 1 : at + length]
        at += length
