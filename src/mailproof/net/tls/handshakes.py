"""TLS facts: what a server takes, asked by hellos; and which certificates it proves to have, by whole handshakes.

The handshakes are nassl's, sslyze's engine (it carries an OpenSSL old enough for SSLv3 and one new enough for TLS 1.3);
the connections are ours.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from mailproof.net.errors import ClosedEarly, Malformed, NotAvailable, NoTLS, NotObserved, Throttled
from mailproof.net.hosts import Hosts
from mailproof.net.pkix.certificates import Chain, read_chain
from mailproof.net.settings import NetSettings
from mailproof.net.stream import Stream, deadline
from mailproof.net.text import printable
from mailproof.net.tls.connection import TLSPeer, at_hello
from mailproof.net.tls.engines import (
    any_old_version,
    any_version,
    no_name,
    no_name_and_old,
    only_rsa,
    only_tls13,
    without_rsa,
)
from mailproof.net.tls.facts import SessionTicket
from mailproof.net.tls.flight import CLEAR_NOT_NOW, CLEAR_REFUSAL, FLIGHT_OCTETS
from mailproof.net.tls.hello import server_name
from mailproof.net.tls.offers import Offers, ask_offers
from mailproof.net.tls.scan import Scan, scan

if TYPE_CHECKING:
    from nassl.ssl_client import BaseSslClient

    from mailproof.net.tls.engines import Maker

T = TypeVar("T")

Look = Callable[["BaseSslClient", bytes | None], T]
"""Looks at a handshake that is complete; the second argument is how to say farewell to the server, if it is known."""

THREADS = 8
"""Handshakes under way at once."""

SCANS = 3
"""Deep scans under way at once."""

_FIRST_WORDS = 2048

_AGAIN = 2
"""Handshakes in which a certificate may turn up that hellos have shown: a balancer of two takes turns."""

MOST_HANDSHAKES = 2 + _AGAIN
"""Connections that ``TLSClient.certificates`` takes at most."""


class TLSClient:
    """Asks servers about their TLS. ``close`` at the end (or ``async with``) ends its threads."""

    def __init__(self, settings: NetSettings, hosts: Hosts) -> None:
        self._settings = settings
        self._hosts = hosts
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="mailproof-tls")
        self._bridges: set[_Bridge] = set()
        self._scans = asyncio.Semaphore(SCANS)

    async def __aenter__(self) -> TLSClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Cut the handshakes under way and end the threads."""
        for bridge in self._bridges:
            bridge.cut()
        await asyncio.to_thread(self._executor.shutdown)

    async def offers(self, endpoint: TLSPeer, *, spoken: bool = False) -> Offers:
        """What the server takes, asked by hellos: see ``ask_offers``."""
        return await ask_offers(self._settings, self._hosts, endpoint, spoken=spoken)

    async def scan(self, endpoint: TLSPeer) -> Scan:
        """What sslyze's scanner finds: see ``net.tls.scan``."""
        async with self._scans:
            return await scan(self._settings, self._hosts, endpoint)

    async def certificates(self, endpoint: TLSPeer, *, known: Collection[str] = ()) -> tuple[Chain, ...]:
        """Return the certificate chains that the server sends, first the one it prefers.

        A second connection says the same again at once, so that a balancer that takes turns shows the next server
        behind it. A third one offers only what the first certificate's kind of key cannot serve (RSA, or everything
        else), so that servers with two certificates show both; not where only an old client gets a handshake done.
        With ``known``, the SHA-256 of what hellos have shown on several connections, the same is said again at the end,
        up to twice, and only as long as one of these certificates is missing. Raises NoTLS when the server declines
        every handshake, ClosedEarly when it closes the connection each time without having agreed to STARTTLS,
        Malformed for certificates that do not parse, and what ``at_hello`` raises.
        """
        async with self._hosts.slot(endpoint.address):
            make, first = any_version, await self._chain(endpoint, any_version, in_slot=True)
            if first.value is None:
                make, first = any_old_version, await self._chain(endpoint, any_old_version, in_slot=True)
            if first.closed and endpoint.starttls is not None:
                first = await self._chain(endpoint, any_version, in_slot=True)
                if first.value is not None:
                    return (first.value,)
            if first.value is None:
                failure = ClosedEarly if first.closed and endpoint.starttls is None else NoTLS
                raise failure(f"no TLS handshake succeeds: {first.error}")
            seen = [first]
            if not known:
                seen.append(await self._chain(endpoint, make, in_slot=True))
            if make is any_version:
                rsa = first.value.leaf.key_type == "RSA"
                seen.append(await self._chain(endpoint, without_rsa if rsa else only_rsa, in_slot=True))
            for _ in range(_AGAIN):
                if not {chain.value.leaf.sha256 for chain in seen if chain.value}.issuperset(known):
                    seen.append(await self._chain(endpoint, make, in_slot=True))
        return _distinct(outcome.value for outcome in seen if outcome.value is not None)

    async def certificates_without_name(self, endpoint: TLSPeer) -> Chain:
        """The certificate chain that the server sends to a client that does not say which host it wants (no SNI).

        Raises NoTLS where it declines the handshake, Malformed for certificates that do not parse, and what
        ``at_hello`` raises.
        """
        found = await self._chain(endpoint, no_name)
        if found.value is None:
            found = await self._chain(endpoint, no_name_and_old)
        if found.value is None:
            raise NoTLS(f"no TLS handshake succeeds without the name of the host: {found.error}")
        return found.value

    async def ticket(self, endpoint: TLSPeer) -> SessionTicket:
        """What the ticket says that a TLS 1.3 server gives with its first words, or that there is none.

        Nothing is sent early. Raises NotAvailable where no handshake of TLS 1.3 or no word is to be had, and what
        ``at_hello`` raises.
        """
        seen = await self._handshake(endpoint, only_tls13, _ticket)
        if seen.value is None:
            raise NotAvailable(f"no session of TLS 1.3: {seen.error}")
        return seen.value

    async def _chain(self, endpoint: TLSPeer, make: Maker, *, in_slot: bool = False) -> _Outcome[Chain]:
        """The chain that one whole handshake proves. Raises Malformed for what does not parse."""
        found = await self._handshake(endpoint, make, _proven_chain, in_slot=in_slot)
        chain = await asyncio.to_thread(read_chain, *found.value) if found.value else None
        return _Outcome(chain, found.error, found.closed)

    async def _handshake(self, endpoint: TLSPeer, make: Maker, look: Look[T], *, in_slot: bool = False) -> _Outcome[T]:
        """One connection, and one handshake with the client that ``make`` makes; then ``look`` at it."""
        loop = asyncio.get_running_loop()
        async with at_hello(self._settings, self._hosts, endpoint, in_slot=in_slot) as stream:
            bridge = _Bridge(stream, loop, self._settings.limits.tls)
            self._bridges.add(bridge)
            work = loop.run_in_executor(self._executor, _shake_hands, make, endpoint, bridge, look)
            try:
                value, error = await asyncio.shield(work)
            except asyncio.CancelledError:
                bridge.cut()
                await asyncio.gather(work, return_exceptions=True)
                raise
            finally:
                self._bridges.discard(bridge)
            if bridge.failure is not None:
                raise bridge.failure
        return _Outcome(value, error, closed=not bridge.received and bridge.refusal is None)


