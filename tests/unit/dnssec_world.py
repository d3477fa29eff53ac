"""Signed zones made in the test, and a resolver without validation that answers from them.

Every negative answer brings all records of denial that the zone has: what a proof needs is the validator's to find.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import dns.dnssec
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from dns.dnssectypes import Algorithm, DSDigest
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rrset import RRset

from mailproof.net.dnssec.chain import Response
from mailproof.net.dnssec.nsec3 import hash_of
from mailproof.net.errors import TimedOut

AT = datetime.now(UTC).replace(microsecond=0)
BEGIN = AT - timedelta(days=7)
END = AT + timedelta(days=7)


def name(text: str) -> Name:
    return dns.name.from_text(text)


@dataclass(frozen=True)
class Key:
    private: Any
    record: DNSKEY

    @property
    def tag(self) -> int:
        return dns.dnssec.key_id(self.record)

    def ds(self, zone: str, digest: int = 2) -> DS:
        return dns.dnssec.make_ds(name(zone), self.record, DSDigest(digest), policy=dns.dnssec.allow_all_policy)

    def flagged(self, flags: int) -> Key:
        return Key(self.private, cast(DNSKEY, self.record.replace(flags=flags)))


@cache
def key(algorithm: int = 13, number: int = 0, flags: int = 257) -> Key:
    """A key of an algorithm: always the same for the same ``number``."""
    private: Any
    match algorithm:
        case 13:
            private = ec.generate_private_key(ec.SECP256R1())
        case 14:
            private = ec.generate_private_key(ec.SECP384R1())
        case 15:
            private = ed25519.Ed25519PrivateKey.generate()
        case 16:
            private = ed448.Ed448PrivateKey.generate()
        case _:
            private = rsa.generate_private_key(65537, 2048)
    return Key(private, dns.dnssec.make_dnskey(private.public_key(), Algorithm.make(algorithm), flags=flags))


@dataclass(frozen=True)
class NSEC3Parameters:
    iterations: int = 0
    salt: bytes = b""
    opt_out: bool = False


@dataclass
class Zone:
    """A signed zone: RRsets and signatures by owner and type."""

    origin: Name
    signer: Key
    rrsets: dict[tuple[Name, RdataType], RRset] = field(default_factory=dict)
    signatures: dict[tuple[Name, RdataType], RRset] = field(default_factory=dict)

    def put(self, rrset: RRset, *, begin: datetime = BEGIN, end: datetime = END, by: Key | None = None) -> None:
        """Add an RRset with a new signature."""
        signer = by or self.signer
        signature = dns.dnssec.sign(
            rrset,
            signer.private,
            self.origin,
            signer.record,
            inception=begin,
            expiration=end,
            policy=dns.dnssec.allow_all_policy,
        )
        self.rrsets[rrset.name, rrset.rdtype] = rrset
        self.signatures[rrset.name, rrset.rdtype] = dns.rrset.from_rdata(rrset.name, 60, signature)

    def resign(self, owner: str, type: RdataType, **how: Any) -> None:
        self.put(self.rrsets[name(owner), type], **how)

    def unsign(self, owner: str, type: RdataType) -> None:
        del self.signatures[name(owner), type]

    def remove(self, owner: str, type: RdataType) -> None:
        self.rrsets.pop((name(owner), type))
        self.signatures.pop((name(owner), type), None)

    def denial(self) -> list[RRset]:
        wanted = [owned for owned in self.rrsets if owned[1] in (RdataType.NSEC, RdataType.NSEC3)]
        return [record for owned in wanted for record in self.pair(owned)]

    def negative(self) -> list[RRset]:
        """The authority section of a negative answer (RFC 2308, section 3)."""
        return [*self.pair((self.origin, RdataType.SOA)), *self.denial()]

    def pair(self, owned: tuple[Name, RdataType]) -> list[RRset]:
        signature = self.signatures.get(owned)
        return [self.rrsets[owned], *([signature] if signature else [])]


def sign(
    origin: str,
    text: str,
    signer: Key,
    *,
    keys: Iterable[Key] = (),
    ds: Mapping[str, Iterable[DS]] | None = None,
    nsec3: NSEC3Parameters | None = None,
) -> Zone:
    """Sign the records of ``text`` (owners relative to ``origin``) with ``signer``; ``keys`` stand beside it."""
    soa = "@ 60 IN SOA ns.invalid. root.invalid. 1 60 60 60 60\n@ 60 IN NS ns.invalid.\n"
    parsed = dns.zone.from_text(soa + text, origin, relativize=False, check_origin=False)
    zone = Zone(name(origin), signer)
    rrsets = [
        dns.rrset.from_rdata_list(owner, rdataset.ttl, list(rdataset)) for owner, rdataset in parsed.iterate_rdatasets()
    ]
    rrsets.append(dns.rrset.from_rdata_list(zone.origin, 60, [signer.record, *(other.record for other in keys)]))
    rrsets += [dns.rrset.from_rdata_list(name(child), 60, list(records)) for child, records in (ds or {}).items()]
    cuts = {rrset.name for rrset in rrsets if rrset.rdtype == RdataType.NS and rrset.name != zone.origin}
    types: dict[Name, set[RdataType]] = {}
    for rrset in rrsets:
        if any(rrset.name.is_subdomain(cut) and rrset.name != cut for cut in cuts):
            continue
        if rrset.name in cuts and rrset.rdtype == RdataType.NS:
            zone.rrsets[rrset.name, rrset.rdtype] = rrset
        else:
            zone.put(rrset)
        types.setdefault(rrset.name, set()).add(rrset.rdtype)
    for record in _nsec(zone, types) if nsec3 is None else _nsec3(zone, types, cuts, nsec3):
        zone.put(record)
    return zone


def _nsec(zone: Zone, types: dict[Name, set[RdataType]]) -> Iterable[RRset]:
    owners = sorted(types)
    for owner, following in zip(owners, [*owners[1:], zone.origin], strict=True):
        listed = " ".join(
            sorted(dns.rdatatype.to_text(one) for one in (types[owner] | {RdataType.RRSIG, RdataType.NSEC}))
        )
        yield dns.rrset.from_text(owner, 60, "IN", "NSEC", f"{following} {listed}")


def _nsec3(
    zone: Zone, types: dict[Name, set[RdataType]], cuts: set[Name], parameters: NSEC3Parameters
) -> Iterable[RRset]:
    listed = dict(types)
    for owner in types:
        while owner != zone.origin:
            owner = owner.parent()
            listed.setdefault(owner, set())
    if parameters.opt_out:
        listed = {owner: found for owner, found in listed.items() if owner not in cuts or RdataType.DS in found}
    hashed = sorted((hash_of(owner, parameters.iterations, parameters.salt), found) for owner, found in listed.items())
    for (own, found), (following, _) in zip(hashed, [*hashed[1:], hashed[0]], strict=True):
        texts = " ".join(sorted(dns.rdatatype.to_text(one) for one in found))
        salt = parameters.salt.hex() or "-"
        data = f"1 {int(parameters.opt_out)} {parameters.iterations} {salt} {_text(following)} {texts}"
        yield dns.rrset.from_text(
            name(_text(own)).relativize(dns.name.root).concatenate(zone.origin), 60, "IN", "NSEC3", data
        )


def _text(hashed: bytes) -> str:
    return base64.b32hexencode(hashed).decode()


@dataclass
class World:
    """Zones by name, and what was asked. ``silent`` names get no answer."""

    zones: dict[Name, Zone]
    asked: list[tuple[str, str]] = field(default_factory=list)
    silent: frozenset[str] = frozenset()
    strips: bool = False
    """Whether the resolver leaves out signatures and records of denial."""

    def __getitem__(self, origin: str) -> Zone:
        return self.zones[name(origin)]

    async def fetch(self, asked: Name, type: RdataType) -> Response:
        self.asked.append((str(asked), dns.rdatatype.to_text(type)))
        if str(asked) in self.silent:
            raise TimedOut(f"no answer for {asked}")
        response = self._lookup(asked, type)
        if not self.strips:
            return response
        kept = {RdataType.RRSIG, RdataType.NSEC, RdataType.NSEC3}
        return replace(
            response,
            answer=tuple(one for one in response.answer if one.rdtype not in kept),
            authority=tuple(one for one in response.authority if one.rdtype not in kept),
        )

    def _lookup(self, asked: Name, type: RdataType) -> Response:
        holder = asked.parent() if type == RdataType.DS and asked != dns.name.root else asked
        zone = max(
            (one for one in self.zones.values() if holder.is_subdomain(one.origin)), key=lambda one: len(one.origin)
        )
        for wanted in (type, RdataType.CNAME):
            if (asked, wanted) in zone.rrsets:
                return Response(dns.rcode.NOERROR, tuple(zone.pair((asked, wanted))))
        for (owner, other), rrset in zone.rrsets.items():
            if other == RdataType.DNAME and asked != owner and asked.is_subdomain(owner):
                made = asked.relativize(owner).concatenate(cast(Any, rrset[0]).target)
                alias = dns.rrset.from_text(asked, 60, "IN", "CNAME", str(made))
                return Response(dns.rcode.NOERROR, (*zone.pair((owner, other)), alias))
        if any(owner.is_subdomain(asked) for owner, other in zone.rrsets if other != RdataType.NSEC3):
            return Response(dns.rcode.NOERROR, (), tuple(zone.negative()))
        encloser = asked
        while not any(owner.is_subdomain(encloser) for owner, other in zone.rrsets if other != RdataType.NSEC3):
            encloser = encloser.parent()
        wildcard = name("*").relativize(dns.name.root).concatenate(encloser)
        if (wildcard, type) in zone.rrsets:
            answer = [dns.rrset.from_rdata_list(asked, 60, list(found)) for found in zone.pair((wildcard, type))]
            return Response(dns.rcode.NOERROR, tuple(answer), tuple(zone.denial()))
        exists = any(owner == wildcard for owner, _ in zone.rrsets)
        return Response(dns.rcode.NOERROR if exists else dns.rcode.NXDOMAIN, (), tuple(zone.negative()))


ROOT, ORG, EXAMPLE = key(8, 1), key(13, 2), key(13, 3)


def world(
    text: str = "@ 60 IN MX 10 mx.example.org.\nmx 60 IN A 192.0.2.1\n",
    *,
    signer: Key = EXAMPLE,
    keys: Iterable[Key] = (),
    ds: Iterable[DS] | None = None,
    org: str = "",
    nsec3: NSEC3Parameters | None = None,
    org_nsec3: NSEC3Parameters | None = None,
) -> World:
    """The root, ``org.`` and ``example.org.``, signed; ``text`` are the records of the last."""
    records = [signer.ds("example.org.")] if ds is None else list(ds)
    example = sign("example.org.", text, signer, keys=keys, nsec3=nsec3)
    above = sign(
        "org.",
        "example 60 IN NS ns.invalid.\n" + org,
        ORG,
        ds={"example.org.": records} if records else {},
        nsec3=org_nsec3,
    )
    root = sign(".", "org 60 IN NS ns.invalid.\n", ROOT, ds={"org.": [ORG.ds("org.")]})
    return World({zone.origin: zone for zone in (root, above, example)})
