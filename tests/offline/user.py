"""Runs the suite as a user does: pytest in a process of its own, in a directory of its own."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

SOURCE = Path(__file__).resolve().parents[2]

RESULT_SCHEMA = jsonschema_rs.Draft202012Validator(
    json.loads((SOURCE / "docs" / "result.schema.json").read_text(encoding="utf-8")), validate_formats=True
)
"""In Rust: what the one in Python takes for a report of the demo (6 s) was a tenth of the whole test run."""

FAST = """
active: true
limits: {silence: 0.1, pause: 0, connections_per_host: 4, retries: 0, connect: 60, greeting: 60, reply: 60, tls: 60,
  dns: 30, https: 60}
probe: {ehlo: probe.right.example, sender: postmaster@right.example}
"""
"""What inventories over the demo world have in common: a tester that exists there, no pauses between connections, and
long patience. Nobody there is silent on purpose, so patience costs nothing and verdicts do not depend on the load."""

HANGS = 600
"""Seconds after which a run is taken to hang for ever. No run comes near it, not on a busy machine either."""


@dataclass(frozen=True)
class Run:
    """What came of a run."""

    code: int
    output: str
    errors: str
    reports: Path

    def document(self, name: str) -> dict[str, Any]:
        """The JSON report of the inventory called ``name``, which keeps to its published schema."""
        loaded: dict[str, Any] = json.loads((self.reports / f"{name}.json").read_text(encoding="utf-8"))
        RESULT_SCHEMA.validate(loaded)
        return loaded

    def verdicts(self, name: str) -> dict[tuple[str, str], str]:
        """Verdicts by control and target."""
        return {(r["control"], r["target"]): r["verdict"] for r in self.document(name)["results"]}


def pytest_run(
    directory: Path, *arguments: str, environment: Mapping[str, str] | None = None, timeout: float = HANGS
) -> Run:
    """``pytest ARGUMENTS`` in ``directory``, in a process of its own.

    The process is forked from one that has imported everything, which takes a third of the time of a new one; where
    the run is about how Python starts or modules are imported, it is a new one.
    """
    path = os.pathsep.join(part for part in (str(SOURCE / "src"), os.environ.get("PYTHONPATH", "")) if part)
    variables = {**_environment(), "PYTHONPATH": path, "COLUMNS": "160", **(environment or {})}
    options = ("-p", "mailproof.plugin", "-p", "no:cacheprovider", *arguments)
    if _needs_a_new_interpreter(arguments, environment or {}):
        return _started(directory, options, variables, timeout)
    return _forked(directory, options, variables, timeout)


def _needs_a_new_interpreter(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a run depends on how its modules are imported, or on variables that Python reads when it starts."""
    return any(name.startswith("PYTHON") for name in environment) or any(
        argument.startswith("--assert") or argument == "no:assertion" for argument in arguments
    )


def _started(directory: Path, options: Sequence[str], variables: Mapping[str, str], timeout: float) -> Run:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=directory,
        env=dict(variables),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=heed_ctrl_c,
    )
    return Run(done.returncode, done.stdout, done.stderr, directory / "reports")


_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.offline.warm_pytest"])


def _forked(directory: Path, options: Sequence[str], variables: Mapping[str, str], timeout: float) -> Run:
    # The server looks for its modules in the directory that it is started in: other packages are called `tests`, too.
    with contextlib.chdir(SOURCE):
        forkserver.ensure_running()
    with tempfile.TemporaryDirectory() as kept:
        output, errors = Path(kept) / "output", Path(kept) / "errors"
        process = _FORKING.Process(target=_be_pytest, args=(directory, options, variables, output, errors))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(options), timeout, output.read_bytes(), errors.read_bytes())
        return Run(process.exitcode, output.read_text(), errors.read_text(), directory / "reports")


def _be_pytest(
    directory: Path, options: Sequence[str], variables: Mapping[str, str], output: Path, errors: Path
) -> None:
    """What ``python -m pytest`` does, in a process that was forked."""
    heed_ctrl_c()
    for number, file in ((1, output), (2, errors)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(directory)
    sys.argv = ["pytest", *options]
    sys.exit(pytest.console_main())


def heed_ctrl_c() -> None:
    """For ``preexec_fn``: whoever runs the tests in the background of a shell script has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _environment() -> dict[str, str]:
    """This process's environment, but not that of a job: a run writes annotations and summaries there."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}


def write_inventory(directory: Path, text: str, name: str = "prod.yaml", fast: bool = True) -> Path:
    """Write an inventory over the demo world, unless the text names another one."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / name
    world = "" if "world:" in text else "world: demo\n"
    file.write_text(world + (FAST if fast else "") + text, encoding="utf-8")
    return file
