"""Faults of domains without mail."""

from __future__ import annotations

from tests.real.domains import Domain
from tests.real.faults.right import DOMAINS as RIGHT

NETWORK = 60

_PARKED = next(domain.records for domain in RIGHT if domain.parked)

DOMAINS = (
    Domain(
        "parked-wildcard",
        "names below a domain without mail have an address",
        parked=True,
        records={**_PARKED, "* A": ("11.0.25.80",)},
        fail=("PARKED-SUBDOMAINS",),
        advice=("ZONE-WILDCARD",),
    ),
    Domain(
        "parked-no-reports",
        "a domain without mail asks for no reports",
        parked=True,
        records={**_PARKED, "_dmarc TXT": ("v=DMARC1; p=reject; sp=reject",)},
        fail=("PARKED-RUA",),
    ),
)
