"""TLS facts: which versions and ciphers a server accepts, and which certificates it sends.

The handshakes are nassl's, sslyze's engine (it carries an OpenSSL old enough for SSLv2 and one new enough for TLS 1.3);
the connections are ours. sslyze's own scans take some 120 connections per protocol version; here every question is one
connection, two where no single OpenSSL knows all cipher suites, and more only where a server hangs up without a word.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from mailproof.net.errors import ClosedEarly, Malformed, NotAvailable, NoTLS, NoTLSNow, NotObserved, Throttled
from mailproof.net.hosts import Hosts
from mailproof.net.pkix.certificates import Chain, read_chain
from mailproof.net.services import SMTP_STARTTLS, Upgrade, upgrade_of
from mailproof.net.settings import NetSettings
from mailproof.net.smtp import Dialogue, extensions
from mailproof.net.stream import Stream, deadline
from mailproof.net.text import printable
from mailproof.net.tls.engines import any_old_version, any_version, makers, only_rsa, without_rsa
from mailproof.net.tls.hello import CLEAR_NOT_NOW, CLEAR_REFUSAL, agreed_version
from mailproof.net.tls.versions import TLSVersion
from mailproof.net.transcript import Speaker, Transcript, kept

if TYPE_CHECKING:
    from nassl.ssl_client import BaseSslClient

    from mailproof.net.tls.engines import Maker

__all__ = ["Handshake", "TLSClient", "TLSPeer", "TLSVersion"]

T = TypeVar("T")

THREADS = 8
"""Handshakes under way at once."""

HANDSHAKE_OCTETS = 512 * 1024
"""Octets of one handshake. OpenSSL itself takes certificate lists of 100 KiB."""

_LINE = 8 * 1024


@dataclass(frozen=True)
class TLSPeer:
    """Where TLS is spoken: at once, or after STARTTLS of the protocol named. ``host`` is sent as SNI."""

    address: str
    port: int
    host: str
    starttls: str | None


@dataclass(frozen=True)
class Handshake:
    """What came of offering one protocol version. ``offered`` is the OpenSSL cipher string, or ``all``.

    ``cipher`` is OpenSSL's name of the suite agreed on; None when not accepted, and when the handshake went
    far enough to show that the server would accept but not to its end (weak Diffie-Hellman parameters).
    ``error`` is how the server declined.
    """

    version: TLSVersion
    offered: str
    accepted: bool
    cipher: str | None
    error: str | None


class TLSClient:
    """Asks servers about their TLS. ``close`` at the end (or ``async with``) ends its threads."""

    def __init__(self, settings: NetSettings, hosts: Hosts) -> None:
        self._settings = settings
        self._hosts = hosts
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="mailproof-tls")
        self._bridges: set[_Bridge] = set()

    async def __aenter__(self) -> TLSClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Cut the handshakes under way and end the threads."""
        for bridge in self._bridges:
            bridge.cut()
        await asyncio.to_thread(self._executor.shutdown)

    async def accepts(self, endpoint: TLSPeer, version: TLSVersion, ciphers: str | None = None) -> Handshake:
        """Offer ``version`` and nothing else, with all cipher suites or those of an OpenSSL cipher string.

        As ``offers``.
        """
        (handshake,) = await self.offers(endpoint, (version, ciphers))
        return handshake

    async def offers(self, endpoint: TLSPeer, *offered: tuple[TLSVersion, str | None]) -> tuple[Handshake, ...]:
        """Offer each version and nothing else, with all cipher suites (None) or those of an OpenSSL cipher string.

        A ServerHello of the version is acceptance, whatever becomes of the handshake. An alert is a refusal. A
        connection that is closed without a word is one only if it happens to this hello twice, with another hello in
        between that the server answers; or, where it has just agreed to STARTTLS, to that one as well. What does not
        get as far as the hello, silence after it, and a TLS port that answers no hello at all, are raised: Refused,
        TimedOut, ClosedEarly, Malformed, NotAvailable (no STARTTLS), Throttled (421 or another 4yz). Raises ValueError
        for a cipher string that neither OpenSSL knows for a version.

        Takes up to two connections for a client (see ``tls_engines.makers``) and one more in all.
        """
        asked_another = False
        handshakes = []
        for version, ciphers in offered:
            declined: str | None = None
            loop = asyncio.get_running_loop()
            for make in await loop.run_in_executor(self._executor, makers, version, ciphers):
                outcome = await self._handshake(endpoint, make, _cipher, version=version)
                if outcome.closed:
                    if not asked_another:
                        await self._ask_another_hello(endpoint)
                        asked_another = True
                    outcome = await self._handshake(endpoint, make, _cipher, version=version)
                declined = outcome.error
                if outcome.accepted:
                    handshakes.append(Handshake(version, ciphers or "all", True, outcome.value, None))
                    break
            else:
                if declined is None:
                    raise ValueError(f"no OpenSSL here knows a cipher suite {ciphers or 'all'!r} for {version}")
                handshakes.append(Handshake(version, ciphers or "all", False, None, declined))
        return tuple(handshakes)

    async def _ask_another_hello(self, endpoint: TLSPeer) -> None:
        """Offer what current clients do. Raises ClosedEarly where the server has shown no sign that it is there."""
        outcome = await self._handshake(endpoint, any_version, _cipher)
        if outcome.closed and endpoint.starttls is None:
            raise ClosedEarly("the server closes the connection on every TLS hello, whatever it offers")

    async def certificates(self, endpoint: TLSPeer) -> tuple[Chain, ...]:
        """Return the certificate chains that the server sends, first the one it prefers.

        A second connection says the same again at once, so that a balancer that takes turns shows the next server
        behind it. A third one offers only what the first certificate's kind of key cannot serve (RSA, or
        everything else), so that servers with two certificates show both; not where only an old client gets a
        handshake done. Raises NoTLS when the server declines every handshake, ClosedEarly when it closes the
        connection each time without having agreed to STARTTLS, Malformed for certificates that do not parse, and what
        ``offers`` raises.
        """
        async with self._hosts.slot(endpoint.address):
            make, first = any_version, await self._chain(endpoint, any_version)
            if first.value is None:
                make, first = any_old_version, await self._chain(endpoint, any_old_version)
            if first.closed and endpoint.starttls is not None:
                first = await self._chain(endpoint, any_version)
                if first.value is not None:
                    return (first.value,)
            if first.value is None:
                failure = ClosedEarly if first.closed and endpoint.starttls is None else NoTLS
                raise failure(f"no TLS handshake succeeds: {first.error}")
            seen = [first, await self._chain(endpoint, make)]
            if make is any_version:
                rsa = first.value.leaf.key_type == "RSA"
                seen.append(await self._chain(endpoint, without_rsa if rsa else only_rsa))
        return tuple(dict.fromkeys(outcome.value for outcome in seen if outcome.value is not None))

    async def _chain(self, endpoint: TLSPeer, make: Maker) -> _Outcome[Chain]:
        """The chain that one whole handshake proves, inside a slot. Raises Malformed for what does not parse."""
        found = await self._handshake(endpoint, make, _proven_chain, in_slot=True)
        if found.value is None:
            return _Outcome(found.accepted, None, found.error, found.closed)
        return _Outcome(found.accepted, await asyncio.to_thread(read_chain, found.value), found.error)

    async def _handshake(
        self,
        endpoint: TLSPeer,
        make: Maker,
        look: Callable[[BaseSslClient], T],
        *,
        version: TLSVersion | None = None,
        in_slot: bool = False,
    ) -> _Outcome[T]:
        """One connection and one handshake with the client that ``make`` makes; then ``look`` at it.

        ``version`` is the only one that it offers; None: several.
        """
        seconds = self._settings.limits.tls
        loop = asyncio.get_running_loop()
        async with self._opened(endpoint, in_slot=in_slot) as stream:
            bridge = _Bridge(stream, loop, seconds)
            self._bridges.add(bridge)
            work = loop.run_in_executor(self._executor, _shake_hands, make, endpoint, version, bridge, look)
            try:
                outcome = await asyncio.shield(work)
            except asyncio.CancelledError:
                bridge.cut()
                await asyncio.gather(work, return_exceptions=True)
                raise
            finally:
                self._bridges.discard(bridge)
            if bridge.failure is not None:
                raise bridge.failure
            return outcome

    @asynccontextmanager
    async def _opened(self, endpoint: TLSPeer, *, in_slot: bool) -> AsyncIterator[Stream]:
        """A connection to ``endpoint`` at which the TLS hello is due."""
        settings = self._settings
        destination = settings.destination(endpoint.address, endpoint.port, endpoint.host)
        transcript = Transcript()
        visit = self._hosts.connection(endpoint.address, endpoint.port, endpoint.host, in_slot=in_slot)
        async with kept(transcript), visit:
            transcript.add(Speaker.NOTE, f"connecting to {destination} for {endpoint.host}")
            stream: Stream | None = None
            try:
                stream = await self._hosts.connect(endpoint.address, endpoint.port, destination)
                transcript.add(Speaker.NOTE, "connected")
                if endpoint.starttls == SMTP_STARTTLS.protocol:
                    await self._smtp_starttls(stream, transcript, endpoint.host)
                elif endpoint.starttls is not None:
                    await self._line_starttls(stream, transcript, upgrade_of(endpoint.starttls))
                transcript.add(Speaker.NOTE, "the TLS hello is due")
                yield stream
                await stream.close()
            except NotObserved as failure:
                if not failure.evidence:
                    transcript.add(Speaker.NOTE, failure.reason)
                    failure.evidence = transcript.evidence()
                raise
            finally:
                if stream is not None:
                    stream.abort()

    async def _smtp_starttls(self, stream: Stream, transcript: Transcript, host: str) -> None:
        """RFC 3207. A server that declines with 4yz raises Throttled, with anything else NotAvailable."""
        dialogue = Dialogue(stream, transcript, self._settings.limits, host=host, ehlo_name=self._settings.ehlo_name)
        for said, step in (
            ("the greeting", dialogue.greeting),
            ("EHLO", dialogue.ehlo),
            ("STARTTLS", dialogue.starttls),
        ):
            reply = await step()
            if reply.transient:
                failure = NoTLSNow if said == "STARTTLS" and reply.code != 421 else Throttled
                raise failure(f"{said} is answered with {reply}")
            if not reply.positive:
                await dialogue.farewell()
                raise (NoTLS if said == "STARTTLS" else NotAvailable)(f"{said} is answered with {reply}")
            if said == "EHLO" and "STARTTLS" not in extensions(reply):
                await dialogue.farewell()
                raise NotAvailable("the server does not offer STARTTLS")
        stream.take_held()

    async def _line_starttls(self, stream: Stream, transcript: Transcript, upgrade: Upgrade) -> None:
        """STARTTLS of a protocol in which one line asks for TLS and one agrees to it."""
        limits = self._settings.limits
        async with deadline(limits.greeting, "no greeting"):
            await _expect(stream, transcript, upgrade.ready)
        transcript.add(Speaker.CLIENT, upgrade.command.decode("ascii"))
        stream.write(upgrade.command + b"\r\n")
        async with deadline(limits.reply, "no reply to STARTTLS"):
            await _expect(stream, transcript, upgrade.agreed)
        stream.take_held()


