"""Reads where the programs of a host listen, and holds that against the host's packet filter, on paper."""

from __future__ import annotations

import asyncio

from mailproof.grammars.packet_filters import ACCEPT, DROP, UNREAD, Packet, PacketFilter
from mailproof.grammars.sockets import ListeningSocket, parse_sockets
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.observations.sockets import Listening, OpenSocket
from mailproof.places import Place
from mailproof.probes.configuration import holders_of, text_of
from mailproof.probes.packet_filters import ANOTHER, CLIENT, ELSEWHERE, MAX_INTERFACES, chains_of
from mailproof.probes.probe import probe
from mailproof.targets.base import Targets
from mailproof.targets.files import Configuration
from mailproof.targets.services import Endpoint

SS = "ss -H -ltn"
"""The command of a capture whose output holds the sockets."""


@probe()
async def listening(configuration: Configuration, net: Network, targets: Targets) -> Listening:
    """The sockets that are not of the loopback interface alone, and what becomes of a stranger who connects there.

    Raises NotAvailable and Malformed for what holds none.
    """
    names = tuple(file.name for file in configuration.files)
    if configuration.program != "sockets":
        return Listening(configuration.program, names)
    on_host = [found for found in targets.found(Configuration) if found.host == configuration.host]
    filters = [found for found in on_host if found.program in ("nftables", "iptables")]
    chains = [chain for found in filters for chain, _ in await chains_of(found, net)]
    seen: list[OpenSocket] = []
    for file in holders_of(configuration, SS):
        text = await text_of(file, net)
        found = list(parse_sockets(text))
        if not found:
            raise Malformed(f"{file.name}: no socket stands in it, as `{SS}` tells them")
        verdicts = await asyncio.to_thread(_verdicts, found, PacketFilter(chains))
        seen += [
            OpenSocket(str(one), one.port, verdict, Place(file.name, one.line))
            for one, verdict in zip(found, verdicts, strict=True)
            if not one.is_loopback
        ]
    declared = {endpoint.port for endpoint in targets.found(Endpoint) if endpoint.host == configuration.host}
    of_filter = tuple(file.name for found in filters for file in found.files)
    return Listening("sockets", names, tuple(seen), tuple(sorted(declared)), of_filter)


def _verdicts(sockets: list[ListeningSocket], filter_: PacketFilter) -> list[str]:
    return ["" if one.is_loopback else _verdict(filter_, one) for one in sockets]


def _verdict(filter_: PacketFilter, socket: ListeningSocket) -> str:
    """What becomes of a stranger: ACCEPT where one way in is open, UNREAD where one may be."""
    found = {
        filter_.passage(
            "input", Packet(family, ELSEWHERE[family], socket.address or CLIENT[family], socket.port, interface)
        ).verdict
        for family in socket.families
        for interface in (ANOTHER, *filter_.interfaces[:MAX_INTERFACES])
    }
    return ACCEPT if ACCEPT in found else UNREAD if UNREAD in found else DROP
