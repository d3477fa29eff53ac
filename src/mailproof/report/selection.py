"""What a report shows of a result document, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LEVELS = ("MUST", "SHOULD", "MAY")
"""The strictest first."""


def worst_first(document: Mapping[str, Any], *verdicts: str) -> list[Mapping[str, Any]]:
    """The results with one of ``verdicts``, in their order; those that the baseline knows last, then by level.

    What is equal in that stands in the order of the document: control, then target.
    """
    found = [result for result in document["results"] if result["verdict"] in verdicts]
    found.sort(key=lambda r: (verdicts.index(r["verdict"]), r.get("change") == "known", LEVELS.index(r["level"])))
    return found


def waiver_text(result: Mapping[str, Any]) -> str:
    """Why a finding is waived and until when; empty where no waiver was meant for it."""
    waiver = result.get("waiver") or {}
    parts = [str(waiver.get("reason") or "")]
    parts += [f"{name} {waiver[name]}" for name in ("expires", "owner", "ticket") if waiver.get(name)]
    if waiver.get("days_left", 0) < 0:
        parts.append("expired")
    return "; ".join(part for part in parts if part)


def is_proposed(result: Mapping[str, Any]) -> bool:
    """Whether a verdict rests on a zone as proposed, and not as published."""
    return bool(result.get("proposed"))
