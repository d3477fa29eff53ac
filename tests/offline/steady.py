"""The demo beside processes that burn all cores: the same verdicts as on a quiet machine (``make steady``).

Not part of ``make test``, which is itself such a load: its workers run the demo side by side.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.offline.user import SOURCE, pytest_run

RUNS = 3
"""Under load; once more on a machine as quiet as it is."""

BURNERS_PER_CORE = 2

Verdicts = dict[tuple[str, str], str]


@contextmanager
def burners(count: int) -> Iterator[None]:
    """So many processes that do nothing but take time."""
    command = [sys.executable, "-c", "while True: pass"]
    burning = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


def demo(directory: Path) -> Verdicts:
    """The verdicts of the demo by control and target."""
    directory.mkdir()
    run = pytest_run(directory, "-q", f"--inventory={SOURCE / 'inventories' / 'demo.yaml'}")
    assert run.code == 1, run.output + run.errors
    return run.verdicts("demo")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    return demo(tmp_path_factory.mktemp("quiet") / "demo")


@pytest.mark.parametrize("number", range(RUNS))
def test_the_demo_under_load_has_the_verdicts_of_a_quiet_machine(tmp_path: Path, quiet: Verdicts, number: int) -> None:
    with burners(BURNERS_PER_CORE * (os.cpu_count() or 1)):
        busy = demo(tmp_path / "demo")
    differing = {key: (quiet.get(key), busy.get(key)) for key in quiet | busy if quiet.get(key) != busy.get(key)}
    assert not differing
