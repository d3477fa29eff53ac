"""The time as records and reports write it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The present as records and reports write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
