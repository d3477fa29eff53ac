"""The deep scan: through the door, counted, inconclusive where sslyze fails, and over when it is cancelled."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.inventory.model import Inventory
from mailproof.net.errors import BoundReached, NotAvailable, Refused
from mailproof.net.hosts import Hosts
from mailproof.net.network import Network
from mailproof.net.settings import Limits, NetSettings, SocketAddress
from mailproof.net.tls import scan as scanning
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.handshakes import TLSClient
from mailproof.net.tls.scan import MOST_SCANNED, Robot, ScanQuestion
from mailproof.observations.tls import EARLY_DATA, TLSDeepScan, TLSOffers
from mailproof.probes import load_probes
from mailproof.probes.probe import Outcome
from mailproof.survey import Survey
from mailproof.targets.base import Targets
from mailproof.targets.services import MXEndpoint

from .smtp_world import HOST, QUICK, served

ADDRESS = "192.0.2.25"

SESSIONS = 2
"""Connections of the dialogue: in clear, and up to the end of the handshake."""


def surveyed(behaviour: SMTPBehaviour | None, limits: Limits = QUICK) -> tuple[Outcome, int]:
    """What the probe sees of a peer that the connect map leads to, and the connections counted there."""
    endpoint = MXEndpoint(HOST, ADDRESS, 25, domains=("example.org",), scan=True)
    inventory = Inventory.model_validate({"domains": ["example.org"]})

    async def run() -> tuple[Outcome, int]:
        async with served(behaviour) as (peer, address, port):
            connect = {f"{ADDRESS}:25": SocketAddress(address, port)}
            network = Network(NetSettings(limits=limits, ehlo_name="probe.example", connect=connect))
            survey = Survey(load_probes(), inventory, Targets.collect([endpoint]), network)
            try:
                await survey.run([("tls_deep_scan", endpoint)])
            finally:
                await network.close()
            assert network.hosts.connections[ADDRESS] == peer.connections
            assert {heard.command for heard in peer.heard if heard.command.startswith("EHLO")} == {"EHLO probe.example"}
            return survey.outcomes["tls_deep_scan", endpoint.id], peer.connections

    return asyncio.run(run())


def test_a_right_server() -> None:
    seen, connections = surveyed(None)
    assert isinstance(seen, TLSDeepScan)
    assert seen.scan is not None
    assert (seen.scan.heartbleed, seen.scan.early_ccs, seen.scan.robot) == (False, False, Robot.NO_RSA)
    assert (seen.scan.secure_renegotiation, seen.scan.client_renegotiations) == (True, 0)
    assert (seen.early_data, seen.unanswered) == (0, ())
    assert seen.scan.connections <= MOST_SCANNED
    assert seen.scan.connections < connections  # hellos, the session and the ticket come on top


def test_without_starttls_there_is_nothing_to_scan() -> None:
    seen, connections = surveyed(SMTPBehaviour(starttls="absent"))
    assert isinstance(seen, TLSDeepScan)
    assert seen.scan is None
    assert connections <= 2


def test_a_server_without_tls_1_3_takes_no_early_data() -> None:
    seen, _ = surveyed(SMTPBehaviour(tls_to="TLSv1.2"))
    assert isinstance(seen, TLSDeepScan)
    assert (seen.early_data, [entry.question for entry in seen.unanswered]) == (None, [])
    seen.require(EARLY_DATA)


@pytest.mark.parametrize(("wanted", "handshakes"), [(["certificates"], 3), (["certificates", "tls_offers"], 2)])
def test_certificates_are_not_asked_for_twice_where_hellos_are_planned(wanted: list[str], handshakes: int) -> None:
    endpoint = MXEndpoint(HOST, ADDRESS, 25, domains=("example.org",))
    inventory = Inventory.model_validate({"domains": ["example.org"]})

    async def run() -> None:
        async with served(SMTPBehaviour(tls_to="TLSv1.2")) as (peer, address, port):
            connect = {f"{ADDRESS}:25": SocketAddress(address, port)}
            network = Network(NetSettings(limits=QUICK, ehlo_name="probe.example", connect=connect))
            survey = Survey(load_probes(), inventory, Targets.collect([endpoint]), network)
            try:
                await survey.run([(name, endpoint) for name in wanted])
            finally:
                await network.close()
            found = survey.outcomes.get(("tls_offers", endpoint.id))
            hellos = found.offers.connections if isinstance(found, TLSOffers) and found.offers else 0
            assert peer.connections - hellos == SESSIONS + handshakes

    asyncio.run(run())


def deep_scanner() -> TLSClient:
    return TLSClient(NetSettings(limits=QUICK), Hosts(QUICK))


def scanned(peer: TLSPeer) -> Any:
    async def run() -> Any:
        async with deep_scanner() as client:
            return await client.scan(peer)

    return asyncio.run(run())


def test_nobody_listens() -> None:
    with pytest.raises(Refused):
        scanned(TLSPeer("127.0.0.1", 1, HOST, None))


def test_a_protocol_whose_starttls_sslyze_does_not_speak() -> None:
    with pytest.raises(NotAvailable, match="no STARTTLS of sieve"):
        scanned(TLSPeer("127.0.0.1", 1, HOST, "sieve"))


def test_a_server_that_declines_every_handshake_cannot_be_scanned() -> None:
    async def run() -> None:
        behaviour = SMTPBehaviour(starttls="alert")
        async with served(behaviour) as (_, address, port), deep_scanner() as client:
            await client.scan(TLSPeer(address, port, HOST, "smtp"))

    with pytest.raises(NotAvailable, match="sslyze cannot scan"):
        asyncio.run(run())


def test_the_bound_of_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MOST_SCANNED", 0)
    with pytest.raises(BoundReached, match="all that it may take"):
        scanned(TLSPeer("127.0.0.1", 1, HOST, None))


def test_a_bug_in_sslyze_leaves_one_question_open(monkeypatch: pytest.MonkeyPatch) -> None:
    from sslyze.plugins import heartbleed_plugin

    def broken(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(heartbleed_plugin, "_test_heartbleed", broken)
    seen, _ = surveyed(None)
    assert isinstance(seen, TLSDeepScan)
    assert seen.scan is not None
    assert (seen.scan.heartbleed, seen.scan.early_ccs) == (None, False)
    (entry,) = seen.unanswered
    assert entry.question == ScanQuestion.HEARTBLEED
    assert "BUG_IN_SSLYZE: KeyError" in entry.reason


def test_cancellation_ends_the_scan_and_its_threads() -> None:
    async def run() -> None:
        behaviour = SMTPBehaviour(starttls="stalls")
        async with served(behaviour) as (peer, address, port), deep_scanner() as client:
            task = asyncio.create_task(client.scan(TLSPeer(address, port, HOST, "smtp")))
            await peer.until("STARTTLS")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    before = set(threading.enumerate())
    asyncio.run(run())
    assert set(threading.enumerate()) <= before
