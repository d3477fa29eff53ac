"""GitLab's Code Quality report: findings at the line of the inventory that names their target, for merge requests.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from urllib.parse import quote

from mailproof.controls import Level
from mailproof.documents import JSON
from mailproof.gate.document import Result, RunDocument
from mailproof.gate.verdict import Verdict
from mailproof.net.text import printable
from mailproof.report.escape import clipped
from mailproof.report.selection import worst_first

MAX_TEXT = 1_024
"""Characters of a description."""

SEVERITY = {Level.MUST: "critical", Level.SHOULD: "major", Level.MAY: "info"}


def render(document: RunDocument) -> str:
    """The report of a result document, the worst first. What a waiver accepts is not in it."""
    found = worst_first(document, Verdict.FAIL, Verdict.ADVICE)
    return json.dumps([_issue(result, document.inventory) for result in found], ensure_ascii=False, indent=1) + "\n"


def _issue(result: Result, inventory: str) -> dict[str, JSON]:
    path = quote(result.place.file, errors="backslashreplace", safe="/ ") if result.place else printable(inventory)
    return {
        "description": clipped(printable(f"{result.target}: {result.observed}"), MAX_TEXT),
        "check_name": printable(result.control),
        "fingerprint": printable(result.id),
        "severity": SEVERITY[result.level],
        "location": {"path": path, "lines": {"begin": max(result.place.line, 1) if result.place else 1}},
    }
