"""Whom a run never contacts, how it is stopped, and by what number its traces can be told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import load_inventory
from mailproof.inventory.model import Domain, Inventory
from mailproof.net.avoided import Avoided
from mailproof.net.dns.client import DNSClient
from mailproof.net.errors import BoundReached, NotFollowed
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.observations.smtp import SMTPSession
from mailproof.probes.made_up import made_up_mailbox
from mailproof.probes.probe import probe, read_probe
from mailproof.survey import Survey
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain

AVOIDED = Avoided.of(["192.0.2.0/24", "2001:db8::25", "example.net"])


@pytest.mark.parametrize(
    ("address", "host", "entry"),
    [
        ("192.0.2.1", None, "192.0.2.0/24"),
        ("192.0.3.1", "mx.example.org", ""),
        ("::ffff:192.0.2.7", None, "192.0.2.0/24"),
        ("2001:db8::25", "mx.example.org", "2001:db8::25/128"),
        ("2001:db8::26", "", ""),
        ("198.51.100.1", "example.net", "example.net"),
        ("198.51.100.1", "MX.Example.NET.", "example.net"),
        ("198.51.100.1", "notexample.net", ""),
        ("no address", "", ""),
    ],
)
def test_networks_and_names_are_avoided(address: str, host: str | None, entry: str) -> None:
    assert AVOIDED.entry(address, host) == entry


def test_nothing_allows_to_contact_who_is_avoided() -> None:
    here = SocketAddress("127.0.0.1", 2525)
    settings = NetSettings(
        avoided=Avoided.of(["198.51.100.0/24", "127.0.0.1"]),
        connect={"198.51.100.1:25": SocketAddress("127.0.0.2", 2525), "203.0.113.1:25": here},
        allow_private=True,
    )
    for address in ("198.51.100.1", "203.0.113.1", "127.0.0.1"):
        with pytest.raises(NotFollowed, match="do_not_contact"):
            settings.destination(address, 25)
    assert not settings.may_contact("198.51.100.1", 25)
    assert settings.may_contact("203.0.113.2", 25)
    assert settings.real_place("203.0.113.1", 25) == here


def test_a_server_that_is_avoided_gets_no_question() -> None:
    async def ask() -> None:
        async with DNSClient(NetSettings(avoided=Avoided.of(["127.0.0.0/8"]), resolvers=())) as dns:
            with pytest.raises(NotFollowed):
                await dns.ask("127.0.0.9", "example.org", "SOA")
            assert not dns.questions

    asyncio.run(ask())


def test_what_is_avoided_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("domains: [example.org]\ndo_not_contact: [192.0.2.0/24, 2001:DB8::1, Example.NET]\n")
    assert load_inventory(file).model.do_not_contact == ["192.0.2.0/24", "2001:db8::1", "example.net"]
    for wrong in ("AS64496", "64496", "192.0.2.1/24", "http://example.net", "192.0.2.0/24, 192.0.2.0/24"):
        file.write_text(f"domains: [example.org]\ndo_not_contact: [{wrong}]\n")
        with pytest.raises(InventoryError, match="do_not_contact"):
            load_inventory(file)


def test_the_sender_tells_the_run(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text('domains: [example.org]\nprobe: {sender: "prober+{run}@probe.example"}\n')
    settings = load_inventory(file).model.net_settings()
    assert settings.of_run("1a2b3c4d").sender == "prober+1a2b3c4d@probe.example"
    assert settings.of_run("1a2b3c4d").run == "1a2b3c4d"
    names = {made_up_mailbox("example.org", settings.of_run(run).sender) for run in ("1a2b3c4d", "5e6f7a8b")}
    assert names == {made_up_mailbox("example.org", "prober@probe.example")}
    file.write_text('domains: [example.org]\nprobe: {sender: "{run}@probe.example"}\n')
    with pytest.raises(InventoryError, match="behind a plus sign"):
        load_inventory(file)


def test_a_stop_file_ends_what_is_under_way(tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    ended: list[str] = []

    @probe()
    async def endless(domain: MailDomain) -> SMTPSession:
        stop.touch()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(domain.name)
        raise AssertionError

    endless.__annotations__ = {"domain": MailDomain, "return": SMTPSession}
    found = read_probe(endless)
    assert found is not None

    async def run() -> Survey:
        network = Network(NetSettings())
        inventory = Inventory(domains=[Domain(name="example.org")])
        survey = Survey({"endless": found}, inventory, Targets(), network, bound=3000, stop_file=stop)
        try:
            await survey.run([("endless", MailDomain("example.org"))])
        finally:
            await network.close()
        return survey

    outcome = asyncio.run(run()).outcomes["endless", "example.org"]
    assert isinstance(outcome, BoundReached)
    assert outcome.reason == "the run was stopped: there is a file stop"
    assert ended == ["example.org"]


@pytest.mark.parametrize("address", ["::ffff:192.0.2.5", "64:ff9b::c000:205", "2002:c000:205::1"])
def test_an_ipv4_address_inside_an_ipv6_one_is_avoided_too(address: str) -> None:
    assert Avoided.of(["192.0.2.0/24"]).entry(address) == "192.0.2.0/24"
    assert not Avoided.of(["198.51.100.0/24", "2001:db8::/32"]).entry(address)
    assert Avoided.of(["::ffff:192.0.2.0/120"]).entry("192.0.2.5")
