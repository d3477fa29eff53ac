"""The CI/CD component of GitLab in templates/: its inputs reach mailproof as they are, and never the shell."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import junitparser
from ruamel.yaml import YAML

from tests.offline.test_examples import shell
from tests.offline.user import SOURCE, write_inventory

TEXT = (SOURCE / "templates" / "mailproof.yml").read_text(encoding="utf-8")
HEAD, BODY = YAML(typ="safe", pure=True).load_all(TEXT)
INPUTS = HEAD["spec"]["inputs"]
(JOB,) = BODY.values()
NASTY = "a b;$(touch hacked)`touch hacked`\"'$HOME"


def script(directory: Path, **inputs: Any) -> str:
    """The script of the job as a runner has it: inputs in place of their expressions, variables in its environment."""
    given = {name.replace("-", "_"): one.get("default", "") for name, one in INPUTS.items()} | inputs
    lines = []
    for name, variable in JOB["variables"].items():
        value = re.sub(
            r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda m: _text(given[m[1].replace("-", "_")]), variable["value"]
        )
        (directory / name).write_text(value)
        lines.append(f'export {name}="$(cat {name})"')
    return "\n".join([*lines, *JOB["script"]])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_it_is_a_component_whose_inputs_are_declared_and_used() -> None:
    used = set(re.findall(r"\$\[\[ inputs\.([a-z-]+) \]\]", TEXT))
    assert used == INPUTS.keys()
    assert all(one["description"] for one in INPUTS.values())
    for line in (*JOB["before_script"], *JOB["script"]):
        assert "$[[" not in line
    assert all(variable["expand"] is False for variable in JOB["variables"].values())


def test_inputs_are_arguments_and_nothing_else(tmp_path: Path) -> None:
    told = script(tmp_path, inventory=NASTY, zone=NASTY, profile=NASTY, report_dir="reports", compare_live=True)
    tell = f'python3() {{ for one in "$@"; do printf \'%s\\n\' "$one"; done; }}; mailproof() {{ :; }}\n{told}'
    done = shell(tell, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *("-m", "pytest", f"--inventory={NASTY}", "--report-dir=reports", "--junitxml=mailproof.xml"),
        *("--sarif=mailproof.sarif", f"--zone={NASTY}", "--compare-live", f"--profile={NASTY}"),
    ]
    assert not (tmp_path / "hacked").exists()


def test_its_job_leaves_what_gitlab_reads_and_ends_as_the_run_does(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    pytest_here = f'python3() {{ shift 2; pytest "$@" "--control=SPF-*"; }}\n{script(tmp_path, inventory="prod.yaml")}'
    done = shell(pytest_here, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    issues = json.loads((tmp_path / JOB["artifacts"]["reports"]["codequality"]).read_text())
    assert [(one["check_name"], one["severity"], one["location"]["path"]) for one in issues] == [
        ("SPF-EXISTS", "major", "prod.yaml")
    ]
    cases = [*junitparser.JUnitXml.fromfile(str(tmp_path / JOB["artifacts"]["reports"]["junit"]))]
    assert cases
    for path in JOB["artifacts"]["paths"]:
        assert (tmp_path / path.replace("$[[ inputs.report-dir ]]", "reports")).exists()
