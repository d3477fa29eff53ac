"""`mailproof capture` on this machine, and a run over what it wrote, as a user does both."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailproof.cli import main
from mailproof.docket import target_fixtures
from tests.offline.user import pytest_run, write_inventory

POSTCONF = """#!/bin/sh
case "$*" in
-n) printf 'myhostname = mx1.example.org\\nsmtpd_banner = $myhostname ESMTP $mail_name\\nrelay_password = hunter2\\n' ;;
*) exit 1 ;;
esac
"""
"""Stands for Postfix: the real one is asked in tests/real, with settings that it reads itself."""


@pytest.fixture
def captured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "postconf"
    program.write_text(POSTCONF)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_capture_is_judged_and_the_finding_points_into_it(captured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capture", "local", "--name", "mx1.example.org", "--only", "postfix"]) == 0
    said = capsys.readouterr().out
    assert said.index("postfix: postconf -n; postconf -M; postconf mail_version") < said.index("writing captured/mx1.")
    assert "the inventory may name it now: captures: [captured/mx1.example.org]" in said
    write_inventory(captured, "captures: [captured/mx1.example.org]\n")
    run = pytest_run(captured, "--inventory", "prod.yaml")
    assert run.verdicts("prod") == {
        ("CFG-BANNER", "postfix@mx1.example.org"): "advice",
        ("CFG-VRFY", "postfix@mx1.example.org"): "advice",
    }, run.output
    banner = next(r for r in run.document("prod")["results"] if r["control"] == "CFG-BANNER")
    assert banner["at"] == {"file": "captured/mx1.example.org/postconf-n.txt", "line": 2}
    assert (captured / banner["file"]).read_text().splitlines()[banner["line"] - 1].startswith("captures:")
    assert "captured/mx1.example.org/postconf-n.txt:2" in run.output
    assert not [file for file in captured.rglob("*.*") if file.is_file() and b"hunter2" in file.read_bytes()]


def test_what_would_be_run_is_printed_and_nothing_is(captured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capture", "ssh://root@mx1.example.org", "--dry-run"]) == 0
    assert "exim: exim -bP; exim -bV" in capsys.readouterr().out
    assert not (captured / "captured").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--only", "sendmail"), "sendmail cannot be captured; there are postfix, exim"),
        (("--only", "bind"), "none of these programs is installed: bind"),
        (("--only", "postfix", "-o", "/dev/null/x"), "Not a directory"),
    ],
)
def test_what_cannot_be_captured_is_told(
    captured: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], problem: str
) -> None:
    assert main(["capture", "local", *arguments]) == 4
    assert problem in capsys.readouterr().err


BROKEN = {
    "no capture": (
        "captures: [empty]\n",
        "empty/capture.json: there is no such file; `mailproof capture HOST` writes one",
    ),
    "no settings": (
        "configurations: [{host: mx1.example.org, program: exim, file: empty/none}]\n",
        "no settings stand in",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_evidence_that_cannot_be_read_is_inconclusive(tmp_path: Path, name: str) -> None:
    inventory, problem = BROKEN[name]
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "none").write_text("nothing to see\n")
    write_inventory(tmp_path, inventory)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "CFG-*")
    results = run.document("prod")["results"]
    assert {result["verdict"] for result in results} == {"inconclusive"}, run.output
    assert all(problem in result["message"] for result in results), results


def test_evidence_that_is_not_there_is_an_error_with_its_line(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [example.org]\nreports: [gone]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml")
    assert run.code == 4
    assert ": reports[0]: there is no file gone beside this one" in run.errors


def test_a_capture_that_is_not_there_is_told_with_what_writes_one(tmp_path: Path) -> None:
    write_inventory(tmp_path, "captures: [nothere]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml")
    assert run.code == 4
    assert "there is no directory nothere beside this file; `mailproof capture HOST` writes one" in run.errors


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--", "-oProxyCommand=id"), "is no host"),
        (("2001:db8::25", "--dry-run"), "--name says what the inventory calls the host"),
        (("local", "--name", "../x", "--dry-run"), "is not a domain name"),
    ],
)
def test_a_host_without_a_proper_name_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], problem: str
) -> None:
    assert main(["capture", *arguments]) == 4
    assert problem in capsys.readouterr().err


def test_files_lead_to_targets_that_rules_can_ask_for() -> None:
    assert {"configuration", "report_file", "message_file", "log_file"} <= set(target_fixtures())
