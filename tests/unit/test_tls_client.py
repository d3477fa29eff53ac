"""TLS facts, from servers that accept this and refuse that."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import cycle
from typing import TypeVar

import pytest

from mailproof.fixtures.authority import CertificateSpec
from mailproof.fixtures.listener import Listener
from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.fixtures.smtp_peer import SMTPPeer
from mailproof.fixtures.tls_records import HANDSHAKE_FAILURE
from mailproof.net.errors import (
    ClosedEarly,
    Malformed,
    NotAvailable,
    NoTLS,
    NoTLSNow,
    NotObserved,
    Refused,
    Throttled,
    TimedOut,
)
from mailproof.net.hosts import Hosts
from mailproof.net.pkix.certificates import Chain
from mailproof.net.settings import Limits, NetSettings
from mailproof.net.stream import Stream
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.facts import Handshake
from mailproof.net.tls.handshakes import TLSClient
from mailproof.net.tls.versions import TLSVersion
from tests.unit import tls_world
from tests.unit.smtp_world import HOST, IMPATIENT, QUICK, authority, served

T = TypeVar("T")


def tls_client(limits: Limits = QUICK) -> TLSClient:
    return TLSClient(NetSettings(limits=limits, ehlo_name="probe.example"), Hosts(limits))


def ask(
    behaviour: SMTPBehaviour | None,
    question: Callable[[TLSClient, TLSPeer], Awaitable[T]],
    limits: Limits = QUICK,
) -> tuple[T, SMTPPeer]:
    async def run() -> tuple[T, SMTPPeer]:
        async with served(behaviour) as (peer, address, port), tls_client(limits) as client:
            implicit = behaviour is not None and behaviour.implicit_tls
            endpoint = TLSPeer(address, port, HOST, None if implicit else "smtp")
            return await question(client, endpoint), peer

    return asyncio.run(run())


async def every_version(client: TLSClient, endpoint: TLSPeer) -> list[Handshake]:
    return list(await tls_world.offered(endpoint, QUICK, *TLSVersion))


async def accepts(endpoint: TLSPeer, version: TLSVersion, limits: Limits = QUICK) -> Handshake:
    """What comes of offering one version."""
    (handshake,) = await tls_world.offered(endpoint, limits, version)
    return handshake


async def certificates(client: TLSClient, endpoint: TLSPeer) -> tuple[Chain, ...]:
    return await client.certificates(endpoint)


@pytest.mark.parametrize("implicit", [False, True])
def test_versions_of_a_right_server(implicit: bool) -> None:
    handshakes, peer = ask(SMTPBehaviour(implicit_tls=implicit), every_version)
    assert [h.version for h in handshakes if h.accepted] == [TLSVersion.TLS1_2, TLSVersion.TLS1_3]
    assert all(h.error for h in handshakes if not h.accepted)
    assert handshakes[-1].cipher == "TLS_AES_256_GCM_SHA384"
    assert peer.connections <= 3 * len(TLSVersion)  # Python hangs up without an alert


@pytest.mark.parametrize(
    ("version", "named"),
    [("TLSv1", TLSVersion.TLS1_0), ("TLSv1.1", TLSVersion.TLS1_1), ("TLSv1.2", TLSVersion.TLS1_2)],
)
def test_a_server_of_one_version(version: str, named: TLSVersion) -> None:
    behaviour = SMTPBehaviour(tls_from=version, tls_to=version)  # type: ignore[arg-type]
    handshakes, _ = ask(behaviour, every_version)
    assert [h.version for h in handshakes if h.accepted] == [named]


def test_dialogue_around_the_handshake_is_polite() -> None:
    _, peer = ask(None, certificates)
    assert [(h.tls, h.command) for h in peer.heard[:3]] == [
        (False, "EHLO probe.example"),
        (False, "STARTTLS"),
        (True, "QUIT"),
    ]


def test_a_hello_ends_with_the_alert_that_the_connection_closes() -> None:
    async def run() -> bytes:
        heard: asyncio.Queue[bytes] = asyncio.Queue()

        async def serve(stream: Stream, _: int) -> None:
            await stream.read_some(16_384)
            stream.write(HANDSHAKE_FAILURE)
            await heard.put(await stream.read_some(16_384))

        listener = Listener(serve)
        where = await listener.start()
        try:
            endpoint = TLSPeer(where.address, where.port, HOST, None)
            assert not (await accepts(endpoint, TLSVersion.TLS1_3)).accepted
            return await asyncio.wait_for(heard.get(), QUICK.tls)
        finally:
            await listener.stop()

    assert asyncio.run(run()) == b"\x15\x03\x01\x00\x02\x01\x00"


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (SMTPBehaviour(faults=(("greeting", "421"),)), Throttled),
        (SMTPBehaviour(greeting_code=450), Throttled),
        (SMTPBehaviour(faults=(("EHLO", "421"),)), Throttled),
        (SMTPBehaviour(faults=(("STARTTLS", "421"),)), Throttled),
        (SMTPBehaviour(starttls="454"), NoTLSNow),
        (SMTPBehaviour(replies=(("STARTTLS", "554 5.7.3 no"),)), NoTLS),
        (SMTPBehaviour(greeting_code=554), NotAvailable),
        (SMTPBehaviour(starttls="absent"), NotAvailable),
        (SMTPBehaviour(host="mx.starttls.example", starttls="absent"), NotAvailable),
        (SMTPBehaviour(faults=(("EHLO", "close"),)), ClosedEarly),
        (SMTPBehaviour(faults=(("EHLO", "endless line"),)), Malformed),
        (SMTPBehaviour(faults=(("greeting", "silence"),)), TimedOut),
        (SMTPBehaviour(starttls="stalls"), TimedOut),
    ],
)
def test_what_is_no_answer_about_tls_is_never_not_accepted(
    behaviour: SMTPBehaviour, failure: type[NotObserved]
) -> None:
    async def question(client: TLSClient, endpoint: TLSPeer) -> Handshake:
        return await accepts(endpoint, TLSVersion.TLS1_2, limits)

    limits = IMPATIENT if failure is TimedOut else QUICK
    with pytest.raises(failure) as caught:
        ask(behaviour, question, limits)
    assert type(caught.value) is failure


@pytest.mark.parametrize("starttls", ["alert", "broken", "plaintext"])
def test_handshakes_declined(starttls: str) -> None:
    async def question(client: TLSClient, endpoint: TLSPeer) -> Handshake:
        return await accepts(endpoint, TLSVersion.TLS1_3)

    handshake, _ = ask(SMTPBehaviour(starttls=starttls), question)  # type: ignore[arg-type]
    assert not handshake.accepted
    assert handshake.error


def raw_peer(
    serve: Callable[[Stream, int], Awaitable[None]], starttls: str | None, limits: Limits = QUICK
) -> Handshake:
    async def run() -> Handshake:
        listener = Listener(serve)
        where = await listener.start()
        try:
            endpoint = TLSPeer(where.address, where.port, HOST, starttls)
            return await accepts(endpoint, TLSVersion.TLS1_3, limits)
        finally:
            await listener.stop()

    return asyncio.run(run())


def test_421_in_clear_on_an_implicit_tls_port() -> None:
    async def serve(stream: Stream, _: int) -> None:
        stream.write(b"421 too many connections\r\n")

    with pytest.raises(Throttled, match="too many"):
        raw_peer(serve, None)


def test_a_drip_of_octets_ends_at_the_deadline_of_the_handshake() -> None:
    async def serve(stream: Stream, _: int) -> None:
        for octet in b"\x16\x03\x03\x40\x00" + bytes(2000):
            stream.write(bytes([octet]))
            await asyncio.sleep(0.02)

    with pytest.raises(TimedOut):
        raw_peer(serve, None, IMPATIENT)


def test_plain_text_sent_with_the_go_ahead_does_not_reach_the_handshake() -> None:
    behaviour = SMTPBehaviour(replies=(("STARTTLS", "220 go\n250 injected"),))
    handshakes, _ = ask(behaviour, every_version)
    assert handshakes[-1].accepted


@pytest.mark.parametrize(
    ("protocol", "greeting", "reply"),
    [
        ("imap", b"* OK ready\r\n", b"* CAPABILITY IMAP4rev2\r\na OK go\r\n"),
        ("pop3", b"+OK ready\r\n", b"+OK go\r\n"),
    ],
)
def test_starttls_of_imap_and_pop3(protocol: str, greeting: bytes, reply: bytes) -> None:
    heard: list[bytes] = []

    async def serve(stream: Stream, _: int) -> None:
        stream.write(greeting)
        heard.append(await stream.read_line(100))
        stream.write(reply)
        heard.append(await stream.read_some(3))
        stream.write(b"\x15\x03\x03\x00\x02\x02\x28")

    handshake = raw_peer(serve, protocol)
    assert heard == [{"imap": b"a STARTTLS\r\n", "pop3": b"STLS\r\n"}[protocol], b"\x16\x03\x01"]
    assert (handshake.accepted, handshake.error) == (False, "alert handshake failure")


@pytest.mark.parametrize(
    ("protocol", "greeting"),
    [("imap", b"* BYE full\r\n"), ("pop3", b"-ERR no\r\n"), ("imap", b"220 smtp\r\n")],
)
def test_imap_and_pop3_that_decline(protocol: str, greeting: bytes) -> None:
    async def serve(stream: Stream, _: int) -> None:
        stream.write(greeting)
        await stream.read_some(100)

    with pytest.raises(NotAvailable):
        raw_peer(serve, protocol)


def test_one_chain_in_three_connections() -> None:
    (chain,), peer = ask(SMTPBehaviour(certificate=CertificateSpec(key="rsa2048")), certificates)
    assert peer.connections == 3
    leaf = chain.leaf
    assert (leaf.key_type, leaf.key_bits, leaf.curve, leaf.signature_hash) == ("RSA", 2048, None, "sha256")
    assert leaf.dns_names == (HOST,)
    assert leaf.issuer == "CN=Mock Intermediate"
    assert leaf.aia_issuers == ("http://ca.test/issuer.der",)
    assert not leaf.is_ca
    assert [c.is_ca for c in chain.facts] == [False, True]


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_both_chains_of_a_server_with_two_keys(version: str) -> None:
    behaviour = SMTPBehaviour(
        tls_from=version,  # type: ignore[arg-type]
        tls_to=version,  # type: ignore[arg-type]
        certificate=CertificateSpec(key="rsa2048"),
        second_certificate=CertificateSpec(key="ec256"),
    )
    chains, peer = ask(behaviour, certificates)
    assert {chain.leaf.key_type for chain in chains} == {"RSA", "EC"}
    assert peer.connections == 3


@pytest.mark.parametrize("known", [(), ("another certificate",)])
def test_a_balancer_that_takes_turns_shows_the_next_server_too(known: tuple[str, ...]) -> None:
    async def run() -> tuple[Chain, ...]:
        specs = (CertificateSpec(), CertificateSpec(not_after_days=-0.5))
        async with AsyncExitStack() as stack:
            served_by = [await stack.enter_async_context(served(SMTPBehaviour(certificate=spec))) for spec in specs]
            turns = cycle((address, port) for _, address, port in served_by)

            async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                while data := await reader.read(4096):
                    writer.write(data)
                writer.close()

            async def balance(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                behind = await asyncio.open_connection(*next(turns))
                await asyncio.gather(pump(reader, behind[1]), pump(behind[0], writer), return_exceptions=True)

            server = await stack.enter_async_context(await asyncio.start_server(balance, "127.0.0.1", 0))
            client = await stack.enter_async_context(tls_client())
            port = int(server.sockets[0].getsockname()[1])
            return await client.certificates(TLSPeer("127.0.0.1", port, HOST, "smtp"), known=known)

    first, second = asyncio.run(run())
    assert first.leaf.not_after != second.leaf.not_after


def test_who_has_shown_one_certificate_to_all_hellos_is_not_asked_for_it_twice() -> None:
    async def look(client: TLSClient, endpoint: TLSPeer) -> int:
        offers = await client.offers(endpoint)
        chains = await client.certificates(endpoint, known=offers.leaves or ())
        assert offers.leaves == tuple(chain.leaf.sha256 for chain in chains)
        return offers.connections

    hellos, peer = ask(SMTPBehaviour(tls_to="TLSv1.2"), look)
    assert peer.connections == hellos + 2


@pytest.mark.parametrize(
    ("key", "key_type", "bits"), [("ed25519", "Ed25519", 256), ("rsa1024", "RSA", 1024), ("ec256", "EC", 256)]
)
def test_kinds_of_keys(key: str, key_type: str, bits: int) -> None:
    spec = CertificateSpec(key=key)  # type: ignore[arg-type]
    (chain,), _ = ask(SMTPBehaviour(certificate=spec), certificates)
    assert (chain.leaf.key_type, chain.leaf.key_bits) == (key_type, bits)


def test_chain_keeps_the_order_in_which_it_was_sent() -> None:
    (chain,), _ = ask(SMTPBehaviour(certificate=CertificateSpec(order="reversed")), certificates)
    assert [fact.subject for fact in chain.facts] == ["CN=mx.example", "CN=Mock Root", "CN=Mock Intermediate"]


def test_no_handshake_no_certificates() -> None:
    with pytest.raises(NotAvailable):
        ask(SMTPBehaviour(starttls="alert"), certificates)


def test_refused_connection() -> None:
    async def question(client: TLSClient, endpoint: TLSPeer) -> Handshake:
        return await accepts(TLSPeer("127.0.0.1", 1, HOST, None), TLSVersion.TLS1_3)

    with pytest.raises(Refused):
        ask(None, question)


def test_cancellation_ends_the_handshake_and_its_thread() -> None:
    async def run() -> None:
        stalled = SMTPBehaviour(starttls="stalls")
        async with served(stalled) as (peer, address, port), tls_client() as client:
            endpoint = TLSPeer(address, port, HOST, "smtp")
            task = asyncio.create_task(client.certificates(endpoint))
            await peer.until("STARTTLS")
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mailproof-tls")]


def test_closing_the_client_ends_handshakes_under_way() -> None:
    async def run() -> None:
        async with served(SMTPBehaviour(starttls="stalls")) as (peer, address, port):
            client = tls_client()
            endpoint = TLSPeer(address, port, HOST, "smtp")
            task = asyncio.create_task(client.certificates(endpoint))
            await peer.until("STARTTLS")
            await asyncio.sleep(0.05)
            await client.close()
            with pytest.raises(NotObserved):
                await task

    asyncio.run(run())


def test_failures_carry_the_dialogue_as_evidence() -> None:
    async def question(client: TLSClient, endpoint: TLSPeer) -> Handshake:
        return await accepts(endpoint, TLSVersion.TLS1_3, IMPATIENT)

    with pytest.raises(TimedOut) as caught:
        ask(SMTPBehaviour(starttls="stalls"), question, IMPATIENT)
    assert any("C: STARTTLS" in line for line in caught.value.evidence)
    assert caught.value.evidence[-1].endswith("no end of the TLS handshake within 0.3 s")


def test_over_ipv6() -> None:
    async def run() -> Handshake:
        peer = SMTPPeer(None, authority())
        try:
            where = await peer.start("::1")
        except OSError:
            pytest.skip("no IPv6 on loopback")
        try:
            return await accepts(TLSPeer("::1", where.port, HOST, "smtp"), TLSVersion.TLS1_2)
        finally:
            await peer.stop()

    assert asyncio.run(run()).accepted
