"""How the tester looks to the servers that it asks: its own reverse name, EHLO name, SPF, and standing on lists.

A server that refuses a tester because of these says nothing about itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from mailproof.inventory.model import Inventory
from mailproof.net.addresses import is_public
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.net.source import source_addresses
from mailproof.probes.blocklists import listing
from mailproof.probes.check_host import check_host
from mailproof.probes.reverse import reverse_dns
from mailproof.targets.addresses import BlocklistEntry, SendingAddress

PROBING = "/.well-known/probing.txt"
"""Where testers say who they are (RFC 9511, section 3)."""


@dataclass(frozen=True)
class Trait:
    """One thing about the tester: right, lacking, or not to be found out (``right`` is None)."""

    about: str
    text: str
    right: bool | None
    heavy: bool = True
    """Servers refuse testers that lack it."""

    def __str__(self) -> str:
        word = {True: "right", False: "lacking", None: "not known"}[self.right]
        return f"{word}: {self.about}: {self.text}"


def own_addresses(inventory: Inventory) -> tuple[str, ...]:
    """The addresses that servers see: the inventory's, else those of this machine that are public."""
    named = tuple(inventory.probe.addresses)
    return named or tuple(address for address in source_addresses() if is_public(address))


async def traits(addresses: Iterable[str], net: Network, inventory: Inventory) -> tuple[Trait, ...]:
    """What servers see of the tester at each of ``addresses``; only the DNS is asked."""
    found = []
    for address in addresses:
        for about, look in (
            ("PTR", _reverse(address, net)),
            ("EHLO", _hello(address, net)),
            ("SPF", _policies(address, net)),
            ("lists", _lists(address, net, inventory)),
        ):
            try:
                found += [trait async for trait in look]
            except NotObserved as failure:
                found.append(Trait(f"{about} of {address}", failure.reason, None))
    return tuple(found)


async def _reverse(address: str, net: Network) -> AsyncIterator[Trait]:
    seen = await reverse_dns(SendingAddress(address, declared=False), net)
    names = ", ".join(seen.confirmed_names or seen.names) or "no name"
    leads = " leads back" if seen.confirmed_names else (", none of which leads back" if seen.names else "")
    yield Trait(f"PTR of {address}", f"{names}{leads}", bool(seen.confirmed_names))


async def _hello(address: str, net: Network) -> AsyncIterator[Trait]:
    name = net.settings.ehlo_name
    answer = await net.dns.resolve(name, "A" if ip_address(address).version == 4 else "AAAA")
    known = {ip_address(record.data) for record in answer.records}
    right = ip_address(address) in known
    yield Trait("EHLO name", f"{name} {'leads' if right else 'does not lead'} to {address}", right)


async def _policies(address: str, net: Network) -> AsyncIterator[Trait]:
    settings = net.settings
    for what, sender in ((settings.ehlo_name, ""), (settings.sender.rpartition("@")[2], settings.sender)):
        result = (await check_host(net.dns, address, sender, settings.ehlo_name)).result
        yield Trait(f"SPF of {what}", f"{result} for {address}", result == "pass", result not in ("none", "neutral"))


async def _lists(address: str, net: Network, inventory: Inventory) -> AsyncIterator[Trait]:
    family = f"ipv{ip_address(address).version}"
    for entry in inventory.blocklists:
        if family not in entry.families or entry.expected:
            continue
        try:
            seen = await listing(BlocklistEntry(address, entry.name), net, inventory)
        except NotObserved as failure:
            yield Trait(f"list {entry.name}", failure.reason, None)
        else:
            said = f"{address} is listed {seen.told}" if seen.codes else f"{address} is not listed"
            yield Trait(f"list {entry.name}", said, not seen.codes)


async def who_we_are(addresses: Iterable[str], net: Network) -> tuple[Trait, ...]:
    """Whether the tester says at its own addresses who it is and why it asks (RFC 9511)."""
    found = []
    for address in addresses:
        try:
            answer = await net.web.get(f"https://{net.settings.ehlo_name}{PROBING}", address, limit=16 * 1024)
        except NotObserved as failure:
            found.append(Trait(f"{PROBING} of {address}", failure.reason, False, heavy=False))
            continue
        there = answer.status == 200 and "contact:" in answer.body.lower()
        text = answer.tls_error or ("it names a contact" if there else f"HTTP {answer.status}, and no Contact")
        found.append(Trait(f"{PROBING} of {address}", text, there, heavy=False))
    return tuple(found)
