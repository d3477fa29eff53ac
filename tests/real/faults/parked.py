"""Faults of domains without mail."""

from __future__ import annotations

from tests.real.domains import Domain
from tests.real.faults.right import without_mail

NETWORK = 60

DOMAINS = (
    Domain(
        "parked-wildcard",
        "names below a domain without mail have an address",
        parked=True,
        records={**without_mail("parked-wildcard"), "* A": ("11.0.25.80",)},
        fail=("PARKED-SUBDOMAINS",),
        advice=("ZONE-WILDCARD",),
    ),
    Domain(
        "parked-no-reports",
        "a domain without mail asks for no reports",
        parked=True,
        records={**without_mail("parked-no-reports"), "_dmarc TXT": ("v=DMARC1; p=reject; sp=reject",)},
        fail=("PARKED-RUA",),
    ),
)
