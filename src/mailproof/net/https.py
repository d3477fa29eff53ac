"""HTTPS GET for policies: bounded, verified, never redirected (RFC 8461, section 3.3)."""

from __future__ import annotations

import asyncio
import base64
import functools
import re
import ssl
import time
import zlib
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import certifi
import httpcore

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
    TimedOut,
)
from mailproof.net.hosts import Hosts
from mailproof.net.settings import NetSettings
from mailproof.net.source import NO_MORE_FILES
from mailproof.net.stream import REFUSALS
from mailproof.net.text import printable

HTTPS_PORT = 443
PORTS = {"https": HTTPS_PORT, "http": 80}

AsText = Callable[[bytes], str]
"""Makes text of the octets of a body."""

_CONTROLS = re.compile(r"([\r\n\t])")


class TLSFault(StrEnum):
    """What fails where TLS does."""

    CERTIFICATE = "the certificate of the policy host is refused"
    VERSION = "the policy host speaks neither TLS 1.2 nor TLS 1.3"
    HANDSHAKE = "the TLS handshake with the policy host fails"


_NO_VERSION = ("ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "WRONG_SSL_VERSION")


@dataclass(frozen=True)
class Response:
    """What one address answered to GET. When TLS said no, ``tls_error`` says why and ``status`` is 0.

    Text from the network has its control characters escaped, except for the line ends of ``body``.
    """

    url: str
    address: str
    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in the order received."""
    content_type: str | None
    """The media type without parameters, in lower case (RFC 9110, section 8.3)."""
    body: str
    seconds: float
    tls_error: str | None = None
    """Why the certificate was not accepted or the handshake failed, in OpenSSL's words."""
    tls_fault: TLSFault = TLSFault.CERTIFICATE
    """What ``tls_error`` is about."""

    def evidence(self) -> tuple[str, ...]:
        """Lines of proof: request, status or TLS error, headers, body."""
        request = f"GET {self.url} at {self.address}, {self.seconds:.3f} s"
        if self.tls_error is not None:
            return request, f"TLS: {self.tls_error}"
        headers = (f"{name}: {value}" for name, value in self.headers)
        return request, f"status {self.status}", *headers, "", *self.body.splitlines()


B = TypeVar("B")

ReadBody = Callable[[AsyncIterable[bytes], str], Awaitable[B]]
"""Makes something of a body, given in chunks, and of its content coding."""


class HTTPExchange:
    """Single requests within the limits of ``settings``, with the manners of ``hosts``: what clients derive from."""

    def __init__(
        self, settings: NetSettings, hosts: Hosts, backend: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._settings = settings
        self._hosts = hosts
        self._network = GuardedNetwork(backend or httpcore.AnyIOBackend())

    async def _exchange(
        self, url: SplitResult, address: str, headers: Mapping[str, str], read_body: ReadBody[B], content: bytes = b""
    ) -> tuple[int, list[tuple[bytes, bytes]], B]:
        """GET ``url`` from ``address``, or POST ``content``. Returns status, header fields and what became of the body.

        The certificate is verified for the host of the URL. Raises HTTP_ERRORS, OSError, and what ``read_body`` raises.
        """
        settings = self._settings
        host, port = _host(url), _port(url)
        destination = settings.destination(address, port, host)
        sent = {"Host": url.netloc, **headers, "User-Agent": f"mailproof ({settings.ehlo_name})"}
        timeout = {
            **dict.fromkeys(("read", "write", "pool"), settings.limits.https),
            "connect": settings.limits.connect,
        }
        request = httpcore.Request(
            "POST" if content else "GET",
            httpcore.URL(scheme=url.scheme, host=destination.address, port=destination.port, target=_target(url)),
            headers=list(sent.items()),
            content=content or None,
            extensions={"sni_hostname": host, "timeout": timeout},
        )
        async with httpcore.AsyncConnectionPool(
            verifying_context(settings.ca_file), network_backend=self._network
        ) as pool:
            answer = await pool.handle_async_request(request)
            self._hosts.reached(address, port)
            coding = next((value for name, value in answer.headers if name.lower() == b"content-encoding"), b"")
            try:
                body = await read_body(answer.aiter_stream(), coding.decode("latin-1"))
            finally:
                await answer.aclose()
        return answer.status, answer.headers, body

    def _failure(self, error: Exception, url: SplitResult, address: str) -> NotObserved:
        """What kept a request from being answered; a host that cannot be reached is remembered."""
        if any(isinstance(cause, OSError) and cause.errno in NO_MORE_FILES for cause in _causes(error)):
            return NoFiles(NO_FILES)
        port = _port(url)
        destination = self._settings.destination(address, port, _host(url))
        failure = NoIPv6(NO_IPV6) if is_ipv6_without_route(destination.address) else _typed(error, address)
        if isinstance(error, httpcore.ConnectTimeout | httpcore.ConnectError):
            self._hosts.missed(address, port, failure)
        return failure


class HTTPSClient(HTTPExchange):
    """Fetches documents."""

    async def fetch(
        self,
        url: str,
        addresses: tuple[str, ...],
        *,
        limit: int = 65536,
        accept: str = "*/*",
        as_text: AsText | None = None,
        plain: bool = False,
    ) -> Response:
        """GET ``url`` from the first of ``addresses`` that can be reached.

        The certificate is verified for the host of the URL (subject alternative names only) against the
        public roots and the inventory's own. Redirects are returned, not followed. ``limit`` is in octets of
        the body, decoded, and ``accept`` are the media types that are wanted. ``as_text`` makes text of a body that is
        none. ``plain`` lets the URL be one of http:, for what is signed itself. Everything together has
        ``limits.https`` seconds.

        Raises ValueError for a URL that is not ``https://name/...``; Malformed for what is not HTTP or is too
        large; Refused, TimedOut, ClosedEarly or NotObserved for the last address when none can be reached.
        """
        parsed = urlsplit(url)
        schemes = ("https", "http") if plain else ("https",)
        if parsed.scheme not in schemes or not parsed.hostname or parsed.username is not None:
            raise ValueError(f"not a plain https URL: {url}")
        failure = NotObserved(f"no address to fetch {url} from")
        tried: list[str] = []
        seconds = self._settings.limits.https
        for address in addresses:
            started = time.monotonic()
            try:
                async with self._hosts.request(address, _port(parsed)):
                    started = time.monotonic()
                    return await self._fetch_from(parsed, address, limit, seconds, accept, as_text or as_plain_text)
            except Malformed:
                raise
            except NotObserved as one:
                # What the tester lacks says less than what another address did.
                failure = failure if isinstance(one, NoIPv6) and tried else one
                tried.append(f"GET {url} at {address}: {one.reason}")
            finally:
                seconds -= time.monotonic() - started
        failure.evidence = tuple(tried)
        raise failure

    async def _fetch_from(
        self, url: SplitResult, address: str, limit: int, seconds: float, accept: str, as_text: AsText
    ) -> Response:
        started = time.monotonic()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                return await self._get(url, address, limit, started, accept, as_text)
        except TimeoutError as error:
            raise TimedOut(f"no complete answer from {address} in time") from error
        except (*HTTP_ERRORS, OSError) as error:
            refused_by_tls = tls_cause(error)
            if refused_by_tls is not None:
                return _tls_failure(url, address, started, refused_by_tls)
            raise self._failure(error, url, address) from error

    async def _get(
        self, url: SplitResult, address: str, limit: int, started: float, accept: str, as_text: AsText
    ) -> Response:
        async def read(chunks: AsyncIterable[bytes], coding: str) -> bytes:
            return await _read_body(chunks, coding, limit)

        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        status, raw, body = await self._exchange(url, address, headers, read)
        found = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw]
        fields = dict(reversed(found))
        media_type = fields.get("content-type")
        return Response(
            url=url.geturl(),
            address=address,
            status=status,
            headers=tuple((printable(name), printable(value)) for name, value in found),
            content_type=printable(media_type.split(";", 1)[0].strip().lower()) if media_type else None,
            body=as_text(body),
            seconds=round(time.monotonic() - started, 3),
        )


HTTP_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)

