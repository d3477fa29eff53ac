"""DKIM key records taken apart (RFC 6376, section 3.6.1)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from string import whitespace

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailproof.grammars.tags import parse_tags

_FOLD = re.compile(r"\r\n(?=[ \t])")
"""A line end inside a value: CRLF, and a blank after it (RFC 6376, section 2.8)."""
_BLANK_AT_END = re.compile(r";\s+\Z")
_NO_VALUE = re.compile(r"[^\x20-\x7e\t]")
_WORD = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
"""A hyphenated-word (RFC 6376, section 2.10)."""
_NAMED = {
    "h": _WORD,
    "k": _WORD,
    "s": re.compile(rf"\*|{_WORD.pattern}"),
    "t": _WORD,
}
"""What the values of these tags, lists but for k, are made of (RFC 6376, section 3.6.1)."""


@dataclass(frozen=True)
class KeyRecord:
    """A key record taken apart. The first of a repeated tag is kept."""

    text: str
    tags: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]
    tolerated: tuple[str, ...] = ()
    """Faults by the letter that verifiers do not mind."""
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
    tolerated: list[str] = []
    if _BLANK_AT_END.search(text):
        tolerated.append("a blank stands behind the last semicolon")
    for tag in parse_tags(text, whitespace):
        if isinstance(tag, str):
            errors.append(f"{tag!r} is not a tag and a value")
            continue
        order.append(tag.name)
        if found := _NO_VALUE.search(_FOLD.sub("", tag.text)):
            errors.append(f"{tag.name} holds {found[0]!r}{_line_end(found[0])}")
        if tag.name in tags:
            errors.append(f"the tag {tag.name} is given twice")
        else:
            tags[tag.name] = tag.value
    if "v" in tags and (order[0] != "v" or tags["v"] != "DKIM1"):
        errors.append("v is not the first tag or not exactly DKIM1")
    if "p" not in tags:
        errors.append("the tag p, which holds the key, is missing")
    for name, word in _NAMED.items():
        if name not in tags:
            continue
        values = [tags[name]] if name == "k" else [part.strip() for part in tags[name].split(":")]
        wrong = [value for value in values if not word.fullmatch(value)]
        if name in ("h", "t") and values == [""]:
            tolerated.append(f"{name} has no value")
        elif wrong:
            errors.append(f"{name}={tags[name]}: {wrong[0]!r} is not a word (RFC 6376, section 3.6.1)")
    hashes = [part.strip().lower() for part in tags.get("h", "").split(":") if part.strip()]
    if hashes and "sha256" not in hashes:
        errors.append(f"h={tags['h']} admits no hash that may be used (RFC 8301, section 3.1)")
    services = {part.strip().lower() for part in tags.get("s", "*").split(":")}
    if not services & {"*", "email", "tlsrpt"}:
        errors.append(f"s={tags['s']} admits neither email nor tlsrpt (RFC 6376, section 3.6.1; RFC 8460, section 3)")
    bits: int | None = None
    if tags.get("p"):
        try:
            bits = _key_bits((tags.get("k") or "rsa").lower(), tags["p"])
        except ValueError as error:
            errors.append(f"p: {error}")
    return KeyRecord(text, tuple(tags.items()), tuple(errors), tuple(tolerated), bits)


def _line_end(character: str) -> str:
    if character not in "\r\n":
        return ", which no value may hold (RFC 6376, section 3.2)"
    return ": a line end is CRLF and has a blank behind it (RFC 6376, section 2.8)"


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
    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("neither a SubjectPublicKeyInfo nor an RSAPublicKey") from None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the key is not an RSA key")
    return key.key_size
