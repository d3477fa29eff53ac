"""Chains of trust, by zones signed in the test: the four statuses, and the link that is named."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import dns.rdatatype
import dns.rrset
import pytest
from dns.rdatatype import RdataType

from mailproof.net.dnssec.anchors import root_anchors
from mailproof.net.dnssec.chain import Chains
from mailproof.net.dnssec.keys import Supported
from mailproof.net.dnssec.trust import Flaw, Status, Verdict
from tests.unit.dnssec_world import AT, EXAMPLE, ORG, ROOT, NSEC3Parameters, World, key, name, sign, world

DAY = timedelta(days=1)


def judge(zones: World, owner: str, type: str, *, supported: Supported | None = None) -> Verdict:
    chains = Chains(zones.fetch, AT, (ROOT.ds("."),), supported or Supported())
    return asyncio.run(chains.judge(name(owner), dns.rdatatype.from_text(type)))


def test_a_signed_chain_is_secure_and_costs_one_question_for_each_link() -> None:
    zones = world()
    assert judge(zones, "mx.example.org.", "A") == Verdict(Status.SECURE, None, (".", "org.", "example.org."))
    assert zones.asked == [
        ("mx.example.org.", "A"),
        (".", "DNSKEY"),
        ("org.", "DS"),
        ("org.", "DNSKEY"),
        ("example.org.", "DS"),
        ("example.org.", "DNSKEY"),
    ]


def test_what_is_known_of_a_zone_is_not_asked_again() -> None:
    zones = world()
    chains = Chains(zones.fetch, AT, (ROOT.ds("."),))

    async def both() -> None:
        await chains.judge(name("mx.example.org."), RdataType.A)
        zones.asked.clear()
        await chains.judge(name("example.org."), RdataType.MX)

    asyncio.run(both())
    assert zones.asked == [("example.org.", "MX")]


@pytest.mark.parametrize("algorithm", [8, 10, 13, 14, 15, 16])
def test_each_algorithm_that_validators_use_is_secure(algorithm: int) -> None:
    assert judge(world(signer=key(algorithm)), "mx.example.org.", "A").status is Status.SECURE


@pytest.mark.parametrize("digest", [1, 2, 4])
def test_each_digest_that_validators_use_is_secure(digest: int) -> None:
    zones = world(ds=[EXAMPLE.ds("example.org.", digest)])
    assert judge(zones, "mx.example.org.", "A").status is Status.SECURE


def expired(zones: World) -> None:
    zones["example.org."].resign("mx.example.org.", RdataType.A, begin=AT - 9 * DAY, end=AT - DAY)


def not_yet_valid(zones: World) -> None:
    zones["example.org."].resign("mx.example.org.", RdataType.A, begin=AT + DAY, end=AT + 9 * DAY)


def keys_expired(zones: World) -> None:
    zones["example.org."].resign("example.org.", RdataType.DNSKEY, begin=AT - 9 * DAY, end=AT - DAY)


def unsigned_address(zones: World) -> None:
    zones["example.org."].unsign("mx.example.org.", RdataType.A)


def unsigned_ds(zones: World) -> None:
    zones["org."].unsign("example.org.", RdataType.DS)


def another_address(zones: World) -> None:
    owner = name("mx.example.org.")
    zones["example.org."].rrsets[owner, RdataType.A] = dns.rrset.from_text(owner, 60, "IN", "A", "192.0.2.66")


def signed_by_a_stranger(zones: World) -> None:
    zones["example.org."].resign("mx.example.org.", RdataType.A, by=key(13, 66))


def without_keys(zones: World) -> None:
    zones["example.org."].remove("example.org.", RdataType.DNSKEY)


@pytest.mark.parametrize(
    ("spoil", "owner", "type", "flaw"),
    [
        (expired, "mx.example.org.", "A", Flaw.EXPIRED),
        (not_yet_valid, "mx.example.org.", "A", Flaw.NOT_YET_VALID),
        (keys_expired, "example.org.", "DNSKEY", Flaw.EXPIRED),
        (unsigned_address, "mx.example.org.", "A", Flaw.NO_SIGNATURE),
        (unsigned_ds, "example.org.", "DS", Flaw.NO_SIGNATURE),
        (another_address, "mx.example.org.", "A", Flaw.WRONG_SIGNATURE),
        (signed_by_a_stranger, "mx.example.org.", "A", Flaw.NO_KEY),
        (without_keys, "example.org.", "DNSKEY", Flaw.NO_DNSKEY),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_broken_link_is_bogus_and_named(spoil: Callable[[World], None], owner: str, type: str, flaw: Flaw) -> None:
    zones = world()
    spoil(zones)
    verdict = judge(zones, "mx.example.org.", "A")
    assert verdict.status is Status.BOGUS
    assert verdict.link is not None
    assert (verdict.link.name, verdict.link.type, verdict.link.flaw) == (owner, type, flaw)


def test_one_signature_that_verifies_is_enough() -> None:
    zones = world(keys=[key(13, 4)])
    example, owned = zones["example.org."], (name("mx.example.org."), RdataType.A)
    good = example.signatures[owned][0]
    expired(zones)
    example.signatures[owned].add(good)
    assert judge(zones, "mx.example.org.", "A").status is Status.SECURE


DS = EXAMPLE.ds("example.org.")


@pytest.mark.parametrize(
    ("ds", "flaw"),
    [
        (DS.replace(digest=bytes(32)), Flaw.DIGEST),
        (DS.replace(key_tag=(DS.key_tag + 1) % 65536), Flaw.NO_KEY),
        (DS.replace(algorithm=15), Flaw.NO_KEY),
        (key(13, 5).ds("example.org."), Flaw.NO_KEY),
    ],
    ids=["digest", "tag", "algorithm", "another key"],
)
def test_a_ds_record_of_no_key_is_bogus_and_named(ds: object, flaw: Flaw) -> None:
    verdict = judge(world(ds=[ds]), "mx.example.org.", "A")  # type: ignore[list-item]
    assert verdict.status is Status.BOGUS
    assert verdict.link is not None
    assert (verdict.link.type, verdict.link.flaw, verdict.link.ds) == ("DNSKEY", flaw, str(ds))
    assert judge(world(ds=[ds, DS]), "mx.example.org.", "A").status is Status.SECURE, "another DS record is right"  # type: ignore[list-item]


@pytest.mark.parametrize("digest", [2, 4])
def test_sha1_does_not_count_beside_a_better_digest(digest: int) -> None:
    wrong = EXAMPLE.ds("example.org.", digest).replace(digest=bytes(32 if digest == 2 else 48))
    zones = world(ds=[EXAMPLE.ds("example.org.", 1), wrong])  # type: ignore[list-item]
    assert judge(zones, "mx.example.org.", "A").status is Status.BOGUS


@pytest.mark.parametrize(
    "ds",
    [DS.replace(algorithm=99), DS.replace(algorithm=12), DS.replace(digest_type=3), DS.replace(algorithm=5)],
    ids=["unknown algorithm", "GOST", "unknown digest", "RSASHA1"],
)
def test_a_zone_that_no_validator_can_check_is_insecure(ds: object) -> None:
    verdict = judge(world(ds=[ds]), "mx.example.org.", "A")  # type: ignore[list-item]
    assert verdict.status is Status.INSECURE
    assert verdict.link is not None
    assert (verdict.link.name, verdict.link.type, verdict.link.flaw) == ("example.org.", "DS", Flaw.UNSUPPORTED)
    assert verdict.zones == (".", "org.")


def test_rsasha1_can_be_judged_as_resolvers_do_that_still_use_it() -> None:
    zones = world(signer=key(5))
    assert judge(zones, "mx.example.org.", "A").status is Status.INSECURE
    older = Supported(algorithms=Supported().algorithms | {5, 7})
    assert judge(zones, "mx.example.org.", "A", supported=older).status is Status.SECURE


def test_a_revoked_key_vouches_for_nothing() -> None:
    revoked = EXAMPLE.flagged(257 | 0x80)
    for ds in (EXAMPLE.ds("example.org."), revoked.ds("example.org.")):
        verdict = judge(world(signer=revoked, ds=[ds]), "mx.example.org.", "A")
        assert verdict.status is Status.BOGUS
        assert verdict.link is not None
        assert verdict.link.flaw is Flaw.REVOKED


def test_a_key_that_is_no_zone_key_vouches_for_nothing() -> None:
    verdict = judge(world(signer=EXAMPLE.flagged(1)), "mx.example.org.", "A")
    assert verdict.link is not None
    assert (verdict.status, verdict.link.flaw) == (Status.BOGUS, Flaw.NOT_A_ZONE_KEY)


def test_an_unsigned_delegation_is_insecure_whatever_lies_below() -> None:
    zones = world(ds=[])
    for owner in ("mx.example.org.", "nothing.example.org."):
        verdict = judge(zones, owner, "A")
        assert verdict.status is Status.INSECURE
        assert verdict.link is not None
        assert (verdict.link.name, verdict.link.flaw) == ("example.org.", Flaw.UNSIGNED)


def test_an_unsigned_delegation_without_proof_is_bogus() -> None:
    zones = world(ds=[])
    zones["org."].remove("example.org.", RdataType.NSEC)
    verdict = judge(zones, "mx.example.org.", "A")
    assert verdict.link is not None
    assert (verdict.status, verdict.link.name, verdict.link.flaw) == (Status.BOGUS, "example.org.", Flaw.NO_PROOF)


@pytest.mark.parametrize("opt_out", [False, True])
def test_an_unsigned_delegation_by_nsec3(opt_out: bool) -> None:
    zones = world(ds=[], org_nsec3=NSEC3Parameters(opt_out=opt_out))
    verdict = judge(zones, "mx.example.org.", "A")
    assert verdict.link is not None
    assert (verdict.status, verdict.link.flaw) == (Status.INSECURE, Flaw.OPT_OUT if opt_out else Flaw.UNSIGNED)
    signed = world(org_nsec3=NSEC3Parameters(opt_out=opt_out))
    assert judge(signed, "mx.example.org.", "A").status is Status.SECURE


def expired_beside_iterations() -> World:
    zones = world("mx 60 IN A 192.0.2.1\n", nsec3=NSEC3Parameters(iterations=151))
    expired(zones)
    return zones


def test_iterations_that_nobody_computes_are_no_excuse_for_a_signature() -> None:
    verdict = judge(expired_beside_iterations(), "mx.example.org.", "A")
    assert verdict.link is not None
    assert (verdict.status, verdict.link.flaw) == (Status.BOGUS, Flaw.EXPIRED)


def test_the_zones_above_decide_where_signatures_name_one_of_them() -> None:
    """Stray signatures in an unsigned zone do not make it bogus."""
    zones = world(ds=[])
    owned = (name("mx.example.org."), RdataType.A)
    stray = zones["example.org."].signatures[owned][0].replace(signer=name("org."))
    zones["example.org."].signatures[owned] = dns.rrset.from_rdata(owned[0], 60, stray)
    assert judge(zones, "mx.example.org.", "A").status is Status.INSECURE


def test_an_alias_is_as_good_as_where_it_leads() -> None:
    text = "@ 60 IN MX 10 mx\nalias 60 IN CNAME mx.other.org.\nhere 60 IN CNAME mx\nmx 60 IN A 192.0.2.1\n"
    zones = world(text, org="other 60 IN NS ns.invalid.\n")
    other = sign("other.org.", "mx 60 IN A 192.0.2.2\n", key(13, 7))
    zones.zones[other.origin] = other
    assert judge(zones, "here.example.org.", "A").status is Status.SECURE
    verdict = judge(zones, "alias.example.org.", "A")
    assert verdict.link is not None
    assert (verdict.status, verdict.link.name) == (Status.INSECURE, "other.org.")
    assert judge(zones, "alias.example.org.", "CNAME").status is Status.SECURE


def test_a_dname_vouches_for_the_aliases_that_follow_from_it() -> None:
    text = "old 60 IN DNAME new.example.org.\nmx.new 60 IN A 192.0.2.1\n"
    zones = world(text)
    assert judge(zones, "mx.old.example.org.", "A").status is Status.SECURE
    zones["example.org."].resign("old.example.org.", RdataType.DNAME, end=AT - DAY)
    verdict = judge(zones, "mx.old.example.org.", "A")
    assert verdict.link is not None
    assert (verdict.status, verdict.link.type) == (Status.BOGUS, "DNAME")


def test_a_circle_of_aliases_is_indeterminate() -> None:
    verdict = judge(world("a 60 IN CNAME b\nb 60 IN CNAME a\n"), "a.example.org.", "A")
    assert verdict.link is not None
    assert (verdict.status, verdict.link.flaw) == (Status.INDETERMINATE, Flaw.BOUND)


def test_what_was_not_answered_is_indeterminate() -> None:
    zones = world()
    zones.silent = frozenset({"org."})
    verdict = judge(zones, "mx.example.org.", "A")
    assert verdict.link is not None
    assert (verdict.status, verdict.link.flaw) == (Status.INDETERMINATE, Flaw.NOT_ANSWERED)


def test_a_resolver_that_strips_signatures_makes_nothing_bogus() -> None:
    zones = world()
    zones.strips = True
    verdict = judge(zones, "mx.example.org.", "A")
    assert verdict.link is not None
    assert (verdict.status, verdict.link.flaw) == (Status.INDETERMINATE, Flaw.STRIPPED)


def test_a_root_that_the_anchors_do_not_know_is_bogus() -> None:
    zones = world()
    chains = Chains(zones.fetch, AT)
    verdict = asyncio.run(chains.judge(name("mx.example.org."), RdataType.A))
    assert verdict.link is not None
    assert (verdict.status, verdict.link.name, verdict.link.flaw) == (Status.BOGUS, ".", Flaw.NO_KEY)
    assert {anchor.key_tag for anchor in root_anchors()} == {20326, 38696}


def test_the_parent_vouches_for_ds_records_and_for_there_being_none() -> None:
    assert judge(world(), "example.org.", "DS").status is Status.SECURE
    assert judge(world(ds=[]), "example.org.", "DS").status is Status.SECURE
    assert ORG.tag != EXAMPLE.tag
