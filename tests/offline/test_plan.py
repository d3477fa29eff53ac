"""What ``mailproof plan`` says is what the run does: exactly its verdicts, and no connection less than it makes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.offline.user import SOURCE, pytest_run, write_inventory

PARKED = "domains: [{name: right.example, profile: parked}, no-spf.example]\n"
ROLES = """
domains: [right.example]
hosts:
  - {name: mx1.right.example, roles: [mx, submission, imap, pop3], ports: {submission: [587, 465], imap: [143, 993]}}
  - {name: mx2.right.example, dead: true}
"""
UNDISCOVERED = """
domains: [right.example, broken-dnssec.example]
hosts:
  - {name: mail.broken-dnssec.example, roles: [imap, submission]}
  - {name: nowhere.right.example, roles: [pop3]}
"""
OWN_PROFILE = """
domains: [right.example]
hosts:
  - {name: mail.broken-dnssec.example, roles: [imap, mx], profile: strict.yaml}
"""
STRICT = "name: ours\ntitle: ours\ncontrols: {TLS-NO-SSL3: {}, SMTP-GREET-220: {}, CERT-DATES: {}}\n"
WITHOUT_CONSENT = "active: false\ndomains: [right.example]\n"

RULES = '''
from mailproof.controls import MUST, Reference, control


@control("HOUSE-NAMES", MUST, Reference("Ours"))
def test_names(mail_host, host_addresses):
    """Hosts have names.

    Why: so.
    Fix: so.
    """
'''


def planned(directory: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "mailproof.cli", "plan", "prod.yaml", "--format", "json", *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(SOURCE / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    plan: dict[str, Any] = json.loads(done.stdout)
    return plan


@pytest.mark.parametrize(
    "inventory",
    [PARKED, ROLES, UNDISCOVERED, OWN_PROFILE, f"rules: [rules.py]\n{ROLES}"],
    ids=["a profile of a domain", "roles", "undiscovered hosts", "a profile of a host", "house rules"],
)
def test_the_plan_says_the_verdicts_and_at_least_the_connections_of_the_run(tmp_path: Path, inventory: str) -> None:
    (tmp_path / "strict.yaml").write_text(STRICT, encoding="utf-8")
    (tmp_path / "rules.py").write_text(RULES, encoding="utf-8")
    write_inventory(tmp_path, inventory)
    plan = planned(tmp_path)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml")
    assert run.code in (0, 1), run.output + run.errors
    document = run.document("prod")
    assert plan["verdicts"] == len(document["results"])
    most: Counter[str] = Counter()
    for contact in plan["contacts"]:
        most[contact["host"].partition("[")[2].partition("]")[0]] += contact["connections"]
    made = {peer: count for peer, count in document["traffic"]["connections"].items() if peer in most}
    assert len(made) == len([address for address in most if address and most[address]])
    assert {peer: count for peer, count in made.items() if count > most[peer]} == {}


def test_a_replayed_plan_is_that_of_the_record(tmp_path: Path) -> None:
    write_inventory(tmp_path, UNDISCOVERED)
    pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SPF-*", "--record", "record.json")
    assert planned(tmp_path) == planned(tmp_path, "--replay", "record.json")
