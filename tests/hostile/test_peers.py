"""Peers made up by hypothesis against the clients in this process: an observation or a typed failure, within the
limits, and nothing left behind.
"""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mailproof.fixtures.listener import Listener, ServerStream
from mailproof.fixtures.tls_records import HANDSHAKE_FAILURE, server_flight, server_hello
from mailproof.net.dns.client import DNSClient
from mailproof.net.errors import KINDS, NotObserved
from mailproof.net.hosts import Hosts
from mailproof.net.https import HTTPSClient
from mailproof.net.settings import Limits, NetSettings, SocketAddress, TLSDepth
from mailproof.net.smtp import SMTPClient
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.handshakes import TLSClient

LIMITS = Limits(
    connect=1, greeting=0.2, reply=0.2, tls=0.2, dns=0.2, dns_tries=1, https=0.3, silence=0.05, pause=0, retries=0
)

HANGS = 300.0
"""Seconds after which a talk is taken to hang for ever: no limit of it holds."""

SMTP_WORDS = (
    b"220 mx ESMTP\r\n",
    b"220-mx\r\n",
    b"250-mx\r\n",
    b"250 STARTTLS\r\n",
    b"250 Ok\r\n",
    b"220 go\r\n",
    b"421 x\r\n",
)
TLS_WORDS = (HANDSHAKE_FAILURE, server_hello(), server_flight([b"\x30\x00"]), b"\x16\x03\x01", b"\x17\x03\x03\xff\xff")
HTTP_WORDS = (
    b"HTTP/1.1 200 OK\r\n",
    b"Content-Length: 5\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n",
    b"5\r\nhello\r\n",
)
DNS_WORDS = (b"\x00\x20", b"\xff\xff", b"\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00", b"\xc0\x0c", b"\x00\x0f\x00\x01")

Act = bytes | float | str


def scripts(words: tuple[bytes, ...]) -> st.SearchStrategy[list[Act]]:
    """What a peer does: octets that it says, seconds that it waits, and how it goes away."""
    said = st.one_of(
        st.sampled_from(words), st.binary(max_size=30), st.sampled_from(words).map(lambda word: word * 200)
    )
    return st.lists(
        st.one_of(said, st.sampled_from([0.0, 0.01, 0.1]), st.sampled_from(["hear", "close", "reset"])), max_size=8
    )


def against(script: list[Act], talk: Callable[[SocketAddress], Awaitable[object]]) -> None:
    """Let ``talk`` meet a peer that follows ``script`` on every connection, and check what becomes of it."""

    async def serve(stream: ServerStream, number: int) -> None:
        for act in script:
            match act:
                case bytes():
                    stream.write(act)
                case float():
                    await asyncio.sleep(act)
                case "hear":
                    async with asyncio.timeout(0.1):
                        await stream.read_some(4096)
                case "reset":
                    stream.reset()
                    return
                case _:
                    return

    async def patient(stream: ServerStream, number: int) -> None:
        try:
            await serve(stream, number)
        except TimeoutError:
            return

    async def run() -> None:
        listener = Listener(patient)
        where = await listener.start()
        try:
            async with asyncio.timeout(HANGS):
                await talk(where)
        except NotObserved as failure:
            assert KINDS[failure.kind] is type(failure)  # noqa: PT017
            assert failure.reason  # noqa: PT017
        finally:
            await listener.stop()
        await asyncio.sleep(0)
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert left == []

    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        asyncio.run(run(), debug=False)
        gc.collect(0)


def settings(where: SocketAddress, port: int) -> NetSettings:
    return NetSettings(limits=LIMITS, connect={f"192.0.2.1:{port}": where})


@given(scripts(SMTP_WORDS))
def test_smtp(script: list[Act]) -> None:
    async def talk(where: SocketAddress) -> object:
        client = SMTPClient(settings(where, 25), Hosts(LIMITS))
        async with client.connect("192.0.2.1", 25, host="mx.example") as dialogue:
            await dialogue.greeting()
            await dialogue.ehlo()
            await dialogue.starttls()
            return await dialogue.handshake()

    against(script, talk)


@given(scripts((*TLS_WORDS, *SMTP_WORDS)), st.sampled_from([None, "smtp", "imap", "pop3"]), st.sampled_from(TLSDepth))
def test_tls(script: list[Act], starttls: Any, depth: TLSDepth) -> None:
    async def talk(where: SocketAddress) -> object:
        endpoint = TLSPeer("192.0.2.1", 465, "mx.example", starttls)
        limits = replace(LIMITS, tls_depth=depth)
        async with TLSClient(replace(settings(where, 465), limits=limits), Hosts(limits)) as client:
            assert (await client.offers(endpoint)).connections
            return await client.certificates(endpoint)

    against(script, talk)


@given(scripts((*TLS_WORDS, *HTTP_WORDS)))
def test_https(script: list[Act]) -> None:
    async def talk(where: SocketAddress) -> object:
        client = HTTPSClient(settings(where, 443), Hosts(LIMITS))
        return await client.fetch("https://mta-sts.example/", ("192.0.2.1",))

    against(script, talk)


@given(scripts(DNS_WORDS))
def test_dns_over_tcp(script: list[Act]) -> None:
    async def talk(where: SocketAddress) -> object:
        async with DNSClient(settings(where, 53)) as client:
            return await client.ask("192.0.2.1", "example.org", "MX", tcp=True)

    against(script, talk)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, script: list[Act]) -> None:
        self._script = script
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for act in self._script:
            if isinstance(act, bytes):
                self._transport.sendto((data[:2] + act)[:1400], addr)
            elif act == "hear":
                self._transport.sendto(data[:2] + b"\x84\x00" + data[4:], addr)


@given(scripts(DNS_WORDS))
def test_dns_over_udp(script: list[Act]) -> None:
    async def talk(_: SocketAddress) -> object:
        loop = asyncio.get_running_loop()
        transport, _protocol = await loop.create_datagram_endpoint(
            lambda: _Datagrams(script), local_addr=("127.0.0.1", 0)
        )
        where = SocketAddress("127.0.0.1", transport.get_extra_info("sockname")[1])
        try:
            async with DNSClient(settings(where, 53)) as client:
                return await client.ask("192.0.2.1", "example.org", "MX")
        finally:
            transport.close()

    against(script, talk)
