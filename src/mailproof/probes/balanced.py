"""Puts side by side what the addresses of a host, and the servers behind it, show. Nobody is asked for it alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from mailproof.inventory.model import Inventory
from mailproof.net.errors import NotObserved
from mailproof.net.tls.facts import unanswered
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.balanced import Face, HostFaces
from mailproof.observations.smtp import SMTPSession
from mailproof.observations.tls import Certificates, TLSOffers
from mailproof.probes.probe import Look, probe
from mailproof.probes.smtp import smtp_session
from mailproof.probes.tls import certificates, tls_offers
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailHost
from mailproof.targets.services import SMTPEndpoint, TLSEndpoint

_CURRENT = (TLSVersion.TLS1_2, TLSVersion.TLS1_3)


@probe(looks=("smtp_session", "tls_offers", "certificates"))
async def host_faces(host: MailHost, look: Look, targets: Targets, inventory: Inventory) -> HostFaces:
    """What every endpoint of the host shows that shares its port with another one."""
    behind = next((entry.behind for entry in inventory.hosts if entry.name == host.name), [])
    endpoints = [e for e in targets.found(TLSEndpoint) if e.host in (host.name, *behind) and not e.dead]
    several = {port for port, count in Counter(e.port for e in endpoints).items() if count > 1}
    faces = await asyncio.gather(*(_face(e, look) for e in endpoints if e.port in several))
    return HostFaces(host.name, tuple(sorted(faces, key=lambda face: (face.port, face.endpoint))))


async def _face(endpoint: TLSEndpoint, look: Look) -> Face:
    shown: dict[str, Any] = {}
    unseen = None
    try:
        if isinstance(endpoint, SMTPEndpoint):
            shown |= _of_session(await look(smtp_session, endpoint))
        shown |= _of_offers(await look(tls_offers, endpoint))
        shown |= _of_certificates(await look(certificates, endpoint))
    except NotObserved as failure:
        unseen = unanswered(endpoint.id, failure)
    return Face(endpoint.id, endpoint.port, **shown, unseen=unseen)


def _of_session(session: SMTPSession) -> dict[str, Any]:
    if not session.served:
        return {}
    return {"name": session.server_name, "keywords": tuple(sorted(set(session.extensions) - {"STARTTLS"}))}


def _of_offers(seen: TLSOffers) -> dict[str, Any]:
    if seen.offers is None:
        return {}
    traits = seen.offers.traits
    return {
        "versions": tuple(str(version) for version in seen.accepted if version in _CURRENT),
        "suite": traits.suite if traits is not None and traits.version is TLSVersion.TLS1_2 else None,
        "group": seen.offers.group or None,
    }


def _of_certificates(seen: Certificates) -> dict[str, Any]:
    leaves = [deployment.chain.leaf for deployment in seen.deployments]
    if not leaves:
        return {}
    return {
        "keys": tuple(sorted({leaf.spki_sha256 for leaf in leaves})),
        "issuers": tuple(sorted({leaf.issuer for leaf in leaves})),
    }
