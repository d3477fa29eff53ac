"""GitHub annotations: the worst findings, at the line of the inventory that names their target.

GitHub shows ten errors, ten warnings and ten notices of a step; ten in all are what somebody reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailproof.report.escape import clipped, workflow_data, workflow_property
from mailproof.report.selection import is_proposed, worst_first

MAX_ANNOTATIONS = 10

MAX_TEXT = 1_000
"""Characters of what was observed."""

COMMAND = {"MUST": "error", "SHOULD": "warning", "MAY": "notice"}


def render(document: Mapping[str, Any]) -> str:
    """Workflow commands, one a line; none where nothing is amiss."""
    found = worst_first(document, "fail", "inconclusive", "advice")[:MAX_ANNOTATIONS]
    return "".join(f"{_annotation(result)}\n" for result in found)


def _annotation(result: Mapping[str, Any]) -> str:
    # What could not be verified is no error of the target's, whatever the level.
    command = "warning" if result["verdict"] == "inconclusive" else COMMAND[result["level"]]
    proposed = " (as proposed)" if is_proposed(result) else ""
    properties = {
        "file": result["file"],
        "line": str(result["line"] or ""),
        "title": f"{result['control']} {result['target']}{proposed}",
    }
    shown = ",".join(f"{name}={workflow_property(value)}" for name, value in properties.items() if value)
    text = f"{clipped(result['observed'], MAX_TEXT)}\nFix: {result['fix']}"
    return f"::{command} {shown}::{workflow_data(text)}"
