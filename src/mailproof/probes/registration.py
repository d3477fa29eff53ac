"""Asks registries about the inventory's own domains and addresses (RDAP, RFC 9082), each once in a run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urljoin

from mailproof.clock import now
from mailproof.grammars.rdap import parse_bootstrap, parse_domain, parse_network, server_of
from mailproof.inventory.budgets import MAX_ABUSE_CONTACTS, MAX_RDAP_NAMES, MAX_RDAP_REDIRECTS
from mailproof.inventory.model import Inventory
from mailproof.net.addresses import is_public
from mailproof.net.errors import Malformed, NotAvailable, NotObserved, Throttled
from mailproof.net.network import Network
from mailproof.observations.mx import takes_mail
from mailproof.observations.registration import AbuseContact, DomainRegistration, RDAPAnswer, SourceText
from mailproof.probes.probe import Look, probe
from mailproof.probes.sources import document, fetched
from mailproof.probes.zones import delegation
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.registration import NamedSource, RDAPObject, RegisteredDomain
from mailproof.targets.zones import Zone

SHIPPED = Path(__file__).resolve().parents[1] / "criteria" / "rdap.json"

MAX_OCTETS = 8 * 1024 * 1024
"""Of a bootstrap file or a list of networks."""

_NOT_THERE = (400, 404, 422)
"""What registries answer for what they do not have, and for names that nobody can register, like co.uk."""

MAX_ANSWER = 1024 * 1024
"""Octets of what a registry answers."""


@probe()
async def source_text(source: NamedSource, net: Network) -> SourceText:
    """The file or URL, read once in a run."""
    return SourceText(source.source, await document(net, source.source, MAX_OCTETS))


@probe(connections=1 + MAX_RDAP_REDIRECTS, peer="the registry for {}", looks=("source_text",))
async def rdap_answer(thing: RDAPObject, net: Network, inventory: Inventory, look: Look) -> RDAPAnswer:
    """What the registry says that the bootstrap files name for it."""
    wanted = thing.path.partition("/")[2]
    server = ""
    for source in (*inventory.registration.bootstrap, str(SHIPPED)):
        seen = await look(source_text, NamedSource(source))
        try:
            server = server_of(parse_bootstrap(seen.text), wanted)
        except ValueError as error:
            raise Malformed(f"{source} is no bootstrap file (RFC 9224): {error}") from None
        if server:
            break
    if not server:
        return RDAPAnswer(thing.path, "")
    url = f"{server}{thing.path}"
    for _ in range(1 + MAX_RDAP_REDIRECTS):
        response = await fetched(net, url, MAX_ANSWER, accept="application/rdap+json")
        target = dict(response.headers).get("location", "")
        if response.status in (301, 302, 303, 307, 308) and urljoin(url, target).startswith("https://"):
            url = urljoin(url, target)
            continue
        if response.status == 200:
            return RDAPAnswer(thing.path, url, response.body)
        if response.status in _NOT_THERE:
            return RDAPAnswer(thing.path, url)
        if response.status in (429, 503):
            raise Throttled(f"{url} answers status {response.status}: ask again later", response.evidence())
        raise NotAvailable(f"{url} answers {response.tls_error or f'status {response.status}'}", response.evidence())
    raise NotAvailable(f"{url}: more than {MAX_RDAP_REDIRECTS} redirects")


@probe(looks=("rdap_answer",))
async def domain_registration(domain: RegisteredDomain, net: Network, look: Look) -> DomainRegistration:
    """The registry's word about the domain, and NS and DS of the same name at the parent."""
    at = now()
    labels = domain.name.split(".")
    for count in range(2, min(len(labels), 1 + MAX_RDAP_NAMES) + 1):
        name = ".".join(labels[-count:])
        answer = await look(rdap_answer, RDAPObject(f"domain/{name}"))
        if not answer.url:
            return DomainRegistration(name, at, "")
        if not answer.text:
            continue
        try:
            entry = parse_domain(answer.text)
        except ValueError as error:
            raise Malformed(f"{answer.url}: {error}", answer.evidence()) from None
        tags = await _parent_tags(net, name)
        try:
            servers = (await look(delegation, Zone(name))).parent_names
        except NotObserved as failure:
            return DomainRegistration(name, at, answer.url, entry, (), tags, failure.reason, failure.kind)
        return DomainRegistration(name, at, answer.url, entry, servers, tags)
    raise NotObserved(f"no registry knows {domain.name}")


async def _parent_tags(net: Network, name: str) -> tuple[int, ...] | None:
    try:
        answer = await net.dns.resolve(name, "DS")
    except NotObserved:
        return None
    return tuple(sorted({int(record.data.split()[0]) for record in answer.records}))


@probe(looks=("rdap_answer",))
async def abuse_contact(sender: SendingAddress, net: Network, inventory: Inventory, look: Look) -> AbuseContact:
    """Whom the registry of the address names for abuse, and whether their domains take mail."""
    if not inventory.registration.rdap or not is_public(sender.address):
        return AbuseContact(sender.address, "")
    answer = await look(rdap_answer, RDAPObject(f"ip/{sender.address}"))
    if not answer.text:
        raise NotObserved(f"no registry knows {sender.address}", answer.evidence())
    try:
        entry = parse_network(answer.text)
    except ValueError as error:
        raise Malformed(f"{answer.url}: {error}", answer.evidence()) from None
    mailboxes = entry.abuse[:MAX_ABUSE_CONTACTS]
    taken = await asyncio.gather(*(_takes_mail(net, mailbox.rpartition("@")[2]) for mailbox in mailboxes))
    without = tuple(mailbox for mailbox, takes in zip(mailboxes, taken, strict=True) if not takes)
    return AbuseContact(sender.address, answer.url, entry, without)


async def _takes_mail(net: Network, domain: str) -> bool:
    """Whether mail to a domain has somewhere to go (RFC 5321, section 5.1; RFC 7505). Raises NotObserved."""
    mx = await net.dns.resolve(domain, "MX")
    if mx.records:
        return takes_mail(mx.records, ())
    addresses = await asyncio.gather(*(net.dns.resolve(domain, type) for type in ("A", "AAAA")))
    return takes_mail((), (answer for answer in addresses if answer.exists))
