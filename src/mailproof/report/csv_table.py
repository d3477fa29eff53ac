"""A table of all verdicts for spreadsheets (RFC 4180), in which nothing is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from mailproof.report.escape import cell
from mailproof.report.selection import is_proposed, waiver_text

COLUMNS = (
    *("id", "verdict", "level", "control", "family", "target", "target_type", "domains", "message", "expected"),
    *("observed", "evidence", "why", "fix", "references", "waiver", "proposed", "change", "file", "line"),
)

MAX_CELL = 32_000
"""Characters of a cell; spreadsheets cut or refuse what is longer than 32,767."""


def render(document: Mapping[str, Any]) -> str:
    """One line a verdict under a line of names, in the order of the document."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for result in document["results"]:
        table.writerow([_cell(result, column) for column in COLUMNS])
    return text.getvalue()


def _cell(result: Mapping[str, Any], column: str) -> str:
    match column:
        case "domains":
            text = ", ".join(result["domains"])
        case "evidence":
            text = "\n".join(result["evidence"])
        case "references":
            text = "\n".join(f"{ref['title']} {ref['url']}".rstrip() for ref in result["references"])
        case "waiver":
            text = waiver_text(result)
        case "proposed":
            text = "yes" if is_proposed(result) else ""
        case "change":
            text = result.get("change", "")
        case _:
            text = str(result[column])
    shown = cell(text)
    return shown if len(shown) <= MAX_CELL else f"{shown[:MAX_CELL]}\n[cut]"
