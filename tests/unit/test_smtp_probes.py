"""What the SMTP probes do with servers that are odd: one hello in a session, TLS first, another start, other lists."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import count
from threading import Thread
from typing import TypeVar

import pytest

from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.gate.verdict import Judgement, Verdict
from mailproof.inventory.model import Inventory
from mailproof.net.errors import TimedOut
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.net.stream import connect
from mailproof.observations.early_talk import EarlyTalk
from mailproof.observations.misuse import HTTPRequests
from mailproof.observations.relay import RelayAttempts
from mailproof.observations.smtp import ClearTextAuth, KeptState, SMTPSession
from mailproof.observations.tls import WithdrawnTLS
from mailproof.probes.early_talk import AT_ONCE, early_talk
from mailproof.probes.misuse import http_requests
from mailproof.probes.relay import relay_attempts
from mailproof.probes.smtp import smtp_session
from mailproof.probes.starttls import clear_text_auth, starttls_state
from mailproof.targets.services import Endpoint, MXEndpoint, SMTPEndpoint, SubmissionEndpoint

from .cases.case import judged
from .observed import ADDRESS, session
from .smtp_world import HOST, QUICK, served

T = TypeVar("T")

TLS_FIRST = (("MAIL", "530 5.7.0 Must issue a STARTTLS command first"), ("MAIL/TLS", "250 2.1.0 Ok"))


def ask(
    where: SocketAddress,
    probe: Callable[[SMTPEndpoint, Network], Awaitable[T]],
    port: int = 25,
    kind: type[SMTPEndpoint] = MXEndpoint,
) -> Awaitable[T]:
    """What the probe sees of the peer that listens at ``where``."""

    async def run() -> T:
        endpoint = kind(HOST, "192.0.2.25", port, domains=("example",), active=True)
        settings = NetSettings(limits=QUICK, ehlo_name="probe.example", connect={f"192.0.2.25:{port}": where})
        network = Network(settings)
        try:
            return await probe(endpoint, network)
        finally:
            await network.close()

    return run()


async def relay(endpoint: Endpoint, network: Network) -> RelayAttempts:
    return await relay_attempts(
        endpoint, network, await smtp_session(endpoint, network), Inventory.model_validate({"domains": ["example.org"]})
    )


async def asks_http(endpoint: SMTPEndpoint, network: Network) -> HTTPRequests:
    return await http_requests(endpoint, network, session())


async def one_hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers the second hello of a session with 503, as OpenSMTPD does."""
    writer.write(b"220 mx.example ESMTP\r\n")
    greeted = False
    while line := await reader.readline():
        verb = line.split()[0].upper()
        if verb == b"QUIT":
            break
        if verb not in (b"HELO", b"EHLO") or greeted:
            writer.write(b"503 5.5.1 Invalid command: Already identified\r\n")
            continue
        greeted = True
        writer.write(b"250 mx.example\r\n" if verb == b"HELO" else b"250-mx.example\r\n250 SIZE 1000\r\n")
    writer.close()


