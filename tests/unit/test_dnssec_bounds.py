"""Zones made to cost work: bounded in signatures, hashes and questions, and octets that no key or signature is."""

from __future__ import annotations

import asyncio
import random
from typing import Any, cast

import dns.dnssec
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.RRSIG import RRSIG

from mailproof.net.dnssec.chain import Chains
from mailproof.net.dnssec.keys import Supported, entry_keys
from mailproof.net.dnssec.nsec3 import HashedGap, HashedGaps
from mailproof.net.dnssec.signatures import SignedSet, is_before, signed_sets, validate
from mailproof.net.dnssec.trust import Flaw, Status, Verdict
from mailproof.net.dnssec.work import MAX_ITERATIONS, TRIES, Work
from mailproof.net.errors import BoundReached
from tests.unit.dnssec_world import AT, EXAMPLE, ROOT, Key, NSEC3Parameters, World, key, name, world

ADDRESS = (name("mx.example.org."), RdataType.A)


def judge(zones: World, owner: str, type: str, work: Work) -> Verdict:
    chains = Chains(zones.fetch, AT, (ROOT.ds("."),), make_work=lambda: work)
    return asyncio.run(chains.judge(name(owner), dns.rdatatype.from_text(type)))


def colliding(number: int) -> list[Key]:
    """Keys of no use, each with the tag of the zone's key: two of the octets make up for the others."""
    rng = random.Random(1)
    found = []
    for _ in range(number):
        while True:
            octets = bytearray(rng.randbytes(64))
            octets[-2:] = bytes(2)
            one = cast(DNSKEY, EXAMPLE.record.replace(key=bytes(octets)))
            missing = (EXAMPLE.tag - dns.dnssec.key_id(one)) % 65535
            octets[-2:] = missing.to_bytes(2, "big")
            one = cast(DNSKEY, EXAMPLE.record.replace(key=bytes(octets)))
            if dns.dnssec.key_id(one) == EXAMPLE.tag:
                found.append(Key(None, one))
                break
    return found


def test_keys_of_one_tag_are_tried_one_after_the_other() -> None:
    zones = world(keys=colliding(3))
    assert judge(zones, "mx.example.org.", "A", Work()).status is Status.SECURE


def test_many_keys_of_one_tag_and_many_signatures_are_bounded_work() -> None:
    """CVE-2023-50387: 60 keys and 60 signatures that do not verify are 3,600 verifications."""
    zones = world(keys=colliding(60))
    example = zones["example.org."]
    right = cast(RRSIG, example.signatures[ADDRESS][0])
    wrong = [right.replace(signature=bytes([number]) + right.signature[1:]) for number in range(60)]
    example.signatures[ADDRESS] = dns.rrset.from_rdata_list(ADDRESS[0], 60, wrong)
    work = Work()
    verdict = judge(zones, "mx.example.org.", "A", work)
    assert verdict.link is not None
    assert (verdict.status, verdict.link.flaw) == (Status.INDETERMINATE, Flaw.BOUND)
    assert str(TRIES) in verdict.link.detail
    assert Work().signatures - work.signatures <= 4 * TRIES


def test_the_work_for_one_name_ends() -> None:
    verdict = judge(world(), "mx.example.org.", "A", Work(signatures=3))
    assert verdict.link is not None
    assert (verdict.status, verdict.link.flaw) == (Status.INDETERMINATE, Flaw.BOUND)
    assert judge(world(), "mx.example.org.", "A", Work(signatures=6)).status is Status.SECURE


def test_the_digests_for_ds_records_are_counted() -> None:
    keys = [EXAMPLE.record, *(one.record for one in colliding(20))]
    records = [EXAMPLE.ds("example.org.").replace(digest=bytes([number]) * 32) for number in range(20)]
    with pytest.raises(BoundReached):
        entry_keys(name("example.org."), records, keys, Work(hashes=100))  # type: ignore[arg-type]


