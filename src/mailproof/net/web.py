"""Pages of web sites, one at a time: over HTTP and HTTPS, from one address, never redirected, and only their beginning.

What a site answers is recorded, a certificate that is refused included. Nothing is crawled.
"""

from __future__ import annotations

import asyncio
import zlib
from codecs import BOM_UTF8
from collections.abc import AsyncIterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpcore

from mailproof.net.addresses import is_ipv6_without_route
from mailproof.net.errors import NO_FILES, NO_IPV6, NoFiles, NoIPv6, NotObserved, TimedOut
from mailproof.net.hosts import Hosts
from mailproof.net.https import (
    HTTP_ERRORS,
    GuardedNetwork,
    as_plain_text,
    causes,
    tls_cause,
    typed_failure,
    verifying_context,
)
from mailproof.net.settings import NetSettings
from mailproof.net.source import NO_MORE_FILES
from mailproof.net.text import printable

BYTE_ORDER_MARK = "\ufeff"

PORTS = {"http": 80, "https": 443}
KEPT = 128 * 1024
"""Octets of a page that are read."""


@dataclass(frozen=True)
class WebAnswer:
    """What one address answered to GET; where TLS said no, ``tls_error`` says why and ``status`` is 0."""

    url: str
    address: str
    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in the order received; control characters are escaped."""
    body: str = ""
    """Its beginning."""
    whole: bool = True
    """Whether that is all of it."""
    tls_error: str = ""

    @property
    def scheme(self) -> str:
        return self.url.partition(":")[0]

    def fields(self, name: str) -> tuple[str, ...]:
        """The values of all header fields of that name."""
        return tuple(value for known, value in self.headers if known == name)

    def field(self, name: str) -> str:
        """The first of them; empty where there is none."""
        return next(iter(self.fields(name)), "")

    @property
    def redirect(self) -> str:
        """Where a redirect leads, as it is written; empty where it is none."""
        return self.field("location") if self.status in (301, 302, 303, 307, 308) else ""

    def evidence(self) -> tuple[str, ...]:
        """The request, and the status with the header fields or why TLS failed."""
        request = f"GET {self.url} at {self.address}"
        if self.tls_error:
            return request, f"TLS: {self.tls_error}"
        return request, f"status {self.status}", *(f"{name}: {value}" for name, value in self.headers)


class WebClient:
    """Gets pages, within the limits of ``settings`` and with the manners of ``hosts``."""

    def __init__(
        self, settings: NetSettings, hosts: Hosts, backend: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._settings = settings
        self._hosts = hosts
        self._network = GuardedNetwork(backend or httpcore.AnyIOBackend())

    async def get(
        self, url: str, address: str, *, codings: str = "identity", limit: int = KEPT, posted: str = ""
    ) -> WebAnswer:
        """GET ``url`` from ``address``; ``codings`` are the content codings that are asked for. What is ``posted`` is
        sent as XML by POST instead.

        The certificate is verified for the host of the URL. Raises ValueError for a URL that is not
        ``http://name/...`` or ``https://name/...`` on the usual port; Refused, TimedOut, ClosedEarly, Malformed and
        NotObserved.
        """
        parsed = urlsplit(url)
        if parsed.scheme not in PORTS or not parsed.hostname or parsed.username is not None or parsed.port is not None:
            raise ValueError(f"not a plain URL of a web site: {url}")
        port = PORTS[parsed.scheme]
        async with self._hosts.request(address, port):
            try:
                async with asyncio.timeout(self._settings.limits.https):
                    return await self._get(parsed, address, codings, limit, posted.encode())
            except TimeoutError as error:
                raise TimedOut(f"no complete answer from {address} in time") from error
            except (*HTTP_ERRORS, OSError) as error:
                if (said := tls_cause(error)) is not None:
                    message = getattr(said, "verify_message", "") or said.reason or str(said)
                    return WebAnswer(url, address, 0, (), tls_error=printable(message))
                failure = self._why(error, parsed, address)
                if isinstance(error, httpcore.ConnectTimeout | httpcore.ConnectError):
                    self._hosts.missed(address, port, failure)
                raise failure from error

    def _why(self, error: Exception, url: SplitResult, address: str) -> NotObserved:
        if any(isinstance(cause, OSError) and cause.errno in NO_MORE_FILES for cause in causes(error)):
            return NoFiles(NO_FILES)
        if is_ipv6_without_route(self._settings.destination(address, PORTS[url.scheme], url.hostname).address):
            return NoIPv6(NO_IPV6)
        return typed_failure(error, address)

    async def _get(self, url: SplitResult, address: str, codings: str, limit: int, posted: bytes) -> WebAnswer:
        settings, host = self._settings, url.hostname or ""
        destination = settings.destination(address, PORTS[url.scheme], host)
        headers = {
            "Host": host,
            "Accept": "*/*",
            "Accept-Encoding": codings,
            "User-Agent": f"mailproof ({settings.ehlo_name})",
        }
        timeout = {
            **dict.fromkeys(("read", "write", "pool"), settings.limits.https),
            "connect": settings.limits.connect,
        }
        target = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
        if posted:
            headers |= {"Content-Type": "text/xml; charset=utf-8", "Content-Length": str(len(posted))}
        request = httpcore.Request(
            "POST" if posted else "GET",
            httpcore.URL(scheme=url.scheme, host=destination.address, port=destination.port, target=target),
            headers=list(headers.items()),
            content=posted or None,
            extensions={"sni_hostname": host, "timeout": timeout},
        )
        async with httpcore.AsyncConnectionPool(
            verifying_context(settings.ca_file), network_backend=self._network
        ) as pool:
            answer = await pool.handle_async_request(request)
            self._hosts.reached(address, PORTS[url.scheme])
            found = [(printable(name).lower(), printable(value)) for name, value in answer.headers]
            try:
                body, whole = await _beginning(answer.aiter_stream(), dict(found).get("content-encoding", ""), limit)
            finally:
                await answer.aclose()
        return WebAnswer(
            url=url.geturl(),
            address=address,
            status=answer.status,
            headers=tuple(found),
            body=_text(body),
            whole=whole,
        )


def _text(body: bytes) -> str:
    """The text of a page. A byte order mark at its beginning is kept: whether it may stand there depends on the format
    (in XML it may, in security.txt not).
    """
    marked = body.startswith(BOM_UTF8)
    return f"{BYTE_ORDER_MARK if marked else ''}{as_plain_text(body.removeprefix(BOM_UTF8))}"


async def _beginning(chunks: AsyncIterable[bytes], coding: str, limit: int) -> tuple[bytes, bool]:
    """The first ``limit`` octets of a body, and whether it has no more. What is coded otherwise than gzip or deflate,
    or wrongly, is nothing.
    """
    coding = coding.strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        return b"", False
    inflater = None if coding in ("", "identity") else zlib.decompressobj(wbits=47)
    body = bytearray()
    async for chunk in chunks:
        try:
            body += inflater.decompress(chunk, limit + 1 - len(body)) if inflater else chunk
        except zlib.error:
            return b"", False
        if len(body) > limit:
            return bytes(body[:limit]), False
    return bytes(body), True
