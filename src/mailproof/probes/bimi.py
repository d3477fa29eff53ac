"""Looks at BIMI: the record, the image that it names, and the mark certificate."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import UTC, datetime

from mailproof.clock import now
from mailproof.grammars.svg import read_svg
from mailproof.net.errors import Malformed, NotFollowed, NotObserved
from mailproof.net.https import Response, as_base64
from mailproof.net.network import Network
from mailproof.net.packing import gunzipped
from mailproof.net.pkix.marks import read_mark_certificate
from mailproof.observations.bimi import BIMI, BIMICertificate, BIMILogo
from mailproof.observations.dmarc import DMARC
from mailproof.probes.probe import Look, probe
from mailproof.probes.sources import fetched
from mailproof.targets.mail import MailDomain

MAX_OCTETS = 512 * 1024
"""Of an image or a certificate, compressed or not."""


@probe()
async def bimi(domain: MailDomain, net: Network, dmarc: DMARC) -> BIMI:
    """TXT at ``default._bimi.DOMAIN``; where that is no BIMI record, at the organisational domain's."""
    answer = await net.dns.resolve(f"default._bimi.{domain.name}", "TXT")
    found = BIMI(domain.name, answer)
    if found.texts:
        return found
    home = dmarc.organisational_domain
    if home == domain.name:
        return BIMI(domain.name, answer, home)
    return BIMI(domain.name, answer, home, await net.dns.resolve(f"default._bimi.{home}", "TXT"))


@probe(connections=1, peer="the host of the BIMI logo of {}")
async def bimi_logo(domain: MailDomain, net: Network, bimi: BIMI) -> BIMILogo:
    """The image that the domain's own record names: one GET, no redirect followed."""
    if bimi.own is None or not bimi.own.logo:
        return BIMILogo(domain.name)
    response = await _get(net, bimi.own.logo, "image/svg+xml")
    seen = BIMILogo(domain.name, *_facts(bimi.own.logo, response))
    if seen.fault:
        return seen
    data = base64.b64decode(response.body)
    facts = await asyncio.to_thread(read_svg, data, MAX_OCTETS)
    digest = "" if facts.fault else hashlib.sha256(gunzipped(data, MAX_OCTETS)[0]).hexdigest()
    return BIMILogo(domain.name, *_facts(bimi.own.logo, response), len(data), digest, facts)


@probe(connections=1, peer="the host of the mark certificate of {}", looks=("bimi_logo",))
async def bimi_certificate(domain: MailDomain, net: Network, bimi: BIMI, look: Look) -> BIMICertificate:
    """The certificate that the domain's own record names: one GET, no redirect followed."""
    if bimi.own is None or not bimi.own.evidence:
        return BIMICertificate(domain.name)
    try:
        logo = (await look(bimi_logo, domain)).sha256
    except NotObserved:
        logo = ""
    response = await _get(net, bimi.own.evidence, "application/pem-certificate-chain")
    where = _facts(bimi.own.evidence, response)
    seen = BIMICertificate(domain.name, *where, now(), logo_sha256=logo)
    if seen.fault:
        return seen
    file = net.settings.mark_authorities
    roots = await net.files.text(file, MAX_OCTETS) if file else None
    pem = base64.b64decode(response.body).decode("ascii", "replace")
    try:
        mark = await asyncio.to_thread(read_mark_certificate, pem, roots, datetime.now(UTC))
    except Malformed as fault:
        return BIMICertificate(domain.name, *where, now(), None, fault.reason, logo)
    return BIMICertificate(domain.name, *where, now(), mark, "", logo)


async def _get(net: Network, url: str, accept: str) -> Response:
    """What a URI answers, the body in base64. Raises NotFollowed for a redirect."""
    response = await fetched(net, url, MAX_OCTETS, accept=accept, as_text=as_base64)
    if 300 <= response.status < 400:
        raise NotFollowed(f"{url} answers with a redirect (status {response.status}), which is not followed")
    return response


def _facts(url: str, response: Response) -> tuple[str, int, str, str]:
    return url, response.status, response.content_type or "", response.tls_error or ""
