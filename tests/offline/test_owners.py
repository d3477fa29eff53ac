"""Who answers for what: from the inventory to the report that is theirs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from mailproof.cli import main
from mailproof.gate.document import as_json
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import load_inventory
from mailproof.report.text import render
from tests.offline.user import pytest_run, write_inventory
from tests.unit.documents import HOSTILE, WAIVER, document, plain, result

INVENTORY = """
domains:
  - {name: no-spf.example, owner: alice}
  - {name: plus-all.example, owner: bob@example.org}
  - right.example
hosts:
  - {name: mx1.right.example, roles: [mx], owner: mail operations}
"""


def test_an_inventory_s_owners_stand_beside_the_targets_and_have_reports_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_inventory(tmp_path, INVENTORY)
    chosen = ("--control", "SPF-EXISTS", "--control", "MX-PORT25-OPEN")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", *chosen, "--junitxml", "junit.xml")
    assert '<property name="owners" value="alice"' in (tmp_path / "junit.xml").read_text()
    results = run.document("prod")["results"]
    found = {(each["control"], each["target"].partition("[")[0]): each.get("owners") for each in results}
    assert found["SPF-EXISTS", "no-spf.example"] == ["alice"]
    assert found["SPF-EXISTS", "plus-all.example"] == ["bob@example.org"]
    assert found["SPF-EXISTS", "right.example"] is None
    assert [*found.values()].count(["mail operations"]) == 1  # the host with its own, and no other of the domain
    assert "owner   alice" in run.output

    file = str(run.reports / "prod.json")
    assert main(["report", file, "--owner", "ALICE"]) == 0
    said = capsys.readouterr().out
    assert "no-spf.example publishes no SPF record" in said
    assert "plus-all.example" not in said
    assert main(["report", file, "--owner", "alice", "--format", "html"]) == 0
    page = capsys.readouterr().out
    assert "; owner alice" in page
    assert 'data-target="plus-all.example"' not in page
    assert main(["report", file, "--format", "markdown"]) == 0
    assert "- owner: `alice`" in capsys.readouterr().out
    assert main(["report", file, "--format", "sarif"]) == 0
    log = json.loads(capsys.readouterr().out)
    told = {one["properties"]["target"]: one["properties"].get("owners") for one in log["runs"][0]["results"]}
    assert told["no-spf.example"] == ["alice"]
    assert main(["report", file, "--owner", "carol"]) == 4
    said = capsys.readouterr().err
    assert "nobody of that name answers for a target or a waiver" in said
    assert "these do: 'alice', 'bob@example.org', 'mail operations'" in said


def owners(tmp_path: Path, text: str, **names: tuple[str, ...]) -> tuple[str, ...]:
    loaded = load_inventory(write_inventory(tmp_path, text, fast=False))
    return loaded.owners_of(hosts=names.get("hosts", ()), domains=names.get("domains", ()))


def test_a_host_s_owner_comes_before_those_of_its_domains(tmp_path: Path) -> None:
    both = ("no-spf.example", "plus-all.example", "right.example")
    assert owners(tmp_path, INVENTORY, hosts=("mx1.right.example",), domains=both) == ("mail operations",)
    assert owners(tmp_path, INVENTORY, hosts=("mx2.right.example",), domains=both) == ("alice", "bob@example.org")
    assert owners(tmp_path, INVENTORY, hosts=("",), domains=("right.example",)) == ()


def test_the_owner_of_a_host_answers_for_its_addresses(tmp_path: Path) -> None:
    write_inventory(
        tmp_path,
        "domains: [{name: unforwarded-ptr.example, owner: alice}]\n"
        "hosts: [{name: mx.unforwarded-ptr.example, owner: ' mail ops '}]\n",
    )
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "PTR-FCRDNS", "--control", "SPF-EXISTS")
    owners = {each["control"]: each["owners"] for each in run.document("prod")["results"]}
    assert owners == {"PTR-FCRDNS": ["mail ops"], "SPF-EXISTS": ["alice"]}


def test_an_owner_is_a_text_that_is_not_empty(tmp_path: Path) -> None:
    for wrong in ("''", "[alice]", "7"):
        file = write_inventory(tmp_path, f"domains:\n  - {{name: a.example, owner: {wrong}}}\n", fast=False)
        with pytest.raises(InventoryError, match=r"prod.yaml:3: domains\[0\].owner"):
            load_inventory(file)


def test_who_names_no_owners_has_the_results_of_before(tmp_path: Path) -> None:
    assert "owners" not in plain(document(result()))["results"][0]
    file = write_inventory(tmp_path, "domains: [a.example]\nhosts: [mx.a.example]\n", fast=False)
    unowned = load_inventory(file)
    before = unowned.model.model_dump_json().replace(',"owner":null', "")
    assert unowned.hash == hashlib.sha256(before.encode()).hexdigest()
    owned = load_inventory(write_inventory(tmp_path, "domains: [{name: a.example, owner: x}]\n", fast=False))
    others = load_inventory(write_inventory(tmp_path, "domains: [{name: a.example, owner: y}]\n", fast=False))
    assert owned.hash != others.hash


def test_a_waiver_s_owner_gets_what_it_waives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waived = result("waived", target="waived.example")
    (tmp_path / "prod.json").write_text("".join(as_json(document(waived, result("pass"), result(owners=("ops",))))))
    assert main(["report", str(tmp_path / "prod.json"), "--owner", str(WAIVER.owner), "--proof"]) == 0
    said = capsys.readouterr().out
    assert "shown: 2 of 3 verdicts (--owner ops): 1 fail, 1 waived" in said
    assert "WAIVED  SPF-EXISTS  (SHOULD)  waived.example" in said


def test_where_nobody_is_an_owner_the_report_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prod.json").write_text("".join(as_json(document(result()))))
    assert main(["report", str(tmp_path / "prod.json"), "--owner", "alice"]) == 4
    assert "answers for a target or a waiver; the inventory names no `owner`" in capsys.readouterr().err


@pytest.mark.parametrize("verdict", ["fail", "inconclusive"])
def test_a_finding_of_several_owners_names_them_on_one_line(verdict: str) -> None:
    found = [result(verdict, target=f"{name}.example", owners=(name, HOSTILE)) for name in ("alice", "bob")]
    text = render(document(*found), width=200)
    assert "owner   alice, " in text
    assert "bob" in text
    assert "\x1b" not in text
    assert "owner" not in render(document(*(replace(each, owners=()) for each in found)))
