"""Asks DNS blocklists about addresses, and each list about its own test entries first (RFC 5782, section 5)."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from mailproof.inventory.model import Blocklist, Inventory
from mailproof.net.dns.client import Answer, reverse_name
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.blocklists import Listing
from mailproof.probes.probe import probe
from mailproof.targets.addresses import BlocklistEntry

LISTED_RANGE = ip_network("127.0.0.0/8")

TEST_ENTRIES = {4: ("127.0.0.2", "127.0.0.1"), 6: ("::ffff:7f00:2", "::ffff:7f00:1")}
"""An address that a working list must list, and one that it must not."""


@probe()
async def listing(entry: BlocklistEntry, net: Network, inventory: Inventory) -> Listing:
    """Whether the list holds the address. Raises NotObserved where the list does not work or refuses us."""
    blocklist = next(item for item in inventory.blocklists if item.name == entry.blocklist)
    listed, unlisted = TEST_ENTRIES[ip_address(entry.address).version]
    if not (answer := await _ask(net, blocklist, listed)).records:
        raise NotObserved(f"the list {entry.blocklist} does not list its test entry {listed}", answer.evidence())
    if (answer := await _ask(net, blocklist, unlisted)).records:
        raise NotObserved(f"the list {entry.blocklist} lists {unlisted}, as a dead list does", answer.evidence())
    answer = await _ask(net, blocklist, entry.address)
    reason: tuple[str, ...] = ()
    if answer.records:
        try:
            texts = await net.dns.resolve(_name(blocklist, entry.address), "TXT")
            reason = tuple(record.text for record in texts.records)
        except NotObserved:
            reason = ()
    return Listing(entry.address, entry.blocklist, answer, reason)


def _name(blocklist: Blocklist, address: str) -> str:
    labels = reverse_name(address).removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    return f"{labels}.{blocklist.asked}"


async def _ask(net: Network, blocklist: Blocklist, address: str) -> Answer:
    """The list's answer about an address. Raises NotObserved if it is not one that a list gives."""
    answer = await net.dns.resolve(_name(blocklist, address), "A")
    refusals = [ip_network(error) for error in blocklist.errors]
    for record in answer.records:
        code = ip_address(record.data)
        if code not in LISTED_RANGE:
            raise NotObserved(f"the list {blocklist.name} answers {code}, which is no listing", answer.evidence())
        if any(code in refusal for refusal in refusals):
            raise NotObserved(
                f"the list {blocklist.name} refuses the question ({code}): ask it through a resolver of your own",
                answer.evidence(),
            )
    return answer
