"""Faults of DKIM keys."""

from __future__ import annotations

from tests.real.domains import Domain

NETWORK = 34

DOMAINS = (
    Domain(
        "dkim-revoked",
        "DKIM key is revoked",
        records={"sel1._domainkey TXT": ("v=DKIM1; k=rsa; p=",)},
        fail=("DKIM-SELECTOR",),
    ),
    Domain(
        "dkim-weak",
        "DKIM key has 512 bits",
        records={"sel1._domainkey TXT": ("DKIM-512",)},
        fail=("DKIM-KEY-LENGTH",),
    ),
    Domain(
        "dkim-two",
        "two DKIM keys at one selector",
        records={"sel1._domainkey TXT": ("DKIM-2048", "DKIM-2048-OTHER")},
        fail=("DKIM-SELECTOR",),
    ),
    Domain(
        "dkim-1024",
        "DKIM key has 1024 bits",
        records={"sel1._domainkey TXT": ("DKIM-1024",)},
        fail=("DKIM-KEY-LENGTH",),
    ),
    Domain(
        "no-dkim",
        "no DKIM key",
        records={"sel1._domainkey TXT": ()},
        fail=("DKIM-SELECTOR",),
    ),
)
