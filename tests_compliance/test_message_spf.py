"""SPF of messages as they were received (RFC 7208)."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Between, Family, Harm, control, finding, not_applicable
from mailproof.net.errors import NotAvailable
from mailproof.observations.messages import SendingHop
from mailproof.references import GOOGLE_SENDERS, rfc
from mailproof.tests_compliance.test_messages import require_ours

FAMILY = Family("SPF", "SPF")


@control(
    "SPF-EVAL-LISTED",
    SHOULD,
    rfc(7208, "4"),
    rfc(9989, "4.4.2"),
    GOOGLE_SENDERS,
    by_clock=True,
    allowed={"days": Between(0, 36500)},
    harm=Harm.REFUSED,
)
def test_sample_mail_passes_spf(sending_hop: SendingHop, *, days: int = 30) -> None:
    """SPF passes for the hop by which a message left, and the domain of its envelope is aligned with From.

    Why: this is what receivers compute for real mail; large ones want SPF and DKIM to pass. It is judged by
    today's DNS: a sample older than the parameter days that does not pass is inconclusive.
    Fix: authorise the address in the SPF record of the envelope's domain, and let that be the domain of From or one
    of its organisation.
    """
    hop = sending_hop
    require_ours(hop.message)
    if not hop.address:
        raise NotAvailable("no field tells which address sent the message", hop.evidence())
    if not hop.is_ours and hop.are_declared:
        not_applicable(f"the message came from {hop.address}, which is no sending address of the inventory")
    if not hop.is_ours and hop.message.passed_on:
        not_applicable(f"the message came from {hop.address}, and {hop.message.passed_on} says that it was passed on")
    if hop.message.return_path is None:
        raise NotAvailable("no field tells the sender of the envelope (Return-Path)", hop.evidence())
    if hop.check is None:
        raise NotAvailable(f"{hop.domain or 'an empty sender without HELO name'} is no domain", hop.evidence())
    age = hop.message.age_in_days
    if hop.check.result != "pass" and (age is None or age > days):
        when = f"{age:.0f} days old" if age is not None else "of an unknown date"
        raise NotAvailable(f"SPF says {hop.check.result} today, and the sample is {when}", hop.evidence())
    if hop.check.result != "pass":
        finding(SHOULD, f"SPF of {hop.domain} says {hop.check.result} for {hop.address}, which sent the message")
    if not hop.aligned:
        finding(
            MAY,
            f"SPF passes for {hop.domain}, which is not aligned with {hop.message.author_domain}: DMARC rests on DKIM",
            fix="let the envelope's sender be of the domain of From, or of its organisation",
        )
