"""Looks at TLSA records of the services for users (RFC 7673), and at what became of the keys of an MX host."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from ipaddress import ip_address

from mailproof.inventory.model import Inventory
from mailproof.net.network import Network
from mailproof.net.pkix.paths import Roots, trusted_roots
from mailproof.observations import Former
from mailproof.observations.dane import ChainMatch, KeysOfHost, TLSARecord
from mailproof.observations.service_dane import ServiceDANE
from mailproof.observations.tls import Deployment
from mailproof.probes.associations import examine, examine_public, heeded
from mailproof.probes.dane import tlsa
from mailproof.probes.dnssec import valid
from mailproof.probes.probe import Look, probe
from mailproof.probes.tls import certificates
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailHost
from mailproof.targets.services import MXEndpoint, TLSEndpoint


@probe(looks=("certificates",))
async def service_dane(endpoint: TLSEndpoint, net: Network, look: Look, inventory: Inventory) -> ServiceDANE:
    """``_PORT._tcp.HOST``, and the chains of the endpoint where those records count."""
    if isinstance(endpoint, MXEndpoint):
        return ServiceDANE(endpoint.id)
    answer = await net.dns.resolve(f"_{endpoint.port}._tcp.{endpoint.host}", "TLSA")
    if not answer.records or answer.proposed:
        return ServiceDANE(endpoint.id, answer)
    addresses = await net.dns.resolve(endpoint.host, "A" if ip_address(endpoint.address).version == 4 else "AAAA")
    both = await valid(net, addresses, answer)
    seen = ServiceDANE(endpoint.id, answer, both)
    if not seen.secure:
        return seen
    deployments = (await look(certificates, endpoint)).deployments
    domains = tuple(domain.name for domain in inventory.domains)
    roots = trusted_roots(net.settings.ca_file)
    chains = await asyncio.to_thread(service_matches, seen.records, (endpoint.host, *domains), deployments, roots)
    return ServiceDANE(endpoint.id, answer, both, chains)


def service_matches(
    records: tuple[TLSARecord, ...], names: tuple[str, ...], deployments: tuple[Deployment, ...], roots: Roots
) -> tuple[ChainMatch, ...]:
    """Whether each chain satisfies a record. Names are the host's, and those of the domains whose SRV records may lead
    to it (RFC 7673, section 4.1).
    """
    at = datetime.now(UTC)
    matches = []
    for deployment in deployments:
        found = (
            *examine(heeded(records), deployment.chain, names, at),
            *examine_public(records, deployment, names, at, roots),
        )
        matching = tuple(str(record) for record, flaw in found if not flaw)
        matches.append(
            ChainMatch(deployment.chain, matching, tuple(f"{record}: {flaw}" for record, flaw in found if flaw))
        )
    return tuple(matches)


@probe(looks=("tlsa", "certificates"))
async def keys_of_host(host: MailHost, look: Look, targets: Targets, former: Former) -> KeysOfHost:
    """The keys at every address of the host that takes mail; nobody is asked without a history, or without records."""
    records = await look(tlsa, host)
    if not former.kept or not records.records:
        return KeysOfHost(records, former.kept)
    at, seen = "", []
    for endpoint in (e for e in targets.found(MXEndpoint) if e.host == host.name and not e.dead):
        shown = await look(certificates, endpoint)
        at = shown.at
        seen += [digest for d in shown.deployments for digest in (d.chain.leaf.spki_sha256, d.chain.leaf.sha256)]
    known = (pair.partition("=") for pair in former.fact(host.id, KeysOfHost.FACT).split())
    earlier = tuple((digest, when) for digest, _, when in known if digest not in seen)
    return KeysOfHost(records, True, at, tuple(dict.fromkeys(seen)), earlier)
