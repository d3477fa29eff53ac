"""DMARC records taken apart (RFC 9989, sections 4.7 and 4.8)."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from urllib.parse import unquote

from mailproof.grammars.tags import parse_tags
from mailproof.grammars.uris import scheme_of, uri_error
from mailproof.net.text import printable

POLICIES = ("none", "quarantine", "reject")

_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
"""The tag's name is case-insensitive, its value is not: ``"v" equals %s"DMARC1"`` (RFC 9989, section 4.8)."""
_NEAR_VERSION = re.compile(
    r"(?:[^;]{1,40};[ \t]*|\W*)(?:v\W{0,5}dmarc(?:v?1?(?![A-Za-z0-9]))|(?:v\W{0,5})?dmarc[ \t]*1(?![0-9]))",
    re.IGNORECASE | re.ASCII,
)
"""Texts hold an octet as a character: by ASCII, the octets of quotes and blanks of Unicode are no letters."""
_NAME = re.compile(r"[A-Za-z]+")
_VALUE = re.compile(r"[\x20-\x3a\x3c-\x7e]+")
_SIZE = re.compile(r"![0-9]+[kmgt]?\Z", re.IGNORECASE)
"""The obsolete limit behind a report address (RFC 9989, section 4.8): no fault, and ignored."""

_ALLOWED = {
    "p": re.compile(r"none|quarantine|reject", re.I),
    "sp": re.compile(r"none|quarantine|reject", re.I),
    "np": re.compile(r"none|quarantine|reject", re.I),
    "adkim": re.compile(r"[rs]", re.I),
    "aspf": re.compile(r"[rs]", re.I),
    "t": re.compile(r"[yn]", re.I),
    "psd": re.compile(r"[ynu]", re.I),
    "fo": re.compile(r"[01ds](?:[ \t]*:[ \t]*[01ds])*", re.I),
}
"""Values by tag (RFC 9989, sections 4.7 and 4.8). Unknown tags are ignored, but keep to the general grammar."""

_NOTHING = "nothing stands between two semicolons"

TAGS = ("v", *_ALLOWED, "rua", "ruf")
"""The tags of RFC 9989, section 4.7."""

HISTORIC = ("pct", "rf", "ri")
"""Tags of RFC 7489 that RFC 9989 removed."""


