"""The terminal of ``mailproof check`` and ``mailproof run``: what mailproof has to say, and nothing about tests.

Loaded by name (``-p mailproof.run.plain``) in place of pytest's own terminal reporter, as pytest-sugar is. Errors in
files of rules, internal errors and interrupts are shown as pytest shows them.
"""

from __future__ import annotations

import sys

import pytest
from _pytest.timing import Instant


class PlainReporter(pytest.TerminalReporter):  # type: ignore[misc]  # final, and meant to be replaced whole
    """Counts what pytest counts, and leaves header, dots, warnings and the last line out."""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session
        self._session_start = Instant()
        if not self.showheader:
            return
        # Ours alone: the header of pytest and of other plugins names versions and directories.
        ours = self.config.pluginmanager.get_plugin("mailproof-reporting")
        for line in ours.pytest_report_header() if ours is not None else ():
            self.write_line(line)

    def pytest_collection(self) -> None:
        """Say nothing: the survey tells how far it is."""

    def report_collect(self, final: bool = False) -> None:
        """Say how much is judged, once."""
        if final and self.verbosity >= 0 and not self.config.getoption("collectonly"):
            count = self._numcollected - len(self.stats.get("deselected", []))
            self.write_line(f"to judge: {count} pairs of control and target")

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        """Say nothing."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        category, _, _ = self.config.hook.pytest_report_teststatus(report=report, config=self.config)
        self._tests_ran = True
        self._add_stats(category, [report])

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Say nothing."""

    def summary_warnings(self) -> None:
        """Say nothing: they are for whoever writes rules, and plain pytest shows them."""

    def summary_stats(self) -> None:
        """Say nothing: the counts of verdicts stand at the end."""


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take the place of pytest's reporter, before a run points anything at it."""
    standard = config.pluginmanager.get_plugin("terminalreporter")
    if type(standard) is pytest.TerminalReporter:
        config.pluginmanager.unregister(standard)
        config.pluginmanager.register(PlainReporter(config, sys.stdout), "terminalreporter")
