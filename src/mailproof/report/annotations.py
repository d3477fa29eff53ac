"""GitHub annotations: the worst findings, at the line of the inventory that names their target.

GitHub shows ten errors, ten warnings and ten notices of a step; ten in all are what somebody reads.
"""

from __future__ import annotations

from mailproof.controls import Level
from mailproof.gate.document import Result, RunDocument
from mailproof.gate.verdict import Verdict
from mailproof.remedies import TOO_LONG
from mailproof.report.escape import clipped, workflow_data, workflow_property
from mailproof.report.selection import worst_first

MAX_ANNOTATIONS = 10

MAX_TEXT = 1_000
"""Characters of what was observed."""

COMMAND = {Level.MUST: "error", Level.SHOULD: "warning", Level.MAY: "notice"}


def render(document: RunDocument) -> str:
    """Workflow commands, one a line; none where nothing is amiss."""
    found = worst_first(document, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ADVICE)[:MAX_ANNOTATIONS]
    return "".join(f"{_annotation(result)}\n" for result in found)


def _annotation(result: Result) -> str:
    # What could not be verified is no error of the target's, whatever the level.
    command = "warning" if result.verdict is Verdict.INCONCLUSIVE else COMMAND[result.level]
    proposed = " (as proposed)" if result.proposed else ""
    place = result.place
    properties = {
        "file": place.file if place else "",
        "line": str(place.line) if place and place.line else "",
        "title": f"{result.control} {result.target}{proposed}",
    }
    shown = ",".join(f"{name}={workflow_property(value)}" for name, value in properties.items() if value)
    text = f"{clipped(result.observed, MAX_TEXT)}\nFix: {result.fix}"
    if result.remedy and result.remedy.after:
        text += f"\nPublish:\n{result.remedy.after if len(result.remedy.after) <= MAX_TEXT else TOO_LONG}"
    return f"::{command} {shown}::{workflow_data(text)}"
