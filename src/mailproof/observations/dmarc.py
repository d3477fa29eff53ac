"""DMARC policy discovery by RFC 9989: the DNS tree walk, the records found, and the policy that applies."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mailproof.net.dns.client import Answer
from mailproof.net.text import printable
from mailproof.observations import Observation
from mailproof.observations.uris import uri_error

POLICIES = ("none", "quarantine", "reject")

_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
"""The tag's name is case-insensitive, its value is not: ``"v" equals %s"DMARC1"`` (RFC 9989, section 4.8)."""
_NEAR_VERSION = re.compile(r"\W*v\W{0,5}dmarc[ \t]*1(?![0-9])", re.IGNORECASE)
_TAG = re.compile(r"[ \t]*(?P<name>[A-Za-z]+)[ \t]*=[ \t]*+(?P<value>[^;]*+)")
"""Possessive, with the end of the value stripped afterwards: 64 KiB of blanks take no time."""
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


def select_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The TXT texts that are DMARC records: the version first, its value in exact case (RFC 9989, section 4.7)."""
    return tuple(text for text in texts if _VERSION.match(text))


def near_misses(texts: tuple[str, ...]) -> tuple[str, ...]:
    """TXT texts that are meant to be DMARC records and are none."""
    return tuple(text for text in texts if _NEAR_VERSION.match(text) and not _VERSION.match(text))


@dataclass(frozen=True)
class DMARCRecord:
    """A record taken apart. Tag names are lower case; the first of a repeated tag is kept."""

    text: str
    tags: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]

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
    def is_usable(self) -> bool:
        """Whether receivers heed the record at all (RFC 9989, section 4.10.1)."""
        return not self.broken_policies or bool(self.report_addresses)


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
        errors += _value_errors(name, value)
    record = DMARCRecord(text, tuple(tags.items()), tuple(errors))
    if record.is_usable or "p" in tags:
        return record
    void = "p is missing, and no rua asks for reports: receivers discard the record (RFC 9989, section 4.10.1)"
    return replace(record, errors=(*record.errors, void))


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

    @property
    def near_misses(self) -> tuple[str, ...]:
        """What is meant to be a record and is none."""
        return near_misses(tuple(record.text for record in self.answer.records))


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
    at_domain: tuple[str, ...] = ()
    """TXT texts at the domain's own name, without ``_dmarc``: a record there is at the wrong place."""

    @property
    def own(self) -> Step:
        """The step at the domain itself."""
        return self.steps[0]

    @property
    def near_misses(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a name and a text there that is meant to be a DMARC record and is none, or at the wrong name."""
        misses = [(f"_dmarc.{step.domain}", text) for step in self.steps[:1] for text in step.near_misses]
        misplaced = (*select_records(self.at_domain), *near_misses(self.at_domain))
        return (*misses, *((self.domain, text) for text in misplaced))

    @property
    def void(self) -> tuple[Step, ...]:
        """Steps with one record that receivers ignore because of its faults, longest name first."""
        return tuple(step for step in self.steps if step.record is not None and not step.record.is_usable)

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
        suffix's. A void record at the domain itself ends DMARC: nothing is inherited then.
        """
        if self.own in self.void:
            return None
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
        tag = next((tag for tag in tags if record.get(tag) is not None), tags[-1])
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
