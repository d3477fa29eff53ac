"""HTTP responses."""

from __future__ import annotations

import ssl
from typing import Any

import httpcore

from mailproof.net.errors import NotObserved
from mailproof.net.hosts import Hosts
from mailproof.net.https import HTTPSClient
from mailproof.net.settings import Limits, NetSettings
from tests.fuzz.parser import CONTROLS, Parser, loop, told, words_of


def _http(data: bytes) -> bool:
    return loop().run_until_complete(_fetch(data))


async def _fetch(data: bytes) -> bool:
    client = HTTPSClient(NetSettings(limits=Limits(pause=0)), Hosts(Limits(pause=0)), _Replies(data))
    try:
        response = await client.fetch("https://mta-sts.example.org/.well-known/mta-sts.txt", ("192.0.2.1",))
    except NotObserved as failure:
        return told(failure.reason)
    assert len(response.body) <= 4 * 65536
    for line in response.evidence():
        assert not CONTROLS.search(line), line
    return response.status == 200


class _Replies(httpcore.AsyncNetworkBackend):
    """A network whose every peer says the same, and TLS always works."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return _OneReply(self._data)

    async def connect_unix_socket(self, *arguments: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        pass


class _OneReply(httpcore.AsyncNetworkStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        taken, self._data = self._data[:max_bytes], self._data[max_bytes:]
        return taken

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    async def aclose(self) -> None:
        pass

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


PARSERS = (
    Parser(
        "http",
        _http,
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain;q=x\r\nContent-Length: 20\r\n\r\nversion: STSv1\nmode:\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nT: x\r\n\r\n",
            b"HTTP/1.1 301 Moved\r\nLocation: https://example.org/\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00",
        ),
        words_of(
            "HTTP/1.1 HTTP/2 200 Content-Length: Transfer-Encoding: chunked gzip Content-Encoding: \r\n \r\n\r\n "
            "Content-Type: text/plain ffffffff -1 0"
        ),
        4,
    ),
)
