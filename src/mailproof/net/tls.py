"""TLS facts: which versions and ciphers a server accepts, and which certificates it sends.

The handshakes are sslyze's (it carries an OpenSSL old enough for SSLv2 and one new enough for TLS 1.3); the
connections are ours. sslyze's own scans take some 120 connections per protocol version; here every question
is one connection, two where no single OpenSSL knows all cipher suites. sslyze is imported when first used.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from mailproof.net.certificates import Chain, read_chain
from mailproof.net.errors import Malformed, NotAvailable, NotObserved, Throttled
from mailproof.net.hosts import Hosts
from mailproof.net.settings import NetSettings
from mailproof.net.smtp import Dialogue, extensions
from mailproof.net.stream import Stream, deadline
from mailproof.net.text import printable
from mailproof.net.transcript import Speaker, Transcript

if TYPE_CHECKING:
    from nassl.ephemeral_key_info import OpenSslEvpPkeyEnum
    from nassl.ssl_client import BaseSslClient

    _Maker = Callable[[str | None], BaseSslClient]

T = TypeVar("T")

THREADS = 8
"""Handshakes under way at once."""

HANDSHAKE_OCTETS = 512 * 1024
"""Octets of one handshake. OpenSSL itself takes certificate lists of 100 KiB."""

_LINE = 8 * 1024


class TLSVersion(StrEnum):
    """Protocol versions, oldest first."""

    SSLV2 = "SSLv2"
    SSLV3 = "SSLv3"
    TLS1_0 = "TLSv1.0"
    TLS1_1 = "TLSv1.1"
    TLS1_2 = "TLSv1.2"
    TLS1_3 = "TLSv1.3"


@dataclass(frozen=True)
class TLSEndpoint:
    """Where TLS is spoken: at once, or after STARTTLS of the protocol named. ``host`` is sent as SNI."""

    address: str
    port: int
    host: str
    starttls: Literal["smtp", "imap", "pop3"] | None


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

    async def accepts(self, endpoint: TLSEndpoint, version: TLSVersion, ciphers: str | None = None) -> Handshake:
        """Offer ``version`` and nothing else, with all cipher suites or those of an OpenSSL cipher string.

        An alert or a connection closed on the hello is ``accepted=False``. What does not get as far as the
        hello, and silence after it, is raised: Refused, TimedOut, ClosedEarly, Malformed, NotAvailable (no
        STARTTLS), Throttled (421 or another 4yz). Raises ValueError for a cipher string that neither OpenSSL
        knows for ``version``.
        """
        offered = ciphers or "all"
        declined: str | None = None
        loop = asyncio.get_running_loop()
        for make in await loop.run_in_executor(self._executor, _makers, version, ciphers):
            outcome = await self._handshake(endpoint, make, lambda client: str(client.get_current_cipher_name()))
            if outcome.accepted:
                return Handshake(version, offered, True, outcome.value, None)
            declined = outcome.error
        if declined is None:
            raise ValueError(f"no OpenSSL here knows a cipher suite {offered!r} for {version}")
        return Handshake(version, offered, False, None, declined)

    async def certificates(self, endpoint: TLSEndpoint) -> tuple[Chain, ...]:
        """Return the certificate chains that the server sends, first the one it prefers.

        A second connection says the same again at once, so that a balancer that takes turns shows the next server
        behind it. A third one offers only what the first certificate's kind of key cannot serve (RSA, or
        everything else), so that servers with two certificates show both. Raises NotAvailable when no
        handshake succeeds, Malformed for certificates that do not parse, and what ``accepts`` raises.
        """
        async with self._hosts.slot(endpoint.address):
            make, first = _any_version, await self._chain(endpoint, _any_version)
            if first.value is None:
                make, first = _any_old_version, await self._chain(endpoint, _any_old_version)
            if first.value is None:
                raise NotAvailable(f"no TLS handshake that shows a certificate: {first.error}")
            again = await self._chain(endpoint, make)
            rsa = first.value.leaf.key_type == "RSA"
            other = await self._chain(endpoint, _without_rsa if rsa else _only_rsa)
        chains = (outcome.value for outcome in (first, again, other) if outcome.value is not None)
        return tuple(dict.fromkeys(chains))

    async def _chain(self, endpoint: TLSEndpoint, make: _Maker) -> _Outcome[Chain]:
        """The chain that one handshake shows, inside a slot. Raises Malformed for certificates that do not parse."""
        found = await self._handshake(endpoint, make, lambda client: client.get_received_chain(), in_slot=True)
        return _Outcome(found.accepted, None if found.value is None else read_chain(found.value), found.error)

    async def _handshake(
        self, endpoint: TLSEndpoint, make: _Maker, look: Callable[[BaseSslClient], T], *, in_slot: bool = False
    ) -> _Outcome[T]:
        """One connection and one handshake with the client that ``make`` makes; then ``look`` at it."""
        seconds = self._settings.limits.tls
        loop = asyncio.get_running_loop()
        async with self._opened(endpoint, in_slot=in_slot) as stream:
            bridge = _Bridge(stream, loop, seconds)
            self._bridges.add(bridge)
            work = loop.run_in_executor(self._executor, _shake_hands, make, endpoint, bridge, look)
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
    async def _opened(self, endpoint: TLSEndpoint, *, in_slot: bool) -> AsyncIterator[Stream]:
        """A connection to ``endpoint`` at which the TLS hello is due."""
        settings = self._settings
        destination = settings.destination(endpoint.address, endpoint.port, endpoint.host)
        async with self._hosts.connection(endpoint.address, endpoint.port, in_slot=in_slot):
            transcript = Transcript()
            transcript.add(Speaker.NOTE, f"connecting to {destination} for {endpoint.host}")
            stream: Stream | None = None
            try:
                stream = await self._hosts.connect(endpoint.address, endpoint.port, destination)
                transcript.add(Speaker.NOTE, "connected")
                match endpoint.starttls:
                    case "smtp":
                        await self._smtp_starttls(stream, transcript, endpoint.host)
                    case "imap":
                        await self._line_starttls(stream, transcript, b"* OK", b"a STARTTLS", b"a OK")
                    case "pop3":
                        await self._line_starttls(stream, transcript, b"+OK", b"STLS", b"+OK")
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
                raise Throttled(f"{said} is answered with {reply}")
            if not reply.positive:
                await dialogue.farewell()
                raise NotAvailable(f"{said} is answered with {reply}")
            if said == "EHLO" and "STARTTLS" not in extensions(reply):
                await dialogue.farewell()
                raise NotAvailable("the server does not offer STARTTLS")
        stream.take_held()

    async def _line_starttls(
        self, stream: Stream, transcript: Transcript, ready: bytes, command: bytes, agreed: bytes
    ) -> None:
        """STARTTLS of IMAP (RFC 9051, section 6.2.1) and STLS of POP3 (RFC 2595, section 4)."""
        limits = self._settings.limits
        async with deadline(limits.greeting, "no greeting"):
            await _expect(stream, transcript, ready)
        transcript.add(Speaker.CLIENT, command.decode("ascii"))
        stream.write(command + b"\r\n")
        async with deadline(limits.reply, "no reply to STARTTLS"):
            await _expect(stream, transcript, agreed)
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
    """Whether the handshake succeeded, what ``look`` saw then, and else how the server declined."""

    accepted: bool
    value: T | None
    error: str | None


class _Bridge:
    """Looks like a socket to sslyze's client in its thread; reads and writes the stream in the event loop.

    ``failure`` is why the handshake could not be observed, if so.
    """

    def __init__(self, stream: Stream, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self.failure: NotObserved | None = None
        self._stream = stream
        self._loop = loop
        self._seconds = seconds
        self._end: float | None = None
        self._octets = 0
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
        if self._octets == 0 and _NOT_NOW.match(data):
            raise Throttled(f"the server says in clear: {printable(data[:200].rstrip())}")
        self._octets += len(data)
        if self._octets > HANDSHAKE_OCTETS:
            raise Malformed(f"a TLS handshake of more than {HANDSHAKE_OCTETS} octets")
        return data


def _shake_hands(
    make: _Maker, endpoint: TLSEndpoint, bridge: _Bridge, look: Callable[[BaseSslClient], T]
) -> _Outcome[T]:
    """Run one handshake to its end, in a thread."""
    from nassl._nassl import OpenSSLError
    from nassl.ssl_client import ClientCertificateRequested

    client = make(_server_name(endpoint.host))
    client.set_underlying_socket(bridge)  # type: ignore[arg-type]
    try:
        client.do_handshake()
    except ClientCertificateRequested:
        pass
    except OpenSSLError as error:
        message = str(error.args[0]) if error.args else "unknown error"
        if "dh key too small" in message:
            return _Outcome(True, None, None)
        return _Outcome(False, None, _openssl_reason(message))
    except OSError:
        return _Outcome(False, None, "the server closed the connection")
    try:
        seen = look(client)
    except (OpenSSLError, ValueError, TypeError) as error:
        return _Outcome(True, None, printable(str(error)))
    if endpoint.starttls == "smtp" and client.is_handshake_completed():
        client.write(b"QUIT\r\n")
    return _Outcome(True, seen, None)


_NOT_NOW = re.compile(rb"4[0-9]{2}[ -]")


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


# The clients that ask. sslyze's package carries two OpenSSL builds: a modern one (TLS 1.0 to 1.3) and a
# legacy one (SSLv2 to TLS 1.2, with the suites that nobody should use any more). Both leave out PSK and SRP:
# they need secrets.

_EVERYTHING = "ALL:COMPLEMENTOFALL"
_TLS13_SUITES = (
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
    ":TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
)
_LEGACY_ONLY = re.compile(r"RC[24]|DES|NULL|IDEA|SEED|EXP")
"""Suites that the modern build may list and then not speak."""
_UNUSABLE = re.compile(r"PSK|SRP|^TLS_")


def _makers(version: TLSVersion, ciphers: str | None) -> list[_Maker]:
    """The clients that together offer ``version`` with ``ciphers``: none, one, or two for TLS 1.2."""
    from nassl._nassl import OpenSSLError

    wanted = ciphers or _EVERYTHING
    if version is TLSVersion.TLS1_3:
        make = functools.partial(_tls13, ciphers or _TLS13_SUITES)
        try:
            make(None)
        except OpenSSLError:
            return []
        return [make]
    legacy = functools.partial(_client, version, legacy=True)
    modern = functools.partial(_client, version, legacy=False)
    if version is TLSVersion.SSLV2:
        offers = [
            (
                legacy,
                [name for name in _known(legacy, "SSLv2") if not ciphers or name in _known(legacy, ciphers)],
            )
        ]
    elif version is TLSVersion.TLS1_2:
        strong = [name for name in _known(modern, wanted) if not _LEGACY_ONLY.search(name)]
        weak = [name for name in _known(legacy, wanted) if name not in strong]
        offers = [(modern, strong), (legacy, weak)]
    else:
        offers = [(legacy, _known(legacy, wanted))]
    return [functools.partial(make, ":".join(names)) for make, names in offers if names]


def _known(make: Callable[[str, None], BaseSslClient], ciphers: str) -> list[str]:
    """The suites that a build knows by an OpenSSL cipher string."""
    from nassl._nassl import OpenSSLError

    try:
        return [name for name in make(ciphers, None).get_cipher_list() if not _UNUSABLE.search(name)]
    except OpenSSLError:
        return []


def _client(version: TLSVersion | None, ciphers: str, name: str | None, *, legacy: bool) -> BaseSslClient:
    """A client of one build for ``version`` (None: all that the build has), offering ``ciphers`` and SNI
    ``name``.
    """
    from nassl.legacy_ssl_client import LegacySslClient
    from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum, SslClient

    number = OpenSslVersionEnum.SSLV23 if version is None else OpenSslVersionEnum(list(TLSVersion).index(version) + 1)
    client = (LegacySslClient if legacy else SslClient)(
        ssl_version=number,
        ssl_verify=OpenSslVerifyEnum.NONE,
        ignore_client_authentication_requests=True,
    )
    client.set_cipher_list(ciphers if legacy else f"{ciphers}:@SECLEVEL=0")
    if name is not None and version is not TLSVersion.SSLV2:
        client.set_tlsext_host_name(name)
    return client


def _tls13(suites: str, name: str | None) -> BaseSslClient:
    from nassl.ssl_client import OpenSslVerifyEnum, OpenSslVersionEnum, SslClient

    client = SslClient(
        ssl_version=OpenSslVersionEnum.TLSV1_3,
        ssl_verify=OpenSslVerifyEnum.NONE,
        ignore_client_authentication_requests=True,
    )
    client.set_ciphersuites(suites)
    if name is not None:
        client.set_tlsext_host_name(name)
    return client


def _any_version(name: str | None) -> BaseSslClient:
    return _client(None, f"{_EVERYTHING}:!aNULL:!PSK:!SRP", name, legacy=False)


def _any_old_version(name: str | None) -> BaseSslClient:
    return _client(None, f"{_EVERYTHING}:!aNULL:!PSK:!SRP:!SSLv2", name, legacy=True)


def _only_rsa(name: str | None) -> BaseSslClient:
    from nassl.ephemeral_key_info import OpenSslEvpPkeyEnum as Key

    return _signing(_client(None, "aRSA:!PSK:!SRP", name, legacy=False), (Key.RSA_PSS, Key.RSA))


def _without_rsa(name: str | None) -> BaseSslClient:
    from nassl.ephemeral_key_info import OpenSslEvpPkeyEnum as Key

    return _signing(_client(None, "aECDSA:!PSK:!SRP", name, legacy=False), (Key.EC,))


def _signing(client: BaseSslClient, keys: tuple[OpenSslEvpPkeyEnum, ...]) -> BaseSslClient:
    """``client``, taking signatures made with SHA-2 and ``keys`` and no others (TLS 1.3 has no other way to
    say so).
    """
    from nassl.ssl_client import OpenSslDigestNidEnum as Digest
    from nassl.ssl_client import SslClient

    if not isinstance(client, SslClient):
        raise TypeError("only the modern build chooses signature algorithms")
    digests = (Digest.SHA256, Digest.SHA384, Digest.SHA512)
    client.set_signature_algorithms([(digest, key) for key in keys for digest in digests])
    return client