def test_hashes_are_computed_once_for_each_name_and_counted() -> None:
    """CVE-2023-50868: a long name below a zone with iterations."""
    gap = HashedGap(bytes(20), bytes(20), frozenset(), False, (MAX_ITERATIONS, b""))
    work = Work()
    gaps = HashedGaps([gap], name("example.org."), work)
    long = name("a." * 20 + "example.org.")
    gaps.denies(long, RdataType.A, nxdomain=True)
    spent = Work().hashes - work.hashes
    assert spent == 21 * (MAX_ITERATIONS + 1)
    gaps.denies(long, RdataType.A, nxdomain=True)
    assert Work().hashes - work.hashes == spent
    with pytest.raises(BoundReached):
        gaps.denies(name("b." * 100 + "example.org."), RdataType.A, nxdomain=True)


def test_ten_thousand_iterations_are_not_computed() -> None:
    zones = world(nsec3=NSEC3Parameters(iterations=10_000))
    work = Work()
    assert judge(zones, "nothing.example.org.", "A", work).status is Status.INSECURE
    assert Work().hashes - work.hashes <= 4


def test_a_name_of_many_labels_is_bounded_in_questions() -> None:
    owner = "a." * 60 + "example.org."
    zones = world(f"{owner} 60 IN A 192.0.2.1\n")
    work = Work()
    assert judge(zones, owner, "A", work).status is Status.SECURE, "the signature names the zone"
    assert len(zones.asked) == 6
    zones["example.org."].unsign(owner, RdataType.A)
    verdict = judge(zones, owner, "A", Work())
    assert verdict.link is not None
    assert (verdict.status, verdict.link.flaw) == (Status.INDETERMINATE, Flaw.BOUND)
    assert len(zones.asked) <= 6 + Work().questions


@pytest.mark.parametrize("algorithm", sorted(Supported().algorithms))
def test_octets_that_are_no_key_or_signature_do_not_verify(algorithm: int) -> None:
    rng = random.Random(algorithm)
    signed = signed_sets(world()["example.org."].pair(ADDRESS))[0]
    for length in (0, 1, 2, 3, 4, 31, 32, 57, 64, 65, 96, 260, 1100):
        octets = rng.randbytes(length)
        record = cast(DNSKEY, EXAMPLE.record.replace(algorithm=algorithm, key=octets))
        signature = cast(
            RRSIG,
            signed.signatures[0].replace(
                algorithm=algorithm, key_tag=dns.dnssec.key_id(record), signature=rng.randbytes(length)
            ),
        )
        validated = validate(
            SignedSet(signed.records, (signature,)), name("example.org."), [record], AT, Supported(), Work()
        )
        assert validated.link is not None
        assert (validated.status, validated.link.flaw) == (Status.BOGUS, Flaw.WRONG_SIGNATURE)


@pytest.mark.parametrize(
    ("first", "second", "before"),
    [(1, 2, True), (2, 1, False), (1, 1, False), (2**32 - 1, 5, True), (5, 2**32 - 1, False), (0, 2**31 - 1, True)],
)
def test_times_of_signatures_are_serial_numbers(first: int, second: int, before: bool) -> None:
    assert is_before(first, second) is before


def test_a_signature_over_another_zone_or_of_too_many_labels_is_not_tried() -> None:
    signed = signed_sets(world()["example.org."].pair(ADDRESS))[0]
    cases: dict[Flaw, dict[str, Any]] = {
        Flaw.WRONG_SIGNER: {"signer": name("org.")},
        Flaw.LABELS: {"labels": 9},
        Flaw.UNSUPPORTED: {"algorithm": 3},
    }
    for flaw, change in cases.items():
        changed = SignedSet(signed.records, (cast(RRSIG, signed.signatures[0].replace(**change)),))
        work = Work(signatures=0)
        validated = validate(changed, name("example.org."), [EXAMPLE.record], AT, Supported(), work)
        assert validated.link is not None
        assert (validated.status, validated.link.flaw) == (Status.BOGUS, flaw)


def test_an_rrset_is_verified_once() -> None:
    zones = world()
    work = Work()
    chains = Chains(zones.fetch, AT, (ROOT.ds("."),), make_work=lambda: work)

    async def twice() -> None:
        await chains.judge(ADDRESS[0], RdataType.A)
        spent = work.signatures
        assert (await chains.judge(ADDRESS[0], RdataType.A)).status is Status.SECURE
        assert work.signatures == spent

    asyncio.run(twice())
    assert key(13, 3) is EXAMPLE
