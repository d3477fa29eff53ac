"""The walk from the trust anchors down to an RRset (RFC 4035, section 5).

At each name on the way the zone above is asked for DS records: they lead to the keys of the next zone, or the proof
that there are none says whether an unsigned zone begins here or none does. Where an answer is signed, the walk ends at
the zone that its signatures name; an answer that does not verify there is judged again by all the zones on the way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import cast

import dns.name
import dns.rcode
import dns.rdatatype
from dns.rcode import Rcode
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.DNAME import DNAME
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG

from mailproof.criteria.dnssec import algorithm_text, digest_text
from mailproof.net.dns.messages import MAX_ALIASES, Set
from mailproof.net.dns.names import dotted, text_of
from mailproof.net.dns.reading import Message
from mailproof.net.dnssec.anchors import root_anchors
from mailproof.net.dnssec.denial import Shown
from mailproof.net.dnssec.keys import Supported, entry_keys, is_revoked, is_zone_key, usable
from mailproof.net.dnssec.signatures import SignedSet, signed_sets, validate
from mailproof.net.dnssec.trust import SECURE, Flaw, Link, Status, Verdict, nearest, worst
from mailproof.net.dnssec.work import Work
from mailproof.net.dnssec.zone import SecureZone
from mailproof.net.errors import BoundReached, NotObserved, ServerFailure


@dataclass(frozen=True)
class Response:
    """What a server or resolver answered to a question with DO and CD (RFC 4035, sections 3.1 and 3.2.2)."""

    rcode: Rcode
    answer: tuple[Set, ...] = ()
    authority: tuple[Set, ...] = ()

    @staticmethod
    def of(message: Message) -> Response:
        return Response(message.rcode, message.answer, message.authority)

    @cached_property
    def answered(self) -> tuple[SignedSet, ...]:
        """The RRsets of the answer section, with their signatures."""
        return signed_sets(self.answer)

    @cached_property
    def denying(self) -> tuple[SignedSet, ...]:
        """Those of the authority section."""
        return signed_sets(self.authority)

    @property
    def nxdomain(self) -> bool:
        return self.rcode == dns.rcode.NXDOMAIN

    def find(self, name: dns.name.Name, type: RdataType) -> SignedSet | None:
        """The RRset of the answer section, with its signatures."""
        return next((one for one in self.answered if one.type == type and one.name == name), None)

    def signers(self) -> frozenset[dns.name.Name]:
        """The zones that the signatures name."""
        return frozenset(
            cast(RRSIG, record).signer
            for rrset in (*self.answer, *self.authority)
            if rrset.rdtype == RdataType.RRSIG
            for record in rrset
        )


Fetch = Callable[[dns.name.Name, RdataType], Awaitable[Response]]
"""Asks a question with DO and CD. Raises NotObserved. The same question is better not sent twice."""


@dataclass(frozen=True)
class _End:
    """Below here nothing is secure: why."""

    verdict: Verdict


@dataclass(frozen=True)
class _Denied:
    """The name does not exist, nor does anything below it (RFC 8020)."""


_UNPROVEN = frozenset({Flaw.OPT_OUT, Flaw.ITERATIONS})
"""Insecure without a proof that another zone begins: no excuse for signatures of the zone above that do not verify."""

_Step = SecureZone | _End | _Denied | None
"""What lies at a name below a secure zone: another zone, the end of trust, nothing at all, or no zone cut (None)."""


@dataclass
class Chains:
    """Chains of trust for many names, as of one time. What was found out about a zone is remembered.

    ``anchors`` are DS records of the root.
    """

    fetch: Fetch
    at: datetime
    anchors: tuple[DS, ...] = field(default_factory=root_anchors)
    supported: Supported = field(default_factory=Supported)
    make_work: Callable[[], Work] = Work
    """What may be spent on one verdict."""
    _zones: dict[dns.name.Name, _Step] = field(default_factory=dict)

    async def judge(self, name: dns.name.Name, type: RdataType) -> Verdict:
        """The status of the answer for ``name`` (absolute) and ``type``, of the aliases on the way as well."""
        asked = [name]
        verdicts: list[Verdict] = []
        try:
            await self._follow(type, asked, verdicts)
        except NotObserved as failure:
            flaw = Flaw.BOUND if isinstance(failure, BoundReached) else Flaw.NOT_ANSWERED
            link = _link(asked[-1], type, asked[-1], flaw, failure.reason)
            verdicts.append(Verdict(Status.INDETERMINATE, link))
        return worst(verdicts)

    async def observe(self, name: dns.name.Name, type: RdataType) -> Verdict:
        """As :meth:`judge`, but what could not be asked, or would be too much work, is raised: NotObserved.

        An answer that is bogus is so whatever its alias leads to.
        """
        verdicts: list[Verdict] = []
        try:
            await self._follow(type, [name], verdicts)
        except NotObserved:
            if not any(verdict.status is Status.BOGUS for verdict in verdicts):
                raise
        return worst(verdicts)

    async def _follow(self, type: RdataType, asked: list[dns.name.Name], verdicts: list[Verdict]) -> None:
        """Judge the last name of ``asked``, and each that its aliases lead to. Raises NotObserved."""
        work = self.make_work()
        while True:
            response = await self._ask(asked[-1], type, work)
            verdict, target = await self._judge_answer(asked[-1], type, response, work)
            verdicts.append(verdict)
            if target is None:
                return
            if target in asked or len(asked) > MAX_ALIASES:
                raise BoundReached(f"the aliases lead in a circle, or are more than {MAX_ALIASES}")
            asked.append(target)

    async def _judge_answer(
        self, name: dns.name.Name, type: RdataType, response: Response, work: Work
    ) -> tuple[Verdict, dns.name.Name | None]:
        """The status of an answer without what its alias leads to, and where that is."""
        holder = name.parent() if type == RdataType.DS and name != dns.name.root else name
        alias = None if response.find(name, type) else response.find(name, RdataType.CNAME)
        target = cast(CNAME, alias.records[0]).target if alias else None
        signers = [signer for signer in response.signers() if holder.is_subdomain(signer)]
        verdict = Verdict(Status.BOGUS)
        if signers:
            step = await self._zone_of(holder, work, last=max(signers, key=len))
            verdict = self._verdict(step, name, type, response, work)
        if verdict.status is Status.BOGUS:
            step = await self._zone_of(holder, work)
            below = self._verdict(step, name, type, response, work)
            if not (signers and below.link and below.link.flaw in _UNPROVEN):
                verdict = below
        return verdict, target

    def _verdict(
        self, step: SecureZone | _End, name: dns.name.Name, type: RdataType, response: Response, work: Work
    ) -> Verdict:
        if isinstance(step, _End):
            return step.verdict
        verdict = judge_in_zone(step, name, type, response, work)
        return replace(verdict, zones=self._path(step))

    def _path(self, zone: SecureZone) -> tuple[str, ...]:
        names = (zone.name.split(count)[1] for count in range(1, len(zone.name) + 1))
        return tuple(dotted(text_of(name)) for name in names if isinstance(self._zones.get(name), SecureZone))

    async def _zone_of(self, name: dns.name.Name, work: Work, last: dns.name.Name | None = None) -> SecureZone | _End:
        """The zone that holds ``name``, or where trust ends above it. No zone below ``last`` is looked for."""
        zone = await self._root(work)
        for count in range(2, len(name) + 1):
            if isinstance(zone, _End) or zone.name == last:
                break
            child = name.split(count)[1]
            step = self._zones[child] if child in self._zones else await self._descend(zone, child, work)
            if isinstance(step, _End) and not step.verdict.zones:
                step = _End(replace(step.verdict, zones=self._path(zone)))
            self._zones[child] = step
            if isinstance(step, _Denied):
                break
            zone = step or zone
        return zone

    async def root(self) -> Verdict:
        """The status of the root's keys: that of everything where they are not secure. Raises NotObserved."""
        step = await self._root(self.make_work())
        return step.verdict if isinstance(step, _End) else SECURE

    async def _root(self, work: Work) -> SecureZone | _End:
        root = dns.name.root
        known = self._zones.get(root)
        if isinstance(known, SecureZone | _End):
            return known
        step = await self._enter(root, usable(self.anchors, self.supported), work)
        self._zones[root] = step
        return step

    async def _descend(self, zone: SecureZone, child: dns.name.Name, work: Work) -> _Step:
        """What lies at ``child``, a name in ``zone``: ask for its DS records (RFC 4035, section 5.2)."""
        response = await self._ask(child, RdataType.DS, work)
        found = response.find(child, RdataType.DS)
        if found is not None:
            verdict = zone.judge(found, response.denying, work)
            if verdict.status is not Status.SECURE:
                return _End(verdict)
            records = [cast(DS, record) for record in found.records]
            known = usable(records, self.supported)
            if known:
                return await self._enter(child, known, work)
            used = ", ".join(
                f"algorithm {algorithm_text(ds.algorithm)} with digest {digest_text(ds.digest_type)}" for ds in records
            )
            return _End(Verdict(Status.INSECURE, zone.link(child, RdataType.DS, Flaw.UNSUPPORTED, used)))
        if response.find(child, RdataType.CNAME):
            return None  # an alias is no zone; whoever asks for the alias itself has it verified
        denied = zone.denies(child, RdataType.DS, response.denying, work, nxdomain=response.nxdomain)
        if denied.verdict.status is not Status.SECURE:
            return _End(denied.verdict)
        if denied.shown is Shown.DELEGATION:
            return _End(Verdict(Status.INSECURE, zone.link(child, RdataType.DS, Flaw.UNSIGNED)))
        return _Denied() if response.nxdomain else None

    async def _enter(self, name: dns.name.Name, records: Iterable[DS], work: Work) -> SecureZone | _End:
        """The zone whose keys usable DS records vouch for (RFC 4035, section 5.2)."""
        response = await self._ask(name, RdataType.DNSKEY, work)
        found = response.find(name, RdataType.DNSKEY)
        if found is None:
            return _bogus(_link(name, RdataType.DNSKEY, name, Flaw.NO_DNSKEY))
        if name == dns.name.root and not found.signatures:
            return _End(Verdict(Status.INDETERMINATE, _link(name, RdataType.DNSKEY, name, Flaw.STRIPPED)))
        keys = [cast(DNSKEY, record) for record in found.records]
        entry = entry_keys(name, records, keys, work)
        if not entry.keys:
            return _bogus(nearest(entry.failures))
        validated = validate(found, name, entry.keys, self.at, self.supported, work)
        if validated.status is not Status.SECURE:
            return _End(Verdict(validated.status, validated.link))
        trusted = tuple(key for key in keys if is_zone_key(key) and not is_revoked(key))
        return SecureZone(name, trusted, self.at, self.supported)

    async def _ask(self, name: dns.name.Name, type: RdataType, work: Work) -> Response:
        """The answer to a question. Raises NotObserved, ServerFailure for an answer that says nothing of the name."""
        work.ask()
        response = await self.fetch(name, type)
        if response.rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            rcode = dns.rcode.to_text(response.rcode)
            raise ServerFailure(f"{rcode} for {text_of(name)} {dns.rdatatype.to_text(type)}, asked without validation")
        return response


