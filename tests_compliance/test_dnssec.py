"""DNSSEC, by our own validation from the trust anchors of the root down."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, Family, Harm, control, leave_to, not_applicable
from mailproof.net.errors import Bogus, NotObserved, ServerFailure
from mailproof.observations.dnssec import DNSSEC, Judged
from mailproof.references import INTERNET_NL, rfc

FAMILY = Family("SEC", "DNSSEC")


@control("SEC-SIGNED", MAY, rfc(4035, "3.2.3"), rfc(9364), INTERNET_NL, harm=Harm.READ)
def test_zone_is_signed(dnssec: DNSSEC) -> None:
    """The zone is signed, and a chain of trust leads to it.

    Why: without DNSSEC MX, SPF, DKIM and DMARC records can be forged, and DANE is out of reach.
    Fix: sign the zone and hand the DS record to the registrar.
    """
    _require_published(dnssec)
    if dnssec.bogus or dnssec.disputed:
        leave_to("SEC-NOT-BOGUS", "the zone is bogus")
    assert dnssec.authenticated, f"{dnssec.zone} is not authenticated: {dnssec.why_unsigned}"


@control(
    "SEC-NOT-BOGUS",
    MUST,
    rfc(4035, "5"),
    rfc(8914, "4.7"),
    by_clock=True,
    explains=(Bogus, ServerFailure),
    harm=Harm.LOST,
)
def test_zone_is_not_bogus(dnssec: DNSSEC) -> None:
    """Validation fails for nothing that mail needs of the zone.

    Why: for everybody who validates, and those are the large receivers, the domain does not exist; certificates are
    not renewed.
    Fix: look at the DS at the parent and at the signatures' dates; if in doubt have the DS removed until the zone is
    right.
    """
    _require_published(dnssec)
    found = _by_link(dnssec.bogus_to_us)
    if dnssec.bogus_answers:
        refused = ", ".join(map(str, dnssec.bogus_answers))
        found.append(f"refused with validation and answered without: {refused}")
    assert not dnssec.bogus, "; ".join(found)
    if dnssec.disputed:
        dispute = "; ".join(_by_link(dnssec.disputed))
        raise NotObserved(f"{dispute}; but the resolver authenticates it", dnssec.evidence())


def _by_link(judged: tuple[Judged, ...]) -> list[str]:
    """What is bogus, told once for each link that fails."""
    names: dict[str, list[str]] = {}
    for one in judged:
        names.setdefault(one.why, []).append(f"{one.name} {one.type}")
    return [f"{why}, so that {', '.join(bogus)} cannot be validated" for why, bogus in names.items()]


def _require_published(dnssec: DNSSEC) -> None:
    if dnssec.checked.proposed:
        not_applicable("the zone is judged as proposed: how it validates shows only once it is published")
