"""Looks at TLS: one handshake for each question, and no more connections than the controls need."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from mailproof.clock import now
from mailproof.inventory.targets import Endpoint, MailDomain, MailHost, Role
from mailproof.net.certificates import Chain
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.net.pkix import Roots, matches_name, trusted_roots, verify
from mailproof.net.tls import Handshake, TLSEndpoint, TLSVersion
from mailproof.observations.dane import DANE, TLSA, ChainMatch
from mailproof.observations.smtp import SMTPSession
from mailproof.observations.tls import Certificates, Deployment, Handshakes, WithdrawnTLS
from mailproof.probes.dane import matching_records, tlsa
from mailproof.probes.policies import sts_policy
from mailproof.probes.probe import Look, probe
from mailproof.probes.smtp import smtp_session


def _where(endpoint: Endpoint) -> TLSEndpoint:
    return TLSEndpoint(endpoint.address, endpoint.port, endpoint.host, endpoint.starttls)  # type: ignore[arg-type]


async def _offers_tls(endpoint: Endpoint, look: Look) -> bool:
    """Whether TLS is on offer at all: at once, or by the STARTTLS keyword."""
    if endpoint.starttls != "smtp":
        return True
    return (await look(smtp_session, endpoint)).offers_starttls


async def _offer(endpoint: Endpoint, net: Network, look: Look, *versions: TLSVersion) -> Handshakes:
    if not await _offers_tls(endpoint, look):
        return Handshakes(endpoint.id, False, ())
    handshakes = [await net.tls.accepts(_where(endpoint), version) for version in versions]
    return Handshakes(endpoint.id, True, tuple(handshakes))


@probe(connections=1, looks=("smtp_session",))
async def ssl_2(endpoint: Endpoint, net: Network, look: Look) -> Handshakes:
    """An SSL 2.0 hello."""
    return await _offer(endpoint, net, look, TLSVersion.SSLV2)


@probe(connections=1, looks=("smtp_session",))
async def ssl_3(endpoint: Endpoint, net: Network, look: Look) -> Handshakes:
    """An SSL 3.0 hello."""
    return await _offer(endpoint, net, look, TLSVersion.SSLV3)


@probe(connections=2, looks=("smtp_session",))
async def tls_1_0_and_1_1(endpoint: Endpoint, net: Network, look: Look) -> Handshakes:
    """Hellos of TLS 1.0 and of TLS 1.1."""
    return await _offer(endpoint, net, look, TLSVersion.TLS1_0, TLSVersion.TLS1_1)


@probe(connections=3, looks=("smtp_session",))
async def tls_1_2_and_1_3(endpoint: Endpoint, net: Network, look: Look) -> Handshakes:
    """Hellos of TLS 1.2 and of TLS 1.3."""
    return await _offer(endpoint, net, look, TLSVersion.TLS1_2, TLSVersion.TLS1_3)


@probe(looks=("ssl_3", "tls_1_0_and_1_1"))
async def withdrawn_tls(endpoint: Endpoint, look: Look, smtp_session: SMTPSession) -> WithdrawnTLS:
    """SSL 3.0, TLS 1.0 and TLS 1.1, asked for only where the handshake of the session failed."""
    handshakes: list[Handshake] = []
    if smtp_session.tls_failure is not None:
        for old in (ssl_3, tls_1_0_and_1_1):
            try:
                handshakes += (await look(old, endpoint)).handshakes
            except NotObserved:
                continue
    return WithdrawnTLS(endpoint.id, tuple(handshakes))


async def _offer_ciphers(endpoint: Endpoint, net: Network, ciphers: str, *known: Handshakes) -> Handshakes:
    """Offer only ``ciphers``, in each of the versions that the endpoint takes and that have such suites."""
    versions = [h.version for handshakes in known for h in handshakes.accepted if h.version is not TLSVersion.TLS1_3]
    handshakes = [await net.tls.accepts(_where(endpoint), version, ciphers) for version in versions]
    return Handshakes(endpoint.id, known[0].tls_offered, tuple(handshakes))


@probe(connections=4)
async def rc4(
    endpoint: Endpoint, net: Network, ssl_3: Handshakes, tls_1_0_and_1_1: Handshakes, tls_1_2_and_1_3: Handshakes
) -> Handshakes:
    """Hellos that offer nothing but RC4."""
    return await _offer_ciphers(endpoint, net, "RC4", ssl_3, tls_1_0_and_1_1, tls_1_2_and_1_3)


@probe(connections=4)
async def triple_des(
    endpoint: Endpoint, net: Network, ssl_3: Handshakes, tls_1_0_and_1_1: Handshakes, tls_1_2_and_1_3: Handshakes
) -> Handshakes:
    """Hellos that offer nothing but 3DES."""
    return await _offer_ciphers(endpoint, net, "3DES", ssl_3, tls_1_0_and_1_1, tls_1_2_and_1_3)


@probe(looks=("certificates",))
async def dane(endpoint: Endpoint, look: Look) -> DANE:
    """The TLSA records of the host and the chains of this address."""
    records = await look(tlsa, MailHost(endpoint.host, endpoint.domains, endpoint.active))
    if not records.applies:
        return DANE(records, True, ())
    seen = await look(certificates, endpoint)
    chains = (deployment.chain for deployment in seen.deployments)
    return DANE(
        records, seen.tls_offered, tuple(ChainMatch(chain, _matches(endpoint, records, chain)) for chain in chains)
    )


def _matches(endpoint: Endpoint, records: TLSA, chain: Chain) -> tuple[str, ...]:
    names = (endpoint.host, *endpoint.domains)
    return tuple(str(record) for record in matching_records(records.records, chain, names, datetime.now(UTC)))


@probe(connections=3, looks=("smtp_session",))
async def certificates(endpoint: Endpoint, net: Network, look: Look) -> Certificates:
    """The certificate chains, and whether a path leads from each to a trusted root."""
    if not await _offers_tls(endpoint, look):
        return Certificates(endpoint.id, endpoint.host, now(), False, ())
    chains = await net.tls.certificates(_where(endpoint))
    roots = _roots(net.settings.ca_file)
    at = datetime.now(UTC)
    deployments = tuple(
        Deployment(chain, verify(chain, roots, at), matches_name(chain.leaf, endpoint.host)) for chain in chains
    )
    by_dane = endpoint.role is Role.MX and await _authenticated_by_dane(endpoint, look, chains)
    return Certificates(endpoint.id, endpoint.host, now(), True, deployments, by_dane)


@cache
def _roots(ca_file: Path | None) -> Roots:
    return trusted_roots(ca_file)


async def _authenticated_by_dane(endpoint: Endpoint, look: Look, chains: tuple[Chain, ...]) -> bool:
    """A secure DANE-EE record matches every chain, and no MTA-STS policy demands a public certificate."""
    try:
        records = await look(tlsa, MailHost(endpoint.host, endpoint.domains, endpoint.active))
    except NotObserved:
        return False
    if not records.applies:
        return False
    for chain in chains:
        if not any(text.startswith("3 ") for text in _matches(endpoint, records, chain)):
            return False
    for domain in endpoint.domains:
        try:
            found = await look(sts_policy, MailDomain(domain))
        except NotObserved:
            continue
        if found.policy is not None and found.policy.mode == "enforce":
            return False
    return True
