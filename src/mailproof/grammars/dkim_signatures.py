"""DKIM-Signature fields taken apart (RFC 6376, section 3.5)."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from dataclasses import dataclass
from string import whitespace

from mailproof.grammars.tags import parse_tags
from mailproof.net.dns.names import normalise

ALGORITHMS = ("rsa-sha256", "ed25519-sha256", "rsa-sha1")
CANONICALISATIONS = ("simple", "relaxed")

_NUMBER = re.compile(r"[0-9]{1,76}")
_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*")
_MAX_NAME = 253


@dataclass(frozen=True)
class Signature:
    """A signature taken apart. With ``errors`` it is one that verifiers ignore."""

    domain: str
    """In lower case, as the other names; U-labels, which internationalised mail may have (RFC 8616), as A-labels."""
    selector: str
    algorithm: str
    signed: tuple[str, ...]
    """The names in h, in lower case."""
    identity: str = ""
    header_form: str = "simple"
    body_form: str = "simple"
    body_length: int | None = None
    signed_at: int | None = None
    expires: int | None = None
    tags: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def key_name(self) -> str:
        """Where the key stands."""
        return f"{self.selector}._domainkey.{self.domain}"


def parse_signature(text: str) -> Signature:
    """Take a signature apart. Never raises: faults are in ``errors``."""
    tags: dict[str, str] = {}
    errors: list[str] = []
    for tag in parse_tags(text, whitespace):
        if isinstance(tag, str):
            errors.append(f"{tag[:80]!r} is not a tag and a value")
        elif tag.name in tags:
            errors.append(f"the tag {tag.name} is given twice")
        else:
            tags[tag.name] = tag.value
    errors += [f"the tag {name} is missing" for name in ("v", "a", "b", "bh", "d", "h", "s") if not tags.get(name)]
    if tags.get("v", "1") != "1":
        errors.append(f"v={tags['v'][:20]} is not version 1")
    algorithm = tags.get("a", "").lower()
    if algorithm and algorithm not in ALGORITHMS:
        errors.append(f"the algorithm {algorithm[:40]} is not known")
    domain, selector = (_name(tags.get(tag, "")) for tag in ("d", "s"))
    for name, value in (("d", domain), ("s", selector)):
        if value and not (_DOMAIN.fullmatch(value) and len(value) <= _MAX_NAME):
            errors.append(f"{name}={value[:80]} is no name of a domain")
    local, at, below = tags.get("i", "").rpartition("@")
    identity = f"{local}{at}{_name(below)}"
    if identity and not f".{_name(below)}".endswith(f".{domain}"):
        errors.append(f"i={identity[:80]} is not below d={domain[:80]}")
    header_form, slash, body_form = tags.get("c", "simple/simple").lower().partition("/")
    if header_form not in CANONICALISATIONS or (slash and body_form not in CANONICALISATIONS):
        errors.append(f"c={tags['c'][:40]} is no known canonicalisation")
    if "dns/txt" not in [part.strip().lower() for part in tags.get("q", "dns/txt").split(":")]:
        errors.append(f"q={tags['q'][:40]} names no known place of the key")
    signed = tuple(part.strip().lower() for part in tags.get("h", "").split(":"))
    if tags.get("h") and "from" not in signed:
        errors.append("From is not signed")
    for name in ("b", "bh"):
        if tags.get(name) and not _is_base64(tags[name]):
            errors.append(f"{name} is not base64")
    length, signed_at, expires = (_number(tags, name, errors) for name in ("l", "t", "x"))
    if signed_at is not None and expires is not None and expires < signed_at:
        errors.append("x, when it expires, is before t, when it was made")
    return Signature(
        domain,
        selector,
        algorithm,
        signed,
        identity,
        header_form,
        body_form or "simple",
        length,
        signed_at,
        expires,
        tuple(tags.items()),
        tuple(errors),
    )


def _name(text: str) -> str:
    """A name in lower case, with A-labels; what is no name stays."""
    if not text.isascii():
        with suppress(ValueError):
            return normalise(text)
    return text.lower()


def _number(tags: dict[str, str], name: str, errors: list[str]) -> int | None:
    text = tags.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        errors.append(f"{name}={text[:40]} is no number")
        return None
    return int(text)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return False
    return True
