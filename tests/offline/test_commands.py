"""mailproof check, run, demo and waive: for whoever does not know pytest."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailproof.cli import main
from mailproof.gate.document import Result, as_json
from mailproof.gate.waivers import EXAMPLE, WaiverFile
from mailproof.inventory.load import load_inventory, load_part
from mailproof.patterns import matches
from tests.offline.user import HANGS, SOURCE, Run, heed_ctrl_c
from tests.unit.documents import document, result

SOON = (date.today() + timedelta(days=30)).isoformat()  # a day more or less does not matter


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], tuple[list[str], dict[str, str]]]:
    """What the process would have become: its arguments and its environment."""
    monkeypatch.chdir(tmp_path)
    seen: list[tuple[list[str], dict[str, str]]] = []

    def become(path: str, arguments: list[str], environment: dict[str, str]) -> Any:
        seen.append((arguments, environment))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", become)
    return lambda: seen.pop()


def start(*arguments: str) -> None:
    """A command that becomes pytest."""
    with pytest.raises(SystemExit):
        main(arguments)


HOSTILE = {
    "pytest.ini": "[pytest]\naddopts = --no-such-option\ntestpaths = nowhere\n",
    "conftest.py": "raise RuntimeError('the conftest of the folder was read')\n",
    "pytest.py": "raise RuntimeError('the folder shadows pytest')\n",
    "json.py": "raise RuntimeError('the folder shadows Python')\n",
}


def test_check_needs_no_file_and_minds_nothing_that_is_meant_for_other_tests(tmp_path: Path) -> None:
    for name, text in HOSTILE.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mailproof.cli", "check", "no-spf.example", "--world", "demo", "--control=SPF-*"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(SOURCE / "src"),
            "PYTEST_ADDOPTS": "--no-such-option",
            "PYTEST_PLUGINS": "no_such_plugin",
            "COLUMNS": "100",
        },
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=heed_ctrl_c,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "no-spf.example: mail goes to mx1.hosting.example, mx2.hosting.example"
    assert "FAIL  SPF-EXISTS" in done.stdout
    assert lines[-1] == "decision: FAIL, the gate stays closed: 1 finding"
    for word in ("test session", "rootdir", "plugins:", "collected", "passed"):
        assert word not in done.stdout
    run = Run(done.returncode, done.stdout, done.stderr, tmp_path / "reports")
    assert run.verdicts("no-spf.example")["SPF-EXISTS", "no-spf.example"] == "fail"
    assert [r["file"] for r in run.document("no-spf.example")["results"] if r["verdict"] == "fail"] == [
        "reports/no-spf.example.yaml"
    ]
    drafted = load_inventory(tmp_path / "reports" / "no-spf.example.yaml").model
    assert ([domain.name for domain in drafted.domains], drafted.world, drafted.active) == (
        ["no-spf.example"], "demo", False,
    )  # fmt: skip


def test_check_keeps_the_inventory_where_it_is_told_to(
    started: Callable[[], tuple[list[str], dict[str, str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    start("check", "no-spf.example", "right.example", "--world", "demo", "--active", "--save", "mine/prod.yaml", "-v")
    arguments, _ = started()
    assert "--inventory=mine/prod.yaml" in arguments
    model = load_inventory(Path("mine/prod.yaml")).model
    assert ([domain.name for domain in model.domains], model.active) == (["no-spf.example", "right.example"], True)
    assert shlex.join(arguments[1:]) in capsys.readouterr().out
    assert main(["check", "right.example", "--world", "demo", "--save", "mine/prod.yaml"]) == 4
    assert "`mailproof run mine/prod.yaml` judges by it" in capsys.readouterr().err
    for _ in range(2):  # what nobody has changed is written anew
        start("check", "no-spf.example", "right.example", "--world", "demo", "-q")
        assert "--inventory=reports/no-spf.example+1.yaml" in started()[0]
        assert capsys.readouterr().out == ""
    drafted = Path("reports/no-spf.example+1.yaml")
    drafted.write_text(mine := drafted.read_text().replace("domains:", "contact: me\ndomains:"))
    assert main(["check", "no-spf.example", "right.example", "--world", "demo", "-q"]) == 4
    assert "and it is yours" in capsys.readouterr().err
    assert drafted.read_text() == mine


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.example", "--world", "demo"], "nowhere.example: is the name written right? Nothing was checked."),
        (["right.example", "--world", "dem"], "did you mean demo?"),
        (["exa mple.org"], "domain name"),
        (["right.example", "--resolver", "nonsense"], "nonsense"),
        (["right.example", "--world", "demo", "--save", "file/prod.yaml"], "file/prod.yaml"),
    ],
    ids=["no such domain", "no such world", "no domain", "no resolver", "not writable"],
)
def test_check_says_what_is_wrong_and_checks_nothing(
    arguments: list[str],
    said: str,
    started: Callable[[], tuple[list[str], dict[str, str]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("file").write_text("")
    assert main(["check", *arguments]) == 4
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert not Path("reports").exists()


def test_run_hands_every_option_on_and_leaves_pytest_nothing_to_find(
    started: Callable[[], tuple[list[str], dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    given = ["--control", "SPF-*", "--control=DMARC-*", "--fail-on", "may", "--compare-live", "--zone", "a.example=f"]
    start("run", "prod.yaml", "-q", "--report-dir", "out dir", "--junitxml", "j.xml", *given)
    arguments, environment = started()
    assert arguments[1:3] == ["-m", "pytest"]
    assert arguments[-9:] == [
        *("--inventory=prod.yaml", "-q", "--report-dir=out dir", "--junitxml=j.xml", "--control=SPF-*"),
        *("--control=DMARC-*", "--fail-on=MAY", "--zone=a.example=f", "--compare-live"),
    ]
    assert {"-c", "--noconftest", "mailproof.plugin"} <= set(arguments)
    assert "PYTEST_ADDOPTS" not in environment
    assert environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] == environment["PYTHONSAFEPATH"] == "1"


def test_the_demo_is_the_one_that_the_repository_shows(
    started: Callable[[], tuple[list[str], dict[str, str]]],
) -> None:
    start("demo")
    (inventory,) = [Path(a.partition("=")[2]) for a in started()[0] if a.startswith("--inventory=")]
    assert inventory.read_text() == (SOURCE / "inventories" / "demo.yaml").read_text()


def test_without_a_command_it_teaches_and_no_gate_opens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 4
    taught = re.findall(r"^    mailproof (\S+)", capsys.readouterr().out, re.MULTILINE)
    assert taught == ["check", "demo", "explain"]


def written(directory: Path, *results: Result) -> str:
    """A report of these results."""
    file = directory / "prod.json"
    file.write_text("".join(as_json(document(*results))))
    return str(file)


FINDINGS = (
    result(control="SPF-EXISTS", target="a.example"),
    result(control="SPF-EXISTS", target="b.example"),
    result("inconclusive", control="TLS-NO-10-11", target="mx1.a.example[192.0.2.25]:25"),
    result("pass", control="MX-EXISTS", target="a.example"),
)


@pytest.mark.parametrize(
    ("finding", "covered"),
    [
        ("SPF-EXISTS@a.example", {("SPF-EXISTS", "a.example")}),
        ("spf-exists", {("SPF-EXISTS", "a.example"), ("SPF-EXISTS", "b.example")}),
        ("TLS-NO-10-11", {("TLS-NO-10-11", "mx1.a.example[192.0.2.25]:25")}),
    ],
)
def test_a_waiver_is_written_that_covers_the_finding_and_no_other(
    finding: str, covered: set[tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = written(tmp_path, *FINDINGS)
    said = ["--until", SOON, "--reason", "because: # yes", "--owner", "1234", "--ticket", "OPS-7"]
    assert main(["waive", report, finding, *said]) == 0
    file = tmp_path / "waivers.yaml"
    file.write_text(capsys.readouterr().out)
    waivers = load_part(file, WaiverFile, EXAMPLE)[0].waivers
    found = {
        (r.control, r.target)
        for r in FINDINGS
        for waiver in waivers
        if waiver.control == r.control and matches(waiver.target, r.target, whole_names=True)
    }
    assert found == covered
    for waiver in waivers:
        assert (waiver.reason, waiver.owner, waiver.ticket) == ("because: # yes", "1234", "OPS-7")
        assert waiver.expires.isoformat() == SOON
        assert waiver.inconclusive is (waiver.control == "TLS-NO-10-11")


@pytest.mark.parametrize(
    ("finding", "until", "reason", "said"),
    [
        ("SPF-EXIST@a.example", SOON, "why", "did you mean SPF-EXISTS@a.example?"),
        ("MX-EXISTS", SOON, "why", "is no finding of"),
        ("SPF-EXISTS", "2020-01-01", "why", "is past"),
        ("SPF-EXISTS", "20300101", "why", "a day is expected"),
        ("SPF-EXISTS", "soon", "why", "a day is expected"),
        ("SPF-EXISTS", SOON, " ", "--reason is empty"),
    ],
)
def test_no_waiver_is_written_that_could_not_hold(
    finding: str, until: str, reason: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["waive", written(tmp_path, *FINDINGS), finding, "--until", until, "--reason", reason]) == 4
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_the_waiver_of_the_page_is_written_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (SOURCE / "docs" / "gate.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^    mailproof (waive .*)$", page, re.MULTILINE)
    (tmp_path / "reports").mkdir()
    written(tmp_path / "reports", result(control="SPF-EXISTS", target="no-spf.example"))
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command.replace("2027-03-31", SOON))) == 0
    assert "    target: no-spf.example\n" in capsys.readouterr().out