def test_a_server_that_takes_one_hello_is_asked_in_two_sessions() -> None:
    async def run() -> None:
        server = await asyncio.start_server(one_hello, "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()[:2]
            session = await ask(SocketAddress(host, port), smtp_session)
        assert session.helo is not None
        assert session.helo.code == 250
        assert session.ehlo is not None
        assert session.ehlo.code == 250
        assert set(session.extensions) == {"SIZE"}
        assert "Already identified" in "\n".join(session.evidence())

    asyncio.run(run())


def relayed(behaviour: SMTPBehaviour, port: int = 25, kind: type[SMTPEndpoint] = MXEndpoint) -> RelayAttempts:
    async def run() -> RelayAttempts:
        async with served(behaviour) as (_, address, listening):
            return await ask(SocketAddress(address, listening), relay, port, kind)

    return asyncio.run(run())


def test_an_open_relay_behind_tls_is_found() -> None:
    assert relayed(SMTPBehaviour(relay="open", replies=TLS_FIRST)).relayed


def test_a_closed_relay_behind_tls_is_none() -> None:
    seen = relayed(SMTPBehaviour(replies=TLS_FIRST))
    assert not seen.relayed
    assert all(attempt.rcpt is not None for attempt in seen.attempts if attempt.tls)
    assert [attempt.form for attempt in seen.attempts if not attempt.tls] == ["plain"]


def test_an_open_relay_is_found_where_tls_starts_at_once() -> None:
    assert relayed(SMTPBehaviour(relay="open", implicit_tls=True), 465, SubmissionEndpoint).relayed


def test_where_strangers_get_nothing_nothing_is_relayed() -> None:
    seen = relayed(SMTPBehaviour(replies=(("MAIL", "530 5.7.0 Authentication required"),)), 587, SubmissionEndpoint)
    assert not seen.relayed
    assert {attempt.mail.code for attempt in seen.attempts} == {530}
    assert not any(seen.why_undecided(attempt) for attempt in seen.attempts)


def session_of(behaviour: SMTPBehaviour, port: int = 25, kind: type[SMTPEndpoint] = MXEndpoint) -> SMTPSession:
    async def run() -> SMTPSession:
        async with served(behaviour) as (_, address, listening):
            return await ask(SocketAddress(address, listening), smtp_session, port, kind)

    return asyncio.run(run())


def verdict(control: str, session: SMTPSession) -> Judgement:
    at = {"smtp_endpoint": MXEndpoint(HOST, ADDRESS, 25)}
    return judged(control, {"smtp_session": session, "withdrawn_tls": WithdrawnTLS(HOST, ()), **at})


@pytest.mark.parametrize("fault", ["421", "close", "silence"])
@pytest.mark.parametrize("phase", ["STARTTLS", "EHLO/TLS"])
def test_what_was_heard_before_a_late_fault_is_kept(phase: str, fault: str) -> None:
    session = session_of(SMTPBehaviour(faults=((phase, fault),)))  # type: ignore[arg-type]
    for control in ("SMTP-GREET-220", "SMTP-EHLO-HELO", "SMTP-STARTTLS-OFFERED"):
        assert verdict(control, session).verdict is Verdict.PASS
    expected = Verdict.FAIL if phase == "EHLO/TLS" and fault != "silence" else Verdict.INCONCLUSIVE
    assert verdict("SMTP-STARTTLS-WORKS", session).verdict is expected


@pytest.mark.parametrize("newest", ["TLSv1.2", "TLSv1.3"])
def test_who_wants_a_client_certificate_takes_no_mail(newest: str) -> None:
    behaviour = SMTPBehaviour(client_certificate=True, tls_to=newest)  # type: ignore[arg-type]
    found = verdict("SMTP-STARTTLS-WORKS", session_of(behaviour))
    assert found.verdict is Verdict.FAIL
    assert "ERTIFICATE" in found.observed.upper() or "HANDSHAKE" in found.observed.upper()


def test_a_submission_port_that_greets_in_clear_is_one_finding() -> None:
    session = session_of(SMTPBehaviour(), 465, SubmissionEndpoint)
    found = verdict("SMTP-GREET-220", session)
    assert found.verdict is Verdict.FAIL
    assert "greets in clear" in found.observed
    assert verdict("SMTP-EHLO-HELO", session).left_to == "SMTP-GREET-220"


def test_a_submission_port_that_starts_with_tls_is_one_finding() -> None:
    session = session_of(SMTPBehaviour(implicit_tls=True), 587, SubmissionEndpoint)
    found = verdict("SMTP-GREET-220", session)
    assert found.verdict is Verdict.FAIL
    assert "TLS starts at once" in found.observed
    assert verdict("SMTP-EHLO-HELO", session).left_to == "SMTP-GREET-220"


async def turns(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: Iterator[int]) -> None:
    """A balancer's two servers: every second connection is not offered STARTTLS."""
    offered = b"" if next(number) % 2 else b"250-STARTTLS\r\n"
    writer.write(b"220 mx.example ESMTP\r\n")
    while line := await reader.readline():
        verb = line.split()[0].upper()
        match verb:
            case b"EHLO":
                writer.write(b"250-mx.example\r\n" + offered + b"250 SIZE 1000\r\n")
            case b"STARTTLS":
                writer.write(b"454 4.7.0 TLS not available\r\n")
            case b"QUIT":
                break
            case _:
                writer.write(b"250 mx.example\r\n")
    writer.close()


@pytest.mark.parametrize(("first", "says"), [(0, "the first of two sessions"), (1, "the second of two sessions")])
def test_a_list_that_differs_between_two_sessions_is_a_finding(first: int, says: str) -> None:
    async def run() -> SMTPSession:
        number = count(first)
        server = await asyncio.start_server(lambda r, w: turns(r, w, number), "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()[:2]
            return await ask(SocketAddress(host, port), smtp_session)

    session = asyncio.run(run())
    found = verdict("SMTP-STARTTLS-OFFERED", session)
    assert found.verdict is Verdict.FAIL
    assert says in found.observed
    assert "\n".join(session.evidence()).count("EHLO probe.example") == 2


@pytest.mark.parametrize("active", [False, True])
def test_auth_without_an_offer_is_said_with_consent_only(active: bool) -> None:
    async def run() -> tuple[ClearTextAuth, list[str]]:
        async with served(SMTPBehaviour()) as (peer, address, listening):

            async def look(endpoint: Endpoint, network: Network) -> ClearTextAuth:
                endpoint = replace(endpoint, active=active)
                return await clear_text_auth(endpoint, network, await smtp_session(endpoint, network))

            return await ask(SocketAddress(address, listening), look), peer.commands()

    seen, commands = asyncio.run(run())
    assert ("AUTH PLAIN" in commands) is active
    assert (seen.reply is not None) is active
    assert judged("AUTH-AFTER-TLS", {"clear_text_auth": seen}).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("behaviour", "verdict"),
    [
        (SMTPBehaviour(), Verdict.PASS),
        (SMTPBehaviour(starttls="remembers"), Verdict.FAIL),
        (SMTPBehaviour(replies=(("RCPT", "250 2.1.5 at any time"),)), Verdict.PASS),
        (SMTPBehaviour(starttls="absent"), Verdict.NOT_APPLICABLE),
    ],
)
def test_state_that_is_kept_over_starttls(behaviour: SMTPBehaviour, verdict: Verdict) -> None:
    async def run() -> KeptState:
        async with served(behaviour) as (_, address, listening):

            async def look(endpoint: Endpoint, network: Network) -> KeptState:
                return await starttls_state(endpoint, network, await smtp_session(endpoint, network))

            return await ask(SocketAddress(address, listening), look)

    assert judged("STARTTLS-STATE", {"starttls_state": asyncio.run(run())}).verdict is verdict


@pytest.mark.parametrize(
    ("behaviour", "verdict"),
    [
        (SMTPBehaviour(), Verdict.ADVICE),
        (SMTPBehaviour(greeting_delay=0.3, early_talk="refused"), Verdict.PASS),
        (SMTPBehaviour(replies=(("RCPT", "550 5.5.1 Protocol error"),)), Verdict.PASS),
        (SMTPBehaviour(replies=(("RCPT", "550 5.1.1 No such user"),)), Verdict.ADVICE),
        (SMTPBehaviour(replies=(("MAIL", "550 5.7.3 Not you"), ("RCPT", "503 5.5.1 MAIL first"))), Verdict.ADVICE),
        (SMTPBehaviour(replies=(("EHLO", "503 5.5.0 improper command pipelining"),)), Verdict.PASS),
    ],
)
def test_what_an_early_talker_shows(behaviour: SMTPBehaviour, verdict: Verdict) -> None:
    async def run() -> EarlyTalk:
        async with served(behaviour) as (_, address, listening):
            return await ask(SocketAddress(address, listening), early_talk)

    assert judged("EARLYTALK", {"early_talk": asyncio.run(run())}).verdict is verdict


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A tarpit: it greets, and then takes longer for a reply than anybody waits."""
    writer.write(b"220 mx.example ESMTP\r\n")
    await reader.readline()
    writer.write(b"250 ")
    await reader.read()
    writer.close()


@pytest.mark.parametrize("look", [early_talk, asks_http])
def test_a_tarpit_shows_nothing(look: Callable[[SMTPEndpoint, Network], Awaitable[object]]) -> None:
    async def run() -> None:
        async with await asyncio.start_server(drips, "127.0.0.1", 0) as server:
            await ask(SocketAddress(*server.sockets[0].getsockname()[:2]), look)

    with pytest.raises(TimedOut, match="under way"):
        asyncio.run(run())


def test_a_tester_that_is_too_slow_proves_nothing() -> None:
    """The event loop stands still until after a greeting that was held back: the kernel tells which was first."""

    async def run() -> tuple[float | None, float | None]:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        where = SocketAddress(*listening.getsockname())

        def greet_late() -> None:
            accepted, _ = listening.accept()
            time.sleep(0.8)
            accepted.sendall(b"220 mx.example\r\n")
            accepted.close()

        greeter = Thread(target=greet_late)
        greeter.start()
        opening = asyncio.ensure_future(connect(where, 5, b"EHLO x\r\n"))
        await asyncio.sleep(0)
        greeter.join()  # nothing else runs in this loop meanwhile
        late = (await opening).peer_waited
        early = (await connect(where, 5, b"EHLO x\r\n")).peer_waited
        listening.close()
        return late, early

    late, early = asyncio.run(run())
    assert early is None
    assert late is not None
    assert late >= AT_ONCE
