"""The CI/CD component of GitLab in templates/: its inputs reach mailproof as they are, and never the shell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import junitparser
from ruamel.yaml import YAML

from tests.offline.test_examples import shell
from tests.offline.user import SOURCE, write_inventory

TEXT = (SOURCE / "templates" / "mailproof.yml").read_text(encoding="utf-8")
HEAD, BODY = YAML(typ="safe", pure=True).load_all(TEXT)
INPUTS = HEAD["spec"]["inputs"]
(JOB,) = BODY.values()
NASTY = "a b;$(touch hacked)`touch hacked`\"'$HOME"


def script(directory: Path, **inputs: str) -> str:
    """The script of the job as a runner has it: inputs in place of their expressions, variables in its environment."""
    given = {name.replace("-", "_"): one.get("default", "") for name, one in INPUTS.items()} | inputs
    lines = []
    for name, variable in JOB["variables"].items():
        value = re.sub(r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda m: given[m[1].replace("-", "_")], variable["value"])
        (directory / name).write_text(value)
        lines.append(f'export {name}="$(cat {name})"')
    return "\n".join([*lines, *JOB["script"]])


def test_it_is_a_component_whose_inputs_are_declared_and_used() -> None:
    used = set(re.findall(r"\$\[\[ inputs\.([a-z-]+) \]\]", TEXT))
    assert used == INPUTS.keys()
    assert not any("type" in one for one in INPUTS.values()), "all are text, as variables have to be"
    assert all(one["description"] for one in INPUTS.values())
    for line in (*JOB["before_script"], *JOB["script"]):
        assert "$[[" not in line
    assert all(variable["expand"] is False for variable in JOB["variables"].values())


def test_the_example_of_the_page_gives_inputs_that_there_are_and_all_that_must_be() -> None:
    page = (SOURCE / "docs" / "gate-a-zone-change.md").read_text(encoding="utf-8")
    example = page.split("    include:\n")[1].split("\n\n")[0]
    (include,) = YAML(typ="safe", pure=True).load(example)
    assert {name for name, one in INPUTS.items() if "default" not in one} <= include["inputs"].keys() <= INPUTS.keys()
    assert include["inputs"]["compare-live"] in INPUTS["compare-live"]["options"]


def test_inputs_are_arguments_and_nothing_else(tmp_path: Path) -> None:
    told = script(tmp_path, inventory=NASTY, zone=NASTY, profile=NASTY, report_dir="reports", compare_live="true")
    tell = f'python3() {{ for one in "$@"; do printf \'%s\\n\' "$one"; done; }}; mailproof() {{ :; }}\n{told}'
    done = shell(tell, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *("-m", "pytest", f"--inventory={NASTY}", "--report-dir=reports", "--junitxml=mailproof.xml"),
        *("--sarif=mailproof.sarif", f"--zone={NASTY}", "--compare-live", f"--profile={NASTY}"),
    ]
    assert not (tmp_path / "hacked").exists()


def test_a_run_that_cannot_begin_ends_the_job_with_its_own_exit_code(tmp_path: Path) -> None:
    told = script(tmp_path, inventory="prod.yaml", report_dir="reports")
    done = shell(f"python3() {{ return 4; }}; mailproof() {{ return 9; }}\n{told}", tmp_path)
    assert done.returncode == 4, done.stderr


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
