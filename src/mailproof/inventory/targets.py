"""Targets: the things that controls judge. Each has an ``id`` that reads well and stays the same between runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from mailproof.net.errors import KINDS, NotObserved


class Role(StrEnum):
    """What a mail host does."""

    MX = "mx"
    SUBMISSION = "submission"
    IMAP = "imap"
    POP3 = "pop3"


DEFAULT_PORTS: dict[Role, tuple[int, ...]] = {
    Role.MX: (25,),
    Role.SUBMISSION: (587, 465),
    Role.IMAP: (993,),
    Role.POP3: (995,),
}

IMPLICIT_TLS_PORTS = frozenset({465, 993, 995})
"""Ports on which TLS starts with the first octet (RFC 8314, section 3)."""


class Target:
    """Base of all targets. ``id`` identifies one among those of its type; ``active`` is the owner's consent."""

    @property
    def id(self) -> str:
        raise NotImplementedError

    @property
    def active(self) -> bool:
        raise NotImplementedError

    @property
    def dead(self) -> bool:
        """Whether the inventory says that the target does not answer, on purpose."""
        return False

    @property
    def mail_domains(self) -> tuple[str, ...]:
        """The mail domains that the target belongs to, as far as it knows by itself."""
        raise NotImplementedError


@dataclass(frozen=True)
class MailDomain(Target):
    """A domain that sends mail, receives mail, or is parked and does neither."""

    name: str
    sends: bool = True
    receives: bool = True
    selectors: tuple[str, ...] = ()
    backup_mx: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("postmaster", "abuse")
    """Local parts that must be accepted (RFC 2142)."""
    unknown: tuple[str, ...] = ()
    """Local parts known not to exist. Empty: one is made up."""
    active: bool = False
    insists_on_mail: bool = False
    """The inventory itself says that the domain receives mail: a null MX is a mistake then."""

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def id(self) -> str:
        return self.name

    @property
    def parked(self) -> bool:
        return not (self.sends or self.receives)


@dataclass(frozen=True)
class Zone(Target):
    """A DNS zone: a cut in the tree with name servers of its own."""

    name: str
    active: bool = False
    domains: tuple[str, ...] = ()
    """The mail domains that lie in the zone."""

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return self.domains

    @property
    def id(self) -> str:
        return self.name


@dataclass(frozen=True)
class NameServer(Target):
    """One address of one name server of one zone. ``address`` is empty where the server's name has none."""

    zone: str
    host: str
    address: str
    active: bool = False
    domains: tuple[str, ...] = ()
    """The mail domains that lie in the zone."""

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return self.domains

    @property
    def id(self) -> str:
        return f"{self.zone}@{self.host}[{self.address}]" if self.address else f"{self.zone}@{self.host}"


@dataclass(frozen=True)
class MailHost(Target):
    """A host that domains name as their MX, or that the inventory names."""

    name: str
    domains: tuple[str, ...] = ()
    """The mail domains whose mail goes to this host: their MX records name it, or it is the domain itself."""
    active: bool = False
    has_addresses: bool = False
    """The inventory gives the addresses of the host, whatever the DNS says."""

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return self.domains

    @property
    def id(self) -> str:
        return self.name


@dataclass(frozen=True)
class Endpoint(Target):
    """One service of one host at one address: ``mx1.example.org[192.0.2.25]:25``."""

    host: str
    address: str
    port: int
    role: Role
    domains: tuple[str, ...] = ()
    """The mail domains that this endpoint serves as MX."""
    active: bool = False
    dead: bool = False

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return self.domains

    @property
    def id(self) -> str:
        return f"{self.host}[{self.address}]:{self.port}"

    @property
    def implicit_tls(self) -> bool:
        return self.port in IMPLICIT_TLS_PORTS

    @property
    def starttls(self) -> str | None:
        """The protocol whose STARTTLS leads to TLS here; None where TLS starts at once."""
        if self.implicit_tls:
            return None
        return "smtp" if self.role in (Role.MX, Role.SUBMISSION) else str(self.role)


@dataclass(frozen=True)
class MailExchange(Target):
    """One address that receives the mail of one domain: ``example.org@mx1.example.org[192.0.2.25]:25``."""

    domain: MailDomain
    endpoint: Endpoint

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return (self.domain.name,)

    @property
    def id(self) -> str:
        return f"{self.domain.name}@{self.endpoint.id}"

    @property
    def active(self) -> bool:
        """Consent belongs to the host that is asked; what its domains say is part of it."""
        return self.endpoint.active

    @property
    def dead(self) -> bool:
        return self.endpoint.dead


@dataclass(frozen=True)
class SendingAddress(Target):
    """An address that mail leaves from, or that receives mail for the inventory's domains and may send as well."""

    address: str
    helo: str | None = None
    domains: tuple[str, ...] = ()
    declared: bool = True
    """Whether the inventory names it; otherwise it was found as the address of an MX host."""
    active: bool = False

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return self.domains

    @property
    def id(self) -> str:
        return self.address


