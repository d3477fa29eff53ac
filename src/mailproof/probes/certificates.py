"""Looks at what stands in the certificates that endpoints show, and at which hosts share a key."""

from __future__ import annotations

import asyncio
import base64
from collections import defaultdict
from pathlib import Path

from cryptography.x509.oid import NameOID

from mailproof.criteria.authorities import names_of
from mailproof.criteria.broken_keys import is_list, list_of
from mailproof.inventory.budgets import MAX_RENEWED_NAMES
from mailproof.inventory.model import Inventory
from mailproof.net.errors import Bogus, NotObserved
from mailproof.net.files import Files
from mailproof.net.network import Network
from mailproof.net.pkix.certificates import load, reading
from mailproof.net.pkix.contents import Contents, contents, public_roots
from mailproof.net.pkix.paths import Roots, trusted_roots
from mailproof.net.pkix.revocation import Said, read_response
from mailproof.net.text import printable
from mailproof.net.tls.facts import unanswered
from mailproof.observations.certificates import (
    NO_ISSUER,
    CertificateContents,
    KeyUse,
    ListedKeys,
    NameRenewed,
    Renewal,
    ServerKeyCompany,
    ServerKeys,
    Shown,
)
from mailproof.observations.tls import Certificates, Deployment
from mailproof.probes.caa import caa
from mailproof.probes.dane import tlsa
from mailproof.probes.dkim import MAX_OCTETS_OF_LIST
from mailproof.probes.issuers import issuer_of
from mailproof.probes.probe import Look, probe
from mailproof.probes.tls import certificates as chains_of
from mailproof.probes.tls import tls_offers
from mailproof.targets.base import Targets
from mailproof.targets.certificates import ServerCertificates
from mailproof.targets.mail import MailHost
from mailproof.targets.services import MXEndpoint, TLSEndpoint

DANE_TA = 2


@probe(looks=("tls_offers",))
async def certificate_contents(
    endpoint: TLSEndpoint, net: Network, look: Look, certificates: Certificates
) -> CertificateContents:
    """What stands in the certificates that ``certificates`` has: nobody is asked for it."""
    roots = trusted_roots(net.settings.ca_file)
    public = public_roots(net.settings.public_roots)
    shown = await asyncio.to_thread(_all_shown, certificates.deployments, roots, public)
    in_hello = await _timestamps(endpoint, look) if any(s.public and not s.leaf.timestamps for s in shown) else None
    return CertificateContents(endpoint.id, shown, await _names_anchor(endpoint, look), in_hello)


async def _timestamps(endpoint: TLSEndpoint, look: Look) -> bool | None:
    """Whether timestamps of logs come in the ServerHello of TLS 1.2 or older; None where that was not seen."""
    try:
        offers = (await look(tls_offers, endpoint)).offers
    except NotObserved:
        return None
    return offers.traits.timestamps if offers and offers.traits else None


def _all_shown(deployments: tuple[Deployment, ...], roots: Roots, public: frozenset[str]) -> tuple[Shown, ...]:
    return tuple(_shown(deployment, roots, public) for deployment in deployments)


def _shown(deployment: Deployment, roots: Roots, public: frozenset[str]) -> Shown:
    pems = {known.sha256: pem for pem, known in zip(deployment.chain.certificates, deployment.chain.facts, strict=True)}
    found = tuple(contents(load(pems[certificate.sha256])) for certificate in deployment.below_root)
    staple, fault = _staple(deployment, roots)
    return Shown(found, deployment.path.root in public, staple, fault)


def _staple(deployment: Deployment, roots: Roots) -> tuple[Said | None, str]:
    """What the OCSP response says that came with the chain, or why that cannot be read."""
    if not deployment.chain.staple:
        return None, ""
    issuer = issuer_of(deployment, deployment.chain.leaf.sha256, roots)
    if issuer is None:
        return None, NO_ISSUER
    try:
        return read_response(
            base64.b64decode(deployment.chain.staple), load(deployment.chain.certificates[0]), issuer
        ), ""
    except NotObserved as failure:
        return None, failure.reason


async def _names_anchor(endpoint: TLSEndpoint, look: Look) -> bool | None:
    """Whether a TLSA record wants an anchor to be sent (RFC 7672, section 3.1.2); None where that is not known."""
    if not isinstance(endpoint, MXEndpoint):
        return False
    try:
        records = await look(tlsa, MailHost(endpoint.host, domains=endpoint.domains, active=endpoint.active))
    except NotObserved:
        return None
    return any(record.usable and record.usage == DANE_TA for record in records.records)


