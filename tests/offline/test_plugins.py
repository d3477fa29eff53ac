"""The commonest plugins of pytest, installed beside ours and in use: every control judges every target once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.offline.user import SOURCE, pytest_run, write_inventory

PLUGINS = Path(sys.prefix) / "plugins"
"""Where ``make test`` installs them (tests/offline/plugins.txt)."""

CONTROLS = ("--control", "SPF-*", "--control", "DMARC-*")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """The verdicts without any of them."""
    directory = tmp_path_factory.mktemp("plain")
    write_inventory(directory, "domains: [no-spf.example, right.example]\n")
    return pytest_run(directory, "--inventory", "prod.yaml", *CONTROLS).verdicts("prod")


@pytest.mark.skipif(not PLUGINS.is_dir(), reason="the plugins are not installed: `make test` does that")
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--reruns", "2"),
        ("--reruns", "1", "-n", "2"),
        ("--count", "2"),
        ("--retries", "2"),
        ("--timeout", "600"),
        ("-p", "no:randomly"),
        ("--cov", "mailproof", "--cov-report="),
        ("--instafail",),
        ("--flake-finder", "--flake-runs=2"),
        ("-n", "2", "--dist=each"),
        ("-n", "2", "--dist=loadscope"),
    ],
    ids=" ".join,
)
def test_verdicts_are_the_same(plain: dict[tuple[str, str], str], tmp_path: Path, arguments: tuple[str, ...]) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example, right.example]\n")
    path = os.pathsep.join((str(SOURCE / "src"), str(PLUGINS)))
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", *CONTROLS, *arguments, environment={"PYTHONPATH": path})
    assert run.code == 1, run.output + run.errors
    assert "INTERNALERROR" not in run.output + run.errors
    document = run.document("prod")
    assert len(document["results"]) == len(plain)
    assert run.verdicts("prod") == plain
    assert document["complete"] is True
    assert document["decision"]["open"] is False
