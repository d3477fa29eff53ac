"""RRsets and the signatures over them (RFC 4035, section 5.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import cast

import dns.dnssec
import dns.name
import dns.rdatatype
import dns.rdtypes.ANY.RRSIG
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.RRSIG import RRSIG

from mailproof.criteria.dnssec import algorithm_text
from mailproof.net.dns.messages import Set, as_rrset
from mailproof.net.dns.names import dotted, text_of
from mailproof.net.dnssec.keys import Supported, is_revoked, is_zone_key, key_tag, text_of_rdata, was_tagged
from mailproof.net.dnssec.trust import Flaw, Link, Status, nearest
from mailproof.net.dnssec.work import TRIES, Work

WINDOW = 2**31
"""Half of the serial number space in which the times of signatures are compared (RFC 4034, section 3.1.5)."""


@dataclass(frozen=True)
class SignedSet:
    """An RRset and the signatures that came with it."""

    records: Set
    signatures: tuple[RRSIG, ...] = ()

    @property
    def name(self) -> dns.name.Name:
        return self.records.name

    @property
    def type(self) -> RdataType:
        return self.records.rdtype

    @cached_property
    def identity(self) -> tuple[object, ...]:
        """What makes another verification of the same octets needless."""
        records = frozenset(record.to_digestable() for record in self.records)
        signatures = tuple(signature.to_digestable() for signature in self.signatures)
        return (self.name.canonicalize().labels, self.type, records, signatures)


def signed_sets(section: Iterable[Set]) -> tuple[SignedSet, ...]:
    """The RRsets of a section of a message, each with its signatures."""
    section = tuple(section)
    signatures: dict[tuple[dns.name.Name, RdataType], list[RRSIG]] = {}
    for rrset in section:
        if rrset.rdtype == RdataType.RRSIG:
            for rdata in cast(Iterable[RRSIG], rrset):
                signatures.setdefault((rrset.name, rdata.type_covered), []).append(rdata)
    return tuple(
        SignedSet(rrset, tuple(signatures.get((rrset.name, rrset.rdtype), ())))
        for rrset in section
        if rrset.rdtype != RdataType.RRSIG
    )


@dataclass(frozen=True)
class Validated:
    """What the signatures of an RRset come to: secure, bogus, or indeterminate where there are too many to try.

    ``encloser`` is the name whose wildcard the RRset was made from, None for an RRset that stands in the zone as it
    is (RFC 4035, section 5.3.4); ``signature`` is the one that verifies.
    """

    status: Status
    link: Link | None = None
    encloser: dns.name.Name | None = None
    signature: RRSIG | None = None


def validate(
    signed: SignedSet, zone: dns.name.Name, keys: Iterable[DNSKEY], at: datetime, supported: Supported, work: Work
) -> Validated:
    """Look for one signature over an RRset of ``zone`` that verifies with one of ``keys`` at the time ``at``.

    One is enough, whatever the others are (RFC 4035, section 5.3.3; RFC 6840, section 5.4). Raises BoundReached.
    """
    if not signed.signatures:
        return Validated(Status.BOGUS, _link(signed, zone, Flaw.NO_SIGNATURE))
    keys = tuple(keys)
    seconds = int(at.timestamp())
    failures: list[Link] = []
    tries = 0
    for signature in signed.signatures:
        flaw = _why_unusable(signed, signature, zone, seconds, supported)
        named = [] if flaw else _named(signature, keys)
        candidates = [key for key in named if is_zone_key(key) and not is_revoked(key)]
        if not flaw and not candidates:
            flaw = _why_no_key(signature, named, keys)
        for key in candidates:
            if tries == TRIES:
                detail = f"{TRIES} verifications are tried for one RRset"
                return Validated(Status.INDETERMINATE, _link(signed, zone, Flaw.BOUND, signature, detail))
            tries += 1
            work.verify(key)
            if _verifies(signed.records, signature, zone, key, seconds):
                return Validated(Status.SECURE, None, _encloser(signed.name, signature), signature)
        failures.append(_link(signed, zone, flaw or Flaw.WRONG_SIGNATURE, signature, _detail(signature, flaw)))
    return Validated(Status.BOGUS, nearest(failures))


def signature_time(seconds: int) -> str:
    """A time of an RRSIG record in ISO 8601, without the ambiguity of its 32 bits: the years from 1970 to 2106."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_before(first: int, second: int) -> bool:
    """Whether a time of an RRSIG record is before another, in serial number arithmetic (RFC 4034, section 3.1.5)."""
    return first != second and (second - first) % 2**32 < WINDOW


