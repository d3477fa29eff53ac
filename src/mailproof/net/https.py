"""HTTPS GET for policies: bounded, verified, never redirected (RFC 8461, section 3.3)."""

from __future__ import annotations

import asyncio
import functools
import re
import ssl
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import certifi
import httpx

from mailproof.net.addresses import is_ipv6_without_route
from mailproof.net.errors import NO_IPV6, ClosedEarly, Malformed, NoIPv6, NotObserved, Refused, TimedOut
from mailproof.net.hosts import Hosts
from mailproof.net.settings import NetSettings
from mailproof.net.stream import REFUSALS
from mailproof.net.text import printable

HTTPS_PORT = 443

_CONTROLS = re.compile(r"([\r\n\t])")


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

    def evidence(self) -> tuple[str, ...]:
        """Lines of proof: request, status or TLS error, headers, body."""
        request = f"GET {self.url} at {self.address}, {self.seconds:.3f} s"
        if self.tls_error is not None:
            return request, f"TLS: {self.tls_error}"
        headers = (f"{name}: {value}" for name, value in self.headers)
        return request, f"status {self.status}", *headers, "", *self.body.splitlines()


class HTTPSClient:
    """Fetches documents, within the limits of ``settings`` and with the manners of ``hosts``."""

    def __init__(self, settings: NetSettings, hosts: Hosts) -> None:
        self._settings = settings
        self._hosts = hosts

    async def fetch(self, url: str, addresses: tuple[str, ...], *, limit: int = 65536) -> Response:
        """GET ``url`` from the first of ``addresses`` that can be reached.

        The certificate is verified for the host of the URL (subject alternative names only) against the
        public roots and the inventory's own. Redirects are returned, not followed. ``limit`` is in octets of
        the body, decoded. Everything together has ``limits.https`` seconds.

        Raises ValueError for a URL that is not ``https://name/...``; Malformed for what is not HTTP or is too
        large; Refused, TimedOut, ClosedEarly or NotObserved for the last address when none can be reached.
        """
        parsed = httpx.URL(url)
        if parsed.scheme != "https" or not parsed.host or parsed.userinfo:
            raise ValueError(f"not a plain https URL: {url}")
        failure = NotObserved(f"no address to fetch {url} from")
        tried: list[str] = []
        seconds = self._settings.limits.https
        for address in addresses:
            started = time.monotonic()
            try:
                async with self._hosts.request(address, parsed.port or HTTPS_PORT):
                    started = time.monotonic()
                    return await self._fetch_from(parsed, address, limit, seconds)
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

    async def _fetch_from(self, url: httpx.URL, address: str, limit: int, seconds: float) -> Response:
        started = time.monotonic()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                return await self._get(url, address, limit, started)
        except TimeoutError as error:
            raise TimedOut(f"no complete answer from {address} in time") from error
        except (httpx.HTTPError, OSError) as error:
            refused_by_tls = _tls_cause(error)
            if refused_by_tls is not None:
                return _tls_failure(url, address, started, refused_by_tls)
            failure = _typed(error, address)
            destination = self._settings.destination(address, url.port or HTTPS_PORT, url.host)
            if is_ipv6_without_route(destination.address):
                failure = NoIPv6(NO_IPV6)
            if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
                self._hosts.missed(address, url.port or HTTPS_PORT, failure)
            raise failure from error

    async def _get(self, url: httpx.URL, address: str, limit: int, started: float) -> Response:
        settings = self._settings
        port = url.port or HTTPS_PORT
        destination = settings.destination(address, port, url.host)
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": f"mailproof ({settings.ehlo_name})",
        }
        timeout = httpx.Timeout(settings.limits.https, connect=settings.limits.connect)
        request = httpx.Request(
            "GET",
            url.copy_with(host=destination.address, port=destination.port),
            headers=headers,
            extensions={"sni_hostname": url.raw_host.decode("ascii"), "timeout": timeout.as_dict()},
        )
        # Not httpx.AsyncClient: it parses where a redirect leads to, followed or not, and breaks on what is no URL.
        async with httpx.AsyncHTTPTransport(verify=_context(settings.ca_file), trust_env=False) as transport:
            answer = await transport.handle_async_request(request)
            self._hosts.reached(address, port)
            try:
                body = await _read_body(answer, limit)
            finally:
                await answer.aclose()
        media_type = answer.headers.get("content-type")
        return Response(
            url=str(url),
            address=address,
            status=answer.status_code,
            headers=tuple((printable(name.lower()), printable(value)) for name, value in answer.headers.multi_items()),
            content_type=printable(media_type.split(";", 1)[0].strip().lower()) if media_type else None,
            body=_text(body),
            seconds=round(time.monotonic() - started, 3),
        )


async def _read_body(answer: httpx.Response, limit: int) -> bytes:
    """The body with its content coding undone, ``limit`` octets at most. Raises Malformed."""
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise Malformed(f"the body comes in the content coding {printable(coding)!r}, which was not asked for")
    inflater = None if coding in ("identity", "") else zlib.decompressobj(wbits=47)
    body = bytearray()
    async for chunk in answer.aiter_raw(16 * 1024):
        try:
            body += inflater.decompress(chunk, limit + 1 - len(body)) if inflater else chunk
        except zlib.error as error:
            raise Malformed(f"the body does not decompress: {error}") from error
        if len(body) > limit:
            raise Malformed(f"a body of more than {limit} octets")
    return bytes(body)


@functools.cache
def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 refuses roots without a key usage by default; senders that fetch policies do not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.hostname_checks_common_name = False
    return context


def _text(body: bytes) -> str:
    """``body`` as text in which only CR, LF and tabulators are control characters."""
    return "".join(
        part if part in ("\r", "\n", "\t") else printable(part)
        for part in _CONTROLS.split(body.decode("utf-8", "backslashreplace"))
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what led to it: httpx wraps what the operating system and OpenSSL say."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _tls_cause(error: BaseException) -> ssl.SSLError | None:
    """The TLS failure behind ``error``; a connection that merely ended is none."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return cause
    return None


def _tls_failure(url: httpx.URL, address: str, started: float, error: ssl.SSLError) -> Response:
    said = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
    return Response(
        url=str(url),
        address=address,
        status=0,
        headers=(),
        content_type=None,
        body="",
        seconds=round(time.monotonic() - started, 3),
        tls_error=printable(said or str(error)),
    )


def _is_refusal(error: BaseException) -> bool:
    return any(isinstance(cause, OSError) and cause.errno in REFUSALS for cause in _causes(error))


def _typed(error: httpx.HTTPError | OSError, address: str) -> NotObserved:
    what = f"{address}: {printable(str(error)) or type(error).__name__}"
    match error:
        case httpx.TimeoutException():
            return TimedOut(what)
        case httpx.ConnectError():
            if any(isinstance(cause, ssl.SSLError | ConnectionResetError) for cause in _causes(error)):
                return ClosedEarly(what)
            return Refused(what) if _is_refusal(error) else NotObserved(what)
        case httpx.RemoteProtocolError() if "disconnected" in str(error) or "closed" in str(error):
            return ClosedEarly(what)
        case httpx.ProtocolError() | httpx.DecodingError():
            return Malformed(what)
        case httpx.NetworkError() | OSError():
            return ClosedEarly(what)
    return NotObserved(what)
