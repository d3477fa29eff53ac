"""Collects the mailboxes that are published anywhere, and asks the MX addresses of their domains about them.

Only mailboxes in domains of the inventory are asked for, at the hosts that their MX records name. Nothing is ever
delivered: no probe says DATA.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from urllib.parse import quote

from dns.name import Name
from dns.rdtypes.ANY.SOA import SOA

from mailproof.grammars.fields import parse_fields, split
from mailproof.grammars.security_txt import parse_security_txt
from mailproof.grammars.uris import mailbox_of
from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.observations.published_mailboxes import Published, PublishedAddresses, PublishedMailboxes
from mailproof.probes.caa import caa
from mailproof.probes.dmarc import dmarc
from mailproof.probes.mailboxes import mailboxes
from mailproof.probes.probe import Look, NoConsentError, probe
from mailproof.probes.registration import abuse_contact
from mailproof.probes.series import Form, Series
from mailproof.probes.smtp import smtp_session
from mailproof.probes.tls_reporting import tlsrpt_record
from mailproof.probes.web import security_txt
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain, MailHost
from mailproof.targets.published import AddressBook
from mailproof.targets.services import MailExchange
from mailproof.targets.web import WebHost
from mailproof.targets.zones import Zone

MOST = 10
"""Published mailboxes of one domain that are asked for; a domain has three or four."""

JUDGED = ("postmaster", "abuse")
"""Mailboxes that have a control of their own."""

Found = list[Published]


@probe(looks=("dmarc", "tlsrpt_record", "security_txt", "caa", "abuse_contact"))
async def published_addresses(book: AddressBook, net: Network, look: Look, targets: Targets) -> PublishedAddresses:
    """The mailboxes in DMARC, TLS-RPT, SOA and CAA records, in security.txt and in the registries of addresses."""
    sources: dict[str, Awaitable[Found]] = {}
    for domain in targets.found(MailDomain):
        sources[f"_dmarc.{domain.name}"] = _of_dmarc(domain, look)
        sources[f"_smtp._tls.{domain.name}"] = _of_tls_reporting(domain, look)
    sources |= {f"SOA of {zone.name}": _of_zone(zone, net) for zone in targets.found(Zone)}
    sources |= {f"security.txt of {host.name}": _of_site(host, look) for host in targets.found(WebHost)}
    sources |= {f"CAA of {host.name}": _of_host(host, look) for host in targets.found(MailHost)}
    sources |= {f"registry of {one.address}": _of_registry(one, look) for one in targets.found(SendingAddress)}
    outcomes = await asyncio.gather(*sources.values(), return_exceptions=True)
    ours = {domain.name for domain in targets.found(MailDomain)}
    published: dict[tuple[str, str], Published] = {}
    unread = []
    for where, outcome in zip(sources, outcomes, strict=True):
        if isinstance(outcome, NotObserved):
            unread.append((where, outcome.reason))
        elif isinstance(outcome, BaseException):
            if not isinstance(outcome, NoConsentError):
                raise outcome
        else:
            published |= {(one.mailbox, one.where): one for one in outcome}
    at_home = (one for one in published.values() if one.mailbox.rpartition("@")[2] in ours)
    return PublishedAddresses(tuple(at_home), tuple(unread))


def _named(uris: tuple[str, ...] | list[str], where: str) -> Found:
    """The mailboxes among addresses, as they are published at ``where``."""
    return [Published(mailbox, where) for uri in uris if (mailbox := mailbox_of(uri))]


async def _of_dmarc(domain: MailDomain, look: Look) -> Found:
    record = (await look(dmarc, domain)).own.record
    if record is None:
        return []
    return [one for tag, uri in record.destinations for one in _named([uri], f"{tag} of _dmarc.{domain.name}")]


async def _of_tls_reporting(domain: MailDomain, look: Look) -> Found:
    record = await look(tlsrpt_record, domain)
    values = [value for text in record.texts[:1] for value in parse_fields(text, "rua")[0]]
    return _named([uri for value in values for uri in split(value, ",")], f"rua of _smtp._tls.{domain.name}")


async def _of_zone(zone: Zone, net: Network) -> Found:
    answer = await net.dns.resolve(zone.name, "SOA")
    names = [record.rdata(SOA).rname for record in answer.records]
    return _named([responsible(name) for name in names], f"SOA of {zone.name}")


def responsible(name: Name) -> str:
    """The mailto: address of an RNAME: its local part is the first label, which may hold dots (RFC 1035, section 8)."""
    local, *domain = (quote(label, safe="") for label in name.labels)
    return f"mailto:{local}@{'.'.join(domain)}"


async def _of_site(host: WebHost, look: Look) -> Found:
    answer = (await look(security_txt, host)).answer
    contacts = parse_security_txt(answer.body).values("Contact") if answer is not None and answer.status == 200 else ()
    return _named(contacts, f"security.txt of {host.name}")


async def _of_host(host: MailHost, look: Look) -> Found:
    records = (await look(caa, host)).records
    return _named([record.value for record in records if record.tag == "iodef"], f"CAA iodef of {host.name}")


async def _of_registry(sender: SendingAddress, look: Look) -> Found:
    entry = (await look(abuse_contact, sender)).entry
    return _named([f"mailto:{mailbox}" for mailbox in entry.abuse] if entry else [], f"registry of {sender.address}")


@probe(active=True, connections=4, looks=("published_addresses", "mailboxes", "smtp_session"))
async def published_mailboxes(exchange: MailExchange, net: Network, look: Look, targets: Targets) -> PublishedMailboxes:
    """MAIL and RCPT for the mailboxes of the domain that are published, or that the inventory names.

    What was asked for as a role mailbox is not asked for again; postmaster and abuse are judged there.
    """
    domain = exchange.domain
    told = await look(mailboxes, exchange)
    if told.unserved or told.serves_nobody:
        return PublishedMailboxes((), told)
    book = await look(published_addresses, targets.found(AddressBook)[0])
    published = wanted(domain, book)
    known = [attempt for attempt in told.at_home if attempt.recipient.lower() in published]
    left = [one for name, one in published.items() if name not in {attempt.recipient.lower() for attempt in known}]
    session = await look(smtp_session, exchange.endpoint)
    series = Series(exchange.endpoint, net, tls=session.tls_works, sessions=4)
    if left:
        await series.ask([Form(one.where, net.settings.sender, one.mailbox) for one in left[:MOST]])
        await series.ask_again()
    attempts = (*known, *series.attempts)
    return PublishedMailboxes(series.transcript, told, tuple(published.values()), attempts, series.interrupted)


def wanted(domain: MailDomain, book: PublishedAddresses) -> dict[str, Published]:
    """By name, in lower case as everywhere here: the inventory may write Postmaster, which has a control of its own."""
    roles = (Published(f"{role.lower()}@{domain.name}", "mailboxes of the inventory") for role in domain.roles)
    published = {one.mailbox: one for one in (*roles, *book.of(domain.name))}
    for judged in JUDGED:
        published.pop(f"{judged}@{domain.name}", None)
    return published
