"""Reverse DNS of an address: PTR, the way back, and delegations by CNAME (RFC 2317)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated

from mailproof.net.dns.client import Answer
from mailproof.observations import Observation


@dataclass(frozen=True)
class ForwardAddresses:
    """A PTR name and the addresses of the same family that it resolves to. ``failure``: they could not be asked for."""

    name: str
    answer: Annotated[Answer, "A", "AAAA"] | None
    failure: str | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(record.data for record in self.answer.records) if self.answer else ()


@dataclass(frozen=True)
class ReverseDNS(Observation):
    """The PTR names of an address, and where each of them leads."""

    address: str
    ptr: Annotated[Answer, "PTR"]
    forward: tuple[ForwardAddresses, ...]
    """For the first ten names; RFC 7208, section 5.5 looks at no more either."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(record.target for record in self.ptr.records)

    @property
    def confirmed_names(self) -> tuple[str, ...]:
        """PTR names that resolve back to the address (iprev, RFC 8601, section 3)."""
        own = ip_address(self.address)
        return tuple(
            entry.name for entry in self.forward if own in {ip_address(address) for address in entry.addresses}
        )

    @property
    def unknown_names(self) -> tuple[str, ...]:
        """PTR names of which it could not be found out where they lead."""
        return tuple(entry.name for entry in self.forward if entry.failure)

    def explain(self) -> str:
        """In a sentence per name, where the PTR names lead."""
        lines = []
        for entry in self.forward:
            found = ", ".join(entry.addresses) or entry.failure or "no address"
            lines.append(f"{self.address} has the PTR {entry.name}, which leads to {found}")
        return "\n".join(lines) or f"{self.address} has no PTR"

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.ptr.evidence())
        for entry in self.forward:
            lines += entry.answer.evidence() if entry.answer else (f"{entry.name}: {entry.failure}",)
        return tuple(lines)


_GENERIC_WORDS = frozenset(
    [
        "adsl",
        "broadband",
        "cable",
        "cust",
        "customer",
        "dhcp",
        "dialin",
        "dialup",
        "dsl",
        "dyn",
        "dynamic",
        "dynip",
        "pool",
        "ppp",
        "pppoe",
        "unassigned",
        "vdsl",
    ]
)


def looks_generic(name: str, address: str) -> str | None:
    """Why a PTR name looks like one that was handed out by the thousand; None if it does not.

    The registered domain (taken as the last two labels) is left out: a company may be called pool.example.
    """
    host = ".".join(name.split(".")[:-2]).lower()
    ip = ip_address(address)
    spelt_out = _spells_out_ipv4(host, ip) if isinstance(ip, IPv4Address) else _spells_out_ipv6(host, ip)
    if spelt_out:
        return "it spells out the address"
    words = set(re.split(r"[-._\d]+", host)) & _GENERIC_WORDS
    return f"it holds the word {sorted(words)[0]}" if words else None


def _spells_out_ipv4(host: str, ip: IPv4Address) -> bool:
    """Octets in either order with something between them, or padded to three digits, or all in hexadecimal.

    Without anything between them they are recognised from eight digits on: mx117-15 is not 11.7.1.5.
    """
    octets = str(ip).split(".")
    padded = [f"{int(octet):03d}" for octet in octets]
    apart = {tuple(order) for order in (octets, octets[::-1], padded, padded[::-1])}
    groups = re.finditer(r"(?=(?<!\d)(\d+)[-._x](\d+)[-._x](\d+)[-._x](\d+)(?!\d))", host)
    if any(group.groups() in apart for group in groups):
        return True
    together = {"".join(order) for order in (padded, padded[::-1])}
    together |= {"".join(order) for order in (octets, octets[::-1]) if len("".join(octets)) >= 8}
    if not together.isdisjoint(re.findall(r"\d+", host)):
        return True
    return f"{int(ip):08x}" in re.findall(r"[0-9a-f]+", host)


