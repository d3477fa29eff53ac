"""Looks at how a zone is signed: the DS records of its parent, and keys, signatures and proofs on each server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import cast

import dns.name
import dns.rdatatype
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.NSEC3 import NSEC3
from dns.rdtypes.ANY.RRSIG import RRSIG

from mailproof.criteria.dnssec import RSASHA1, SUPPORTED_ALGORITHMS, SUPPORTED_DIGESTS
from mailproof.inventory.budgets import MAX_SIGNALLING_HOSTS
from mailproof.net.dns.client import Answer
from mailproof.net.dns.names import parse_name, text_of
from mailproof.net.dnssec.chain import judge_in_zone
from mailproof.net.dnssec.keys import (
    Entry,
    Supported,
    entry_keys,
    is_revoked,
    is_zone_key,
    key_bits,
    key_tag,
    text_of_rdata,
    usable,
)
from mailproof.net.dnssec.signatures import SignedSet, signature_time, validate
from mailproof.net.dnssec.trust import Flaw, Status, Verdict, nearest
from mailproof.net.dnssec.validator import Validator, response_of
from mailproof.net.dnssec.work import Work
from mailproof.net.dnssec.zone import SecureZone
from mailproof.net.errors import BoundReached, NoAddress, NotObserved
from mailproof.net.network import Network
from mailproof.observations.authorities import Silence, has_zone
from mailproof.observations.dnssec import Judged
from mailproof.observations.signing import (
    DSRecord,
    NegativeAnswer,
    NSEC3Parameters,
    ParentDS,
    Signature,
    SignedServer,
    Signing,
    ZoneKey,
)
from mailproof.probes.asking import heard
from mailproof.probes.authorities import NOBODY
from mailproof.probes.dnssec import dnssec
from mailproof.probes.probe import Look, probe
from mailproof.probes.zones import delegation
from mailproof.targets.base import Targets
from mailproof.targets.zones import NameServer, Zone, servers_of, zones_by_name

VERIFIABLE = Supported(SUPPORTED_ALGORITHMS | RSASHA1, SUPPORTED_DIGESTS)
"""What can be verified here; of a server it is asked whether its signatures are right, not whether they are wise."""

MAX_KEY_SETS = 8
"""Different DNSKEY record sets of one zone that are looked at: as many providers sign at most."""

MAX_DS = 20
"""DS records that are looked for among the keys."""

ANSWERED = ("DNSKEY", "SOA", "NS", "CDS", "CDNSKEY")
"""Types at the apex that every server is asked for."""


@probe(questions=len(ANSWERED) + 2)
async def signed_server(server: NameServer, net: Network, look: Look, targets: Targets) -> SignedServer:
    """Seven questions to one address of a name server: five for records of the apex, two for what is not there.

    SOA, NS and what is not there are those of ``server_answers``, asked once for both. An unsigned zone is asked for
    SOA and DNSKEY alone.
    """
    if not server.address:
        raise NoAddress(f"{server.host} has no address: there is nobody to ask")
    zone, label = server.zone, f"{server.host}[{server.address}]"

    def ask(name: str, type: str) -> Awaitable[Answer | Silence]:
        return heard(net.dns.ask(server.address, name, type, host=server.host))

    soa = await ask(zone, "SOA")
    if not has_zone(soa, zone):
        return SignedServer(zone, label, soa)
    dnskey = await ask(zone, "DNSKEY")
    is_signed, is_bogus, ds = await _as_resolvers_see_it(zone, net, look, targets)
    if not (is_signed or (isinstance(dnskey, Answer) and dnskey.records)):
        return SignedServer(zone, label, soa, is_signed, is_bogus)
    below = zone if zone != "." else ""
    others = await asyncio.gather(
        *(ask(zone, type) for type in ANSWERED[2:]), ask(f"{NOBODY}.{below}", "A"), ask(zone, "AAAA")
    )
    answers = [one for one in (dnskey, soa, *others) if isinstance(one, Answer)]
    unknown = tuple(one.reason for one in (dnskey, *others) if isinstance(one, Silence))
    seen = _Seen(zone, net.dnssec, answers, ds)
    try:
        told = seen.told(label, soa, is_signed, is_bogus, unknown)
    except BoundReached as failure:
        return SignedServer(zone, label, soa, is_signed, is_bogus, unknown=(*unknown, failure.reason))
    return replace(told, strangers=await _strangers(server, told, ds, net, targets)) if ds else told


async def _as_resolvers_see_it(
    zone: str, net: Network, look: Look, targets: Targets
) -> tuple[bool, bool, tuple[DS, ...]]:
    """Whether the zone has keys, whether it is bogus, and if it is secure the DS records that lead to it."""
    name = parse_name(zone)
    try:
        found = await net.dnssec.records(zone, "DNSKEY")
        is_signed = found.find(name, RdataType.DNSKEY) is not None
        target = zones_by_name(targets).get(zone) or Zone(zone)
        seen = await look(dnssec, target)
        above = (await net.dnssec.records(zone, "DS")).find(name, RdataType.DS) if seen.authenticated else None
    except NotObserved:
        return False, False, ()
    ds = usable((cast(DS, record) for record in above.records), VERIFIABLE) if above else ()
    return is_signed, seen.bogus or bool(seen.disputed), ds


async def _strangers(
    server: NameServer, seen: SignedServer, ds: tuple[DS, ...], net: Network, targets: Targets
) -> tuple[str, ...]:
    """The servers of the zone that have none of the keys that sign the SOA record here, but others in their place.

    Servers that do not have the zone, or whose own keys no DS record leads to, are told of by themselves.
    """
    signers = {one.tag for one in seen.signatures if one.type == "SOA"}
    signing_keys = {key.text for key in seen.keys if key.tag in signers}
    found: list[str] = []
    looked_at = 0
    for other in servers_of(server.zone, targets):
        if other.address == server.address or looked_at == MAX_KEY_SETS:
            continue
        soa = await heard(net.dns.ask(other.address, other.zone, "SOA", host=other.host))
        if not has_zone(soa, other.zone):
            continue
        answer = await heard(net.dns.ask(other.address, other.zone, "DNSKEY", host=other.host))
        if not isinstance(answer, Answer) or not signing_keys or signing_keys & {one.data for one in answer.records}:
            continue
        looked_at += 1
        keys = response_of(answer).find(parse_name(other.zone), RdataType.DNSKEY)
        if keys is not None and _entry(keys, ds, Work()).keys:
            found.append(f"{other.host}[{other.address}]")
    return tuple(found)


async def _keys_at(server: NameServer, net: Network) -> SignedSet | None:
    """The keys that a server has, which it is asked for once however often they are wanted."""
    answer = await heard(net.dns.ask(server.address, server.zone, "DNSKEY", host=server.host))
    return response_of(answer).find(parse_name(server.zone), RdataType.DNSKEY) if isinstance(answer, Answer) else None


def _entry(keys: SignedSet, ds: tuple[DS, ...], work: Work) -> Entry:
    return entry_keys(keys.name, ds, [cast(DNSKEY, key) for key in keys.records], work)


class _Seen:
    """What one server has of a zone's DNSSEC. ``ds`` are the DS records of a zone that is secure to resolvers."""

    def __init__(self, zone: str, validator: Validator, answers: list[Answer], ds: tuple[DS, ...]) -> None:
        self._zone = zone
        self._name = parse_name(zone)
        self._ds = ds
        self._validator = validator
        self._answers = answers
        self._responses = [response_of(answer) for answer in answers]
        self._work = Work()
        found = self._find(RdataType.DNSKEY)
        self._keys = [cast(DNSKEY, record) for record in found.records] if found else []
        trusted = tuple(key for key in self._keys if is_zone_key(key) and not is_revoked(key))
        self._own = _zone_with(self._name, frozenset(trusted), validator)

    def told(
        self, label: str, soa: Answer | Silence, is_signed: bool, is_bogus: bool, unknown: tuple[str, ...]
    ) -> SignedServer:
        """All of it. Raises BoundReached."""
        hashed = [one for one in self._of_denial() if one.type == RdataType.NSEC3]
        return SignedServer(
            self._zone,
            label,
            soa,
            is_signed,
            is_bogus,
            tuple(zone_key(key) for key in self._keys),
            tuple(dict.fromkeys(self._signatures())),
            tuple(self._sets()),
            tuple(self._denials()),
            tuple(sorted({dns.rdatatype.to_text(one.type) for one in self._of_denial()})),
            tuple(dict.fromkeys(_nsec3(cast(NSEC3, record)) for one in hashed for record in one.records)),
            tuple(self._cds()),
            tuple(zone_key(cast(DNSKEY, record)) for record in self._records(RdataType.CDNSKEY)),
            unknown,
        )

    def _find(self, type: RdataType) -> SignedSet | None:
        found = (response.find(self._name, type) for response in self._responses)
        return next((one for one in found if one), None)

    def _records(self, type: RdataType) -> list[Rdata]:
        found = self._find(type)
        return sorted(found.records) if found else []

    def _sets(self) -> Iterator[Judged]:
        for type in ANSWERED:
            found = self._find(dns.rdatatype.from_text(type))
            if found is not None:
                verdict = self._by_parent(found) if type == "DNSKEY" else None
                yield Judged(self._zone, type, verdict or self._own.judge(found, (), self._work))

    def _cds(self) -> Iterator[DSRecord]:
        """The CDS records; one is flawed that has another digest than the key of its tag (RFC 7344, section 4.1)."""
        keys = self._find(RdataType.DNSKEY)
        for record in self._records(RdataType.CDS):
            one, flaw = cast(DS, record), ""
            if keys is not None and one.digest_type in VERIFIABLE.digests:
                failures = _entry(keys, (one,), self._work).failures
                is_other = any(failure.flaw is Flaw.DIGEST for failure in failures)
                flaw = "the digest is not that of the key" if is_other else ""
            yield ds_record(one, flaw)

    def _by_parent(self, keys: SignedSet) -> Verdict | None:
        """What the DS records make of the keys; None where none of them leads here (RFC 4035, section 5.2)."""
        if not self._ds:
            return None
        entry = _entry(keys, self._ds, self._work)
        if not entry.keys:
            return Verdict(Status.BOGUS, nearest(entry.failures))
        validated = validate(keys, self._name, entry.keys, self._validator.at, VERIFIABLE, self._work)
        return Verdict(validated.status, validated.link)

    def _denials(self) -> Iterator[NegativeAnswer]:
        for answer, response in zip(self._answers, self._responses, strict=True):
            if answer.type in ("A", "AAAA") and answer.rcode in ("NOERROR", "NXDOMAIN"):
                name, type = parse_name(answer.name), dns.rdatatype.from_text(answer.type)
                one = Judged(answer.name, answer.type, judge_in_zone(self._own, name, type, response, self._work))
                has_soa = any(record.type == "SOA" for record in answer.authority)
                yield NegativeAnswer(one, answer.rcode, has_soa or answer.exists, bool(answer.aliases))

    def _of_denial(self) -> Iterator[SignedSet]:
        for response in self._responses:
            for one in response.denying:
                if one.type in (RdataType.NSEC, RdataType.NSEC3):
                    yield one

    def _signatures(self) -> Iterator[Signature]:
        for response in self._responses:
            for one in (*response.answered, *response.denying):
                for record in one.signatures:
                    yield _signature(one, record, int(self._validator.at.timestamp()))


