"""Looks at every server of a zone: one question of each kind, asked once and judged by many controls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from mailproof.inventory.budgets import MAX_ADDRESSES_OF_PRIMARY, MAX_SERVER_ADDRESSES
from mailproof.net.dns.client import Answer, Form, normalise, reverse_name
from mailproof.net.errors import NoAddress, NotObserved, TimedOut
from mailproof.net.network import Network
from mailproof.observations.authorities import (
    CLIENT_COOKIE,
    COOKIE,
    UNKNOWN_FLAG,
    UNKNOWN_OPTION,
    Copy,
    MailCopies,
    MailCopy,
    NameServerAnswers,
    NameServerPTR,
    PrimaryServer,
    Responsible,
    Silence,
    StartOfAuthority,
    Transfer,
    ZoneCopies,
    has_zone,
)
from mailproof.probes.asking import heard as _said
from mailproof.probes.probe import Look, probe
from mailproof.probes.zones import delegation
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain
from mailproof.targets.zones import NameServer, Zone, servers_of

NOBODY = "mailproof-does-not-exist"
"""The first label of a name that no zone has."""

FOREIGN = "a.root-servers.net"
"""A name that the server of a mail domain does not have; resolvers know it, so that it costs nobody a question."""


@probe(questions=16)
async def server_answers(server: NameServer, net: Network, look: Look, targets: Targets) -> NameServerAnswers:
    """Fourteen questions to one address of a name server, and two more where it is silent over UDP or TCP.

    SOA comes first, over both; the others follow over UDP.
    What has nothing to do with the zone is asked once of each address, whoever's zones it serves.
    """
    if not server.address:
        raise NoAddress(f"{server.host} has no address: there is nobody to ask")
    zone, label = server.zone, f"{server.host}[{server.address}]"

    def ask(name: str, type: str, **more: Any) -> Awaitable[Answer | Silence]:
        return _said(net.dns.ask(server.address, name, type, host=server.host, **more))

    soa, soa_tcp = await asyncio.gather(ask(zone, "SOA"), ask(zone, "SOA", tcp=True))
    silent = [protocol for protocol, said in (("udp", soa), ("tcp", soa_tcp)) if isinstance(said, Silence)]
    others = await _others_answer(server, silent, net, look, targets) if silent else ()
    if isinstance(soa, Silence):
        lost = isinstance(soa_tcp, Answer) and soa.kind == TimedOut.kind
        found = await ask(zone, "SOA", form=Form(any_source=True)) if lost else soa
        stray = found.envelope.source if isinstance(found, Answer) and found.envelope else ""
        return NameServerAnswers(zone, label, server.address, soa, soa_tcp, others, stray)
    if not has_zone(soa, zone):
        return NameServerAnswers(zone, label, server.address, soa, soa_tcp, others)
    below = zone if zone != "." else ""
    answers = await asyncio.gather(
        ask(zone, "NS"),
        ask(zone, "AAAA"),
        ask(f"{NOBODY}.{below}", "A"),
        ask(zone, "SOA", form=Form(mixed_case=True)),
        ask(zone, "ANY", dnssec=False),
        ask(zone, "SOA", form=Form(version=1)),
        ask(zone, "SOA", form=Form(flags=UNKNOWN_FLAG, options=((UNKNOWN_OPTION, b"mailproof"),))),
        ask(zone, "SOA", form=Form(options=((COOKIE, CLIENT_COOKIE),))),
        ask(zone, "DNSKEY", form=Form(payload=4096)),
        ask(FOREIGN, "A", recurse=True),
        ask(".", "NS"),
        ask("version.bind", "TXT", form=Form(chaos=True)),
    )
    return NameServerAnswers(zone, label, server.address, soa, soa_tcp, others, "", *answers)


async def _others_answer(
    server: NameServer, protocols: list[str], net: Network, look: Look, targets: Targets
) -> tuple[str, ...]:
    """Over which of ``protocols`` another server answers from here: one of the zone, or of its parent.

    A network may lose port 53, or only TCP to it, for everybody in it: that says nothing of one server.
    """
    family = ":" in server.address
    near = [
        (other.address, other.zone)
        for other in servers_of(server.zone, targets)
        if other.address != server.address and (":" in other.address) == family
    ]
    try:
        referrals = (await look(delegation, Zone(server.zone))).referrals
    except NotObserved:
        referrals = ()
    far = [address for one in referrals if (":" in (address := _address_of(one))) == family]
    candidates = [*near[:1], *((address, server.zone) for address in far[:1])]

    async def answers(protocol: str) -> bool:
        outcomes = [await _said(net.dns.ask(one, zone, "NS", tcp=protocol == "tcp")) for one, zone in candidates]
        return any(isinstance(outcome, Answer) for outcome in outcomes)

    return tuple([protocol for protocol in protocols if await answers(protocol)])


def _address_of(answer: Answer) -> str:
    return answer.server.rpartition(":")[0].strip("[]")


async def _start_on(server: NameServer, net: Network) -> tuple[Answer | Silence, bool]:
    """The zone's SOA record as a server gives it, over TCP where it does not over UDP; and whether it does over UDP.

    The questions are those of ``server_answers``, and asked once for both. Raises NoAddress, NotObserved.
    """
    if not server.address:
        raise NoAddress(f"{server.host} has no address: there is nobody to ask")
    soa = await _said(net.dns.ask(server.address, server.zone, "SOA", host=server.host))
    if has_zone(soa, server.zone):
        return soa, True
    return await _said(net.dns.ask(server.address, server.zone, "SOA", host=server.host, tcp=True)), False


@probe(questions=3 * MAX_SERVER_ADDRESSES)
async def zone_copies(zone: Zone, net: Network, targets: Targets) -> ZoneCopies:
    """SOA and NS of the zone on each of its servers."""

    async def copy_on(server: NameServer) -> Copy | str:
        """Or why it is not known."""
        label = f"{server.host}[{server.address}]"
        try:
            soa, over_udp = await _start_on(server, net)
            ns = await _said(net.dns.ask(server.address, zone.name, "NS", host=server.host)) if over_udp else None
        except NotObserved as failure:
            return f"{label}: {failure.reason}"
        return Copy(label, soa, ns)

    found = await asyncio.gather(*map(copy_on, servers_of(zone.name, targets)))
    copies = [copy for copy in found if isinstance(copy, Copy)]
    unknown = [why for why in found if isinstance(why, str)]
    if not copies:
        raise _nobody(zone.name, zone.domains, unknown, targets)
    return ZoneCopies(zone.name, tuple(copies), tuple(unknown))


def _nobody(name: str, domains: tuple[str, ...], unknown: list[str], targets: Targets) -> NotObserved:
    """Why no server was asked: none could be found, or none answers."""
    for missing in targets.missing(NameServer):
        if not unknown and set(missing.domains) & set(domains):
            return missing.not_observed()
    return NotObserved(f"no server of {name} could be asked: {'; '.join(dict.fromkeys(unknown)) or 'none is known'}")


@probe(questions=4 * MAX_SERVER_ADDRESSES)
async def mail_copies(domain: MailDomain, net: Network, look: Look, targets: Targets) -> MailCopies:
    """MX and TXT of the domain from each server that has its zone."""
    if (await net.dns.question(domain.name, "SOA")).proposed:
        return MailCopies(domain.name, (), proposed=True)
    unknown: list[str] = []
    serials: dict[int, None] = {}
    for zone in targets.found_of(Zone, domain.name):
        try:
            serials |= dict.fromkeys((await look(zone_copies, zone)).serials)
        except NotObserved as failure:
            unknown.append(failure.reason)

    async def copy_on(server: NameServer) -> MailCopy | str | None:
        """Or why it is not known; None where the server does not have the zone."""
        label = f"{server.host}[{server.address}]"
        try:
            soa, _ = await _start_on(server, net)
            if not has_zone(soa, server.zone):
                return None
            mx, txt = await asyncio.gather(
                *(_said(net.dns.ask(server.address, domain.name, type, host=server.host)) for type in ("MX", "TXT"))
            )
        except NotObserved as failure:
            return f"{label}: {failure.reason}"
        return MailCopy(label, mx, txt)

    servers = [server for server in targets.found_of(NameServer, domain.name) if server.address]
    found = await asyncio.gather(*map(copy_on, servers))
    copies = [copy for copy in found if isinstance(copy, MailCopy)]
    unknown += [why for why in found if isinstance(why, str)]
    if not copies:
        raise _nobody(domain.name, (domain.name,), unknown, targets)
    return MailCopies(domain.name, tuple(copies), tuple(unknown), tuple(serials))


@probe(questions=MAX_ADDRESSES_OF_PRIMARY)
async def start_of_authority(zone: Zone, net: Network) -> StartOfAuthority:
    """The SOA record, what its primary server says of the zone, and where mail to the responsible person goes."""
    answer = await net.dns.resolve(zone.name, "SOA")
    seen = StartOfAuthority(zone.name, answer)
    soa = seen.soa
    if soa is None:
        return seen
    primary = await _primary(net, zone.name, normalise(soa.mname.to_text()))
    return StartOfAuthority(zone.name, answer, primary, await _responsible(net, soa.rname.labels))


async def _primary(net: Network, zone: str, name: str) -> PrimaryServer:
    ipv4, ipv6 = await asyncio.gather(*(_said(net.dns.question(name, type)) for type in ("A", "AAAA")))
    found = PrimaryServer(name, ipv4, ipv6)
    said: Answer | Silence | None = None
    for address in found.addresses[:MAX_ADDRESSES_OF_PRIMARY]:
        if not net.settings.may_contact(address, 53, name):
            said = said or Silence(f"{address} is not a public address and is not followed", "not followed")
            continue
        try:
            said = await _said(net.dns.ask(address, zone, "SOA", host=name))
        except NotObserved as failure:
            said = Silence(failure.reason, failure.kind)
        if isinstance(said, Answer):
            break
    return PrimaryServer(name, ipv4, ipv6, said)


async def _responsible(net: Network, labels: tuple[bytes, ...]) -> Responsible:
    """The first label is the local part, the others are the domain (RFC 1035, section 8)."""
    if len(labels) < 3:
        return Responsible("")
    domain = ".".join(label.decode("ascii", "backslashreplace") for label in labels[1:-1]).lower()
    mailbox = f"{labels[0].decode('ascii', 'backslashreplace')}@{domain}"
    try:
        mx, address = await asyncio.gather(*(_said(net.dns.question(domain, type)) for type in ("MX", "A")))
        if isinstance(address, Answer) and address.empty:
            address = await _said(net.dns.question(domain, "AAAA"))
    except NotObserved:
        return Responsible(mailbox)
    return Responsible(mailbox, mx, address)


@probe(active=True, questions=1)
async def zone_transfer(server: NameServer, net: Network) -> Transfer:
    """AXFR over TCP (RFC 5936, section 4.2): the first message is taken, and the connection is closed."""
    if not server.address:
        raise NoAddress(f"{server.host} has no address: there is nobody to ask")
    first = await _said(net.dns.ask(server.address, server.zone, "AXFR", tcp=True, dnssec=False, host=server.host))
    return Transfer(server.zone, f"{server.host}[{server.address}]", first)


@probe()
async def name_server_ptr(server: NameServer, net: Network) -> NameServerPTR:
    """The PTR records of the server's address."""
    if not server.address:
        raise NoAddress(f"{server.host} has no address")
    return NameServerPTR(server.host, server.address, await net.dns.resolve(reverse_name(server.address), "PTR"))
