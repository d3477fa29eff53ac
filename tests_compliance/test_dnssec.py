"""DNSSEC, by our own validation from the trust anchors of the root down, and as each server of a zone has it."""

from __future__ import annotations

from collections.abc import Iterable

from mailproof.controls import MAY, MUST, SHOULD, Between, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.criteria.dnssec import ALGORITHMS, DIGESTS, KEY_BITS, RSA, RSA_BITS, Algorithm, Use, algorithm_text
from mailproof.net.errors import Bogus, NotObserved, ServerFailure
from mailproof.observations.authorities import Silence
from mailproof.observations.dnssec import DNSSEC, HostChain, Judged
from mailproof.observations.signing import DSRecord, NegativeAnswer, SignedServer, Signing, ZoneKey
from mailproof.references import IANA_DNSSEC_ALGORITHMS, IANA_DS_DIGESTS, INTERNET_NL, ZONEMASTER, cve, rfc
from mailproof.targets.mail import MailHost

FAMILY = Family("SEC", "DNSSEC")

SHA256 = 2
"""The digest that every validator knows."""


@control("SEC-SIGNED", MAY, rfc(4035, "3.2.3"), rfc(9364), INTERNET_NL, harm=Harm.READ)
def test_zone_is_signed(dnssec: DNSSEC) -> None:
    """The zone is signed, and a chain of trust leads to it.

    Why: without DNSSEC MX, SPF, DKIM and DMARC records can be forged, and DANE is out of reach.
    Fix: sign the zone and hand the DS record to the registrar.
    """
    _require_published(dnssec)
    if dnssec.bogus or dnssec.disputed:
        leave_to("SEC-NOT-BOGUS", "the zone is bogus")
    if dnssec.lacks_ds:
        leave_to("SEC-DS-FOR-SIGNED", "the zone is signed, and the parent has no DS record")
    assert dnssec.authenticated, f"{dnssec.zone} is not authenticated: {dnssec.why_unsigned}"


@control(
    "SEC-NOT-BOGUS",
    MUST,
    rfc(4035, "5"),
    rfc(8914, "4.7"),
    by_clock=True,
    explains=(Bogus, ServerFailure),
    harm=Harm.LOST,
)
def test_zone_is_not_bogus(dnssec: DNSSEC) -> None:
    """Validation fails for nothing that mail needs of the zone.

    Why: for everybody who validates, and those are the large receivers, the domain does not exist; certificates are
    not renewed.
    Fix: look at the DS at the parent and at the signatures' dates; if in doubt have the DS removed until the zone is
    right.
    """
    _require_published(dnssec)
    found = _by_link(dnssec.bogus_to_us)
    if dnssec.bogus_answers:
        refused = ", ".join(map(str, dnssec.bogus_answers))
        found.append(f"refused with validation and answered without: {refused}")
    assert not dnssec.bogus, "; ".join(found)
    if dnssec.disputed:
        dispute = "; ".join(_by_link(dnssec.disputed))
        raise NotObserved(f"{dispute}; but the resolver validates, and hands it out", dnssec.evidence())


def _by_link(judged: tuple[Judged, ...]) -> list[str]:
    """What is bogus, told once for each link that fails."""
    names: dict[str, list[str]] = {}
    for one in judged:
        names.setdefault(one.why, []).append(f"{one.name} {one.type}")
    return [f"{why}, so that {', '.join(bogus)} cannot be validated" for why, bogus in names.items()]


def _require_published(dnssec: DNSSEC, unseen: str = "how it validates") -> None:
    if dnssec.checked.proposed:
        not_applicable(f"the zone is judged as proposed: {unseen} shows only once it is published")


def require_keys(dnssec: DNSSEC, signing: Signing, unseen: str = "how it validates") -> tuple[ZoneKey, ...]:
    """The keys of the zone, if it is signed and published. ``unseen`` is what a proposed zone does not show."""
    _require_published(dnssec, unseen)
    if not signing.keys:
        if signing.ds:
            leave_to("SEC-NOT-BOGUS", "there is a DS record, and no server has keys")
        if signing.unknown:
            raise NotObserved("; ".join(signing.unknown), signing.evidence())
        not_applicable("the zone is not signed")
    return signing.keys


