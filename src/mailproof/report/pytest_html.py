"""The detailed log of ``--html``, through pytest-html: our columns, text of the network escaped, a summary on top."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Protocol

import pytest

from mailproof.gate.document import Result, RunDocument
from mailproof.languages import Language
from mailproof.net.text import printable

COLUMNS = ("Verdict", "Control", "Level", "Target", "Reference")
"""Beside pytest-html's own column Result, which its script sorts and filters by."""


STYLE = """<style>
body { min-width: 0; color: #333; }
#environment { font-size: 0.9em; }
#results-table { table-layout: fixed; width: 100%; color: #333; }
#results-table td { overflow-wrap: anywhere; }
#results-table th:nth-child(1), #results-table th:nth-child(2) { width: 7em; }
#results-table th:nth-child(4) { width: 5em; }
#results-table th:nth-child(7) { width: 4em; }
.logwrapper { max-height: 40em; overflow-y: auto; }
.logwrapper .log { position: static; height: auto; min-height: 0; padding: 5px 10px; white-space: normal;
  font-family: inherit; color: #222; }
.logwrapper .logexpander { display: none; }
pre.evidence { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.5em 0; }
</style>"""
"""pytest-html is made for short logs: evidence wraps, and the columns stay on the page."""


def text(value: str) -> str:
    """``value`` as HTML text, control characters visible."""
    return html.escape(printable(value), quote=True)


def link(title: str, url: str) -> str:
    """A link, or just the title where there is no address."""
    return f'<a href="{html.escape(url, quote=True)}">{text(title)}</a>' if url else text(title)


class Titled(Protocol):
    """What pytest-html hands over for its title."""

    title: str


class HTMLReport:
    """Hooks of pytest-html. ``result_of`` gives the result that a pytest report carries, or None."""

    def __init__(self, run: RunDocument, result_of: Callable[[object], Result | None]) -> None:
        self._run = run
        self._result_of = result_of

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Titled) -> None:
        report.title = f"mailproof: {text(self._run.inventory)}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        run = self._run
        decision = run.decision
        colour, word = ("#1a7f37", "PASS") if decision.open else ("#b42318", "FAIL")
        reasons = f": {text(', '.join(decision.reasons))}" if decision.reasons else ""
        counts = " &middot; ".join(f"{verdict} <b>{number}</b>" for verdict, number in run.counts.items())
        source = "judged from a record" if run.replayed else "surveyed"
        contact = f" &middot; contact {text(run.contact)}" if run.contact else ""
        prefix.append(STYLE)
        prefix.append(f'<p style="font-size:1.6em;color:{colour}"><b>{word}</b>{reasons}</p>')
        prefix.append(f"<p>{counts}</p>")
        prefix.append(
            f"<p>Inventory {text(run.inventory)} &middot; {source} {text(run.surveyed_at)} "
            f"&middot; mailproof {text(run.mailproof)}{contact}</p>"
        )
        if run.profile is not None:
            prefix.append(f"<p>Profile {text(run.profile.name)}: {text(run.profile.title)}</p>")
        if run.waivers:
            lines = (f"<li>{text(w.control)}, {text(w.target)}: {w.state}; {text(w.summary)}</li>" for w in run.waivers)
            prefix.append(f"<p>Waivers</p><ul>{''.join(lines)}</ul>")
        if run.controls_without_target:
            prefix.append(
                f"<p>Nothing in the inventory to judge by: {text(', '.join(run.controls_without_target))}</p>"
            )

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        cells[:] = [
            cells[0],
            *(f'<th class="sortable" data-column-type="{name.lower()}">{name}</th>' for name in COLUMNS),
            *cells[-1:],
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        result = self._result_of(report)
        if result is None:
            values = ["", "", "", text(str(report.nodeid)), ""]
        else:
            references = "<br>".join(link(reference.title, reference.url) for reference in result.references)
            title = text(result.expected)
            values = [
                text(result.verdict),
                f"<b>{text(result.control)}</b><br>{title}",
                text(result.level),
                text(result.target),
                references,
            ]
        cells[:] = [
            cells[0],
            *(f'<td class="col-{name.lower()}">{value}</td>' for name, value in zip(COLUMNS, values, strict=True)),
            *cells[-1:],
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: list[str]) -> None:
        result = self._result_of(report)
        if result is None:
            return
        evidence = "\n".join(text(line) for line in result.evidence)
        remedy = ""
        if result.remedy:
            published, instead = (
                "\n".join(text(line) for line in lines.splitlines())
                for lines in (result.remedy.before, result.remedy.after)
            )
            remedy = f"<p><b>Published:</b></p><pre>{published}</pre><p><b>Instead:</b></p><pre>{instead}</pre>"
        waived = f"{result.told(Language())}; " if result.waived else ""
        waiver = f"<p><b>Waiver:</b> {text(waived + result.waiver.summary)}</p>" if result.waiver else ""
        change = f"<p><b>Against the baseline:</b> {text(result.change)}</p>" if result.change else ""
        data[:] = [
            f"{waiver}{change}"
            f"<p><b>Expected:</b> {text(result.expected)}<br>"
            f"<b>Observed:</b> {'<br>'.join(text(line) for line in result.observed.splitlines())}</p>"
            f"<p><b>Why:</b> {text(result.why)}<br><b>Fix:</b> {text(result.fix)}</p>{remedy}"
            f'<pre class="evidence">{evidence}</pre>'
        ]
