"""Looks at SPF: the record, the tree behind it, and what check_host() says of addresses."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address

from mailproof.grammars.spf import MAX_LOOKUPS, Term, target_name
from mailproof.inventory.model import Inventory
from mailproof.net.dns.client import Answer, DNSClient
from mailproof.net.dns.names import is_host
from mailproof.net.dns.registration import unregistered
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.spf import SPF, HostSPF, Lookup, NamesBelow, PublishedSPF, SPFEvaluation, SPFTree
from mailproof.probes.authorities import NOBODY
from mailproof.probes.check_host import check_host
from mailproof.probes.probe import Look, probe
from mailproof.targets.addresses import AuthorisedSender, HeloName
from mailproof.targets.mail import MailDomain, MailHost

MAX_WALK = 40
"""Lookups after which the walk of a tree ends: far above the permitted ten, far below a bomb."""

FOREIGN_ADDRESSES = ("203.0.113.199", "2001:db8:f0e1:d2c3::99")
"""Documentation addresses (RFC 5737, RFC 3849): nobody sends mail from them."""


@probe()
async def spf(domain: MailDomain, net: Network) -> SPF:
    """The TXT records at the domain itself, and those of the obsolete type SPF (RFC 7208, sections 3 and 3.1)."""
    published = await _published(net.dns, domain.name, ())
    type_99: Answer | None = None
    if not published.answer.nonexistent:
        with suppress(NotObserved):
            type_99 = await net.dns.question(domain.name, "SPF")
    return SPF(published, type_99)


@probe()
async def spf_tree(domain: MailDomain, net: Network, inventory: Inventory, spf: SPF) -> SPFTree:
    """Every record that include and redirect lead to, with the lookups that it costs to get through them."""
    walk = _Walk(net.dns)
    await walk.through(spf.published, (domain.name,))
    senders = tuple(
        entry.address for entry in inventory.sending if entry.domains is None or domain.name in entry.domains
    )
    families = {ip_address(address).version for address in senders}
    tree = SPFTree(
        domain.name,
        tuple(walk.records),
        tuple(walk.lookups),
        tuple(walk.loops),
        walk.cut_short,
        tuple(sorted(families)) or (4, 6),
        senders,
        unregistered=tuple(dict.fromkeys(walk.unregistered)),
    )
    return replace(tree, explanation=await _explanation(net.dns, tree))


async def _explanation(dns: DNSClient, tree: SPFTree) -> Answer | None:
    """What stands at the name of ``exp``, where that name is the same for every sender (RFC 7208, section 6.2)."""
    last = tree.last
    term = last.record.explanation if last is not None and last.record is not None else None
    if last is None or term is None or not term.domain or term.error:
        return None
    expanded = expand(term.domain, last.domain, tree.domain)
    name = target_name(expanded) if expanded is not None else None
    return await dns.question(name, "TXT") if name is not None else None


@probe()
async def names_below(domain: MailDomain, net: Network, spf: SPF) -> NamesBelow:
    """What a made-up name below a domain without mail gets; a domain with mail is not asked about it."""
    name = f"{NOBODY}.{domain.name}"
    if not domain.parked or spf.published.answer.nonexistent:
        return NamesBelow(domain.name, domain.parked, name)
    answers = await asyncio.gather(*(net.dns.resolve(name, type) for type in ("TXT", "MX", "A", "AAAA")))
    return NamesBelow(domain.name, domain.parked, name, *answers)


@probe()
async def spf_of_sender(sender: AuthorisedSender, net: Network, inventory: Inventory, look: Look) -> SPFEvaluation:
    """check_host() for a domain and an address that sends its mail, and for addresses that are nobody's."""
    tree = await look(spf_tree, MailDomain(sender.domain))
    mailbox = f"postmaster@{sender.domain}"
    helo = sender.helo or sender.domain
    listed = await check_host(net.dns, sender.address, mailbox, helo)
    own = {entry.address for entry in inventory.sending}
    foreign = [
        await check_host(net.dns, address, mailbox, "mailproof.invalid")
        for address in FOREIGN_ADDRESSES
        if address not in own
    ]
    return SPFEvaluation(sender.domain, tree.records[0].texts, (listed,), tuple(foreign), tree)