def _require_ds(dnssec: DNSSEC, signing: Signing) -> tuple[DSRecord, ...]:
    _require_published(dnssec)
    if not signing.ds:
        not_applicable("there is no DS record")
    return signing.ds


def _leave_unsupported(dnssec: DNSSEC) -> None:
    """Leave what validators do not use to the control that says that nobody should, if there is one."""
    algorithms = [ALGORITHMS.get(algorithm) for algorithm, _ in dnssec.ds_records]
    digests = [DIGESTS.get(digest) for _, digest in dnssec.ds_records]
    reason = "validators do not use what the zone is signed with, and nobody should"
    if _all_unwanted(algorithms):
        leave_to("SEC-ALGORITHM", reason)
    if _all_unwanted(digests):
        leave_to("SEC-DS-DIGEST", reason)


def _all_unwanted(rows: list[Algorithm | None]) -> bool:
    return bool(rows) and all(row is not None and row.use is Use.MUST_NOT for row in rows)


def told(things: Iterable[object]) -> str:
    """Things in the words of a finding."""
    return ", ".join(str(thing) for thing in things)


@control("SEC-ALGO-SUPPORTED", SHOULD, rfc(6840, "5.2"), rfc(4035, "5.2"), harm=Harm.READ)
def test_zone_is_signed_with_what_validators_use(dnssec: DNSSEC) -> None:
    """At least one DS record has an algorithm and a digest that validators use.

    Why: else validators take the zone as unsigned, and all the signing is for nothing.
    Fix: sign the zone with ECDSAP256SHA256 (13) and publish a DS record with SHA-256 (2).
    """
    _require_published(dnssec)
    if dnssec.unsupported:
        _leave_unsupported(dnssec)
    if not (dnssec.authenticated or dnssec.bogus or dnssec.disputed or dnssec.unsupported):
        not_applicable("no DS record says that the zone is signed")
    assert not dnssec.unsupported, (
        f"validators take {dnssec.zone} as unsigned, for they use none of its DS records: {dnssec.told_ds}"
    )


@control("SEC-DS-FOR-SIGNED", SHOULD, rfc(4035, "2.4"), ZONEMASTER, harm=Harm.READ)
def test_signed_zone_has_a_ds_record(dnssec: DNSSEC, signing: Signing) -> None:
    """A signed zone has a DS record in its parent, the same on all servers of the parent.

    Why: without it no chain of trust leads to the zone, and nobody looks at its signatures.
    Fix: hand the DS record to the registrar.
    """
    keys = require_keys(dnssec, signing)
    if not signing.ds and not dnssec.lacks_ds:
        not_applicable(f"a DS record would be of no use: {dnssec.why_unsigned}")
    assert signing.ds, f"{dnssec.zone} is signed with {told(keys)}, but its parent has no DS record"
    if len({parent.texts for parent in signing.parents}) > 1:
        views = "; ".join(f"{parent.server}: {', '.join(parent.texts) or 'none'}" for parent in signing.parents)
        finding(MAY, f"the servers of the parent differ in the DS records: {views}")


@control("SEC-DS-DIGEST", MUST, rfc(9904), rfc(9905), rfc(9906), IANA_DS_DIGESTS, harm=Harm.READ)
def test_ds_records_have_good_digests(dnssec: DNSSEC, signing: Signing) -> None:
    """No DS record has a digest that must not be used, and each key that is delegated to has one with SHA-256.

    Why: SHA-1 and GOST R 34.11-94 are not trusted any more; SHA-256 is what every validator knows.
    Fix: publish DS records with SHA-256 (2), and remove the others.
    """
    records = _require_ds(dnssec, signing)
    unwanted = [one for one in records if (row := DIGESTS.get(one.digest_type)) and row.use is Use.MUST_NOT]
    assert not unwanted, f"a digest that MUST NOT be used: {told(unwanted)}"
    with_sha256 = {one.tag for one in records if one.digest_type == SHA256}
    if without := [one for one in records if one.tag not in with_sha256]:
        finding(MAY, f"no DS record with SHA-256 stands beside {told(without)}")


