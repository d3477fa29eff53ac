"""What a report shows of a result document, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


MAX_NAMED = 8
"""Controls that are named one by one; of more only the families are."""


def unjudged(controls: Sequence[str]) -> str:
    """What could not be judged because of a fault: one control for each verdict that could not be given."""
    names = sorted(set(controls))
    if len(names) > MAX_NAMED:
        names = [f"{family}-*" for family in dict.fromkeys(name.split("-")[0] for name in names)]
    verdicts = "1 verdict" if len(controls) == 1 else f"{len(controls)} verdicts"
    return f"{verdicts} could not be given because of it: {', '.join(names)}"


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