def select_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The TXT texts that are DMARC records: the version first, its value in exact case (RFC 9989, section 4.7)."""
    return tuple(text for text in texts if _VERSION.match(text))


def near_misses(texts: tuple[str, ...]) -> tuple[str, ...]:
    """TXT texts that look like an attempt at a DMARC record and do not count as one."""
    return tuple(text for text in texts if _NEAR_VERSION.match(text) and not _VERSION.match(text))


@dataclass(frozen=True)
class DMARCRecord:
    """A record taken apart. Tag names are lower case; the first of a repeated tag is kept."""

    text: str
    tags: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]
    unreadable: tuple[str, ...] = ()
    """The parts that are no tag and value: nobody knows which tag they were meant to be."""
    repeated: tuple[str, ...] = ()
    """Tags that are given twice or more often: which of their values counts, nobody says."""

    def get(self, tag: str) -> str | None:
        """The value of a tag as published."""
        return dict(self.tags).get(tag)

    @property
    def broken_policies(self) -> tuple[str, ...]:
        """The tags that void the policy: ``p`` without a valid value, ``sp`` or ``np`` with an invalid one.

        Receivers then act as for ``p=none`` if the record asks for reports, and ignore it if it does not (RFC
        9989, section 4.10.1).
        """
        published = {"p": "", **{tag: value for tag in ("p", "sp", "np") if (value := self.get(tag)) is not None}}
        return tuple(tag for tag, value in published.items() if value.lower() not in POLICIES)

    def policy(self, *tags: str) -> str:
        """The value of the first of ``tags`` that is present, in lower case; ``none`` where the policy is void."""
        if self.broken_policies:
            return "none"
        return next((value.lower() for tag in tags if (value := self.get(tag)) is not None), "none")

    @property
    def psd(self) -> str:
        value = (self.get("psd") or "u").lower()
        return value if value in ("y", "n") else "u"

    @property
    def testing(self) -> bool:
        return (self.get("t") or "n").lower() == "y"

    @property
    def report_addresses(self) -> tuple[str, ...]:
        """The valid URIs of rua."""
        return tuple(uri for uri in _uris(self.get("rua") or "") if not _uri_error(uri))

    @property
    def destinations(self) -> tuple[tuple[str, str], ...]:
        """The valid URIs of rua and ruf, each with its tag, without the obsolete ``!size``."""
        return tuple(
            (tag, _SIZE.sub("", uri))
            for tag in ("rua", "ruf")
            for uri in _uris(self.get(tag) or "")
            if not _uri_error(uri)
        )

    @property
    def is_usable(self) -> bool:
        """Whether receivers heed the record at all (RFC 9989, section 4.10.1)."""
        return not self.broken_policies or bool(self.report_addresses)


@lru_cache(maxsize=4096)
def parse_record(text: str) -> DMARCRecord:
    """Take a selected record apart (RFC 9989, sections 4.7 and 4.8). Never raises: faults are in ``errors``."""
    tags: dict[str, str] = {}
    errors: list[str] = []
    unreadable: list[str] = []
    repeated: list[str] = []
    for tag in parse_tags(text, " \t"):
        if isinstance(tag, str) or not _NAME.fullmatch(tag.name):
            unreadable.append(tag if isinstance(tag, str) else tag.text.strip(" \t"))
            errors.append(f"{unreadable[-1]!r} is not a tag and a value" if unreadable[-1] else _NOTHING)
            continue
        name = tag.name.lower()
        if name in tags:
            errors.append(f"the tag {name} is given twice")
            repeated.append(name)
            continue
        tags[name] = tag.value
        errors += _value_errors(name, tag.value)
    record = DMARCRecord(text, tuple(tags.items()), tuple(errors), tuple(unreadable), tuple(repeated))
    if record.is_usable or "p" in tags:
        return record
    void = "p is missing, and no rua asks for reports: receivers discard the record (RFC 9989, section 4.10.1)"
    return replace(record, errors=(*record.errors, void))


def rewritten(record: DMARCRecord, without: Container[str] = (), **values: str) -> str:
    """The record with other ``values`` and without some tags; p stands behind the version."""
    tags = {tag: value for tag, value in record.tags if tag not in without} | values
    policy = {"p": tags["p"]} if "p" in tags else {}
    ordered = {"v": "DMARC1"} | policy | tags
    return "; ".join(f"{tag}={value}" for tag, value in ordered.items())


def respelt(record: DMARCRecord) -> str:
    """The record that is meant, where values of its tags are misspelt policies or parts of it are empty; else empty."""
    values = {}
    for tag, value in record.tags:
        near = get_close_matches(value.lower(), POLICIES, 1, 0.8) if tag in ("p", "sp", "np") else []
        values[tag] = near[0] if near else value
    mended = parse_record(rewritten(replace(record, tags=tuple(values.items()))))
    lost = any(record.unreadable) or bool(record.repeated)
    return "" if mended.errors or lost else mended.text


def _value_errors(name: str, value: str) -> list[str]:
    allowed = _ALLOWED.get(name)
    if allowed is not None and not allowed.fullmatch(value):
        return [f"{name}={printable(value)} is not one of its values"]
    if not value:
        return [f"{name} has no value"]
    if name in ("rua", "ruf"):
        return [f"{name}: {error}" for error in map(_uri_error, _uris(value)) if error]
    if not _VALUE.fullmatch(value):
        return [f"{name}={value!r} holds characters that are not printable ASCII"]
    if name == "fo":
        options = [part.strip().lower() for part in value.split(":")]
        if {"0", "1"} <= set(options):
            return ["fo names both 0 and 1, which exclude each other"]
        if len(set(options)) < len(options):
            return [f"fo={printable(value)} names an option twice"]
    return []


def _uris(value: str) -> list[str]:
    return [uri.strip(" \t") for uri in value.split(",")]


def _uri_error(uri: str) -> str | None:
    """What is wrong with a report URI (RFC 9989, section 4.8), its obsolete ``!size`` aside."""
    address = _SIZE.sub("", uri)
    if "!" in address:
        return f"{uri!r}: an exclamation mark that begins no size must be percent-encoded"
    return uri_error(address)


def mailbox_domain(uri: str) -> str:
    """The domain of a valid ``mailto:`` URI, in lower case; "" for other schemes (RFC 6068, section 2)."""
    if scheme_of(uri) != "mailto":
        return ""
    address = unquote(uri.partition(":")[2].partition("?")[0])
    return address.rpartition("@")[2].removesuffix(".").lower()


def has_size(uri: str) -> bool:
    """Whether the obsolete limit of a report's size stands behind an address."""
    return _SIZE.search(uri) is not None


def without_size(uri: str) -> str:
    """An address without the obsolete limit of a report's size."""
    return _SIZE.sub("", uri)


def report_uris(value: str) -> tuple[str, ...]:
    """The URIs of rua or ruf as they are published."""
    return tuple(_uris(value))
