"""Documents that the inventory names: files, or https URLs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from mailproof.inventory.budgets import MAX_POLICY_ADDRESSES
from mailproof.inventory.values import is_url
from mailproof.net.errors import NotAvailable, NotFollowed
from mailproof.net.https import AsText, Response
from mailproof.net.network import Network


async def document(net: Network, source: str, most: int, *, accept: str = "*/*") -> str:
    """The text of a file, or what an https URL answers with status 200. Raises NotObserved."""
    if not is_url(source):
        return await net.files.text(Path(source), most)
    response = await fetched(net, source, most, accept=accept)
    if response.status != 200:
        raise NotAvailable(f"{source} answers {response.tls_error or f'status {response.status}'}", response.evidence())
    return response.body


async def fetched(net: Network, url: str, most: int, *, accept: str = "*/*", as_text: AsText | None = None) -> Response:
    """What an https URL answers, from an address of its host. Raises NotObserved."""
    host = urlsplit(url).hostname or ""
    port = urlsplit(url).port or 443
    answers = await asyncio.gather(*(net.dns.resolve(host, type) for type in ("A", "AAAA")))
    addresses = [record.data for answer in answers for record in answer.records]
    if not addresses:
        raise NotAvailable(f"{host} has no address", answers[0].evidence())
    allowed = [address for address in addresses if net.settings.may_contact(address, port, host)]
    if not allowed:
        raise NotFollowed(f"{addresses[0]} of {host} is not a public address and is not followed")
    return await net.https.fetch(url, tuple(allowed[:MAX_POLICY_ADDRESSES]), limit=most, accept=accept, as_text=as_text)
