"""Domains without mail: whether all of what they publish says so."""

from __future__ import annotations

from mailproof.controls import SHOULD, Family, Harm, control, leave_to, not_applicable
from mailproof.observations.dmarc import DMARC
from mailproof.observations.spf import NamesBelow
from mailproof.references import BSI_TR_03182, rfc
from mailproof.targets.mail import MailDomain

FAMILY = Family("PARKED", "Domains that do not send")


@control("PARKED-SUBDOMAINS", SHOULD, rfc(7505, "3"), BSI_TR_03182, harm=Harm.ABUSED)
def test_names_below_a_parked_domain_take_no_mail(names_below: NamesBelow) -> None:
    """No mail can be sent to names below a domain without mail: wildcards give them neither an MX nor an address
    without a null MX.

    Why: an address alone is an invitation to deliver there (the implicit MX): bounces and spam arrive at a web server.
    Fix: publish `*.domain MX 0 .` beside the wildcard that gives an address.
    """
    if not names_below.parked:
        not_applicable("the domain has mail")
    if names_below.txt is None:
        leave_to("MX-EXISTS", "the domain does not exist")
    assert not names_below.takes_mail, f"{names_below.name}, which nobody published, can be sent mail"


@control("PARKED-RUA", SHOULD, BSI_TR_03182, rfc(9989, "4.7"), harm=Harm.ABUSED)
def test_a_domain_that_does_not_send_asks_for_reports(dmarc: DMARC, mail_domain: MailDomain) -> None:
    """A domain that does not send mail asks for aggregate reports in its DMARC policy.

    Why: they alone tell that somebody forges the domain, and that a service sends in its name after all.
    Fix: add rua=mailto:... to the DMARC record that applies to the domain.
    """
    if mail_domain.sends:
        not_applicable("the domain sends mail")
    if dmarc.policy is None:
        leave_to("DMARC-EXISTS", "no DMARC policy applies")
    record = dmarc.policy.record
    if record.get("rua") == "" or (record.get("rua") is None and record.unreadable):
        leave_to("DMARC-SYNTAX", "rua is empty, or a part of the record cannot be read")
    assert record.get("rua"), f"the DMARC record at _dmarc.{dmarc.policy.domain} asks for no aggregate reports"
