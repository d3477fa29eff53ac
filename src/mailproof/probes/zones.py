"""Looks at zones: the delegation from both sides, and every name server."""

from __future__ import annotations

import asyncio

from mailproof.inventory.budgets import MAX_ADDRESSES, MAX_NAME_SERVERS, MAX_PARENT_QUESTIONS, MAX_PARENT_SERVERS
from mailproof.net.dns.client import Answer
from mailproof.net.dns.delegations import DelegatingClient
from mailproof.net.dns.registration import unregistered
from mailproof.net.errors import NotObserved, RefusedByAddress
from mailproof.net.network import Network
from mailproof.observations.zones import Authority, Delegation, ServerAddresses
from mailproof.probes.probe import Look, probe
from mailproof.targets.zones import NameServer, Zone


@probe(questions=MAX_PARENT_QUESTIONS)
async def delegation(zone: Zone, net: Network) -> Delegation:
    """NS in the zone (through the resolver) and what the servers of the parent zone say of it."""
    child = await net.dns.resolve(zone.name, "NS")
    names = list(dict.fromkeys(record.target for record in child.records))[:MAX_NAME_SERVERS]
    servers = await asyncio.gather(*(_addresses(net, name) for name in names))
    if isinstance(net.dns, DelegatingClient) and (proposed := net.dns.delegations.get(zone.name)):
        above = zone.name.partition(".")[2] or "."
        return Delegation(zone.name, child, above, (proposed.referral,), tuple(servers))
    parent = await _parent(net, zone.name)
    referrals, note = await _referrals(net, parent, zone.name)
    return Delegation(zone.name, child, parent, referrals, tuple(servers), note)


async def _addresses(net: Network, host: str) -> ServerAddresses:
    addresses: list[str] = []
    aliases: tuple[str, ...] = ()
    nobodys = ""
    failure, kind = None, NotObserved.kind
    for type in ("A", "AAAA"):
        try:
            answer = await net.dns.resolve(host, type)
        except NotObserved as error:
            failure, kind = error.reason, error.kind
        else:
            addresses += [record.data for record in answer.records]
            aliases = aliases or answer.aliases
            nobodys = nobodys or await unregistered(net.dns, answer)
    return ServerAddresses(host, tuple(addresses), failure, aliases, nobodys, kind)


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
        nobodys = await unregistered(net.dns, addresses[0])
        return Authority(server.zone, server.host, None, None, addresses=tuple(addresses), unregistered=nobodys)
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
