"""The suite against real servers, run as a user runs it: each fault is found by the controls that own it, and
nothing is found where nothing is wrong.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailproof.controls import load_catalogue
from tests.real import inventory
from tests.real.lab import Lab, plan
from tests.real.truth import NO_CONTROL_YET, ONLY_MOCKED, OTHERS, TRUTH, Truth

ROOT = Path(__file__).resolve().parents[2]
RUN_SECONDS = 150.0
FINDINGS = ("fail", "advice", "inconclusive")
LABELS = [domain.label for domain in plan.DOMAINS]


@dataclass(frozen=True)
class Run:
    """One run of the suite: its exit code, output, and the JSON document of its results."""

    exit_code: int
    output: str
    document: dict[str, Any]

    @property
    def verdicts(self) -> dict[tuple[str, str], tuple[str, str, str]]:
        """Verdict, level and what was observed, by control and target."""
        return {
            (item["control"], item["target"]): (item["verdict"], item["level"], item["observed"])
            for item in self.document["results"]
        }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "mailproof.plugin", "--inventory=lab.yaml", *arguments]


def finish(directory: Path, reports: str, done: subprocess.CompletedProcess[str]) -> Run:
    file = directory / reports / "lab.json"
    document = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return Run(done.returncode, done.stdout + done.stderr, document)


def outside(directory: Path, reports: str, *arguments: str) -> Run:
    """Run the suite in a network namespace that has no network at all."""
    done = subprocess.run(
        ["unshare", "--net", *command(f"--report-dir={reports}", *arguments)],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return finish(directory, reports, done)


def inside(lab: Lab, directory: Path, reports: str, *arguments: str) -> Run:
    """Run the suite on the client's side of the laboratory."""
    done = lab.run(command(f"--report-dir={reports}", *arguments), timeout=RUN_SECONDS, cwd=directory)
    return finish(directory, reports, done)


