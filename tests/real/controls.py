"""Controls that speak up together, for the truth about the laboratory's domains."""

from __future__ import annotations

from mailproof.controls import load_catalogue


def matching(pattern: str) -> tuple[str, ...]:
    """The ids of the catalogue that match ``pattern``."""
    return tuple(control.id for control in load_catalogue().matching(pattern))


PKIX = matching("CERT-*")
HANDSHAKES = tuple(id for id in matching("TLS-*") if "tls_offers" in load_catalogue()[id].observations)
MAILBOXES = (
    *("SMTP-POSTMASTER", "SMTP-ABUSE", "SMTP-NULL-SENDER", "BACKUPMX-RCPT"),
    *("RELAY-DOMAINS", "PUBLISHED-MAILBOXES"),
)
OPENSMTPD_SPEAKS = ("SMTP-SIZE", "SMTP-STATE", "SMTP-VERBS")
"""OpenSMTPD 6.8 offers SIZE and does not heed it, takes no second EHLO, and does not know VRFY."""
PARTLY = ("BACKUPMX-RCPT",)
"""What is asked of all MX addresses of a domain together: of an address that says nothing it cannot be told. All else
that cannot be seen of such an address is left to the control that finds why."""
PRIVATE = "Private addresses are not contacted."