@dataclass(frozen=True)
class HeloName(Target):
    """A name that hosts of the inventory say in EHLO, with the addresses that say it."""

    name: str
    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    active: bool = False

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return self.domains

    @property
    def id(self) -> str:
        return self.name


@dataclass(frozen=True)
class AuthorisedSender(Target):
    """A (domain, address) pair of the inventory: mail of the domain leaves from the address."""

    domain: str
    address: str
    helo: str | None = None
    active: bool = False

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return (self.domain,)

    @property
    def id(self) -> str:
        return f"{self.domain}@{self.address}"


@dataclass(frozen=True)
class Selector(Target):
    """A DKIM selector of a domain: the name ``selector._domainkey.domain`` (RFC 6376, section 3.1)."""

    selector: str
    domain: str
    active: bool = False

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return (self.domain,)

    @property
    def id(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True)
class BlocklistEntry(Target):
    """One address on one DNS blocklist: ``192.0.2.25@bl.example``."""

    address: str
    blocklist: str
    """The list's name in the inventory; its zone may hold a secret and is not part of the id."""
    domains: tuple[str, ...] = ()
    active: bool = False

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return self.domains

    @property
    def id(self) -> str:
        return f"{self.address}@{self.blocklist}"


@dataclass(frozen=True)
class Undiscovered(Target):
    """Stands for targets that could not be found out. Whatever is asked of it is inconclusive with ``reason``."""

    type: str
    """Name of the target type that is missing."""
    name: str
    reason: str
    evidence: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    active: bool = False
    failure: str = NotObserved.kind
    """The kind of failure that ``reason`` tells of."""
    host: str = ""
    """The mail host whose targets are missing; empty where it is no host's."""
    roles: tuple[Role, ...] = ()
    """What the missing endpoints do: only controls of these roles stand open. Empty: all."""

    @property
    def mail_domains(self) -> tuple[str, ...]:
        return self.domains

    @property
    def id(self) -> str:
        return self.name

    def not_observed(self) -> NotObserved:
        """The failure itself."""
        return KINDS.get(self.failure, NotObserved)(self.reason, self.evidence)


TARGET_TYPES: dict[str, type[Target]] = {
    cls.__name__: cls
    for cls in (
        MailDomain,
        Zone,
        NameServer,
        MailHost,
        Endpoint,
        MailExchange,
        SendingAddress,
        HeloName,
        AuthorisedSender,
        Selector,
        BlocklistEntry,
        Undiscovered,
    )
}


@dataclass
class Targets:
    """All targets of a run, in the order of the inventory, each id once per type."""

    _by_type: dict[str, dict[str, Target]] = field(default_factory=dict)
    _by_domain: dict[tuple[str, str], list[Target]] = field(default_factory=dict)
    """By type and mail domain; made when it is first asked for."""

    def add(self, target: Target) -> None:
        """Keep ``target`` unless one of its type and id is known already: the first one stays."""
        kind = target.type if isinstance(target, Undiscovered) else type(target).__name__
        known = self._by_type.setdefault(kind, {})
        known.setdefault(target.id, target)
        self._by_domain.clear()

    def replace(self, kind: type[Target], targets: Targets) -> None:
        """Put the targets of one type from ``targets`` in the place of those here."""
        self._by_type[kind.__name__] = targets._by_type.get(kind.__name__, {})
        self._by_domain.clear()

    def of(self, kind: type[Target]) -> tuple[Target, ...]:
        """The targets of a type, Undiscovered ones standing in for it included."""
        return tuple(self._by_type.get(kind.__name__, {}).values())

    def of_domain(self, kind: type[Target], domain: str) -> tuple[Target, ...]:
        """The targets of a type that belong to a mail domain, Undiscovered ones standing in for it included."""
        if not self._by_domain:
            for name, known in self._by_type.items():
                for target in known.values():
                    for served in target.mail_domains:
                        self._by_domain.setdefault((name, served), []).append(target)
        return tuple(self._by_domain.get((kind.__name__, domain), ()))

    def __iter__(self) -> Iterator[Target]:
        for known in self._by_type.values():
            yield from known.values()

    def __len__(self) -> int:
        return sum(len(known) for known in self._by_type.values())

    @classmethod
    def collect(cls, targets: Iterable[Target]) -> Targets:
        collected = cls()
        for target in targets:
            collected.add(target)
        return collected


def host_concerned(target: Target) -> str:
    """The mail host that a target is about, found or not; empty where it is about none."""
    return (target.host if isinstance(target, Undiscovered) else host_of(target)) or ""


def host_of(target: Target) -> str | None:
    """The mail host that a target is, or is a service of."""
    match target:
        case MailHost() | HeloName():
            return target.name
        case Endpoint():
            return target.host
        case MailExchange():
            return target.endpoint.host
    return None
