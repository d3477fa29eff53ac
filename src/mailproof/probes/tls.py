"""Looks at TLS: one handshake for each question, and no more connections than the controls need."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from mailproof.clock import now
from mailproof.net.errors import NoTLS, NotObserved
from mailproof.net.network import Network
from mailproof.net.pkix.certificates import Chain
from mailproof.net.pkix.paths import Roots, trusted_roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.net.tls.handshakes import Handshake, TLSPeer, TLSVersion
from mailproof.observations.dane import DANE, TLSA, ChainMatch
from mailproof.observations.smtp import SMTPSession
from mailproof.observations.tls import ByDANE, Certificates, Deployment, Handshakes, WithdrawnTLS
from mailproof.probes.dane import examine, tlsa
from mailproof.probes.mta_sts import sts_policy
from mailproof.probes.probe import Look, probe
from mailproof.probes.smtp import smtp_session
from mailproof.targets.mail import MailDomain, MailHost
from mailproof.targets.services import MXEndpoint, SMTPEndpoint, TLSEndpoint


def _where(endpoint: TLSEndpoint) -> TLSPeer:
    return TLSPeer(endpoint.address, endpoint.port, endpoint.host, endpoint.starttls)


async def _offers_tls(endpoint: TLSEndpoint, look: Look) -> bool:
    """Whether TLS is on offer at all: at once, or by the STARTTLS keyword."""
    if endpoint.implicit_tls or not isinstance(endpoint, SMTPEndpoint):
        return True
    return (await look(smtp_session, endpoint)).offers_starttls


def _most(clients: int) -> int:
    """The connections that offers of so many clients take at most: see ``TLSClient.offers``."""
    return 2 * clients + 1


async def _offer(endpoint: TLSEndpoint, net: Network, look: Look, *versions: TLSVersion) -> Handshakes:
    by_smtp = endpoint.starttls == "smtp"
    if not await _offers_tls(endpoint, look):
        return Handshakes(endpoint.id, False, (), by_smtp=by_smtp)
    handshakes = await net.tls.offers(_where(endpoint), *((version, None) for version in versions))
    return Handshakes(endpoint.id, True, handshakes, by_smtp=by_smtp)


@probe(connections=_most(1), looks=("smtp_session",))
async def ssl_2(endpoint: TLSEndpoint, net: Network, look: Look) -> Handshakes:
    """An SSL 2.0 hello."""
    return await _offer(endpoint, net, look, TLSVersion.SSLV2)


@probe(connections=_most(1), looks=("smtp_session",))
async def ssl_3(endpoint: TLSEndpoint, net: Network, look: Look) -> Handshakes:
    """An SSL 3.0 hello."""
    return await _offer(endpoint, net, look, TLSVersion.SSLV3)


@probe(connections=_most(2), looks=("smtp_session",))
async def tls_1_0_and_1_1(endpoint: TLSEndpoint, net: Network, look: Look) -> Handshakes:
    """Hellos of TLS 1.0 and of TLS 1.1."""
    return await _offer(endpoint, net, look, TLSVersion.TLS1_0, TLSVersion.TLS1_1)


@probe(connections=_most(3), looks=("smtp_session",))
async def tls_1_2_and_1_3(endpoint: TLSEndpoint, net: Network, look: Look) -> Handshakes:
    """Hellos of TLS 1.2 and of TLS 1.3."""
    return await _offer(endpoint, net, look, TLSVersion.TLS1_2, TLSVersion.TLS1_3)


@probe(looks=("ssl_3", "tls_1_0_and_1_1"))
async def withdrawn_tls(endpoint: TLSEndpoint, look: Look, smtp_session: SMTPSession) -> WithdrawnTLS:
    """SSL 3.0, TLS 1.0 and TLS 1.1, asked for only where the handshake of the session failed."""
    handshakes: list[Handshake] = []
    if smtp_session.tls_failure is not None:
        for old in (ssl_3, tls_1_0_and_1_1):
            try:
                handshakes += (await look(old, endpoint)).handshakes
            except NotObserved:
                continue
    return WithdrawnTLS(endpoint.id, tuple(handshakes))


async def _offer_ciphers(endpoint: TLSEndpoint, net: Network, ciphers: str, *known: Handshakes) -> Handshakes:
    """Offer only ``ciphers``, in each of the versions that the endpoint takes and that have such suites."""
    offered, by_smtp = known[0].tls_offered, known[0].by_smtp
    accepted = [handshake.version for handshakes in known for handshake in handshakes.accepted]
    versions = [version for version in accepted if version is not TLSVersion.TLS1_3]
    handshakes = await net.tls.offers(_where(endpoint), *((version, ciphers) for version in versions))
    return Handshakes(endpoint.id, offered, handshakes, no_version=offered and not accepted, by_smtp=by_smtp)


@probe(connections=_most(4))
async def rc4(
    endpoint: TLSEndpoint, net: Network, ssl_3: Handshakes, tls_1_0_and_1_1: Handshakes, tls_1_2_and_1_3: Handshakes
) -> Handshakes:
    """Hellos that offer nothing but RC4."""
    return await _offer_ciphers(endpoint, net, "RC4", ssl_3, tls_1_0_and_1_1, tls_1_2_and_1_3)


@probe(connections=_most(4))
async def triple_des(
    endpoint: TLSEndpoint, net: Network, ssl_3: Handshakes, tls_1_0_and_1_1: Handshakes, tls_1_2_and_1_3: Handshakes
) -> Handshakes:
    """Hellos that offer nothing but 3DES."""
    return await _offer_ciphers(endpoint, net, "3DES", ssl_3, tls_1_0_and_1_1, tls_1_2_and_1_3)


@probe(looks=("certificates",))
async def dane(endpoint: MXEndpoint, look: Look) -> DANE:
    """The TLSA records of the host and the chains of this address."""
    records = await look(tlsa, MailHost(endpoint.host, domains=endpoint.domains, active=endpoint.active))
    if not records.applies:
        return DANE(records, True, (), endpoint=endpoint.id)
    try:
        seen = await look(certificates, endpoint)
    except NoTLS as declined:
        return DANE(records, True, (), declined.reason, endpoint.id)
    chains = tuple(deployment.chain for deployment in seen.deployments)
    matches = await asyncio.to_thread(_matches, endpoint, records, chains)
    return DANE(records, seen.tls_offered, matches, endpoint=endpoint.id)


def _matches(endpoint: MXEndpoint, records: TLSA, chains: tuple[Chain, ...]) -> tuple[ChainMatch, ...]:
    names = tuple(dict.fromkeys((endpoint.host, records.base)))
    at = datetime.now(UTC)
    matches = []
    for chain in chains:
        found = examine(records.records, chain, names, at, endpoint.domains)
        matching = tuple(str(record) for record, flaw in found if not flaw)
        matches.append(ChainMatch(chain, matching, tuple(f"{record}: {flaw}" for record, flaw in found if flaw)))
    return tuple(matches)


@probe(connections=3, looks=("smtp_session",))
async def certificates(endpoint: TLSEndpoint, net: Network, look: Look) -> Certificates:
    """The certificate chains, and whether a path leads from each to a trusted root."""
    if not await _offers_tls(endpoint, look):
        return Certificates(endpoint.id, endpoint.host, now(), False, ())
    chains = await net.tls.certificates(_where(endpoint))
    roots = trusted_roots(net.settings.ca_file)
    deployments = await asyncio.to_thread(_deployments, endpoint.host, chains, roots)
    dane = await _authenticated_by_dane(endpoint, look, chains) if isinstance(endpoint, MXEndpoint) else ByDANE.NOT
    return Certificates(endpoint.id, endpoint.host, now(), True, deployments, dane)


def _deployments(host: str, chains: tuple[Chain, ...], roots: Roots) -> tuple[Deployment, ...]:
    at = datetime.now(UTC)
    return tuple(Deployment(chain, verify(chain, roots, at), matches_name(chain.leaf, host)) for chain in chains)


async def _authenticated_by_dane(endpoint: MXEndpoint, look: Look, chains: tuple[Chain, ...]) -> ByDANE:
    """The usage of the secure records that match every chain, unless an MTA-STS policy demands a public certificate.

    Raises NotObserved where a policy that may demand one could not be looked at, and no other does.
    """
    try:
        records = await look(tlsa, MailHost(endpoint.host, domains=endpoint.domains, active=endpoint.active))
    except NotObserved:
        return ByDANE.NOT
    if not records.applies:
        return ByDANE.NOT
    matches = await asyncio.to_thread(_matches, endpoint, records, chains)
    if not all(match.matching for match in matches):
        return ByDANE.NOT
    unknown: NotObserved | None = None
    for domain in endpoint.domains:
        try:
            found = await look(sts_policy, MailDomain(domain))
        except NotObserved as failure:
            unknown = failure
            continue
        if found.policy is not None and found.policy.mode == "enforce":
            return ByDANE.NOT
    if unknown is not None and unknown.transient:
        reason = f"whether MTA-STS demands a public certificate besides DANE is not known: {unknown.reason}"
        raise type(unknown)(reason, unknown.evidence)
    return ByDANE.EE if all(match.has(3) for match in matches) else ByDANE.TA
