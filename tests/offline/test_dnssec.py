"""Our own validation through a real resolver of the offline world, whose root is signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailproof.fixtures.world import World
from mailproof.net.dnssec.trust import Flaw, Status, Verdict
from mailproof.net.errors import LyingResolver, NotObserved, UntrustedRoot
from mailproof.net.loop import BackgroundLoop
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations.dnssec import DNSSEC
from mailproof.probes.dnssec import dnssec
from mailproof.targets.base import Targets
from mailproof.targets.zones import Zone
from tests.offline.small_world import LIMITS, PLAN, inside, write

JUDGED = {
    ("signed.org", "MX"): (Status.SECURE, None),
    ("mx.signed.org", "AAAA"): (Status.SECURE, None),
    ("nothing.signed.org", "A"): (Status.SECURE, None),
    ("alias.signed.org", "CNAME"): (Status.SECURE, None),
    ("alias.signed.org", "A"): (Status.INSECURE, Flaw.UNSIGNED),
    ("unsigned.org", "SOA"): (Status.INSECURE, Flaw.UNSIGNED),
    ("island.unsigned.org", "SOA"): (Status.INSECURE, Flaw.UNSIGNED),
    ("bogus.org", "SOA"): (Status.BOGUS, Flaw.NO_KEY),
    ("expired.org", "SOA"): (Status.BOGUS, Flaw.EXPIRED),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    plan = PLAN.replace("behaviour:", "behaviour:\n  host.invalid: NXDOMAIN", 1)
    with World.load(write(tmp_path_factory.mktemp("world"), plan)) as running:
        yield running


def judged(world: World, *questions: tuple[str, str]) -> list[Verdict]:
    async def judge(net: Network) -> list[Verdict]:
        return [await net.dnssec.judge(name, type) for name, type in questions]

    return inside(world, judge)


def test_every_status_is_told_with_its_link(world: World) -> None:
    verdicts = judged(world, *JUDGED)
    assert {
        question: (verdict.status, verdict.link.flaw if verdict.link else None)
        for question, verdict in zip(JUDGED, verdicts, strict=True)
    } == JUDGED


def test_a_question_is_asked_once_however_much_is_judged(world: World) -> None:
    before = len(world.questions["resolver"])
    judged(world, ("signed.org", "MX"), ("mx.signed.org", "A"), ("signed.org", "MX"), ("mx.signed.org", "AAAA"))
    asked = world.questions["resolver"][before:]
    assert sorted(asked) == sorted(
        [
            *((name, "DNSKEY") for name in (".", "org", "signed.org")),
            *((name, "DS") for name in ("org", "signed.org")),
            *(("signed.org", "MX"), ("mx.signed.org", "A"), ("mx.signed.org", "AAAA")),
            (".", "NS"),  # whether a resolver that finds nothing finds the root
        ]
    )


def test_what_was_not_answered_is_raised(world: World) -> None:
    with pytest.raises(NotObserved, match="SERVFAIL"):
        judged(world, ("fails.signed.org", "A"))


def test_what_resolvers_answer_by_themselves_is_not_bogus(world: World) -> None:
    """The root is signed and has no such name, and the resolver gives no proof of that."""
    with pytest.raises(NotObserved, match="resolvers answer for invalid by themselves"):
        judged(world, ("host.invalid", "A"))


def test_a_root_that_the_anchors_do_not_know_makes_nothing_bogus(world: World) -> None:
    async def judge(settings: NetSettings) -> None:
        network = Network(settings)
        try:
            await network.dnssec.judge("signed.org", "MX")
        finally:
            await network.close()

    settings = replace(world.settings(NetSettings(limits=LIMITS)), trust_anchors=None)
    loop = BackgroundLoop()
    try:
        with pytest.raises(UntrustedRoot, match="there is no such key"):
            loop.run(judge(settings))
    finally:
        loop.close()


def without_edns(directory: Path) -> World:
    """The world, whose resolver validates, and knows no EDNS: it cannot be asked for signatures."""
    return World.load(write(directory, PLAN.replace("behaviour:", 'behaviour:\n  "*": no EDNS', 1)))


def test_the_word_of_a_resolver_that_is_believed_stands_in(tmp_path: Path) -> None:
    async def look(net: Network) -> list[DNSSEC]:
        return [await dnssec(Zone(name), net, Targets()) for name in ("signed.org", "unsigned.org", "bogus.org")]

    with without_edns(tmp_path) as stripping:
        signed, unsigned, bogus = inside(stripping, look)
    assert (signed.authenticated, unsigned.authenticated, bogus.authenticated) == (True, False, False)
    assert not any(seen.judged for seen in (signed, unsigned, bogus))
    assert "not signed" in unsigned.why_unsigned
    assert [str(answer).partition(" (")[0] for answer in bogus.bogus_answers] == ["bogus.org SOA"]


@pytest.mark.parametrize("fault", ["no EDNS", "NXDOMAIN"])
def test_a_resolver_that_leaves_signatures_out_makes_nothing_bogus(tmp_path: Path, fault: str) -> None:
    plan = PLAN.replace("behaviour:\n  fails", f'behaviour:\n  "*": {fault}\n  fails', 1)
    with World.load(write(tmp_path, plan)) as stripping, pytest.raises((UntrustedRoot, LyingResolver)):
        judged(stripping, ("signed.org", "MX"))
