"""Looks at the web sites that the inventory names: one page of each, and security.txt. Nothing is crawled."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import quote, urljoin, urlsplit

from mailproof.clock import now
from mailproof.grammars.security_txt import parse_security_txt
from mailproof.inventory.budgets import MAX_WEB_ADDRESSES, MAX_WEB_REDIRECTS
from mailproof.net.dns.names import normalise
from mailproof.net.dns.registration import owned
from mailproof.net.errors import NotFollowed, NotObserved
from mailproof.net.https import PORTS
from mailproof.net.network import Network
from mailproof.net.pkix.paths import trusted_roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.web import WebAnswer
from mailproof.observations.service_dane import ServiceDANE
from mailproof.observations.tls import Deployment
from mailproof.observations.web import SecurityTxt, Visit, WebSite
from mailproof.probes.dnssec import valid
from mailproof.probes.probe import probe
from mailproof.probes.service_dane import service_matches
from mailproof.targets.web import WebHost

MOST_REQUESTS = 2 * MAX_WEB_ADDRESSES + 2 + MAX_WEB_REDIRECTS + 1

MOST_OF_TEXT = 100 * 1024
"""Octets of security.txt; Internet.nl reads no more."""

ANY_CODING = "gzip, deflate, br, zstd"


@probe(connections=MOST_REQUESTS, peer="{}:443")
async def web_site(host: WebHost, net: Network) -> WebSite:
    """The page at each address over HTTPS, at the first of each kind over HTTP; its redirects within the domain."""
    ipv4, ipv6 = await asyncio.gather(net.dns.resolve(host.name, "A"), net.dns.resolve(host.name, "AAAA"))
    found = [[record.data for record in answer.records][:MAX_WEB_ADDRESSES] for answer in (ipv4, ipv6)]
    wanted = [("https", address) for addresses in found for address in addresses]
    wanted += [("http", addresses[0]) for addresses in found if addresses]
    visits = await asyncio.gather(*(_visit(net, scheme, host.name, address) for scheme, address in wanted))
    first = next((v.answer for v in visits if v.scheme == "https" and v.answer and not v.answer.tls_error), None)
    followed: list[WebAnswer] = []
    left, compressed = "", None
    if first is not None:
        followed, left = await follow(net, host.name, first)
        page = followed[-1] if followed else first
        try:
            compressed = await net.web.get(page.url, page.address, codings=ANY_CODING, limit=0)
        except NotObserved:
            compressed = None
    return WebSite(host.name, ipv4, ipv6, tuple(map(_short, visits)), tuple(followed), left, compressed, _alike(visits))


async def _visit(net: Network, scheme: str, host: str, address: str) -> Visit:
    try:
        if not net.settings.may_contact(address, PORTS[scheme], host):
            raise NotFollowed(f"{address} is not a public address and is not followed")
        return Visit(scheme, address, await net.web.get(f"{scheme}://{host}/", address))
    except NotObserved as failure:
        return Visit(scheme, address, None, failure.kind, failure.reason)


async def follow(net: Network, host: str, page: WebAnswer) -> tuple[list[WebAnswer], str]:
    """The pages behind the redirects of ``page``, and the redirect that is not followed, if there is one.

    Only HTTPS is followed, and only to names of the same registrable domain: a site must not lead us to others.
    """
    followed: list[WebAnswer] = []
    own = owned(host)
    while page.redirect:
        target = web_target(page)
        if len(followed) == MAX_WEB_REDIRECTS or not target or owned(urlsplit(target).hostname or "") != own:
            return followed, page.redirect
        try:
            page = await _fetch(net, target, page)
        except NotObserved as failure:
            return followed, f"{page.redirect} ({failure.reason})"
        if page.tls_error:
            return followed, f"{page.url} (TLS: {page.tls_error})"
        followed.append(page)
    return followed, ""


_IN_URLS = "%/:?@!$&'()*+,;=~[]"
"""Characters of a path or a query that stay as they are. Of others, as sites write them into Location, browsers send
the octets in percent encoding."""


def web_target(page: WebAnswer) -> str:
    """The URL that a redirect leads to; empty where it is none that is followed."""
    try:
        url = urlsplit(urljoin(page.url, page.redirect))
        name = normalise(url.hostname or "")
        plain = url.scheme == "https" and url.port in (None, PORTS["https"]) and url.username is None
    except ValueError:
        return ""
    if not plain:
        return ""
    path, query = (quote(part, safe=_IN_URLS) for part in (url.path, url.query))
    return url._replace(netloc=name, path=path, query=query, fragment="").geturl()


async def _fetch(net: Network, url: str, before: WebAnswer) -> WebAnswer:
    """The page of a URL; from the same address where the name stays the same. Raises NotObserved."""
    host = urlsplit(url).hostname or ""
    if host == urlsplit(before.url).hostname:
        return await net.web.get(url, before.address)
    for type in ("A", "AAAA"):
        for record in (await net.dns.resolve(host, type)).records:
            if net.settings.may_contact(record.data, PORTS["https"], host):
                return await net.web.get(url, record.data)
    raise NotFollowed(f"{host} has no address that is followed")


def _short(visit: Visit) -> Visit:
    """``visit`` without the body, which has been compared."""
    if visit.answer is None or not visit.answer.body:
        return visit
    answer = visit.answer
    kept = WebAnswer(answer.url, answer.address, answer.status, answer.headers, "", answer.whole, answer.tls_error)
    return Visit(visit.scheme, visit.address, kept)


_ONCE = re.compile(r"""(?:nonce|csrf[\w-]{0,40}|token|value)\s*[=:]\s*["']?[\w+/=-]{8,}""", re.IGNORECASE)
"""What is made anew for every visitor."""
_WORDS = re.compile(r"\w+")


