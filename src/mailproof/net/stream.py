"""A bounded byte stream over TCP that can become TLS in place.

asyncio's own StreamReader keeps plain text that arrived before a TLS handshake and serves it afterwards as
if it had come through TLS, which is the fault behind CVE-2011-0411. This stream shows what it holds and
gives it away on request, so that its user decides.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import cast

from mailproof.net.addresses import is_ipv6_without_route
from mailproof.net.errors import (
    NO_FILES,
    NO_IPV6,
    ClosedEarly,
    Malformed,
    NoFiles,
    NoIPv6,
    NotAvailable,
    NotObserved,
    Refused,
    RefusedByAddress,
    TimedOut,
)
from mailproof.net.settings import SocketAddress
from mailproof.net.source import NO_MORE_FILES

HELD = 64 * 1024
"""Octets held unread before the peer is made to wait (TCP back pressure)."""

_FAREWELL = 0.5
"""Seconds that an orderly close may take before the connection is cut."""

REFUSALS = frozenset({errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH})
"""How the operating system says that the peer refused (TCP RST, ICMP unreachable)."""


class Stream(asyncio.Protocol):
    """Octets to and from one peer. Every failure is a ``NotObserved``; deadlines are in seconds."""

    def __init__(self) -> None:
        self.peer_waited: float | None = None
        """Seconds that the peer let pass before it spoke first; None where our first words were sent before that."""
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._paused = False
        self._ended = False
        self._lost = ""
        self._arrival = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._gone = asyncio.Event()

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        if len(self._held) >= HELD and self._transport is not None and not self._paused:
            self._transport.pause_reading()
            self._paused = True
        self._arrival.set()

    def eof_received(self) -> bool:
        self._ended = True
        self._arrival.set()
        return False

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        # Not the exception itself: its traceback holds the frames, and they the connection with all its buffers.
        self._lost = (str(exc) or type(exc).__name__) if exc else ""
        self._arrival.set()
        self._writable.set()
        self._gone.set()

    # What the user of the stream asks for.

    @property
    def transport(self) -> asyncio.Transport:
        """The transport now in use: TCP, or TLS after ``start_tls``."""
        if self._transport is None:
            raise RuntimeError("the stream is not connected")
        return self._transport

    @property
    def closed_by_peer(self) -> bool:
        """Whether the peer has closed its side, or the connection is gone; octets received may still be unread."""
        return self._ended

    @property
    def ended(self) -> bool:
        """Whether the peer has closed its side and everything received has been read."""
        return self._ended and not self._held

    @property
    def own_address(self) -> str:
        """The address of this end of the connection; empty where it is not known."""
        name = self.transport.get_extra_info("sockname")
        return str(name[0]).partition("%")[0] if isinstance(name, tuple) else ""

    def take_held(self) -> bytes:
        """Return the octets received and not yet read, without waiting, and forget them."""
        return self._take(len(self._held))

    def give_back(self, data: bytes) -> None:
        """Put ``data`` in front of what is read next."""
        self._held[:0] = data

    def write(self, data: bytes) -> None:
        """Hand ``data`` to the transport in one write. That the peer is gone shows when reading."""
        if not self._gone.is_set():
            self.transport.write(data)

    async def drain(self, seconds: float) -> None:
        """Wait until the transport takes more. Raises TimedOut."""
        async with deadline(seconds, "the peer does not read what is sent"):
            await self._writable.wait()

    async def read_some(self, limit: int) -> bytes:
        """Return 1 to ``limit`` octets as soon as there are any; nothing at the end of the stream. No
        deadline here.
        """
        while not self._held:
            if self._ended:
                return b""
            await self._wait()
        return self._take(min(limit, len(self._held)))

    async def read_line(self, limit: int) -> bytes:
        """Return the octets up to and including the next LF. No deadline: the caller sets one around a whole
        reply.

        Raises Malformed when ``limit`` octets come without LF, ClosedEarly when the stream ends before it.
        """
        searched = 0
        while True:
            end = self._held.find(b"\n", searched)
            if 0 <= end < limit:
                return self._take(end + 1)
            if len(self._held) >= limit:
                raise Malformed(f"a line of more than {limit} octets")
            if self._ended:
                raise ClosedEarly(self._how_it_ended())
            searched = len(self._held)
            await self._wait()

    async def start_tls(
        self, context: ssl.SSLContext, seconds: float, *, host: str | None = None, server_side: bool = False
    ) -> ssl.SSLObject:
        """Run a TLS handshake over the connection and use TLS from now on.

        ``host`` is sent as SNI. Octets held must have been taken first: RuntimeError otherwise.
        Raises NotAvailable when the handshake fails, ClosedEarly, TimedOut.
        """
        if self._held:
            raise RuntimeError("plain text is held: take it before the handshake")
        if self._ended:
            raise ClosedEarly(self._how_it_ended())
        loop = asyncio.get_running_loop()
        upgraded: asyncio.Transport | None = None
        try:
            async with deadline(seconds, "no end of the TLS handshake"):
                upgraded = await loop.start_tls(
                    self.transport,
                    self,
                    context,
                    server_side=server_side,
                    server_hostname=None if server_side else host,
                    ssl_handshake_timeout=seconds + 1,
                    ssl_shutdown_timeout=_FAREWELL,
                )
        except ssl.SSLError as error:
            raise NotAvailable(f"the TLS handshake failed: {error.reason or error}") from error
        except OSError as error:
            raise ClosedEarly(f"the connection ended in the TLS handshake: {error}") from error
        except ValueError as error:
            raise NotAvailable(f"the TLS handshake cannot be tried: {error}") from error
        finally:
            if upgraded is None:
                self.abort()
                self.connection_lost(None)
        if upgraded is None:
            raise ClosedEarly("the connection ended in the TLS handshake")
        self._transport = upgraded
        return cast(ssl.SSLObject, upgraded.get_extra_info("ssl_object"))

    async def close(self) -> None:
        """Close in an orderly way if the peer goes along within half a second; then the connection is gone
        anyway.
        """
        if self._transport is None:
            return
        try:
            if not self._transport.is_closing():
                self._transport.close()
            async with asyncio.timeout(_FAREWELL):
                await self._gone.wait()
        except TimeoutError:
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        """Cut the connection now."""
        # Python 3.11.2 raises AttributeError where TLS has ended already.
        if self._transport is not None and not self._gone.is_set():
            self._transport.abort()

    def _take(self, count: int) -> bytes:
        taken = bytes(self._held[:count])
        del self._held[:count]
        if self._paused and len(self._held) < HELD and not self._gone.is_set():
            self.transport.resume_reading()
            self._paused = False
        return taken

    async def _wait(self) -> None:
        self._arrival.clear()
        await self._arrival.wait()

    def _how_it_ended(self) -> str:
        return f"the peer reset the connection: {self._lost}" if self._lost else "the peer closed the connection"


@asynccontextmanager
async def deadline(seconds: float, what: str) -> AsyncIterator[None]:
    """Everything inside has ``seconds`` in all; then TimedOut with ``what`` as its reason ("no greeting")."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise TimedOut(f"{what} within {seconds:g} s") from error


