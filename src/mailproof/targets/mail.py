"""Mail domains, their DKIM selectors, and the hosts that take their mail."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from dns.rdtypes.ANY.MX import MX

from mailproof.inventory.budgets import MAX_MX_HOSTS
from mailproof.inventory.model import Domain
from mailproof.net.dns.client import Answer, ResourceRecord
from mailproof.net.dns.names import is_host
from mailproof.net.errors import NotObserved
from mailproof.targets.base import Target, Targets, Undiscovered
from mailproof.targets.discovery import Search, finder


@dataclass(frozen=True)
class MailDomain(Target):
    """A domain that sends mail, receives mail, or is parked and does neither."""

    name: str
    sends: bool = True
    receives: bool = True
    selectors: tuple[str, ...] = ()
    backup_mx: tuple[str, ...] = ()
    filter_mx: tuple[str, ...] = ()
    delivery_host: str = ""
    """The host that delivers; empty where the inventory names none."""
    behind: tuple[str, ...] = ()
    """Hosts behind the filter that the MX records name."""
    roles: tuple[str, ...] = ("postmaster", "abuse")
    """Local parts that must be accepted (RFC 2142)."""
    unknown: tuple[str, ...] = ()
    """Local parts known not to exist. Empty: one is made up."""
    insists_on_mail: bool = False
    """The inventory itself says that the domain receives mail: a null MX is a mistake then."""
    approved_mx: tuple[str, ...] = ()
    """The MX hosts that the inventory approves of; none: any."""
    our_addresses: tuple[str, ...] = ()
    """The addresses that the inventory gives for its hosts."""

    def __post_init__(self) -> None:
        self._settle(domains=(self.name,))

    @property
    def id(self) -> str:
        return self.name

    @property
    def parked(self) -> bool:
        return not (self.sends or self.receives)


@finder(MailDomain)
async def find_mail_domains(search: Search) -> None:
    """The domains that the inventory names."""
    for domain in search.inventory.domains:
        search.targets.add(_mail_domain(domain, search))


def _mail_domain(domain: Domain, search: Search) -> MailDomain:
    inventory = search.inventory
    return MailDomain(
        name=domain.name,
        sends=domain.sends and not domain.parked,
        receives=domain.receives and not domain.parked,
        selectors=tuple(domain.selectors),
        backup_mx=tuple(domain.backup_mx),
        filter_mx=tuple(domain.filter_mx),
        delivery_host=domain.delivery_host or "",
        behind=tuple(domain.behind),
        roles=tuple(domain.mailboxes),
        unknown=tuple(domain.unknown),
        insists_on_mail=domain.insists_on_mail,
        approved_mx=tuple(inventory.mx_hosts),
        our_addresses=tuple(sorted(search.named_addresses)),
        active=inventory.active if domain.active is None else domain.active,
    )


@dataclass(frozen=True)
class Selector(Target):
    """A DKIM selector of a domain: the name ``selector._domainkey.domain`` (RFC 6376, section 3.1)."""

    selector: str
    domain: str

    def __post_init__(self) -> None:
        self._settle(domains=(self.domain,))

    @property
    def id(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


@finder(Selector, after=(MailDomain,))
async def find_selectors(search: Search) -> None:
    """The selectors that the inventory names; they cannot be discovered from outside."""
    for domain in search.targets.found(MailDomain):
        for selector in domain.selectors:
            search.targets.add(Selector(selector, domain.name, active=domain.active))


@dataclass(frozen=True)
class KeyRing(Target):
    """All selectors together. Nobody judges them; their keys are held against each other once in a run."""

    name: str = "all DKIM keys"

    @property
    def id(self) -> str:
        return self.name


@finder(KeyRing, after=(Selector,))
async def find_key_ring(search: Search) -> None:
    """One, where the inventory names selectors."""
    if search.targets.found(Selector):
        search.targets.add(KeyRing())


@dataclass(frozen=True)
class MailHost(Target):
    """A host that domains name as their MX, or that the inventory names.

    ``domains`` are those whose mail goes to this host: their MX records name it, or it is the domain itself.
    """

    name: str
    has_addresses: bool = False
    """The inventory gives the addresses of the host, whatever the DNS says."""

    @property
    def id(self) -> str:
        return self.name

    @property
    def mail_host(self) -> str:
        return self.name


def hosts_by_name(targets: Targets) -> Mapping[str, MailHost]:
    """The mail hosts that were found."""
    return targets.once(_by_name)


def _by_name(targets: Targets) -> dict[str, MailHost]:
    return {host.name: host for host in targets.found(MailHost)}


@finder(MailHost, after=(MailDomain,))
async def find_mail_hosts(search: Search) -> None:
    """The hosts that the inventory names, and the MX hosts of its domains."""
    domains = search.targets.found(MailDomain)
    served: dict[str, list[MailDomain]] = {name: [] for name in search.hosts}
    for domain, exchanges in zip(domains, await asyncio.gather(*(_exchanges(d, search) for d in domains)), strict=True):
        if isinstance(exchanges, NotObserved):
            unknown = Undiscovered.because(exchanges, MailHost, f"MX of {domain.name}", domains=domain.domains)
            search.targets.add(unknown)
            continue
        search.exchanges[domain.name] = exchanges
        for name in exchanges[:MAX_MX_HOSTS]:
            served.setdefault(name, []).append(domain)
    consent = Consent(search)
    for name, of in served.items():
        has_addresses = name in search.hosts and bool(search.hosts[name].addresses)
        names = tuple(domain.name for domain in of)
        active, scan = consent.of_host(name, names), consent.to_scan(name, names)
        search.targets.add(MailHost(name, has_addresses, domains=names, active=active, scan=scan))


async def _exchanges(domain: MailDomain, search: Search) -> tuple[str, ...] | NotObserved:
    """Names of the MX hosts of a domain, most preferred first; none where it takes no mail.

    A domain without MX records is its own host, if it has an address (RFC 5321, section 5.1).
    """
    try:
        answer = await search.dns.resolve(domain.name, "MX")
        if answer.empty and domain.receives:
            return await _with_address(implicit_mx(domain.name, answer), search)
    except NotObserved as failure:
        return failure
    return exchange_names(answer)


def exchange_names(answer: Answer) -> tuple[str, ...]:
    """The names of the MX hosts in an answer, most preferred first."""
    names = [record.target for record in sorted(answer.records, key=_preference)]
    return tuple(dict.fromkeys(name for name in names if is_host(name)))


def implicit_mx(domain: str, answer: Answer) -> str:
    """The host of a domain without MX records: it itself, or what it is an alias of (RFC 5321, section 5.1)."""
    return [domain, *answer.aliases][-1]


async def _with_address(name: str, search: Search) -> tuple[str, ...]:
    answers = await asyncio.gather(*(search.dns.resolve(name, type) for type in ("A", "AAAA")))
    return (name,) if any(answer.exists for answer in answers) else ()


def _preference(record: ResourceRecord) -> tuple[int, str]:
    return record.rdata(MX).preference, record.target


class Consent:
    """Who may be probed actively, as far as it is the inventory that says so."""

    def __init__(self, search: Search) -> None:
        inventory = search.inventory
        self._inventory = inventory
        self._hosts = search.hosts
        self._said = {domain.name: domain.active for domain in inventory.domains}
        """What the inventory says of consent, by domain; None where it says nothing."""
        self._own_zones = frozenset((*self._said, *inventory.zones, *search.elsewhere.domains))
        self._refused = search.elsewhere.refused
        self._led_elsewhere = frozenset(key.rpartition(":")[0] for key in search.settings.connect)
        """Hosts (or addresses) that the connect map names: the server that answers there was put there on purpose."""

    def of_host(self, name: str, served: tuple[str, ...]) -> bool:
        """Whether a host that serves the domains ``served`` may be probed actively.

        Consent belongs to the host that is probed. A no wins, whether the host or a domain that it serves says it.
        What a domain or the whole inventory says is inherited only by hosts that the inventory names, and by those
        below its own domains and zones: the MX of a domain may be anybody's.
        """
        declared = self._hosts.get(name)
        words = self._words(name, served)
        if False in words:
            return False
        if declared is not None and declared.active:
            return True
        return self._is_ours(name) and (self._inventory.active or True in words)

    def to_scan(self, name: str, served: tuple[str, ...]) -> bool:
        """Whether the TLS of a host may be scanned in depth.

        What the inventory says of the host counts. What it says of all is inherited as consent to active probes is, and
        not where those are forbidden.
        """
        declared = self._hosts.get(name)
        if declared is not None and declared.scan is not None:
            return declared.scan
        return self._inventory.scan and self._is_ours(name) and False not in self._words(name, served)

    def _words(self, name: str, served: tuple[str, ...]) -> list[bool | None]:
        """What the inventory says of active probes of a host, and of those of the domains that it serves. It may refuse
        them for a domain of the host's own name whose mail goes elsewhere, or nowhere.
        """
        declared = self._hosts.get(name)
        refused = [False] if name in self._refused or self._said.get(name) is False else []
        return [declared.active if declared else None, *refused, *(self._said[domain] for domain in served)]

    def _is_ours(self, name: str) -> bool:
        """Whether the inventory names a host, or a domain or zone above it."""
        labels = name.split(".")
        named = name in self._hosts or name in self._led_elsewhere
        return named or any(".".join(labels[n:]) in self._own_zones for n in range(len(labels)))
