"""What a host behind a filter shows by how it treats a stranger: only what it refuses itself is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.net.errors import NotObserved, TimedOut
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.observations.bypass import Bypass
from mailproof.probes.bypass import bypass
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import FilteredServer, MXEndpoint

from .smtp_world import IMPATIENT, served

DOMAIN = MailDomain("example")
BEHIND = FilteredServer(DOMAIN, MXEndpoint("mail.example", "192.0.2.26", 25, domains=("example",), active=True))
FILTER = MXEndpoint("mx.example", "192.0.2.25", 25, domains=("example",), active=True)


def ask(behaviour: SMTPBehaviour | None, *, filter_answers: bool = True) -> Bypass:
    """What the probe sees of a server; None: nobody listens."""

    async def look(*_: object) -> Any:
        if not filter_answers:
            raise TimedOut("no connection")

    async def run() -> Bypass:
        async with served(behaviour) as (peer, address, port):
            if behaviour is None:
                await peer.stop()
            where = {"192.0.2.26:25": SocketAddress(address, port)}
            limits = replace(IMPATIENT, reply=1.0, tls=1.0)
            network = Network(NetSettings(limits=limits, ehlo_name="probe.test", connect=where))
            try:
                return await bypass(BEHIND, network, look, Targets.collect((DOMAIN, FILTER)))
            finally:
                await network.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    "behaviour",
    [
        None,
        SMTPBehaviour(replies=(("greeting", "554 5.7.1 no service for you"),)),
        SMTPBehaviour(replies=(("EHLO", "550 5.7.1 no"), ("HELO", "550 5.7.1 no"))),
        SMTPBehaviour(faults=(("greeting", "silence"),)),
    ],
)
def test_who_gives_strangers_no_service_is_closed(behaviour: SMTPBehaviour | None) -> None:
    assert ask(behaviour).closed


@pytest.mark.parametrize(
    "behaviour",
    [
        SMTPBehaviour(replies=(("greeting", "421 4.3.2 too busy"),)),
        SMTPBehaviour(starttls="broken"),
        SMTPBehaviour(starttls="stalls"),
        SMTPBehaviour(faults=(("RCPT/TLS", "silence"),)),
        SMTPBehaviour(faults=(("MAIL/TLS", "close"),)),
    ],
)
def test_what_breaks_on_the_way_refuses_nobody(behaviour: SMTPBehaviour) -> None:
    with pytest.raises(NotObserved):
        ask(behaviour)


def test_silence_shows_nothing_where_the_filter_is_silent_as_well() -> None:
    with pytest.raises(TimedOut):
        ask(SMTPBehaviour(faults=(("greeting", "silence"),)), filter_answers=False)


def test_who_takes_the_mail_is_asked_no_further() -> None:
    seen = ask(SMTPBehaviour())
    assert seen.attempt is not None
    assert seen.attempt.accepted
