"""Asks the ports of mail hosts where proxies listen for a connection to a mail server of the inventory."""

from __future__ import annotations

from mailproof.net.errors import NotObserved, Refused, TimedOut
from mailproof.net.network import Network
from mailproof.net.proxies import HTTP_PORTS, SOCKS_PORTS
from mailproof.net.settings import SocketAddress
from mailproof.observations.open_proxy import OpenProxy, ProxyPort
from mailproof.probes.host_ports import MAX_HOST_ADDRESSES, addresses_of
from mailproof.probes.probe import probe
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailHost
from mailproof.targets.services import MXEndpoint

PORTS = (*HTTP_PORTS, *SOCKS_PORTS)


@probe(active=True, connections=MAX_HOST_ADDRESSES * (len(PORTS) + len(HTTP_PORTS)))
async def open_proxy(host: MailHost, net: Network, targets: Targets) -> OpenProxy:
    """One connection to each of four ports at each address, two where CONNECT is refused. No SMTP is spoken."""
    addresses = addresses_of(host, targets)
    wanted = _mail_server(host, targets)
    if not addresses:
        return OpenProxy(host.name, "", ())
    if wanted is None:
        raise NotObserved("the inventory has no MX host to ask for")
    found: list[ProxyPort] = []
    for address in addresses:
        found += await _ports(address, host, net, wanted)
    return OpenProxy(host.name, str(wanted), tuple(found))


def _mail_server(host: MailHost, targets: Targets) -> SocketAddress | None:
    """One whose owner consents to probes: another host of the same domains, else the host itself, else any."""
    agreed = [e for e in targets.found(MXEndpoint) if e.active and not e.dead]
    others = [e for e in agreed if e.host != host.name and set(e.domains) & set(host.domains)]
    own = [e for e in agreed if e.host == host.name]
    return next((SocketAddress(e.address, e.port) for e in (*others, *own, *agreed)), None)


async def _ports(address: str, host: MailHost, net: Network, wanted: SocketAddress) -> list[ProxyPort]:
    found: list[ProxyPort] = []
    for port in PORTS:
        where = str(SocketAddress(address, port))
        try:
            answer = await net.proxies.ask(address, port, host.name, wanted)
        except Refused as refused:
            found.append(ProxyPort(where, refused.reason, reached=True))
        except TimedOut as late:
            found.append(ProxyPort(where, late.reason, reached=False))
        else:
            said = answer.said or "it speaks another protocol"
            found.append(ProxyPort(where, said, reached=True, came_through=answer.came_through))
    return found
