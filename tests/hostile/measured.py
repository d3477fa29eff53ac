"""Runs the suite as a user does, and says how much memory it held at most."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.offline.user import SOURCE, Run


@dataclass(frozen=True)
class Measured:
    """A run and its largest resident set in octets, workers not counted."""

    run: Run
    memory: int


def measured_run(directory: Path, *arguments: str) -> Measured:
    """``pytest ARGUMENTS`` in ``directory``, with its output in files beside it."""
    output, errors = directory / "output.txt", directory / "errors.txt"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    environment |= {"PYTHONPATH": str(SOURCE / "src"), "COLUMNS": "160"}
    command = [sys.executable, "-m", "pytest", "-p", "mailproof.plugin", "-p", "no:cacheprovider", *arguments]
    with output.open("wb") as out, errors.open("wb") as err:
        child = subprocess.Popen(
            command, cwd=directory, env=environment, stdout=out, stderr=err, stdin=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    run = Run(child.returncode, _read(output), _read(errors), directory / "reports")
    return Measured(run, usage.ru_maxrss * 1024)


def _read(file: Path) -> str:
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return stream.read()