def _alike(visits: list[Visit]) -> float | None:
    """How much of the words of the page is the same at the first IPv4 and the first IPv6 address."""
    pages: dict[int, Counter[str]] = {}
    for visit in visits:
        if visit.scheme == "https" and visit.answer is not None and not visit.answer.tls_error:
            pages.setdefault(visit.version, Counter(_WORDS.findall(_ONCE.sub("", visit.answer.body))))
    if len(pages) < 2:
        return None
    both, most = (pages[4] & pages[6]).total(), max(pages[4].total(), pages[6].total())
    return both / most if most else 1.0


@probe(connections=2 + MAX_WEB_REDIRECTS, peer="{}:443")
async def security_txt(host: WebHost, net: Network, web_site: WebSite) -> SecurityTxt:
    """security.txt at the address that gave the page; the key that it names, if that is a page of the same domain."""
    at = now()
    first = web_site.answer("https")
    if first is None or first.tls_error:
        return SecurityTxt(host.name, None, at)
    answer = await net.web.get(f"https://{host.name}/.well-known/security.txt", first.address, limit=MOST_OF_TEXT)
    followed, left = await follow(net, host.name, answer)
    answer, key = (followed[-1] if followed else answer), None
    if answer.status == 200:
        for url in parse_security_txt(answer.body).values("Encryption"):
            target = web_target(WebAnswer(answer.url, answer.address, 302, (("location", url),)))
            if target and owned(urlsplit(target).hostname or "") == owned(host.name):
                try:
                    key = await _fetch(net, target, answer)
                except NotObserved:
                    key = None
                break
    return SecurityTxt(host.name, answer, at, left, key)


@probe(connections=3, peer="{}:443")
async def web_dane(host: WebHost, net: Network, web_site: WebSite) -> ServiceDANE:
    """``_443._tcp.HOST``, and the certificates of the site where those records count."""
    id = f"{host.name}:443"
    answer = await net.dns.resolve(f"_443._tcp.{host.name}", "TLSA")
    first = web_site.answer("https")
    if not answer.records or answer.proposed or first is None or first.tls_error:
        return ServiceDANE(id, answer)
    addresses = web_site.ipv4 if first.address in {record.data for record in web_site.ipv4.records} else web_site.ipv6
    seen = ServiceDANE(id, answer, await valid(net, addresses, answer))
    if not seen.secure:
        return seen
    chains = await net.tls.certificates(TLSPeer(first.address, PORTS["https"], host.name, None))
    roots, at = trusted_roots(net.settings.ca_file), datetime.now(UTC)
    deployments = tuple(Deployment(c, verify(c, roots, at), matches_name(c.leaf, host.name)) for c in chains)
    matches = await asyncio.to_thread(service_matches, seen.records, (host.name,), deployments, roots)
    return ServiceDANE(id, answer, seen.judged, matches)
