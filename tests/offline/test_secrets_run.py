"""A run over an inventory with secrets wherever a value of the user's own may stand: nobody is shown them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.offline.user import FAST, Run, pytest_run, write_inventory

DOMAIN, WHO, OLD, NOTE = "right", "hushed-contact", "formerly-hushed", "ticket-4711-x"
ENVIRONMENT = {"WHO": WHO, "OLD": OLD, "NOTE": NOTE, "HELO": "hushed-helo", "WORD": "as expected"}
SECRETS = (WHO, OLD, NOTE, "hushed-helo")

INVENTORY = """
domains: [{name: right.example, formerly: ['${secret:OLD}.example']}, '${secret:OLD}.right.example']
contact: '${secret:WHO}@right.example'
probe: {ehlo: '${secret:HELO}.right.example', sender: 'x@${secret:WHO}.example'}
active: true
limits: {connect: 60, greeting: 60, reply: 60, tls: 60, dns: 30, silence: 0.1, pause: 0, connections_per_host: 4,
  retries: 0}
profile: ours.yaml
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("secrets")
    write_inventory(directory, INVENTORY, fast=False)
    (directory / "ours.yaml").write_text("{name: ours, title: 'Ours, ${secret:NOTE}', extends: baseline}\n")
    (directory / "waivers.yaml").write_text(
        "waivers: [{control: MX-EXISTS, target: '*${secret:OLD}*', expires: 2099-01-01,\n"
        "  reason: 'see ${secret:NOTE}'}]\n"
    )
    return directory


OUTPUT = (
    "--waivers=waivers.yaml",
    "--junitxml=junit.xml",
    "--csv=all.csv",
    "--markdown=sum.md",
    "--record=seen.json",
    "-v",
)


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    return pytest_run(place, "--inventory=prod.yaml", *OUTPUT, environment=ENVIRONMENT)


def test_secrets_are_in_nothing_that_a_run_says_or_writes(place: Path, run: Run) -> None:
    assert run.code in (0, 1), run.output + run.errors
    files = [place / name for name in ("junit.xml", "all.csv", "sum.md", "seen.json")]
    for text in (run.output, run.errors, *(file.read_text() for file in (*files, *run.reports.iterdir()))):
        for secret in SECRETS:
            assert secret not in text.lower()
    assert "${secret:OLD}.right.example" in run.output
    document = run.document("prod")
    assert document["contact"] == "${secret:WHO}@right.example"
    assert any("${secret:NOTE}" in waiver["reason"] for waiver in document["waivers"])


def test_the_plan_shows_no_secret(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mailproof.cli", "plan", "prod.yaml"],
        cwd=place,
        env={**ENVIRONMENT, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)


def test_verdicts_are_the_same_in_a_replay_with_workers_and_against_a_baseline(place: Path, run: Run) -> None:
    first = run.verdicts("prod")
    baseline = place / "baseline.json"
    baseline.write_text((run.reports / "prod.json").read_text())
    again = pytest_run(
        place,
        "--inventory=prod.yaml",
        "--waivers=waivers.yaml",
        "-n2",
        "--baseline=baseline.json",
        environment=ENVIRONMENT,
    )
    assert again.verdicts("prod") == first, again.output
    assert again.document("prod")["baseline"]["counts"]["new"] == 0
    replayed = pytest_run(place, "--inventory=prod.yaml", "--replay=seen.json", environment=ENVIRONMENT)
    assert replayed.code in (0, 1), replayed.output + replayed.errors


def test_a_secret_that_is_a_word_of_ours_changes_no_verdict(tmp_path: Path) -> None:
    plain, secret = tmp_path / "plain", tmp_path / "secret"
    for directory, contact in ((plain, "inconclusive@right.example"), (secret, "${secret:WORD}@right.example")):
        directory.mkdir()
        write_inventory(
            directory, f"domains: [right.example, no-spf.example]\ncontact: '{contact}'\n{FAST}", fast=False
        )
    narrowed = ("--inventory=prod.yaml", "--control=SPF-*")
    verdicts = [
        pytest_run(directory, *narrowed, environment={"WORD": "inconclusive"}).verdicts("prod")
        for directory in (plain, secret)
    ]
    assert verdicts[0] == verdicts[1]
    assert set(verdicts[0].values()) > {"pass"}
