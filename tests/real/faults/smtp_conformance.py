"""SMTP to the letter: what packaged servers can be made to do wrong. The rest is in tests/offline/smtp_faults.py."""

from __future__ import annotations

from tests.real.domains import POSTFIX, Domain, Server

NETWORK = 113

DOMAINS = (
    Domain(
        "few-recipients-postfix",
        "takes 50 recipients of a message and no more",
        Server(POSTFIX, ("smtpd_recipient_limit = 50",)),
        active=True,
        fail=("RCPT-100",),
    ),
)