@lru_cache(maxsize=256)
def _zone_with(name: dns.name.Name, keys: frozenset[DNSKEY], validator: Validator) -> SecureZone:
    """The zone as its own keys see it, which all its servers have: what they sign is verified once."""
    return SecureZone(name, tuple(sorted(keys)), validator.at, VERIFIABLE)


def zone_key(key: DNSKEY) -> ZoneKey:
    """A DNSKEY record as observations have it."""
    return ZoneKey(key_tag(key), int(key.algorithm), int(key.flags), key_bits(key), text_of_rdata(key))


def ds_record(record: DS, flaw: str = "") -> DSRecord:
    """A DS or CDS record as observations have it."""
    return DSRecord(record.key_tag, int(record.algorithm), int(record.digest_type), text_of_rdata(record), flaw)


def _signature(signed: SignedSet, record: RRSIG, now: int) -> Signature:
    return Signature(
        text_of(signed.name),
        dns.rdatatype.to_text(signed.type),
        record.key_tag,
        int(record.algorithm),
        signature_time(record.inception),
        signature_time(record.expiration),
        _between(now, record.expiration),
        _between(record.inception, record.expiration),
        signed.records.ttl,
    )


def _between(first: int, second: int) -> int:
    """Seconds from a time of an RRSIG record to another, in serial number arithmetic (RFC 4034, section 3.1.5)."""
    return (second - first + 2**31) % 2**32 - 2**31


