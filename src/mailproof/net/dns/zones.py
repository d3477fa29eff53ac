"""Answers from zone data: the offline world's authority, and the client's layer of zone files.

The lookup is the algorithm of RFC 1034, section 4.3.2, with wildcards as RFC 4592 clarifies them, DNAME by
RFC 6672, negative answers by RFC 2308 and the DNSSEC records of RFC 4035, section 3.1 (NSEC, not NSEC3).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone
from dns.rdatatype import RdataType

MAX_LINKS = 16
"""Aliases followed within one lookup; a longer chain or a loop is answered as far as it got."""

PAYLOAD = 1232
"""EDNS payload size that fits unfragmented everywhere (DNS flag day 2020, RFC 9715)."""

_QUERY_TYPES_AT_AN_ALIAS = frozenset({RdataType.CNAME, RdataType.ANY, RdataType.RRSIG, RdataType.NSEC, RdataType.KEY})
_Key = tuple[bytes, ...]
"""The labels of an absolute name in lower case: names compare case-insensitively (RFC 4343)."""


class End(Enum):
    """How a lookup ended."""

    ANSWER = auto()
    NODATA = auto()
    NXDOMAIN = auto()
    YXDOMAIN = auto()
    """A DNAME made a name longer than 255 octets (RFC 6672, section 2.2)."""
    REFERRAL = auto()
    """``Lookup.name`` is delegated to a zone that is not in the set."""
    OUTSIDE = auto()
    """``Lookup.name`` is in no zone of the set."""
    PARENT_SIDE = auto()
    """DS of a zone whose parent is not in the set: NODATA here, the parent knows (RFC 4035, 3.1.4.1)."""
    LOOP = auto()
    """An alias leads back into its chain, or the chain has more than ``MAX_LINKS`` links."""


@dataclass
class Lookup:
    """What the zones hold for a question: ``name`` ends the alias chain, ``zones`` are the zones passed."""

    name: dns.name.Name
    end: End = End.OUTSIDE
    answer: list[dns.rrset.RRset] = field(default_factory=list)
    authority: list[dns.rrset.RRset] = field(default_factory=list)
    additional: list[dns.rrset.RRset] = field(default_factory=list)
    zones: list[dns.name.Name] = field(default_factory=list)

    @property
    def rcode(self) -> dns.rcode.Rcode:
        if self.end is End.NXDOMAIN:
            return dns.rcode.NXDOMAIN
        if self.end is End.YXDOMAIN:
            return dns.rcode.YXDOMAIN
        return dns.rcode.NOERROR


@dataclass(frozen=True)
class LateZone:
    """A zone that is made when somebody asks for it: most questions touch few of many."""

    origin: dns.name.Name
    make: Callable[[], dns.zone.Zone]


class Zones:
    """A set of zones, read once: later changes to the zone objects are not seen.

    Raises ValueError for a zone with relative names and for two zones of one name.
    """

    def __init__(self, zones: Iterable[dns.zone.Zone | LateZone] = ()) -> None:
        self._zones: dict[_Key, _Zone | LateZone] = {}
        for zone in zones:
            given = zone if isinstance(zone, LateZone) else _Zone(zone)
            apex = _key(given.origin)
            if apex in self._zones:
                raise ValueError(f"zone {given.origin} is there twice")
            self._zones[apex] = given

    def __iter__(self) -> Iterator[dns.zone.Zone]:
        return (self._made(apex).zone for apex in self._zones)

    def __len__(self) -> int:
        return len(self._zones)

    def find(self, qname: dns.name.Name) -> dns.zone.Zone | None:
        """The deepest zone that encloses the absolute name ``qname``, or None."""
        found = self._enclosing(_key(qname))
        return found.zone if found else None

    def respond(self, query: dns.message.Message, recursive: bool) -> dns.message.Message:
        """Answer ``query`` as an authoritative server of the zones, or as a resolver whose world they are.

        Authoritative: AA, referrals at zone cuts, REFUSED outside the zones. Recursive: RA, cuts are followed
        to the child zone (SERVFAIL with EDE 22 where the set lacks it), NXDOMAIN outside the zones (SERVFAIL for the
        root itself). Never AD: nothing is validated here. Raises dns.exception.FormError if ``query`` is itself a
        response.
        """
        response = dns.message.make_response(query, recursion_available=recursive, our_payload=PAYLOAD)
        refusal = _refusal(query)
        if refusal is not None:
            response.set_rcode(refusal)
            return response
        dnssec = bool(query.ednsflags & dns.flags.DO)
        if dnssec:
            response.want_dnssec(True)
        if recursive:
            response.flags |= query.flags & dns.flags.CD
        question = query.question[0]
        lookup = self.lookup(question.name, question.rdtype, dnssec=dnssec)
        self.fill(response, lookup, recursive=recursive)
        return response

    def fill(self, response: dns.message.Message, lookup: Lookup, *, recursive: bool) -> None:
        """Put ``lookup`` into an empty ``response``, as :meth:`respond` does."""
        response.set_rcode(lookup.rcode)
        response.answer.extend(lookup.answer)
        if recursive and lookup.end is End.REFERRAL:
            response.answer.clear()
            response.set_rcode(dns.rcode.SERVFAIL)
            add_extended_error(response, dns.edns.EDECode.NO_REACHABLE_AUTHORITY, f"no zone below {lookup.name}")
            return
        if lookup.end is End.OUTSIDE:
            if recursive:
                # A set without the root cannot deny it: the root exists.
                outside_root = lookup.name == dns.name.root
                response.set_rcode(dns.rcode.SERVFAIL if outside_root else dns.rcode.NXDOMAIN)
            elif not lookup.answer:
                response.set_rcode(dns.rcode.REFUSED)
                return
        if not recursive and (lookup.answer or lookup.end is not End.REFERRAL):
            response.flags |= dns.flags.AA
        response.authority.extend(lookup.authority)
        response.additional.extend(lookup.additional)

    def lookup(self, qname: dns.name.Name, qtype: RdataType, *, dnssec: bool = False) -> Lookup:
        """Look ``qname`` and ``qtype`` up, following aliases and zone cuts as far as the zones reach.

        With ``dnssec`` the RRSIG and NSEC records of signed zones are added.
        """
        result = Lookup(qname)
        seen: set[_Key] = set()
        while True:
            key = _key(result.name)
            if key in seen or len(seen) > MAX_LINKS:
                result.end = End.LOOP
                return result
            seen.add(key)
            zone = self._enclosing(key, parent_side=qtype == RdataType.DS)
            if zone is None:
                result.end = End.OUTSIDE
                return result
            if zone.origin not in result.zones:
                result.zones.append(zone.origin)
            target = zone.step(result, key, qtype, dnssec)
            if target is None:
                return result
            result.name = target

    def _enclosing(self, key: _Key, parent_side: bool = False) -> _Zone | None:
        own = None
        for start in range(len(key)):
            apex = key[start:]
            if apex not in self._zones:
                continue
            if parent_side and start == 0 and key != (b"",):
                own = apex
                continue
            return self._made(apex)
        return None if own is None else self._made(own)

    def _made(self, apex: _Key) -> _Zone:
        zone = self._zones[apex]
        if isinstance(zone, LateZone):
            made = _Zone(zone.make())
            if made.apex != apex:
                raise ValueError(f"zone {zone.origin} was announced, and {made.origin} made")
            zone = self._zones[apex] = made
        return zone


class _Zone:
    """A zone indexed for lookups."""

    def __init__(self, zone: dns.zone.Zone) -> None:
        if zone.origin is None or zone.relativize:
            raise ValueError("zones need an origin and absolute names (relativize=False)")
        self.zone = zone
        self.origin: dns.name.Name = zone.origin
        self.apex = _key(zone.origin)
        self.rrsets: dict[_Key, dict[RdataType, dns.rrset.RRset]] = {}
        self.signatures: dict[_Key, dict[RdataType, dns.rrset.RRset]] = {}
        self.names: set[_Key] = {self.apex}
        """All names that exist, empty non-terminals included (RFC 4592, section 2.2.2)."""
        for name, node in zone.nodes.items():
            key = _key(name)
            for rdataset in node:
                rrset = _owned(name, rdataset)
                if rdataset.rdtype == RdataType.RRSIG:
                    self.signatures.setdefault(key, {})[rdataset.covers] = rrset
                else:
                    self.rrsets.setdefault(key, {})[rdataset.rdtype] = rrset
            while len(key) >= len(self.apex) and key not in self.names:
                self.names.add(key)
                key = key[1:]
        chain = sorted((key[::-1], key) for key, types in self.rrsets.items() if RdataType.NSEC in types)
        self._nsec_order = [order for order, _ in chain]
        self._nsec_owners = [key for _, key in chain]
        self._negative_soa = self._make_negative_soa()

    def step(self, result: Lookup, key: _Key, qtype: RdataType, dnssec: bool) -> dns.name.Name | None:
        """Put what this zone holds into ``result``; return the target of an alias still to be followed."""
        for start in range(len(key) - len(self.apex), -1, -1):
            ancestor = key[start:]
            types = self.rrsets.get(ancestor, {})
            at_the_cut_itself = start == 0 and qtype == RdataType.DS
            if RdataType.NS in types and ancestor != self.apex and not at_the_cut_itself:
                self._refer(result, ancestor, dnssec)
                return None
            if start > 0 and RdataType.DNAME in types:
                return self._redirect(result, ancestor, types[RdataType.DNAME], qtype, dnssec)
        if key in self.names:
            return self._answer(result, key, key, qtype, dnssec)
        encloser = key[1:]
        while encloser not in self.names:
            encloser = encloser[1:]
        wildcard = (b"*", *encloser)
        if wildcard in self.names:
            target = self._answer(result, key, wildcard, qtype, dnssec)
            if dnssec:
                self._prove(result, key)
            return target
        result.end = End.NXDOMAIN
        self._deny(result, dnssec)
        if dnssec:
            self._prove(result, key)
            self._prove(result, wildcard)
        return None

    def _answer(self, result: Lookup, key: _Key, source: _Key, qtype: RdataType, dnssec: bool) -> dns.name.Name | None:
        """Answer for ``key`` from the records at ``source``: the name itself, or the wildcard it matches."""
        types = self.rrsets.get(source, {})
        signatures = self.signatures.get(source, {})
        owner = None if key == source else result.name
        alias = types.get(RdataType.CNAME)
        if alias is not None and qtype not in _QUERY_TYPES_AT_AN_ALIAS:
            self._add(result.answer, source, RdataType.CNAME, dnssec, owner)
            target: dns.name.Name = alias[0].target
            return target
        if qtype == RdataType.ANY:
            found = [*types.values(), *signatures.values()]
        elif qtype == RdataType.RRSIG:
            found = list(signatures.values())
        else:
            found = [types[qtype]] if qtype in types else []
        if found:
            result.end = End.ANSWER
            result.answer.extend(found if owner is None else [_owned(owner, rrset) for rrset in found])
            if dnssec and qtype in signatures:
                result.answer.append(_owned(owner, signatures[qtype]) if owner else signatures[qtype])
            return None
        parent_side = qtype == RdataType.DS and key == self.apex and key != (b"",)
        result.end = End.PARENT_SIDE if parent_side else End.NODATA
        self._deny(result, dnssec)
        if dnssec:
            self._prove(result, source)
        return None

    def _redirect(
        self, result: Lookup, ancestor: _Key, dname: dns.rrset.RRset, qtype: RdataType, dnssec: bool
    ) -> dns.name.Name | None:
        """Substitute by DNAME and synthesise the CNAME (RFC 6672, sections 2.2 and 3.1)."""
        self._add(result.answer, ancestor, RdataType.DNAME, dnssec)
        kept = dns.name.Name(result.name.labels[: len(result.name.labels) - len(ancestor)])
        try:
            target = kept.concatenate(dname[0].target)
        except dns.name.NameTooLong:
            result.end = End.YXDOMAIN
            return None
        cname = dns.rrset.from_text(result.name, dname.ttl, "IN", "CNAME", target.to_text())
        result.answer.append(cname)
        if qtype in (RdataType.CNAME, RdataType.ANY):
            result.end = End.ANSWER
            return None
        return target

    def _refer(self, result: Lookup, cut: _Key, dnssec: bool) -> None:
        """Refer to the child zone: NS in authority, DS or its denial, glue in additional (RFC 9471)."""
        result.end = End.REFERRAL
        servers = self.rrsets[cut][RdataType.NS]
        result.authority.append(servers)
        if dnssec:
            if RdataType.DS in self.rrsets[cut]:
                self._add(result.authority, cut, RdataType.DS, dnssec)
            else:
                self._prove(result, cut)
        for server in servers:
            types = self.rrsets.get(_key(server.target), {})
            result.additional.extend(types[t] for t in (RdataType.A, RdataType.AAAA) if t in types)

    def _deny(self, result: Lookup, dnssec: bool) -> None:
        result.authority.extend(self._negative_soa if dnssec else self._negative_soa[:1])

    def _prove(self, result: Lookup, key: _Key) -> None:
        """Add the NSEC record that matches or covers ``key`` (RFC 4035, section 3.1.3)."""
        if not self._nsec_owners:
            return
        owner = self._nsec_owners[bisect_right(self._nsec_order, key[::-1]) - 1]
        if self.rrsets[owner][RdataType.NSEC] not in result.authority:
            self._add(result.authority, owner, RdataType.NSEC, True)

    def _add(
        self,
        section: list[dns.rrset.RRset],
        source: _Key,
        type_: RdataType,
        dnssec: bool,
        owner: dns.name.Name | None = None,
    ) -> None:
        found = [self.rrsets[source][type_]]
        signature = self.signatures.get(source, {}).get(type_)
        if dnssec and signature is not None:
            found.append(signature)
        section.extend(found if owner is None else [_owned(owner, rrset) for rrset in found])

    def _make_negative_soa(self) -> list[dns.rrset.RRset]:
        """The SOA of negative answers and its signature: the TTL is at most MINIMUM (RFC 2308, section 3)."""
        soa = self.rrsets.get(self.apex, {}).get(RdataType.SOA)
        if soa is None:
            return []
        ttl = min(soa.ttl, soa[0].minimum)
        signature = self.signatures.get(self.apex, {}).get(RdataType.SOA)
        found = [soa] if signature is None else [soa, signature]
        negative = [_owned(rrset.name, rrset) for rrset in found]
        for rrset in negative:
            rrset.ttl = ttl
        return negative


def add_extended_error(response: dns.message.Message, code: int, text: str) -> None:
    """Add an Extended DNS Error (RFC 8914) if the response carries EDNS, without which it has no place."""
    if response.edns < 0:
        return
    flags = response.ednsflags
    options = [*response.options, dns.edns.EDEOption(dns.edns.EDECode.make(code), text)]
    response.use_edns(0, flags, response.payload, response.request_payload, options=options)


def _refusal(query: dns.message.Message) -> dns.rcode.Rcode | None:
    """The rcode of queries that no lookup can answer, or None."""
    if query.edns > 0:
        return dns.rcode.BADVERS
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    question = query.question[0]
    if question.rdclass != dns.rdataclass.IN or question.rdtype in (RdataType.AXFR, RdataType.IXFR):
        return dns.rcode.REFUSED
    return None


def _key(name: dns.name.Name) -> _Key:
    return tuple(label.lower() for label in name.labels)


def _owned(name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> dns.rrset.RRset:
    """The records as those of ``name``. They were compared when they were read, and need not be once more."""
    rrset = dns.rrset.RRset(name, rdataset.rdclass, rdataset.rdtype, rdataset.covers)
    rrset.ttl = rdataset.ttl
    rrset.items = rdataset.items.copy()
    return rrset
