"""Reads logs of mail servers as a stream, and asks who the clients are that were refused most."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from ipaddress import ip_address, ip_network
from pathlib import Path

from mailproof.grammars.mail_logs import LogCounts, read_logs
from mailproof.inventory.model import Inventory
from mailproof.net.errors import Malformed, NotObserved
from mailproof.net.network import Network
from mailproof.observations.logs import ClientSeen, LogsSeen, RefusedSender, RefusedSenders
from mailproof.probes.blocklists import lists_that_have
from mailproof.probes.probe import Look, probe
from mailproof.probes.reverse import reverse_dns
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.logs import MailLogs

BLOCK = 1024 * 1024
"""Octets that are read at once."""
MAX_UNPACKED = 16 * 1024 * 1024 * 1024
"""Octets that come out of one file."""
MAX_CLIENTS = 100
"""Clients of each kind that are kept."""
MAX_ASKED = 10
"""Clients that are asked about: reverse DNS, and one question for each list of good senders."""


@probe()
async def log_counts(logs: MailLogs, net: Network) -> LogsSeen:
    """What the lines of all files come to. Raises NotAvailable, and Malformed for gzip that is damaged."""
    counts = LogCounts()
    for path in logs.files:
        await asyncio.to_thread(_read, net, Path(path), counts)
    sessions = tuple(sorted(counts.sessions.items(), key=lambda entry: entry[0]))
    return LogsSeen(
        logs.name,
        len(logs.files),
        counts.lines,
        sessions,
        _most(counts.old),
        _most(counts.refused),
        tuple(sorted(counts.reached)),
        tuple(sorted(counts.unreached)),
    )


def _read(net: Network, path: Path, counts: LogCounts) -> None:
    with net.files.opened(path) as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            with gzip.GzipFile(fileobj=file) if packed else nullcontext(file) as stream:
                read_logs(_blocks(stream.read, path.name), counts)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Malformed(f"{path.name}: its gzip cannot be read: {error}") from None


def _blocks(read: Callable[[int], bytes], name: str) -> Iterator[bytes]:
    total = 0
    while block := read(BLOCK):
        total += len(block)
        if total > MAX_UNPACKED:
            raise Malformed(f"{name}: more than {MAX_UNPACKED} octets come out of it")
        yield block


def _most(counted: Counter[tuple[str, str]]) -> tuple[ClientSeen, ...]:
    most = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))[:MAX_CLIENTS]
    return tuple(ClientSeen(address, what, count) for (address, what), count in most if address)


@probe(looks=("reverse_dns", "listing"))
async def refused_senders(logs: MailLogs, log_counts: LogsSeen, look: Look, inventory: Inventory) -> RefusedSenders:
    """The clients with the most refusals, held against partners and lists of good senders."""
    good = [blocklist.name for blocklist in inventory.blocklists if blocklist.expected]
    if not good and not inventory.partners:
        return RefusedSenders(logs.name, is_compared=False)
    found = await asyncio.gather(*(_sender(client, look, inventory) for client in log_counts.refused[:MAX_ASKED]))
    left_out = max(len(log_counts.refused) - MAX_ASKED, 0)
    return RefusedSenders(logs.name, tuple(found), left_out, understood=bool(log_counts.sessions or log_counts.refused))


async def _sender(client: ClientSeen, look: Look, inventory: Inventory) -> RefusedSender:
    names: tuple[str, ...] = ()
    unknown: list[str] = []
    try:
        names = (await look(reverse_dns, SendingAddress(client.address))).names
    except NotObserved as failure:
        unknown.append(f"reverse DNS: {failure.reason}")
    good = [blocklist for blocklist in inventory.blocklists if blocklist.expected]
    having, unasked = await lists_that_have(client.address, good, look)
    welcome = tuple(blocklist.name for blocklist in having)
    partner = _partner(client.address, names, inventory)
    return RefusedSender(client, names, partner, welcome, (*unknown, *unasked))


def _partner(address: str, names: tuple[str, ...], inventory: Inventory) -> str:
    """The partner that an address is: by its network, or by a name that it has, confirmed or not."""
    for partner in inventory.partners:
        try:
            network = ip_network(partner)
        except ValueError:
            if any(f".{name}".endswith(f".{partner}") for name in names):
                return partner
            continue
        if ip_address(address) in network:
            return partner
    return ""