def _nsec3(record: NSEC3) -> NSEC3Parameters:
    return NSEC3Parameters(int(record.algorithm), record.iterations, (record.salt or b"").hex(), bool(record.flags & 1))


@probe(looks=("delegation",))
async def signing(zone: Zone, net: Network, look: Look, targets: Targets) -> Signing:
    """The DS records of the zone, through the resolver and as the parent's servers refer to it, and its servers."""
    servers, unknown = await _servers(zone, look, targets)
    name = parse_name(zone.name)
    found = (await net.dnssec.records(zone.name, "DS")).find(name, RdataType.DS) if zone.name != "." else None
    keys = await _key_sets(zone, servers, net, targets)
    records = tuple(_ds_records([cast(DS, record) for record in found.records], keys, net)) if found else ()
    parents = await _at_parents(zone, look)
    seen = Signing(zone.name, records, servers, parents, (), (), unknown)
    if not records and any(server.cds for server in servers):
        signals, signalled, signallers = await _signals(zone.name, servers, net)
        return Signing(zone.name, records, servers, parents, signals, signalled, unknown, signallers)
    return seen


async def _servers(zone: Zone, look: Look, targets: Targets) -> tuple[tuple[SignedServer, ...], tuple[str, ...]]:
    """What the servers of the zone have, and why some could not be asked. Raises NotObserved if that is all."""
    servers: list[SignedServer] = []
    unknown: list[str] = []
    asked = servers_of(zone.name, targets)
    seen = await asyncio.gather(*(look(signed_server, one) for one in asked), return_exceptions=True)
    for server, outcome in zip(asked, seen, strict=True):
        if isinstance(outcome, SignedServer):
            servers.append(outcome)
        elif isinstance(outcome, NotObserved):
            unknown.append(f"{server.host}[{server.address}]: {outcome.reason}")
        else:
            raise outcome
    if not any(server.serves for server in servers):
        told = [*unknown, *(f"{one.server} does not have the zone" for one in servers)]
        raise NotObserved(f"no server of {zone.name} could be asked: {'; '.join(told) or 'none is known'}")
    return tuple(servers), tuple(unknown)


