"""Wrong passwords: how often they are said, what is kept, and how probable chance is."""

from __future__ import annotations

import asyncio

import pytest

from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.fixtures.smtp_peer import SMTPPeer
from mailproof.gate.verdict import Verdict
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.observations.guessed_logins import GuessedLogins, at_most
from mailproof.observations.smtp import SMTPSession
from mailproof.probes.guessed_logins import IN_A_ROW, ROUNDS, guessed_logins
from mailproof.probes.smtp import smtp_session
from mailproof.targets.guessed_logins import GuessedLogin
from mailproof.targets.services import SubmissionEndpoint

from .cases.case import judged
from .smtp_world import HOST, QUICK, served

USER = "probe@example.org"


def seen_of(behaviour: SMTPBehaviour) -> tuple[GuessedLogins, SMTPPeer]:
    """What the probe sees of a server, and the server."""

    async def run() -> tuple[GuessedLogins, SMTPPeer]:
        async with served(behaviour) as (peer, address, port):
            endpoint = SubmissionEndpoint(HOST, "192.0.2.25", 587, domains=("example.org",), active=True)
            connect = {"192.0.2.25:587": SocketAddress(address, port)}
            network = Network(NetSettings(limits=QUICK, ehlo_name="probe.example", connect=connect))
            session = await smtp_session(endpoint, network)

            async def look(_: object, target: object) -> SMTPSession:
                return session

            try:
                return await guessed_logins(GuessedLogin(USER, endpoint), network, look), peer
            finally:
                await network.close()

    return asyncio.run(run())


def verdict_of(control: str, seen: GuessedLogins) -> Verdict:
    return judged(control, {"guessed_logins": seen}).verdict


def test_a_server_that_answers_alike_and_ends_the_session() -> None:
    seen, peer = seen_of(SMTPBehaviour(auth_in_tls=("PLAIN",), auth_limit=3, logins=(USER,)))
    assert len(seen.logins) == 2 * ROUNDS
    assert (len(seen.row), seen.closed) == (3, True)
    assert verdict_of("AUTH-BRUTEFORCE", seen) is Verdict.PASS
    assert not [heard for heard in peer.heard if heard.command.startswith("AUTH") and not heard.tls]
    assert not set(seen.replies(known=True)) ^ set(seen.replies(known=False))


def test_a_server_that_tells_users_apart_and_has_no_limit() -> None:
    behaviour = SMTPBehaviour(auth_in_tls=("PLAIN",), logins=(USER,), auth_reply_to_others="550 5.1.1 No such user")
    seen, _ = seen_of(behaviour)
    assert (len(seen.row), seen.closed) == (IN_A_ROW, False)
    assert verdict_of("SMTP-USER-ENUM", seen) is Verdict.ADVICE
    assert verdict_of("AUTH-BRUTEFORCE", seen) is Verdict.ADVICE


def test_without_auth_nothing_is_said() -> None:
    seen, peer = seen_of(SMTPBehaviour())
    assert not seen.offered
    assert not [heard for heard in peer.heard if heard.command.startswith("AUTH")]


@pytest.mark.parametrize(
    ("wins", "first", "second", "probability"),
    [(0, 2, 2, 1 / 6), (1, 2, 2, 2 / 6), (4, 2, 2, 1.0), (0, 10, 10, 1 / 184756), (0.5, 2, 2, 2 / 6)],
)
def test_the_probability_of_an_order(wins: float, first: int, second: int, probability: float) -> None:
    assert at_most(wins, first, second) == pytest.approx(probability)
