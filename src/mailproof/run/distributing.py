"""The same run in other processes: the workers of pytest-xdist, and what is live beside a proposal."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mailproof.gate.baseline import read_snapshot
from mailproof.run.context import Context
from mailproof.run.surveying import Surveying

_PROPOSAL = ("--zone", "--connect")
_ONCE = ("--compare-live", "--strict-waivers", "--pdb", "--trace")
"""Options of the run that judging what is live does without."""

_OUTPUT = (
    *("--record", "--report-dir", "--sarif", "--markdown", "--prometheus", "--csv", "--history"),
    *("--junitxml", "--junit-xml", "--html", "--accept-lost", "--baseline"),
    *_PROPOSAL,
)
"""Options with a value that it does without as well."""


class Distributing:
    """The hooks that start other processes and listen to them. Registered as a plugin of its own."""

    def __init__(self, context: Context, surveying: Surveying) -> None:
        self._context = context
        self._surveying = surveying
        self._closing = ExitStack()
        self._worker_record = Path()

    def close(self) -> None:
        """Remove what was kept for this run only."""
        self._closing.close()

    def _scratch(self) -> Path:
        return Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="mailproof-")))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        if self._context.options.compare_live and self._context.reports:
            self._judge_live()
        if self._context.is_controller:
            self._survey_for_workers()

    def _judge_live(self) -> None:
        """Judge without the proposal, in a process of its own; its result is the baseline of this run."""
        context, scratch = self._context, self._scratch()
        alone = ["-n0"] if context.is_controller else []
        command = [sys.executable, "-m", "pytest", *_without(context.options.command), *alone]
        always = ["-q", "--maxfail=0", "-p", "no:cacheprovider", "-p", "mailproof.plugin"]
        added = shlex.join(_without(shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))))
        done = subprocess.run(  # noqa: S603
            [*command, *self._gathered(), f"--report-dir={scratch}", *always],
            cwd=context.options.directory,
            env={**os.environ, "PYTEST_ADDOPTS": added, "GITHUB_ACTIONS": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        file = scratch / f"{context.loaded.name}.json"
        if not file.is_file() or done.returncode in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR):
            code = done.returncode or pytest.ExitCode.INTERNAL_ERROR
            pytest.exit(f"what is live could not be judged:\n{done.stdout[-2000:]}{done.stderr[-2000:]}", code)
        context.earlier = read_snapshot(file)
        # The workers of xdist get the options of this process, and so the baseline.
        context.config.option.baseline = str(file)

    def _gathered(self) -> list[str]:
        """Zones that were read from their sources, for another process of this run."""
        index = self._context.config.option.gathered
        return [f"--mailproof-zones={index}"] if index else []

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["mailproof_record"] = str(self._worker_record)
        node.workerinput["mailproof_today"] = self._context.waivers.today.isoformat()

    def _survey_for_workers(self) -> None:
        """With xdist: survey once, in a process that has no workers, and let the workers replay its record."""
        context = self._context
        replay = context.options.replay
        record = self._scratch() / "record.json"
        self._worker_record = replay or record
        if not replay or context.waivers.entries:
            quiet = ["-n0", "-qq", "--no-header", "--no-summary", "-p", "no:cacheprovider"]
            command = [sys.executable, "-m", "pytest", *context.options.command, *quiet]
            status = subprocess.run(  # noqa: S603
                [*command, *self._gathered(), f"--mailproof-survey={record}"],
                cwd=context.options.directory,
                check=False,
            ).returncode
            if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                pytest.exit("the survey failed; see above", returncode=status)
        self._surveying.read_record(self._worker_record)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", {})
        context = self._context
        context.expected = max(context.expected, output.get("mailproof_expected", 0))
        context.run.judgeable = max(context.run.judgeable, output.get("mailproof_judgeable", 0))
        unused = {*context.run.controls_without_target, *output.get("mailproof_unused", [])}
        context.run.controls_without_target = sorted(unused)
        for index, pairs in output.get("mailproof_waived", {}).items():
            context.waived.setdefault(int(index), set()).update((control, target) for control, target in pairs)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        context = self._context
        if context.is_worker:
            output: dict[str, Any] = context.config.workeroutput  # type: ignore[attr-defined]
            output["mailproof_expected"] = context.expected
            output["mailproof_judgeable"] = context.run.judgeable
            output["mailproof_unused"] = context.run.controls_without_target
            output["mailproof_waived"] = {str(index): [*map(list, found)] for index, found in context.waived.items()}


def _without(arguments: Iterable[str]) -> Iterator[str]:
    """The arguments of a run without its proposal and without what it writes."""
    given = iter(arguments)
    for argument in given:
        if argument in _OUTPUT:
            next(given, None)
        elif argument not in _ONCE and not argument.startswith(tuple(f"{name}=" for name in _OUTPUT)):
            yield argument