def _why_unusable(
    signed: SignedSet, signature: RRSIG, zone: dns.name.Name, seconds: int, supported: Supported
) -> Flaw | None:
    """What is wrong with a signature before any key is looked at (RFC 4035, section 5.3.1)."""
    if signature.signer != zone or not signed.name.is_subdomain(zone):
        return Flaw.WRONG_SIGNER
    if signature.labels > _labels(signed.name):
        return Flaw.LABELS
    if signature.algorithm not in supported.algorithms:
        return Flaw.UNSUPPORTED
    if is_before(signature.expiration, seconds):
        return Flaw.EXPIRED
    if is_before(seconds, signature.inception):
        return Flaw.NOT_YET_VALID
    return None


def _named(signature: RRSIG, keys: tuple[DNSKEY, ...]) -> list[DNSKEY]:
    return [key for key in keys if key.algorithm == signature.algorithm and key_tag(key) == signature.key_tag]


def _why_no_key(signature: RRSIG, named: list[DNSKEY], keys: tuple[DNSKEY, ...]) -> Flaw:
    if any(is_revoked(key) for key in named) or any(was_tagged(key, signature.key_tag) for key in keys):
        return Flaw.REVOKED
    return Flaw.NOT_A_ZONE_KEY if named else Flaw.NO_KEY


def _verifies(records: Set, signature: RRSIG, zone: dns.name.Name, key: DNSKEY, seconds: int) -> bool:
    """Whether a signature verifies. What cannot be read does not: keys and signatures are a stranger's octets."""
    keys = {zone: dns.rdataset.from_rdata(0, key)}
    # The times were compared before; dnspython does not know their serial number arithmetic.
    now = min(max(seconds, signature.inception), signature.expiration)
    try:
        dns.dnssec.validate_rrsig(
            as_rrset(records),
            signature,
            cast("dict[dns.name.Name, dns.rdataset.Rdataset | dns.node.Node]", keys),
            now=now,
            policy=dns.dnssec.allow_all_policy,
        )
    except Exception:  # whatever the libraries raise for such octets
        return False
    return True


def _labels(name: dns.name.Name) -> int:
    """The labels of a name as RRSIG records count them: without the root and a wildcard (RFC 4034, section 3.1.3)."""
    return len(name.labels) - 1 - name.is_wild()


def _encloser(name: dns.name.Name, signature: RRSIG) -> dns.name.Name | None:
    return name.split(signature.labels + 1)[1] if signature.labels < _labels(name) else None


def _detail(signature: RRSIG, flaw: Flaw | None) -> str:
    key = f"key {signature.key_tag}, algorithm {algorithm_text(signature.algorithm)}"
    match flaw:
        case Flaw.EXPIRED:
            return f"since {signature_time(signature.expiration)}; {key}"
        case Flaw.NOT_YET_VALID:
            return f"before {signature_time(signature.inception)}; {key}"
        case Flaw.WRONG_SIGNER:
            return f"it is {dotted(text_of(signature.signer))}"
        case _:
            return key


def _link(signed: SignedSet, zone: dns.name.Name, flaw: Flaw, signature: RRSIG | None = None, detail: str = "") -> Link:
    return Link(
        name=dotted(text_of(signed.name)),
        type=dns.rdatatype.to_text(signed.type),
        zone=dotted(text_of(zone)),
        flaw=flaw,
        detail=detail,
        key_tag=signature.key_tag if signature else None,
        algorithm=signature.algorithm if signature else None,
        signature=text_of_rdata(signature) if signature else "",
    )
