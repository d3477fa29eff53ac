"""Drafts an inventory: what the DNS says of a domain, written as commented YAML for its owner to complete."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_network

from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.IN.SRV import SRV

from mailproof.net.dns.client import Answer, DNSClient
from mailproof.net.errors import LyingResolver, NoResolver, NotObserved
from mailproof.net.services import SERVICES
from mailproof.net.settings import SocketAddress
from mailproof.net.text import printable
from mailproof.observations.spf import PublishedSPF

MAX_CANDIDATES = 20

_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})+")


@dataclass
class Service:
    """A host that SRV records name, with its ports by role."""

    host: str
    ports: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class Draft:
    """What was found out about a domain. ``notes`` say what could not be."""

    domain: str
    mx: list[tuple[int, str, list[str]]] = field(default_factory=list)
    mx_failure: str = ""
    """Why it is not known where the domain's mail goes."""
    exists: bool = True
    takes_no_mail: bool = False
    name_servers: list[str] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    senders: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of address and the SPF term that authorises it."""
    networks: list[str] = field(default_factory=list)
    """SPF terms that authorise more than one address, or somebody else's."""
    notes: list[str] = field(default_factory=list)


async def draft(domain: str, dns: DNSClient) -> Draft:
    """Ask the DNS about a domain: MX, addresses, NS, SRV and SPF."""
    found = Draft(domain)
    await asyncio.gather(
        _mail_hosts(found, dns), _name_servers(found, dns), _services(found, dns), _senders(found, dns)
    )
    return found


async def _ask(found: Draft, dns: DNSClient, name: str, type: str) -> Answer | None:
    try:
        return await dns.resolve(name, type)
    except NotObserved as failure:
        if type == "MX":
            found.mx_failure = failure.reason
        by_resolver = isinstance(failure, NoResolver | LyingResolver)
        what = "nothing could be" if by_resolver else f"{name} {type} could not be"
        note = f"{what} looked up: {failure.reason}"
        if note not in found.notes:
            found.notes.append(note)
        return None


def _names(found: Draft, names: Iterable[str]) -> list[str]:
    """Those of ``names`` that are host names; the others are noted and left out."""
    good = []
    for name in dict.fromkeys(names):
        if _HOST_NAME.fullmatch(name):
            good.append(name)
        elif name != ".":
            found.notes.append(f"{printable(name)} is not a host name")
    return good


async def _addresses(found: Draft, dns: DNSClient, host: str) -> list[str]:
    answers = [await _ask(found, dns, host, type) for type in ("A", "AAAA")]
    return [record.data for answer in answers if answer for record in answer.records]


async def _mail_hosts(found: Draft, dns: DNSClient) -> None:
    answer = await _ask(found, dns, found.domain, "MX")
    if answer is None:
        return
    if answer.nonexistent:
        found.exists = False
        found.notes.append(f"{found.domain} does not exist (NXDOMAIN)")
    found.takes_no_mail = bool(answer.records) and all(record.target == "." for record in answer.records)
    preferences = {record.target: record.rdata(MX).preference for record in answer.records}
    hosts = sorted(_names(found, preferences), key=lambda host: (preferences[host], host))
    addresses = await asyncio.gather(*(_addresses(found, dns, host) for host in hosts))
    found.mx = [(preferences[host], host, list(of)) for host, of in zip(hosts, addresses, strict=True)]


async def _name_servers(found: Draft, dns: DNSClient) -> None:
    answer = await _ask(found, dns, found.domain, "NS")
    found.name_servers = sorted(_names(found, (record.target for record in answer.records))) if answer else []


async def _services(found: Draft, dns: DNSClient) -> None:
    labels = [(label, service.name) for service in SERVICES.values() for label in service.srv]
    answers = await asyncio.gather(*(_ask(found, dns, f"{label}.{found.domain}", "SRV") for label, _ in labels))
    services: dict[str, Service] = {}
    for (_, role), answer in zip(labels, answers, strict=True):
        for record in answer.records if answer else ():
            port = record.rdata(SRV).port
            if _names(found, [record.target]) and 0 < port < 65536:
                ports = services.setdefault(record.target, Service(record.target)).ports.setdefault(role, [])
                if port not in ports:
                    ports.append(port)
    found.services = list(services.values())


async def _senders(found: Draft, dns: DNSClient) -> None:
    answer = await _ask(found, dns, found.domain, "TXT")
    published = PublishedSPF(found.domain, (), answer) if answer else None
    record = published.record if published else None
    for term in record.terms if record else ():
        if not term.is_mechanism or term.qualifier != "+" or term.error:
            continue
        if term.name in ("ip4", "ip6"):
            network = ip_network(term.text.lstrip("+").partition(":")[2], strict=False)
            if network.num_addresses == 1:
                found.senders.append((str(network.network_address), term.text))
            else:
                found.networks.append(term.text)
        elif term.name == "a" and (term.domain is None or _HOST_NAME.fullmatch(term.domain.lower())):
            for address in await _addresses(found, dns, (term.domain or found.domain).lower()):
                found.senders.append((address, term.text))
        elif term.name == "mx" and term.domain is None:
            found.networks.append("mx (the addresses of the MX hosts above)")
        elif term.name == "include":
            found.networks.append(f"{term.text} (another operator's senders)")


