"""The four statuses of DNSSEC, and the link of a chain at which it fails or ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How far data can be trusted (RFC 4035, section 4.3)."""

    SECURE = "secure"
    """A chain of signatures leads from a trust anchor to the data."""
    INSECURE = "insecure"
    """It is proven that the chain ends before the data: they are not signed, or not in a way that validators use."""
    BOGUS = "bogus"
    """The data should be signed, and a chain to them cannot be built."""
    INDETERMINATE = "indeterminate"
    """It could not be found out."""


_WORST_FIRST = (Status.BOGUS, Status.INDETERMINATE, Status.INSECURE, Status.SECURE)


class Flaw(StrEnum):
    """Why a chain fails or ends, in the order in which they explain a failure best: the first is the nearest miss."""

    WRONG_SIGNATURE = "the signature does not verify"
    EXPIRED = "the signature is expired"
    NOT_YET_VALID = "the signature is not valid yet"
    DIGEST = "the digest of the DS record is not that of the key"
    REVOKED = "the key is revoked"
    NOT_A_ZONE_KEY = "the key is no zone key"
    NO_KEY = "there is no such key"
    WRONG_SIGNER = "the signer is not the zone"
    LABELS = "the signature counts more labels than the name has"
    UNSUPPORTED = "no algorithm that validators use"
    NO_SIGNATURE = "there is no signature"
    NO_DNSKEY = "there is no DNSKEY record"
    NO_PROOF = "nothing proves that there is no such record"
    WRONG_ALIAS = "the CNAME record does not follow from the DNAME record"
    UNSIGNED = "the delegation is not signed"
    OPT_OUT = "the delegation is not signed, or does not exist (opt-out)"
    ITERATIONS = "NSEC3 with more iterations than validators compute"
    UNAUTHENTICATED = "the resolver does not authenticate it"
    STRIPPED = "the resolver leaves out the records of DNSSEC"
    NOT_ANSWERED = "there was no answer"
    BOUND = "the work reached its bound"


@dataclass(frozen=True)
class Link:
    """Where a chain fails or ends.

    ``name`` and ``type`` are the RRset, ``zone`` is the zone that should vouch for it. ``ds`` is the DS record and
    ``signature`` the RRSIG record that failed, in presentation format; empty where none did. ``key_tag`` and
    ``algorithm`` are those of the key that is (or should be) used.
    """

    name: str
    type: str
    zone: str
    flaw: Flaw
    detail: str = ""
    key_tag: int | None = None
    algorithm: int | None = None
    ds: str = ""
    signature: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.type}: {self.flaw}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True)
class Verdict:
    """What a chain comes to. ``link`` is None exactly where the status is secure; ``zones`` are those passed, from the
    root down.
    """

    status: Status
    link: Link | None = None
    zones: tuple[str, ...] = ()


SECURE = Verdict(Status.SECURE)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a whole that is as good as its worst part."""
    return min(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.status))


def nearest(links: Iterable[Link]) -> Link:
    """The link that explains a failure best."""
    order = list(Flaw)
    return min(links, key=lambda link: order.index(link.flaw))