@control("SEC-DS-MATCH", SHOULD, rfc(4035, "2.4"), rfc(6781, "4.1"), rfc(5011, "2.1"), by_clock=True, harm=Harm.LOST)
def test_every_ds_record_leads_to_a_key(dnssec: DNSSEC, signing: Signing) -> None:
    """Every DS record names a key of the zone that is not revoked, and that signs the zone's keys.

    Why: a DS record that leads nowhere is a key that was lost or never there; when the others go, the zone is bogus.
    Fix: remove the DS record at the registrar, or publish its key and sign the DNSKEY records with it.
    """
    records = _require_ds(dnssec, signing)
    if dnssec.bogus or dnssec.disputed:
        leave_to("SEC-NOT-BOGUS", "the zone is bogus")
    algorithms = {key.algorithm for key in signing.keys}
    lost = [one for one in records if one.flaw and one.algorithm in algorithms]
    if not lost and any(one.flaw for one in records):
        leave_to("SEC-ALGO-COMPLETE", "a DS record names an algorithm that no key has")
    told = "; ".join(f"{one}: {one.flaw}" for one in lost)
    announced = {one.text for server in signing.servers for one in server.cds}
    if lost and {one.text for one in lost} <= announced:
        finding(MAY, f"{told}; the CDS records announce it, as in a rollover with two DS records")
    else:
        assert not lost, told


@control("SEC-ALGORITHM", MUST, rfc(9904), rfc(9905), rfc(9906), IANA_DNSSEC_ALGORITHMS, harm=Harm.READ)
def test_keys_have_good_algorithms(dnssec: DNSSEC, signing: Signing) -> None:
    """No key has an algorithm that must not be used for signing, or that nobody has been given a number for.

    Why: validators stop using it, and the zone is unsigned to them; a signature that can be forged proves nothing.
    Fix: roll over to ECDSAP256SHA256 (13): sign with both, change the DS record, then drop the old algorithm.
    """
    keys = require_keys(dnssec, signing)
    if unwanted := [key for key in keys if _use(key) is Use.MUST_NOT]:
        raise AssertionError(f"an algorithm that MUST NOT be used: {told(unwanted)}")
    if unwanted := [key for key in keys if _use(key) is Use.NOT_RECOMMENDED]:
        finding(SHOULD, f"an algorithm that is NOT RECOMMENDED: {told(unwanted)}")
    if unknown := [key for key in keys if key.algorithm not in ALGORITHMS or key.algorithm in _PRIVATE]:
        finding(MAY, f"an algorithm that is private or that the registry does not have: {told(unknown)}")


_PRIVATE = (253, 254)


def _use(key: ZoneKey) -> Use | None:
    row = ALGORITHMS.get(key.algorithm)
    return row.use if row else None


@control(
    "SEC-KEY-SIZE",
    MUST,
    rfc(5702, "2"),
    rfc(6605, "4"),
    rfc(8080, "3"),
    ZONEMASTER,
    allowed={"rsa_bits": Between(1024, 4096)},
    harm=Harm.READ,
)
def test_keys_are_long_enough(dnssec: DNSSEC, signing: Signing, *, rsa_bits: int = 2048) -> None:
    """RSA keys have a length that their algorithm permits, better 2048 bits or more; other keys have the right one.

    Why: short keys can be broken, and validators do not use keys of a length that is not permitted.
    Fix: make a new key of 2048 bits, or roll over to ECDSAP256SHA256 (13), whose keys are short and strong.
    """
    keys = require_keys(dnssec, signing)
    wrong = [key for key in keys if not _least(key) <= key.bits <= _most(key)]
    assert not wrong, "; ".join(
        f"{key} has {key.bits} bits; from {_least(key)} to {_most(key)} are allowed" for key in wrong
    )
    short = [key for key in keys if key.algorithm in RSA and key.bits < rsa_bits]
    if short:
        finding(MAY, "; ".join(f"{key} has {key.bits} bits, and {rsa_bits} are recommended" for key in short))


