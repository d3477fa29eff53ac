"""How long certificates of public CAs may be valid: the CA/Browser Forum's Baseline Requirements, section 6.3.2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

AS_OF = "2026-11"

LIMITS = (
    (datetime(2018, 3, 1, tzinfo=UTC), 825),
    (datetime(2020, 9, 1, tzinfo=UTC), 398),
    (datetime(2026, 3, 15, tzinfo=UTC), 200),
    (datetime(2027, 3, 15, tzinfo=UTC), 100),
    (datetime(2029, 3, 15, tzinfo=UTC), 47),
)
"""The most days of a certificate that was issued since then. Those since 2026 come from ballot SC-081v3."""

SC_081 = LIMITS[2][0]
"""Since then the steps of ballot SC-081v3 count."""


def most_days(not_before: datetime) -> int | None:
    """The days that a certificate issued then may be valid; None where no limit was as short as those here."""
    return next((days for since, days in reversed(LIMITS) if not_before >= since), None)


def lifetime(not_before: datetime, not_after: datetime) -> timedelta:
    """How long a certificate is valid: both ends belong to it (RFC 5280, section 4.1.2.5)."""
    return not_after - not_before + timedelta(seconds=1)
