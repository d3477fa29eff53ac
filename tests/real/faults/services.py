"""Faults of submission and of mail stores."""

from __future__ import annotations

from tests.real.domains import TLS_IN_THE_DIALOGUE, Domain, Store

NETWORK = 101

_STORES = {"imap": (143,), "pop3": (110,), "sieve": (4190,)}

DOMAINS = (
    Domain(
        "imap-clear-auth",
        "IMAP, POP3 and ManageSieve take passwords before TLS",
        store=Store(("ssl = yes", "disable_plaintext_auth = no"), ports=_STORES),
        fail=("IMAP-POP-CLEARTEXT",),
    ),
    Domain(
        "imap-no-starttls",
        "IMAP, POP3 and ManageSieve without STARTTLS and STLS",
        store=Store(("ssl = no",), ports=_STORES),
        fail=("SUB-IMAP-STARTTLS",),
    ),
    Domain(
        "auth-digest-md5",
        "DIGEST-MD5 and CRAM-MD5 inside TLS",
        store=Store(("auth_mechanisms = plain digest-md5 cram-md5",), ports=TLS_IN_THE_DIALOGUE),
        fail=("AUTH-MECHANISMS",),
    ),
)
