"""A table of all verdicts for spreadsheets (RFC 4180), in which nothing is taken for a formula."""

from __future__ import annotations

import csv
import io

from mailproof.gate.document import Result, RunDocument
from mailproof.report.escape import cell

COLUMNS = (
    *("id", "verdict", "level", "control", "family", "target", "target_type", "domains", "message", "expected"),
    *(
        "observed",
        "evidence",
        "why",
        "fix",
        "references",
        "waiver",
        "proposed",
        "change",
        "file",
        "line",
        "before",
        "after",
        "owners",
        "waived",
    ),
)

MAX_CELL = 32_000
"""Characters of a cell; spreadsheets cut or refuse what is longer than 32,767."""


def render(document: RunDocument) -> str:
    """One line a verdict under a line of names, in the order of the document."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for result in document.results:
        table.writerow([_cell(result, column) for column in COLUMNS])
    return text.getvalue()


def _cell(result: Result, column: str) -> str:
    match column:
        case "domains" | "owners":
            text = ", ".join(getattr(result, column))
        case "evidence":
            text = "\n".join(result.evidence)
        case "references":
            text = "\n".join(f"{reference.title} {reference.url}".rstrip() for reference in result.references)
        case "waiver":
            text = result.waiver.summary if result.waiver else ""
        case "proposed":
            text = "yes" if result.proposed else ""
        case "before" | "after":
            text = str(getattr(result.remedy, column)) if result.remedy else ""
        case "file":
            text = result.place.file if result.place else ""
        case "line":
            text = str(result.place.line if result.place else 0)
        case _:
            text = str(getattr(result, column))
    shown = cell(text)
    return shown if len(shown) <= MAX_CELL else f"{shown[:MAX_CELL]}\n[cut]"
