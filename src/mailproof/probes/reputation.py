"""Looks at what others say of names and addresses, and at whom the mail of a domain depends on."""

from __future__ import annotations

import asyncio
import json
import re
from ipaddress import ip_address, ip_network

from mailproof.grammars.lookalikes import lookalikes
from mailproof.inventory.model import Inventory
from mailproof.net.dns.client import Answer
from mailproof.net.errors import Malformed, NotObserved
from mailproof.net.network import Network
from mailproof.observations.authorities import MailCopies
from mailproof.observations.mx import MX
from mailproof.observations.registration import ListedNetworks, LookAlikes, PublishedTTLs, TrustSet
from mailproof.observations.spf import SPFTree
from mailproof.probes.authorities import zone_copies
from mailproof.probes.mx import host_addresses
from mailproof.probes.probe import Look, probe
from mailproof.probes.registration import source_text
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain, hosts_by_name
from mailproof.targets.registration import NamedSource
from mailproof.targets.zones import NameServer, Zone


@probe()
async def trust_set(domain: MailDomain, inventory: Inventory, targets: Targets, mx: MX, spf_tree: SPFTree) -> TrustSet:
    """The names that decide for the domain, of what was asked anyway."""
    names = [("name server", server.host) for server in targets.found_of(NameServer, domain.name)]
    no_hosts = {name for _, name in mx.not_hosts}
    names += [("MX host", host) for host in mx.hosts if host != domain.name and host not in no_hosts]
    names += [("alias", alias) for alias in mx.answer.aliases]
    for lookup in spf_tree.lookups:
        if lookup.name and lookup.term.lower().lstrip("+-~?").startswith(("include:", "redirect=")):
            names.append(("SPF include", lookup.name))
    own = [*(entry.name for entry in inventory.domains), *(host.name for host in inventory.hosts), *inventory.zones]
    trusted = (*inventory.trusted, *own) if inventory.trusted else ()
    return TrustSet(domain.name, tuple(dict.fromkeys(names)), tuple(dict.fromkeys(trusted)))


@probe()
async def published_ttls(
    domain: MailDomain, look: Look, targets: Targets, mx: MX, mail_copies: MailCopies
) -> PublishedTTLs:
    """TTLs of MX and TXT, and of the zone's NS, as its servers give them; those of MX hosts as resolvers do."""
    found: dict[str, int] = {}
    unknown = list(mail_copies.unknown)

    def note(said: object, name: str) -> None:
        for record in said.records if isinstance(said, Answer) else ():
            what = f"{name} {record.type}"
            found[what] = max(found.get(what, 0), record.ttl)

    for copy in mail_copies.copies:
        note(copy.mx, domain.name)
        note(copy.txt, domain.name)
    for zone in targets.found_of(Zone, domain.name):
        try:
            for zone_copy in (await look(zone_copies, zone)).serving:
                note(zone_copy.ns, zone.name)
        except NotObserved as failure:
            unknown.append(failure.reason)
    hosts = hosts_by_name(targets)
    for name in mx.hosts:
        if name in hosts:
            try:
                addresses = await look(host_addresses, hosts[name])
            except NotObserved as failure:
                unknown.append(failure.reason)
                continue
            note(addresses.ipv4, name)
            note(addresses.ipv6, name)
    return PublishedTTLs(domain.name, tuple(found.items()), tuple(dict.fromkeys(unknown)), mail_copies.proposed)


@probe()
async def look_alikes(domain: MailDomain, net: Network, inventory: Inventory) -> LookAlikes:
    """Which of the first names that look like the domain have name servers: resolvers are asked, and nobody else."""
    names = lookalikes(domain.name, inventory.lookalikes)
    ours = {entry.name for entry in inventory.domains}
    names = tuple(name for name in names if name not in ours)
    outcomes = await asyncio.gather(*(net.dns.resolve(name, "NS") for name in names), return_exceptions=True)
    registered: list[str] = []
    unknown: list[str] = []
    for name, outcome in zip(names, outcomes, strict=True):
        if isinstance(outcome, NotObserved):
            unknown.append(f"{name}: {outcome.reason}")
        elif isinstance(outcome, BaseException):
            raise outcome
        elif outcome.exists:
            registered.append(name)
    return LookAlikes(domain.name, names, tuple(registered), tuple(unknown))


@probe(looks=("source_text",))
async def listed_networks(sender: SendingAddress, inventory: Inventory, look: Look) -> ListedNetworks:
    """The networks, in the lists of the inventory, that hold the address."""
    address = ip_address(sender.address)
    found: list[tuple[str, str]] = []
    for source in inventory.drop:
        seen = await look(source_text, NamedSource(source))
        networks = await asyncio.to_thread(_networks, seen.text)
        if not networks:
            raise Malformed(f"{source} holds no networks, like 192.0.2.0/24 at the beginning of a line")
        found += ((source, network) for network in networks if address in ip_network(network))
    return ListedNetworks(sender.address, tuple(inventory.drop), tuple(found))


def _networks(text: str) -> list[str]:
    """The networks of a list: one begins each line, or is the ``cidr`` of a JSON object on it."""
    found: list[str] = []
    for line in text.splitlines():
        first = re.split(r"[;#\s]", line.strip(), maxsplit=1)[0]
        if line.lstrip().startswith("{"):
            try:
                first = str(json.loads(line).get("cidr", ""))
            except (ValueError, RecursionError):
                continue
        try:
            found.append(str(ip_network(first, strict=False)))
        except ValueError:
            continue
    return found