def _least(key: ZoneKey) -> int:
    return RSA_BITS.get(key.algorithm, (KEY_BITS.get(key.algorithm, 0), 0))[0]


def _most(key: ZoneKey) -> int:
    return RSA_BITS.get(key.algorithm, (0, KEY_BITS.get(key.algorithm, key.bits)))[1]


@control("SEC-KEYTAG-UNIQUE", MAY, rfc(4034, "B"), cve("2023-50387", "KeyTrap"), harm=Harm.LOST)
def test_key_tags_differ(dnssec: DNSSEC, signing: Signing) -> None:
    """No two keys of a zone have the same key tag and algorithm.

    Why: validators try each of them with each signature, and since KeyTrap they soon give up.
    Fix: make one of the keys anew.
    """
    keys = require_keys(dnssec, signing)
    seen: dict[tuple[int, int], list[ZoneKey]] = {}
    for key in keys:
        seen.setdefault((key.tag, key.algorithm), []).append(key)
    shared = [f"{len(same)} keys are {same[0]}" for same in seen.values() if len(same) > 1]
    assert not shared, "; ".join(shared)


@control("SEC-ALGO-COMPLETE", MUST, rfc(4035, "2.2"), rfc(6840, "5.11"), harm=Harm.LOST)
def test_every_algorithm_signs(dnssec: DNSSEC, signing: Signing) -> None:
    """Every algorithm of the zone's keys signs its records, and every algorithm of its DS records has a key.

    Why: a validator that knows only that algorithm finds the zone bogus, and some insist on all of them.
    Fix: sign with the new algorithm first, publish its key then, the DS record last; and the other way round to end it.
    """
    require_keys(dnssec, signing)
    faults = [fault for server in signing.signed for fault in _incomplete(server)]
    if dnssec.bogus or dnssec.disputed:
        leave_to("SEC-NOT-BOGUS", "the zone is bogus")
    assert not faults, "; ".join(faults)
    known = {key.algorithm for key in signing.keys}
    missing = sorted({one.algorithm for one in signing.ds} - known)
    assert not missing, f"no key has the algorithm {told(map(algorithm_text, missing))}, which a DS record names"


def _incomplete(server: SignedServer) -> Iterable[str]:
    wanted = {key.algorithm for key in server.keys if key.signs}
    for type in ("DNSKEY", "SOA", "NS"):
        signed = server.algorithms(type)
        if signed and (missing := sorted(wanted - signed)):
            yield f"{server.server}: {told(map(algorithm_text, missing))} does not sign {type}"


@control("SEC-NSEC3", MUST, rfc(9276, "3.1"), rfc(5155), harm=Harm.READ)
def test_nsec3_costs_nobody_anything(dnssec: DNSSEC, signing: Signing) -> None:
    """NSEC3 has hash 1, no further iterations and no salt, and opt-out only in zones that are mostly delegations.

    Why: iterations cost every resolver work and protect nothing; some validators take such a zone as unsigned.
    Fix: set NSEC3PARAM 1 0 0 -, or use NSEC.
    """
    require_keys(dnssec, signing)
    found = list(dict.fromkeys(one for server in signing.servers for one in server.nsec3))
    if not found:
        not_applicable("no NSEC3 record was seen")
    costly = [one for one in found if one.iterations]
    assert not costly, f"{told(costly)}: an iterations count of 0 MUST be used"
    if salted := [one for one in found if one.salt]:
        finding(SHOULD, f"{told(salted)}: a salt is of no use")
    if dnssec.zone.count(".") and any(one.opt_out for one in found):
        finding(MAY, "opt-out leaves delegations unprotected; it is for very large zones, mostly of delegations")


