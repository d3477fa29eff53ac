"""Pages without scripts about results and their history: what ``mailproof serve`` shows beside the reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import quote

from markupsafe import Markup

from mailproof.gate.document import RunDocument
from mailproof.languages import Language
from mailproof.net.text import printable
from mailproof.report.escape import clipped, html_text
from mailproof.report.history import OpenFinding, Point
from mailproof.report.nagios import MAX_AGE
from mailproof.report.plain_page import FOOT, head, table
from mailproof.report.plain_page import moment as shown_moment

MAX_RUNS = 200
"""Runs of an inventory that the history shows, the latest first."""
MAX_OPEN = 1000
MAX_SCOPE = 200


@dataclass(frozen=True)
class Unreadable:
    """A result that cannot be shown, and why."""

    reason: str


def index(results: Mapping[str, RunDocument | Unreadable], moment: str, say: Language, *, has_history: bool) -> str:
    """All results by their names, as of a moment (ISO 8601)."""
    rows = [_row(name, result, datetime.fromisoformat(moment), say) for name, result in results.items()]
    columns = (
        say("Result"),
        say("Gate"),
        f"#{say('Findings')}",
        f"#{say('Inconclusive')}",
        f"={say('Looked at')}",
        "=",
    )
    body = "".join(table(columns, rows, say)) or f"<p>{html_text(say('There is no result yet: a run writes one.'))}</p>"
    return _page(say("Results"), body, say, has_history=has_history)


def _row(name: str, result: RunDocument | Unreadable, moment: datetime, say: Language) -> tuple[object, ...]:
    if isinstance(result, Unreadable):
        return name, _marked("closed", result.reason), "", "", "", ""
    state, why = _gate(result.decision.open, say), "".join(f" · {say.of_document(w)}" for w in result.decision.reasons)
    hours = (moment - datetime.fromisoformat(result.surveyed_at)).total_seconds() / 3600
    looked = Markup(html_text(shown_moment(result.surveyed_at)))  # noqa: S704 (just escaped)
    if hours > MAX_AGE:
        looked += " " + _marked("old", say("{n} hours ago", n=f"{hours:.0f}"))
    if not result.complete:
        looked += " " + _marked("old", say("the run was stopped before its end"))
    path = quote(name, safe="")
    return (
        _link(f"/results/{path}", name) + _scope(result, say),
        _marked("open" if result.decision.open else "closed", state) + why,
        result.counts.get("fail", 0),
        result.counts.get("inconclusive", 0),
        looked,
        _link(f"/results/{path}.json", "JSON"),
    )


def _gate(is_open: bool, say: Language) -> str:
    return say("open") if is_open else say("closed")


def _marked(kind: str, text: str) -> Markup:
    return Markup("<span class={}>{}</span>").format(kind, printable(text))


def _link(path: str, text: str) -> Markup:
    """A link to another page of the same server."""
    return Markup('<a href="{}">{}</a>').format(path, printable(text))


def _scope(result: RunDocument, say: Language) -> Markup:
    """What is judged, where that is not the whole inventory as it is."""
    if result.proposals:
        text = say("as proposed: {what}", what=", ".join(result.proposals))
    elif result.selection is not None and result.selection.partial:
        text = say("a part: {part}", part=", ".join(result.selection.by) or say("a setting of pytest"))
    else:
        return Markup("")
    return " " + _marked("old", clipped(text, MAX_SCOPE, "..."))


def history(
    points: Iterable[Point], findings: Iterable[OpenFinding], say: Language, explained: Collection[str] = ()
) -> str:
    """The runs of each inventory, the latest first, and what is open since when. ``explained`` are controls that have a
    page of their own.
    """

    def control(id: str) -> object:
        return _link(f"/controls/{id}", id) if id in explained else id

    by_inventory: dict[str, list[OpenFinding]] = {}
    for finding in findings:
        by_inventory.setdefault(finding.inventory, []).append(finding)
    parts = []
    columns = (*(f"={say('Run')}", f"#{say('Pass')}", f"#{say('Findings')}", f"#{say('Inconclusive')}", say("Gate")),)
    for inventory, group in groupby(points, key=lambda point: point.inventory):
        runs = list(group)[::-1]
        parts.append(f"<h2>{html_text(inventory)}</h2>")
        parts += table(columns, (_run(point, say) for point in runs[:MAX_RUNS]), say)
        parts += _more(len(runs) - MAX_RUNS, say)
        found = by_inventory.get(inventory, [])
        if found:
            parts.append(f"<h3>{html_text(say('Open findings'))}</h3>")
            rows = ((f.since[:10], f.level, control(f.control), f.target, f.message) for f in found[:MAX_OPEN])
            titles = (f"={say('Since')}", f"={say('Level')}", f"={say('Control')}", say("Target"), say("Found"))
            parts += table(titles, rows, say)
        parts += _more(len(found) - MAX_OPEN, say)
    body = "".join(parts) or f"<p>{html_text(say('There is no run in the history yet.'))}</p>"
    return _page(say("History"), body, say, has_history=True)


def _more(number: int, say: Language) -> list[str]:
    return [f"<p>{html_text(say('and {n} more', n=number))}</p>"] if number > 0 else []


def _run(point: Point, say: Language) -> tuple[object, ...]:
    score = "-" if point.score is None else f"{say.tenths(point.score * 100)} %"
    gate = _marked("open" if point.open else "closed", _gate(point.open, say))
    if not point.complete:
        gate += ", " + say("the run was stopped before its end")
    return shown_moment(point.started_at), score, point.findings, point.inconclusive, gate


def navigation(say: Language, *, has_history: bool) -> str:
    """The links to the other pages, in HTML."""
    links = _link("/", say("Results")) + (_link("/history", say("History")) if has_history else "")
    links += _link("/metrics", say("Metrics"))
    return f"<nav>{links}</nav>"


def _page(title: str, body: str, say: Language, *, has_history: bool) -> str:
    links = navigation(say, has_history=has_history)
    return f"{head(f'mailproof: {title}', say.code)}{links}<h1>{html_text(title)}</h1>{body}{FOOT}"