def _distinct(chains: Iterable[Chain]) -> tuple[Chain, ...]:
    """Each chain once, with an OCSP response if one came with it on any connection."""
    found: dict[Chain, Chain] = {}
    for chain in chains:
        if chain.staple or chain not in found:
            found[chain] = chain
    return tuple(found.values())


@dataclass(frozen=True)
class _Outcome(Generic[T]):
    """What was seen of a handshake, or how it failed. ``closed``: the server hung up without a word."""

    value: T | None
    error: str | None
    closed: bool


class _Bridge:
    """Looks like a socket to sslyze's client in its thread; reads and writes the stream in the event loop.

    ``failure`` is why the handshake could not be observed, if so.
    """

    def __init__(self, stream: Stream, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self.failure: NotObserved | None = None
        self.refusal: str | None = None
        """How the server refused in clear, if so."""
        self.received = bytearray()
        self._stream = stream
        self._loop = loop
        self._seconds = seconds
        self._end: float | None = None
        self._cut = False
        self._pending: Future[bytes] | None = None

    # Called by the handshake, in its thread.

    def send(self, data: bytes) -> int:
        self._loop.call_soon_threadsafe(self._stream.write, data)
        return len(data)

    def recv(self, size: int) -> bytes:
        self._pending = asyncio.run_coroutine_threadsafe(self._read(size), self._loop)
        try:
            return self._pending.result()
        except NotObserved as failure:
            self.failure = failure
            raise OSError(failure.reason) from failure
        except FutureCancelled as cancelled:
            self.failure = NotObserved("the handshake was cut short here")
            raise OSError("cancelled") from cancelled

    def close(self) -> None:
        """The stream is closed by its owner."""

    # Called in the event loop.

    def cut(self) -> None:
        """Make the handshake end now."""
        self._cut = True
        if self._pending is not None:
            self._pending.cancel()

    async def _read(self, size: int) -> bytes:
        if self._cut:
            raise asyncio.CancelledError
        now = self._loop.time()
        if self._end is None:
            self._end = now + self._seconds
        async with deadline(max(self._end - now, 0), "no end of the TLS handshake"):
            data = await self._stream.read_some(size)
        if not self.received:
            said = f"the server says in clear: {printable(data[:200].rstrip())}"
            if CLEAR_NOT_NOW.match(data):
                raise Throttled(said)
            if CLEAR_REFUSAL.match(data):
                self.refusal = said
                return b""
        self.received += data
        if len(self.received) > FLIGHT_OCTETS:
            raise Malformed(f"a TLS handshake of more than {FLIGHT_OCTETS} octets")
        return data


def _shake_hands(make: Maker, endpoint: TLSPeer, bridge: _Bridge, look: Look[T]) -> tuple[T | None, str | None]:
    """Run one handshake to its end, in a thread. Returns what ``look`` sees then, and how it failed."""
    from nassl._nassl import OpenSSLError
    from nassl.ssl_client import ClientCertificateRequested

    client = make(server_name(endpoint.host))
    client.set_underlying_socket(bridge)  # type: ignore[arg-type]
    error = None
    try:
        client.do_handshake()
    except ClientCertificateRequested:
        error = "the server wants a certificate of the client"
    except OpenSSLError as failure:
        error = _openssl_reason(str(failure.args[0]) if failure.args else "unknown error")
    except OSError:
        error = bridge.refusal or "the server closed the connection"
    if not client.is_handshake_completed():
        return None, error
    try:
        return look(client, _FAREWELLS.get(endpoint.starttls)), error
    except (OpenSSLError, OSError, ValueError, TypeError) as failure:
        return None, error or printable(str(failure))


_FAREWELLS: dict[str | None, bytes] = {
    **dict.fromkeys(("smtp", "lmtp", "pop3"), b"QUIT\r\n"),
    "imap": b"a LOGOUT\r\n",
}
"""What is said inside TLS, by the protocol of STARTTLS. Where TLS begins at once the server speaks first."""


def _proven_chain(client: BaseSslClient, farewell: bytes | None) -> tuple[list[str], bytes] | None:
    """The certificates sent, and the OCSP response with them. A handshake that breaks off has not proved that the
    server has the key.
    """
    chain = client.get_received_chain()
    response = client.get_tlsext_status_ocsp_resp()
    if farewell:
        client.write(farewell)
    return (chain, response.as_der_bytes() if response else b"") if chain else None


def _ticket(client: BaseSslClient, farewell: bytes | None) -> SessionTicket:
    """What the session ticket allows, which comes with the server's first words."""
    if farewell:
        client.write(farewell)
    client.read(_FIRST_WORDS)
    session = client.get_session()
    lifetime = _LIFETIME.search(session.as_text())
    return SessionTicket(int(session.get_max_early_data()), int(lifetime[1]) if lifetime else None)


_LIFETIME = re.compile(r"ticket lifetime hint: ([0-9]{1,10}) ")
"""In the text that OpenSSL makes of a session; it is left out where there is no ticket."""


def _openssl_reason(message: str) -> str:
    """The last field of OpenSSL's ``error:1409442E:SSL routines:function:reason``, as far as it is there."""
    return printable(message.splitlines()[0].rsplit(":", 1)[-1] if message else "unknown error")
