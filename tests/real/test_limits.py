"""Real servers with their usual limits are not tripped: no session is ended for what mailproof asks, and a rule that
bans those who are refused too often sees no more refusals than ``mailproof plan`` says.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.real import domains, inventory
from tests.real.lab import Lab, plan
from tests.real.suite import Run, inside

LABELS = ("right", "right-exim", "chasquid", "five-errors-postfix", "tls-demanded-postfix", "no-starttls-opensmtpd")
CONTROLS = ("RELAY-MATRIX", "SMTP-*", "BACKUPMX-RCPT", "AUTH-AFTER-TLS")
SELECTION = [f"--control={pattern}" for pattern in CONTROLS]
HOSTS = {plan.by_label(label).host for label in LABELS}


@pytest.fixture(scope="module")
def directory(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("limits")
    inventory.write(made / "lab.yaml", lab.ca_file, LABELS)
    return made


@pytest.fixture(scope="module")
def marks(lab: Lab) -> dict[Path, int]:
    """How long the logs are before the run."""
    return {file: file.stat().st_size for file in logs(lab)}


@pytest.fixture(scope="module")
def run(lab: Lab, directory: Path, marks: dict[Path, int]) -> Run:
    found = inside(lab, directory, "limits", *SELECTION)
    assert found.document, found.output
    return found


@pytest.fixture(scope="module")
def planned(lab: Lab, directory: Path) -> dict[str, Any]:
    """What ``mailproof plan`` says of each host."""
    command = [sys.executable, "-m", "mailproof.cli", "plan", "lab.yaml", "--format", "json", *SELECTION]
    document = json.loads(lab.run(command, timeout=600, cwd=directory).stdout)
    return {contact["host"]: contact for contact in document["contacts"]}


def logs(lab: Lab) -> list[Path]:
    names = ("mail.log", "mainlog", "rejectlog")
    daemons = [lab.directory / "logs" / f"chasquid-{domain.label}.log" for domain in plan.hosts(domains.CHASQUID)]
    return [*(file for name in names for file in sorted(lab.directory.glob(f"*/**/{name}"))), *daemons]


def written(lab: Lab, marks: dict[Path, int]) -> list[str]:
    """The lines that the run has added to the logs."""
    return [
        line
        for file in logs(lab)
        for line in file.read_bytes()[marks.get(file, 0) :].decode("utf-8", "replace").splitlines()
    ]


def test_no_session_is_ended_for_too_many_errors(lab: Lab, run: Run, marks: dict[Path, int]) -> None:
    browser = '(last was "Accept: '  # an HTTP request is to be ended so
    tripped = [line for line in written(lab, marks) if "too many" in line.lower() and browser not in line]
    assert tripped == []
    judged = [result for result in run.document["results"] if result["target"].split("[")[0].split("@")[-1] in HOSTS]
    assert judged
    assert not [result for result in judged if any("S: 421" in line for line in result["evidence"])]
    assert not [result for result in judged if result["verdict"] == "inconclusive"]


def test_a_rule_that_counts_refusals_sees_no_more_than_planned(
    lab: Lab, run: Run, marks: dict[Path, int], planned: dict[str, Any]
) -> None:
    """Debian's filter for Exim (fail2ban 1.0.2) counts the lines with ``rejected RCPT``, for each client address."""
    exim = lab.directory / "exim" / "right-exim" / "mainlog"
    lines = exim.read_bytes()[marks.get(exim, 0) :].decode("utf-8", "replace").splitlines()
    counted = Counter(match[1] for line in lines if (match := re.search(r"\[(\S+)\].* rejected RCPT", line)))
    allowed = {host: contact["refusals"] for host, contact in planned.items() if host.startswith("mx.right-exim.test[")}
    assert set(counted) == {plan.CLIENT, plan.CLIENT6}
    assert max(counted.values()) <= min(allowed.values())


def test_refusals_in_one_session_are_few(lab: Lab, run: Run, marks: dict[Path, int]) -> None:
    postfix = lab.directory / "postfix" / "mail.log"
    process = re.compile(r"smtpd\[(\d+)\]: (connect from|disconnect from|NOQUEUE: reject: RCPT)")
    refused: Counter[str] = Counter()
    most = 0
    for line in postfix.read_bytes()[marks.get(postfix, 0) :].decode("utf-8", "replace").splitlines():
        if found := process.search(line):
            refused[found[1]] = 0 if found[2] == "connect from" else refused[found[1]] + found[2].startswith("NOQ")
            most = max(most, refused[found[1]])
    assert 0 < most <= 2


def test_connections_are_no_more_than_planned(run: Run, planned: dict[str, Any]) -> None:
    made = run.document["traffic"]["connections"]
    by_address: Counter[str] = Counter()
    for host, contact in planned.items():
        address = host.partition("[")[2].rpartition("]")[0]
        by_address[address] += contact["connections"]
    for label in LABELS:
        for address in plan.addresses(plan.by_label(label)):
            assert 0 < made[address] <= by_address[address]


def test_postscreen_refuses_an_early_talker_behind_the_reply_to_ehlo(lab: Lab, tmp_path: Path) -> None:
    """With ``greet_action = enforce`` it answers EHLO with 250 and RCPT with a protocol error."""
    inventory.write(tmp_path / "lab.yaml", lab.ca_file, ("postscreen",))
    found = inside(lab, tmp_path, "postscreen", "--control=EARLYTALK", "--target=mx.postscreen.test*")
    (result,) = found.document["results"]
    assert result["verdict"] == "pass", result
    assert any("550 5.5.1 Protocol error" in line for line in result["evidence"])
    assert any("220 mx.postscreen.test ESMTP" in line for line in result["evidence"])
