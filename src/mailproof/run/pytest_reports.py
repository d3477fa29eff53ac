"""A result in the words of pytest, JUnit XML and pytest-html, and on its way through the processes of pytest-xdist."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from mailproof.gate.document import Result, parsed, plain
from mailproof.gate.verdict import Verdict
from mailproof.languages import Language
from mailproof.net.text import printable
from mailproof.run.context import Context

_COUNTED = SimpleNamespace(when="call", nodeid="", sections=[], longrepr=None)
"""Stands for any report that the terminal counts and does not show."""

_STATUS = {
    Verdict.PASS: (".", "green"),
    Verdict.FAIL: ("F", "red"),
    Verdict.ADVICE: ("a", "yellow"),
    Verdict.WAIVED: ("w", "yellow"),
    Verdict.NOT_APPLICABLE: ("-", "blue"),
    Verdict.INCONCLUSIVE: ("?", "purple"),
}


class Carrying:
    """The hooks that results travel by. Registered as a plugin of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._judged: set[tuple[str, str]] = set()

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, Mapping[str, bool]]] | None:
        result = result_of(report)
        if result is None:
            return None
        letter, colour = _STATUS[result.verdict]
        return result.verdict.value, letter, (result.verdict.upper(), {colour: True})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None]:
        """Keep the result instead of the report, of which pytest's terminal only needs to know that there was one."""
        result = result_of(report)
        if not self._context.is_worker:
            self._keep(report, result)
        yield
        stats = getattr(self._context.config.pluginmanager.get_plugin("terminalreporter"), "stats", {})
        if result is not None and (reports := stats.get(result.verdict)):
            reports[-1] = _COUNTED
        if report.when == "teardown" and report.passed:
            stats.get("", [report]).pop()

    def _keep(self, report: pytest.TestReport, result: Result | None) -> None:
        """Keep a result, once for each control and target: plugins may run a test again, or on every worker."""
        if result is None:
            self._context.run.other_failures += report.failed
        elif result.key not in self._judged:
            self._judged.add(result.key)
            self._context.run.results.append(result)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(self, report: Any) -> Generator[None, Any, Any]:
        data = yield
        if data is not None and (result := result_of(report)) is not None:
            data["mailproof"] = plain(result)
        return data

    @pytest.hookimpl(wrapper=True)
    def pytest_report_from_serializable(self, data: dict[str, Any]) -> Generator[None, Any, Any]:
        carried = data.get("mailproof")
        report = yield
        if carried is not None and report is not None:
            report.mailproof = parsed(Result, carried)
        return report


def result_of(report: Any) -> Result | None:
    """The result that a pytest report carries, or None."""
    found = getattr(report, "mailproof", None)
    return found if isinstance(found, Result) else None


def annotate(item: pytest.Item, report: pytest.TestReport, result: Result, *, closes: bool, heard: bool) -> None:
    """Put a result where pytest, JUnit XML and pytest-html find it.

    ``closes``: it keeps the gate closed. ``heard``: there is somebody who reads the properties of a report.
    """
    if heard:
        item.user_properties.extend(_properties(result))
    message = printable(result.message)
    match result.verdict:
        case Verdict.PASS:
            return
        case Verdict.NOT_APPLICABLE:
            file, line, _ = item.location
            report.outcome = "skipped"
            report.longrepr = (file, (line or 0) + 1, f"Skipped: {message}")
        case Verdict.FAIL if closes:
            report.outcome = "failed"
            report.longrepr = _text(result)
        case Verdict.INCONCLUSIVE if closes:
            # pytest, JUnit and pytest-html call a failure an error if it is one of the set-up.
            report.when = "setup"
            report.outcome = "failed"
            report.longrepr = _text(result)
        case Verdict.FAIL | Verdict.INCONCLUSIVE:
            tolerated = "known from the baseline" if result.change else result.verdict
            _excuse(report, f"{tolerated}: {message}", result)
        case Verdict.ADVICE:
            _excuse(report, f"advice ({result.level}): {message}", result)
        case Verdict.WAIVED:
            summary = printable(result.waiver.summary if result.waiver else "")
            _excuse(report, f"{result.told(Language())} {summary}", result)


def _properties(result: Result) -> Iterator[tuple[str, str]]:
    for name in ("control", "level", "target", "verdict", "expected", "observed", "why", "fix"):
        yield name, printable(str(getattr(result, name)))
    yield "references", ", ".join(reference.title for reference in result.references)
    yield "evidence", "\n".join(printable(line) for line in result.evidence)
    if result.owners:
        yield "owners", printable(", ".join(result.owners))
    if result.waived:
        yield "waived", result.waived
    if result.waiver:
        yield "waiver", printable(result.waiver.summary)
    if result.change:
        yield "change", result.change
    if result.at is not None:
        yield "at", printable(str(result.at))


def _text(result: Result) -> str:
    """A finding as pytest shows failures."""
    return "\n".join(
        [
            f"{result.control} ({result.level}) {printable(result.target)}: {result.expected}",
            f"observed: {printable(result.observed)}",
            *(f"  | {printable(line)}" for line in result.evidence),
            f"rule: {', '.join(reference.title for reference in result.references)}",
            f"fix: {result.fix}",
            *(f"  - {printable(line)}" for line in (result.remedy.before.splitlines() if result.remedy else ())),
            *(f"  + {printable(line)}" for line in (result.remedy.after.splitlines() if result.remedy else ())),
        ]
    )


def _excuse(report: pytest.TestReport, reason: str, result: Result) -> None:
    """Make a failure one that pytest expects: it is shown, and the exit code does not know of it."""
    report.outcome = "skipped"
    report.wasxfail = reason
    report.longrepr = _text(result)
