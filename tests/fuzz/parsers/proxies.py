"""What ports say that may be proxies for strangers."""

from __future__ import annotations

from mailproof.net import proxies
from mailproof.net.errors import NotObserved
from mailproof.net.settings import SocketAddress
from tests.fuzz.parser import CONTROLS, Parser, fed, loop, told, words_of


def _parser(name: str, talk: proxies.Talk, *said: bytes) -> Parser:
    async def talked(data: bytes) -> bool:
        try:
            said, connected = await talk(fed(data), SocketAddress("192.0.2.25", 25))
        except NotObserved as failure:
            return told(failure.reason)
        assert not CONTROLS.search(said), said
        assert said or not connected
        return connected

    def parse(data: bytes) -> bool:
        return loop().run_until_complete(talked(data))

    return Parser(name, parse, said, _WORDS, 5)


_HTTP = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n220 mx.example ESMTP\r\n"
_FETCHED = b"HTTP/1.1 200 Gatewaying\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\n220 mx.example ESMTP\r\n"
_CONNECTED = b"\x05\x00\x05\x00\x00"
_WORDS = (*words_of("HTTP/1.1 200 204 403 Transfer-Encoding: chunked"), b"\r\n", b"\x05\x00", b"\x04", b"\x03")

PARSERS = (
    _parser("proxy-connect", proxies.by_connect, _HTTP, b"HTTP/1.0 403 Forbidden\r\n\r\n"),
    _parser("proxy-get", proxies.by_get, _FETCHED, _HTTP),
    _parser("proxy-socks", proxies.by_socks, _CONNECTED + b"\x01" + bytes(6), _CONNECTED + b"\x03\x01a" + bytes(2)),
)
