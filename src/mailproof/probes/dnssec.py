"""Looks at DNSSEC: what our own validation makes of a zone and of what mail needs of it, and what the resolver says."""

from __future__ import annotations

import asyncio

from mailproof.net.dns.client import Answer
from mailproof.net.dns.names import deepest, is_special_use
from mailproof.net.dnssec.trust import Flaw, Link, Status, Verdict
from mailproof.net.errors import Bogus, NotObserved, ServerFailure, UntrustedRoot
from mailproof.net.network import Network
from mailproof.observations.dnssec import DNSSEC, BogusAnswer, DMARCChain, HostChain, Judged
from mailproof.probes.probe import probe
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain, MailHost, Selector
from mailproof.targets.zones import Zone, zones_by_name

MAX_NEEDED = 200
"""Names and types of one zone that are validated."""


async def judged(net: Network, answer: Answer) -> Judged:
    """What our own validation makes of an answer of the resolver.

    Where the resolver leaves out the signatures its AD bit stands in, if it may be believed. Raises NotObserved.
    """
    try:
        verdict = await net.dnssec.judge(answer.name, answer.type)
    except UntrustedRoot as failure:
        authentication = await net.dns.authentication()
        if not authentication.believed:
            raise UntrustedRoot(f"{failure.reason}. {authentication.reason}", answer.evidence()) from None
        link = Link(f"{answer.name}.", answer.type, ".", Flaw.UNAUTHENTICATED)
        verdict = Verdict(Status.SECURE) if answer.authenticated else Verdict(Status.INSECURE, link)
    return await _compared(net, answer, verdict)


async def valid(net: Network, *answers: Answer) -> tuple[Judged, ...]:
    """As ``judged``, of several answers. Raises Bogus where one does not validate, and plain NotObserved where the
    resolver hands that one out all the same.
    """
    found = [await judged(net, answer) for answer in answers]
    for one in found:
        if one.bogus:
            kind = NotObserved if one.accepted else Bogus
            raise kind(f"{one.name} {one.type} does not validate: {one.why}", one.evidence())
    return tuple(found)


async def _compared(net: Network, answer: Answer, verdict: Verdict) -> Judged:
    """A verdict beside what the resolver makes of the answer, which matters where the verdict is bogus."""
    is_bogus = verdict.status is Status.BOGUS
    return Judged(answer.name, answer.type, verdict, is_bogus and await net.dnssec.accepts(answer))


@probe()
async def dnssec(zone: Zone, net: Network, targets: Targets) -> DNSSEC:
    """The zone's SOA, and what mail needs of the zone, validated by ourselves and by the resolver."""
    checked = await net.dns.question(zone.name, "SOA")
    if checked.proposed:
        return DNSSEC(zone.name, checked)
    needed = _needed(zone, targets)[:MAX_NEEDED]
    refused = await _refused(net, [(zone.name, "SOA"), *needed])
    if not refused and checked.rcode not in ("NOERROR", "NXDOMAIN"):
        raise ServerFailure(f"{zone.name} SOA: {checked.rcode}, without validation as well", checked.evidence())
    try:
        verdict = await net.dnssec.judge(zone.name, "SOA")
    except UntrustedRoot as failure:
        return await _by_resolver(net, zone, checked, refused, failure)
    soa = await _compared(net, checked, verdict)
    others = await _judged(net, [one for one in needed if soa.secure or not deepest(one[0], (zone.name,))])
    if soa.secure:
        return DNSSEC(zone.name, checked, refused, judged=(soa, *others))
    ds, dnskey = await _records(net, zone.name)
    return DNSSEC(zone.name, checked, refused, ds, dnskey, (soa, *others))


async def _by_resolver(
    net: Network, zone: Zone, checked: Answer, refused: tuple[BogusAnswer, ...], failure: UntrustedRoot
) -> DNSSEC:
    """What a resolver that validates says, where our own validation can say nothing."""
    if refused:
        return DNSSEC(zone.name, checked, refused)
    authentication = await net.dns.authentication()
    if not authentication.believed:
        raise UntrustedRoot(f"{failure.reason}. {authentication.reason}", checked.evidence())
    if checked.authenticated:
        return DNSSEC(zone.name, checked, refused)
    return DNSSEC(zone.name, checked, (), *await _records(net, zone.name))