@probe()
async def spf_of_helo(helo: HeloName, net: Network) -> SPFEvaluation:
    """check_host() for the HELO identity (RFC 7208, section 2.3) from the addresses that say it, and from others."""
    published = await _published(net.dns, helo.name, ())
    listed = [await check_host(net.dns, address, "", helo.name) for address in helo.addresses]
    foreign = [
        await check_host(net.dns, address, "", helo.name)
        for address in FOREIGN_ADDRESSES
        if address not in helo.addresses
    ]
    return SPFEvaluation(helo.name, published.texts, tuple(listed), tuple(foreign))


@probe()
async def host_spf(host: MailHost, net: Network, inventory: Inventory) -> HostSPF:
    """The record at the host's own name (RFC 7208, section 2.3), asked for where the host is said to send nothing."""
    declared = any(entry.name == host.name for entry in inventory.hosts)
    if not declared or not inventory.sending:
        return HostSPF(host.name, declared, bool(inventory.sending))
    if sends := await _sends(host, net, inventory):
        return HostSPF(host.name, True, True, sends)
    return HostSPF(host.name, True, True, published=await _published(net.dns, host.name, ()))


async def _sends(host: MailHost, net: Network, inventory: Inventory) -> str:
    """Why mail may leave at a host, or under its name."""
    if any(entry.name == host.name and entry.sends for entry in inventory.domains):
        return f"{host.name} is a domain that sends mail"
    if any(entry.helo == host.name for entry in inventory.sending):
        return "a sending address says this name in EHLO"
    senders = {ip_address(entry.address) for entry in inventory.sending}
    known = [address for entry in inventory.hosts if entry.name == host.name for address in entry.addresses]
    for type in ("A", "AAAA"):
        known += [record.data for record in (await net.dns.resolve(host.name, type)).records]
    found = [address for address in known if ip_address(address) in senders]
    return f"mail leaves at {found[0]}" if found else ""


async def _published(dns: DNSClient, name: str, path: tuple[str, ...]) -> PublishedSPF:
    return PublishedSPF(name, path, await dns.resolve(name, "TXT"))


