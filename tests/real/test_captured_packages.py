"""Debian's own configurations, copied by `mailproof capture` from this machine: all that the programs read is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mailproof.captures import COPIES, read_capture
from mailproof.cli import main
from tests.offline.user import pytest_run, write_inventory

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
PROGRAMS = ("nginx", "apache", "haproxy", "squid", "tinyproxy", "unbound", "knot", "powerdns", "nut", "fail2ban")
SAYS = {
    "nginx": (("nginx", "-T"), re.compile(r"^# configuration file (/.*):$", re.MULTILINE)),
    "apache": (("apachectl", "-t", "-D", "DUMP_INCLUDES"), re.compile(r"^ +\([*\d]+\) (/.*)$", re.MULTILINE)),
}
"""Commands by which programs tell the files that they read."""


@pytest.fixture(scope="module")
def captured(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("packages")
    only = [f"--only={program}" for program in PROGRAMS]
    assert main(["capture", "local", "--name", "mx.example.org", "--output", str(directory / "made"), *only]) == 0
    return directory


@pytest.mark.parametrize("program", SAYS)
def test_what_the_program_reads_is_copied(captured: Path, program: str) -> None:
    command, file = SAYS[program]
    if not shutil.which(command[0], path=PATH):
        pytest.skip(f"{command[0]} is not installed")
    environment = {**os.environ, "PATH": PATH}
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    below = captured / "made" / COPIES
    outputs = read_capture(captured / "made").outputs
    copied = {f"/{Path(output.file).relative_to(COPIES)}" for output in outputs if output.program == program}
    assert {path for path in copied if "*" not in path} == set(file.findall(said))
    assert all((below / path.removeprefix("/")).is_file() for path in copied)


def test_nothing_stays_unknown(captured: Path) -> None:
    """No include is taken for one that is not read."""
    write_inventory(captured, "captures: [made]\n")
    run = pytest_run(
        captured, "--inventory", "prod.yaml", "--control=CFG-*", "--control=NUT-*", "--control=F2B-*", "--control=RES*"
    )
    results = run.document("prod")["results"]
    programs = {result["target"].partition("@")[0] for result in results}
    assert {"nginx", "haproxy", "squid", "unbound", "knot", "nut"} <= programs
    assert not [result for result in results if result["verdict"] == "inconclusive"], run.output
