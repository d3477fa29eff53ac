"""Asks a port whether it is a proxy for strangers: HTTP CONNECT and GET, and SOCKS 5 without a password.

What is asked for is a mail server of the inventory itself. The connection is cut as soon as that has greeted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from mailproof.net.errors import ClosedEarly, Malformed, Refused, TimedOut
from mailproof.net.ports import PortClient
from mailproof.net.settings import SocketAddress
from mailproof.net.stream import Stream, deadline
from mailproof.net.text import printable

HTTP_PORTS = (3128, 8080, 8888)
"""Where HTTP proxies listen."""
SOCKS_PORTS = (1080,)
"""RFC 1928, section 3."""

LINE = 1024
"""Octets of a line that are read."""
LINES = 50
"""Lines of a header that are read."""


@dataclass(frozen=True)
class ProxyAnswer:
    """What a port says to who wants to be connected elsewhere."""

    said: str
    """Empty: it does not speak the protocol."""
    came_through: str = ""
    """The first line that came through it."""


Talk = Callable[[Stream, SocketAddress], Awaitable[tuple[str, bool]]]
"""What a port says to a request, and whether a line of the mail server comes next."""


class ProxyClient(PortClient):
    """Opens connections to ports that may be proxies."""

    async def ask(self, address: str, port: int, host: str, wanted: SocketAddress) -> ProxyAnswer:
        """Ask ``port`` at ``address``, which belongs to ``host``, for a connection to ``wanted``.

        Raises Refused and TimedOut where no connection to the port is to be had.
        """
        self._settings.destination(wanted.address, wanted.port)  # whoever must not be contacted is not asked for
        if port in SOCKS_PORTS:
            return await self._answer(address, port, host, wanted, by_socks)
        answer = await self._answer(address, port, host, wanted, by_connect)
        if answer.said and not answer.came_through:
            # Rules for CONNECT are rules for CONNECT alone: a proxy may fetch from port 25 all the same.
            with suppress(Refused, TimedOut):
                fetched = await self._answer(address, port, host, wanted, by_get)
                if fetched.came_through:
                    return ProxyAnswer(f"{answer.said}; to GET {fetched.said}", fetched.came_through)
        return answer

    async def _answer(self, address: str, port: int, host: str, wanted: SocketAddress, talk: Talk) -> ProxyAnswer:
        async with self._connected(address, port, host) as stream:
            said = ""
            try:
                async with deadline(self._settings.limits.reply, "no answer"):
                    said, connected = await talk(stream, wanted)
                    return ProxyAnswer(said, printable((await stream.read_line(LINE)).strip()) if connected else "")
            except (ClosedEarly, Malformed, TimedOut):
                return ProxyAnswer(said)


async def by_connect(stream: Stream, wanted: SocketAddress) -> tuple[str, bool]:
    """The status line for CONNECT (RFC 9110, section 9.3.6), and whether it says that the connection stands."""
    stream.write(f"CONNECT {wanted} HTTP/1.1\r\nHost: {wanted}\r\n\r\n".encode())
    said, connected, _ = await _header(stream)
    return said, connected


async def by_get(stream: Stream, wanted: SocketAddress) -> tuple[str, bool]:
    """The same for GET of an absolute URI (RFC 9112, section 3.2.2): proxies take a greeting for HTTP/0.9."""
    stream.write(f"GET http://{wanted}/ HTTP/1.1\r\nHost: {wanted}\r\nConnection: close\r\n\r\n".encode())
    said, fetched, header = await _header(stream)
    if fetched and b"transfer-encoding:chunked" in header:
        await stream.read_line(LINE)  # the length of the first chunk
    return said, fetched


async def _header(stream: Stream) -> tuple[str, bool, tuple[bytes, ...]]:
    """The status line, whether it is a 2xx, and the fields in lower case without spaces. Empty where it is not HTTP.

    Any 2xx says that the connection stands (RFC 9110, section 9.3.6).
    """
    status = await stream.read_line(LINE)
    if not status.startswith(b"HTTP/"):
        return "", False, ()
    fields: list[bytes] = []
    for _ in range(LINES):
        line = await stream.read_line(LINE)
        if not line.strip():
            break
        fields.append(line.strip().lower().replace(b" ", b""))
    code = b"".join(status.split()[1:2])
    return printable(status.strip()), len(code) == 3 and code.startswith(b"2"), tuple(fields)


async def by_socks(stream: Stream, wanted: SocketAddress) -> tuple[str, bool]:
    """The reply to CONNECT (RFC 1928, section 6), and whether it says that the connection stands."""
    stream.write(b"\x05\x01\x00")
    version, method = await _exactly(stream, 2)
    if version != 5:
        return "", False
    if method != 0:
        return "SOCKS 5, and it wants a password" if method != 0xFF else "SOCKS 5, and not without a password", False
    packed = ip_address(wanted.address).packed
    kind = b"\x01" if len(packed) == 4 else b"\x04"
    stream.write(b"\x05\x01\x00" + kind + packed + wanted.port.to_bytes(2, "big"))
    _, reply, _, kind_of_bound = await _exactly(stream, 4)
    if reply != 0:
        return f"SOCKS 5, and the reply {reply}", False
    length = (await _exactly(stream, 1))[0] if kind_of_bound == 3 else 16 if kind_of_bound == 4 else 4
    await _exactly(stream, length + 2)  # the name or address that it connects from, and the port
    return "SOCKS 5, connected", True


async def _exactly(stream: Stream, count: int) -> bytes:
    found = b""
    while len(found) < count:
        some = await stream.read_some(count - len(found))
        if not some:
            raise ClosedEarly("the peer closed the connection")
        found += some
    return found
