"""Looks at zones: the delegation from both sides, every name server, and what a validating resolver says."""

from __future__ import annotations

import asyncio

from mailproof.inventory.budgets import MAX_ADDRESSES, MAX_NAME_SERVERS, MAX_PARENT_QUESTIONS, MAX_PARENT_SERVERS
from mailproof.net.dns.client import Answer
from mailproof.net.errors import NotObserved, RefusedByAddress, ServerFailure
from mailproof.net.network import Network
from mailproof.observations.zones import DNSSEC, Authority, BogusAnswer, Delegation, ServerAddresses
from mailproof.probes.probe import Look, probe
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailHost, Selector
from mailproof.targets.zones import NameServer, Zone

MAX_NEEDED = 200
"""Names and types of one zone that are held against a validating resolver."""


@probe(questions=MAX_PARENT_QUESTIONS)
async def delegation(zone: Zone, net: Network) -> Delegation:
    """NS in the zone (through the resolver) and what the servers of the parent zone say of it."""
    child = await net.dns.resolve(zone.name, "NS")
    names = list(dict.fromkeys(record.target for record in child.records))[:MAX_NAME_SERVERS]
    servers = await asyncio.gather(*(_addresses(net, name) for name in names))
    parent = await _parent(net, zone.name)
    referrals, note = await _referrals(net, parent, zone.name)
    return Delegation(zone.name, child, parent, referrals, tuple(servers), note)


async def _addresses(net: Network, host: str) -> ServerAddresses:
    addresses: list[str] = []
    aliases: tuple[str, ...] = ()
    failure, kind = None, NotObserved.kind
    for type in ("A", "AAAA"):
        try:
            answer = await net.dns.resolve(host, type)
        except NotObserved as error:
            failure, kind = error.reason, error.kind
        else:
            addresses += [record.data for record in answer.records]
            aliases = aliases or answer.aliases
    return ServerAddresses(host, tuple(addresses), failure, aliases, kind)


async def _parent(net: Network, zone: str) -> str:
    """The zone that delegates ``zone``: the owner of the SOA that covers the name one label up."""
    above = zone.partition(".")[2] or "."
    answer = await net.dns.resolve(above, "SOA")
    return next((r.name for r in (*answer.records, *answer.authority) if r.type == "SOA"), above)


async def _referrals(net: Network, parent: str, zone: str) -> tuple[tuple[Answer, ...], str]:
    """What the servers of the parent say of the zone, one of each address, or why none says anything."""
    servers = await net.dns.resolve(parent, "NS")
    said: list[Answer] = []
    failures: list[str] = []
    hosts_child = False
    asked = 0
    for name in list(dict.fromkeys(record.target for record in servers.records))[:MAX_NAME_SERVERS]:
        for address in (await _addresses(net, name)).addresses[:MAX_ADDRESSES]:
            if not net.settings.may_contact(address, 53, name):
                failures.append(f"{address} is not a public address and is not followed")
                continue
            if asked >= MAX_PARENT_QUESTIONS or len(said) >= MAX_PARENT_SERVERS:
                break
            asked += 1
            try:
                answer = await net.dns.ask(address, zone, "NS", host=name)
            except NotObserved as failure:
                failures.append(failure.reason)
                continue
            if answer.authoritative and answer.records:
                hosts_child = True
            elif _speaks_of(zone, answer):
                said.append(answer)
            else:
                failures.append(f"{name}[{address}] does not serve {parent}: {answer.rcode} without a referral")
    if said:
        return tuple(said), "; ".join(failures)
    if hosts_child:
        return (
            (),
            f"the servers of {parent} that were asked also serve {zone}: the delegation cannot be seen from outside",
        )
    raise NotObserved(f"no server of the parent {parent} could be asked: {'; '.join(failures) or 'it has none'}")


def _speaks_of(zone: str, answer: Answer) -> bool:
    """Whether a server of the parent says something of the zone: a referral to it, or with authority that there is
    none. Servers that do not have the parent refer upwards, or to nobody.
    """
    refers = any(record.type == "NS" and record.name == zone for record in answer.authority)
    return answer.rcode in ("NOERROR", "NXDOMAIN") and (refers or answer.authoritative)