_BLANKS = re.compile(rb"[ \t]{1025}")
"""h11 takes time that grows with the square of the blanks in a header field: many seconds for 60 KiB of them."""


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connections whose streams are guarded."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Guarded(await self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


class _Guarded(httpcore.AsyncNetworkStream):
    """A stream that refuses what h11 would choke on. ``read`` raises Malformed."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._last = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._stream.read(max_bytes, timeout)
        together = self._last + data
        if _BLANKS.search(together):
            raise Malformed("more than 1024 blanks in a row")
        self._last = together[-1024:]
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _Guarded(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _host(url: SplitResult) -> str:
    return url.hostname or ""


def _port(url: SplitResult) -> int:
    return url.port or PORTS[url.scheme]


def _target(url: SplitResult) -> str:
    return f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"


async def _read_body(chunks: AsyncIterable[bytes], coding: str, limit: int) -> bytes:
    """The body with its content coding undone, ``limit`` octets at most. Raises Malformed."""
    coding = coding.strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise Malformed(f"the body comes in the content coding {printable(coding)!r}, which was not asked for")
    inflater = None if coding in ("identity", "") else zlib.decompressobj(wbits=47)
    body = bytearray()
    async for chunk in chunks:
        try:
            body += inflater.decompress(chunk, limit + 1 - len(body)) if inflater else chunk
        except zlib.error as error:
            raise Malformed(f"the body does not decompress: {error}") from error
        if len(body) > limit:
            raise Malformed(f"a body of more than {limit} octets")
    return bytes(body)


@functools.cache
def verifying_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 refuses roots without a key usage by default; senders that fetch policies do not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.hostname_checks_common_name = False
    return context


def as_plain_text(body: bytes) -> str:
    """``body`` as text in which only CR, LF and tabulators are control characters."""
    return "".join(
        part if part in ("\r", "\n", "\t") else printable(part)
        for part in _CONTROLS.split(body.decode("utf-8", "backslashreplace"))
    )


def as_base64(body: bytes) -> str:
    """``body`` in base64, for what is no text."""
    return base64.b64encode(body).decode("ascii")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what led to it: httpcore wraps what the operating system and OpenSSL say."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


_NOT_OF_THE_PEER = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""A connection that merely ended, and octets that are waited for: behind each time-out of a handshake is one."""