def judge_in_zone(zone: SecureZone, name: dns.name.Name, type: RdataType, response: Response, work: Work) -> Verdict:
    """Whether ``zone`` vouches for what an answer says of ``name``: records, an alias, or nothing."""
    found = response.find(name, type) or response.find(name, RdataType.CNAME)
    if found is None:
        return zone.denies(name, type, response.denying, work, nxdomain=response.nxdomain).verdict
    if found.type == RdataType.CNAME and not found.signatures:
        substitution = next(
            (
                one
                for one in response.answered
                if one.type == RdataType.DNAME and name != one.name and name.is_subdomain(one.name)
            ),
            None,
        )
        if substitution is not None:
            return _judge_substitution(zone, found, substitution, response, work)
    return zone.judge(found, response.denying, work)


def _judge_substitution(
    zone: SecureZone, alias: SignedSet, substitution: SignedSet, response: Response, work: Work
) -> Verdict:
    """A CNAME record that was made from a DNAME record has no signature of its own (RFC 6672, section 5.3.1)."""
    verdict = zone.judge(substitution, response.denying, work)
    if verdict.status is not Status.SECURE:
        return verdict
    prefix = alias.name.relativize(substitution.name)
    target = cast(DNAME, substitution.records[0]).target
    try:
        made = prefix.concatenate(target)
    except dns.name.NameTooLong:
        made = None
    if cast(CNAME, alias.records[0]).target != made:
        return Verdict(Status.BOGUS, zone.link(alias.name, RdataType.CNAME, Flaw.WRONG_ALIAS))
    return verdict


def _bogus(link: Link) -> _End:
    return _End(Verdict(Status.BOGUS, link))


def _link(name: dns.name.Name, type: RdataType, zone: dns.name.Name, flaw: Flaw, detail: str = "") -> Link:
    return Link(dotted(text_of(name)), dns.rdatatype.to_text(type), dotted(text_of(zone)), flaw, detail)