@probe()
async def listed_keys(
    endpoint: TLSEndpoint, net: Network, inventory: Inventory, certificate_contents: CertificateContents
) -> ListedKeys:
    """The RSA keys of the certificates, looked up in the lists of broken keys that the inventory names."""
    found = {one.sha256: one for shown in certificate_contents.shown for one in shown.certificates if one.modulus}
    listed, unread = await asyncio.to_thread(_looked_up, tuple(found.values()), inventory.broken_keys, net.files)
    return ListedKeys(endpoint.id, listed, unread)


def _looked_up(
    found: tuple[Contents, ...], lists: list[Path], files: Files
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    listed: list[tuple[str, str]] = []
    unread: list[str] = []
    for path in lists:
        try:
            with files.mapped(path, MAX_OCTETS_OF_LIST) as records:
                if not is_list(records):
                    unread.append(path.name)
                    continue
                for one in found:
                    number = list_of(bytes.fromhex(one.modulus.zfill(len(one.modulus) + len(one.modulus) % 2)), records)
                    if number is not None:
                        listed.append((one.subject, f"{path.name} (list {number})"))
        except NotObserved as failure:
            unread.append(failure.reason)
    return tuple(listed), tuple(unread)


@probe(looks=("certificates",))
async def server_keys(store: ServerCertificates, look: Look, targets: Targets) -> ServerKeys:
    """The keys of all endpoints, and the hosts that show the same."""
    endpoints = [endpoint for endpoint in targets.found(TLSEndpoint) if not endpoint.dead]
    outcomes = await asyncio.gather(*(look(chains_of, endpoint) for endpoint in endpoints), return_exceptions=True)
    hosts: dict[str, dict[str, None]] = defaultdict(dict)
    unknown: list[str] = []
    for endpoint, outcome in zip(endpoints, outcomes, strict=True):
        if isinstance(outcome, Certificates):
            for deployment in outcome.deployments:
                hosts[deployment.chain.leaf.spki_sha256][endpoint.host] = None
        elif isinstance(outcome, NotObserved):
            unknown.append(f"{endpoint.id}: {outcome.reason}")
        else:
            raise outcome
    shared = tuple(KeyUse(key, tuple(names)) for key, names in hosts.items() if len(names) > 1)
    return ServerKeys(shared, tuple(unknown))


@probe(looks=("server_keys",))
async def server_key_company(
    endpoint: TLSEndpoint, look: Look, inventory: Inventory, targets: Targets, certificates: Certificates
) -> ServerKeyCompany:
    """The hosts that show a key of the endpoint, where the inventory wants its host to have a key of its own."""
    if not any(host.own_key and host.name == endpoint.host for host in inventory.hosts):
        return ServerKeyCompany(endpoint.id, endpoint.host, own=False)
    together = await look(server_keys, targets.found(ServerCertificates)[0])
    own = {deployment.chain.leaf.spki_sha256 for deployment in certificates.deployments}
    others = {host for use in together.shared if use.spki_sha256 in own for host in use.hosts} - {endpoint.host}
    return ServerKeyCompany(endpoint.id, endpoint.host, True, tuple(sorted(others)), together.unknown)


@probe(looks=("caa",))
async def renewal(
    endpoint: TLSEndpoint, look: Look, certificates: Certificates, certificate_contents: CertificateContents
) -> Renewal:
    """The CAA records that count for the names of the certificates, as their CA will see them when it renews them.

    Certificates under a public root only: the CAs of others need not look at CAA.
    """
    public = [
        deployment
        for deployment, shown in zip(certificates.deployments, certificate_contents.shown, strict=True)
        if shown.public and deployment.chain.leaf.issuer
    ]
    if not public:
        return Renewal(endpoint.id, "", ())
    organisation = await asyncio.to_thread(_organisation, public[0].chain.certificates[0])
    names = list(dict.fromkeys(name.lower() for deployment in public for name in deployment.chain.leaf.dns_names))
    names.sort(key=lambda name: name != endpoint.host)
    looked_at = [await _renewed(name, look) for name in names[:MAX_RENEWED_NAMES]]
    return Renewal(endpoint.id, organisation, names_of(organisation), tuple(looked_at), len(names[MAX_RENEWED_NAMES:]))


def _organisation(pem: str) -> str:
    """The organisation of the issuer; empty where its name has none."""
    with reading():
        found = load(pem).issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return printable(str(found[0].value)) if found else ""


async def _renewed(name: str, look: Look) -> NameRenewed:
    try:
        found = await look(caa, MailHost(name.removeprefix("*.")))
    except Bogus as failure:
        return NameRenewed(name, failure=unanswered(name, failure))
    return NameRenewed(name, tuple(str(record) for record in found.records), found.owner)
