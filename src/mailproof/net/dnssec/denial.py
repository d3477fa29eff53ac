"""What a proof of nonexistence has to show, and what it does show (RFC 4035, section 5.4; RFC 5155, section 8)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import dns.name
import dns.rdatatype
from dns.rdatatype import RdataType


class Shown(Enum):
    """What the records of denial show."""

    NOTHING = auto()
    """They do not prove what the answer says."""
    DENIED = auto()
    """There is no such record."""
    DELEGATION = auto()
    """There is no DS record, and the name is delegated."""
    OPT_OUT = auto()
    """There is no such record, or an unsigned delegation that NSEC3 leaves out (RFC 5155, section 6)."""
    TOO_MANY_ITERATIONS = auto()
    """NSEC3 records that validators do not compute (RFC 9276, section 3.2)."""


@dataclass(frozen=True)
class Denial:
    """What records of denial show, and in words what is missing."""

    shown: Shown
    detail: str = ""


def types_of(windows: list[tuple[int, bytes]]) -> frozenset[int]:
    """The types in the bitmap of an NSEC or NSEC3 record (RFC 4034, section 4.1.2)."""
    return frozenset(
        window * 256 + octet * 8 + bit
        for window, bitmap in windows
        for octet, value in enumerate(bitmap)
        for bit in range(8)
        if value & (0x80 >> bit)
    )


def is_parent_side(types: frozenset[int]) -> bool:
    """Whether a record of denial is that of a delegation: NS without SOA."""
    return RdataType.NS in types and RdataType.SOA not in types


def denied_here(types: frozenset[int], name: dns.name.Name, zone: dns.name.Name, type: RdataType) -> Denial:
    """What a record of denial at ``name`` itself says of ``type``.

    RFC 4035, sections 5.2 and 5.4; RFC 5155, sections 8.5 and 8.6; RFC 6840, sections 4.1, 4.3 and 4.4.
    """
    if type in types:
        return Denial(Shown.NOTHING, f"the record of denial at {name} lists {dns.rdatatype.to_text(type)}")
    if RdataType.CNAME in types:
        return Denial(Shown.NOTHING, f"the record of denial at {name} lists CNAME")
    if type == RdataType.DS:
        if RdataType.SOA in types and name != dns.name.root:
            return Denial(Shown.NOTHING, f"the record of denial at {name} is that of the delegated zone")
        return Denial(Shown.DELEGATION if RdataType.NS in types else Shown.DENIED)
    if is_parent_side(types):
        return Denial(Shown.NOTHING, f"the record of denial at {name} is that of the parent")
    return Denial(Shown.DENIED)
