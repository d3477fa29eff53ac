"""Mailboxes that are published for others to write to: whether they take mail."""

from __future__ import annotations

from mailproof.controls import SHOULD, Family, Harm, control, leave_to, not_applicable
from mailproof.net.errors import NotObserved
from mailproof.observations.published_mailboxes import PublishedMailboxes
from mailproof.observations.refusals import demands_tls, refuses_tester
from mailproof.references import PRACTICE, rfc

FAMILY = Family("PUBLISHED", "Mailboxes that are published")


@control("PUBLISHED-MAILBOXES", SHOULD, rfc(2142, "7"), rfc(9116, "2.5.3"), PRACTICE, harm=Harm.LOST)
def test_published_mailboxes_take_mail(published_mailboxes: PublishedMailboxes) -> None:
    """Every mailbox of the domain that is published is accepted on every MX, and those that the inventory names.

    They are looked for in rua and ruf of DMARC, rua of TLS-RPT, SOA and CAA records, security.txt, and RDAP.

    Postmaster and abuse are judged by SMTP-POSTMASTER and SMTP-ABUSE, wherever they are published.

    Why: reports and complaints go there; where they are refused, nobody learns of what is wrong.
    Fix: add the mailbox or an alias on every MX, or publish another one.
    """
    seen, told = published_mailboxes, published_mailboxes.mailboxes
    if told.unserved:
        leave_to("SMTP-GREET-220", f"the server refuses service: {told.unserved}")
    if told.serves_nobody:
        leave_to("RELAY-DOMAINS", f"{told.domain} is not served here")
    if not seen.published:
        not_applicable("no mailbox of the domain is published but postmaster and abuse")
    refused, undecided = [], []
    for one in seen.published:
        attempt = seen.answer(one)
        if attempt is None:
            undecided.append(f"{one} was not asked for: {seen.interrupted or 'too many are published'}")
        elif attempt.accepted:
            continue
        elif demands_tls(attempt.last) and not attempt.tls:
            leave_to("SMTP-STARTTLS-WORKS", f"the server takes mail inside TLS only: {attempt.last}")
        elif reason := refuses_tester(attempt, told.tester, (*told.attempts, *seen.attempts)):
            undecided.append(f"{one}: {reason}")
        else:
            refused.append(f"{one} is answered with {attempt.last}")
    assert not refused, "; ".join(refused)
    if undecided:
        raise NotObserved("; ".join(undecided), seen.evidence())
