"""Looks at MX records and at the addresses of the hosts that they name."""

from __future__ import annotations

import asyncio

from mailproof.net.network import Network
from mailproof.observations.mx import MX, HostAddresses
from mailproof.probes.probe import probe
from mailproof.targets.mail import MailDomain, MailHost


@probe()
async def mx(domain: MailDomain, net: Network) -> MX:
    """MX, A and AAAA of the domain."""
    answers = await asyncio.gather(*(net.dns.resolve(domain.name, type) for type in ("MX", "A", "AAAA")))
    return MX(domain.name, *answers)


@probe()
async def host_addresses(host: MailHost, net: Network) -> HostAddresses:
    """A and AAAA of a mail host."""
    answers = await asyncio.gather(*(net.dns.resolve(host.name, type) for type in ("A", "AAAA")))
    return HostAddresses(host.name, host.domains, *answers)