async def connect(destination: SocketAddress, seconds: float, first_words: bytes = b"") -> Stream:
    """Open a TCP connection within ``seconds``. Raises Refused, TimedOut, or NotObserved (no route from
    here, ...).

    ``first_words`` are sent as soon as the connection stands. ``Stream.peer_waited`` says whether the peer was faster
    nevertheless, and after how long. Both are the kernel's knowledge: they do not depend on how busy this process is.
    """
    loop = asyncio.get_running_loop()
    with ExitStack() as on_failure:
        try:
            opened = on_failure.enter_context(_socket_for(destination))
        except OSError as error:
            raise _why_no_socket(error) from error
        async with deadline(seconds, f"no connection to {destination}"):
            try:
                await loop.sock_connect(opened, (destination.address, destination.port))
            except TimeoutError:
                raise
            except OSError as error:
                raise _why_not_connected(opened, destination, error) from error
        peer_waited = _before_it_spoke(opened)
        if first_words:
            with suppress(OSError):
                opened.send(first_words)
        _tell_errors_at_once(opened, False)
        _, stream = await loop.create_connection(Stream, sock=opened)
        stream.peer_waited = peer_waited
        on_failure.pop_all()
    return stream


_TCP_INFO = struct.Struct("=44xI4xI")
"""Of Linux's ``struct tcp_info``: milliseconds since data was sent (or the connection stood), and since data came."""


def _before_it_spoke(opened: socket.socket) -> float | None:
    """Seconds from the connection to the octets of the peer that wait to be read; None where there are none."""
    try:
        opened.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return None
    if sys.platform != "linux":
        return float("inf")
    since_connected, since_spoken = _TCP_INFO.unpack(
        opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    )
    return float(since_connected - since_spoken) / 1000


def _why_no_socket(error: OSError) -> NotObserved:
    return NoFiles(NO_FILES) if error.errno in NO_MORE_FILES else NotObserved(f"no socket: {error.strerror or error}")


def _socket_for(destination: SocketAddress) -> socket.socket:
    family = socket.AF_INET6 if ":" in destination.address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setblocking(False)
    _tell_errors_at_once(opened, True)
    return opened


_IP_RECVERR, _IPV6_RECVERR, _MSG_ERRQUEUE = 11, 25, 0x2000
"""Of Linux (ip(7), ipv6(7), recv(2)); Python does not name them all."""


def _tell_errors_at_once(opened: socket.socket, on: bool) -> None:
    """Let the kernel keep ICMP messages about the connection, so that they can be told from a TCP reset."""
    if sys.platform == "linux":
        if opened.family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, on)
        else:
            opened.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, on)


def _why_not_connected(opened: socket.socket, destination: SocketAddress, error: OSError) -> NotObserved:
    if is_ipv6_without_route(destination.address):
        return NoIPv6(NO_IPV6)
    why = os.strerror(error.errno).lower() if error.errno else str(error)  # asyncio's own text repeats the address
    reason = f"no connection to {destination}: {why}"
    if error.errno not in REFUSALS:
        return NotObserved(reason)
    itself = error.errno == errno.ECONNREFUSED and not _icmp_came(opened)
    return RefusedByAddress(reason) if itself else Refused(reason)


def _icmp_came(opened: socket.socket) -> bool:
    """Whether an ICMP message ended the connection: a router or a filter may have sent it. A reset leaves none."""
    if sys.platform != "linux":
        return True
    try:
        return bool(opened.recvmsg(1, 512, _MSG_ERRQUEUE)[1])
    except OSError:
        return False
