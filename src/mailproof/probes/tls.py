"""Looks at TLS: what servers take, their certificates, and how DANE sees those."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from mailproof.clock import now
from mailproof.net.errors import NoTLS, NotObserved
from mailproof.net.network import Network
from mailproof.net.pkix.certificates import Chain
from mailproof.net.pkix.paths import Roots, trusted_roots, verify
from mailproof.net.pkix.reference_names import matches_name
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.facts import Handshake, Unanswered, WithoutSNI
from mailproof.net.tls.handshakes import MOST_HANDSHAKES
from mailproof.net.tls.offers import MOST
from mailproof.net.tls.scan import MOST_SCANNED
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.certificates import NamelessCertificate
from mailproof.observations.dane import DANE, TLSA, ChainMatch
from mailproof.observations.smtp import SMTPSession
from mailproof.observations.tls import (
    EARLY_DATA,
    TICKETS,
    ByDANE,
    Certificates,
    Deployment,
    TLSDeepScan,
    TLSLists,
    TLSOffers,
    WithdrawnTLS,
)
from mailproof.probes.associations import examine, heeded
from mailproof.probes.dane import tlsa
from mailproof.probes.mta_sts import sts_policy
from mailproof.probes.probe import Look, Planned, probe
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


@probe(connections=lambda limits: MOST[limits.tls_depth], looks=("smtp_session",))
async def tls_offers(endpoint: TLSEndpoint, net: Network, look: Look) -> TLSOffers:
    """Hellos of every version, and of what belongs to the inventory's ``tls_depth``."""
    offered, spoken = await _offers_tls(endpoint, look), False
    if offered and endpoint.starttls and isinstance(endpoint, SMTPEndpoint):
        spoken = (await look(smtp_session, endpoint)).tls is not None
    offers = await net.tls.offers(_where(endpoint), spoken=spoken) if offered else None
    return TLSOffers(endpoint.id, endpoint.starttls == "smtp", offers)


@probe(full=True)
async def tls_lists(endpoint: TLSEndpoint, tls_offers: TLSOffers) -> TLSLists:
    """What hellos show in the full depth; nobody is asked for it again."""
    return TLSLists(endpoint.id, tls_offers.by_smtp, tls_offers.offers)


@probe(scan=True, connections=MOST_SCANNED + 1, looks=("smtp_session", "tls_offers"))
async def tls_deep_scan(endpoint: TLSEndpoint, net: Network, look: Look) -> TLSDeepScan:
    """sslyze's scan, and a whole handshake of TLS 1.3 for the session ticket.

    sslyze's own test of early data sends an HTTP request, and takes a server that does not answer it for one without.
    """
    if not await _offers_tls(endpoint, look):
        return TLSDeepScan(endpoint.id, None)
    scan = await net.tls.scan(_where(endpoint))
    unanswered, ticket = list(scan.unanswered), None
    try:
        if (await look(tls_offers, endpoint)).version(TLSVersion.TLS1_3).accepted:
            ticket = await net.tls.ticket(_where(endpoint))
    except NotObserved as failure:
        unanswered += (
            Unanswered(question, failure.kind, failure.reason, failure.evidence) for question in (EARLY_DATA, TICKETS)
        )
    if ticket is None:
        return TLSDeepScan(endpoint.id, scan, None, tuple(unanswered))
    return TLSDeepScan(endpoint.id, scan, ticket.early_data, tuple(unanswered), ticket.lifetime)


_WITHDRAWN = (TLSVersion.SSLV3, TLSVersion.TLS1_0, TLSVersion.TLS1_1)


@probe(looks=("tls_offers",))
async def withdrawn_tls(endpoint: TLSEndpoint, look: Look, smtp_session: SMTPSession) -> WithdrawnTLS:
    """SSL 3.0, TLS 1.0 and TLS 1.1, asked for only where the handshake of the session failed."""
    handshakes: tuple[Handshake, ...] = ()
    if smtp_session.tls_failure is not None:
        try:
            seen = await look(tls_offers, endpoint)
        except NotObserved:
            seen = None
        if seen is not None and seen.offers is not None:
            handshakes = tuple(shown for shown in seen.offers.versions if shown.version in _WITHDRAWN)
    return WithdrawnTLS(endpoint.id, handshakes)


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
    return DANE(records, seen.tls_offered, matches, endpoint=endpoint.id, at=seen.at)


