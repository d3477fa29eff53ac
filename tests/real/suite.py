"""Runs the suite over the laboratory as a user does: pytest in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.real import verdicts
from tests.real.lab import Lab

ROOT = Path(__file__).resolve().parents[2]
RUN_SECONDS = 1800.0
"""After that a run is taken to hang for ever."""


@dataclass(frozen=True)
class Run:
    """One run of the suite: its exit code, output, and the JSON document of its results."""

    exit_code: int
    output: str
    document: dict[str, Any]

    @cached_property
    def verdicts(self) -> dict[verdicts.Key, verdicts.Verdict]:
        """Verdict, level and what was observed, by control and target."""
        return verdicts.of(self.document)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "mailproof.plugin", "--inventory=lab.yaml", *arguments]


def read_run(directory: Path, reports: str, exit_code: int = 0, output: str = "") -> Run:
    """A run by its report; without one, its document is empty."""
    file = directory / reports / "lab.json"
    document = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return Run(exit_code, output, document)


def _finish(directory: Path, reports: str, done: subprocess.CompletedProcess[str]) -> Run:
    return read_run(directory, reports, done.returncode, done.stdout + done.stderr)


def replayed_alone(directory: Path, record: str) -> dict[verdicts.Key, verdicts.Verdict]:
    """The verdicts of a record, judged without pytest in a network namespace that has no network at all."""
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "tests.offline.replay", "lab.yaml", record],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=True,
    )
    found = json.loads(done.stdout)
    return {(control, target): (verdict, level, observed) for control, target, verdict, level, observed in found}


def outside(directory: Path, reports: str, *arguments: str) -> Run:
    """Run the suite over ``lab.yaml`` of ``directory`` in a network namespace that has no network at all."""
    done = subprocess.run(
        ["unshare", "--net", *command(f"--report-dir={reports}", *arguments)],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return _finish(directory, reports, done)


def inside(lab: Lab, directory: Path, reports: str, *arguments: str) -> Run:
    """Run the suite over ``lab.yaml`` of ``directory`` on the client's side of the laboratory."""
    done = lab.run(command(f"--report-dir={reports}", *arguments), timeout=RUN_SECONDS, cwd=directory)
    return _finish(directory, reports, done)
