"""The inventory as a typed model (pydantic 2). Descriptions here are the inventory reference and the JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mailproof.inventory.drill import Drills
from mailproof.inventory.evidence import ChainFile, Configuration, EvidenceFile, UserKeys
from mailproof.inventory.exercise import OwnMailbox, require_ours
from mailproof.inventory.limits import LimitsPart
from mailproof.inventory.parts import Part
from mailproof.inventory.report_sources import AnyReportSource
from mailproof.inventory.reputation import Blocklist, Partner, Registration
from mailproof.inventory.resolvers import Canaries, ResolverUnderTest
from mailproof.inventory.routing import Routing
from mailproof.inventory.tester import TesterPart, own_name
from mailproof.inventory.trust import Trust
from mailproof.inventory.values import (
    Address,
    ConnectKey,
    ConnectValue,
    DomainName,
    FileOrURL,
    HostRole,
    LocalPart,
    Mailbox,
    NetworkOrName,
    Port,
    ResolverAddress,
    Selector,
    Site,
    ZoneName,
    connect_key,
    keys_once,
    socket_address,
    unique,
    wrong,
)
from mailproof.inventory.zone_sources import KEPT, ZoneFiles, files_of
from mailproof.net.avoided import Avoided
from mailproof.net.services import MX, SERVICES, Service
from mailproof.net.settings import Limits, NetSettings


def _usual_ports() -> str:
    """The ports of every service, as people write them: ``mx 25; submission 587, 465``."""
    return "; ".join(f"{service.name} {', '.join(map(str, service.ports))}" for service in SERVICES.values())


def _shorthand(key: str, part: type[Part]) -> BeforeValidator:
    """Let a plain string stand for a ``part`` that has only ``key``."""
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str) else value, json_schema_input_type=str | part
    )


def _date(value: Any) -> Any:
    if isinstance(value, str):
        try:
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise wrong(f"{value!r} is not a day, like 2027-03-31")
    return value


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_date, json_schema_input_type=str)]
Parameters = dict[str, dict[str, Any]]
Owner = Annotated[str, BeforeValidator(_stripped), Field(min_length=1)]


class Waiver(Part):
    """An accepted finding. What could not be verified stays inconclusive unless the waiver says that it covers it."""

    control: str = Field(min_length=1, description="Id of the control, or a pattern with * and ?, like TLS-NO-*.")
    target: str = Field(
        min_length=1,
        description="Id of the target as reports show it, or a pattern, like mx1.example.org*.",
    )
    reason: str = Field(min_length=1, description="Why the finding is accepted; shown in every report.")
    inconclusive: bool = Field(False, description="Whether it also covers what could not be verified there.")
    expires: Day = Field(description="The last day on which the waiver holds (YYYY-MM-DD, UTC).")
    owner: Owner | None = Field(None, description="Who answers for it.")
    ticket: str | None = Field(None, description="Where it is dealt with.")


class Domain(Part):
    """A mail domain. A plain name stands for an entry with nothing but `name`."""

    name: DomainName = Field(description="The domain, like example.org. U-labels are turned into A-labels.")
    sends: bool = Field(True, description="Whether mail is sent from this domain.")
    receives: bool = Field(True, description="Whether the domain takes mail. A null MX says no by itself.")
    parked: bool = Field(False, description="The domain neither sends nor receives; short for both set to false.")
    selectors: Annotated[list[Selector], AfterValidator(unique)] = Field(
        default=[], description="DKIM selectors in use. They cannot be discovered from outside."
    )
    backup_mx: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[], description="MX hosts that are declared to be backups of the others."
    )
    filter_mx: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[], description="MX hosts that filter mail and hand it on, and deliver none."
    )
    delivery_host: DomainName | None = Field(
        None, description="The one host that delivers the domain's mail. Every other MX host is a backup or a filter."
    )
    behind: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[],
        description="Hosts behind the filter that the MX records name, like example-org.mail.protection.outlook.com: "
        "they should take the domain's mail from nobody else. Asked with consent of their own, as any host is.",
    )
    mailboxes: Annotated[list[LocalPart], AfterValidator(unique)] = Field(
        default=["postmaster", "abuse"], description="Role mailboxes that must be accepted (RFC 2142)."
    )
    unknown: Annotated[list[LocalPart], AfterValidator(unique)] = Field(
        default=[], description="Local parts known not to exist. Without any, one is made up, the same in every run."
    )
    active: bool | None = Field(
        None, description="Consent to active probes for this domain and for its hosts below the inventory's domains."
    )
    profile: str | None = Field(None, description="Profile for this domain: a shipped one by name, or a file.")
    controls: Parameters = Field(default={}, description="Parameters of controls for this domain, by control id.")
    formerly: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[], description="Earlier names of the domain: a baseline's results under them are followed."
    )

    owner: Owner | None = Field(
        None,
        description="Who answers for the domain: named beside its findings, and by `mailproof report --owner`.",
    )

    @property
    def key(self) -> str:
        return self.name

    @property
    def insists_on_mail(self) -> bool:
        """Whether the inventory says by itself that the domain takes mail, and does not only leave it open."""
        return self.receives and not self.parked and ("receives" in self.model_fields_set or bool(self.backup_mx))

    @model_validator(mode="after")
    def _parked_is_consistent(self) -> Self:
        if self.parked and {"sends", "receives"} & self.model_fields_set and (self.sends or self.receives):
            raise wrong("parked: true contradicts sends: true or receives: true")
        return self


class Host(Part):
    """A mail host. MX hosts of the domains are found by themselves; name a host to add roles, ports or consent."""

    name: DomainName = Field(description="The host's name, like mail.example.org.")
    roles: Annotated[list[HostRole], AfterValidator(unique)] = Field(
        default=[MX.name], min_length=1, description=f"What the host does: {', '.join(SERVICES)}."
    )
    ports: dict[HostRole, Annotated[list[Port], Field(min_length=1)]] = Field(
        default={},
        description=f"Ports by role where they differ from {_usual_ports()}.",
    )
    addresses: Annotated[list[Address], AfterValidator(unique)] = Field(
        default=[], description="Addresses to test instead of those that the DNS gives."
    )
    active: bool | None = Field(
        None, description="Consent to active probes of this host. A false here or at a domain that it serves wins."
    )
    scan: bool | None = Field(
        None,
        description="Consent to a deep scan of this host's TLS; what is said here wins over the inventory's `scan`.",
    )
    dead: bool = Field(
        False, description="The host must not answer at port 25 (a first MX for nolisting); nothing else is judged."
    )
    own_key: bool = Field(
        False, description="No other host of the run may show the key of this one's certificates (CERT-KEY-REUSE)."
    )
    behind: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[],
        description="The servers behind this host, if it is a balancer: hosts of this list, which must be like it.",
    )
    profile: str | None = Field(None, description="Profile for this host: a shipped one by name, or a file.")
    controls: Parameters = Field(default={}, description="Parameters of controls for this host, by control id.")
    formerly: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[], description="Earlier names of the host: a baseline's results under them are followed."
    )

    owner: Owner | None = Field(
        None,
        description="Who answers for the host and its services, whoever has the domains that it serves.",
    )

    @property
    def key(self) -> str:
        return self.name

    @model_validator(mode="after")
    def _ports_belong_to_roles(self) -> Self:
        for role in self.ports:
            if role not in self.roles:
                raise wrong(f"ports are given for the role {role}, which is not among the roles")
        return self

    def services(self) -> Iterator[tuple[Service, int]]:
        """Every service of the host with each of its ports."""
        for role in self.roles:
            for port in self.ports.get(role, SERVICES[role].ports):
                yield SERVICES[role], port


class Sender(Part):
    """An address that mail leaves from. A plain address stands for an entry with nothing but `address`."""

    address: Address = Field(description="IPv4 or IPv6 address.")
    helo: DomainName | None = Field(None, description="The name said in EHLO from this address.")
    domains: Annotated[list[DomainName], AfterValidator(unique)] | None = Field(
        None, description="Domains whose mail leaves here; without it, all sending domains of the inventory."
    )

    @property
    def key(self) -> str:
        return self.address


CONTENT = (
    "domains",
    "hosts",
    "sending",
    "zones",
    "web_hosts",
    "resolvers_under_test",
    "zone_files",
    "configurations",
    "chain_files",
    "user_keys",
    "captures",
    "reports",
    "messages",
    "logs",
    "private_keys",
)
"""An inventory without any of these has nothing to check."""


class Inventory(Part):
    """What to check, and with which consent."""

    domains: Annotated[list[Annotated[Domain, _shorthand("name", Domain)]], AfterValidator(unique)] = Field(
        default=[], description="Mail domains. `domains: [example.org]` is a complete inventory."
    )
    domains_from: str | None = Field(
        None, description="A file of mail domains, one a line, in gzip or not. `domains` may say more of them."
    )
    hosts: Annotated[list[Annotated[Host, _shorthand("name", Host)]], AfterValidator(unique)] = Field(
        default=[], description="Mail hosts with roles that the DNS does not tell, or with their own consent."
    )
    sending: Annotated[list[Annotated[Sender, _shorthand("address", Sender)]], AfterValidator(unique)] = Field(
        default=[], description="Addresses that mail leaves from."
    )
    zones: Annotated[list[ZoneName], AfterValidator(unique)] = Field(
        default=[], description="Zones to check besides those that hold the domains (reverse zones, say)."
    )
    web_hosts: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[],
        description="Web sites of the domains, like example.org and webmail.example.org: a page of each is looked at.",
    )
    name_servers: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[], description="Name servers that zones may have. Without any, every name server is approved of."
    )
    mx_hosts: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[], description="MX hosts that domains may have. Without any, every MX host is approved of."
    )
    resolvers: Annotated[list[ResolverAddress], AfterValidator(unique)] = Field(
        default=[], description="Recursive resolvers to ask, in order. Without any, those of the system."
    )
    resolvers_under_test: Annotated[
        list[Annotated[ResolverUnderTest, _shorthand("address", ResolverUnderTest)]], AfterValidator(unique)
    ] = Field(default=[], description="Resolvers that the mail hosts use, to be looked at themselves.")
    canaries: Canaries = Field(Canaries(), description="Names that show what a resolver does.")
    wildcards: Annotated[list[ZoneName], AfterValidator(unique)] = Field(
        default=[], description="Names below which a wildcard stands on purpose: example.org for *.example.org."
    )
    blocklists: Annotated[list[Annotated[Blocklist, _shorthand("name", Blocklist)]], AfterValidator(unique)] = Field(
        default=[], description="DNS lists of addresses and domains."
    )
    routing: Routing = Field(Routing(), description="Where routes to addresses are looked up, and who permits them.")
    registration: Registration = Field(Registration(), description="What registries are asked (RDAP).")
    drop: Annotated[list[FileOrURL], AfterValidator(unique)] = Field(
        default=[],
        description="Lists of networks that nobody should route, like Spamhaus DROP: files, or their https URLs.",
    )
    trusted: Annotated[list[DomainName], AfterValidator(unique)] = Field(
        default=[], description="Domains of others whose names may decide where our mail goes. Without any: all."
    )
    lookalikes: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="Names that look like each domain, and are looked up to see whether they exist: how many."
    )
    active: bool = Field(
        False,
        description="Consent to probes that a server owner may notice, for all domains and zones of the inventory, the "
        "hosts below them, and the hosts that it names; unless a domain or host says false.",
    )
    scan: bool = Field(
        False,
        description="Consent to a deep scan of TLS by sslyze, some thirty connections to an endpoint with broken "
        "handshakes (Heartbleed, early CCS, ROBOT, renegotiation), for the hosts that `active` speaks of, unless one "
        "says false.",
    )
    do_not_contact: Annotated[list[NetworkOrName], AfterValidator(unique)] = Field(
        default=[],
        description="Networks, addresses and names (with all names below them) to which no connection is made and no "
        "question sent, whatever else in the inventory allows it. Resolvers are asked about them nevertheless.",
    )
    contact: Mailbox | None = Field(None, description="Whom to ask about these tests; shown in reports.")
    documentation: Site = None
    crl: bool = Field(
        True,
        description="Ask CAs over HTTP whether they revoked the certificates that were seen: one request to a list.",
    )
    probe: TesterPart = Field(TesterPart(), description="Who we say we are.")
    limits: LimitsPart = Field(LimitsPart(), description="Patience and manners.")
    trust: Trust = Field(Trust(), description="Whom to believe.")
    connect: Annotated[dict[ConnectKey, ConnectValue], keys_once(connect_key)] = Field(
        default={}, description="Where connections really go: ADDRESS:PORT or HOST:PORT to ADDRESS:PORT."
    )
    zone_files: ZoneFiles = Field(default={}, description=f"Zones answered from {KEPT} instead of the network.")
    allow_private: bool = Field(
        False, description="Follow names that lead to loopback, link-local or private addresses."
    )
    world: str | None = Field(
        None, description="Offline world to run against: a shipped one by name (demo), or a directory."
    )
    profile: str | None = Field(
        None, description="Profile for all that names none of its own: a shipped one by name, or a file."
    )
    controls: Parameters = Field(
        default={}, description="Parameters of controls by id, like SPF-ALL-STRICT: {accept: ['-all', '~all']}."
    )
    waivers: list[Waiver] = Field(default=[], description="Accepted findings.")
    rules: Annotated[list[EvidenceFile], AfterValidator(unique)] = Field(
        default=[], description="House rules: test files or directories of your own, judged with the suite."
    )
    configurations: Annotated[list[Configuration], AfterValidator(unique)] = Field(
        default=[], description="Configuration files of programs on the hosts, judged as they stand."
    )
    chain_files: Annotated[list[ChainFile], AfterValidator(unique)] = Field(
        default=[], description="Files of certificates as servers read them, judged before or after they are in use."
    )
    user_keys: Annotated[list[UserKeys], AfterValidator(unique)] = Field(
        default=[], description="Mail addresses whose keys are published for others to encrypt to."
    )
    own_mailboxes: Annotated[list[OwnMailbox], AfterValidator(unique)] = Field(
        default=[], description="Mailboxes of the domains that `mailproof exercise` may send test mail to."
    )
    drills: Drills = Field(Drills(), description="What `mailproof drill` may watch while a part of it is down.")
    captures: Annotated[list[EvidenceFile], AfterValidator(unique)] = Field(
        default=[], description="Directories that `mailproof capture HOST` wrote."
    )
    reports: Annotated[list[AnyReportSource], AfterValidator(unique)] = Field(
        default=[],
        description="Reports of receivers (DMARC, TLS): files or directories of them, maildir:PATH, sqlite:FILE (what "
        "`mailproof reports import` wrote), or an entry with a password.",
    )
    messages: Annotated[list[EvidenceFile], AfterValidator(unique)] = Field(
        default=[], description="Messages that were received: .eml files, or directories of them."
    )
    logs: Annotated[list[EvidenceFile], AfterValidator(unique)] = Field(
        default=[], description="Logs of mail servers: files, or directories of them."
    )
    vantage: Literal["outside", "inside"] = Field(
        "outside",
        description="Where this machine stands: outside of the hosts' own network, as strangers do, or inside it. What "
        "strangers reach of the programs that watch the machines is judged from outside alone.",
    )
    partners: Annotated[list[Partner], AfterValidator(unique)] = Field(
        default=[],
        description="Who your users exchange mail with and who must never be refused: domains, addresses, networks. "
        "Refusals in logs are held against them.",
    )
    private_keys: Annotated[list[EvidenceFile], AfterValidator(unique)] = Field(
        default=[],
        description="Private DKIM keys of the signers: files, or directories of them. Only their public halves are "
        "looked at, and nothing else of them is kept.",
    )

    broken_keys: Annotated[list[EvidenceFile], AfterValidator(unique)] = Field(
        default=[],
        description="Lists of keys that are known to be broken, which DKIM keys are looked up in: files in the form of "
        "badkeys' blocklist.dat (`badkeys --update-bl` fetches it).",
    )

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if not any(getattr(self, key) for key in CONTENT):
            raise wrong(f"nothing to check: give at least one of {', '.join(CONTENT)}")
        return self

    @model_validator(mode="after")
    def _what_is_tried_is_ours(self) -> Self:
        domains = {domain.name for domain in self.domains}
        require_ours(self.own_mailboxes, domains)
        self.drills.require_ours(domains, {name for host in self.hosts for name in (host.name, *host.behind)})
        return self

    @model_validator(mode="after")
    def _former_names_are_former(self) -> Self:
        for entries in (self.domains, self.hosts):
            names = {entry.name for entry in entries}
            seen: set[str] = set()
            for entry in entries:
                for former in entry.formerly:
                    if former in names:
                        raise wrong(f"{entry.name} was formerly {former}, but {former} is still in the inventory")
                    if former in seen:
                        raise wrong(f"{former} is the former name of two entries")
                    seen.add(former)
        return self

    @property
    def renamed(self) -> dict[str, str]:
        """Former names of domains and hosts to their present ones."""
        entries: list[Domain | Host] = [*self.domains, *self.hosts]
        return {former: entry.name for entry in entries for former in entry.formerly}

    def net_settings(self) -> NetSettings:
        """What the clients need of this inventory, zones aside that are named by where they are kept."""
        ehlo = self.probe.ehlo or own_name()
        return NetSettings(
            resolvers=tuple(socket_address(text, 53) for text in self.resolvers),
            trust=self.trust.dnssec,
            ca_file=self.trust.ca_file,
            public_roots=self.trust.public_roots,
            trust_anchors=self.trust.trust_anchors,
            mark_authorities=self.trust.mark_authorities,
            ehlo_name=ehlo,
            sender=self.probe.sender or self.contact or f"postmaster@{ehlo}",
            outsider=self.probe.outsider,
            avoided=Avoided.of(self.do_not_contact),
            limits=Limits(**self.limits.model_dump()),
            connect={key: socket_address(value, None) for key, value in self.connect.items()},
            zone_files=files_of(self.zone_files),
            allow_private=self.allow_private,
        )
