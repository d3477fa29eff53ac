"""Discovery: from the inventory to targets, by what the DNS says of its domains. It asks questions and connects to
nobody.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address

from dns.rdtypes.ANY.MX import MX

from mailproof.inventory.budgets import (
    MAX_ADDRESSES,
    MAX_MX_ADDRESSES,
    MAX_MX_HOSTS,
    MAX_NAME_SERVERS,
    MAX_NAMES_OF_ADDRESS,
    MAX_SERVER_ADDRESSES,
)
from mailproof.inventory.model import Domain, Host, Inventory
from mailproof.inventory.targets import (
    AuthorisedSender,
    BlocklistEntry,
    Endpoint,
    HeloName,
    MailDomain,
    MailExchange,
    MailHost,
    NameServer,
    Role,
    Selector,
    SendingAddress,
    Target,
    Targets,
    Undiscovered,
    Zone,
)
from mailproof.net.dns.client import Answer, DNSClient, ResourceRecord
from mailproof.net.dns.names import is_host
from mailproof.net.errors import Bogus, NotFollowed, NotObserved
from mailproof.net.settings import NetSettings


@dataclass(frozen=True)
class _Host:
    """A host with what discovery learnt of it."""

    name: str
    addresses: tuple[str, ...]
    failures: tuple[NotObserved, ...] = ()
    """Why some of its addresses may be missing: one for A, one for AAAA, one if there are too many."""


async def discover(inventory: Inventory, dns: DNSClient, settings: NetSettings) -> Targets:
    """All targets of an inventory, in its order. What cannot be found out is an Undiscovered target with the reason."""
    discovery = _Discovery(inventory, dns, settings)
    await discovery.run()
    return discovery.targets


class _Discovery:
    def __init__(self, inventory: Inventory, dns: DNSClient, settings: NetSettings) -> None:
        self.inventory = inventory
        self.dns = dns
        self.settings = settings
        self.targets = Targets()
        self._mx_addresses: Counter[str] = Counter()
        """How many addresses of MX hosts are looked at, by domain."""
        self._names_of_address: Counter[tuple[str, str]] = Counter()
        """How many MX hosts of a domain lead to an address, by domain and address."""
        self._said = {domain.name: domain.active for domain in inventory.domains}
        """What the inventory says of consent, by domain; None where it says nothing."""
        self._own_zones = frozenset((*self._said, *inventory.zones))
        self._led_elsewhere = frozenset(key.rpartition(":")[0] for key in settings.connect)
        """Hosts (or addresses) that the connect map names: whoever answers there was put there on purpose."""

    async def run(self) -> None:
        domains = [self._mail_domain(domain) for domain in self.inventory.domains]
        exchanges = await asyncio.gather(*(self._mx_hosts(domain) for domain in domains))
        served: dict[str, list[MailDomain]] = {host.name: [] for host in self.inventory.hosts}
        for domain, hosts in zip(domains, exchanges, strict=True):
            self.targets.add(domain)
            for selector in domain.selectors:
                self.targets.add(Selector(selector, domain.name, domain.active))
            if isinstance(hosts, NotObserved):
                for kind in (MailHost, Endpoint, MailExchange, SendingAddress):
                    self._undiscovered(kind, f"MX of {domain.name}", hosts, (domain.name,), (Role.MX,))
                continue
            for host in hosts[:MAX_MX_HOSTS]:
                served.setdefault(host, []).append(domain)
            if len(hosts) > MAX_MX_HOSTS:
                surplus = NotObserved(f"{len(hosts)} MX hosts: only the first {MAX_MX_HOSTS} are looked at")
                self._undiscovered(Endpoint, f"MX of {domain.name}", surplus, (domain.name,), (Role.MX,))
        found = await asyncio.gather(*(self._host(name) for name in served))
        for entry in found:
            self._add_host(entry, served[entry.name])
        self._add_senders()
        await self._add_zones()

    def _mail_domain(self, domain: Domain) -> MailDomain:
        return MailDomain(
            name=domain.name,
            sends=domain.sends and not domain.parked,
            receives=domain.receives and not domain.parked,
            selectors=tuple(domain.selectors),
            backup_mx=tuple(domain.backup_mx),
            roles=tuple(domain.mailboxes),
            unknown=tuple(domain.unknown),
            active=self._consent(domain.active),
            insists_on_mail=domain.insists_on_mail,
        )

    def _consent(self, own: bool | None) -> bool:
        return self.inventory.active if own is None else own

    async def _mx_hosts(self, domain: MailDomain) -> list[str] | NotObserved:
        """Names of the MX hosts of a domain, most preferred first; none where it takes no mail.

        A domain without MX records is its own host, if it has an address (RFC 5321, section 5.1).
        """
        try:
            answer = await self.dns.resolve(domain.name, "MX")
            if answer.empty and domain.receives:
                return await self._implicit_mx([domain.name, *answer.aliases][-1])
        except NotObserved as failure:
            return failure
        names = [record.target for record in sorted(answer.records, key=_preference)]
        return list(dict.fromkeys(name for name in names if is_host(name)))

    async def _implicit_mx(self, name: str) -> list[str]:
        answers = await asyncio.gather(*(self.dns.resolve(name, type) for type in ("A", "AAAA")))
        return [name] if any(answer.exists for answer in answers) else []

    async def _host(self, name: str) -> _Host:
        declared = next((host for host in self.inventory.hosts if host.name == name), None)
        if declared and declared.addresses:
            return _Host(name, tuple(declared.addresses))
        answers = await asyncio.gather(
            self.dns.resolve(name, "A"), self.dns.resolve(name, "AAAA"), return_exceptions=True
        )
        addresses: list[str] = []
        failures: list[NotObserved] = []
        for answer in answers:
            if isinstance(answer, NotObserved):
                failures.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                addresses.extend(str(ip_address(record.data)) for record in answer.records)
        found = tuple(dict.fromkeys(addresses))
        if len(found) > MAX_ADDRESSES:
            failures.append(NotObserved(f"{len(found)} addresses: only the first {MAX_ADDRESSES} are looked at"))
        return _Host(name, found[:MAX_ADDRESSES], tuple(failures))

    def _add_host(self, host: _Host, served: list[MailDomain]) -> None:
        declared = next((entry for entry in self.inventory.hosts if entry.name == host.name), None)
        names = tuple(domain.name for domain in served)
        active = self._host_consents(host.name, declared, served)
        dead = declared.dead if declared else False
        has_addresses = bool(declared and declared.addresses)
        self.targets.add(MailHost(host.name, names, active, has_addresses))
        services = list(declared.services()) if declared else []
        if served and not any(role is Role.MX for role, _ in services):
            services.insert(0, (Role.MX, 25))
        roles = tuple(dict.fromkeys(role for role, _ in services))
        failures = list(host.failures)
        addresses = host.addresses
        if declared is None:
            addresses = tuple(address for address in addresses if self._within_budget(address, names))
            if len(addresses) < len(host.addresses):
                failures.append(NotObserved("too many MX hosts and addresses: only the first ones are looked at"))
        for failure in failures:
            for kind in (Endpoint, MailExchange, SendingAddress) if served else (Endpoint,):
                self._undiscovered(kind, f"addresses of {host.name}", failure, names, roles, host.name)
        for address in addresses:
            for role, port in services:
                self._add_endpoint(Endpoint(host.name, address, port, role, names, active, dead), served)

    def _host_consents(self, name: str, declared: Host | None, served: list[MailDomain]) -> bool:
        """Whether a host may be probed actively.

        Consent belongs to the host that is probed. A no wins, whether the host or a domain that it serves says it.
        What a domain or the whole inventory says is inherited only by hosts that the inventory names, and by those
        below its own domains and zones: the MX of a domain may be anybody's.
        """
        words = [declared.active if declared else None, *(self._said[domain.name] for domain in served)]
        if False in words:
            return False
        if declared is not None and declared.active:
            return True
        labels = name.split(".")
        named = declared is not None or name in self._led_elsewhere
        ours = named or any(".".join(labels[n:]) in self._own_zones for n in range(len(labels)))
        return ours and (self.inventory.active or True in words)

    def _within_budget(self, address: str, domains: tuple[str, ...]) -> bool:
        """Count an address of an MX host for the domains that name the host, and say whether one may look at it."""
        within = False
        for domain in domains:
            self._mx_addresses[domain] += 1
            self._names_of_address[domain, address] += 1
            few_addresses = self._mx_addresses[domain] <= MAX_MX_ADDRESSES
            within |= few_addresses and self._names_of_address[domain, address] <= MAX_NAMES_OF_ADDRESS
        return within

    def _add_endpoint(self, endpoint: Endpoint, served: list[MailDomain]) -> None:
        if not self._may_contact(endpoint):
            failure = NotFollowed(
                f"{endpoint.address} is not a public address and is not followed; "
                "allow_private: true in the inventory allows it"
            )
            self._undiscovered(Endpoint, endpoint.id, failure, endpoint.domains, (endpoint.role,), endpoint.host)
            if endpoint.role is Role.MX and served:
                self._undiscovered(MailExchange, endpoint.id, failure, endpoint.domains, host=endpoint.host)
            return
        self.targets.add(endpoint)
        if endpoint.role is Role.MX:
            for domain in served:
                self.targets.add(MailExchange(domain, endpoint))
            if not endpoint.dead:
                self.targets.add(SendingAddress(endpoint.address, None, endpoint.domains, False, endpoint.active))

    def _may_contact(self, endpoint: Endpoint) -> bool:
        named = any(endpoint.address in host.addresses for host in self.inventory.hosts)
        return named or self.settings.may_contact(endpoint.address, endpoint.port, endpoint.host)

    def _add_senders(self) -> None:
        sending_domains = tuple(domain.name for domain in self.inventory.domains if domain.sends and not domain.parked)
        declared = []
        by_helo: dict[str, list[str]] = {}
        for sender in self.inventory.sending:
            domains = tuple(sender.domains) if sender.domains is not None else sending_domains
            declared.append(SendingAddress(sender.address, sender.helo, domains, True, self.inventory.active))
            if sender.helo:
                by_helo.setdefault(sender.helo, []).append(sender.address)
            for domain in domains:
                self.targets.add(AuthorisedSender(domain, sender.address, sender.helo))
        found = self.targets.of(SendingAddress)
        senders = Targets.collect([*declared, *found])
        self.targets.replace(SendingAddress, senders)
        for name, addresses in by_helo.items():
            known = [sender for sender in declared if sender.helo == name]
            domains = tuple(dict.fromkeys(domain for sender in known for domain in sender.domains))
            self.targets.add(HeloName(name, tuple(addresses), domains))
        for target in self.targets.of(SendingAddress):
            if isinstance(target, SendingAddress):
                family = f"ipv{ip_address(target.address).version}"
                for blocklist in self.inventory.blocklists:
                    if family in blocklist.families:
                        self.targets.add(BlocklistEntry(target.address, blocklist.name, target.domains))

    async def _add_zones(self) -> None:
        names = dict.fromkeys(domain.name for domain in self.inventory.domains)
        cuts = await asyncio.gather(*(self._zone_of(name) for name in names))
        zones: dict[str, list[str]] = {}
        for name, cut in zip(names, cuts, strict=True):
            if isinstance(cut, NotObserved):
                self._undiscovered(Zone, f"zone of {name}", cut, (name,))
            elif cut is not None:
                zones.setdefault(cut, []).append(name)
        for zone in self.inventory.zones:
            zones.setdefault(zone, [])
        found = [Zone(name, self.inventory.active, tuple(domains)) for name, domains in zones.items()]
        for target in found:
            self.targets.add(target)
        for servers in await asyncio.gather(*(self._name_servers(zone) for zone in found)):
            for server in servers:
                self.targets.add(server)

    async def _zone_of(self, name: str) -> str | NotObserved | None:
        """The zone that holds ``name``: the owner of the SOA that comes with an answer (RFC 2308, section 3).

        None for a name that does not exist: the zone above it has nothing to do with the inventory.

        Where the answer does not validate it is asked for again without validation (CD, RFC 4035, section
        3.2.2): a bogus zone has to be found before a control can say that it is bogus.
        """
        try:
            answer = await self._unvalidated(name, "SOA")
        except NotObserved as failure:
            return failure
        if answer.nonexistent:
            return None
        owners = [record.name for record in (*answer.records, *answer.authority) if record.type == "SOA"]
        return owners[0] if owners else name

    async def _unvalidated(self, name: str, type: str) -> Answer:
        """The answer, even if it does not validate: a bogus zone is a target, and what is wrong with it is for
        controls.
        """
        try:
            return await self.dns.resolve(name, type)
        except Bogus:
            return await self.dns.resolve(name, type, checking_disabled=True)

    async def _name_servers(self, zone: Zone) -> list[NameServer | Undiscovered]:
        try:
            answer = await self._unvalidated(zone.name, "NS")
        except NotObserved as failure:
            return [_undiscovered(NameServer, f"name servers of {zone.name}", failure, zone.domains)]
        names = list(dict.fromkeys(record.target for record in answer.records))[:MAX_NAME_SERVERS]
        servers: list[NameServer | Undiscovered] = []
        for host in await asyncio.gather(*(self._host(name) for name in names)):
            servers += [
                _undiscovered(NameServer, f"addresses of {host.name}", unknown, zone.domains)
                for unknown in host.failures
            ]
            if not host.addresses and not host.failures:
                servers.append(NameServer(zone.name, host.name, "", domains=zone.domains))
            for address in host.addresses:
                if len(servers) >= MAX_SERVER_ADDRESSES:
                    surplus = NotObserved(f"only the first {MAX_SERVER_ADDRESSES} addresses are looked at")
                    servers.append(_undiscovered(NameServer, f"name servers of {zone.name}", surplus, zone.domains))
                    return servers
                server = NameServer(zone.name, host.name, address, domains=zone.domains)
                if self.settings.may_contact(address, 53, host.name):
                    servers.append(server)
                else:
                    private = NotObserved(f"{address} is not a public address and is not followed")
                    servers.append(_undiscovered(NameServer, server.id, private, zone.domains))
        return servers

    def _undiscovered(
        self,
        kind: type[Target],
        name: str,
        failure: NotObserved,
        domains: tuple[str, ...],
        roles: tuple[Role, ...] = (),
        host: str = "",
    ) -> None:
        self.targets.add(_undiscovered(kind, name, failure, domains, roles, host))


def _undiscovered(
    kind: type[Target],
    name: str,
    failure: NotObserved,
    domains: tuple[str, ...],
    roles: tuple[Role, ...] = (),
    host: str = "",
) -> Undiscovered:
    return Undiscovered(
        kind.__name__, name, failure.reason, failure.evidence, domains, failure=failure.kind, roles=roles, host=host
    )


def _preference(record: ResourceRecord) -> tuple[int, str]:
    return record.rdata(MX).preference, record.target
