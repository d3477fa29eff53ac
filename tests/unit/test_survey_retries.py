"""The survey tries again what may pass, and remembers every attempt."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailproof.inventory.limits import LimitsPart
from mailproof.inventory.model import Domain, Inventory
from mailproof.net.dns.client import DNSClient
from mailproof.net.errors import KINDS, NotObserved, Refused, ServerFailure, Throttled, TimedOut
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.observations import Observation
from mailproof.probes.probe import Probe, probe, read_probe
from mailproof.record import Record, read_record, write_record
from mailproof.survey import Survey
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain

TARGET = MailDomain("example.org")


@dataclass(frozen=True)
class Seen(Observation):
    """An observation that says on which call it was made."""

    call: int

    def evidence(self) -> tuple[str, ...]:
        return (f"call {self.call}",)


def survey(*failures: NotObserved | None, retries: int) -> tuple[Survey, list[int]]:
    """A finished survey with a probe whose calls fail as told, and a probe that needs it; and the calls."""
    calls: list[int] = []

    @probe()
    async def flaky(domain: MailDomain) -> Seen:
        calls.append(len(calls) + 1)
        failure = failures[min(len(calls), len(failures)) - 1]
        if failure is not None:
            raise failure
        return Seen(len(calls))

    @probe()
    async def built(domain: MailDomain, flaky: Seen) -> Seen:
        return flaky

    probes: dict[str, Probe] = {}
    for function in (flaky, built):
        function.__annotations__ = {"domain": MailDomain, "flaky": Seen, "return": Seen}
        found = read_probe(function)
        assert found is not None
        probes[found.name] = found

    async def go() -> Survey:
        network = Network(NetSettings())
        limits = LimitsPart(retries=retries, retry_pause=0)
        made = Survey(probes, Inventory(domains=[Domain(name="example.org")], limits=limits), Targets(), network)
        try:
            await made.run([("built", TARGET)])
        finally:
            await network.close()
        return made

    return asyncio.run(go()), calls


def test_targets_are_observed_in_the_order_asked_for() -> None:
    """Not in that of hashes, which differs from run to run: what a server does may depend on the order."""
    order: list[str] = []

    @probe()
    async def noted(domain: MailDomain) -> Seen:
        order.append(domain.name)
        raise Throttled("421 busy")

    noted.__annotations__ = {"domain": MailDomain, "return": Seen}
    found = read_probe(noted)
    assert found is not None
    names = [f"d{number}.example" for number in range(20)]

    async def go() -> None:
        network = Network(NetSettings())
        inventory = Inventory(domains=[Domain(name="example.org")], limits=LimitsPart(retries=1, retry_pause=0))
        try:
            await Survey({"noted": found}, inventory, Targets(), network).run(
                [("noted", MailDomain(name)) for name in names]
            )
        finally:
            await network.close()

    asyncio.run(go())
    assert order == names * 2


def test_what_passes_is_observed_and_the_attempts_are_kept() -> None:
    found, calls = survey(Throttled("421 busy"), TimedOut("no greeting"), None, retries=3)
    assert calls == [1, 2, 3]
    assert found.outcomes["built", "example.org"] == Seen(3)
    lines = found.attempts["built", "example.org"]
    assert [line.split(": ", 1)[1] for line in lines] == ["throttled: 421 busy", "timed out: no greeting", "observed"]
    assert lines[0].startswith("attempt 1 at built, ended 20")
    assert found.progress.done == found.progress.total


def test_what_does_not_pass_stays_with_all_attempts() -> None:
    found, calls = survey(Refused("no"), retries=2)
    assert len(calls) == 3
    outcome = found.outcomes["built", "example.org"]
    assert isinstance(outcome, Refused)
    assert len(found.attempts["built", "example.org"]) == len(found.attempts["flaky", "example.org"]) == 3


def test_without_retries_there_is_one_attempt_and_nothing_to_tell() -> None:
    found, calls = survey(Refused("no"), retries=0)
    assert (len(calls), found.attempts) == (1, {})


def test_what_is_seen_at_once_is_not_asked_again() -> None:
    found, calls = survey(None, retries=3)
    assert (len(calls), found.attempts) == (1, {})


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_only_what_may_pass_is_tried_again(kind: type[NotObserved]) -> None:
    transient = {"timed out", "throttled", "refused", "closed early", "server failure", "no TLS now"}
    transient |= {"no file descriptors"}
    assert kind.transient == (kind.kind in transient)
    _, calls = survey(kind("x"), retries=1)
    assert len(calls) == (2 if kind.kind in transient else 1)


def test_attempts_are_in_the_record(tmp_path: Path) -> None:
    key = ("spf", "example.org")
    record = Record(
        "lab",
        "2026-11-22T00:00:00+00:00",
        Targets(),
        {key: TimedOut("x")},
        {},
        {},
        {key: ("attempt 1: secret", "attempt 2")},
    )
    write_record(tmp_path / "r.json", record, lambda text: text.replace("secret", "***"))
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["outcomes"][0]["attempts"] == ["attempt 1: ***", "attempt 2"]

    from mailproof.probes import load_probes

    assert read_record(tmp_path / "r.json", load_probes()).attempts == {key: ("attempt 1: ***", "attempt 2")}


def test_the_dns_client_asks_again_what_failed() -> None:
    async def go() -> tuple[int, int]:
        client = DNSClient(NetSettings())
        calls = 0

        async def fail() -> None:
            nonlocal calls
            calls += 1
            raise ServerFailure("SERVFAIL")

        for forget in (False, False, True):
            if forget:
                before = calls
                client.forget_failures()
            with pytest.raises(ServerFailure):
                await client._once.outcome("key", fail)  # type: ignore[arg-type]
        await client.close()
        return before, calls

    assert asyncio.run(go()) == (1, 2)
