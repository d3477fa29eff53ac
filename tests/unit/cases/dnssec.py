"""DNSSEC."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST
from mailproof.net.dns.client import ExtendedError
from mailproof.net.dnssec.trust import Flaw, Link, Status, Verdict
from mailproof.observations.dnssec import DNSSEC, BogusAnswer, Judged

from ..observed import DOMAIN, answer
from .case import Table, advises, fails, leaves, passes, skips, undecided

SECURE = Verdict(Status.SECURE, None, (".", "org.", f"{DOMAIN}."))
UNSIGNED = Verdict(Status.INSECURE, Link(f"{DOMAIN}.", "DS", "org.", Flaw.UNSIGNED))
ISLAND = Verdict(Status.INSECURE, Link("org.", "DS", ".", Flaw.UNSIGNED))
UNKNOWN_ALGORITHM = Verdict(
    Status.INSECURE, Link(f"{DOMAIN}.", "DS", "org.", Flaw.UNSUPPORTED, "algorithm 3 (DSA) with digest 2 (SHA-256)")
)
EXPIRED = Verdict(Status.BOGUS, Link(f"{DOMAIN}.", "DNSKEY", f"{DOMAIN}.", Flaw.EXPIRED, "since 2026-01-01T00:00:00Z"))


def _dnssec(
    verdict: Verdict | None = None,
    *others: Judged,
    ad: bool = False,
    refused: tuple[str, ...] = (),
    keys: int = 0,
    ds: str = "",
) -> DNSSEC:
    """What is seen of a zone; without a ``verdict`` the resolver had to be believed."""
    error = (ExtendedError(7, "signature expired"),)
    checked = replace(answer(DOMAIN, "SOA", "ns. h. 1 2 3 4 5"), authenticated=ad)
    found = tuple(
        BogusAnswer(
            replace(answer(DOMAIN, type, rcode="SERVFAIL"), extended_errors=error), answer(DOMAIN, type, "10 a.")
        )
        for type in refused
    )
    dnskey = answer(DOMAIN, "DNSKEY", *(f"257 3 13 {number:04x}" for number in range(keys)))
    judged = (Judged(DOMAIN, "SOA", verdict, ad), *others) if verdict else ()
    return DNSSEC(DOMAIN, checked, found, answer(DOMAIN, "DS", *((ds,) if ds else ())), dnskey, judged)


MX_EXPIRED = Judged(DOMAIN, "MX", EXPIRED)
PROPOSED = replace(_dnssec(), checked=replace(_dnssec().checked, protocol="zone file"))

TABLE: Table = {
    "SEC-SIGNED": (
        passes(dnssec=_dnssec(SECURE)),
        passes(dnssec=_dnssec(ad=True)),
        advises("not signed and has no DS", dnssec=_dnssec(UNSIGNED)),
        advises("not signed and has no DS", dnssec=_dnssec()),
        advises("the chain of trust ends above it, at org. DS", dnssec=_dnssec(ISLAND)),
        leaves("SEC-NOT-BOGUS", dnssec=_dnssec(EXPIRED)),
        leaves("SEC-NOT-BOGUS", dnssec=_dnssec(EXPIRED, ad=True)),
        leaves("SEC-NOT-BOGUS", dnssec=_dnssec(refused=("SOA",))),
        skips("as proposed", dnssec=PROPOSED),
    ),
    "SEC-NOT-BOGUS": (
        passes(dnssec=_dnssec(SECURE)),
        passes(dnssec=_dnssec(UNSIGNED)),
        passes(dnssec=_dnssec(ad=True)),
        passes(dnssec=_dnssec()),
        fails(
            f"the signature is expired (since 2026-01-01T00:00:00Z), so that {DOMAIN} SOA, {DOMAIN} MX cannot",
            level=MUST,
            dnssec=_dnssec(EXPIRED, MX_EXPIRED),
        ),
        fails(f"{DOMAIN} MX cannot be validated", dnssec=_dnssec(SECURE, MX_EXPIRED)),
        fails("signature expired", level=MUST, dnssec=_dnssec(refused=("SOA",))),
        fails(f"{DOMAIN} MX (EDE 7", dnssec=_dnssec(ad=True, refused=("MX",))),
        undecided("but the resolver authenticates it", dnssec=_dnssec(EXPIRED, ad=True)),
        skips("as proposed", dnssec=PROPOSED),
    ),
}
