"""One bound of time for each host and one for each run, kept against servers that answer just in time, and one of
connections for each address. Phases and connections are counted; nothing here measures how fast this machine is.
"""

from __future__ import annotations

import asyncio

import pytest

from mailproof.docket import Docket
from mailproof.inventory.limits import LimitsPart
from mailproof.inventory.model import Domain, Inventory
from mailproof.net import settings as net_settings
from mailproof.net.errors import BoundReached, NotObserved, TimedOut
from mailproof.net.hosts import Hosts
from mailproof.net.network import Network
from mailproof.net.settings import Limits, NetSettings
from mailproof.net.smtp import SMTPClient
from mailproof.plan import make_plan
from mailproof.probes.probe import probe, read_probe
from mailproof.survey import Survey, bound_of_run
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import MXEndpoint
from tests.unit.test_survey_retries import Seen

ADDRESS = "192.0.2.25"

SHORT = Limits(connect=0.05, greeting=0.05, reply=0.05, tls=0.05, pause=0)
JUST_IN_TIME = 0.04
"""Seconds that the slow server takes for everything that it says."""


@pytest.fixture
def no_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bound of a host follow from the limits alone."""
    monkeypatch.setattr(net_settings, "LEAST_PER_HOST", 0.0)


def test_the_bound_of_a_host_follows_from_the_limits_and_never_starves_a_slow_tester() -> None:
    assert Limits().host == 5 * (10 + 60 + 20 + 5 * 30)
    assert Limits(greeting=120).host == Limits().host + 5 * 60
    assert SHORT.host == 300


def test_the_bound_of_a_run_grows_with_what_shares_an_address_and_with_what_waits_its_turn() -> None:
    limits = Limits(connections=100)
    alone, crowd, queue = limits.run(1, 1, 10), limits.run(1000, 1, 10), limits.run(1000, 7, 10)
    assert alone < crowd < queue
    assert queue - crowd == pytest.approx(6 * limits.host)
    assert limits.run(1, 1, 100_000) > alone


@pytest.mark.usefixtures("no_least")
def test_a_server_that_answers_just_in_time_at_every_phase_is_left_at_the_bound() -> None:
    phases = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal phases
        try:
            words = b"220 slow\r\n"
            while True:
                await asyncio.sleep(JUST_IN_TIME)
                phases += 1
                writer.write(words)
                await writer.drain()
                if not await reader.readline():
                    return
                words = b"250 Ok\r\n"
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def run() -> BoundReached:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = SMTPClient(NetSettings(limits=SHORT), Hosts(SHORT))
        try:
            while True:
                try:
                    async with client.connect("127.0.0.1", port, host="slow.example") as dialogue:
                        await dialogue.greeting()
                        while True:
                            await dialogue.command("NOOP")
                except BoundReached as reached:
                    return reached
                except NotObserved:
                    continue  # a busy machine may be late itself
        finally:
            server.close()

    reached = asyncio.run(run())
    assert reached.reason.startswith("slow.example has taken the 2 s that one mail host may take of a run (its bound")
    assert phases <= SHORT.host / JUST_IN_TIME
    assert not reached.transient


@pytest.mark.usefixtures("no_least")
def test_connections_that_are_open_together_share_the_bound_and_other_hosts_have_their_own() -> None:
    limits = Limits(connect=0.01, greeting=0.01, reply=0.01, tls=0.01, pause=0, connections_per_host=4)

    async def visit(hosts: Hosts, host: str) -> str:
        try:
            async with hosts.connection(ADDRESS, 25, host):
                await asyncio.sleep(3600)
        except BoundReached:
            return "cut"
        return "stayed"

    async def run() -> None:
        hosts = Hosts(limits)
        assert await asyncio.gather(*(visit(hosts, "a.example") for _ in range(3))) == ["cut"] * 3
        with pytest.raises(BoundReached):
            async with hosts.connection(ADDRESS, 25, "a.example"):
                raise AssertionError("open")
        async with hosts.connection(ADDRESS, 25, "b.example"):
            assert [peer for peer, _ in hosts.open_connections] == ["b.example:25"]
        assert hosts.open_connections == []

    asyncio.run(run())


def test_an_address_has_its_share_of_connections_unless_the_inventory_names_a_host_there() -> None:
    limits = Limits(pause=0, connections_to_address=2)

    async def visits(hosts: Hosts) -> tuple[int, str]:
        for number in range(5):
            try:
                async with hosts.connection(ADDRESS, 25, f"mx{number}.stranger.example"):
                    pass
            except BoundReached as reached:
                return number, reached.reason
        return 5, ""

    async def run() -> tuple[tuple[int, str], tuple[int, str]]:
        mine = Hosts(limits)
        mine.name([ADDRESS])
        return await visits(Hosts(limits)), await visits(mine)

    (number, reason), named = asyncio.run(run())
    assert (number, named) == (2, (5, ""))
    assert "limits.connections_to_address" in reason


def test_silent_hosts_take_nothing_from_the_patience_with_others() -> None:
    async def run() -> list[str]:
        hosts = Hosts(Limits())
        for number in range(200):
            hosts.missed(f"11.{number}.0.1", 25, TimedOut("no connection"))
        known = []
        for address in ("11.1.0.1", "11.250.0.1"):
            try:
                async with hosts.connection(address, 25):
                    known.append("tried")
            except TimedOut:
                known.append("known to be silent")
        return known

    assert asyncio.run(run()) == ["known to be silent", "tried"]
    assert not hasattr(Hosts, "patience")


def surveyed(bound: float | None, *, retries: int = 0, fails_first: bool = False) -> Survey:
    """A survey of one target that answers at once and one that never does."""

    @probe()
    async def look_at(domain: MailDomain) -> Seen:
        if domain.name == "quick.example":
            return Seen(1)
        if fails_first and not tried:
            tried.append(domain.name)
            raise TimedOut("the first attempt saw nothing")
        await asyncio.Event().wait()
        raise AssertionError

    tried: list[str] = []
    look_at.__annotations__ = {"domain": MailDomain, "return": Seen}
    found = read_probe(look_at)
    assert found is not None

    async def go() -> Survey:
        network = Network(NetSettings())
        inventory = Inventory(
            domains=[Domain(name="quick.example"), Domain(name="never.example")],
            limits=LimitsPart(retries=retries, retry_pause=0),
        )
        made = Survey({"look_at": found}, inventory, Targets(), network, bound=bound)
        try:
            await made.run([("look_at", MailDomain("quick.example")), ("look_at", MailDomain("never.example"))])
        finally:
            await network.close()
        return made

    return asyncio.run(go())


def test_what_the_bound_of_the_run_cuts_off_is_inconclusive_and_names_the_bound() -> None:
    outcomes = surveyed(0.2).outcomes
    assert outcomes["look_at", "quick.example"] == Seen(1)
    cut = outcomes["look_at", "never.example"]
    assert isinstance(cut, BoundReached)
    assert "its bound" in cut.reason


def test_a_second_attempt_that_is_cut_leaves_the_reason_of_the_first() -> None:
    outcome = surveyed(0.5, retries=1, fails_first=True).outcomes["look_at", "never.example"]
    assert isinstance(outcome, TimedOut)
    assert outcome.reason == "the first attempt saw nothing"


def test_the_plan_says_both_bounds_and_which_addresses_would_get_too_much() -> None:
    endpoints = [MXEndpoint(f"mx{n}.example", ADDRESS, 25) for n in range(3)]
    targets = Targets.collect(endpoints)
    limits = Limits(connections_to_address=1)
    plan = make_plan(Docket({}), [], targets, limits=limits)
    assert plan.host_seconds == limits.host
    assert plan.run_seconds == bound_of_run(limits, targets, {}) == limits.run(3, 3, 0)
    assert plan.document()["bounds"] == {"host_seconds": plan.host_seconds, "run_seconds": plan.run_seconds}
