"""SPF records by the letter of RFC 7208: selection, grammar, and the lookups that evaluation costs."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated

from mailproof.grammars.spf import (
    MAX_LOOKUPS,
    MAX_VOID_LOOKUPS,
    SPFRecord,
    Term,
    near_misses,
    parse_record,
    select_records,
)
from mailproof.net.dns.client import Answer
from mailproof.observations import Observation
from mailproof.observations.mx import takes_mail


@dataclass(frozen=True)
class PublishedSPF:
    """What stands at one name of the include and redirect tree. ``path`` are the terms that led here."""

    domain: str
    path: tuple[str, ...]
    answer: Annotated[Answer, "TXT"]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return select_records(tuple(record.text for record in self.answer.records))

    @cached_property
    def record(self) -> SPFRecord | None:
        """The record, if there is exactly one."""
        return parse_record(self.texts[0]) if len(self.texts) == 1 else None


@dataclass(frozen=True)
class SPF(Observation):
    """What stands at the domain's own name."""

    published: PublishedSPF
    type_99: Annotated[Answer | None, "SPF"] = None
    """What is published with the record type of RFC 4408; None where nobody asked."""

    @property
    def domain(self) -> str:
        return self.published.domain

    @property
    def texts(self) -> tuple[str, ...]:
        return self.published.texts

    @property
    def record(self) -> SPFRecord | None:
        return self.published.record

    @property
    def near_misses(self) -> tuple[str, ...]:
        return near_misses(tuple(record.text for record in self.published.answer.records))

    def evidence(self) -> tuple[str, ...]:
        withdrawn = self.type_99.evidence() if self.type_99 is not None and self.type_99.records else ()
        return (*self.published.answer.evidence(), *withdrawn)


_HOSTS = re.compile(r"[-+?~]?(?:a|mx)(?:[:/]|\Z)", re.IGNORECASE)


@dataclass(frozen=True)
class Lookup:
    """A term that costs a DNS query, at its place in the walk of a sender who matches nothing."""

    term: str
    domain: str
    """The domain whose record holds the term."""
    name: str | None
    """What is asked about; None where it depends on the sender (macros)."""
    void_ipv4: bool = False
    """Answered NXDOMAIN or empty for a client with an IPv4 address."""
    void_ipv6: bool = False
    mx_names: int = 0
    """How many names an ``mx`` term yields; more than ten are a permerror."""
    cost: int = 1
    """What the term counts towards the ten: itself, and each ``%{p}`` in it."""
    addresses: tuple[str, ...] = ()
    """Behind an ``a``, or an ``mx`` of the domain itself; of the MX hosts of others one is looked up, where a prefix
    lets their neighbours pass as well.
    """
    foreign: tuple[str, ...] = ()
    """Those of the addresses that belong to MX hosts outside of the domain: to a provider, mostly."""
    leads_nowhere: bool = False
    """No sender can match, though no lookup is void: the name is malformed (section 4.8), or has a null MX only."""

    @property
    def is_about_hosts(self) -> bool:
        """Whether the term is an ``a`` or ``mx`` (RFC 7208, sections 5.3 and 5.4)."""
        return _HOSTS.match(self.term) is not None

    @property
    def leads_to_record(self) -> bool:
        """Whether the term is an include or a redirect: where there is no record, evaluation ends in an error at once
        (RFC 7208, sections 5.2 and 6.1).
        """
        return self.term.lower().lstrip("-+?~").startswith(("include:", "redirect="))


@dataclass(frozen=True)
class Authorised:
    """Addresses that pass. ``term`` stands in the record of ``domain``; ``included`` is a record of somebody else's."""

    network: IPv4Network | IPv6Network
    term: str
    domain: str
    included: bool

    def __str__(self) -> str:
        return f"{self.term} of {self.domain} authorises {self.network}"