async def _key_sets(
    zone: Zone, servers: tuple[SignedServer, ...], net: Network, targets: Targets
) -> tuple[SignedSet, ...]:
    """The keys with their signatures, as the resolver has them and as each server has them, each once.

    Where several providers sign, each signs the keys of all with its own (RFC 8901, section 2.1.2).
    """
    found = [(await net.dnssec.records(zone.name, "DNSKEY")).find(parse_name(zone.name), RdataType.DNSKEY)]
    signed = {server.server for server in servers if server.keys}
    for server in servers_of(zone.name, targets):
        if f"{server.host}[{server.address}]" in signed:
            found.append(await _keys_at(server, net))
    return tuple({keys.identity: keys for keys in found if keys is not None}.values())[:MAX_KEY_SETS]


def _ds_records(records: list[DS], keys: tuple[SignedSet, ...], net: Network) -> Iterator[DSRecord]:
    work = Work()
    for number, record in enumerate(records):
        flaw = ""
        known = record.digest_type in VERIFIABLE.digests and record.algorithm in VERIFIABLE.algorithms
        if known and number < MAX_DS:
            flaws = [_ds_flaw(record, one, net, work) for one in keys] or ["there is no DNSKEY record"]
            flaw = "" if "" in flaws else max(flaws, key=lambda told: told.startswith(_UNSIGNED))
        yield ds_record(record, flaw)


_UNSIGNED = "the key does not sign"


def _ds_flaw(record: DS, keys: SignedSet, net: Network, work: Work) -> str:
    """Why a DS record does not lead to a key that signs these keys of the zone (RFC 4035, section 2.4)."""
    try:
        entry = _entry(keys, (record,), work)
        if not entry.keys:
            return str(entry.failures[0].flaw)
        validated = validate(keys, keys.name, entry.keys, net.dnssec.at, VERIFIABLE, work)
    except BoundReached:
        return ""
    if validated.status is not Status.BOGUS or validated.link is None:
        return ""
    return f"{_UNSIGNED} the keys of the zone: {validated.link.flaw}"


async def _at_parents(zone: Zone, look: Look) -> tuple[ParentDS, ...]:
    """The DS records in the referrals of the parent's servers, which were asked for anyway."""
    try:
        seen = await look(delegation, zone)
    except NotObserved:
        return ()
    return tuple(
        ParentDS(
            referral.server,
            tuple(sorted(one.data for one in referral.authority if one.type == "DS" and one.name == zone.name)),
        )
        for referral in seen.referrals
    )


async def _signals(
    zone: str, servers: tuple[SignedServer, ...], net: Network
) -> tuple[tuple[Judged, ...], tuple[str, ...], tuple[str, ...]]:
    """The signalling records of RFC 9615, section 2: CDS and CDNSKEY below the name of each server.

    What is made of them, their data, and the names that could be asked for both.
    """
    signals: list[Judged] = []
    data: list[str] = []
    silent: set[str] = set()
    owners: list[str] = []
    hosts = dict.fromkeys(server.server.partition("[")[0] for server in servers)
    for host in list(hosts)[:MAX_SIGNALLING_HOSTS]:
        if f".{host}".endswith(f".{zone}"):
            continue  # section 4.1: below the zone itself there is no signal
        owner = f"_dsboot.{zone}._signal.{host}"
        owners.append(owner)
        for type in ("CDS", "CDNSKEY"):
            try:
                found = (await net.dnssec.records(owner, type)).find(parse_name(owner), dns.rdatatype.from_text(type))
                if found is None:
                    continue
                signals.append(Judged(owner, type, await net.dnssec.judge(owner, type)))
            except NotObserved:
                silent.add(owner)
                continue
            data += [f"{owner} {type} {text_of_rdata(record)}" for record in found.records]
    return tuple(signals), tuple(data), tuple(owner for owner in owners if owner not in silent)
