"""`mailproof capture` on this machine, and a run over what it wrote, as a user does both."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailproof.captures import Capture, CapturedOutput, write_capture
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
    run = pytest_run(captured, "--inventory", "prod.yaml", "--control=CFG-BANNER", "--control=CFG-VRFY")
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
    assert "exim: exim -bP; exim -bP config; exim -bV" in capsys.readouterr().out
    assert not (captured / "captured").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--only", "sendmail"), "sendmail cannot be captured; there are postfix, exim"),
        (("--only", "opensmtpd"), "none of these programs is installed: opensmtpd"),
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
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control=CFG-BANNER", "--control=CFG-VRFY")
    results = run.document("prod")["results"]
    assert {result["verdict"] for result in results} == {"inconclusive"}, run.output
    assert all(problem in result["message"] for result in results), results


def write_made_capture(directory: Path, host: str, *outputs: tuple[str, str, str, int]) -> None:
    """A capture: for each output its program, command, text and exit status."""
    made = [
        CapturedOutput(program, command, f"{n}.txt", status) for n, (program, command, _, status) in enumerate(outputs)
    ]
    texts = {f"{n}.txt": text for n, (_, _, text, _) in enumerate(outputs)}
    write_capture(directory / "made", Capture(host, "2026-01-01T00:00:00Z", tuple(made)), texts)
    write_inventory(directory, "captures: [made]\n")


GOOD = "smtpd_banner = $myhostname ESMTP\nmy_vrfy = yes\ndisable_vrfy_command = $my_vrfy\n"

CAPTURES: dict[str, tuple[str, tuple[tuple[str, str, str, int], ...], dict[tuple[str, str], str]]] = {
    "a program that no rule looks at": (
        "ns.example.org",
        (("bind", "named-checkconf -p -x", "zone x;\n", 0),),
        {
            ("CFG-BANNER", "bind@ns.example.org"): "not applicable",
            ("CFG-VRFY", "bind@ns.example.org"): "not applicable",
        },
    ),
    "a program that no rule looks at, and whose command failed": (
        "ns.example.org",
        (("nftables", "nft list ruleset", "", 1),),
        {
            ("CFG-BANNER", "nftables@ns.example.org"): "not applicable",
            ("CFG-VRFY", "nftables@ns.example.org"): "not applicable",
        },
    ),
    "the command that holds the settings failed": (
        "mx.example.org",
        (("postfix", "postconf -n", "fatal\n", 1), ("postfix", "postconf mail_version", "mail_version = 3.7\n", 0)),
        {
            ("CFG-BANNER", "postfix@mx.example.org"): "inconclusive",
            ("CFG-VRFY", "postfix@mx.example.org"): "inconclusive",
        },
    ),
    "a name in capitals": (
        "MX.Example.org.",
        (("postfix", "postconf -n", GOOD, 0),),
        {("CFG-BANNER", "postfix@mx.example.org"): "pass", ("CFG-VRFY", "postfix@mx.example.org"): "pass"},
    ),
    "services that say otherwise": (
        "mx.example.org",
        (
            ("postfix", "postconf -n", GOOD, 0),
            (
                "postfix",
                "postconf -M",
                "smtp inet n - y - - smtpd\n    -o smtpd_banner=Postfix\n    -o disable_vrfy_command=no\n",
                0,
            ),
        ),
        {("CFG-BANNER", "postfix@mx.example.org"): "advice", ("CFG-VRFY", "postfix@mx.example.org"): "advice"},
    ),
    "two names of one program": (
        "mx.example.org",
        (("exim", "exim -bP", "", 1), ("exim4", "exim4 -bP", "smtp_banner = x\n", 0)),
        {("CFG-BANNER", "exim@mx.example.org"): "pass", ("CFG-VRFY", "exim@mx.example.org"): "pass"},
    ),
}


@pytest.mark.parametrize("name", CAPTURES)
def test_what_a_capture_holds_is_judged_as_what_it_is(tmp_path: Path, name: str) -> None:
    host, outputs, verdicts = CAPTURES[name]
    write_made_capture(tmp_path, host, *outputs)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control=CFG-BANNER", "--control=CFG-VRFY")
    assert run.verdicts("prod") == verdicts, run.output


def test_a_failed_command_is_named_with_its_exit_status(tmp_path: Path) -> None:
    write_made_capture(tmp_path, "mx.example.org", ("dovecot", "doveconf -n", "fatal\n", 89))
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control=CFG-BANNER", "--control=CFG-VRFY")
    assert "doveconf -n had failed with exit status 89" in run.output


@pytest.mark.parametrize(
    ("host", "outputs", "problem"),
    [
        ("mx.example.org", (), "holds no output of any command"),
        ("2001:db8::25", (("postfix", "postconf -n", GOOD, 0),), "is an address"),
    ],
)
def test_a_capture_that_cannot_be_judged_is_inconclusive(
    tmp_path: Path, host: str, outputs: tuple[tuple[str, str, str, int], ...], problem: str
) -> None:
    write_made_capture(tmp_path, host, *outputs)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control=CFG-BANNER", "--control=CFG-VRFY")
    assert set(run.verdicts("prod").values()) == {"inconclusive"}
    assert all(problem in result["message"] for result in run.document("prod")["results"])


def test_a_file_that_the_inventory_names_counts_where_a_capture_failed(tmp_path: Path) -> None:
    write_made_capture(tmp_path, "mx.example.org", ("postfix", "postconf -n", "fatal\n", 1))
    (tmp_path / "main.cf").write_text(GOOD)
    named = "configurations: [{host: mx.example.org, program: postfix, file: main.cf}]\n"
    write_inventory(tmp_path, f"captures: [made]\n{named}")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control=CFG-BANNER", "--control=CFG-VRFY")
    assert set(run.verdicts("prod").values()) == {"pass"}, run.output


def test_evidence_that_is_not_there_is_an_error_with_its_line(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [example.org]\nreports: [gone]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control=CFG-BANNER", "--control=CFG-VRFY")
    assert run.code == 4
    assert ": reports[0]: there is no file gone beside this one" in run.errors


def test_a_capture_that_is_not_there_is_told_with_what_writes_one(tmp_path: Path) -> None:
    write_inventory(tmp_path, "captures: [nothere]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control=CFG-BANNER", "--control=CFG-VRFY")
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


def test_a_command_that_failed_is_found_once(tmp_path: Path) -> None:
    write_made_capture(tmp_path, "mx.example.org", ("postfix", "postconf -n", "postconf: fatal: bad line\n", 1))
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control=CFG-*")
    verdicts = run.verdicts("prod")
    assert [control for (control, _), verdict in verdicts.items() if verdict == "fail"] == ["CFG-LOADS"], run.output
    assert "ended with exit status 1: postconf: fatal: bad line" in run.output
