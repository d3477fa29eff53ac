"""Questions that several ask at once, that are given up, and that are bounded; and what zone files answer first."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mailproof.fixtures.dns_responder import Behaviour, Fault
from mailproof.fixtures.dns_server import DNSServer
from mailproof.net.dns.client import DNSClient
from mailproof.net.dns.zone_files import parse_zone
from mailproof.net.errors import Malformed, NotAvailable, ServerFailure
from mailproof.net.settings import DNSSECTrust, Limits, NetSettings, SocketAddress

from .dns_world import PATIENT, QUICK, ZONE, resolve, resolver, session, zone


def test_equal_questions_are_asked_once() -> None:
    server = resolver(behaviour={"*": Behaviour(delay=0.02)})

    async def work(dns: DNSClient) -> None:
        answers = await asyncio.gather(*(dns.resolve(name, "MX") for name in ["example.com", "Example.Com."] * 5))
        assert len(set(answers)) == 1
        assert await dns.resolve("example.com", "MX") is answers[0]
        assert sum(dns.questions.values()) == 1

    session(work, server)
    assert server.asked == [("example.com", "MX")]


def test_failures_are_remembered_and_raised_afresh() -> None:
    server = resolver(behaviour={"*": Behaviour(Fault.SERVFAIL)})

    async def work(dns: DNSClient) -> None:
        raised = []
        for _ in range(2):
            with pytest.raises(ServerFailure) as caught:
                await dns.resolve("example.com", "MX")
            raised.append(caught.value)
        assert raised[0] is not raised[1]

    session(work, server)
    assert len(server.asked) == 2 * PATIENT.dns_tries  # with validation and without


def test_a_cancelled_waiter_does_not_cancel_the_others() -> None:
    server = resolver(behaviour={"*": Behaviour(delay=0.05)})

    async def work(dns: DNSClient) -> None:
        first, second = (asyncio.create_task(dns.resolve("example.com", "MX")) for _ in range(2))
        await server.heard(1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await second).exists

    session(work, server)
    assert len(server.asked) == 1


def test_the_last_cancelled_waiter_ends_the_question() -> None:
    server = resolver(behaviour={"*": Behaviour(Fault.SILENCE)})

    async def work(dns: DNSClient) -> None:
        task = asyncio.create_task(dns.resolve("example.com", "MX"))
        await server.heard(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    session(work, server)


def test_closing_releases_those_who_wait() -> None:
    server = resolver(behaviour={"*": Behaviour(Fault.SILENCE)})

    async def work(dns: DNSClient) -> None:
        task = asyncio.create_task(dns.resolve("example.com", "MX"))
        await server.heard(1)
        await dns.close()
        with pytest.raises(NotAvailable):
            await task
        with pytest.raises(NotAvailable):
            await dns.resolve("example.com", "A")

    session(work, server)


def test_a_question_can_be_closed_before_it_starts() -> None:
    async def work(dns: DNSClient) -> None:
        task = asyncio.create_task(dns.resolve("example.com", "MX"))
        await asyncio.sleep(0)
        await dns.close()
        with pytest.raises(NotAvailable):
            await task

    session(work, resolver())


def test_questions_under_way_are_bounded() -> None:
    server = resolver(behaviour={"*": Behaviour(Fault.SILENCE)})

    async def work(dns: DNSClient) -> None:
        tasks = [asyncio.create_task(dns.resolve(f"h{i}.example.com", "A")) for i in range(9)]
        await server.heard(3)
        await asyncio.sleep(0.02)
        assert len(server.asked) == 3
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    session(work, server, limits=Limits(dns=10, questions=3))


def test_zone_files_answer_before_the_resolvers(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    path.write_text(
        "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n@ MX 10 new\nout CNAME www.example.com.\n"
        "away NS ns.away\nns.away A 192.0.2.1\nhere A 192.0.2.7\n"
    )
    back = "back CNAME here.proposed.test."
    server = DNSServer([zone(extra=back), parse_zone("proposed.test", ZONE)], recursive=True)

    async def work(dns: DNSClient) -> None:
        answer = await dns.resolve("proposed.test", "MX")
        assert (answer.records[0].target, answer.protocol) == ("new.proposed.test", "zone file")
        assert answer.server == "zone file proposed.test"
        assert (await dns.resolve("none.proposed.test", "MX")).nonexistent
        assert server.asked == []
        answer = await dns.resolve("out.proposed.test", "A")
        assert answer.name == "out.proposed.test"
        assert answer.aliases == ("www.example.com", "web.example.com", "mx1.example.com")
        assert answer.records[0].data == "192.0.2.25"
        answer = await dns.resolve("back.example.com", "A")
        assert (answer.aliases, answer.records[0].data) == (("here.proposed.test",), "192.0.2.7")
        await dns.resolve("x.away.proposed.test", "A")
        await dns.resolve("proposed.test", "DS")
        assert [name for name, _ in server.asked if name != "."] == [
            "www.example.com",
            "back.example.com",
            "x.away.proposed.test",
            "proposed.test",
        ]

    session(work, server, zone_files={"proposed.test": path})


def test_aliases_between_the_layers_cannot_run_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    path.write_text("$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nping CNAME pong.example.com.\n")
    server = resolver("pong CNAME ping.proposed.test.")
    with pytest.raises(Malformed, match="aliases"):
        resolve("ping.proposed.test", "A", server, zone_files={"proposed.test": path})


def test_an_unusable_zone_file_is_told_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        DNSClient(NetSettings(zone_files={"proposed.test": tmp_path / "absent"}))

    with pytest.raises(ValueError, match="absent"):
        asyncio.run(main())


@pytest.mark.parametrize(
    ("options", "trust", "believed", "word"),
    [
        ({"secure": {"."}}, DNSSECTrust.LOOPBACK, True, "on this machine"),
        ({"secure": {"."}}, DNSSECTrust.RESOLVER, True, "trusted by the settings"),
        ({"secure": {"."}}, DNSSECTrust.NONE, False, "trust no resolver"),
        ({}, DNSSECTrust.LOOPBACK, False, "does not validate"),
        ({"behaviour": {"*": Behaviour(Fault.SILENCE)}}, DNSSECTrust.LOOPBACK, False, "did not answer"),
    ],
)
def test_the_ad_bit_is_believed_from_validating_trusted_resolvers(
    options: dict[str, Any], trust: DNSSECTrust, believed: bool, word: str
) -> None:
    limits = QUICK if "behaviour" in options else PATIENT
    result = session(lambda dns: dns.authentication(), resolver(**options), limits=limits, trust=trust)
    assert result.believed is believed
    assert word in result.reason


def test_one_unfit_resolver_spoils_the_belief() -> None:
    result = session(lambda dns: dns.authentication(), resolver(secure={"."}), resolver())
    assert not result.believed


def test_a_resolver_elsewhere_is_not_believed_by_default() -> None:
    async def main() -> bool:
        async with DNSClient(NetSettings(resolvers=(SocketAddress("192.0.2.1", 53),))) as client:
            return (await client.authentication()).believed

    assert asyncio.run(main()) is False


def test_a_name_that_is_none_is_malformed_and_a_type_that_is_none_a_value_error() -> None:
    with pytest.raises(Malformed):
        resolve("a..b", "MX")
    with pytest.raises(ValueError, match="record type"):
        resolve("example.com", "NONSENSE")
    assert resolve("example.com", "TYPE65280").empty