@pytest.fixture(scope="module")
def directory(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the inventory of the whole laboratory."""
    made = tmp_path_factory.mktemp("truth")
    inventory.write(made / "lab.yaml", lab.ca_file)
    return made


@pytest.fixture(scope="module")
def full(lab: Lab, directory: Path) -> Run:
    """One run over everything, recorded."""
    run = inside(lab, directory, "full", "--record=record.json")
    assert run.document, run.output
    return run


_ADDRESSES = {address: d.label for d in plan.DOMAINS if d.server for address in plan.addresses(d)} | {
    plan.SILENT_ADDRESS: "silent"
}


def domain_of(target: str) -> str:
    """The label of the domain that a target belongs to; empty where it is nobody's.

    The first name below ``test`` decides, so a mail exchange is its domain's and not its host's.
    """
    address = _ADDRESSES.get(target.partition("@")[0])
    if address is not None:
        return address
    name = re.search(r"([a-z0-9-]+)\.test\b", target)
    return name[1] if name and name[1] in LABELS else ""


def found(run: Run) -> dict[str, dict[tuple[str, str], list[str]]]:
    """Findings by domain: (control, verdict) with the targets and what was observed."""
    by_domain: dict[str, dict[tuple[str, str], list[str]]] = {}
    for (control, target), (verdict, _, observed) in run.verdicts.items():
        if verdict in FINDINGS:
            findings = by_domain.setdefault(domain_of(target), {})
            findings.setdefault((control, verdict), []).append(f"{target}: {observed}")
    return by_domain


def lines(findings: dict[tuple[str, str], list[str]], keys: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{c} {v}: {'; '.join(findings.get((c, v), ['-']))}" for c, v in sorted(keys))


@pytest.mark.parametrize("label", LABELS)
def test_findings_are_the_truth(full: Run, label: str) -> None:
    truth = TRUTH.get(label, Truth())
    findings = found(full).get(label, {})
    surplus, missed = set(findings) - truth.findings, truth.findings - set(findings)
    assert not surplus, f"false alarms on {label}.test:\n{lines(findings, surplus)}"
    assert not missed, f"missed on {label}.test:\n{lines(findings, missed)}"
    targets = [text.split(": ")[0] for several in findings.values() for text in several]
    elsewhere = [target for target in targets if "[" in target and truth.where not in target]
    assert not elsewhere, elsewhere


def test_what_belongs_to_no_domain_is_right(full: Run) -> None:
    seen = {
        (control, verdict, target)
        for (control, target), (verdict, _, _) in full.verdicts.items()
        if verdict in FINDINGS and not domain_of(target)
    }
    assert seen == OTHERS


@pytest.mark.parametrize("label", ["right", "right-exim", "self-signed-dane"])
def test_right_domains_are_judged(full: Run, label: str) -> None:
    """No findings because all is well, not because nobody looked."""
    passed = {
        control
        for (control, target), (verdict, _, _) in full.verdicts.items()
        if verdict == "pass" and domain_of(target) == label
    }
    assert {"RELAY-MATRIX", "DANE-MATCH", "SMTP-POSTMASTER", "SPF-INVENTORY-EVAL", "STS-MX-COVERED"} <= passed
    assert ("CERT-TRUST" in passed) is (label != "self-signed-dane")


def test_every_control_that_a_real_server_can_fail_fails_somewhere() -> None:
    failing = {control for truth in TRUTH.values() for control in (*truth.fail, *truth.advice)}
    assert failing | set(ONLY_MOCKED) == {control.id for control in load_catalogue()}
    assert not failing & set(ONLY_MOCKED)


def test_every_domain_has_its_truth() -> None:
    assert set(TRUTH) <= set(LABELS)
    unfounded = {d.label for d in plan.DOMAINS if d.fault and not TRUTH.get(d.label, Truth()).findings}
    assert unfounded - {"self-signed-dane"} == set(NO_CONTROL_YET)


def test_replay_gives_the_same_verdicts_without_a_network(full: Run, directory: Path) -> None:
    replayed = outside(directory, "replayed", "--replay=record.json")
    assert replayed.document["replayed"]
    assert replayed.exit_code == full.exit_code
    assert replayed.verdicts == full.verdicts


def test_xdist_changes_nothing(full: Run, directory: Path) -> None:
    distributed = outside(directory, "distributed", "--replay=record.json", "-n", "2")
    assert distributed.exit_code == full.exit_code
    assert distributed.verdicts == full.verdicts


def test_xdist_surveys_once(lab: Lab, directory: Path) -> None:
    selection = ("--target=*unforwarded-ptr*", "--target=11.0.25.39")
    alone = inside(lab, directory, "alone", *selection)
    distributed = inside(lab, directory, "together", *selection, "-n", "2")
    assert len(alone.verdicts) > 50
    assert {key: verdict for key, (verdict, _, _) in alone.verdicts.items()} == {
        key: verdict for key, (verdict, _, _) in distributed.verdicts.items()
    }
    assert alone.document["traffic"]["connections"] == distributed.document["traffic"]["connections"]
    assert (alone.exit_code, distributed.exit_code) == (1, 1)


class TestExitCodes:
    def test_findings_close_the_gate(self, full: Run) -> None:
        assert full.exit_code == pytest.ExitCode.TESTS_FAILED
        assert not full.document["decision"]["open"]

    @pytest.mark.parametrize("pattern", ["*right.test*", "*right-exim.test*", "*no-tlsrpt.test"])
    def test_without_findings_it_opens(self, full: Run, directory: Path, pattern: str) -> None:
        run = outside(directory, "selected", "--replay=record.json", f"--target={pattern}")
        failed = [key for key, (verdict, _, _) in run.verdicts.items() if verdict in ("fail", "inconclusive")]
        assert not failed
        assert run.verdicts
        assert run.exit_code == pytest.ExitCode.OK
        assert run.document["decision"]["open"]

    def test_inconclusive_keeps_it_closed(self, full: Run, directory: Path) -> None:
        run = outside(directory, "selected", "--replay=record.json", "--target=mx.busy.test*")
        assert run.exit_code == pytest.ExitCode.TESTS_FAILED
        assert not [key for key, (verdict, _, _) in run.verdicts.items() if verdict == "fail"]

    def test_nothing_checked_is_no_success(self, full: Run, directory: Path) -> None:
        run = outside(directory, "selected", "--replay=record.json", "--target=nobody.test")
        assert run.exit_code == pytest.ExitCode.NO_TESTS_COLLECTED

    @pytest.mark.parametrize(
        "arguments",
        [("--control=NO-SUCH",), ("--replay=missing.json",), ("--record=a", "--replay=record.json")],
    )
    def test_wrong_usage(self, full: Run, directory: Path, arguments: tuple[str, ...]) -> None:
        assert outside(directory, "wrong", *arguments).exit_code == pytest.ExitCode.USAGE_ERROR


def test_connections_are_counted(full: Run, capsys: pytest.CaptureFixture[str]) -> None:
    traffic = full.document["traffic"]
    connections, questions = traffic["connections"], traffic["questions"]
    with capsys.disabled():
        listed = ", ".join(f"{address} {number}" for address, number in connections.items())
        print(f"\nconnections by host: {listed}")
        print(f"in all {sum(connections.values())} connections, {sum(questions.values())} questions")
    assert set(connections) >= set(plan.addresses(plan.by_label("right")))
