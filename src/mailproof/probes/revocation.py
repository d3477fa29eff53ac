"""Asks CAs whether they revoked the certificates of endpoints: by CRL, and by OCSP where there is no CRL."""

from __future__ import annotations

import asyncio
import base64
from urllib.parse import quote

from cryptography import x509

from mailproof.inventory.budgets import MAX_LISTS
from mailproof.inventory.model import Inventory
from mailproof.net.errors import BoundReached, NotObserved
from mailproof.net.network import Network
from mailproof.net.pkix.certificates import load
from mailproof.net.pkix.contents import Contents
from mailproof.net.pkix.paths import PathStatus, trusted_roots
from mailproof.net.pkix.revocation import Said, Status, read_list, read_response, request_for
from mailproof.net.tls.facts import unanswered
from mailproof.observations.certificates import CertificateContents, Checked, Revocation
from mailproof.observations.tls import Certificates
from mailproof.probes.issuers import issuer_of
from mailproof.probes.probe import probe
from mailproof.targets.services import TLSEndpoint


@probe()
async def revocation(
    endpoint: TLSEndpoint,
    net: Network,
    inventory: Inventory,
    certificates: Certificates,
    certificate_contents: CertificateContents,
) -> Revocation:
    """What the CAs say of certificates below a trusted root. What others sign may lead anywhere, and is not asked."""
    if not inventory.crl:
        return Revocation(endpoint.id, certificates.at, (), off=True)
    roots = trusted_roots(net.settings.ca_file)
    wanted: dict[str, tuple[Contents, x509.Certificate, x509.Certificate]] = {}
    for deployment, shown in zip(certificates.deployments, certificate_contents.shown, strict=True):
        if deployment.path.status is not PathStatus.TRUSTED:
            continue
        pems = dict(zip((known.sha256 for known in deployment.chain.facts), deployment.chain.certificates, strict=True))
        for found in shown.certificates:
            issuer = issuer_of(deployment, found.sha256, roots)
            if issuer is not None and (found.revocation_lists or found.responders):
                wanted[found.sha256] = found, load(pems[found.sha256]), issuer
    looked_up = list(wanted.values())
    checked = [await _check(net, *one) for one in looked_up[:MAX_LISTS]]
    for found, _, _ in looked_up[MAX_LISTS:]:
        bound = BoundReached(f"no more than {MAX_LISTS} certificates of an endpoint are looked up")
        checked.append(Checked(found.subject, "", failure=unanswered(found.subject, bound)))
    if not any(one.said and one.said.status is Status.REVOKED for one in checked):
        for one in checked:
            if one.failure and (failure := one.failure.failure()).transient:
                raise failure  # the survey tries again
    return Revocation(endpoint.id, certificates.at, tuple(checked))


async def _check(net: Network, found: Contents, certificate: x509.Certificate, issuer: x509.Certificate) -> Checked:
    """What the first list says that one can believe; else why the last one says nothing."""
    outcome: Checked | None = None
    lists = _of_the_web(found.revocation_lists)
    places = lists or _of_the_web(found.responders) or found.revocation_lists or found.responders
    for url in places[:_MOST_PLACES]:
        try:
            if url in found.revocation_lists:
                data = await net.revocation_lists.get(url)
                said = await asyncio.to_thread(read_list, data, certificate, issuer, url)
            else:
                said = await _ask(net, url, certificate, issuer)
        except NotObserved as failure:
            outcome = outcome or Checked(found.subject, url, failure=unanswered(url, failure))
            continue
        outcome = Checked(found.subject, url, said)
        if not said.fault:
            break
    return outcome or Checked(found.subject, "")


_MOST_PLACES = 2
"""Places of one certificate's list that are tried."""


def _of_the_web(urls: tuple[str, ...]) -> tuple[str, ...]:
    """Those that can be fetched: CAs of companies name directories (ldap:) before them."""
    return tuple(url for url in urls if url.lower().startswith(("http:", "https:")))


async def _ask(net: Network, url: str, certificate: x509.Certificate, issuer: x509.Certificate) -> Said:
    """An OCSP response, by GET (RFC 6960, appendix A.1)."""
    request = quote(base64.b64encode(request_for(certificate, issuer)).decode("ascii"), safe="")
    data = await net.revocation_lists.get(f"{url.rstrip('/')}/{request}")
    return await asyncio.to_thread(read_response, data, certificate, issuer)
