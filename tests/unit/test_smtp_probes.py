"""What the SMTP probes do with servers that take one hello in a session, or want TLS first (OpenSMTPD, Dovecot)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mailproof.fixtures.smtp_peer import SMTPBehaviour
from mailproof.inventory.targets import Endpoint, Role
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings, SocketAddress
from mailproof.observations.relay import RelayAttempts
from mailproof.probes.relay import relay_attempts
from mailproof.probes.smtp import smtp_session

from .smtp_world import HOST, QUICK, served

T = TypeVar("T")

TLS_FIRST = (("MAIL", "530 5.7.0 Must issue a STARTTLS command first"), ("MAIL/TLS", "250 2.1.0 Ok"))


def ask(
    where: SocketAddress, probe: Callable[[Endpoint, Network], Awaitable[T]], port: int = 25, role: Role = Role.MX
) -> Awaitable[T]:
    """What the probe sees of the peer that listens at ``where``."""

    async def run() -> T:
        endpoint = Endpoint(HOST, "192.0.2.25", port, role, ("example",), True)
        settings = NetSettings(limits=QUICK, ehlo_name="probe.example", connect={f"192.0.2.25:{port}": where})
        network = Network(settings)
        try:
            return await probe(endpoint, network)
        finally:
            await network.close()

    return run()


async def relay(endpoint: Endpoint, network: Network) -> RelayAttempts:
    return await relay_attempts(endpoint, network, await smtp_session(endpoint, network))


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


def relayed(behaviour: SMTPBehaviour, port: int = 25, role: Role = Role.MX) -> RelayAttempts:
    async def run() -> RelayAttempts:
        async with served(behaviour) as (_, address, listening):
            return await ask(SocketAddress(address, listening), relay, port, role)

    return asyncio.run(run())


def test_an_open_relay_behind_tls_is_found() -> None:
    assert relayed(SMTPBehaviour(relay="open", replies=TLS_FIRST)).relayed


def test_a_closed_relay_behind_tls_is_none() -> None:
    seen = relayed(SMTPBehaviour(replies=TLS_FIRST))
    assert not seen.relayed
    assert all(attempt.rcpt is not None for attempt in seen.attempts if attempt.tls)
    assert [attempt.form for attempt in seen.attempts if not attempt.tls] == ["plain"]


def test_an_open_relay_is_found_where_tls_starts_at_once() -> None:
    assert relayed(SMTPBehaviour(relay="open", implicit_tls=True), 465, Role.SUBMISSION).relayed


def test_where_strangers_get_nothing_nothing_is_relayed() -> None:
    seen = relayed(SMTPBehaviour(replies=(("MAIL", "530 5.7.0 Authentication required"),)), 587, Role.SUBMISSION)
    assert not seen.relayed
    assert {attempt.mail.code for attempt in seen.attempts} == {530}
    assert not any(seen.why_undecided(attempt) for attempt in seen.attempts)
