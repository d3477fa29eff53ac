"""Rules of packet filters, and what they do with one packet: nftables and iptables have the same model.

A packet goes through the base chains of its hook in the order of their priorities. One that drops it ends its way; one
that accepts it hands it to the next (nft(8), "Chains"). What a rule asks of a packet that is not known here, like a
mark, a set that programs fill, or a rate, may match or not: both ways are followed, and the answer is only known where
they come to the same.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

MAX_RULES = 20_000
"""Of one file."""
MAX_STEPS = 400_000
"""Rules that are looked at for all packets of one file together; what lies beyond is not known."""
MAX_JUMPS = 16
"""Chains inside each other; the kernel has the same bound."""

ACCEPT, DROP, REDIRECT, RETURN = "accept", "drop", "redirect", "return"
"""What rules do with a packet. A rejection is a DROP, and what changes the destination is a REDIRECT."""
JUMP, GOTO, GOES_ON, UNREAD = "jump", "goto", "", "unread"
"""UNREAD: what the rule does could not be understood."""


@dataclass(frozen=True)
class Match:
    """What a rule asks of a packet: one of ``values`` in ``of``. ``of`` is ``unread`` where that is not known here.

    Several things at once are ``iif+oif``, with values like ``lan0 . wan0``.
    """

    of: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Rule:
    """One rule: it does ``verdict`` with packets that all matches fit. ``target`` is the chain of JUMP and GOTO."""

    matches: tuple[Match, ...]
    verdict: str
    line: int
    """From 1."""
    target: str = ""


@dataclass
class Chain:
    """A chain of a table. ``hook`` is empty for one that others jump to."""

    table: str
    name: str
    line: int
    family: str = "inet"
    kind: str = "filter"
    hook: str = ""
    priority: int = 0
    policy: str = ACCEPT
    rules: list[Rule] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        return self.table, self.name


class NotPacketFilter(ValueError):
    """A text that holds no rules of the packet filter. ``line`` is where, from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line
        self.what = what


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection over TCP. ``user`` is empty for one that is not of this machine."""

    family: str
    """``ip`` or ``ip6``."""
    source: str
    destination: str
    port: int
    arrives: str = ""
    """The interfaces."""
    leaves: str = ""
    user: str = ""


@dataclass(frozen=True)
class Passage:
    """What becomes of a packet. ``verdict`` is ACCEPT, DROP, REDIRECT, or UNREAD where that is not known.

    ``chain`` and ``line`` are those of what decided; ``decided``: it was a rule, and no policy of a chain.
    """

    verdict: str
    chain: tuple[str, str] = ("", "")
    line: int = 0
    decided: bool = False


class PacketFilter:
    """The chains of all tables of one machine."""

    def __init__(self, chains: Iterable[Chain]) -> None:
        self.chains: dict[tuple[str, str], Chain] = {chain.key: chain for chain in chains}
        self._steps = 0

    def bases(self, hook: str, kind: str, family: str = "") -> list[Chain]:
        """The chains of a hook by priority; of a family those that see its packets."""
        found = [chain for chain in self.chains.values() if (chain.hook, chain.kind) == (hook, kind)]
        return sorted(
            (chain for chain in found if not family or chain.family in (family, "inet")),
            key=lambda chain: chain.priority,
        )

    def rules(self, hook: str, kind: str = "filter") -> list[Rule]:
        """The rules that the chains of a hook hold themselves."""
        return [rule for chain in self.bases(hook, kind) for rule in chain.rules]

    def values(self, of: str) -> tuple[str, ...]:
        """All values that rules ask for, sorted."""
        matches = (match for chain in self.chains.values() for rule in chain.rules for match in rule.matches)
        parts = ((match.of.split("+"), value.split(" . ")) for match in matches for value in match.values)
        return tuple(
            sorted({value for asked, values in parts for one, value in zip(asked, values, strict=False) if one == of})
        )

    @property
    def interfaces(self) -> tuple[str, ...]:
        """The interfaces that rules name, the loopback one aside; one for each pattern, ``eth0`` for ``eth*``."""
        named = (*self.values("iif"), *self.values("oif"))
        names = dict.fromkeys(name[:-1] + "0" if name[-1:] in ("*", "+") else name for name in named)
        return tuple(name for name in names if name not in ("lo", "0"))

    def passage(self, hook: str, packet: Packet, kind: str = "filter") -> Passage:
        """What the chains of a hook do with a packet."""
        last = Passage(ACCEPT)
        unread: Passage | None = None
        for chain in self.bases(hook, kind, packet.family):
            ways = self._ways(chain, packet, 0)
            verdicts = {way.verdict for way in ways}
            if verdicts <= {DROP} or verdicts <= {REDIRECT}:
                return min(ways, key=lambda way: way.line)
            if verdicts <= {ACCEPT}:
                last = max(ways, key=lambda way: way.line)
            else:
                unread = next(way for way in ways if way.verdict != ACCEPT)
        return last if unread is None else replace(unread, verdict=UNREAD)

    def _ways(self, chain: Chain, packet: Packet, depth: int) -> set[Passage]:
        """All that may become of a packet in a chain: more than one where what a rule asks for is not known."""
        ways: set[Passage] = set()
        for rule in chain.rules:
            self._steps += 1
            if self._steps > MAX_STEPS:
                return {*ways, Passage(UNREAD, chain.key, rule.line)}
            fits = _fits(rule, packet)
            if fits is False or rule.verdict == GOES_ON:
                continue
            found, goes_on = self._after(rule, chain, packet, depth)
            ways |= found
            if fits and not goes_on:
                return ways
        return ways | {_end(chain)}

    def _after(self, rule: Rule, chain: Chain, packet: Packet, depth: int) -> tuple[set[Passage], bool]:
        """What may become of a packet that a rule takes, and whether it may come back to the rule behind."""
        if rule.verdict == RETURN:
            return {_end(chain)}, False
        if rule.verdict not in (JUMP, GOTO):
            return {Passage(rule.verdict, chain.key, rule.line, decided=True)}, False
        called = self.chains.get((chain.table, rule.target))
        if called is None or depth == MAX_JUMPS:
            return {Passage(UNREAD, chain.key, rule.line)}, False
        ways = self._ways(called, packet, depth + 1)
        returned = any(way.verdict == RETURN for way in ways)
        ways = {way for way in ways if way.verdict != RETURN}
        if returned and rule.verdict == GOTO:
            return ways | {_end(chain)}, False
        return ways, returned


def _end(chain: Chain) -> Passage:
    """What becomes of a packet that no rule of a chain ends the way of."""
    return Passage(chain.policy if chain.hook else RETURN, chain.key, chain.line)


def _fits(rule: Rule, packet: Packet) -> bool | None:
    """Whether a packet fits all matches of a rule; None where that is not known."""
    known: bool | None = True
    for match in rule.matches:
        fits = _matches(match, packet)
        if fits is False:
            return False
        known = known if fits else None
    return known


def _matches(match: Match, packet: Packet) -> bool | None:
    found = [_has(match.of, value, packet) for value in match.values]
    if True in found:
        return not match.negated
    if None in found or not found:
        return None
    return match.negated


def _has(of: str, value: str, packet: Packet) -> bool | None:
    if "+" in of:
        asked, parts = of.split("+"), value.split(" . ")
        found = [_has(one, part, packet) for one, part in zip(asked, parts, strict=False)]
        return False if False in found else None if None in found or len(asked) != len(parts) else True
    match of:
        case "iif" | "oif":
            return _is_interface(value, packet.arrives if of == "iif" else packet.leaves)
        case "saddr" | "daddr":
            return _is_in(packet.source if of == "saddr" else packet.destination, value)
        case "proto":
            return value in ("tcp", "6", "all", "0")
        case "family":
            return value == packet.family
        case "state":
            return value.lower() in ("new", "untracked")
        case "dport":
            return _is_port(packet.port, value)
        case "sport":
            return _is_port_of_clients(value)
        case "syn":
            return True
        case "status":
            return False  # nothing is known of a connection that begins
        case "reaches":
            return value.lower() == "unicast"
        case "user":
            return False if packet.user else None
    return None


def _is_interface(pattern: str, name: str) -> bool:
    if pattern[-1:] in ("*", "+"):
        return name.startswith(pattern[:-1])
    return bool(name) and pattern == name


def _is_in(address: str, text: str) -> bool | None:
    """Whether an address is in a network or in a range, ``192.0.2.1-192.0.2.9``; None for what is neither."""
    own = ipaddress.ip_address(address)
    first, dash, last = text.partition("-")
    try:
        if dash:
            low, high = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
            return own.version == low.version == high.version and int(low) <= int(own) <= int(high)
        return own in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


PORTS: Mapping[str, int] = {
    "smtp": 25,
    "mail": 25,
    "http": 80,
    "www": 80,
    "https": 443,
    "submission": 587,
    "submissions": 465,
    "ssmtp": 465,
    "urd": 465,
    "smtps": 465,
    "imap2": 143,
    "imap": 143,
    "imaps": 993,
    "pop3": 110,
    "pop3s": 995,
    "ssh": 22,
    "domain": 53,
    "http-alt": 8080,
    "squid": 3128,
    "ftp": 21,
    "telnet": 23,
    "ntp": 123,
}
"""Names of ports, as Debian has them in services(5)."""


def _is_port(port: int, text: str) -> bool | None:
    """Whether a port is one, or in a range: ``25``, ``smtp``, ``20-30``, ``20:30``, ``1024:``."""
    first, dash, last = text.replace(":", "-").partition("-")
    low = _number(first, 0)
    high = _number(last, 65535) if dash else low
    return None if low is None or high is None else low <= port <= high


def _is_port_of_clients(text: str) -> bool | None:
    """Whether connections begin at a port in a range: all that Linux takes for them, or those of root alone."""
    first, dash, last = text.replace(":", "-").partition("-")
    low = _number(first, 0)
    high = _number(last, 65535) if dash else low
    if low is None or high is None:
        return None
    return False if high < 1024 else True if low <= 32768 and high >= 60999 else None


def _number(text: str, empty: int) -> int | None:
    text = text.strip()
    if not text:
        return empty
    return int(text) if text.isdecimal() and len(text) < 6 else PORTS.get(text)
