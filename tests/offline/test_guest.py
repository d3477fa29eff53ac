"""Manners of a guest: nothing is contacted but the inventory and what its DNS names, and nothing is ever sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailproof.expedition import Expedition
from mailproof.fixtures.world import World
from mailproof.inventory.load import load_inventory
from mailproof.probes import load_probes
from tests.offline.user import SOURCE, pytest_run, write_inventory

AUDIT = '''
"""A pytest plugin that notes every address that any socket of the process is told to talk to."""
import json, sys

seen = set()

def note(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        seen.add(str(arguments[1][0]) if isinstance(arguments[1], tuple) else str(arguments[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        seen.add(f"{event} {arguments[0]}")

sys.addaudithook(note)

def pytest_unconfigure():
    with open("contacted.json", "w") as file:
        json.dump(sorted(seen), file)
'''


def test_an_offline_run_never_leaves_loopback(tmp_path: Path) -> None:
    (tmp_path / "audit.py").write_text(AUDIT)
    write_inventory(tmp_path, "domains: [right.example, unreachable.example]\n")
    run = pytest_run(tmp_path, "-p", "audit", "--inventory", "prod.yaml", environment={"PYTHONPATH": str(tmp_path)})
    assert run.code == 1
    contacted = set(json.loads((tmp_path / "contacted.json").read_text()))
    assert contacted
    local = {address for address in contacted if address == "::1" or address.startswith("127.")}
    lookups_of_addresses = {entry for entry in contacted if entry.startswith("socket.getaddrinfo 127.")}
    assert contacted - local - lookups_of_addresses <= {"socket.getaddrinfo localhost", "socket.getaddrinfo ::1"}


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The demo world after everything was observed of two of its domains; it holds twenty others."""
    file = write_inventory(
        tmp_path_factory.mktemp("visited"),
        "domains: [open-relay.example, no-starttls.example]\n"
        "sending: [{address: 11.2.1.10, helo: out.right.example, domains: [open-relay.example]}]\n",
    )
    loaded, probes = load_inventory(file), load_probes()
    with World.load(SOURCE / "fixtures" / "worlds" / "demo") as world:
        with Expedition(loaded, probes, world.settings(loaded.model.net_settings())) as expedition:
            targets = expedition.discover()
            wanted = [(name, target) for name, probe in probes.items() for target in targets.of(probe.target)]
            record = expedition.survey(wanted)
        assert not any("internal error" in repr(outcome) for outcome in record.outcomes.values())
    return world


NAMED = (
    "open-relay.example",
    "no-starttls.example",
    "hosting.example",  # their name servers and policy hosts, named by their zones
    "right.example",  # the HELO name in the inventory
    "nic.example",  # the name servers of the parent, which delegates them
    "in-addr.arpa",
    "ip6.arpa",
)


def test_only_names_that_the_inventory_or_its_dns_names_are_asked_about(visited: World) -> None:
    asked = {name for questions in visited.questions.values() for name, _ in questions}
    assert any(name.endswith("open-relay.example") for name in asked)
    parents = {".", "example", "_dmarc.example", "arpa"}
    # Asked of the zone's own name servers alone: whether they recurse for strangers, and tell their version.
    elsewhere = {"a.root-servers.net", "version.bind"}
    resolved = {name for name, _ in visited.questions["resolver"]}
    assert not resolved & elsewhere
    # The origin service: the inventory's `routing` names another, or none. It is asked for itself first, and as it does
    # not exist here, for nothing below it.
    services = {"origin.asn.cymru.com"}
    strangers = {name for name in asked if not name.endswith(NAMED)} - parents - elsewhere - services
    assert strangers == set()


def test_only_servers_of_the_inventory_are_connected_to(visited: World) -> None:
    connected = {host for host, count in visited.connections().items() if count and host.endswith(":25")}
    assert connected == {"mx.open-relay.example:25", "mx.no-starttls.example:25", "mx2.hosting.example:25"}
    asked = {request.sni for request in visited.policy_host("mta-sts.open-relay.example").asked}
    assert asked <= {"mta-sts.open-relay.example", "mta-sts.no-starttls.example"}


def test_no_message_is_ever_sent(visited: World) -> None:
    commands = [command.upper() for command in visited.peer("mx.open-relay.example").commands()]
    assert any(command.startswith("RCPT TO:") for command in commands)
    assert not any(command.startswith(("DATA", "BDAT")) for command in commands)


def test_transactions_are_taken_back(visited: World) -> None:
    peer = visited.peer("mx.open-relay.example")
    begun = 0
    for number in range(1, peer.connections + 1):
        ends = [
            verb
            for command in peer.commands(number)
            if (verb := command.upper().partition(" ")[0]) in ("MAIL", "RSET", "EHLO", "STARTTLS")
        ]
        begun += ends.count("MAIL")
        assert ends[-1:] != ["MAIL"], f"connection {number} ends inside a transaction"
    assert begun


def test_without_consent_nothing_active_is_said(tmp_path: Path) -> None:
    file = write_inventory(tmp_path, "domains: [open-relay.example]\nactive: false\nlimits: {pause: 0}\n", fast=False)
    loaded, probes = load_inventory(file), load_probes()
    with World.load(SOURCE / "fixtures" / "worlds" / "demo") as world:
        with Expedition(loaded, probes, world.settings(loaded.model.net_settings())) as expedition:
            targets = expedition.discover()
            expedition.survey([(n, t) for n, p in probes.items() for t in targets.of(p.target)])
        commands = [command.upper() for command in world.peer("mx.open-relay.example").commands()]
    assert "EHLO PROBE.RIGHT.EXAMPLE" not in commands
    assert not any(command.startswith(("MAIL", "RCPT", "VRFY", "EXPN")) for command in commands)