def _spells_out_ipv6(host: str, ip: IPv6Address) -> bool:
    """All 32 digits in either order, or the groups as addresses are written, with dashes or dots for the colons."""
    digits = re.sub(r"[^0-9a-f]", "", host)
    nibbles = ip.exploded.replace(":", "")
    if nibbles in digits or nibbles[::-1] in digits:
        return True
    groups = [group.lstrip("0") or "0" for group in ip.exploded.split(":")]
    written = (str(ip), ":".join(groups), ":".join(groups[::-1]), ip.exploded)
    forms = (re.escape(text.replace(":", between)) for text in written for between in "-._x")
    return any(re.search(rf"(?<![0-9a-f]){form}(?![0-9a-f])", host) for form in forms)


@dataclass(frozen=True)
class ServerView:
    """What one name server of the target zone answers. ``failure``: it could not be asked."""

    server: str
    answer: Annotated[Answer, "PTR"] | None
    failure: str | None = None


@dataclass(frozen=True)
class ClasslessDelegation(Observation):
    """A PTR that is reached through CNAME, as the resolver and every server of the zone behind it see it."""

    address: str
    ptr: Annotated[Answer, "PTR"]
    zone: str | None
    """The zone that holds the alias's target; None without an alias."""
    views: tuple[ServerView, ...]

    @property
    def aliases(self) -> tuple[str, ...]:
        return self.ptr.aliases

    def evidence(self) -> tuple[str, ...]:
        lines = list(self.ptr.evidence())
        for view in self.views:
            lines += view.answer.evidence() if view.answer else (f"{view.server}: {view.failure}",)
        return tuple(lines)


@dataclass(frozen=True)
class PTRPolicy:
    """The TXT records of a PTR name."""

    name: str
    answer: Annotated[Answer, "TXT"]

    @property
    def spf(self) -> tuple[str, ...]:
        """Those that are SPF (RFC 7208, section 4.5)."""
        texts = (record.text for record in self.answer.records)
        return tuple(text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 "))


@dataclass(frozen=True)
class PTRPolicies(Observation):
    """SPF at the confirmed PTR names of an address that differ from the name it says in EHLO."""

    address: str
    helo: str
    """Empty: the inventory does not say it."""
    policies: tuple[PTRPolicy, ...]

    def evidence(self) -> tuple[str, ...]:
        return tuple(line for policy in self.policies for line in policy.answer.evidence())


_BLOCK = re.compile(r"(?P<first>\d{1,3})[/-](?P<last>\d{1,3})")
"""The first label of a classless reverse zone (RFC 2317, section 4): first octet and length, or first and last."""


@dataclass(frozen=True)
class ReverseZone(Observation):
    """The zone in which the PTR of an address stands."""

    address: str
    name: str
    """The address as a name in in-addr.arpa or ip6.arpa."""
    aliases: tuple[str, ...]
    zone: str
    answer: Annotated[Answer, "SOA"]
    declared: tuple[str, ...] = ()
    """The reverse zones that the inventory names."""

    @property
    def expected(self) -> tuple[str, ...]:
        """The zones of the inventory that the address should have its PTR in."""
        return tuple(zone for zone in self.declared if self._is_for(zone))

    def _is_for(self, zone: str) -> bool:
        if f".{self.name}".endswith(f".{zone}"):
            return True
        label, _, above = zone.partition(".")
        octet, _, network = self.name.partition(".")
        block = _BLOCK.fullmatch(label)
        if block is None or above != network or not octet.isdigit():
            return False
        first, last = int(block["first"]), int(block["last"])
        if "/" in label:
            last = first + (1 << max(32 - last, 0)) - 1
        return first <= int(octet) <= last

    def evidence(self) -> tuple[str, ...]:
        chain = " -> ".join((self.name, *self.aliases))
        return (f"the PTR of {self.address} is at {chain}, in the zone {self.zone}", *self.answer.evidence())
