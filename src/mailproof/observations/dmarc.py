"""DMARC policy discovery by RFC 9989: the DNS tree walk, the records found, and the policy that applies."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from mailproof.net.dns import Answer
from mailproof.observations import Observation

POLICIES = ("none", "quarantine", "reject")

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_TAG = re.compile(r"[ \t]*(?P<name>[A-Za-z0-9_]+)[ \t]*=[ \t]*+(?P<value>[^;]*+)")
"""Possessive, with the end of the value stripped afterwards: 64 KiB of blanks take no time."""

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
"""Values by tag (RFC 9989, section 4.7). Unknown tags are ignored."""


def select_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The TXT texts that are DMARC records: the version first, in exact case (RFC 9989, section 4.7)."""
    return tuple(text for text in texts if _VERSION.match(text))


@dataclass(frozen=True)
class DMARCRecord:
    """A record taken apart. Tag names are lower case; the first of a repeated tag is kept."""

    text: str
    tags: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]

    def get(self, tag: str) -> str | None:
        """The value of a tag as published."""
        return dict(self.tags).get(tag)

    def policy(self, *tags: str) -> str:
        """The value of the first of ``tags`` that is present and valid, in lower case; ``none`` without any."""
        for tag in tags:
            value = (self.get(tag) or "").lower()
            if value in POLICIES:
                return value
        return "none"

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
        uris = (uri.strip() for uri in (self.get("rua") or "").split(","))
        return tuple(uri for uri in uris if not _uri_error(uri))

    @property
    def is_usable(self) -> bool:
        """A record without a valid ``p`` counts as p=none only if it asks for reports (RFC 9989, section 4.10.1)."""
        return (self.get("p") or "").lower() in POLICIES or bool(self.report_addresses)


def parse_record(text: str) -> DMARCRecord:
    """Take a selected record apart (RFC 9989, sections 4.7 and 4.8). Never raises: faults are in ``errors``."""
    tags: dict[str, str] = {}
    errors: list[str] = []
    parts = text.split(";")
    if not parts[-1].strip(" \t"):
        parts.pop()
    for part in parts:
        match = _TAG.fullmatch(part)
        if match is None:
            errors.append(f"{part.strip()!r} is not a tag and a value")
            continue
        name, value = match["name"].lower(), match["value"].rstrip(" \t")
        if name in tags:
            errors.append(f"the tag {name} is given twice")
            continue
        tags[name] = value
        allowed = _ALLOWED.get(name)
        if allowed is not None and not allowed.fullmatch(value):
            errors.append(f"{name}={value} is not one of its values")
        if name == "fo" and allowed is not None and {"0", "1"} <= {part.strip() for part in value.split(":")}:
            errors.append("fo names both 0 and 1, which exclude each other")
        if name in ("rua", "ruf"):
            errors += [f"{name}: {error}" for error in map(_uri_error, map(str.strip, value.split(","))) if error]
    record = DMARCRecord(text, tuple(tags.items()), tuple(errors))
    if record.is_usable or "p" in tags:
        return record
    void = "p is missing, and no rua asks for reports: receivers discard the record (RFC 9989, section 4.10.1)"
    return replace(record, errors=(*record.errors, void))


def _uri_error(uri: str) -> str | None:
    """What is wrong with a report URI (RFC 9989, section 4.7); the obsolete ``!size`` is no fault."""
    address = re.sub(r"![0-9]+[kmgt]?$", "", uri, flags=re.I)
    try:
        parts = urlsplit(address)
    except ValueError:
        return f"{uri!r} is not a URI"
    if not parts.scheme or re.search(r"[^\x21-\x7e]", address):
        return f"{uri!r} is not a URI"
    if parts.scheme.lower() == "mailto" and not re.fullmatch(r"[^@]+@[^@]+", parts.path):
        return f"{uri!r} holds no mailbox"
    return None


@dataclass(frozen=True)
class Step:
    """One question of the tree walk: ``_dmarc.`` and ``domain``."""

    domain: str
    answer: Answer

    @property
    def texts(self) -> tuple[str, ...]:
        return select_records(tuple(record.text for record in self.answer.records))

    @property
    def record(self) -> DMARCRecord | None:
        """The record, if there is exactly one; several are all discarded (RFC 9989, section 4.10)."""
        return parse_record(self.texts[0]) if len(self.texts) == 1 else None


@dataclass(frozen=True)
class Policy:
    """The policy that receivers apply to the domain."""

    domain: str
    """Where its record stands."""
    tag: str
    value: str
    """After ``t=y`` has lowered it by one."""
    record: DMARCRecord


@dataclass(frozen=True)
class DMARC(Observation):
    """The tree walk from the domain up to its top-level domain."""

    domain: str
    domain_exists: bool
    steps: tuple[Step, ...]

    @property
    def own(self) -> Step:
        """The step at the domain itself."""
        return self.steps[0]

    @property
    def found(self) -> tuple[Step, ...]:
        """Steps with one usable record, longest name first."""
        return tuple(step for step in self.steps if step.record is not None and step.record.is_usable)

    @property
    def organisational_domain(self) -> str:
        """RFC 9989, section 4.10.2."""
        for step in self.found:
            assert step.record is not None  # noqa: S101
            if step.record.psd == "n":
                return step.domain
            if step.record.psd == "y" and step.domain != self.domain:
                labels = self.domain.split(".")
                return ".".join(labels[-(len(step.domain.split(".")) + 1) :])
        return self.found[-1].domain if self.found else self.domain

    @property
    def policy(self) -> Policy | None:
        """The policy that applies (RFC 9989, section 4.10.1): the domain's own, the organisational domain's, the
        suffix's.
        """
        by_domain = {step.domain: step.record for step in self.found}
        own = by_domain.get(self.domain)
        if own is not None:
            return self._policy(self.domain, own, "p")
        tags = ("sp", "p") if self.domain_exists else ("np", "sp", "p")
        organisation = by_domain.get(self.organisational_domain)
        if organisation is not None:
            return self._policy(self.organisational_domain, organisation, *tags)
        for domain, record in by_domain.items():
            if record is not None and record.psd == "y":
                return self._policy(domain, record, *tags)
        return None

    @staticmethod
    def _policy(domain: str, record: DMARCRecord, *tags: str) -> Policy:
        value = record.policy(*tags)
        if record.testing:
            value = POLICIES[max(POLICIES.index(value) - 1, 0)]
        tag = next((tag for tag in tags if (record.get(tag) or "").lower() in POLICIES), tags[-1])
        return Policy(domain, tag, value, record)

    def evidence(self) -> tuple[str, ...]:
        lines: list[str] = []
        for step in self.steps:
            if step.answer.records:
                lines += [f'_dmarc.{step.domain} TXT "{record.text}"' for record in step.answer.records]
            else:
                lines.append(f"_dmarc.{step.domain} TXT: none ({step.answer.rcode})")
        lines.append(f"organisational domain: {self.organisational_domain}")
        return tuple(lines)
