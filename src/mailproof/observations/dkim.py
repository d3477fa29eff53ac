"""DKIM key records (RFC 6376, section 3.6.1; RFC 8301; RFC 8463)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailproof.net.dns import Answer
from mailproof.observations import Observation

_TAG = re.compile(r"\s*(?P<name>[A-Za-z][A-Za-z0-9_]*)\s*=\s*+(?P<value>[^;]*+)")
"""Possessive, with the end of the value stripped afterwards: 64 KiB of blanks take no time."""


@dataclass(frozen=True)
class KeyRecord:
    """A key record taken apart. The first of a repeated tag is kept."""

    text: str
    tags: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]
    key_bits: int | None = None
    """Size of the RSA modulus, or 256 for Ed25519; None where no key could be read."""

    def get(self, tag: str) -> str | None:
        return dict(self.tags).get(tag)

    @property
    def key_type(self) -> str:
        return (self.get("k") or "rsa").lower()

    @property
    def revoked(self) -> bool:
        """An empty ``p`` revokes the key."""
        return self.get("p") == ""


def parse_key_record(text: str) -> KeyRecord:
    """Take a key record apart. Never raises: faults are in ``errors``."""
    tags: dict[str, str] = {}
    order: list[str] = []
    errors: list[str] = []
    parts = text.split(";")
    if not parts[-1].strip():
        parts.pop()
    for part in parts:
        match = _TAG.fullmatch(part)
        if match is None:
            errors.append(f"{part.strip()!r} is not a tag and a value")
            continue
        name = match["name"]
        order.append(name)
        if name in tags:
            errors.append(f"the tag {name} is given twice")
        else:
            tags[name] = match["value"].rstrip()
    if "v" in tags and (order[0] != "v" or tags["v"] != "DKIM1"):
        errors.append("v is not the first tag or not exactly DKIM1")
    if "p" not in tags:
        errors.append("the tag p, which holds the key, is missing")
    hashes = [part.strip().lower() for part in tags.get("h", "").split(":") if part.strip()]
    if hashes and "sha256" not in hashes:
        errors.append(f"h={tags['h']} admits no hash that may be used (RFC 8301, section 3.1)")
    services = {part.strip().lower() for part in tags.get("s", "*").split(":")}
    if not services & {"*", "email"}:
        errors.append(f"s={tags['s']} does not admit email (RFC 6376, section 3.6.1)")
    bits: int | None = None
    if tags.get("p"):
        try:
            bits = _key_bits((tags.get("k") or "rsa").lower(), tags["p"])
        except ValueError as error:
            errors.append(f"p: {error}")
    return KeyRecord(text, tuple(tags.items()), tuple(errors), bits)


def _key_bits(key_type: str, data: str) -> int:
    """The size of a key. Raises ValueError for what is not one."""
    try:
        octets = base64.b64decode("".join(data.split()), validate=True)
    except ValueError:
        raise ValueError("not base64") from None
    if key_type == "ed25519":
        if len(octets) != 32:
            raise ValueError(f"an Ed25519 key is 32 raw octets, not {len(octets)} (RFC 8463, section 4)")
        Ed25519PublicKey.from_public_bytes(octets)
        return 256
    if key_type != "rsa":
        raise ValueError(f"the key type {key_type} is not known")
    for encoded in (octets, _subject_public_key_info(octets)):
        try:
            key = load_der_public_key(encoded)
        except (ValueError, UnsupportedAlgorithm):
            continue
        if isinstance(key, RSAPublicKey):
            return key.key_size
        raise ValueError("the key is not an RSA key")
    raise ValueError("neither a SubjectPublicKeyInfo nor an RSAPublicKey")


def _subject_public_key_info(rsa_public_key: bytes) -> bytes:
    """Wrap an RSAPublicKey (what RFC 6376 names) as a SubjectPublicKeyInfo (what the world publishes)."""
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    bits = b"\x00" + rsa_public_key
    body = algorithm + b"\x03" + _length(len(bits)) + bits
    return b"\x30" + _length(len(body)) + body


def _length(size: int) -> bytes:
    if size < 128:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


@dataclass(frozen=True)
class DKIMKey(Observation):
    """What stands at a selector's name."""

    selector: str
    domain: str
    answer: Answer

    @property
    def records(self) -> tuple[KeyRecord, ...]:
        return tuple(parse_key_record(record.text) for record in self.answer.records)

    def evidence(self) -> tuple[str, ...]:
        return self.answer.evidence()
