"""Proposed delegations: what may stand in one, and who is asked for a zone that its parent does not know yet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mailproof.fixtures.dns_server import DNSServer
from mailproof.net.dns.client import Answer
from mailproof.net.dns.delegations import DelegatingClient, read_delegation
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.errors import NotObserved, ServerFailure
from mailproof.net.settings import NetSettings

from .dns_world import PATIENT, resolver

NEW = """$TTL 60
@ SOA ns h 1 2 3 4 5
@ NS ns
ns A 192.0.2.77
www CNAME mx1.example.com.
web CNAME www
sub NS ns.sub
"""
DELEGATION = "$TTL 60\n@ NS ns\nns A 192.0.2.77\n@ DS 1 13 2 " + "11" * 32 + "\n"


def _ask(tmp_path: Path, name: str, type: str, text: str = DELEGATION) -> tuple[Answer, int]:
    """The answer, and how often the resolver was asked."""
    file = tmp_path / "delegation"
    file.write_text(text)

    async def main() -> tuple[Answer, int]:
        public, server = resolver(), DNSServer([parse_zone("new.test", NEW)], recursive=False)
        try:
            where, there = await public.start(), await server.start()
            settings = NetSettings(
                resolvers=(where,), limits=PATIENT, connect={"192.0.2.77:53": there}, delegations={"new.test": file}
            )
            async with DelegatingClient(settings) as client:
                answer = await client.resolve(name, type)
                return answer, client.questions[str(where)]
        finally:
            await public.stop()
            await server.stop()

    return asyncio.run(main())


def test_names_below_are_asked_for_at_the_servers_of_the_delegation(tmp_path: Path) -> None:
    answer, at_resolver = _ask(tmp_path, "ns.new.test", "A")
    assert [record.data for record in answer.records] == ["192.0.2.77"]
    assert answer.server == "192.0.2.77:53"
    assert answer.proposed
    assert not at_resolver


def test_other_names_are_asked_for_at_the_resolvers(tmp_path: Path) -> None:
    answer, _ = _ask(tmp_path, "mx1.example.com", "A")
    assert answer.records
    assert not answer.proposed


def test_an_alias_is_followed_out_of_the_delegation(tmp_path: Path) -> None:
    answer, _ = _ask(tmp_path, "web.new.test", "A")
    assert answer.aliases == ("www.new.test", "mx1.example.com")
    assert [record.data for record in answer.records] == ["192.0.2.25"]
    assert answer.proposed


def test_a_delegation_needs_no_ttl(tmp_path: Path) -> None:
    answer, _ = _ask(tmp_path, "ns.new.test", "A", DELEGATION.removeprefix("$TTL 60\n"))
    assert answer.records


def test_ds_records_are_those_of_the_delegation(tmp_path: Path) -> None:
    answer, _ = _ask(tmp_path, "new.test", "DS")
    assert [record.data for record in answer.records] == ["1 13 2 " + "11" * 32]


def test_a_referral_further_down_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(ServerFailure, match="with authority"):
        _ask(tmp_path, "a.sub.new.test", "A")


def test_a_delegation_whose_servers_have_no_address_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(NotObserved, match="gives no address"):
        _ask(tmp_path, "ns.new.test", "A", "@ 60 NS ns\n")


def test_a_delegation_is_the_referral_of_the_parent(tmp_path: Path) -> None:
    file = tmp_path / "delegation"
    file.write_text(DELEGATION)
    referral = read_delegation("new.test", file).referral
    assert [record.type for record in (*referral.authority, *referral.additional)] == ["NS", "DS", "A"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ns 60 A 192.0.2.1\n", "no NS record of new.test"),
        ("@ 60 NS ns\n@ 60 MX 10 mx\n", ":2: MX of new.test is no part of a delegation"),
        ("@ 60 NS ns\nsub 60 NS ns\n", ":2: NS of sub.new.test is no part"),
        ("@ 60 NS ns\n@ 60 A 192.0.2.1\n", ":2: A of new.test is no part"),
        ("@ 60 NS ns\nmx 60 A 192.0.2.1\n", r":2: mx\.new\.test is none of the name servers"),
        ("@ 60 NS\n", ":1: "),
        (None, "there is no such file"),
    ],
)
def test_what_is_no_delegation_is_said(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "delegation"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_delegation("new.test", file)


def test_times_to_live_may_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "delegation").write_bytes(b"@ NS ns\r\nns A 192.0.2.77\r\n")
    assert [record.ttl for record in read_delegation("new.test", tmp_path / "delegation").ns] == [3600]


def test_what_lies_outside_is_no_part_of_a_delegation(tmp_path: Path) -> None:
    (tmp_path / "delegation").write_text("@ NS ns\nns A 192.0.2.77\nns.example.net. A 192.0.2.78\n")
    with pytest.raises(ValueError, match=r":3: ns\.example\.net does not lie in new\.test"):
        read_delegation("new.test", tmp_path / "delegation")


CIRCLES = {
    "a.test": "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.77\nx CNAME x.b.test.\n",
    "b.test": "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.77\nx CNAME x.a.test.\ny A 192.0.2.25\n",
}


@pytest.mark.parametrize("names", [("x.a.test",), ("x.a.test", "x.b.test", "x.a.test")], ids=len)
def test_aliases_of_two_delegations_that_lead_round_have_no_end(tmp_path: Path, names: tuple[str, ...]) -> None:
    answers = asyncio.run(_ask_in_circles(tmp_path, names, glue="ns A 192.0.2.77\n"))
    assert isinstance(answers[0], Answer)
    assert (answers[0].records, answers[0].aliases) == ((), ("x.b.test", "x.a.test"))


def test_delegations_that_name_servers_in_each_other_have_none(tmp_path: Path) -> None:
    answers = asyncio.run(_ask_in_circles(tmp_path, ("y.b.test", "x.a.test"), glue=""))
    assert all(isinstance(answer, NotObserved) and "gives no address" in answer.reason for answer in answers)


async def _ask_in_circles(tmp_path: Path, names: tuple[str, ...], glue: str) -> list[Answer | BaseException]:
    """Answers for names in two delegations, asked at once; without ``glue`` the servers of each are in the other."""
    files = {}
    for zone, other in (("a.test", "b.test"), ("b.test", "a.test")):
        files[zone] = tmp_path / zone
        files[zone].write_text(f"$TTL 60\n@ NS {'ns' if glue else f'ns.{other}.'}\n{glue}")
    server = DNSServer([parse_zone(zone, text) for zone, text in CIRCLES.items()], recursive=False)
    public = resolver()
    try:
        where, there = await public.start(), await server.start()
        settings = NetSettings(resolvers=(where,), limits=PATIENT, connect={"192.0.2.77:53": there}, delegations=files)
        async with DelegatingClient(settings) as client:
            asked = asyncio.gather(*(client.question(name, "A") for name in names), return_exceptions=True)
            return list(await asyncio.wait_for(asked, 60))
    finally:
        await public.stop()
        await server.stop()