@dataclass(frozen=True)
class SPFTree(Observation):
    """The whole tree of include and redirect, walked as for a sender who matches nothing."""

    domain: str
    records: tuple[PublishedSPF, ...]
    lookups: tuple[Lookup, ...]
    loops: tuple[str, ...] = ()
    """Paths that lead back to a domain that is being evaluated."""
    cut_short: bool = False
    """The walk was ended because it cost too many lookups; there are more."""
    families: tuple[int, ...] = (4, 6)
    """Address families of the domain's senders; both where the inventory names none."""
    senders: tuple[str, ...] = ()
    """Addresses that send mail of the domain, by the inventory."""
    explanation: Annotated[Answer | None, "TXT"] = None
    """What stands where ``exp`` of the record that decides leads; None where it leads nowhere certain."""
    unregistered: tuple[tuple[str, str], ...] = ()
    """Pairs of a term and the domain that anybody could register to have what it names."""

    @cached_property
    def authorised(self) -> tuple[Authorised, ...]:
        """What passes: the networks of the records whose every include has the qualifier ``+`` (RFC 7208, section 5.2).

        ``exists`` and ``ptr`` are not among them, but for an ``exists`` that is true for everybody.
        """
        return self._passing(())

    def _passing(self, below: tuple[str, ...]) -> tuple[Authorised, ...]:
        """What passes the record to which the path ``below`` leads, with its own includes and redirects."""
        found: list[Authorised] = []
        addresses = {(lookup.term, lookup.domain): lookup for lookup in self.lookups}
        for published in self.records:
            path = published.path[len(below) :]
            elsewhere = published.path[: len(below)] != below
            if elsewhere or published.record is None or published.record.errors or _weakened(path):
                continue
            included = any(not term.lower().startswith("redirect=") for term in published.path)
            for term in published.record.evaluated:
                if term.qualifier == "+":
                    lookup = addresses.get((term.text, published.domain))
                    networks = _networks(term, lookup)
                    found += [Authorised(network, term.text, published.domain, included) for network in networks]
        return tuple(found)

    @property
    def matches_everybody(self) -> Term | None:
        """A mechanism with ``?`` or ``~`` that matches everybody of IPv4 or of IPv6, before ``all`` is reached.

        Redirects are followed.
        """
        last = self.last
        if last is None or last.record is None or last.record.errors:
            return None
        addresses = {lookup.term: lookup for lookup in self.lookups if lookup.domain == last.domain}
        for term in last.record.evaluated:
            if term.name == "all" or term.qualifier not in "?~":
                continue
            passing = self._passing((*last.path, term.text)) if term.name == "include" else ()
            networks = {one.network for one in passing} or set(_networks(term, addresses.get(term.text)))
            if not networks.isdisjoint(EVERYBODY):
                return term
        return None

    def covers_senders(self, without: Container[str] = ()) -> bool:
        """Whether every sender of the inventory passes by a network; ``without`` are terms of the domain's own record
        that do not count. False where the inventory names no sender.
        """
        networks = [one.network for one in self.authorised if one.domain != self.domain or one.term not in without]
        return bool(self.senders) and all(any(ip_address(s) in network for network in networks) for s in self.senders)

    @property
    def own_domains(self) -> frozenset[str]:
        """Whose records the owner of the domain answers for: its own, those below it, and where its redirects lead."""
        return frozenset(
            published.domain
            for published in self.records
            if f".{published.domain}".endswith(f".{self.domain}")
            or all(term.lower().startswith("redirect=") for term in published.path)
        )

    @property
    def closing(self) -> Term | None:
        """The ``all`` that decides for senders who match nothing, redirects followed; None: there is none."""
        last = self.last
        return last.record.all if last is not None and last.record is not None else None

    @property
    def redirects_nowhere(self) -> bool:
        """The last redirect leads to a name without exactly one record: an error (RFC 7208, section 6.1)."""
        last = self.last
        return last is not None and last is not self.records[0] and last.record is None

    @property
    def redirects_without_end(self) -> bool:
        """The redirects lead in a circle, or on and on: there is no last record."""
        return bool(self.records) and self.last is None

    @property
    def undecided_redirect(self) -> Term | None:
        """The redirect that leads to other records for other senders: which ``all`` decides cannot be said."""
        for published in self.records:
            redirect = published.record.redirect if published.record else None
            decides = all(term.lower().startswith("redirect=") for term in published.path)
            if decides and redirect is not None and redirect.depends_on_sender:
                return redirect
        return None

    @property
    def syntax_error(self) -> bool:
        """The domain's own record breaks the grammar: whatever else is in it is never reached."""
        return bool(self.records and self.records[0].record and self.records[0].record.errors)

    @property
    def cost(self) -> int:
        """What the walk counts towards the ten."""
        return sum(lookup.cost for lookup in self.lookups)

    @property
    def last(self) -> PublishedSPF | None:
        """Where the redirects end; None where that is not known."""
        current: PublishedSPF | None = self.records[0] if self.records else None
        for _ in self.records:
            if current is None or current.record is None or current.record.redirect is None:
                return current
            path = (*current.path, current.record.redirect.text)
            current = next((published for published in self.records if published.path == path), None)
        return None

    @property
    def permanent_error(self) -> bool:
        """Evaluation ends in permerror for a sender who matches nothing.

        RFC 7208, sections 4.5, 4.6, 4.6.4 and 5.2.
        """
        broken = any(published.record is None or published.record.errors for published in self.records)
        void = all(self.is_void_for(family) for family in self.families)
        most_names = max((lookup.mx_names for lookup in self.lookups), default=0)
        many = self.cost > MAX_LOOKUPS or most_names > MAX_LOOKUPS
        return broken or void or many or bool(self.loops)

    def is_void_for(self, family: int) -> bool:
        """Whether too many lookups come back empty for a sender of IPv4 (4) or IPv6 (6) who matches nothing."""
        return len(self.void_lookups(family)) > MAX_VOID_LOOKUPS

    def void_lookups(self, family: int) -> tuple[Lookup, ...]:
        """Lookups without an answer for a client of IPv4 (4) or IPv6 (6)."""
        return tuple(found for found in self.lookups if (found.void_ipv4 if family == 4 else found.void_ipv6))

    def evidence(self) -> tuple[str, ...]:
        lines: list[str] = []
        for published in self.records:
            via = " -> ".join(published.path)
            for text in published.texts or (f"no SPF record ({published.answer.rcode})",):
                lines.append(f'{published.domain}{f" (through {via})" if via else ""}: "{text}"')
        for number, found in enumerate(self.lookups, 1):
            void = " or ".join(
                name for name, is_void in (("IPv4", found.void_ipv4), ("IPv6", found.void_ipv6)) if is_void
            )
            about = found.name or "depends on the sender"
            lines.append(
                f"lookup {number}: {found.term} of {found.domain}: {about}{f'; void for {void}' if void else ''}"
            )
        lines += [f"loop: {loop}" for loop in self.loops]
        if self.cut_short:
            lines.append("the walk was ended here")
        return tuple(lines)


