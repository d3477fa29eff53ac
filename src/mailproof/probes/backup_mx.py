"""Puts side by side what the MX hosts of a domain offer. Nobody is asked for it alone."""

from __future__ import annotations

import asyncio

from mailproof.net.errors import NotObserved
from mailproof.net.smtp import extensions
from mailproof.net.tls.facts import unanswered
from mailproof.observations.backup_mx import BackupMX, Offered
from mailproof.observations.mx import MX
from mailproof.probes.conversation import size_limit
from mailproof.probes.probe import Look, probe
from mailproof.probes.smtp import smtp_session
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import MXEndpoint


@probe(looks=("smtp_session",))
async def backup_mx(domain: MailDomain, mx: MX, look: Look, targets: Targets) -> BackupMX:
    """The EHLO keywords of every MX address, and whether it is a backup: by preference, or by the inventory."""
    preferences = {name: number for number, name in reversed(mx.exchanges)}
    first = min(preferences.values(), default=0)
    endpoints = [e for e in targets.found_of(MXEndpoint, domain.name) if e.host in preferences and not e.dead]
    hosts = {endpoint.host for endpoint in endpoints}
    if len(hosts) < 2:
        return BackupMX(domain.name, ())
    backups = {name for name in hosts if preferences[name] > first or name in domain.backup_mx}
    offered = (_offered(e, preferences[e.host], e.host in backups, look) for e in endpoints)
    return BackupMX(domain.name, tuple(await asyncio.gather(*offered)))


async def _offered(endpoint: MXEndpoint, preference: int, backup: bool, look: Look) -> Offered:
    try:
        session = await look(smtp_session, endpoint)
        if not session.served or session.without_ehlo:
            return Offered(endpoint.id, preference, backup)
        inside = session.ehlo_in_tls if session.tls_works else None
        found = extensions(inside) if inside is not None and inside.positive else session.extensions
    except NotObserved as failure:
        return Offered(endpoint.id, preference, backup, unseen=unanswered(endpoint.id, failure))
    return Offered(endpoint.id, preference, backup, tuple(sorted(found)), size_limit(found))
