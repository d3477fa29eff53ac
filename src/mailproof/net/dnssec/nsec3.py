"""Proofs of nonexistence by NSEC3 records (RFC 5155, section 8; RFC 9276). Every record given here is validated."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import dns.name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.NSEC3 import NSEC3

from mailproof.net.dnssec.denial import Denial, Shown, denied_here, is_parent_side, types_of
from mailproof.net.dnssec.work import MAX_ITERATIONS, Work

_SHA1 = 1
_OPT_OUT = 1
_WILDCARD = dns.name.Name((b"*",))


@dataclass(frozen=True)
class HashedGap:
    """An NSEC3 record: between the hashes ``owner`` and ``next`` there is no hash of a name of the zone."""

    owner: bytes
    next: bytes
    types: frozenset[int]
    opt_out: bool
    parameters: tuple[int, bytes]
    """Iterations and salt."""

    @staticmethod
    def of(owner: dns.name.Name, record: NSEC3, zone: dns.name.Name) -> HashedGap | None:
        """The record, or None for one that validators ignore.

        Unknown hashes and flags (RFC 5155, sections 8.1 and 8.2), or an owner that is no hash below the apex.
        """
        if (
            record.algorithm != _SHA1
            or record.flags & ~_OPT_OUT
            or len(owner) != len(zone) + 1
            or not owner.is_subdomain(zone)
        ):
            return None
        try:
            hashed = base64.b32hexdecode(owner.labels[0].upper())
        except binascii.Error:
            return None
        parameters = (record.iterations, bytes(record.salt))
        return HashedGap(hashed, record.next, types_of(list(record.windows)), bool(record.flags & _OPT_OUT), parameters)

    def covers(self, hashed: bytes) -> bool:
        """Whether a hash is in the gap; the last gap of the zone leads back to its first hash."""
        if self.owner < self.next:
            return self.owner < hashed < self.next
        return hashed > self.owner or hashed < self.next


class HashedGaps:
    """The NSEC3 records of one answer, and the hashes of names that were computed for them."""

    def __init__(self, gaps: Iterable[HashedGap], zone: dns.name.Name, work: Work) -> None:
        self._gaps = tuple(gaps)
        self._zone = zone
        self._work = work
        self._hashes: dict[dns.name.Name, bytes] = {}

    @property
    def flaw(self) -> Denial | None:
        """Why the records are not looked at: none, several parameters (RFC 5155, 8.2), or too much to compute."""
        parameters = {gap.parameters for gap in self._gaps}
        if not parameters:
            return Denial(Shown.NOTHING, "there is no NSEC3 record that validators know")
        if len(parameters) > 1:
            return Denial(Shown.NOTHING, "the NSEC3 records differ in iterations or salt")
        iterations, _ = next(iter(parameters))
        if iterations > MAX_ITERATIONS:
            return Denial(
                Shown.TOO_MANY_ITERATIONS, f"{iterations} iterations; validators compute at most {MAX_ITERATIONS}"
            )
        return None

    def denies(self, name: dns.name.Name, type: RdataType, *, nxdomain: bool) -> Denial:
        """What the records say of an answer that there is no ``name``, or no record of ``type`` there.

        RFC 5155, sections 8.4 to 8.7. Raises BoundReached.
        """
        if self.flaw:
            return self.flaw
        here = self._matching(name)
        if here is not None:
            if nxdomain:
                return Denial(Shown.NOTHING, f"an NSEC3 record says that {name} exists")
            return denied_here(here.types, name, self._zone, type)
        encloser, covering = self._closest_encloser(name)
        if encloser is None or covering is None:
            return Denial(Shown.NOTHING, f"no NSEC3 records show the closest encloser of {name}")
        if not nxdomain and covering.opt_out:
            return Denial(Shown.OPT_OUT)
        wildcard = _WILDCARD.concatenate(encloser)
        at_wildcard = self._matching(wildcard)
        if at_wildcard is not None and not nxdomain:
            return denied_here(at_wildcard.types, wildcard, self._zone, type)
        if not nxdomain:
            return Denial(Shown.NOTHING, f"no NSEC3 record is that of {name} or {wildcard}")
        if self._covering(wildcard) is None:
            return Denial(Shown.NOTHING, f"no NSEC3 record covers {wildcard}")
        return Denial(Shown.OPT_OUT if covering.opt_out else Shown.DENIED)

    def allows_wildcard(self, name: dns.name.Name, encloser: dns.name.Name) -> Denial:
        """Whether ``name`` may be answered from the wildcard below ``encloser`` (RFC 5155, section 8.8)."""
        if self.flaw:
            return self.flaw
        next_closer = name.split(len(encloser) + 1)[1]
        covering = self._covering(next_closer)
        if covering is None:
            return Denial(Shown.NOTHING, f"no NSEC3 record covers {next_closer}")
        return Denial(Shown.OPT_OUT if covering.opt_out else Shown.DENIED)

    def _closest_encloser(self, name: dns.name.Name) -> tuple[dns.name.Name | None, HashedGap | None]:
        """The closest encloser of a name without a record, and the record that covers the next closer name (8.3)."""
        next_closer = name
        while next_closer != self._zone:
            encloser = next_closer.parent()
            matching = self._matching(encloser)
            if matching is not None:
                if is_parent_side(matching.types) or RdataType.DNAME in matching.types:
                    return None, None
                return encloser, self._covering(next_closer)
            next_closer = encloser
        return None, None

    def _matching(self, name: dns.name.Name) -> HashedGap | None:
        hashed = self._hash(name)
        return next((gap for gap in self._gaps if gap.owner == hashed), None)

    def _covering(self, name: dns.name.Name) -> HashedGap | None:
        hashed = self._hash(name)
        return next((gap for gap in self._gaps if gap.covers(hashed)), None)

    def _hash(self, name: dns.name.Name) -> bytes:
        """The hash of a name (RFC 5155, section 5), computed once."""
        if name not in self._hashes:
            iterations, salt = self._gaps[0].parameters
            self._work.hash(1 + iterations)
            self._hashes[name] = hash_of(name, iterations, salt)
        return self._hashes[name]


def hash_of(name: dns.name.Name, iterations: int, salt: bytes) -> bytes:
    """SHA-1 of a name in canonical form, and of the hash again ``iterations`` times (RFC 5155, section 5)."""
    hashed = name.canonicalize().to_wire() or b""
    for _ in range(1 + iterations):
        hashed = hashlib.sha1(hashed + salt, usedforsecurity=False).digest()
    return hashed