def tls_cause(error: BaseException) -> ssl.SSLError | None:
    """The TLS failure behind ``error``; a connection that merely ended is none, and neither is a silent peer."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, _NOT_OF_THE_PEER):
            return cause
    return None


def _tls_failure(url: SplitResult, address: str, started: float, error: ssl.SSLError) -> Response:
    said = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
    fault = TLSFault.CERTIFICATE if isinstance(error, ssl.SSLCertVerificationError) else TLSFault.HANDSHAKE
    if fault is TLSFault.HANDSHAKE and said and said.endswith(_NO_VERSION):
        fault = TLSFault.VERSION
    return Response(
        url=url.geturl(),
        address=address,
        status=0,
        headers=(),
        content_type=None,
        body="",
        seconds=round(time.monotonic() - started, 3),
        tls_error=printable(said or str(error)),
        tls_fault=fault,
    )


def _is_refusal(error: BaseException) -> bool:
    return any(isinstance(cause, OSError) and cause.errno in REFUSALS for cause in _causes(error))


def _typed(error: Exception, address: str) -> NotObserved:
    """What kept a request from being answered."""
    what = f"{address}: {printable(str(error)) or type(error).__name__}"
    match error:
        case httpcore.TimeoutException():
            return TimedOut(what)
        case httpcore.ConnectError():
            if any(isinstance(cause, ssl.SSLError | ConnectionResetError) for cause in _causes(error)):
                return ClosedEarly(what)
            return Refused(what) if _is_refusal(error) else NotObserved(what)
        case httpcore.RemoteProtocolError() if "disconnected" in str(error) or "closed" in str(error):
            return ClosedEarly(what)
        case httpcore.ProtocolError():
            return Malformed(what)
        case httpcore.NetworkError() | OSError():
            return ClosedEarly(what)
    return NotObserved(what)
