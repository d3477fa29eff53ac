"""One DNS message out, one back, over UDP or TCP (RFC 1035, section 4.2; RFC 7766).

Both may be cancelled at any time; the socket is closed either way.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket

from mailproof.net.addresses import is_ipv6_without_route
from mailproof.net.errors import (
    NO_FILES,
    NO_IPV6,
    ClosedEarly,
    Malformed,
    NoFiles,
    NoIPv6,
    NotObserved,
    Refused,
    RefusedByAddress,
    TimedOut,
)
from mailproof.net.settings import SocketAddress
from mailproof.net.source import NO_MORE_FILES

HEADER = 12
"""Octets of a DNS message header (RFC 1035, section 4.1.1)."""

MAX_DATAGRAM = 65535

MAX_STRAYS = 32
"""Datagrams with a wrong id that are passed over (RFC 5452, section 9.1) before the server is given up."""

_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})
_RESET = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})


async def exchange_udp(wire: bytes, server: SocketAddress, deadline: float) -> bytes:
    """Send ``wire`` from a fresh random port and return the first datagram from ``server`` with the same id.

    ``deadline`` is in seconds of the running loop's clock. Raises TimedOut (silence), Refused (ICMP
    unreachable), Malformed (too many datagrams with a wrong id, or no others), NotObserved (no socket).
    """
    loop = asyncio.get_running_loop()
    waiting = _Datagrams(wire[:2], server, loop.create_future())
    near: socket.socket | None = None
    try:
        async with asyncio.timeout_at(deadline):
            near = _socket(server, socket.SOCK_DGRAM)
            near.connect((server.address, server.port))
            loop.add_reader(near.fileno(), waiting.read, near)
            near.send(wire)
            return await waiting.datagram
    except OSError as error:
        if _is_deadline(error) and waiting.strays:
            raise Malformed(f"{server} sent only datagrams with a wrong id ({waiting.strays})") from error
        raise failure(error, server) from error
    finally:
        if near is not None:
            loop.remove_reader(near.fileno())
            near.close()


async def exchange_with_any(wire: bytes, server: SocketAddress, deadline: float) -> tuple[bytes, str]:
    """As ``exchange_udp``, but an answer from any address is taken: also its address, if it is not that of ``server``.

    Servers with several addresses may answer from another one (RFC 2181, section 4), and a socket that is connected to
    the address asked does not get that.
    """
    loop = asyncio.get_running_loop()
    try:
        with _socket(server, socket.SOCK_DGRAM) as near:
            async with asyncio.timeout_at(deadline):
                await loop.sock_sendto(near, wire, (server.address, server.port))
                for _ in range(MAX_STRAYS):
                    data, source = await loop.sock_recvfrom(near, MAX_DATAGRAM)
                    if data[:2] == wire[:2] and len(data) >= HEADER:
                        return data, "" if source[0] == server.address else str(source[0])
    except OSError as error:
        raise failure(error, server) from error
    raise Malformed(f"{server} sent {MAX_STRAYS} datagrams with a wrong id")


async def exchange_tcp(wire: bytes, server: SocketAddress, deadline: float) -> bytes:
    """Send ``wire`` over a new connection and return the message that comes back (at most 65,535 octets).

    ``deadline`` is in seconds of the running loop's clock and covers connection, question and answer. Raises
    TimedOut, Refused, ClosedEarly, Malformed (announced shorter than a header), NotObserved (no socket).
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(deadline):
            with _socket(server, socket.SOCK_STREAM) as near:
                await loop.sock_connect(near, (server.address, server.port))
                await loop.sock_sendall(near, _framed(wire))
                return await _receive(near, _length(await _receive(near, 2), server))
    except EOFError as error:
        raise ClosedEarly(f"{server} closed the TCP connection without an answer") from error
    except OSError as error:
        raise failure(error, server) from error


async def _receive(near: socket.socket, size: int) -> bytes:
    """So many octets of a connection. Raises EOFError where it ends before, and OSError."""
    loop = asyncio.get_running_loop()
    octets = b""
    while len(octets) < size:
        more = await loop.sock_recv(near, size - len(octets))
        if not more:
            raise EOFError
        octets += more
    return octets


async def exchange_framed(
    wire: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: SocketAddress
) -> bytes:
    """Send ``wire`` over an open connection, its length in front (RFC 1035, section 4.2.2), and return what comes back.

    Raises Malformed (announced shorter than a header), IncompleteReadError and OSError.
    """
    writer.write(_framed(wire))
    await writer.drain()
    return await reader.readexactly(_length(await reader.readexactly(2), server))


def _framed(wire: bytes) -> bytes:
    return len(wire).to_bytes(2, "big") + wire


def _length(octets: bytes, server: SocketAddress) -> int:
    length = int.from_bytes(octets, "big")
    if length < HEADER:
        raise Malformed(f"{server} announced a TCP message of {length} octets")
    return length


def _socket(server: SocketAddress, kind: socket.SocketKind) -> socket.socket:
    """A socket of the server's family that blocks nobody. Bare, since asyncio's transports cost several times as much
    for one question and one answer.
    """
    near = socket.socket(socket.AF_INET6 if ":" in server.address else socket.AF_INET, kind)
    near.setblocking(False)
    return near


def failure(error: OSError, server: SocketAddress) -> NotObserved:
    """The typed failure for what the operating system, or the deadline, says about ``server``."""
    if error.errno in NO_MORE_FILES:
        return NoFiles(NO_FILES)
    if is_ipv6_without_route(server.address):
        return NoIPv6(NO_IPV6)
    if _is_deadline(error):
        return TimedOut(f"no answer from {server} in time")
    if isinstance(error, TimeoutError):
        return TimedOut(f"no connection to {server} in time")
    said = os.strerror(error.errno) if error.errno else str(error)  # asyncio has words of its own
    if error.errno == errno.ECONNREFUSED:
        return RefusedByAddress(f"{server}: {said}")
    if error.errno in _UNREACHABLE:
        return Refused(f"{server}: {said}")
    if error.errno in _RESET:
        return ClosedEarly(f"{server} reset the connection")
    return NotObserved(f"{server} could not be asked: {said}")


def _is_deadline(error: OSError) -> bool:
    return isinstance(error, TimeoutError) and error.errno is None


class _Datagrams:
    """Waits for the datagram that carries the id of the question."""

    def __init__(self, id_: bytes, server: SocketAddress, datagram: asyncio.Future[bytes]) -> None:
        self.id = id_
        self.datagram = datagram
        self.strays = 0
        self._server = server

    def read(self, near: socket.socket) -> None:
        """Take one datagram off the connected socket: it brings those of the server alone, and its ICMP errors."""
        if self.datagram.done():
            return
        try:
            data = near.recv(MAX_DATAGRAM)
        except BlockingIOError:
            return
        except OSError as error:
            self.datagram.set_exception(error)
            return
        if data[:2] == self.id and len(data) >= HEADER:
            self.datagram.set_result(data)
            return
        self.strays += 1
        if self.strays > MAX_STRAYS:
            self.datagram.set_exception(
                Malformed(f"{self._server.address} sent {self.strays} datagrams with a wrong id")
            )