def _weakened(path: tuple[str, ...]) -> bool:
    """Whether an include on the way makes something else than a pass of what passes behind it."""
    return any(term[:1] in "-~?" for term in path)


def _networks(term: Term, lookup: Lookup | None) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of a mechanism, as far as they are known."""
    if term.network is not None:
        return (term.network,)
    exists = term.name == "exists" and lookup is not None and lookup.name is not None
    everybody = exists and lookup is not None and not (lookup.void_ipv4 or lookup.leads_nowhere)
    if term.name == "all" or everybody:
        return EVERYBODY
    if term.name not in ("a", "mx") or lookup is None:
        return ()
    bits = dict(zip((4, 6), term.prefixes, strict=True))
    found = (ip_address(address) for address in lookup.addresses)
    return tuple(ip_network(f"{address}/{bits[address.version]}", strict=False) for address in found)


EVERYBODY = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))


@dataclass(frozen=True)
class Check:
    """One evaluation of check_host() (RFC 7208, section 4)."""

    address: str
    sender: str
    helo: str
    result: str
    """none, neutral, pass, fail, softfail, temperror or permerror (section 2.6)."""
    explanation: str

    def __str__(self) -> str:
        return (
            f"check_host({self.address}, MAIL FROM {self.sender}, HELO {self.helo}): {self.result} ({self.explanation})"
        )


@dataclass(frozen=True)
class SPFEvaluation(Observation):
    """Evaluations for addresses that should pass and for addresses that should not."""

    domain: str
    texts: tuple[str, ...]
    listed: tuple[Check, ...]
    foreign: tuple[Check, ...]
    tree: SPFTree | None = None
    """What the checks walked through; None for HELO names."""

    def evidence(self) -> tuple[str, ...]:
        return (
            *(f'{self.domain}: "{text}"' for text in self.texts),
            *(str(c) for c in (*self.listed, *self.foreign)),
        )


@dataclass(frozen=True)
class NamesBelow(Observation):
    """What a name that nobody published gets below a domain without mail: what its wildcards say."""

    domain: str
    parked: bool
    name: str = ""
    txt: Annotated[Answer | None, "TXT"] = None
    mx: Annotated[Answer | None, "MX"] = None
    address: Annotated[Answer | None, "A"] = None
    """None as the others where nobody asked: the domain has mail, or does not exist."""
    address_ipv6: Annotated[Answer | None, "AAAA"] = None

    @property
    def spf(self) -> tuple[str, ...]:
        return select_records(tuple(record.text for record in self.txt.records)) if self.txt is not None else ()

    @property
    def takes_mail(self) -> bool:
        """Whether a sender would try: an MX that is not null, or an address in place of one (RFC 5321, section 5.1)."""
        if self.mx is None or self.address is None:
            return False
        ipv6 = self.address_ipv6.records if self.address_ipv6 is not None else ()
        return takes_mail(self.mx.records, (*self.address.records, *ipv6))

    def evidence(self) -> tuple[str, ...]:
        answers = (self.txt, self.mx, self.address, self.address_ipv6)
        return tuple(line for answer in answers if answer is not None for line in answer.evidence())


@dataclass(frozen=True)
class HostSPF(Observation):
    """The SPF record at the name of a host that the inventory names, and whether mail leaves there."""

    host: str
    declared: bool
    """The inventory names the host."""
    senders_known: bool = False
    """The inventory says which addresses mail leaves from."""
    sends: str = ""
    """Why the host counts as one that sends; empty for one that does not."""
    published: PublishedSPF | None = None
    """None where nobody asked, since it does not matter."""

    def evidence(self) -> tuple[str, ...]:
        return self.published.answer.evidence() if self.published is not None else ()