async def _expect(stream: Stream, transcript: Transcript, wanted: bytes) -> None:
    """Read lines until one begins with ``wanted``; untagged IMAP responses in between are passed over."""
    for _ in range(100):
        line = (await stream.read_line(_LINE)).rstrip(b"\r\n")
        transcript.add(Speaker.SERVER, printable(line))
        if line.upper().startswith(wanted.upper()):
            return
        if not (line.startswith(b"* ") and wanted != b"* OK") or line.upper().startswith(b"* BYE"):
            raise NotAvailable(f"the server says {printable(line)}")
    raise Malformed("more than 100 lines instead of a reply")


@dataclass(frozen=True)
class _Outcome(Generic[T]):
    """Whether the server agreed to the handshake, what ``look`` saw then, and how it declined.

    ``closed``: it closed the connection without a word.
    """

    accepted: bool
    value: T | None
    error: str | None
    closed: bool = False


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
        if len(self.received) > HANDSHAKE_OCTETS:
            raise Malformed(f"a TLS handshake of more than {HANDSHAKE_OCTETS} octets")
        return data


def _shake_hands(
    make: Maker,
    endpoint: TLSPeer,
    version: TLSVersion | None,
    bridge: _Bridge,
    look: Callable[[BaseSslClient], T],
) -> _Outcome[T]:
    """Run one handshake to its end, in a thread."""
    from nassl._nassl import OpenSSLError
    from nassl.ssl_client import ClientCertificateRequested

    client = make(_server_name(endpoint.host))
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
    if error is not None:
        agreed = agreed_version(bytes(bridge.received))
        if agreed is None:
            return _Outcome(False, None, error, closed=not bridge.received and bridge.refusal is None)
        if version is not None and agreed is not version:
            return _Outcome(False, None, f"the server answers with {agreed}")
    try:
        seen = look(client)
    except (OpenSSLError, ValueError, TypeError) as failure:
        return _Outcome(True, None, error or printable(str(failure)))
    if endpoint.starttls == "smtp" and client.is_handshake_completed():
        client.write(b"QUIT\r\n")
    return _Outcome(True, seen, error)


def _proven_chain(client: BaseSslClient) -> list[str] | None:
    """The certificates sent; none where the handshake broke off, so that the server has not proved to have the key."""
    return client.get_received_chain() or None if client.is_handshake_completed() else None


def _cipher(client: BaseSslClient) -> str | None:
    """The suite agreed on; None where the handshake did not get as far as showing it."""
    name = client.get_current_cipher_name()
    return str(name) if name and name != "(NONE)" else None


def _openssl_reason(message: str) -> str:
    """The last field of OpenSSL's ``error:1409442E:SSL routines:function:reason``, as far as it is there."""
    return printable(message.splitlines()[0].rsplit(":", 1)[-1] if message else "unknown error")


def _server_name(host: str) -> str | None:
    """What is sent as SNI for ``host``: nothing for an address (RFC 6066, section 3) and what is no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        try:
            return host.removesuffix(".").encode("idna").decode("ascii") or None
        except UnicodeError:
            return None
    return None
