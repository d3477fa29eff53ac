"""Records that earlier versions wrote are judged as they were judged then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.offline.user import pytest_run, write_inventory

RECORDS = Path(__file__).parent / "records"

INVENTORY = """
domains: [right.example, broken-dnssec.example]
hosts:
  - {name: mail.broken-dnssec.example, roles: [imap, submission]}
  - {name: mx1.right.example, roles: [mx, submission, imap], ports: {submission: [587]}}
"""


@pytest.mark.parametrize("name", ["before-endpoint-classes"])
def test_a_former_record_leads_to_the_same_verdicts(tmp_path: Path, name: str) -> None:
    write_inventory(tmp_path, INVENTORY)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--replay", str(RECORDS / f"{name}.json"))
    assert run.code == 1, run.errors
    then = json.loads((RECORDS / f"{name}.verdicts.json").read_text(encoding="utf-8"))
    now = run.verdicts("prod")
    assert {key: now[key] for key in now if key[0] in {control for control, _, _ in then}} == {
        (control, target): verdict for control, target, verdict in then
    }
    since = {key: verdict for key, verdict in now.items() if key[0] not in {control for control, _, _ in then}}
    # What a later control asks for and the record does not hold is inconclusive; what it holds is judged.
    passed = {control for (control, target), verdict in since.items() if "]:" in target and verdict == "pass"}
    assert passed == {
        *("CERT-CHAIN-ORDER", "CERT-SIG-ALG", "DANE-PARAM-COMPLETE"),
        *("RELAY-DOMAINS", "SMTP-GREET-TIME", "SMTP-NO-VERSION"),
    }
    others = {verdict for (id, target), verdict in since.items() if "]:" in target and id not in passed}
    assert others == {"not applicable", "inconclusive"}
