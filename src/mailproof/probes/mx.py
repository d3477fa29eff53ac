"""Looks at MX records and at the addresses of the hosts that they name."""

from __future__ import annotations

import asyncio

from mailproof.inventory.budgets import MAX_MX_HOSTS
from mailproof.net.dns.client import Answer
from mailproof.net.dns.names import is_host
from mailproof.net.dns.registration import unregistered
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.authorities import Silence, silence
from mailproof.observations.mx import MX, ApexMX, HostAddresses, MXHosts
from mailproof.probes.probe import Look, probe
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain, MailHost, hosts_by_name
from mailproof.targets.zones import Zone


@probe()
async def mx(domain: MailDomain, net: Network) -> MX:
    """MX, A and AAAA of the domain. Where there are MX records, nobody needs the addresses (RFC 5321, section 5.1)."""

    async def own(type: str) -> Answer | NotObserved:
        try:
            return await net.dns.resolve(domain.name, type)
        except NotObserved as failure:
            return failure

    answer, *addresses = await asyncio.gather(net.dns.resolve(domain.name, "MX"), own("A"), own("AAAA"))
    for said in addresses:
        if isinstance(said, NotObserved) and not answer.records:
            raise said
    return MX(domain.name, answer, *(said if isinstance(said, Answer) else None for said in addresses))


@probe()
async def host_addresses(host: MailHost, net: Network) -> HostAddresses:
    """A and AAAA of a mail host."""
    ipv4, ipv6 = await asyncio.gather(*(net.dns.resolve(host.name, type) for type in ("A", "AAAA")))
    return HostAddresses(host.name, host.domains, ipv4, ipv6, await unregistered(net.dns, ipv4))


@probe()
async def mx_hosts(domain: MailDomain, mx: MX, look: Look, targets: Targets) -> MXHosts:
    """All hosts of the MX records, out of what is seen of each."""
    hosts: list[HostAddresses] = []
    unknown: list[Silence] = []
    known = hosts_by_name(targets)
    for name in [name for name in mx.names if is_host(name)][:MAX_MX_HOSTS]:
        if name not in known:
            unknown.append(Silence(f"{name}: it is not looked at", NotObserved.kind))
            continue
        try:
            hosts.append(await look(host_addresses, known[name]))
        except NotObserved as failure:
            unknown.append(silence(failure))
    return MXHosts(domain.name, mx, tuple(hosts), tuple(unknown))


@probe()
async def apex_mx(zone: Zone, net: Network) -> ApexMX:
    """The MX records at the zone's own name."""
    return ApexMX(zone.name, await net.dns.resolve(zone.name, "MX"))
