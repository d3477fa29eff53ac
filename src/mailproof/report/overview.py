"""Pages without scripts about results and their history: what ``mailproof serve`` shows beside the reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import quote

from mailproof.gate.document import RunDocument
from mailproof.report.escape import clipped, html_text
from mailproof.report.history import OpenFinding, Point
from mailproof.report.nagios import MAX_AGE
from mailproof.report.plain_page import FOOT, head, table

MAX_RUNS = 200
"""Runs of an inventory that the history shows, the latest first."""
MAX_OPEN = 1000
MAX_SCOPE = 200


@dataclass(frozen=True)
class Unreadable:
    """A result that cannot be shown, and why."""

    reason: str


def index(results: Mapping[str, RunDocument | Unreadable], moment: str, *, has_history: bool) -> str:
    """All results by their names, as of a moment (ISO 8601)."""
    rows = [_row(name, result, datetime.fromisoformat(moment)) for name, result in results.items()]
    table = (
        "<table><tr><th>result</th><th>gate</th><th class=n>findings</th><th class=n>inconclusive</th>"
        f"<th>looked at</th><th></th></tr>{''.join(rows)}</table>"
    )
    return _page("Results", table if rows else "<p>There is no result yet: a run writes one.</p>", has_history)


def _row(name: str, result: RunDocument | Unreadable, moment: datetime) -> str:
    if isinstance(result, Unreadable):
        return f"<tr><td>{html_text(name)}</td><td colspan=5 class=closed>{html_text(result.reason)}</td></tr>"
    state = "open" if result.decision.open else "closed"
    why = f": {html_text(', '.join(result.decision.reasons))}" if result.decision.reasons else ""
    hours = (moment - datetime.fromisoformat(result.surveyed_at)).total_seconds() / 3600
    age = f" <span class=old>{hours:.0f} hours ago</span>" if hours > MAX_AGE else ""
    stopped = "" if result.complete else " <span class=old>the run was stopped</span>"
    scope = _scope(result)
    path = quote(name, safe="")
    return (
        f'<tr><td><a href="/results/{path}">{html_text(name)}</a>{scope}</td><td class={state}>{state}{why}</td>'
        f"<td class=n>{result.counts.get('fail', 0)}</td><td class=n>{result.counts.get('inconclusive', 0)}</td>"
        f"<td class=k>{html_text(result.surveyed_at)}{age}{stopped}</td>"
        f'<td><a href="/results/{path}.json">JSON</a></td></tr>'
    )


def _scope(result: RunDocument) -> str:
    """What is judged, where that is not the whole inventory as it is."""
    if result.proposals:
        text = f"as proposed: {', '.join(result.proposals)}"
    elif result.selection is not None and result.selection.partial:
        text = f"a part: {', '.join(result.selection.by) or 'a setting of pytest'}"
    else:
        return ""
    return f" <span class=old>{html_text(clipped(text, MAX_SCOPE, '...'))}</span>"


def history(points: Iterable[Point], findings: Iterable[OpenFinding]) -> str:
    """The runs of each inventory, the latest first, and what is open since when."""
    by_inventory: dict[str, list[OpenFinding]] = {}
    for finding in findings:
        by_inventory.setdefault(finding.inventory, []).append(finding)
    parts = []
    for inventory, group in groupby(points, key=lambda point: point.inventory):
        runs = list(group)[::-1]
        parts.append(f"<h2>{html_text(inventory)}</h2>")
        parts += table(
            ("=run", "#score", "#findings", "#inconclusive", "gate"), (_run(point) for point in runs[:MAX_RUNS])
        )
        if len(runs) > MAX_RUNS:
            parts.append(f"<p>and {len(runs) - MAX_RUNS} earlier runs</p>")
        found = by_inventory.get(inventory, [])
        if found:
            parts.append("<h3>Open</h3>")
            rows = ((f.since[:10], f.level, f.control, f.target, f.message) for f in found[:MAX_OPEN])
            parts += table(("=since", "=level", "=control", "target", "found"), rows)
        if len(found) > MAX_OPEN:
            parts.append(f"<p>and {len(found) - MAX_OPEN} more</p>")
    return _page("History", "".join(parts) or "<p>There is no run in the history yet.</p>", True)


def _run(point: Point) -> tuple[object, ...]:
    score = "-" if point.score is None else f"{point.score * 100:.1f} %"
    gate = ("open" if point.open else "closed") + ("" if point.complete else ", the run was stopped")
    return point.started_at, score, point.findings, point.inconclusive, gate


def _page(title: str, body: str, has_history: bool) -> str:
    links = '<a href="/">Results</a>' + ('<a href="/history">History</a>' if has_history else "")
    return f'{head(f"mailproof: {title}")}<nav>{links}<a href="/metrics">Metrics</a></nav><h1>{title}</h1>{body}{FOOT}'
