"""The suite against real servers, run as a user runs it: each fault is found by the controls that own it, and
nothing is found where nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.real import detection, faults, inventory
from tests.real.exercised import exercise
from tests.real.lab import Lab, plan
from tests.real.matrix import mocked
from tests.real.suite import Run, inside, outside, read_run, replayed_alone
from tests.real.tls_offered import offered
from tests.real.tls_scanned import deep_scans
from tests.real.verdicts import FINDINGS, domain_of, found

pytestmark = pytest.mark.long

LABELS = [domain.label for domain in plan.DOMAINS]


@pytest.fixture(scope="module")
def directory(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the inventory of the whole laboratory."""
    made = tmp_path_factory.mktemp("truth")
    inventory.write(made / "lab.yaml", lab.ca_file)
    return made


@pytest.fixture(scope="module")
def full(lab: Lab, directory: Path) -> Run:
    """One run over everything, recorded."""
    exercise(lab, directory)
    run = inside(lab, directory, "full", "--record=record.json")
    assert run.document, run.output
    return run


@pytest.fixture(scope="module")
def by_domain(full: Run) -> dict[str, dict[tuple[str, str], list[str]]]:
    """The findings of the run, by the label of the domain that they are about."""
    return found(full.verdicts)


def lines(findings: dict[tuple[str, str], list[str]], keys: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{c} {v}: {'; '.join(findings.get((c, v), ['-']))}" for c, v in sorted(keys))


@pytest.mark.parametrize("label", LABELS)
def test_findings_are_the_truth(by_domain: dict[str, dict[tuple[str, str], list[str]]], label: str) -> None:
    truth = plan.by_label(label)
    findings = by_domain.get(label, {})
    surplus = {
        key
        for key in set(findings) - truth.findings
        if key[0] not in (*truth.perhaps, *truth.lacks, *faults.EVERYWHERE)
    }
    missed = truth.findings - set(findings)
    assert not surplus, f"false alarms on {label}.test:\n{lines(findings, surplus)}"
    assert not missed, f"missed on {label}.test:\n{lines(findings, missed)}"
    own = (several for (control, _), several in findings.items() if control not in faults.EVERYWHERE)
    targets = [text.split(": ")[0] for several in own for text in several]
    elsewhere = [target for target in targets if "[" in target and truth.where not in target]
    assert not elsewhere, elsewhere


def test_what_belongs_to_no_domain_is_right(full: Run) -> None:
    seen = {
        (control, verdict, target)
        for (control, target), (verdict, _, _) in full.verdicts.items()
        if verdict in FINDINGS and not domain_of(target)
    }
    assert seen == faults.OUTSIDE


def test_a_mail_store_is_judged(full: Run) -> None:
    """Every control for a role of the store passes on one of its ports at least."""
    passed = {
        control
        for (control, target), (verdict, _, _) in full.verdicts.items()
        if verdict == "pass" and domain_of(target) == "right-dovecot" and target.startswith("mail.")
    }
    assert {"RELAY-MATRIX", "AUTH-AFTER-TLS", "SMTP-EHLO-HELO", "CERT-TRUST", "TLS-NO-10-11"} <= passed


def test_the_pages_say_what_this_run_found(full: Run, lab: Lab, tmp_path: Path) -> None:
    made = detection.pages(
        full.verdicts, mocked(tmp_path), [*deep_scans(tmp_path / "authority"), *offered(tmp_path / "offered")]
    )
    assert detection.committed() == detection.comparable(made), detection.HOW


@pytest.mark.parametrize("label", ["right", "right-exim", "right-haproxy", "self-signed-dane"])
def test_right_domains_are_judged(full: Run, label: str) -> None:
    """No findings because all is well, not because nobody looked."""
    passed = {
        control
        for (control, target), (verdict, _, _) in full.verdicts.items()
        if verdict == "pass" and domain_of(target) == label
    }
    assert {"RELAY-MATRIX", "DANE-MATCH", "SMTP-POSTMASTER", "SPF-INVENTORY-EVAL", "STS-MX-COVERED"} <= passed
    assert ("CERT-TRUST" in passed) is (label != "self-signed-dane")


def test_what_every_host_gives_is_found_on_right_ones(by_domain: dict[str, dict[tuple[str, str], list[str]]]) -> None:
    for domain in faults.RIGHT[:2]:
        assert set(faults.EVERYWHERE) <= {control for control, _ in by_domain.get(domain.label, {})}


def test_a_replay_without_a_network_gives_the_same_verdicts(full: Run, directory: Path) -> None:
    """By the engine of fleets, which takes a tenth of pytest's time for a hundred thousand verdicts. That pytest's
    replay says the same is in ``tests/offline/test_demo.py``, and below.
    """
    assert replayed_alone(directory, "record.json") == full.verdicts


def test_xdist_surveys_once(lab: Lab, tmp_path: Path) -> None:
    inventory.write(tmp_path / "lab.yaml", lab.ca_file, {"unforwarded-ptr"})
    alone = inside(lab, tmp_path, "alone")
    distributed = inside(lab, tmp_path, "together", "-n", "2")
    assert len(alone.verdicts) > 50
    assert {key: verdict for key, (verdict, _, _) in alone.verdicts.items()} == {
        key: verdict for key, (verdict, _, _) in distributed.verdicts.items()
    }
    assert alone.document["traffic"]["connections"] == distributed.document["traffic"]["connections"]
    assert (alone.exit_code, distributed.exit_code) == (1, 1)


@pytest.fixture(scope="module")
def few(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a record of few domains: to read that of the whole laboratory takes half a minute."""
    directory = tmp_path_factory.mktemp("few")
    inventory.write(directory / "lab.yaml", lab.ca_file, {"right", "no-tlsrpt", "busy"})
    assert inside(lab, directory, "recorded", "--record=record.json").document
    return directory


def test_a_replay_in_several_processes_says_what_was_recorded(few: Path) -> None:
    recorded = read_run(few, "recorded")
    distributed = outside(few, "distributed", "--replay=record.json", "-n", "2")
    assert distributed.document["replayed"]
    assert len(distributed.verdicts) > 500
    assert distributed.verdicts == recorded.verdicts
    assert distributed.exit_code == pytest.ExitCode.TESTS_FAILED


class TestExitCodes:
    def test_findings_close_the_gate(self, full: Run) -> None:
        assert full.exit_code == pytest.ExitCode.TESTS_FAILED
        assert not full.document["decision"]["open"]

    @pytest.mark.parametrize("pattern", ["*right.test*", "*no-tlsrpt.test"])
    def test_without_findings_it_opens(self, few: Path, pattern: str) -> None:
        run = outside(few, "selected", "--replay=record.json", f"--target={pattern}")
        failed = [key for key, (verdict, _, _) in run.verdicts.items() if verdict in ("fail", "inconclusive")]
        assert not failed
        assert run.verdicts
        assert run.exit_code == pytest.ExitCode.OK
        assert run.document["decision"]["open"]

    def test_inconclusive_keeps_it_closed(self, few: Path) -> None:
        run = outside(few, "selected", "--replay=record.json", "--target=mx.busy.test*")
        assert run.exit_code == pytest.ExitCode.TESTS_FAILED
        assert not [key for key, (verdict, _, _) in run.verdicts.items() if verdict == "fail"]

    def test_nothing_checked_is_no_success(self, few: Path) -> None:
        run = outside(few, "selected", "--replay=record.json", "--target=nobody.test")
        assert run.exit_code == pytest.ExitCode.NO_TESTS_COLLECTED

    @pytest.mark.parametrize(
        "arguments",
        [("--control=NO-SUCH",), ("--replay=missing.json",), ("--record=a", "--replay=record.json")],
    )
    def test_wrong_usage(self, few: Path, arguments: tuple[str, ...]) -> None:
        assert outside(few, "wrong", *arguments).exit_code == pytest.ExitCode.USAGE_ERROR


def test_connections_are_counted(full: Run, capsys: pytest.CaptureFixture[str]) -> None:
    traffic = full.document["traffic"]
    connections, questions = traffic["connections"], traffic["questions"]
    with capsys.disabled():
        listed = ", ".join(f"{address} {number}" for address, number in connections.items())
        print(f"\nconnections by host: {listed}")
        print(f"in all {sum(connections.values())} connections, {sum(questions.values())} questions")
    assert set(connections) >= set(plan.addresses(plan.by_label("right")))
