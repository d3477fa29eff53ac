"""The pytest plugin for other suites: the example in its documentation runs, and nothing of it stays."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "fixtures.md"

TESTS_OF_MISTAKES = """
import threading

import pytest

from mailproof.fixtures.smtp_behaviour import SMTPBehaviour

pytest_plugins = ["mailproof.fixtures.plugin"]


def test_behaviour_or_fields(smtp_peer):
    assert smtp_peer(SMTPBehaviour(relay="open")).peer.behaviour.relay == "open"
    with pytest.raises(TypeError):
        smtp_peer(SMTPBehaviour(), relay="open")


def test_bad_zone(mock_dns):
    with pytest.raises(ValueError, match="SOA"):
        mock_dns({"example.org": "@ 60 A 11.0.0.1"})


def test_world_beside_the_test(world):
    assert world("small").settings().offline
    with pytest.raises(ValueError, match="shipped worlds are"):
        world("nowhere")


def test_nothing_runs_any_more():
    assert [thread.name for thread in threading.enumerate() if thread.name == "mailproof-loop"] == []
"""


def run(directory: Path) -> str:
    """The outcome line of pytest over ``directory``, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(directory)],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_documented_example_runs(tmp_path: Path) -> None:
    found = re.search(r"<!-- example: (\S+) -->\n```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    (tmp_path / found[1]).write_text(found[2])
    assert "3 passed" in run(tmp_path)


def test_mistakes_and_the_end(tmp_path: Path) -> None:
    world = tmp_path / "small"
    world.mkdir()
    (world / "world.yaml").write_text("zones: {org: org.zone}\n")
    (world / "org.zone").write_text("@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 11.0.0.53\n")
    (tmp_path / "test_mistakes.py").write_text(TESTS_OF_MISTAKES)
    assert "4 passed" in run(tmp_path)
