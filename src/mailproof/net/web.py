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

from mailproof.net.errors import TimedOut
from mailproof.net.https import HTTP_ERRORS, PORTS, HTTPExchange, as_plain_text, tls_cause
from mailproof.net.text import printable

BYTE_ORDER_MARK = "\ufeff"

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


class WebClient(HTTPExchange):
    """Gets pages."""

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
                raise self._failure(error, parsed, address) from error

    async def _get(self, url: SplitResult, address: str, codings: str, limit: int, posted: bytes) -> WebAnswer:
        async def read(chunks: AsyncIterable[bytes], coding: str) -> tuple[bytes, bool]:
            return await _beginning(chunks, coding, limit)

        headers = {"Accept": "*/*", "Accept-Encoding": codings}
        if posted:
            headers |= {"Content-Type": "text/xml; charset=utf-8", "Content-Length": str(len(posted))}
        status, raw, (body, whole) = await self._exchange(url, address, headers, read, posted)
        return WebAnswer(
            url=url.geturl(),
            address=address,
            status=status,
            headers=tuple((printable(name).lower(), printable(value)) for name, value in raw),
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
