"""Sends packets through the rules of a packet filter, on paper: who may connect to mail servers and to the web."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice, product

from mailproof.grammars.iptables import parse_iptables
from mailproof.grammars.nftables import read_nftables
from mailproof.grammars.packet_filters import (
    ACCEPT,
    DROP,
    REDIRECT,
    UNREAD,
    Chain,
    NotPacketFilter,
    Packet,
    PacketFilter,
)
from mailproof.grammars.rulesets import Ruleset
from mailproof.net.errors import Malformed
from mailproof.net.network import Network
from mailproof.observations.packet_filters import EgressSeen, Way
from mailproof.probes.configuration import holders_of, texts_of
from mailproof.probes.joined import Joined
from mailproof.probes.nft_includes import joined
from mailproof.probes.probe import probe
from mailproof.targets.files import Configuration, ConfigurationFile

NFT_LIST, IPTABLES_SAVE, IP6TABLES_SAVE = "nft list ruleset", "iptables-save", "ip6tables-save"
"""The commands of a capture whose outputs hold the rules."""

MAX_INTERFACES = 8
MAX_SOURCES = 8
"""Interfaces and networks that rules name and that packets are sent from."""

ELSEWHERE = {"ip": "11.25.25.25", "ip6": "2a0f:25::25"}
"""A mail server of somebody else: no rule names it."""
CLIENT = {"ip": "10.251.7.7", "ip6": "2a0f:80::7"}
"""A client that no rule names."""
ANOTHER = "another0"
"""An interface that no rule names."""
_BRIDGES = re.compile(r"(?:docker|br-[0-9a-f]{12}|veth|virbr|vnet|lxcbr|lxdbr|incusbr|cni|podman|cali|flannel)")
"""Begins the names of interfaces to containers and virtual machines of the host itself: no way out."""
_WORSE = (DROP, REDIRECT, UNREAD, ACCEPT)


@probe()
async def egress(configuration: Configuration, net: Network) -> EgressSeen:
    """What becomes of connections to ports 25 and 80 elsewhere.

    Raises NotAvailable where no file holds rules, Malformed for what is none.
    """
    program = configuration.program
    names = tuple(file.name for file in configuration.files)
    if program not in ("nftables", "iptables"):
        return EgressSeen(program, names)
    return await asyncio.to_thread(_seen, program, names, await chains_of(configuration, net))


async def chains_of(configuration: Configuration, net: Network) -> list[tuple[Chain, Joined]]:
    """The chains of a packet filter, each with the lines that it stands in.

    Raises NotAvailable where no file holds rules, or one is included and not read; Malformed for what is none.
    """
    files = holders_of(configuration, *_COMMANDS[configuration.program])
    texts = await texts_of(files, net)
    if configuration.program == "nftables":
        return await asyncio.to_thread(_of_nftables, files, texts)
    return await asyncio.to_thread(_of_iptables, files, texts)


_COMMANDS = {"nftables": (NFT_LIST,), "iptables": (IPTABLES_SAVE, IP6TABLES_SAVE)}


def _of_nftables(files: Iterable[ConfigurationFile], texts: Mapping[str, str]) -> list[tuple[Chain, Joined]]:
    """What all files come to, one after the other: a chain may have rules of several of them.

    What ``nft list ruleset`` said is all that there was.
    """
    said = {file.name for file in files if file.command == NFT_LIST}
    parts = list(joined(texts))
    whole = Joined(tuple(line for part in parts for line in part.lines))
    ruleset, first = Ruleset(), 1
    with _placed(whole):
        for part in parts:
            if part.place(1).file in said:
                ruleset.forget(["flush", "ruleset"])
            read_nftables(part.text, ruleset, first)
            first += len(part.lines)
    return [(chain, whole) for chain in ruleset.chains()]


def _of_iptables(files: Iterable[ConfigurationFile], texts: Mapping[str, str]) -> list[tuple[Chain, Joined]]:
    found: list[tuple[Chain, Joined]] = []
    for file in files:
        text = texts[file.name]
        lines = Joined(tuple((line, file.name, number) for number, line in enumerate(text.split("\n"), 1)))
        with _placed(lines):
            found += [(chain, lines) for chain in parse_iptables(text, "ip6" if _is_ipv6(file, text) else "ip")]
    return found


@contextmanager
def _placed(lines: Joined) -> Iterator[None]:
    """Say where a text that is none of the packet filter has its fault."""
    try:
        yield
    except NotPacketFilter as error:
        place = lines.place(error.line)
        raise Malformed(f"{place.file}: line {place.line}: {error.what}") from None


def _is_ipv6(file: ConfigurationFile, text: str) -> bool:
    """``ip6tables-save`` says so in its first line; Debian keeps its rules in rules.v6."""
    return file.command == IP6TABLES_SAVE or "ip6tables-save" in text[:80] or file.path.endswith((".v6", "ip6tables"))


def _seen(program: str, names: tuple[str, ...], found: list[tuple[Chain, Joined]]) -> EgressSeen:
    files = {chain.key: lines for chain, lines in found}
    filter_ = PacketFilter(chain for chain, _ in found)
    walk = _Walk(filter_, files)
    translated = bool(filter_.rules("postrouting", "nat"))
    is_router = bool(filter_.rules("forward"))
    if translated:
        is_router = is_router or not filter_.rules("output")
    elif is_router:  # ufw and firewalld have rules for what passes through a host that lets nothing through
        is_router = any(way.verdict != DROP for port in (25, 80, 443) for way in walk.ways("forward", port))
    hook = "forward" if is_router else "output"
    mail = walk.ways(hook, 25)
    web = walk.ways(hook, 80) if is_router else ()
    return EgressSeen(
        program,
        names,
        len(found),
        is_router,
        bool(filter_.bases(hook, "filter")),
        walk.outside(),
        mail,
        web if any(way.verdict == REDIRECT for way in web) else (),
    )


class _Walk:
    """Sends packets through one packet filter."""

    def __init__(self, filter_: PacketFilter, files: dict[tuple[str, str], Joined]) -> None:
        self._filter = filter_
        self._files = files
        self._named = list(filter_.interfaces[:MAX_INTERFACES])

    def outside(self) -> tuple[str, ...]:
        """The interfaces behind which packets get another source."""
        changed = [name for name in (*self._named, ANOTHER) if self._is_translated(name)]
        return tuple(name for name in changed if name != ANOTHER or len(changed) == 1)

    def _is_translated(self, leaves: str) -> bool:
        packets = (self._packet("ip", source, 25, "", leaves) for source in self._sources("ip"))
        passages = (self._filter.passage("postrouting", packet, "nat") for packet in packets)
        return any(passage.verdict == ACCEPT and passage.decided for passage in passages)

    def ways(self, hook: str, port: int) -> tuple[Way, ...]:
        """The worst that becomes of a connection, for each way through the machine."""
        worst: dict[tuple[str, str, str], Way] = {}
        for family in ("ip", "ip6"):
            if hook == "forward" and not self._filter.bases(hook, "filter", family):
                continue
            for arrives, leaves, source in self._sides(hook, family):
                packet = self._packet(family, source, port, arrives, leaves)
                way = self._way(hook, packet)
                known = worst.get((family, arrives, leaves))
                if known is None or _WORSE.index(way.verdict) > _WORSE.index(known.verdict):
                    worst[family, arrives, leaves] = way
        return tuple(worst.values())

    def _sides(self, hook: str, family: str) -> Iterator[tuple[str, str, str]]:
        leaving = [*(name for name in self._named if not _BRIDGES.match(name)), ANOTHER]
        if hook == "output":
            seen = self._filter.bases(hook, "filter", family)
            return iter([("", leaves, "") for leaves in leaving if seen])
        outside = self.outside()
        arriving = [name for name in self._named if name not in outside] or [ANOTHER]
        if len(self._named) == 1 and not outside:
            arriving.append(ANOTHER)
        sides = product(dict.fromkeys(arriving), leaving, self._sources(family))
        return ((arrives, leaves, source) for arrives, leaves, source in sides if arrives != leaves)

    def _sources(self, family: str) -> list[str]:
        """A client in each network that rules name, and one in none of them.

        An address that a rule names alone is that of a mail server, and no client.
        """
        version = 4 if family == "ip" else 6
        alone: set[str] = set()
        networks = []
        for value in self._filter.values("saddr"):
            try:
                network = ipaddress.ip_network(value, strict=False)
            except ValueError:
                continue
            if network.version == version and network.num_addresses > 1:
                networks.append(network)
            alone.add(str(network.network_address))
        clients: list[str] = []
        for network in networks[:MAX_SOURCES]:
            last = int(network.broadcast_address)
            addresses = map(str, map(type(network.network_address), range(last - 1, last - 6, -1)))
            clients += islice((one for one in addresses if one not in alone), 1)
        return [*clients, CLIENT[family]]

    def _packet(self, family: str, source: str, port: int, arrives: str, leaves: str) -> Packet:
        user = "" if arrives else "another"
        return Packet(family, source or CLIENT[family], ELSEWHERE[family], port, arrives, leaves, user)

    def _way(self, hook: str, packet: Packet) -> Way:
        before = [self._filter.passage("prerouting", packet, kind) for kind in ("filter", "nat") if packet.arrives]
        ended = [passage for passage in before if passage.verdict in (DROP, REDIRECT)]
        passage = ended[0] if ended else self._filter.passage(hook, packet)
        place = self._files[passage.chain].place(passage.line) if passage.chain in self._files else None
        return Way(packet.family, packet.arrives, packet.leaves, packet.source, passage.verdict, place)
