"""Proofs of nonexistence by NSEC records (RFC 4034, section 4; RFC 4035, section 5.4; RFC 6840, section 4).

Every record given here is validated, and stands in the zone as it is: none was made from a wildcard.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import dns.name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.NSEC import NSEC

from mailproof.net.dnssec.denial import Denial, Shown, denied_here, is_parent_side, types_of

_WILDCARD = dns.name.Name((b"*",))


@dataclass(frozen=True)
class Gap:
    """An NSEC record: between ``owner`` and ``next`` there is no name of the zone."""

    owner: dns.name.Name
    next: dns.name.Name
    types: frozenset[int]

    @staticmethod
    def of(owner: dns.name.Name, record: NSEC) -> Gap:
        return Gap(owner, record.next, types_of(list(record.windows)))

    def covers(self, name: dns.name.Name, zone: dns.name.Name) -> bool:
        """Whether ``name`` is in the gap, so that it does not exist, or has no records but names below it.

        The last gap of the zone ends at its apex. A record of a delegation or a DNAME says nothing of the names below
        it (RFC 6840, section 4.1).
        """
        if not self.owner < name or not (name < self.next or self.next == zone):
            return False
        below = name.is_subdomain(self.owner)
        return not (below and (is_parent_side(self.types) or RdataType.DNAME in self.types))

    def is_empty_nonterminal(self, name: dns.name.Name) -> bool:
        """Whether a name in the gap exists because of the name at its end, without any record."""
        return self.next != name and self.next.is_subdomain(name)

    def closest_encloser(self, name: dns.name.Name) -> dns.name.Name:
        """The longest existing ancestor of a name in the gap: what it shares with one of the two ends."""
        return max((shared(name, self.owner), shared(name, self.next)), key=len)


def shared(first: dns.name.Name, second: dns.name.Name) -> dns.name.Name:
    """The longest common ancestor of two names, each being an ancestor of itself."""
    _, _, count = first.fullcompare(second)
    return first.split(count)[1]


def denies(gaps: Iterable[Gap], name: dns.name.Name, zone: dns.name.Name, type: RdataType, *, nxdomain: bool) -> Denial:
    """What the records say of an answer of ``zone`` that there is no ``name``, or no record of ``type`` there."""
    gaps = tuple(gaps)
    here = next((gap for gap in gaps if gap.owner == name), None)
    if here is not None:
        if nxdomain:
            return Denial(Shown.NOTHING, f"an NSEC record says that {name} exists")
        return denied_here(here.types, name, zone, type)
    gap = next((gap for gap in gaps if gap.covers(name, zone)), None)
    if gap is None:
        return Denial(Shown.NOTHING, f"no NSEC record covers {name}")
    if gap.is_empty_nonterminal(name):
        if nxdomain:
            return Denial(Shown.NOTHING, f"an NSEC record says that there are names below {name}")
        return Denial(Shown.DENIED)
    wildcard = _WILDCARD.concatenate(gap.closest_encloser(name))
    at_wildcard = next((other for other in gaps if other.owner == wildcard), None)
    if at_wildcard is not None and not nxdomain:
        return denied_here(at_wildcard.types, wildcard, zone, type)
    if not nxdomain:
        return Denial(Shown.NOTHING, f"no NSEC record is that of {name} or {wildcard}")
    if any(other.covers(wildcard, zone) for other in gaps):
        return Denial(Shown.DENIED)
    return Denial(Shown.NOTHING, f"no NSEC record covers {wildcard}")


def allows_wildcard(gaps: Iterable[Gap], name: dns.name.Name, encloser: dns.name.Name, zone: dns.name.Name) -> Denial:
    """Whether ``name`` may be answered from the wildcard below ``encloser``, there being no closer match.

    RFC 4035, section 5.3.4.
    """
    for gap in gaps:
        if gap.covers(name, zone) and not gap.is_empty_nonterminal(name) and gap.closest_encloser(name) == encloser:
            return Denial(Shown.DENIED)
    return Denial(Shown.NOTHING, f"no NSEC record shows that {name} has no closer match than *.{encloser}")