@probe(questions=2)
async def authority(server: NameServer, net: Network, look: Look) -> Authority:
    """SOA of the zone from one address of one of its name servers, over UDP and over TCP."""
    if not server.address:
        addresses = await asyncio.gather(*(net.dns.resolve(server.host, type) for type in ("A", "AAAA")))
        return Authority(server.zone, server.host, None, None, addresses=tuple(addresses))
    label = f"{server.host}[{server.address}]"
    outcomes = await asyncio.gather(
        net.dns.ask(server.address, server.zone, "SOA", host=server.host),
        net.dns.ask(server.address, server.zone, "SOA", tcp=True, host=server.host),
        return_exceptions=True,
    )
    answers: list[Answer | None] = []
    refused: list[str] = []
    for protocol, outcome in zip(("UDP", "TCP"), outcomes, strict=True):
        if isinstance(outcome, RefusedByAddress):
            await _require_port_53(server, protocol, outcome, net, look)
            refused.append(f"over {protocol}: {outcome.reason}")
            answers.append(None)
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            answers.append(outcome)
    return Authority(server.zone, label, answers[0], answers[1], tuple(refused))


async def _require_port_53(server: NameServer, protocol: str, refusal: NotObserved, net: Network, look: Look) -> None:
    """Raise ``refusal`` unless a server of the parent answers from here over the same protocol.

    A network may refuse port 53, or only TCP to it, to everybody in it: that says nothing of the server.
    """
    try:
        parent = await look(delegation, Zone(server.zone))
        if protocol == "TCP" and parent.referrals:
            address = parent.referrals[0].server.rpartition(":")[0].strip("[]")
            await net.dns.ask(address, server.zone, "NS", tcp=True)
    except NotObserved:
        raise refusal from None


@probe()
async def dnssec(zone: Zone, net: Network, targets: Targets) -> DNSSEC:
    """The zone's SOA, and what mail needs of the zone, through a resolver that validates."""
    checked = await net.dns.question(zone.name, "SOA")
    if checked.proposed:
        return DNSSEC(zone.name, checked)
    bogus = await _bogus(net, zone, targets)
    if not bogus and checked.rcode not in ("NOERROR", "NXDOMAIN"):
        raise ServerFailure(f"{zone.name} SOA: {checked.rcode}, without validation as well", checked.evidence())
    if bogus or checked.authenticated:
        if not bogus:
            await _require_validation(net, checked)
        return DNSSEC(zone.name, checked, bogus)
    await _require_validation(net, checked)
    ds, dnskey = await asyncio.gather(*(_optional(net, zone.name, type) for type in ("DS", "DNSKEY")))
    return DNSSEC(zone.name, checked, (), ds, dnskey)


async def _require_validation(net: Network, checked: Answer) -> None:
    """Without a resolver that validates nothing can be said of DNSSEC."""
    authentication = await net.dns.authentication()
    if not authentication.believed:
        raise NotObserved(authentication.reason, checked.evidence())


async def _optional(net: Network, name: str, type: str) -> Answer | None:
    try:
        return await net.dns.resolve(name, type)
    except NotObserved:
        return None


async def _bogus(net: Network, zone: Zone, targets: Targets) -> tuple[BogusAnswer, ...]:
    """What is refused with validation and answered without, of all that the run needs of the zone."""

    async def check(name: str, type: str) -> BogusAnswer | None:
        try:
            checked = await net.dns.question(name, type)
            unchecked = await net.dns.unchecked(checked)
        except NotObserved:
            return None
        return BogusAnswer(checked, unchecked) if unchecked else None

    needed = [(zone.name, "SOA"), *_needed(zone, targets)]
    found = await asyncio.gather(*(check(name, type) for name, type in needed[:MAX_NEEDED]))
    return tuple(answer for answer in found if answer is not None)


def _needed(zone: Zone, targets: Targets) -> list[tuple[str, str]]:
    """Names and types that mail of the zone's domains needs, but for those in another zone that is judged itself."""
    zones = [target.name for target in targets.of(Zone) if isinstance(target, Zone)]
    wanted: list[tuple[str, str]] = []
    for domain in zone.domains:
        wanted += [(domain, "MX"), (domain, "TXT"), (f"_dmarc.{domain}", "TXT"), (f"_mta-sts.{domain}", "TXT")]
        wanted += [(f"_smtp._tls.{domain}", "TXT")]
    for target in (*targets.of(Selector), *targets.of(MailHost)):
        if not set(target.domains) & set(zone.domains):
            continue
        if isinstance(target, Selector):
            wanted.append((target.id, "TXT"))
        elif isinstance(target, MailHost):
            wanted += [(target.name, "A"), (target.name, "AAAA"), (f"_25._tcp.{target.name}", "TLSA")]
    return [(name, type) for name, type in dict.fromkeys(wanted) if _zone_of(name, zones) in (zone.name, None)]


def _zone_of(name: str, zones: list[str]) -> str | None:
    """The deepest of ``zones`` that holds ``name``."""
    return max((zone for zone in zones if f".{name}".endswith(f".{zone}") or zone == "."), key=len, default=None)
