"""Public keys as DKIM publishes them in ``p=`` (RFC 6376, section 3.6.1; RFC 8463, section 4).

An RSA key is an RSAPublicKey by the letter of the RFC, and a SubjectPublicKeyInfo nearly everywhere. Its numbers are
read as they stand, impossible ones too: what a key is worth is for controls.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

_ARMOUR = re.compile(r"-----\s*(?:BEGIN|END)")
_SEQUENCE, _INTEGER, _BIT_STRING, _OID, _OCTET_STRING = 0x30, 0x02, 0x03, 0x06, 0x04
_ALGORITHMS = {
    bytes.fromhex("2a864886f70d010101"): "RSA",
    bytes.fromhex("2a864886f70d01010a"): "RSASSA-PSS",
    bytes.fromhex("2a8648ce3d0201"): "elliptic curves (ECDSA)",
    bytes.fromhex("2a8648ce380401"): "DSA",
    bytes.fromhex("2b6570"): "Ed25519",
    bytes.fromhex("2b6571"): "Ed448",
}
"""Object identifiers in SubjectPublicKeyInfo (RFC 3279, RFC 5480, RFC 8410)."""

_FIELD = 2**255 - 19
_D = -121665 * pow(121666, -1, _FIELD) % _FIELD
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _FIELD - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
    }
)
"""The y of the points of order 1, 2, 4 and 8 on edwards25519."""


class NoKey(ValueError):
    """What stands in ``p`` is no key. ``private`` says that it is the half which nobody may see."""

    def __init__(self, text: str, *, private: bool = False) -> None:
        super().__init__(text)
        self.private = private


@dataclass(frozen=True)
class RSAKey:
    """The numbers of an RSA key."""

    modulus: int
    exponent: int

    @property
    def bits(self) -> int:
        return self.modulus.bit_length()

    @property
    def octets(self) -> bytes:
        """The modulus: two keys with one modulus have one private half."""
        return self.modulus.to_bytes((self.bits + 7) // 8, "big")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the modulus, hexadecimal."""
        return hashlib.sha256(self.octets).hexdigest()

    def faults(self) -> tuple[str, ...]:
        """Why no signature can be verified with the key (RFC 8017, section 3.1)."""
        found = []
        if self.modulus % 2 == 0:
            found.append("the modulus is even, so it is no product of two large primes")
        if self.exponent < 3:
            found.append(f"the exponent is {self.exponent}; it has to be 3 or more")
        elif self.exponent % 2 == 0:
            found.append(f"the exponent {self.exponent} is even, so that it has no inverse")
        elif self.exponent >= self.modulus:
            found.append("the exponent is larger than the modulus")
        return tuple(found)


