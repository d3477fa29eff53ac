"""What a source of mail in the name of a domain is, as far as can be told, with the reasons.

A class is a judgement by rules in a fixed order, the surest signs first. None of them proves who somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailproof.observations.reports import SourceSeen

LISTS = frozenset({"mailing_list"})
FORWARDED = frozenset({"forwarded", "trusted_forwarder", *LISTS})
"""Reasons by which a receiver says that a message was passed on (RFC 9990; RFC 7489, appendix C)."""


PERCENT_OF_OWN = 98.0
"""Of the mail of a host of one's own, so much passes at least: as DMARC-OWN-SOURCES wants it by default."""


class SourceClass(StrEnum):
    """What a source is."""

    OWN = "own"
    MISCONFIGURED = "own, misconfigured"
    AUTHORISED = "authorised"
    SIGNED = "forwarder, or a service with a key"
    MAILING_LIST = "mailing list"
    FORWARDER = "forwarder"
    FORGER = "forger"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Known:
    """What else is known of a source's address. Nothing is, where nobody asked."""

    declared: bool = False
    """Whether the inventory names it."""
    own_name: str = ""
    """Its confirmed PTR name that lies in a domain of the inventory."""
    welcome: tuple[str, ...] = ()
    """Lists of good senders that have it."""
    listed: tuple[str, ...] = ()
    """Lists of bad senders that have it."""


NOTHING = Known()


def classify(source: SourceSeen, known: Known = NOTHING) -> tuple[SourceClass, tuple[str, ...]]:
    """The class of a source, and what speaks for it."""
    reasons = tuple(_signs(source, known))
    ours = known.declared or known.own_name
    told = set(source.reasons) if source.by_spf <= source.overridden else set()
    if ours:
        amiss = source.passed * 100 < PERCENT_OF_OWN * source.messages
        return SourceClass.MISCONFIGURED if amiss else SourceClass.OWN, reasons
    if told & LISTS:
        return SourceClass.MAILING_LIST, reasons
    if told & FORWARDED:
        return SourceClass.FORWARDER, reasons
    if source.by_spf:
        return SourceClass.AUTHORISED, reasons
    if source.by_dkim:
        return SourceClass.SIGNED, reasons
    if source.signed or known.welcome:
        return SourceClass.FORWARDER, reasons
    return SourceClass.FORGER if known.listed else SourceClass.UNKNOWN, reasons


def _signs(source: SourceSeen, known: Known) -> list[str]:
    failing = source.messages - source.passed
    signs = []
    if known.declared:
        signs.append("the inventory names it")
    if known.own_name:
        signs.append(f"its reverse name {known.own_name} is ours")
    if (known.declared or known.own_name) and failing:
        signs.append(f"DMARC fails for {failing} of {source.messages} messages")
    signs += [f"a receiver says {reason}" for reason in source.reasons if reason in FORWARDED]
    if source.by_spf:
        signs.append("SPF authorises it")
    if source.by_dkim and not source.by_spf:
        signs.append("signatures of the domain hold, SPF does not pass")
    elif source.signed and not source.by_dkim:
        signs.append("signatures of the domain are there and do not hold: changed on the way, a wrong key, or copied")
    signs += [f"welcome at {name}" for name in known.welcome]
    signs += [f"listed at {name}" for name in known.listed]
    return signs or ["nothing passes, and nothing says who it is: a forger, or a host that nobody named"]