@control(
    "SEC-RRSIG-LIFETIME",
    MAY,
    rfc(6781, "4.4.2"),
    rfc(4035, "5.3.3"),
    ZONEMASTER,
    by_clock=True,
    allowed={"hours": Between(0, 720), "days": Between(1, 3650)},
    harm=Harm.LOST,
)
def test_signatures_last_neither_too_short_nor_too_long(
    dnssec: DNSSEC, signing: Signing, *, hours: int = 12, days: int = 180
) -> None:
    """Signatures hold for at least 12 more hours, longer than caches keep the records, and not for more than 180 days.

    Why: when signing stops, the zone is bogus as soon as they expire; one that holds for long can be replayed for long.
    Fix: sign anew at least once a week, for two to four weeks; look why the signer has not run.
    """
    require_keys(dnssec, signing)
    signatures = dict.fromkeys(one for server in signing.servers for one in server.signatures)
    current = [one for one in signatures if one.remaining >= 0]
    expired = [one for one in signatures if one.remaining < 0]
    if expired and any(server.has_bogus for server in signing.servers):
        leave_to("SEC-DNSKEY-RRSIG", "a signature is expired")
    short = [one for one in current if one.remaining < max(hours * 3600, one.ttl)]
    long = [one for one in current if one.lifetime > days * 86400]
    assert not short, f"less than {hours} hours, or the TTL, are left: {told(short[:3])}"
    assert not long, f"more than {days} days: {told(long[:3])}"
    assert not expired, f"expired, and not needed beside others that are valid: {told(expired[:3])}"


def _require_signed(seen: SignedServer) -> None:
    """The server has the zone, and the zone is signed."""
    if isinstance(seen.soa, Silence):
        raise seen.soa.failure()
    if not seen.serves:
        leave_to("DEL-AUTHORITATIVE", f"{seen.server} does not have the zone")
    if not (seen.keys or seen.is_signed):
        not_applicable("the zone is not signed")
    if seen.is_bogus:
        leave_to("SEC-NOT-BOGUS", "the zone is bogus")


@control("SEC-DO-ANSWER", MUST, rfc(4035, "3.1"), rfc(3225, "3"), harm=Harm.LOST)
def test_server_gives_signatures(signed_server: SignedServer) -> None:
    """Every server of a signed zone has its keys, and gives signatures to those who ask with DO.

    Why: a validator that happens to ask this server finds the zone bogus.
    Fix: let the server have the signed zone, switch DNSSEC on in its configuration, and look at its transfers.
    """
    _require_signed(signed_server)
    if signed_server.unknown and not signed_server.keys:
        raise NotObserved("; ".join(signed_server.unknown), signed_server.evidence())
    assert signed_server.keys, f"{signed_server.server} has no DNSKEY record, while resolvers get some"
    assert signed_server.has_signed_soa, f"{signed_server.server} gives no signature with the SOA record"


@control("SEC-DNSKEY-RRSIG", MUST, rfc(4035, "2.2"), rfc(4035, "5.3"), rfc(8901, "2.1"), by_clock=True, harm=Harm.LOST)
def test_signatures_of_the_server_are_valid(signed_server: SignedServer) -> None:
    """On every server DNSKEY, SOA and NS have a signature that is valid now, by keys that all servers have; that of
    DNSKEY is by a key that a DS record names.

    Why: a validator that happens to ask this server finds the zone bogus.
    Fix: look why the server has an old or another copy of the zone: its transfers, its signer, its clock. Where several
    providers sign, let each publish the keys of all.
    """
    _require_both(signed_server)
    wrong = [one for one in signed_server.sets if one.bogus and not one.type.startswith("CD")]
    if wrong and all(one.unsupported for one in wrong):
        leave_to("SEC-ALGO-SUPPORTED", "the signatures cannot be verified: nobody knows their algorithm")
    assert not wrong, f"{signed_server.server}: {'; '.join(f'{one.type}: {one.why}' for one in wrong)}"
    if signed_server.strangers:
        tags = told(sorted({one.tag for one in signed_server.signatures if one.type == "SOA"}))
        raise AssertionError(
            f"{signed_server.server} signs SOA with key {tags}, which {told(signed_server.strangers)} "
            "does not have: who has the keys from there finds the zone bogus"
        )


