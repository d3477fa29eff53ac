"""What counts as acceptance and refusal of a TLS version: what the server says, and not that it says nothing."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence

import pytest

from mailproof.fixtures.listener import Listener, ServerStream
from mailproof.fixtures.tls_records import server_flight, tls_record
from mailproof.net.errors import ClosedEarly, NoTLS, Throttled
from mailproof.net.hosts import Hosts
from mailproof.net.pkix.certificates import Chain
from mailproof.net.settings import NetSettings
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.facts import Handshake
from mailproof.net.tls.handshakes import TLSClient
from mailproof.net.tls.versions import TLSVersion
from tests.unit import tls_world
from tests.unit.smtp_world import HOST, QUICK, authority

Serve = Callable[[ServerStream, bytes], Awaitable[None]]
"""What a server does with a connection and the hello that it got there (empty: it does not wait for one)."""

REFUSED = b"\x15\x03\x01\x00\x02\x02\x28"
"""The alert handshake_failure."""


def server_hello(version: int) -> bytes:
    """A ServerHello; one of TLS 1.3 says so in an extension (RFC 8446, section 4.1.3)."""
    extension = b"\x00\x2b\x00\x02" + version.to_bytes(2) if version >= 0x0304 else b"\xff\x01\x00\x01\x00"
    suite = b"\x13\x01" if version >= 0x0304 else b"\x00\x2f"
    body = min(version, 0x0303).to_bytes(2) + bytes(32) + b"\x00" + suite + b"\x00"
    body += len(extension).to_bytes(2) + extension
    return tls_record(b"\x02" + len(body).to_bytes(3) + body)


async def alert(stream: ServerStream, hello: bytes) -> None:
    stream.write(REFUSED)


async def hang_up(stream: ServerStream, hello: bytes) -> None:
    return


async def reset(stream: ServerStream, hello: bytes) -> None:
    stream.reset()


async def agree(stream: ServerStream, hello: bytes) -> None:
    """A whole handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority().issue((HOST,))
    context.load_cert_chain(issued.chain_file, issued.key_file)
    stream.give_back(hello)
    await shake_hands(stream, context)


async def agree_to_starttls(stream: ServerStream) -> None:
    stream.write(b"+OK ready\r\n")
    await stream.read_line(100)
    stream.write(b"+OK go ahead\r\n")


async def want_a_certificate(stream: ServerStream, hello: bytes) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority().issue((HOST,))
    context.load_cert_chain(issued.chain_file, issued.key_file)
    context.load_verify_locations(authority().root_file)
    context.verify_mode = ssl.CERT_REQUIRED
    await shake_hands(stream, context, hello)


