"""Asks DNS blocklists about addresses, and each list about its own test entries first (RFC 5782, section 5)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from mailproof.inventory.model import Inventory
from mailproof.inventory.reputation import Blocklist
from mailproof.net.dns.client import Answer, reverse_name
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.blocklists import DomainListing, Listing
from mailproof.probes.probe import Look, probe
from mailproof.targets.addresses import BlocklistEntry, DomainListEntry

LISTED_RANGE = ip_network("127.0.0.0/8")

TEST_ENTRIES = {4: ("127.0.0.2", "127.0.0.1"), 6: ("::ffff:7f00:2", "::ffff:7f00:1")}
"""An address that a working list must list, and one that it must not."""


TEST_NAMES = ("test", "invalid")
"""The same for lists of domains."""


@probe()
async def listing(entry: BlocklistEntry, net: Network, inventory: Inventory) -> Listing:
    """Whether the list holds the address. Raises NotObserved where the list does not work or refuses us."""
    blocklist = next(item for item in inventory.blocklists if item.name == entry.blocklist)
    await _test(net, blocklist, *TEST_ENTRIES[ip_address(entry.address).version])
    answer, reason = await _look_up(net, blocklist, entry.address)
    meanings = _meanings(blocklist, answer)
    return Listing(entry.address, entry.blocklist, answer, reason, meanings, blocklist.expected)


async def lists_that_have(
    address: str, blocklists: Iterable[Blocklist], look: Look
) -> tuple[list[Blocklist], list[str]]:
    """Those of the lists that have an address, and why others could not be asked; lists of its family are."""
    family = f"ipv{ip_address(address).version}"
    having: list[Blocklist] = []
    unknown: list[str] = []
    for blocklist in blocklists:
        if family not in blocklist.families:
            continue
        try:
            if (await look(listing, BlocklistEntry(address, blocklist.name))).codes:
                having.append(blocklist)
        except NotObserved as failure:
            unknown.append(f"{blocklist.name}: {failure.reason}")
    return having, unknown


@probe()
async def domain_listing(entry: DomainListEntry, net: Network, inventory: Inventory) -> DomainListing:
    """Whether a list of domains holds the domain. Raises NotObserved where the list does not work or refuses us."""
    blocklist = next(item for item in inventory.blocklists if item.name == entry.blocklist)
    await _test(net, blocklist, *TEST_NAMES)
    answer, reason = await _look_up(net, blocklist, entry.domain)
    meanings = _meanings(blocklist, answer)
    return DomainListing(entry.domain, entry.blocklist, answer, reason, meanings, blocklist.expected)


async def _test(net: Network, blocklist: Blocklist, listed: str, unlisted: str) -> None:
    """Raises NotObserved for a list that does not list what every list must, or lists what none may."""
    if not (answer := await _ask(net, blocklist, listed)).records:
        raise NotObserved(f"the list {blocklist.name} does not list its test entry {listed}", answer.evidence())
    if (answer := await _ask(net, blocklist, unlisted)).records:
        raise NotObserved(f"the list {blocklist.name} lists {unlisted}, as a dead list does", answer.evidence())


async def _look_up(net: Network, blocklist: Blocklist, thing: str) -> tuple[Answer, tuple[str, ...]]:
    """The list's answer about an address or a domain, and its reasons."""
    answer = await _ask(net, blocklist, thing)
    if not answer.records:
        return answer, ()
    try:
        texts = await net.dns.resolve(_name(blocklist, thing), "TXT")
    except NotObserved:
        return answer, ()
    return answer, tuple(record.text for record in texts.records)


def _meanings(blocklist: Blocklist, answer: Answer) -> tuple[str, ...]:
    """What the answers mean. Raises NotObserved for one that the inventory does not know, if it knows any."""
    meanings = []
    for record in answer.records if blocklist.codes else ():
        code = ip_address(record.data)
        known = [meaning for network, meaning in blocklist.codes.items() if code in ip_network(network)]
        if not known:
            raise NotObserved(
                f"the list {blocklist.name} answers {code}, which the inventory does not explain (codes)",
                answer.evidence(),
            )
        meanings += known
    return tuple(dict.fromkeys(meanings))


def _name(blocklist: Blocklist, thing: str) -> str:
    """The name to ask for: of an address its octets or nibbles reversed (RFC 5782, section 2), of a domain itself."""
    try:
        reversed_ = reverse_name(thing)
    except ValueError:
        return f"{thing}.{blocklist.asked}"
    return f"{reversed_.removesuffix('.in-addr.arpa').removesuffix('.ip6.arpa')}.{blocklist.asked}"


async def _ask(net: Network, blocklist: Blocklist, thing: str) -> Answer:
    """The list's answer about an address or a domain. Raises NotObserved if it is not one that a list gives."""
    answer = await net.dns.resolve(_name(blocklist, thing), "A")
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
