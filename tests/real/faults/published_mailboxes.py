"""Mailboxes that are published and refused."""

from __future__ import annotations

from tests.real.domains import POSTFIX, Domain, Server

NETWORK = 132

DOMAINS = (
    Domain(
        "reports-refused-postfix",
        "refuses mail for the mailbox that DMARC reports are to go to",
        Server(
            POSTFIX,
            (
                "smtpd_recipient_restrictions = check_recipient_access "
                "inline:{dmarc@reports-refused-postfix.test=REJECT}",
            ),
        ),
        active=True,
        fail=("PUBLISHED-MAILBOXES",),
    ),
)