async def _records(net: Network, zone: str) -> tuple[Answer | None, Answer | None]:
    """The DS and DNSKEY records of a zone, as far as they can be had."""

    async def ask(type: str) -> Answer | None:
        try:
            return await net.dns.whole(zone, type)
        except NotObserved:
            return None

    return await ask("DS"), await ask("DNSKEY")


async def _judged(net: Network, needed: list[tuple[str, str]]) -> tuple[Judged, ...]:
    """Our own validation of each name and type that can be looked at: of the answers that the resolver gave anyway."""

    async def check(name: str, type: str) -> Judged | None:
        try:
            checked = await net.dns.question(name, type)
            return await _compared(net, checked, await net.dnssec.judge(name, type))
        except NotObserved:
            return None

    found = await asyncio.gather(*(check(name, type) for name, type in needed))
    return tuple(one for one in found if one is not None)


async def _refused(net: Network, needed: list[tuple[str, str]]) -> tuple[BogusAnswer, ...]:
    """What the resolver refuses with validation and answers without, of all that the run needs of the zone."""

    async def check(name: str, type: str) -> BogusAnswer | None:
        try:
            checked = await net.dns.question(name, type)
            unchecked = await net.dns.unchecked(checked)
        except NotObserved:
            return None
        return BogusAnswer(checked, unchecked) if unchecked else None

    found = await asyncio.gather(*(check(name, type) for name, type in needed))
    return tuple(answer for answer in found if answer is not None)


def _needed(zone: Zone, targets: Targets) -> list[tuple[str, str]]:
    """Names and types that mail of the zone's domains needs, but for those in another zone that is judged itself."""
    zones = zones_by_name(targets)
    wanted: list[tuple[str, str]] = []
    for domain in zone.domains:
        wanted += [(domain, "MX"), (domain, "TXT"), (f"_dmarc.{domain}", "TXT"), (f"_mta-sts.{domain}", "TXT")]
        wanted += [(f"_smtp._tls.{domain}", "TXT")]
    related = [one for kind in (Selector, MailHost) for name in zone.domains for one in targets.of_domain(kind, name)]
    for target in related:
        if isinstance(target, Selector):
            wanted.append((target.id, "TXT"))
        elif isinstance(target, MailHost) and not is_special_use(target.name):
            wanted += [(target.name, "A"), (target.name, "AAAA"), (f"_25._tcp.{target.name}", "TLSA")]
            wanted.append((f"_25._tcp.{target.name}", "A"))  # as senders ask beside it (RFC 7672, section 2.1.2)
    return [(name, type) for name, type in dict.fromkeys(wanted) if deepest(name, zones) in (zone.name, "")]


@probe()
async def host_chain(host: MailHost, net: Network, targets: Targets) -> HostChain:
    """The addresses of an MX host, validated by ourselves."""
    if not host.domains:
        return HostChain(host.name, None, "no MX record names this host")
    answer = await net.dns.question(host.name, "A")
    if not answer.exists:
        answer = await net.dns.question(host.name, "AAAA")
    if not answer.exists or answer.proposed:
        return HostChain(host.name, None, "the host has no address that is published")
    one = await judged(net, answer)
    end = one.verdict.link.name.rstrip(".") if one.verdict.link else ""
    return HostChain(host.name, one, zone_is_judged=end in zones_by_name(targets))


@probe()
async def dmarc_chain(domain: MailDomain, net: Network) -> DMARCChain:
    """The DMARC record of a domain and the SOA of its zone, validated by ourselves."""
    answer = await net.dns.question(f"_dmarc.{domain.name}", "TXT")
    if not answer.exists or answer.proposed:
        return DMARCChain(domain.name, None, note="there is no DMARC record that is published")
    zone = await judged(net, await net.dns.question(domain.name, "SOA"))
    return DMARCChain(domain.name, zone, await judged(net, answer) if zone.secure else None)
