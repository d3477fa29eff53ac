"""The conversation that no sender has: nothing is delivered by it, whatever the server does."""

from __future__ import annotations

import asyncio

import pytest

from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.fixtures.smtp_peer import SMTPPeer
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.observations.conversation import Conversation, Step
from mailproof.probes.conversation import conversation, size_limit
from mailproof.probes.smtp import smtp_session
from mailproof.targets.services import MXEndpoint

from .smtp_world import HOST, QUICK, served

_OFFERED = ("PIPELINING", "SIZE 10240000", "CHUNKING")


def seen_of(behaviour: SMTPBehaviour) -> tuple[Conversation, SMTPPeer]:
    """What the probe sees of a server, and the server."""

    async def run() -> tuple[Conversation, SMTPPeer]:
        async with served(behaviour) as (peer, address, port):
            endpoint = MXEndpoint(HOST, "192.0.2.25", 25, domains=("example",), active=True)
            connect = {"192.0.2.25:25": SocketAddress(address, port)}
            network = Network(NetSettings(limits=QUICK, ehlo_name="probe.example", connect=connect))
            try:
                return await conversation(endpoint, network, await smtp_session(endpoint, network)), peer
            finally:
                await network.close()

    return asyncio.run(run())


@pytest.mark.parametrize(("rset", "asked"), [("250 2.0.0 Ok", True), ("502 5.5.1 what?", False)])
def test_bdat_is_not_said_where_recipients_may_be_left(rset: str, asked: bool) -> None:
    seen, peer = seen_of(SMTPBehaviour(keywords=_OFFERED, replies=(("RSET", rset), ("RSET/TLS", rset))))
    assert seen.recipients or seen.pipelined
    assert (seen.find(Step.BDAT) is not None) is asked
    assert not any(heard.command.upper().startswith("DATA") for heard in peer.heard)


@pytest.mark.parametrize("recipients", [("postmaster",), ()], ids=["right", "no postmaster"])
def test_no_session_has_more_than_two_refusals(recipients: tuple[str, ...]) -> None:
    keywords = (*_OFFERED, "SMTPUTF8", "8BITMIME", "DSN", "HELP")
    seen, _ = seen_of(SMTPBehaviour(keywords=keywords, recipients=recipients, error_limit=3))
    assert not [said for said in seen.said if "421" in said.why]
    assert not seen.not_pipelined
    assert not seen.fewer_recipients


@pytest.mark.parametrize(
    ("told", "limit"), [("10240000", 10240000), ("0", None), ("18446744073709551615", None), ("x", None), ("", None)]
)
def test_limits_of_messages(told: str, limit: int | None) -> None:
    assert size_limit({"SIZE": tuple(told.split())}) == limit
