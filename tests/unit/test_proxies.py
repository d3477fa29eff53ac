"""Ports that may be proxies, and what they answer."""

from __future__ import annotations

import asyncio

import pytest

from mailproof.net.avoided import Avoided
from mailproof.net.errors import NotFollowed, Refused
from mailproof.net.hosts import Hosts
from mailproof.net.proxies import ProxyAnswer, ProxyClient
from mailproof.net.settings import NetSettings, SocketAddress

from .smtp_world import QUICK

ADDRESS, WANTED = "192.0.2.25", SocketAddress("192.0.2.26", 25)
BANNER = b"220 mx.example ESMTP\r\n"
BOUND = b"\x00\x01\x00\x00\x00\x00\x00\x00"
CONNECT = b"CONNECT 192.0.2.26:25 HTTP/1.1\r\nHost: 192.0.2.26:25\r\n\r\n"
GET = b"GET http://192.0.2.26:25/ HTTP/1.1\r\nHost: 192.0.2.26:25\r\nConnection: close\r\n\r\n"
SOCKS_CONNECT = b"\x05\x01\x00\x01\xc0\x00\x02\x1a\x00\x19"


def asked(
    port: int,
    *says: bytes,
    avoided: Avoided = Avoided(),  # noqa: B008
    then: bytes | None = None,
) -> tuple[ProxyAnswer, bytes]:
    """What a port that says one thing after each write answers, and what it was told. From the second connection on it
    says ``then``, if that is given.
    """
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = says if then is None or not heard else (then,)
        for said in told:
            heard.extend(await reader.read(1000))
            writer.write(said)
        await writer.drain()
        writer.close()

    async def run() -> ProxyAnswer:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        where = SocketAddress("127.0.0.1", server.sockets[0].getsockname()[1])
        settings = NetSettings(limits=QUICK, connect={f"{ADDRESS}:{port}": where}, avoided=avoided)
        try:
            return await ProxyClient(settings, Hosts(QUICK)).ask(ADDRESS, port, "mx.example", WANTED)
        finally:
            server.close()

    return asyncio.run(run()), bytes(heard)


@pytest.mark.parametrize(
    ("says", "answer", "heard"),
    [
        (
            b"HTTP/1.0 200 yes\r\nVia: x\r\n\r\n" + BANNER,
            ProxyAnswer("HTTP/1.0 200 yes", "220 mx.example ESMTP"),
            CONNECT,
        ),
        (b"HTTP/1.1 204 yes\r\n\r\n" + BANNER, ProxyAnswer("HTTP/1.1 204 yes", "220 mx.example ESMTP"), CONNECT),
        (b"HTTP/1.1 200 OK\r\n\r\n", ProxyAnswer("HTTP/1.1 200 OK"), CONNECT + GET),
        (b"HTTP/1.1 403 no\r\n\r\n" + BANNER, ProxyAnswer("HTTP/1.1 403 no"), CONNECT + GET),
        (BANNER, ProxyAnswer(""), CONNECT),
        (b"", ProxyAnswer(""), CONNECT),
        (b"x" * 5000, ProxyAnswer(""), CONNECT),
    ],
)
def test_http(says: bytes, answer: ProxyAnswer, heard: bytes) -> None:
    assert asked(3128, says) == (answer, heard)


REFUSED = b"HTTP/1.1 403 no\r\n\r\n"


@pytest.mark.parametrize(
    ("says", "answer"),
    [
        (
            b"HTTP/1.0 200 OK\r\n\r\n" + BANNER,
            ProxyAnswer("HTTP/1.1 403 no; to GET HTTP/1.0 200 OK", BANNER[:-2].decode()),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n" + BANNER,
            ProxyAnswer("HTTP/1.1 403 no; to GET HTTP/1.1 200 OK", BANNER[:-2].decode()),
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n", ProxyAnswer("HTTP/1.1 403 no")),
        (b"HTTP/1.1 502 no\r\n\r\n" + BANNER, ProxyAnswer("HTTP/1.1 403 no")),
        (b"", ProxyAnswer("HTTP/1.1 403 no")),
    ],
)
def test_what_is_not_connected_may_be_fetched(says: bytes, answer: ProxyAnswer) -> None:
    assert asked(3128, REFUSED, then=says) == (answer, CONNECT + GET)


@pytest.mark.parametrize(
    ("says", "answer", "heard"),
    [
        (
            (b"\x05\x00", b"\x05\x00" + BOUND + BANNER),
            ProxyAnswer("SOCKS 5, connected", "220 mx.example ESMTP"),
            SOCKS_CONNECT,
        ),
        (
            (b"\x05\x00", b"\x05\x00\x00\x03\x04name\x00\x19" + BANNER),
            ProxyAnswer("SOCKS 5, connected", "220 mx.example ESMTP"),
            SOCKS_CONNECT,
        ),
        ((b"\x05\x00", b"\x05\x02" + BOUND), ProxyAnswer("SOCKS 5, and the reply 2"), SOCKS_CONNECT),
        ((b"\x05\xff",), ProxyAnswer("SOCKS 5, and not without a password"), b""),
        ((b"\x05\x02",), ProxyAnswer("SOCKS 5, and it wants a password"), b""),
        ((b"HT",), ProxyAnswer(""), b""),
        ((b"",), ProxyAnswer(""), b""),
    ],
)
def test_socks(says: tuple[bytes, ...], answer: ProxyAnswer, heard: bytes) -> None:
    assert asked(1080, *says) == (answer, b"\x05\x01\x00" + heard)


def test_who_must_not_be_contacted_is_not_asked_for() -> None:
    with pytest.raises(NotFollowed):
        asked(3128, b"", avoided=Avoided.of(["192.0.2.26"]))


def test_a_port_where_nothing_listens_is_refused() -> None:
    async def run() -> None:
        settings = NetSettings(limits=QUICK, connect={f"{ADDRESS}:8080": SocketAddress("127.0.0.1", 1)})
        await ProxyClient(settings, Hosts(QUICK)).ask(ADDRESS, 8080, "mx.example", WANTED)

    with pytest.raises(Refused):
        asyncio.run(run())