class _Walk:
    """The way of a sender who matches nothing through a record and all that it includes."""

    def __init__(self, dns: DNSClient) -> None:
        self._dns = dns
        self.records: list[PublishedSPF] = []
        self.lookups: list[Lookup] = []
        self.loops: list[str] = []
        self.unregistered: list[tuple[str, str]] = []
        self.cut_short = False

    async def through(self, published: PublishedSPF, domains: tuple[str, ...]) -> None:
        """Follow a record; ``domains`` are those under evaluation, outermost first."""
        self.records.append(published)
        record = published.record
        for term in record.evaluated if record else ():
            if not term.costs_lookup or term.error:
                continue
            if len(self.lookups) >= MAX_WALK:
                self.cut_short = True
                return
            await self._look_up(term, published, domains)

    async def _look_up(self, term: Term, published: PublishedSPF, domains: tuple[str, ...]) -> None:
        expanded = expand(term.domain, published.domain, domains[0]) if term.domain else published.domain
        name = target_name(expanded) if expanded is not None else None
        follows = term.name in ("include", "redirect")
        cost = 1 + term.host_name_macros
        if follows and name is None and expanded is not None:
            # A malformed name has no record (RFC 7208, section 4.3): an error of the include (section 5.2).
            self.lookups.append(Lookup(term.text, published.domain, expanded, cost=cost))
            nothing = Answer(expanded, "TXT", "NXDOMAIN")
            self.records.append(PublishedSPF(expanded, (*published.path, term.text), nothing))
            return
        if name is None or term.name == "ptr":
            malformed = name is None and expanded is not None
            self.lookups.append(Lookup(term.text, published.domain, expanded, cost=cost, leads_nowhere=malformed))
            return
        if not follows:
            self.lookups.append(await self._addresses(term, published.domain, name))
            return
        path = (*published.path, term.text)
        if name in domains:
            self.lookups.append(Lookup(term.text, published.domain, name))
            self.loops.append(" -> ".join((*domains, name)))
            return
        found = await _published(self._dns, name, path)
        await self._register(term, found.answer)
        void = not found.answer.records
        self.lookups.append(Lookup(term.text, published.domain, name, void, void))
        await self.through(found, (*domains, name))

    async def _addresses(self, term: Term, domain: str, name: str) -> Lookup:
        if term.name == "mx":
            answer = await self._dns.resolve(name, "MX")
            await self._register(term, answer)
            names = answer.records
            void = not names
            hosts = [record.target for record in names[:MAX_LOOKUPS] if is_host(record.target)]
            is_own = name == self.records[0].domain
            by_host = {host: await self._addresses_of(host) for host in hosts if is_own}
            if not is_own and term.prefixes != (32, 128) and len(self.lookups) < MAX_LOOKUPS:
                by_host = {host: await self._addresses_of(host) for host in hosts[:1]}
            null = bool(names) and all(record.target == "." for record in names)
            addresses = tuple(address for found in by_host.values() for address in found)
            outside = [host for host in by_host if not f".{host}".endswith(f".{name}")]
            foreign = tuple(address for host in outside for address in by_host[host])
            return Lookup(term.text, domain, name, void, void, len(names), 1, addresses, foreign, null)
        answer = await self._dns.resolve(name, "A")
        ipv4 = answer.records
        if term.name == "exists":
            return Lookup(term.text, domain, name, not ipv4, not ipv4)
        await self._register(term, answer)
        ipv6 = (await self._dns.resolve(name, "AAAA")).records
        behind = tuple(record.data for record in (*ipv4, *ipv6))
        return Lookup(term.text, domain, name, not ipv4, not ipv6, addresses=behind)

    async def _addresses_of(self, host: str) -> tuple[str, ...]:
        """The addresses of an MX host of the domain, which discovery asked for; none where nobody answers."""
        found: list[str] = []
        for type in ("A", "AAAA"):
            try:
                found += [record.data for record in (await self._dns.question(host, type)).records]
            except NotObserved:
                continue
        return tuple(found)

    async def _register(self, term: Term, answer: Answer) -> None:
        """Note a term that names what is below a domain that nobody has."""
        if domain := await unregistered(self._dns, answer):
            self.unregistered.append((term.text, domain))


_MACRO = re.compile(r"%\{(?P<letter>[A-Za-z])(?P<digits>\d*)(?P<reverse>[rR]?)(?P<delimiters>[-.+,/_=]*)\}|%[%_-]")


def expand(spec: str, domain: str, sender_domain: str) -> str | None:
    """A domain-spec with its macros expanded (RFC 7208, section 7); None where they depend on the client."""
    letters = {"d": domain, "o": sender_domain}
    undetermined = False

    def value_of(match: re.Match[str]) -> str:
        nonlocal undetermined
        if match["letter"] is None:
            return {"%%": "%", "%_": " ", "%-": "%20"}[match[0]]
        value = letters.get(match["letter"].lower())
        if value is None:
            undetermined = True
            return ""
        parts = re.split(f"[{re.escape(match['delimiters'] or '.')}]", value)
        if match["reverse"]:
            parts.reverse()
        kept = parts[-int(match["digits"][-4:]) :] if match["digits"] else parts
        return ".".join(kept)

    expanded = _MACRO.sub(value_of, spec)
    if undetermined:
        return None
    return expanded.removesuffix(".").lower()
