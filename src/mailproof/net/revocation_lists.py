"""What CAs publish over HTTP of the certificates that they revoked: fetched once in a run, and within bounds."""

from __future__ import annotations

import asyncio
import base64
from urllib.parse import urlsplit

from mailproof.net.dns.client import DNSClient
from mailproof.net.errors import Malformed, NoAddress, NotAvailable, NotFollowed, NotObserved
from mailproof.net.https import HTTPSClient, as_base64
from mailproof.net.settings import NetSettings

MAX_OCTETS = 16 * 1024 * 1024
"""Of one list. Those of large CAs, which cut them into parts, have some hundred thousand."""

MAX_ADDRESSES = 4
"""Addresses of one host that are tried until one answers."""

MAX_URLS = 500
"""Different lists and responses that one run fetches."""

MAX_KEPT = 256 * 1024 * 1024
"""Octets of all of them together: they stay in memory until the run ends."""

_AT_ONCE = 4
"""Fetches at the same time; each holds its list twice while it is read."""


class RevocationLists:
    """Fetches CRLs and OCSP responses. Both are signed, so plain HTTP does (RFC 5280, section 8)."""

    def __init__(self, settings: NetSettings, dns: DNSClient, https: HTTPSClient) -> None:
        self._settings = settings
        self._dns = dns
        self._https = https
        self._fetched: dict[str, bytes | NotObserved] = {}
        self._kept = 0
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, url: str) -> bytes:
        """The octets at ``url``, an http: or https: one. What was fetched once is kept, and so is why it is of no use.

        Raises NotAvailable for a URL or an answer that is of no use, NotFollowed for a host that is not public,
        NoAddress, and what the DNS client and ``HTTPSClient.fetch`` raise.
        """
        if url not in self._locks and len(self._locks) >= MAX_URLS:
            raise NotAvailable(f"more than {MAX_URLS} lists of revoked certificates are not fetched in a run")
        async with self._locks.setdefault(url, asyncio.Lock()):
            if url not in self._fetched:
                async with self._at_once:
                    self._fetched[url] = await self._outcome(url)
            found = self._fetched[url]
        if isinstance(found, NotObserved):
            raise type(found)(found.reason, found.evidence)
        return found

    async def _outcome(self, url: str) -> bytes | NotObserved:
        """The octets, or why there are none however often one asks: a list too large is not fetched for every host."""
        if self._kept >= MAX_KEPT:
            raise NotAvailable(f"more than {MAX_KEPT >> 20} MiB of lists of revoked certificates are not kept in a run")
        try:
            data = await self._get(url)
        except NotObserved as failure:
            if failure.transient:
                raise
            return failure
        self._kept += len(data)
        return data

    async def _get(self, url: str) -> bytes:
        try:
            parsed = urlsplit(url)
            host, port = parsed.hostname or "", parsed.port or (443 if parsed.scheme == "https" else 80)
        except ValueError:
            raise NotAvailable(f"{url} is no URL") from None
        if parsed.scheme not in ("http", "https") or not host or parsed.username is not None:
            raise NotAvailable(f"{url} is no plain URL of http: or https:")
        answers = [await self._dns.resolve(host, type) for type in ("A", "AAAA")]
        addresses = [record.data for answer in answers for record in answer.records]
        if not addresses:
            raise NoAddress(f"{host} of {url} has no address")
        public = [address for address in addresses if self._settings.may_contact(address, port, host)]
        if not public:
            raise NotFollowed(f"{host} leads to {', '.join(addresses)}, which are not public and are not followed")
        answer = await self._https.fetch(
            url, tuple(public[:MAX_ADDRESSES]), limit=MAX_OCTETS, as_text=as_base64, plain=True
        )
        if answer.tls_error is not None:
            raise NotAvailable(f"{url}: {answer.tls_error}")
        if answer.status != 200:
            raise NotAvailable(f"{url} answers with the status {answer.status}")
        if not answer.body:
            raise Malformed(f"{url} answers with nothing")
        return base64.b64decode(answer.body)
