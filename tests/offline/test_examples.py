"""The examples are run: their own commands, with nothing replaced but the paths of a machine."""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.offline.user import SOURCE, write_inventory

EXAMPLES = SOURCE / "examples"

LIVE = """$TTL 3600
@ SOA ns1.hosting.example. hostmaster.hosting.example. 2026112300 14400 3600 1209600 3600
@ NS ns1.hosting.example.
@ NS ns2.hosting.example.
@ MX 10 mx1.hosting.example.
@ MX 20 mx2.hosting.example.
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@right.example"
_mta-sts TXT "v=STSv1; id=20261122T120000;"
mta-sts CNAME policies.hosting.example.
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tlsrpt@right.example"
2026._domainkey TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
"""
"""What is live, and right but for SPF."""

RIGHT = LIVE + '@ TXT "v=spf1 mx -all"\n'
WRONG = LIVE + '@ TXT "v=spf1 +all"\n'


def load(name: str) -> Any:
    return YAML(typ="safe", pure=True).load((EXAMPLES / name).read_text(encoding="utf-8"))


def shell(command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line as CI does, with this environment's pytest and mailproof first on the path."""
    bin = directory / "bin"
    bin.mkdir(exist_ok=True)
    for name, module in (("pytest", "pytest -p mailproof.plugin -p no:cacheprovider"), ("mailproof", "mailproof.cli")):
        script = bin / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {module} "$@"\n')
        script.chmod(0o755)
    path = os.pathsep.join(part for part in (str(SOURCE / "src"), os.environ.get("PYTHONPATH", "")) if part)
    return subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=directory,
        env={**os.environ, "PATH": f"{bin}:{os.environ['PATH']}", "PYTHONPATH": path, "GITHUB_ACTIONS": ""},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of zones: one that mends what is live, and an inventory."""
    write_inventory(tmp_path, "domains: [no-spf.example]\n", name="mailproof.yaml")
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "no-spf.example.zone").write_text(RIGHT)
    return tmp_path


def break_zone(repository: Path) -> None:
    (repository / "zones" / "no-spf.example.zone").write_text(WRONG)


def commands_of_github() -> list[str]:
    steps = load("github-actions.yml")["jobs"]["judge"]["steps"]
    return [step["run"] for step in steps if "run" in step and step["name"] != "Install"]


def test_github_actions_judges_a_change(repository: Path) -> None:
    (command,) = commands_of_github()
    good = shell(command, repository)
    assert good.returncode == 0, good.stdout + good.stderr
    assert (repository / "mailproof.sarif").is_file()
    break_zone(repository)
    bad = shell(command, repository)
    assert bad.returncode == 1
    assert "SPF-ALL-STRICT" in bad.stdout


def test_gitlab_judges_a_change(repository: Path) -> None:
    job = load("gitlab-ci.yml")["mailproof"]
    good = shell("\n".join(job["script"]), repository)
    assert good.returncode == 0, good.stdout + good.stderr
    assert (repository / job["artifacts"]["reports"]["junit"]).is_file()
    break_zone(repository)
    assert shell("\n".join(job["script"]), repository).returncode == 1


def test_the_commit_hook_judges_the_zones_without_talking_to_mail_servers(repository: Path) -> None:
    (hook,) = load("pre-commit-config.yaml")["repos"][0]["hooks"]
    good = shell(hook["entry"], repository)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "contacted: 0 connections" in good.stdout
    break_zone(repository)
    assert shell(hook["entry"], repository).returncode == 1


def test_the_nightly_service_fails_on_regressions_only(repository: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(EXAMPLES / "mailproof.service")
    command = unit["Service"]["ExecStart"].replace("/opt/mailproof/bin/", "")
    state = repository / "state"
    state.mkdir()
    command = command.replace("/var/lib/mailproof", str(state)).replace("/etc/mailproof/prod.yaml", "prod.yaml")
    write_inventory(repository, "domains: [no-spf.example]\n")
    selection = " --control=SPF-* --control=DMARC-*"
    first = shell(f"pytest --inventory=prod.yaml --report-dir={state}{selection}", repository)
    assert first.returncode == 1
    shutil.copy(state / "prod.json", state / "baseline.json")
    night = shell(command + selection, repository)
    assert night.returncode == 0, night.stdout + night.stderr
    assert (state / "history.sqlite").is_file()
    worse = shell(command + selection + f" --zone=no-spf.example={repository / 'zones' / 'worse.zone'}", repository)
    assert worse.returncode == 4
    (repository / "zones" / "worse.zone").write_text(WRONG.replace("+all", "ptr -all"))
    worse = shell(command + selection + f" --zone=no-spf.example={repository / 'zones' / 'worse.zone'}", repository)
    assert worse.returncode == 1


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_timer_is_understood_by_systemd() -> None:
    timer = configparser.ConfigParser(strict=False, interpolation=None)
    timer.read(EXAMPLES / "mailproof.timer")
    done = subprocess.run(
        ["systemd-analyze", "calendar", timer["Timer"]["OnCalendar"]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_history_is_in_the_page(repository: Path) -> None:
    command = "pytest --inventory=mailproof.yaml --history=history.sqlite --control=SPF-*"
    shell(command, repository)
    assert "Over time" not in (repository / "reports" / "mailproof.html").read_text(encoding="utf-8")
    shell(command, repository)
    assert "Over time" in (repository / "reports" / "mailproof.html").read_text(encoding="utf-8")
