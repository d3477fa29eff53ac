"""A fleet whose zones stand in files or come from where they are kept: the verdicts are those of pytest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailproof.cli import main
from mailproof.fleet.plan import read_division, read_plan, zones_index
from mailproof.fleet.results import all_results
from mailproof.gate.document import Result, read_document
from tests.offline.user import pytest_run, write_inventory

NAMES = ("no-spf.example", "plus-all.example", "right.example", "mail.right.example", "a.new.example", "b.new.example")
CONTROLS = ("ZONE-*", "DEL-*", "SEC-SIGNED", "SPF-EXISTS", "SPF-ALL-STRICT", "MX-*", "DMARC-EXISTS", "PUBLISHED-*")
SELECTED = [part for pattern in CONTROLS for part in ("--control", pattern)]

HEAD = (
    "$TTL 3600\n@ SOA ns1 hostmaster 7 14400 3600 1209600 3600\n@ NS ns1\n@ NS ns2\nns1 A 11.2.53.1\nns2 A 11.3.53.1\n"
)
ZONES = {
    "right.example": f'{HEAD}@ MX 10 mx1\nmx1 A 11.2.25.1\n@ TXT "v=spf1 mx -all"\n* A 11.2.25.1\nmail MX 5 mx1\n'
    'mail TXT "v=spf1 +all"\nwww CNAME right.example\n',
    # A host of the zone is that of domains elsewhere, and nothing of the fleet lies in it.
    "hosting.example": f"{HEAD}mx1 A 11.0.25.1\n_25._tcp.mx1 300 TLSA 3 1 1 00\nmx2 300 A 11.1.25.1\nmx2 A 11.1.25.2\n",
    # Domains of several shards lie in one zone.
    "new.example": f"{HEAD}a MX 10 mx.a\nmx.a A 11.2.25.1\nb MX 10 mx.b\nmx.b A 192.168.0.1\n$INCLUDE more.inc\n",
    # Nothing has to do with it.
    "alone.example": f"{HEAD}www A 10.0.0.1\n",
}
ROUTE53 = [
    ("no-spf.example.", "SOA", ["ns1.right.example. h.right.example. 1 7200 900 1209600 86400"]),
    ("no-spf.example.", "NS", ["ns1.right.example."]),
    ("no-spf.example.", "MX", ["10 mx1.hosting.example."]),
    ("no-spf.example.", "TXT", ['"v=spf1 -all"']),
]


def zones(directory: Path) -> Path:
    """A directory of master files."""
    folder = directory / "zones"
    folder.mkdir()
    for name, text in ZONES.items():
        (folder / f"{name}.zone").write_text(text)
    (folder / "more.inc").write_text('b TXT "v=spf1 mx ?all"\n')
    return folder


def exported(directory: Path) -> None:
    """An export of Route 53 with a record that no master file holds."""
    sets = [
        {"Name": name, "Type": type, "TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}
        for name, type, values in ROUTE53
    ]
    alias = {"Name": "www.no-spf.example.", "Type": "A", "AliasTarget": {"DNSName": "lb.example."}}
    (directory / "records.json").write_text(json.dumps({"ResourceRecordSets": [*sets, alias]}))


def told(results: list[Result]) -> dict[tuple[str, str], tuple[str, ...]]:
    """What each verdict says, without what differs from world to world: keys, and which server was asked first."""
    return {r.key: (r.verdict, r.level, r.target_type, *r.domains, r.left_to, r.file) for r in results}


@pytest.mark.parametrize("kept", ["by name", "by source"])
def test_a_fleet_judges_zones_as_pytest_does(kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = zones(tmp_path)
    exported(tmp_path)
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    if kept == "by name":
        said = "".join(f"  {name}: zones/{name}.zone\n" for name in ZONES)
    else:
        said = "  - zones\n  - 'route53:records.json?leave-out'\n"
    write_inventory(tmp_path, f"domains_from: names.txt\nzone_files:\n{said}")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", *SELECTED)
    whole = read_document(run.reports / "prod.json")
    expected = told(whole.results)
    monkeypatch.chdir(tmp_path)
    command = ["fleet", "prod.yaml", "--out", "out", "--shards", "4", *SELECTED]
    assert main(command) == run.code == 1
    plan = read_plan(tmp_path / "out")
    found = told(list(all_results(tmp_path / "out", plan, {})))
    left_out = {key for key in expected if key[0] in plan.left_out}
    assert found == {key: said for key, said in expected.items() if key not in left_out}
    judged = {target for control, target in found if control == "ZONE-RRSET-TTL"}
    assert {f"{name} (records)" for name in ZONES} <= judged
    assert {"fail", "pass"} <= {verdict for (control, _), (verdict, *_) in found.items() if control.startswith("ZONE-")}
    holding = [read_division(tmp_path / "out", number).zones for number in range(1, plan.shards + 1)]
    assert sorted(zone for one in holding for zone in one) == sorted(
        {*ZONES, *(("no-spf.example",) if kept == "by source" else ())}
    )
    assert sum(map(bool, holding)) > 1
    assert zones_index(tmp_path / "out").exists() == (kept == "by source")
    (folder / "more.inc").write_text('b TXT "v=spf1 mx -all"\n')
    assert main(command) == 4  # the plan is one of other zones


def test_shards_of_pytest_judge_zones_as_the_whole_does(tmp_path: Path) -> None:
    zones(tmp_path)
    said = "".join(f"  {name}: zones/{name}.zone\n" for name in ZONES)
    write_inventory(tmp_path, f"domains: [{', '.join(NAMES)}]\nzone_files:\n{said}")
    runs = {}
    for name, more in (("whole", ()), ("1", ("--shard", "1/2")), ("2", ("--shard", "2/2"))):
        run = pytest_run(tmp_path, "--inventory", "prod.yaml", *more, "--control", "ZONE-*", "--report-dir", name)
        assert run.code == 1, run.output
        runs[name] = told(read_document(tmp_path / name / "prod.json").results)
    files = {key: said for key, said in runs["whole"].items() if said[2] == "ZoneFile"}
    assert files
    parts = [{key: said for key, said in runs[name].items() if said[2] == "ZoneFile"} for name in "12"]
    assert not parts[0].keys() & parts[1].keys()
    assert {**parts[0], **parts[1]} == files


def test_what_a_fleet_reads_without_a_record_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(tmp_path)
    write_inventory(tmp_path, "domains: [no-spf.example]\nzone_files: ['route53:records.json']\n")
    monkeypatch.chdir(tmp_path)
    command = ["fleet", "prod.yaml", "--out", "out", "--control", "ZONE-*"]
    assert main(command) == 4
    assert "no master file can hold" in capsys.readouterr().err
    assert not (tmp_path / "out" / "plan.json").exists()
    write_inventory(tmp_path, "domains: [no-spf.example]\nzone_files: ['route53:records.json?leave-out']\n")
    assert main(command) in (0, 1)
    said = "www.no-spf.example. A: an alias of Route 53"
    assert f"Left out of a zone: {said}" in capsys.readouterr().out
    assert said in (tmp_path / "out" / "summary.html").read_text()