async def shake_hands(stream: ServerStream, context: ssl.SSLContext, hello: bytes = b"") -> None:
    """Serve TLS over ``stream`` by hand, so that alerts are sent before the connection ends."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    held = stream.take_held() or hello
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(held)
    while True:
        try:
            tls.do_handshake()
            tls.read(100)  # with TLS 1.3 the client's certificate is looked at behind the handshake
        except ssl.SSLWantReadError:
            stream.write(outgoing.read())
            data = await stream.read_some(16_384)
            if not data:
                return
            incoming.write(data)
        except ssl.SSLError:
            stream.write(outgoing.read())
            return
        else:
            return


def in_clear(text: bytes) -> Serve:
    async def serve(stream: ServerStream, hello: bytes) -> None:
        stream.write(text)

    return serve


def hello_of(version: int, then: bytes = REFUSED) -> Serve:
    """Agrees on a version, and ends the handshake at once."""

    async def serve(stream: ServerStream, hello: bytes) -> None:
        stream.write(server_hello(version) + then)

    return serve


def asked(serves: Sequence[Serve], *offered: TLSVersion, starttls: bool = False) -> tuple[tuple[Handshake, ...], int]:
    """The handshakes with a server that serves each connection in another way, the last way ever after; and how many
    connections there were.
    """

    async def run() -> tuple[tuple[Handshake, ...], int]:
        async def serve(stream: ServerStream, number: int) -> None:
            await agree_to_starttls(stream) if starttls else None
            hello = await stream.read_some(16_384)
            await serves[min(number, len(serves)) - 1](stream, hello)

        listener = Listener(serve)
        where = await listener.start()
        try:
            endpoint = TLSPeer(where.address, where.port, HOST, "pop3" if starttls else None)
            return await tls_world.offered(endpoint, QUICK, *offered), listener.connections
        finally:
            await listener.stop()

    return asyncio.run(run())


TLS13, TLS12, TLS11, TLS10, SSL2 = (
    TLSVersion.TLS1_3,
    TLSVersion.TLS1_2,
    TLSVersion.TLS1_1,
    TLSVersion.TLS1_0,
    TLSVersion.SSLV2,
)


@pytest.mark.parametrize(
    ("serves", "version", "accepted", "error", "connections"),
    [
        pytest.param([alert], TLS13, False, "alert handshake failure", 1, id="an alert"),
        pytest.param([agree], TLS13, True, None, 1, id="a whole handshake"),
        pytest.param(
            [hang_up, agree, hang_up],
            TLS13,
            False,
            "the server closed the connection",
            3,
            id="twice on this hello only",
        ),
        pytest.param(
            [reset, alert, reset], TLS13, False, "the server closed the connection", 3, id="reset, and alive in between"
        ),
        pytest.param([hang_up, agree, agree], TLS13, True, None, 3, id="once: it was not the hello"),
        pytest.param([hang_up, agree, alert], TLS13, False, "alert handshake failure", 3, id="and then an alert"),
        pytest.param(
            [in_clear(b"500 what?\r\n")], SSL2, False, "the server says in clear: 500 what?", 1, id="SMTP 500"
        ),
        pytest.param(
            [in_clear(b"502 5.5.2 bad\r\n")], TLS13, False, "the server says in clear: 502 5.5.2 bad", 1, id="502"
        ),
        pytest.param(
            [in_clear(b"* BAD what?\r\n")], SSL2, False, "the server says in clear: * BAD what?", 1, id="IMAP"
        ),
        pytest.param([in_clear(b"-ERR what?\r\n")], SSL2, False, "the server says in clear: -ERR what?", 1, id="POP3"),
        pytest.param([hello_of(0x0301)], TLS10, True, None, 1, id="agreed, then refused"),
        pytest.param([hello_of(0x0302, b"")], TLS11, True, None, 1, id="agreed, then closed"),
        pytest.param([hello_of(0x0301)], TLS11, False, "the server answers with TLSv1.0", 1, id="an older version"),
        pytest.param([hello_of(0x0304)], TLS13, True, None, 1, id="TLS 1.3 agreed, then refused"),
        pytest.param([want_a_certificate], TLS12, True, None, 1, id="a client certificate, TLS 1.2"),
        pytest.param([want_a_certificate], TLS13, True, None, 1, id="a client certificate, TLS 1.3"),
    ],
)
def test_evidence(
    serves: list[Serve], version: TLSVersion, accepted: bool, error: str | None, connections: int
) -> None:
    (handshake,), count = asked(serves, version)
    assert (handshake.accepted, handshake.error) == (accepted, error)
    assert count == connections


INTERNAL_ERROR = b"\x15\x03\x01\x00\x02\x02\x50"


async def break_down(stream: ServerStream, hello: bytes) -> None:
    stream.write(INTERNAL_ERROR)


@pytest.mark.parametrize("serve", [hang_up, reset, break_down])
def test_behind_starttls_a_server_that_has_answered_and_stops_refuses_nothing(serve: Serve) -> None:
    """It may be overloaded: what it says of older versions does not show."""
    with pytest.raises(ClosedEarly, match="though it has spoken TLS before"):
        asked([hello_of(0x0303), serve], TLS12, TLS10, starttls=True)


def test_an_internal_error_is_a_refusal_only_if_it_comes_twice_and_the_server_is_well_in_between() -> None:
    (handshake,), count = asked([break_down, hello_of(0x0303), break_down], TLS11)
    assert (handshake.accepted, handshake.error, count) == (False, "the server sent the alert internal error", 3)
    (handshake,), _ = asked([break_down, hello_of(0x0303), hello_of(0x0302)], TLS11)
    assert handshake.accepted


@pytest.mark.parametrize(
    "text", [b"* BYE Too many connections\r\n", b"-ERR [SYS/TEMP] busy, come later\r\n", b"421 later\r\n"]
)
def test_a_server_that_is_busy_refuses_nothing(text: bytes) -> None:
    with pytest.raises(Throttled):
        asked([in_clear(text)], TLS12)


@pytest.mark.parametrize("serve", [hang_up, reset])
def test_a_server_that_always_hangs_up_shows_nothing(serve: Serve) -> None:
    with pytest.raises(ClosedEarly, match="whatever it offers") as caught:
        asked([serve], TLS10, TLS11)
    assert caught.value.transient


def test_a_server_that_drops_two_connections_shows_nothing() -> None:
    with pytest.raises(ClosedEarly):
        asked([hang_up, hang_up, agree], TLS13)


def test_a_server_that_agrees_to_starttls_and_then_always_hangs_up_refuses() -> None:
    """It is there, and says that TLS may begin: what fails is the handshake."""
    handshakes, count = asked([hang_up], TLS12, TLS13, starttls=True)
    assert [handshake.accepted for handshake in handshakes] == [False, False]
    assert count == 8


def test_two_connections_dropped_after_starttls_are_no_refusal() -> None:
    ((handshake,), count) = asked([hang_up, hang_up, agree], TLS13, starttls=True)
    assert handshake.accepted
    assert count == 3


def test_one_answered_hello_is_enough_for_all_others() -> None:
    handshakes, count = asked([hang_up, hang_up, alert, hang_up, hang_up], TLS10, TLS11)
    assert [handshake.accepted for handshake in handshakes] == [False, False]
    assert count == 5


def test_an_answer_to_another_version_is_one_in_between() -> None:
    handshakes, count = asked([hang_up, alert, hang_up], TLS10, TLS11)
    assert [handshake.error for handshake in handshakes] == [
        "the server closed the connection",
        "alert handshake failure",
    ]
    assert count == 3


def test_what_was_hung_up_on_once_is_no_refusal_where_the_server_goes_away() -> None:
    with pytest.raises(ClosedEarly):
        asked([alert, hang_up], TLS10, TLS11)


def certificates(serves: Sequence[Serve], *, starttls: bool = False) -> tuple[Chain, ...]:
    async def run() -> tuple[Chain, ...]:
        async def serve(stream: ServerStream, number: int) -> None:
            await agree_to_starttls(stream) if starttls else None
            hello = await stream.read_some(16_384)
            await serves[min(number, len(serves)) - 1](stream, hello)

        listener = Listener(serve)
        where = await listener.start()
        try:
            async with TLSClient(NetSettings(limits=QUICK), Hosts(QUICK)) as client:
                return await client.certificates(TLSPeer(where.address, where.port, HOST, "pop3" if starttls else None))
        finally:
            await listener.stop()

    return asyncio.run(run())


def test_certificates_of_a_server_that_wants_one_of_the_client() -> None:
    (chain,) = certificates([want_a_certificate])
    assert chain.leaf.dns_names == (HOST,)


def test_certificates_of_a_handshake_that_breaks_off_are_not_proven() -> None:
    """As with OpenSMTPD without its key: ServerHello and Certificate, and then an alert."""

    async def serve(stream: ServerStream, hello: bytes) -> None:
        stream.write(server_flight([b"\x30\x00"]) + REFUSED)

    with pytest.raises(NoTLS):
        certificates([serve])


def test_every_handshake_declined_is_told_from_every_connection_closed() -> None:
    with pytest.raises(NoTLS, match="alert handshake failure"):
        certificates([alert])
    with pytest.raises(ClosedEarly):
        certificates([hang_up])
    with pytest.raises(NoTLS):
        certificates([hang_up], starttls=True)
    assert len(certificates([hang_up, hang_up, agree], starttls=True)) == 1
