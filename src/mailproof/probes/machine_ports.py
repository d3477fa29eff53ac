"""Asks mail hosts whether strangers reach the programs that watch the machine: NUT and Munin."""

from __future__ import annotations

from mailproof.inventory.model import Inventory
from mailproof.net.errors import Refused, TimedOut
from mailproof.net.machine_ports import QUESTIONS
from mailproof.net.network import Network
from mailproof.net.settings import SocketAddress
from mailproof.observations.machine_ports import MachinePort, MachinePortsSeen
from mailproof.probes.host_ports import MAX_HOST_ADDRESSES, addresses_of
from mailproof.probes.probe import probe
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailHost


@probe(active=True, connections=MAX_HOST_ADDRESSES * len(QUESTIONS))
async def machine_ports(host: MailHost, net: Network, targets: Targets, inventory: Inventory) -> MachinePortsSeen:
    """One connection to each port at each address."""
    inside = inventory.vantage == "inside"
    addresses = addresses_of(host, targets)
    found: list[MachinePort] = []
    for address in [] if inside else addresses:
        for port in QUESTIONS:
            where = str(SocketAddress(address, port))
            try:
                found.append(MachinePort(where, port, await net.machine_ports.ask(address, port, host.name)))
            except (Refused, TimedOut) as closed:
                found.append(MachinePort(where, port, closed=closed.reason))
    return MachinePortsSeen(host.name, inside, tuple(found))