@dataclass(frozen=True)
class Ed25519Key:
    """The octets of an Ed25519 key."""

    octets: bytes
    bits = 256

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the octets, hexadecimal."""
        return hashlib.sha256(self.octets).hexdigest()

    def faults(self) -> tuple[str, ...]:
        """Why no signature can be trusted to the key (RFC 8032, section 5.1.3)."""
        number = int.from_bytes(self.octets, "little")
        y, sign = number % 2**255, number >> 255
        if y >= _FIELD:
            return ("the octets are no coordinate: the number is too large",)
        if y in _SMALL_ORDER:
            return ("the point has a small order: signatures of anybody can be made to fit it",)
        square = (y * y - 1) * pow(_D * y * y + 1, -1, _FIELD) % _FIELD
        if pow(square, (_FIELD - 1) // 2, _FIELD) != 1 and (square or sign):
            return ("the octets are no point of the curve",)
        return ()


PublicKey = RSAKey | Ed25519Key


def read_key(key_type: str, data: str) -> PublicKey:
    """The key in ``data``, the value of ``p``. Raises NoKey."""
    if key_type not in ("rsa", "ed25519"):
        raise NoKey(f"the key type {key_type} is not known; verifiers ignore the record (RFC 6376, section 3.6.1)")
    octets = _octets(data)
    if kind := _private(octets):
        raise NoKey(f"{kind} stands in the place of the public key", private=True)
    if key_type == "ed25519":
        return _ed25519(octets)
    if len(octets) == 32:
        raise NoKey("32 octets are no RSA key; of an Ed25519 key they would be one, with k=ed25519")
    return _rsa(octets)


def _octets(data: str) -> bytes:
    if _ARMOUR.search(data):
        private = "PRIVATE" in data
        raise NoKey("the lines -----BEGIN and -----END of a PEM file stand around it", private=private)
    text = "".join(data.split())
    if wrong := re.search(r"[^A-Za-z0-9+/=]", text):
        hint = "; that is base64url (RFC 4648, section 5)" if wrong[0] in "-_" else ""
        raise NoKey(f"not base64: it holds {wrong[0]!r}{hint}")
    if "=" in text.rstrip("="):
        raise NoKey("not base64: = stands in the middle of it")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        count = len(text.rstrip("="))
        raise NoKey(f"not base64: {count} characters, padded to {len(text)}, are not whole octets") from None


def _ed25519(octets: bytes) -> Ed25519Key:
    if len(octets) != 32:
        wrapped = len(octets) > 32 and _ALGORITHMS_ED25519 in octets[:12]
        hint = "; a SubjectPublicKeyInfo is around it" if wrapped else ""
        raise NoKey(f"an Ed25519 key is 32 raw octets, not {len(octets)}{hint} (RFC 8463, section 4)")
    return Ed25519Key(octets)


_ALGORITHMS_ED25519 = bytes.fromhex("06032b6570")


def _rsa(octets: bytes) -> RSAKey:
    body = _only(octets, _SEQUENCE, "the key")
    if body[:1] != bytes([_SEQUENCE]):
        return _numbers(body)
    algorithm, rest = _element(body, _SEQUENCE)
    oid, _ = _element(algorithm, _OID)
    if _ALGORITHMS.get(oid) != "RSA":
        raise NoKey(f"the key is not an RSA key, but one of {_ALGORITHMS.get(oid, 'an algorithm that is not known')}")
    bits = _only(rest, _BIT_STRING, "the key")
    if bits[:1] != b"\x00":
        raise NoKey(_NEITHER)
    return _numbers(_only(bits[1:], _SEQUENCE, "the key"))


def _numbers(body: bytes) -> RSAKey:
    modulus, rest = _element(body, _INTEGER)
    exponent = _only(rest, _INTEGER, "the exponent")
    numbers = [int.from_bytes(number, "big", signed=True) for number in (modulus, exponent)]
    if min(numbers) <= 0:
        what = "modulus" if numbers[0] <= 0 else "exponent"
        raise NoKey(f"the {what} is not above zero; where its first bit is set, DER wants a zero octet before it")
    return RSAKey(*numbers)


_NEITHER = "neither a SubjectPublicKeyInfo nor an RSAPublicKey"


def _only(data: bytes, tag: int, what: str) -> bytes:
    """The content of the DER element that ``data`` is, with nothing behind it. Raises NoKey."""
    content, rest = _element(data, tag)
    if rest:
        raise NoKey(f"{len(rest)} octets stand behind the end of {what}")
    return content


def _element(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the DER element at the beginning of ``data``, and what is behind it. Raises NoKey."""
    if len(data) < 2 or data[0] != tag:
        raise NoKey(_NEITHER)
    length, at = data[1], 2
    if length & 0x80:
        at += length & 0x7F
        if length & 0x7F not in (1, 2, 3):
            raise NoKey(_NEITHER)
        length = int.from_bytes(data[2:at], "big")
    if at + length > len(data):
        raise NoKey(f"the key is cut off: {at + length} octets are announced, and {len(data)} are there")
    return data[at : at + length], data[at + length :]


def _private(octets: bytes) -> str:
    """What private key the octets are; empty if they are none (RFC 8017, appendix A.1.2; RFC 5958, section 2)."""
    try:
        body, _ = _element(octets, _SEQUENCE)
        version, rest = _element(body, _INTEGER)
        if len(version) > 1:
            return ""
        if rest[:1] == bytes([_SEQUENCE]):
            _, rest = _element(rest, _SEQUENCE)
            _element(rest, _OCTET_STRING)
            return "a private key (PKCS #8)"
        for _ in range(3):
            _, rest = _element(rest, _INTEGER)
    except NoKey:
        return ""
    return "a private RSA key"