def _matches(endpoint: MXEndpoint, records: TLSA, chains: tuple[Chain, ...]) -> tuple[ChainMatch, ...]:
    at = datetime.now(UTC)
    matches = []
    looked_at = heeded(records.records)
    for chain in chains:
        found = examine(records.records, chain, (records.base,), at, endpoint.domains)
        right = [record for record, flaw in found if not flaw]
        matching = tuple(str(record) for record in right if record in looked_at)
        passed_over = tuple(str(record) for record in right if record not in looked_at)
        remarks = tuple(f"{record}: {flaw}" for record, flaw in found if flaw)
        matches.append(ChainMatch(chain, matching, remarks, passed_over))
    return tuple(matches)


@probe(connections=MOST_HANDSHAKES, looks=("smtp_session",))
async def certificates(endpoint: TLSEndpoint, net: Network, look: Look, planned: Planned) -> Certificates:
    """The certificate chains, and whether a path leads from each to a trusted root."""
    if not await _offers_tls(endpoint, look):
        return Certificates(endpoint.id, endpoint.host, now(), False, ())
    known = await _leaves_in_hellos(endpoint, look) if planned(tls_offers, endpoint) else ()
    chains = await net.tls.certificates(_where(endpoint), known=known)
    roots = trusted_roots(net.settings.ca_file)
    deployments = await asyncio.to_thread(_deployments, endpoint.host, chains, roots)
    dane = await _authenticated_by_dane(endpoint, look, chains) if isinstance(endpoint, MXEndpoint) else ByDANE.NOT
    told: tuple[str, ...] = ()
    if isinstance(endpoint, MXEndpoint) and dane is ByDANE.NOT:
        told = await _told_by_dane(endpoint, look, chains)
    return Certificates(endpoint.id, endpoint.host, now(), True, deployments, dane, told)


async def _leaves_in_hellos(endpoint: TLSEndpoint, look: Look) -> tuple[str, ...]:
    """The certificates that came in clear, where they are known from several connections."""
    try:
        offers = (await look(tls_offers, endpoint)).offers
    except NotObserved:
        return ()
    return offers.leaves or () if offers else ()


@probe(connections=2, looks=("tls_offers",))
async def nameless_certificate(
    endpoint: TLSEndpoint, net: Network, look: Look, certificates: Certificates
) -> NamelessCertificate:
    """What the hello without a name (SNI) shows; where TLS 1.3 hides it, a whole handshake by one more connection, and
    another one by an old client where that fails.
    """
    leaves = [deployment.chain.leaf for deployment in certificates.deployments]
    if not leaves:
        return NamelessCertificate(endpoint.id, endpoint.host, None)
    hello = await _hello_without_name(endpoint, look)
    if hello is not None and not hello.accepted:
        return NamelessCertificate(endpoint.id, endpoint.host, None, refused=hello.error or "no reason is given")
    if hello is not None and hello.same is not None:
        names = leaves[0].dns_names if hello.same else hello.names
        shown = replace(leaves[0], dns_names=names, ip_addresses=())
        same = hello.same or any(leaf.dns_names == names for leaf in leaves)
    else:
        try:
            shown = (await net.tls.certificates_without_name(_where(endpoint))).leaf
        except NoTLS as declined:
            return NamelessCertificate(endpoint.id, endpoint.host, None, refused=declined.reason)
        same = any(leaf.sha256 == shown.sha256 for leaf in leaves)
    return NamelessCertificate(endpoint.id, endpoint.host, shown.dns_names, matches_name(shown, endpoint.host), same)


async def _hello_without_name(endpoint: TLSEndpoint, look: Look) -> WithoutSNI | None:
    """What became of the hello without a name; None where none was sent, or its outcome is not known."""
    try:
        offers = (await look(tls_offers, endpoint)).offers
    except NotObserved:
        return None
    return offers.without_sni if offers else None


async def _told_by_dane(endpoint: MXEndpoint, look: Look, chains: tuple[Chain, ...]) -> tuple[str, ...]:
    """What of names and dates DANE-MATCH tells of the chains: it is not told twice."""
    try:
        records = await look(tlsa, MailHost(endpoint.host, domains=endpoint.domains, active=endpoint.active))
    except NotObserved:
        return ()
    if not records.applies or not any(record.usable and record.usage == 2 for record in records.records):
        return ()
    matches = await asyncio.to_thread(_matches, endpoint, records, chains)
    return tuple(sorted({end for match in matches for end in match.told}))


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