def write(
    drafts: Iterable[Draft], resolvers: Iterable[SocketAddress] = (), *, world: str = "", active: bool = False
) -> str:
    """The drafts as one inventory. It loads as it is; whatever needs the owner's decision is in comments.

    ``resolvers`` are those that were asked in place of the system's; the inventory goes on with them. ``world`` is
    the offline world that stood in for the network. ``active`` is the owner's consent to probes that may be noticed.
    """
    chosen = ", ".join(f'"{resolver}"' for resolver in resolvers)
    lines = [
        "# Inventory for mailproof, drafted from the DNS. Check it with",
        "#     mailproof run THIS-FILE",
        "# It works as it is. What is commented out needs your decision.",
        "",
        "# Consent to probes that a server owner may notice (relay attempts, mailboxes, early talk, injection).",
        "# Nothing is ever delivered. Set it to true for hosts that are yours.",
        f"active: {'true' if active else 'false'}",
        "",
        *([f"world: {json.dumps(world)}  # offline: leave this out to look at the real network", ""] if world else []),
        "# Who we say we are to the servers. Best: names of yours that resolve, or servers may turn us away.",
        "# probe:",
        "#   ehlo: probe.example.org",
        "#   sender: postmaster@example.org",
        "",
        "domains:",
    ]
    hosts: list[str] = []
    senders: list[str] = []
    for found in drafts:
        lines += _domain(found)
        for service in found.services:
            hosts += _service(service)
        senders += _candidates(found)
    if hosts:
        lines += ["", "# Hosts that the domains' SRV records name for users.", "hosts:", *hosts]
    lines += [
        "",
        "# Addresses that your mail leaves from, with the name said in HELO: reverse DNS, SPF and blocklists are",
    ]
    lines += ["# judged for them. These are candidates from SPF; take those that are yours.", "# sending:"]
    lines += senders or ["#   - {address: 192.0.2.25, helo: mail.example.org}"]
    lines += [
        "",
        "# DNS blocklists on which no address may stand; ask them through a resolver of your own.",
        "# blocklists:",
        "#   - {name: zen, zone: zen.spamhaus.org}",
        "",
        "# DNSSEC is validated by mailproof itself. Where the resolver leaves the signatures out, its own opinion",
        "# stands in: that of one on this machine by itself, of another one on your word.",
        *([f"resolvers: [{chosen}]"] if chosen else ["# resolvers: [127.0.0.1]"]),
        "# trust: {dnssec: resolver}",
    ]
    return "\n".join(lines) + "\n"


def _domain(found: Draft) -> list[str]:
    lines = [f"  - name: {found.domain}"]
    lines += [f"    # {printable(note)}" for note in found.notes]
    if found.takes_no_mail:
        lines += ["    # The domain publishes a null MX: it takes no mail.", "    receives: false"]
    elif found.mx_failure:
        lines.append("    # Whether the domain takes mail could not be found out: draft it again.")
    elif not found.exists:
        lines.append("    # Is the name written right?")
    elif not found.mx:
        lines.append("    # No MX record was found. Does the domain send or receive mail? If not: parked: true")
    for preference, host, addresses in found.mx:
        lines.append(f"    # MX {preference} {host}: {', '.join(addresses) or 'no address'}")
    if found.name_servers:
        lines.append(f"    # name servers: {', '.join(found.name_servers)}")
    lines += [
        "    # DKIM selectors cannot be discovered; look for s= in the DKIM-Signature of a message of yours.",
        "    # selectors: [selector1]",
    ]
    if len(found.mx) > 1:
        lines.append(f"    # backup_mx: [{found.mx[-1][1]}]")
    return lines


def _service(service: Service) -> list[str]:
    roles = ", ".join(service.ports)
    ports = "; ".join(f"{role}: [{', '.join(map(str, numbers))}]" for role, numbers in service.ports.items())
    return [
        f"  - name: {service.host}",
        f"    roles: [{roles}]",
        f"    ports: {{{ports.replace('; ', ', ')}}}",
    ]


def _candidates(found: Draft) -> list[str]:
    lines = [
        f"#   - {{address: {address}, domains: [{found.domain}]}}  # {printable(term)}"
        for address, term in found.senders[:MAX_CANDIDATES]
    ]
    more = len(found.senders) - MAX_CANDIDATES
    if more > 0:
        lines.append(f"#   {more} more addresses of {found.domain} are authorised")
    lines += [f"#   {found.domain} also authorises {printable(term)}" for term in found.networks]
    return lines
