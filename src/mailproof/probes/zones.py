"""Looks at zones: the delegation from both sides, every name server, and what a validating resolver says."""

from __future__ import annotations

import asyncio

from mailproof.inventory.targets import NameServer, Zone
from mailproof.net.dns import Answer
from mailproof.net.errors import NotObserved, ServerFailure
from mailproof.net.network import Network
from mailproof.observations.zones import DNSSEC, Authority, Delegation, ServerAddresses
from mailproof.probes.probe import probe

MAX_PARENT_SERVERS = 4
"""Servers of the parent that are asked for the delegation, one after the other, until one refers."""


@probe()
async def delegation(zone: Zone, net: Network) -> Delegation:
    """NS in the zone (through the resolver) and the referral of a server of the parent zone."""
    child = await net.dns.resolve(zone.name, "NS")
    names = list(dict.fromkeys(record.target for record in child.records))
    servers = await asyncio.gather(*(_addresses(net, name) for name in names))
    parent = await _parent(net, zone.name)
    referral, note = await _referral(net, parent, zone.name)
    return Delegation(zone.name, child, parent, referral, tuple(servers), note)


async def _addresses(net: Network, host: str) -> ServerAddresses:
    addresses: list[str] = []
    failure = None
    for type in ("A", "AAAA"):
        try:
            addresses += [record.data for record in (await net.dns.resolve(host, type)).records]
        except NotObserved as error:
            failure = error.reason
    return ServerAddresses(host, tuple(addresses), failure)


async def _parent(net: Network, zone: str) -> str:
    """The zone that delegates ``zone``: the owner of the SOA that covers the name one label up."""
    above = zone.partition(".")[2] or "."
    answer = await net.dns.resolve(above, "SOA")
    return next((r.name for r in (*answer.records, *answer.authority) if r.type == "SOA"), above)


async def _referral(net: Network, parent: str, zone: str) -> tuple[Answer | None, str]:
    """The first referral (or REFUSED, or NXDOMAIN) that a server of the parent gives, or why there is none."""
    servers = await net.dns.resolve(parent, "NS")
    failures: list[str] = []
    hosts_child = False
    asked = 0
    for name in dict.fromkeys(record.target for record in servers.records):
        for address in (await _addresses(net, name)).addresses:
            if not net.settings.may_contact(address, 53, name):
                failures.append(f"{address} is not a public address and is not followed")
                continue
            if asked >= MAX_PARENT_SERVERS:
                break
            asked += 1
            try:
                answer = await net.dns.ask(address, zone, "NS", host=name)
            except NotObserved as failure:
                failures.append(failure.reason)
                continue
            if answer.authoritative and answer.records:
                hosts_child = True
                continue
            if answer.rcode in ("NOERROR", "NXDOMAIN"):
                return answer, ""
            failures.append(f"{name}[{address}] answers {answer.rcode}")
    if hosts_child:
        return (
            None,
            f"the servers of {parent} that were asked also serve {zone}: the delegation cannot be seen from outside",
        )
    raise NotObserved(f"no server of the parent {parent} could be asked: {'; '.join(failures) or 'it has none'}")


@probe()
async def authority(server: NameServer, net: Network) -> Authority:
    """SOA of the zone from one address of one of its name servers, over UDP and over TCP."""
    udp, tcp = await asyncio.gather(
        net.dns.ask(server.address, server.zone, "SOA", host=server.host),
        net.dns.ask(server.address, server.zone, "SOA", tcp=True, host=server.host),
    )
    return Authority(server.zone, f"{server.host}[{server.address}]", udp, tcp)


@probe()
async def dnssec(zone: Zone, net: Network) -> DNSSEC:
    """The zone's SOA through a resolver that validates. Without one nothing can be said of DNSSEC."""
    checked = await net.dns.question(zone.name, "SOA")
    if checked.rcode == "SERVFAIL":
        unchecked = await net.dns.question(zone.name, "SOA", checking_disabled=True)
        if unchecked.rcode not in ("NOERROR", "NXDOMAIN"):
            raise ServerFailure(
                f"{zone.name} SOA: {unchecked.rcode} even without validation",
                (*checked.evidence(), *unchecked.evidence()),
            )
        return DNSSEC(zone.name, checked, unchecked)
    if checked.proposed:
        return DNSSEC(zone.name, checked, None)
    if checked.rcode not in ("NOERROR", "NXDOMAIN"):
        raise ServerFailure(f"{zone.name} SOA: {checked.rcode}", checked.evidence())
    authentication = await net.dns.authentication()
    if not authentication.believed:
        raise NotObserved(authentication.reason, checked.evidence())
    return DNSSEC(zone.name, checked, None)
