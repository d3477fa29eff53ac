"""What a server is asked for that refuses what right servers take, and how long a session becomes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.gate.verdict import Verdict
from mailproof.inventory.model import Inventory
from mailproof.net import refusals
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.observations.recipients import OUTSIDER
from mailproof.observations.relay import RelayAttempts
from mailproof.observations.smtp import ClearTextAuth
from mailproof.probes.relay import relay_attempts
from mailproof.probes.series import FORMS_A_SESSION, Form, Series
from mailproof.probes.smtp import smtp_session
from mailproof.probes.starttls import clear_text_auth
from mailproof.targets.services import MXEndpoint, SubmissionEndpoint

from .cases.case import judged
from .smtp_world import HOST, QUICK, served

ENDPOINT = MXEndpoint(HOST, "192.0.2.25", 25, domains=("example",), active=True)
SENDER = "prober@probe.example"
ROLES = [Form(f"role {n}", SENDER, f"role{n}@example") for n in range(30)]
UNKNOWN = Form("unknown", SENDER, "nobody@example", refused=True)
ELSEWHERE = Form(OUTSIDER, SENDER, "nobody@outside.example", kept=0)
TAKES = SMTPBehaviour(recipients=tuple(form.name.replace(" ", "") for form in ROLES))


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer is on this machine, which may always be asked; here it is not."""
    monkeypatch.setattr(refusals, "is_here", lambda _: False)


def settings_of(address: str, port: int, most: int) -> NetSettings:
    return NetSettings(
        limits=replace(QUICK, refusals=most),
        ehlo_name="probe.example",
        connect={"192.0.2.25:25": SocketAddress(address, port)},
    )


def asked(behaviour: SMTPBehaviour, *rounds: Sequence[Form], most: int = 4, before: int = 0) -> tuple[Series, int]:
    """The series of all rounds, and the sessions that it took; ``before`` it, so much was refused."""

    async def run() -> tuple[Series, int]:
        async with served(behaviour) as (peer, address, port):
            network = Network(settings_of(address, port, most))
            for _ in range(before):
                network.refusals.count(ENDPOINT)
            series = Series(ENDPOINT, network, tls=False, sessions=30)
            try:
                for forms in rounds:
                    await series.ask(forms)
            finally:
                await network.close()
            return series, peer.connections

    return asyncio.run(run())


def names(series: Series) -> list[str]:
    return [attempt.form for attempt in series.attempts]


def test_a_session_is_left_before_a_server_minds_its_length() -> None:
    series, sessions = asked(TAKES, ROLES)
    assert len(series.attempts) == len(ROLES)
    assert sessions == -(-len(ROLES) // FORMS_A_SESSION)


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_server_that_refuses_what_others_take_refuses_no_more_than_it_may(before: int) -> None:
    behaviour = SMTPBehaviour(recipients=())
    series, _ = asked(behaviour, [*ROLES, UNKNOWN], [ELSEWHERE], before=before)
    assert before + len(series.attempts) == 4
    assert names(series)[-1] == OUTSIDER
    assert "may refuse us no more than 4" in series.untried
    many, _ = asked(behaviour, [*ROLES, UNKNOWN], [ELSEWHERE], most=1000)
    assert len(many.attempts) == len(ROLES) + 2


def test_what_a_right_server_takes_is_asked_for_whatever_it_has_refused() -> None:
    series, _ = asked(TAKES, [*ROLES, UNKNOWN], before=4)
    assert names(series) == [form.name for form in ROLES]


def test_what_others_ask_meanwhile_is_counted_at_once() -> None:
    async def run() -> int:
        async with served(SMTPBehaviour(recipients=())) as (_, address, port):
            settings = settings_of(address, port, 4)
            network = Network(replace(settings, limits=replace(settings.limits, connections_per_host=8)))
            many = [Series(ENDPOINT, network, tls=False, sessions=4, kept=0) for _ in range(8)]
            try:
                await asyncio.gather(*(one.ask([UNKNOWN]) for one in many))
            finally:
                await network.close()
            return sum(len(one.attempts) for one in many)

    assert asyncio.run(run()) == 4


@pytest.mark.parametrize(("before", "said"), [(0, True), (4, False)])
def test_auth_without_an_offer_counts_as_a_refusal(before: int, said: bool) -> None:
    async def run() -> tuple[ClearTextAuth, bool]:
        async with served(SMTPBehaviour()) as (_, address, port):
            network = Network(settings_of(address, port, 4))
            for _ in range(before):
                network.refusals.count(ENDPOINT)
            try:
                session = await smtp_session(ENDPOINT, network)
                seen = await clear_text_auth(ENDPOINT, network, session)
                return seen, network.refusals.has_room(ENDPOINT, kept=3)
            finally:
                await network.close()

    seen, room = asyncio.run(run())
    assert (seen.reply is not None) is said
    assert not room


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS at once"])
def test_a_right_server_passes_for_no_open_relay_within_the_usual_limits(implicit: bool) -> None:
    """Whatever else was refused before: two are kept for it. The tricks are not asked then."""

    async def run() -> RelayAttempts:
        async with served(SMTPBehaviour(implicit_tls=implicit)) as (_, address, port):
            kind, at = (SubmissionEndpoint, 465) if implicit else (MXEndpoint, 25)
            endpoint = kind(HOST, "192.0.2.25", at, domains=("example",), active=True)
            connect = {f"192.0.2.25:{at}": SocketAddress(address, port)}
            network = Network(replace(settings_of(address, port, 4), connect=connect))
            for _ in range(2):
                network.refusals.count(endpoint)
            try:
                return await relay_attempts(
                    endpoint,
                    network,
                    await smtp_session(endpoint, network),
                    Inventory.model_validate({"domains": ["example.org"]}),
                )
            finally:
                await network.close()

    seen = asyncio.run(run())
    assert sum(not attempt.accepted for attempt in seen.attempts) == 2
    assert judged("SMTP-NO-OPEN-RELAY", {"relay_attempts": seen}).verdict is Verdict.PASS
    assert judged("RELAY-MATRIX", {"relay_attempts": seen}).verdict is Verdict.NOT_APPLICABLE
