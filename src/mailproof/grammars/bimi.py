"""BIMI records taken apart (draft-brand-indicators-for-message-identification, section 4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from mailproof.grammars.tags import parse_tags
from mailproof.net.text import printable

VERSION = "BIMI1"
_VERSION = re.compile(rf"v[ \t]*=[ \t]*{VERSION}[ \t]*(?:;|\Z)")
_NEAR_VERSION = re.compile(
    r"(?:[^;]{1,200};[ \t]*|\W*)v\W{0,5}BIMI(?:1(?![0-9])|v?1?(?![A-Za-z0-9]))", re.IGNORECASE | re.ASCII
)
TAGS = ("v", "l", "a", "lps", "avp")
_BLANKS = " \t"
_PREFIX = re.compile(r"[A-Za-z0-9-]{1,63}")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]")


@dataclass(frozen=True)
class BIMIRecord:
    """A record taken apart. The first of a repeated tag is kept."""

    text: str
    tags: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    """Tags that nobody defines, which receivers ignore."""
    doubtful: tuple[str, ...] = ()
    """Values that receivers ignore, or hold against the whole record (section 4.3, avp)."""

    def get(self, tag: str) -> str:
        """The value of a tag; empty where it is not there."""
        return dict(self.tags).get(tag, "")

    @property
    def logo(self) -> str:
        """Where the image is; empty where there is none."""
        return self.get("l")

    @property
    def evidence(self) -> str:
        """Where the certificate is; empty where there is none."""
        return self.get("a")

    @property
    def declined(self) -> bool:
        """The domain says that it has no image to be shown (section 4.3.1)."""
        return not self.errors and not self.logo and not self.evidence


def select_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The TXT texts that are BIMI records: the version first, blanks around its equals sign or not (section 4.3)."""
    return tuple(text for text in texts if _VERSION.match(text))


def near_misses(texts: tuple[str, ...]) -> tuple[str, ...]:
    """TXT texts that look like an attempt at a BIMI record and do not count as one."""
    return tuple(text for text in texts if _NEAR_VERSION.match(text) and not _VERSION.match(text))


def parse_bimi(text: str) -> BIMIRecord:
    """Take a record apart. Never raises: faults are in ``errors``."""
    tags: dict[str, str] = {}
    errors: list[str] = []
    unknown: list[str] = []
    for number, tag in enumerate(parse_tags(text, _BLANKS)):
        if isinstance(tag, str):
            errors.append(f"{tag!r} is not a tag and a value")
            continue
        if number == 0 and (tag.name, tag.value) != ("v", VERSION):
            errors.append(f"the record does not begin with v={VERSION}")
        if tag.name in tags:
            errors.append(f"the tag {tag.name} is given twice")
            continue
        tags[tag.name] = tag.value
        if tag.name not in TAGS:
            unknown.append(tag.name)
    if "l" not in tags:
        errors.append("the tag l, which says where the image is, is missing")
    for name in ("l", "a"):
        if tags.get(name) and (fault := uri_fault(tags[name])):
            errors.append(f"{name}={printable(tags[name])}: {fault}")
    known = tags.get("avp", "brand") in ("brand", "personal")
    doubtful = () if known else (f"avp={printable(tags['avp'])}: neither brand nor personal",)
    prefixes = [part.strip(_BLANKS) for part in tags["lps"].split(",")] if tags.get("lps") else []
    if wrong := [part for part in prefixes if not _PREFIX.fullmatch(part)]:
        errors.append(f"lps: {wrong[0]!r} is not made of letters, digits and hyphens")
    return BIMIRecord(text, tuple(tags.items()), tuple(errors), tuple(unknown), doubtful)


def uri_fault(uri: str) -> str:
    """Why nobody fetches a URI for BIMI; empty where it can be fetched."""
    if "," in uri:
        return "one URI is wanted, and no list"
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return f"no URI: {error}"
    if parts.scheme.lower() != "https":
        return "the scheme is not https"
    if not _HOST.fullmatch(host) or parts.username is not None:
        return "the host is no fully qualified domain name"
    if re.search(r"[^\x21-\x7e]", uri):
        return "it holds a character that no URI has"
    return ""
