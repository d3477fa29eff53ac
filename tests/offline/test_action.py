"""The composite action of GitHub in action.yml: its inputs reach mailproof as they are, and never the shell."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.offline.user import SOURCE

ACTION = YAML(typ="safe", pure=True).load((SOURCE / "action.yml").read_text(encoding="utf-8"))
INSTALL, JUDGE = ACTION["runs"]["steps"]
NASTY = "a b;$(touch hacked)`touch hacked`\"'"


def judged(directory: Path, program: str, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step that judges, as GitHub does: with the inputs in its variables, and ``program`` as mailproof."""
    bin = directory / "mailproof" / "bin"
    bin.mkdir(parents=True)
    (bin / "mailproof").write_text(program)
    (bin / "mailproof").chmod(0o755)
    given = {name: one.get("default", "") for name, one in ACTION["inputs"].items()} | inputs
    variables = {
        name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: given[found[1]], text)
        for name, text in JUDGE["env"].items()
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", JUDGE["run"]],
        cwd=directory,
        env={
            **os.environ,
            **variables,
            "RUNNER_TEMP": str(directory),
            "GITHUB_OUTPUT": str(directory / "output"),
            "PYTHONPATH": str(SOURCE / "src"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


TELL = f"""#!{sys.executable}
import json, os, sys
print(json.dumps(sys.argv[1:]))
sys.exit(int(os.environ.get('CODE', 0)))
"""


def test_it_is_a_composite_action_whose_scripts_hold_no_expression() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for step in (INSTALL, JUDGE):
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        assert subprocess.run(["bash", "-n", "-c", step["run"]], check=False).returncode == 0
    used = set(re.findall(r"inputs\.([a-z-]+)", str(JUDGE["env"])))
    assert used == set(ACTION["inputs"])


def test_it_installs_with_octodns_and_runs_nothing_of_the_checkout(tmp_path: Path) -> None:
    checkout, temp = tmp_path / "checkout", tmp_path / "temp"
    bin = temp / "mailproof" / "bin"
    for folder in (checkout, bin):
        folder.mkdir(parents=True)
    for name in ("venv", "pip", "site", "argparse"):
        (checkout / f"{name}.py").write_text(f"open({str(tmp_path / 'hacked')!r}, 'w')\n")
    # What the environment would have: the arguments, in place of an installation from the network.
    (bin / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (bin / "python").chmod(0o755)
    fake = tmp_path / "path"
    fake.mkdir()
    (fake / "python3").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@" --help\n')
    (fake / "python3").chmod(0o755)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", INSTALL["run"]],
        cwd=checkout,
        env={
            "PATH": f"{fake}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(temp),
            "GITHUB_ACTION_PATH": "/action path",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert not (tmp_path / "hacked").exists()
    assert done.returncode == 0, done.stderr
    pip = ["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "/action path[octodns]"]
    assert done.stdout.splitlines()[-len(pip) :] == pip
    assert JUDGE["env"]["PYTHONSAFEPATH"] == "1"


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"inventory": "prod.yaml"}, ["--report-dir=reports", "--", "prod.yaml"]),
        (
            {"inventory": "-x", "zone": "zones\n\nterraform:plan.json?leave-out\n", "compare-live": "true"},
            [
                *("--report-dir=reports", "--zone=zones", "--zone=terraform:plan.json?leave-out"),
                *("--compare-live", "--", "-x"),
            ],
        ),
        (
            {
                **dict.fromkeys(("inventory", "zone", "profile", "sarif"), NASTY),
                "arguments": f"--control=SPF-*\n{NASTY}",
            },
            [
                *("--report-dir=reports", f"--zone={NASTY}", "--control=SPF-*", NASTY),
                *(f"--profile={NASTY}", f"--sarif={NASTY}", "--", NASTY),
            ],
        ),
    ],
    ids=["least", "zones", "nasty"],
)
def test_inputs_are_arguments_and_nothing_else(inputs: dict[str, str], expected: list[str], tmp_path: Path) -> None:
    done = judged(tmp_path, TELL, **inputs)
    assert json.loads(done.stdout) == ["run", *expected]
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize("code", [0, 1, 4])
def test_its_exit_code_is_that_of_the_run(code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODE", str(code))
    assert judged(tmp_path, TELL, inventory="prod.yaml").returncode == code
    assert (tmp_path / "output").read_text() == f"exit-code={code}\n"


def test_it_judges_an_inventory(tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text("domains: [no-spf.example]\nworld: demo\n")
    program = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mailproof.cli "$@"\n'
    done = judged(tmp_path, program, inventory="prod.yaml", arguments="--control=SPF-EXISTS", sarif="out.sarif")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no-spf.example publishes no SPF record" in done.stdout
    assert (tmp_path / "out.sarif").is_file()