def _require_both(seen: SignedServer) -> None:
    _require_signed(seen)
    if not (seen.keys and seen.has_signed_soa):
        leave_to("SEC-DO-ANSWER", f"{seen.server} gives no signatures")


@control("SEC-DENIAL", MUST, rfc(4035, "3.1.3"), rfc(5155, "7.2"), rfc(4035, "5.4"), by_clock=True, harm=Harm.LOST)
def test_server_proves_what_is_not_there(signed_server: SignedServer) -> None:
    """Every server proves that a name, or a type of records, does not exist, by NSEC or by NSEC3.

    Why: without proof every "there is none" is bogus: mail to hosts without TLSA records waits, and is returned.
    Fix: sign the zone anew as a whole, and look whether the server knows NSEC3.
    """
    _require_both(signed_server)
    if not signed_server.denials:
        raise NotObserved("; ".join(signed_server.unknown) or "no negative answer was seen", signed_server.evidence())
    wrong = [one for one in signed_server.denials if one.judged.bogus]
    for one in wrong:
        _leave_wrong_answers(signed_server, one)
    if wrong and all(one.judged.unsupported for one in wrong):
        leave_to("SEC-ALGO-SUPPORTED", "the proofs cannot be verified: nobody knows their algorithm")
    if any(one.bogus for one in signed_server.sets) and wrong:
        leave_to("SEC-DNSKEY-RRSIG", f"{signed_server.server} has other signatures that are wrong")
    assert not wrong, f"{signed_server.server}: {'; '.join(map(str, wrong))}"
    both = len(set(signed_server.denied_by)) > 1
    assert not both, f"{signed_server.server} denies by NSEC and by NSEC3 in the same zone"


def _leave_wrong_answers(seen: SignedServer, answer: NegativeAnswer) -> None:
    """An answer that is wrong by itself cannot be proven either."""
    at_apex = answer.judged.name == seen.zone
    if at_apex and answer.alias:
        leave_to("NS-CNAME-SANITY", f"{seen.server} says that {seen.zone} is an alias")
    if at_apex and answer.rcode == "NXDOMAIN":
        leave_to("NS-AAAA-QUERY", f"{seen.server} says that {seen.zone} does not exist")
    if not (answer.alias or answer.has_soa):
        leave_to("NS-NEGATIVE-ANSWERS", f"{seen.server} gives no SOA record with negative answers")


@control("SEC-MX-SIGNED", MAY, rfc(7672, "2.2.1"), INTERNET_NL, by_clock=True, harm=Harm.READ)
def test_addresses_of_mx_hosts_are_signed(host_chain: HostChain, mail_host: MailHost) -> None:
    """The addresses of every MX host are signed, and validate.

    Why: an address that can be forged leads the mail to somebody else, and keeps DANE out of reach.
    Fix: sign the zone of the host, or ask whoever runs it to do so.
    """
    if not mail_host.domains:
        not_applicable("no MX record names this host")
    if host_chain.address is None:
        not_applicable(host_chain.note)
    if host_chain.address.bogus:
        leave_to("SEC-NOT-BOGUS", f"the addresses of {mail_host.name} are bogus")
    if not host_chain.address.secure and host_chain.zone_is_judged:
        leave_to("SEC-SIGNED", f"{mail_host.name} lies in a zone of the inventory")
    assert host_chain.address.secure, f"the addresses of {mail_host.name} are not signed: {host_chain.address.why}"
