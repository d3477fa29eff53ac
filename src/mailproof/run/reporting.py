"""The end of a run: one decision for terminal, documents and exit code; reports that replace only lesser ones."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from mailproof import __version__
from mailproof.documents import UnreadableDocument, read_head, why_not_writable
from mailproof.gate.baseline import compare, snapshot
from mailproof.gate.document import FORMAT, without_secrets
from mailproof.languages import Language
from mailproof.net.text import shown
from mailproof.report import github, history
from mailproof.report.formats import FORMATS, write_formats
from mailproof.report.terminal import write_decision, write_findings
from mailproof.run.collecting import is_collection_broken
from mailproof.run.context import Context
from mailproof.run.machine import Output, guard_output

OURS = ("json", "html")
"""Reports that every run writes."""

_ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
"""Exit codes that the decision replaces; the others say that there is none."""


class Reporting:
    """The hooks that tell. Registered as a plugin of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._output: Output | None = None
        self._files: list[Path] = []
        self._note = ""
        """What to say of the reports besides where they are."""
        self._tells = context.reports
        self._say = Language(context.options.language)

    # Before anything is contacted

    def check_destinations(self) -> None:
        """Say before the survey, and not after it, that a report could not be written. Raises UsageError."""
        options, name = self._context.options, self._context.loaded.name
        if self._context.is_worker or options.survey_only:
            return
        for option, file in options.file_names:
            if reason := why_not_writable(file):
                raise pytest.UsageError(f"{option}: {file} {reason}")
        if not self._context.reports:
            return
        ours = {suffix: options.report_file(name, suffix) for suffix in OURS}
        for file in ours.values():
            if reason := why_not_writable(file):
                raise pytest.UsageError(f"--report-dir: {file} {reason}")
        for option, file in options.file_names:
            if any(file.resolve() == own.resolve() for own in ours.values()):
                raise pytest.UsageError(f"{option} {file}: mailproof's own report goes there; name another file")
        if options.baseline is not None and options.baseline.resolve() == ours["json"].resolve():
            raise pytest.UsageError(
                f"--baseline {options.baseline}: this run would write over its own baseline; keep a copy of it "
                "elsewhere, or name another --report-dir"
            )
        if options.history is not None:
            try:
                history.check(options.history)
            except history.HistoryError as error:
                raise pytest.UsageError(f"--history: {error}") from None

    def set_defaults(self) -> None:
        """Leave pytest's short summary to ours, and list the log of pytest-html among the reports."""
        option = self._context.config.option
        if getattr(option, "reportchars", "") == "fE":
            option.reportchars = ""
        if self._context.reports and self._context.options.log is not None:
            self._files.append(self._context.options.log)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        self._output = guard_output(self._context.config)

    def pytest_report_header(self) -> list[str]:
        run = self._context.run
        lines = [f"mailproof {__version__}: inventory {self._context.loaded.file}"]
        lines += [f"proposed: {line}" for line in run.proposals]
        if not run.proposals:
            lines += [f"left out of a zone: {record}" for record in run.zones_without]
        if run.narrowing:
            lines.append(f"only a part of the suite: {', '.join(run.narrowing)}")
        return [shown(line) for line in lines]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Leave failures to our own summary: pytest's takes time that grows with the square of their number.

        Collection errors are past here, so they are shown as pytest shows them.
        """
        option = self._context.config.option
        if getattr(option, "tbstyle", "no") == "auto" and not is_collection_broken(session):
            option.tbstyle = "no"

    # The end

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """Decide and write before other plugins report; say the decision after all of them."""
        broken = self._context.broken and session.testsfailed
        if broken or (self._tells and exitstatus == pytest.ExitCode.USAGE_ERROR):
            # The command line, the suite or the rules are wrong: nothing was judged, and nothing is reported.
            self._tells = False
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if not self._tells:
            yield
            return
        run = self._context.run
        self._settle(session, exitstatus)
        if exitstatus in _ENDED:
            session.exitstatus = run.exit_code
        problems = [*run.problems, *self._write_reports()]
        if problems and exitstatus in _ENDED:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        if github.is_job(os.environ):
            problems += github.append_summary(run, os.environ, self._context.options.language)
        decided = session.exitstatus
        yield
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = decided  # no plugin and no conftest opens a gate that is closed
        terminal: Any = self._context.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            write_decision(terminal, run, self._files, "\n".join([self._note, *problems]).strip(), self._say)
            self._check_output(session, exitstatus)

    def _check_output(self, session: pytest.Session, exitstatus: int) -> None:
        """Say on standard error that standard output is lost: the reports are whole, but the decision was not shown."""
        terminal: Any = self._context.config.pluginmanager.get_plugin("terminalreporter")
        terminal.flush()
        if self._output is not None and self._output.problem:
            print(f"mailproof: {self._output.problem}", file=sys.stderr)
            if exitstatus in _ENDED:
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def _settle(self, session: pytest.Session, exitstatus: int) -> None:
        """Bring the result of the run into its final form."""
        context, run = self._context, self._context.run
        ended = exitstatus in _ENDED and not session.shouldstop and not session.shouldfail
        run.complete = ended and len(run.results) == context.expected
        results = ((result.control, result.target, result.verdict) for result in run.results)
        covered = {index: len(pairs) for index, pairs in context.waived.items()}
        states = context.waivers.states(results, covered, run.complete)
        run.waivers = [without_secrets(state, context.loaded.redact, ("state",)) for state in states]
        if context.earlier is not None:
            comparison = compare(context.earlier, snapshot(run))
            source = "what is live" if context.options.compare_live else str(context.options.baseline)
            run.baseline = comparison.note(source)
            run.lost = list(comparison.lost(context.options.accept_lost)) if context.options.compare_live else []
        if run.decide().open and exitstatus == pytest.ExitCode.TESTS_FAILED:
            run.other_failures = max(run.other_failures, 1)
            run.decide()

    def _write_reports(self) -> list[str]:
        """Write every report that was asked for, and the history. Returns what went wrong."""
        context = self._context
        if not context.run.results and not context.run.complete:
            self._note = "nothing was judged: no report was written, earlier ones are as they were"
            return []
        problems = []
        if context.options.history is not None and context.run.results:
            file = context.options.history
            try:
                history.append(file, context.run, context.facts)
                context.run.trend = history.trend_of(file, context.loaded.name)
                self._files.append(file)
            except history.HistoryError as error:
                problems.append(str(error))
        written, others = write_formats(
            context.run, {**self._own_files(), **context.options.formats}, context.options.language
        )
        self._files[:0] = written
        return problems + others

    def _own_files(self) -> dict[str, Path]:
        """Where our reports go: beside an earlier one of a whole run, if this one judged only a part or was stopped."""
        run, options, name = self._context.run, self._context.options, self._context.loaded.name
        if (run.is_partial or not run.complete) and _is_whole(options.report_file(name, "json")):
            name = f"{name}.partial"
        return {suffix: options.report_file(name, suffix) for suffix in OURS}

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._tells:
            return
        width = min(shutil.get_terminal_size((100, 24)).columns, 140)
        verbosity = self._context.config.get_verbosity()
        run = self._context.run
        if not github.is_job(os.environ):
            write_findings(terminalreporter, run, width, verbosity, say=self._say)
            return
        with github.no_commands(terminalreporter.write_line):
            write_findings(terminalreporter, run, width, verbosity, say=self._say)
        for line in FORMATS["annotations"](run).splitlines():
            terminalreporter.write_line(line)


def _is_whole(file: Path) -> bool:
    """Whether ``file`` is the report of a run that judged the whole suite and came to its end."""
    try:
        head = read_head(file, FORMAT)
    except UnreadableDocument:
        return False
    return bool(head.get("complete")) and not head.get("selection", {}).get("partial", False)
