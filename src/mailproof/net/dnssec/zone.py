"""A zone whose keys are trusted, and what it vouches for: RRsets, and that there are none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import dns.name
import dns.rdatatype
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3

from mailproof.net.dns.names import dotted, text_of
from mailproof.net.dnssec import nsec
from mailproof.net.dnssec.denial import Denial, Shown
from mailproof.net.dnssec.keys import Supported
from mailproof.net.dnssec.nsec import Gap
from mailproof.net.dnssec.nsec3 import HashedGap, HashedGaps
from mailproof.net.dnssec.signatures import SignedSet, Validated, validate
from mailproof.net.dnssec.trust import SECURE, Flaw, Link, Status, Verdict, nearest
from mailproof.net.dnssec.work import Work


@dataclass(frozen=True)
class Denied:
    """A negative answer, judged, and what its proof shows."""

    verdict: Verdict
    shown: Shown = Shown.NOTHING


@dataclass
class SecureZone:
    """A zone with trusted keys. RRsets are verified once."""

    name: dns.name.Name
    keys: tuple[DNSKEY, ...]
    at: datetime
    supported: Supported
    _validated: dict[tuple[object, ...], Validated] = field(default_factory=dict)

    def validate(self, signed: SignedSet, work: Work) -> Validated:
        """What the signatures of an RRset come to. Raises BoundReached."""
        known = self._validated.get(signed.identity)
        if known is None:
            known = validate(signed, self.name, self.keys, self.at, self.supported, work)
            self._validated[signed.identity] = known
        return known

    def judge(self, signed: SignedSet, authority: Iterable[SignedSet], work: Work) -> Verdict:
        """Whether the zone vouches for an RRset; one made from a wildcard needs a proof from ``authority``.

        RFC 4035, section 5.3.4. Raises BoundReached.
        """
        validated = self.validate(signed, work)
        if validated.status is not Status.SECURE:
            return Verdict(validated.status, validated.link)
        if validated.encloser is None:
            return SECURE
        proof = self._proof(authority, work)
        if proof.gaps:
            denial = nsec.allows_wildcard(proof.gaps, signed.name, validated.encloser, self.name)
        else:
            denial = HashedGaps(proof.hashed, self.name, work).allows_wildcard(signed.name, validated.encloser)
        return self._verdict(denial, signed.name, signed.type, proof)

    def denies(
        self,
        name: dns.name.Name,
        type: RdataType,
        authority: Iterable[SignedSet],
        work: Work,
        *,
        nxdomain: bool,
    ) -> Denied:
        """Whether the zone vouches for there being no ``name``, or no record of ``type`` there. Raises BoundReached."""
        proof = self._proof(authority, work)
        if proof.gaps:
            denial = nsec.denies(proof.gaps, name, self.name, type, nxdomain=nxdomain)
        else:
            denial = HashedGaps(proof.hashed, self.name, work).denies(name, type, nxdomain=nxdomain)
        return Denied(self._verdict(denial, name, type, proof), denial.shown)

    def _proof(self, authority: Iterable[SignedSet], work: Work) -> _Proof:
        """The records of denial that the zone vouches for, and why it does not for the others."""
        proof = _Proof()
        for signed in authority:
            if signed.type not in (RdataType.NSEC, RdataType.NSEC3):
                continue
            validated = self.validate(signed, work)
            if validated.link is not None:
                proof.failures.append(Verdict(validated.status, validated.link))
            elif validated.encloser is None:
                proof.add(signed, self.name)
        return proof

    def _verdict(self, denial: Denial, name: dns.name.Name, type: RdataType, proof: _Proof) -> Verdict:
        match denial.shown:
            case Shown.DENIED | Shown.DELEGATION:
                return SECURE
            case Shown.OPT_OUT:
                return Verdict(Status.INSECURE, self.link(name, type, Flaw.OPT_OUT))
            case Shown.TOO_MANY_ITERATIONS:
                return Verdict(Status.INSECURE, self.link(name, type, Flaw.ITERATIONS, denial.detail))
        if proof.failures:
            link = nearest(failure.link for failure in proof.failures if failure.link)
            return next(failure for failure in proof.failures if failure.link is link)
        return Verdict(Status.BOGUS, self.link(name, type, Flaw.NO_PROOF, denial.detail))

    def link(self, name: dns.name.Name, type: RdataType, flaw: Flaw, detail: str = "") -> Link:
        """A link of this zone that fails or ends the chain."""
        return Link(dotted(text_of(name)), dns.rdatatype.to_text(type), dotted(text_of(self.name)), flaw, detail)


@dataclass
class _Proof:
    gaps: list[Gap] = field(default_factory=list)
    hashed: list[HashedGap] = field(default_factory=list)
    failures: list[Verdict] = field(default_factory=list)

    def add(self, signed: SignedSet, zone: dns.name.Name) -> None:
        for record in signed.records:
            if signed.type == RdataType.NSEC:
                self.gaps.append(Gap.of(signed.name, cast(NSEC, record)))
            else:
                gap = HashedGap.of(signed.name, cast(NSEC3, record), zone)
                if gap is not None:
                    self.hashed.append(gap)
