"""What the subject of a mark certificate has to say, by the kind of mark (VMC Requirements 1.7, section 7.1.4.2.2)."""

from __future__ import annotations

AS_OF = "2026-11"

NO_PILOT_SINCE = "2025-03-15"
"""Certificates that were issued from this day on have no pilot identifier."""

MARK_TYPE = "1.3.6.1.4.1.53087.1.13"

_ALL = {
    "2.5.4.10": "organizationName",
    "2.5.4.6": "countryName",
    "2.5.4.15": "businessCategory",
    "2.5.4.5": "serialNumber",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionCountryName",
}
_TRADEMARK = {
    "1.3.6.1.4.1.53087.1.3": "trademarkCountryOrRegionName",
    "1.3.6.1.4.1.53087.1.4": "trademarkRegistration",
}

REQUIRED = {
    "Registered Mark": _ALL | _TRADEMARK,
    "Modified Registered Mark": _ALL | _TRADEMARK,
    "Government Mark": _ALL
    | {"1.3.6.1.4.1.53087.3.2": "statuteCountryName", "1.3.6.1.4.1.53087.3.5": "statuteCitation"},
    "Prior Use Mark": _ALL,
}
"""Fields of the subject that have to be there, by the kind of mark."""
