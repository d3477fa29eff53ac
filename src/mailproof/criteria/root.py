"""What is known of the root of the DNS besides its trust anchors.

Sources: ICANN, "Root KSK Rollover" (KSK-2024 signs since 11 October 2026); IANA, "Root Servers" (the address of
a.root-servers.net has been the same since 1997).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

KEY_TAG_2024 = 38696
"""Of KSK-2024."""

SIGNS_ALONE_SINCE = datetime(2026, 10, 11, tzinfo=UTC) + timedelta(days=2)
"""From when on no resolver validates the root without that key: the day of the rollover, and the TTL of the keys."""

A_ROOT_SERVERS = ("198.41.0.4", "2001:503:ba3e::2:30")
"""The addresses of a.root-servers.net."""
