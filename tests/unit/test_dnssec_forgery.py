"""Answers changed at random on the way: nothing forged is secure, nothing secure is made insecure, nothing crashes."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from functools import cache

import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rrset import RRset

from mailproof.net.dns.messages import as_rrset
from mailproof.net.dnssec.chain import Chains, Fetch, Response
from mailproof.net.dnssec.trust import Status, Verdict
from tests.unit.dnssec_world import AT, ROOT, NSEC3Parameters, World, name, world
from tests.unit.test_dnssec_denial import DENIED, TEXT

ATTACKS = 300

WORLDS = {
    "NSEC": None,
    "NSEC3": NSEC3Parameters(iterations=3, salt=b"\x01"),
    "opt-out": NSEC3Parameters(opt_out=True),
}

QUESTIONS = (
    *DENIED.values(),
    ("mx.example.org.", "A"),
    ("any.wild.example.org.", "TXT"),
    ("host.wild.example.org.", "A"),
    ("mx.sub.example.org.", "A"),
)


@cache
def zones(kind: str) -> World:
    return world(TEXT, nsec3=WORLDS[kind])


@cache
def true_records() -> tuple[RRset, ...]:
    """What an attacker can replay: every RRset and signature there is."""
    return tuple(
        record
        for kind in WORLDS
        for zone in zones(kind).zones.values()
        for owned in zone.rrsets
        for record in zone.pair(owned)
    )


def renamed(rrset: RRset, owner: Name) -> RRset:
    return dns.rrset.from_rdata_list(owner, 60, list(rrset))


def changed(rrset: RRset, rng: random.Random) -> RRset:
    """A signature with one field changed; any other RRset as it is."""
    if rrset.rdtype != RdataType.RRSIG:
        return rrset
    field, value = rng.choice(
        (
            ("signature", rng.randbytes(64)),
            ("labels", rng.randrange(6)),
            ("signer", rng.choice(true_records()).name),
            ("key_tag", rng.randrange(2**16)),
            ("algorithm", rng.randrange(2**8)),
            ("expiration", rng.randrange(2**32)),
            ("inception", rng.randrange(2**32)),
        )
    )
    return dns.rrset.from_rdata(rrset.name, 60, rrset[0].replace(**{field: value}))


def forged(response: Response, asked: Name, rng: random.Random) -> Response:
    """An answer with one to three changes."""
    sections = tuple(list(map(as_rrset, part)) for part in (response.answer, response.authority))
    rcode = response.rcode
    for _ in range(rng.randint(1, 3)):
        section = rng.choice(sections)
        place = rng.randrange(len(section)) if section else None
        match rng.choice(("add", "claim", "rcode", "empty", "remove", "rename", "change")):
            case "add":
                section.append(rng.choice(true_records()))
            case "claim":
                section.append(renamed(rng.choice(true_records()), asked))
            case "rcode":
                rcode = rng.choice((dns.rcode.NOERROR, dns.rcode.NXDOMAIN))
            case "empty":
                section.clear()
            case "remove" if place is not None:
                del section[place]
            case "rename" if place is not None:
                section[place] = renamed(section[place], rng.choice((asked, rng.choice(true_records()).name)))
            case "change" if place is not None:
                section[place] = changed(section[place], rng)
    return Response(rcode, tuple(sections[0]), tuple(sections[1]))


def said(response: Response, owner: Name, type: RdataType) -> object:
    """What an answer claims: records, or how there are none."""
    found = response.find(owner, type)
    return frozenset(found.records) if found else response.rcode


@dataclass
class Attacker:
    """Changes the answer about one name, and with ``everywhere`` some of those on the way to it."""

    true: World
    owner: Name
    type: RdataType
    rng: random.Random
    everywhere: bool
    claimed: object = None
    """What the answer about the name said."""

    async def fetch(self, asked: Name, type: RdataType) -> Response:
        response = await self.true.fetch(asked, type)
        aimed = (asked, type) == (self.owner, self.type)
        if aimed or (self.everywhere and self.rng.random() < 0.3):
            response = forged(response, asked, self.rng)
        if aimed:
            self.claimed = said(response, asked, type)
        return response


def judge(fetch: Fetch, owner: Name, type: RdataType) -> Verdict:
    return asyncio.run(Chains(fetch, AT, (ROOT.ds("."),)).judge(owner, type))


@pytest.mark.parametrize("kind", WORLDS)
def test_what_is_forged_is_not_secure_and_does_not_hide_what_is(kind: str) -> None:
    rng = random.Random(kind)
    true = zones(kind)
    statuses: Counter[Status] = Counter()
    for _ in range(ATTACKS):
        text, type_text = rng.choice(QUESTIONS)
        owner, type = name(text), dns.rdatatype.from_text(type_text)
        attacker = Attacker(true, owner, type, rng, everywhere=rng.random() < 0.4)
        verdict = judge(attacker.fetch, owner, type)
        statuses[verdict.status] += 1
        assert (verdict.link is None) is (verdict.status is Status.SECURE)
        if verdict.status is Status.SECURE:
            assert attacker.claimed == said(asyncio.run(true.fetch(owner, type)), owner, type)
        if verdict.status is Status.INSECURE:
            assert judge(true.fetch, owner, type).status is Status.INSECURE
    assert statuses[Status.SECURE] > 0
    assert statuses[Status.BOGUS] > 0
