"""One fault, one finding: what could not be judged because of a fault is counted with it, and never excused by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailproof.captures import Capture, CapturedOutput, write_capture
from tests.offline.user import Run, pytest_run, write_inventory

BOGUS = "domains: [broken-dnssec.example]\n"
OWNER = ("SEC-NOT-BOGUS", "broken-dnssec.example")


def results(run: Run) -> dict[tuple[str, str], dict[str, Any]]:
    return {(r["control"], r["target"]): r for r in run.document("prod")["results"]}


@pytest.fixture(scope="module")
def bogus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    directory = tmp_path_factory.mktemp("bogus")
    write_inventory(directory, BOGUS)
    return directory, pytest_run(directory, "--inventory", "prod.yaml", "--record", "seen.json")


def test_what_rests_on_a_bogus_zone_is_left_to_the_control_that_finds_it(bogus: tuple[Path, Run]) -> None:
    _, run = bogus
    found = results(run)
    assert found[OWNER]["verdict"] == "fail"
    for key in (
        ("SPF-EXISTS", "broken-dnssec.example"),
        ("MX-EXISTS", "broken-dnssec.example"),
        ("SMTP-GREET-220", "MX of broken-dnssec.example"),
    ):
        assert found[key]["verdict"] == "not applicable"
        assert (found[key]["left_to"], found[key]["left_to_target"]) == OWNER
        assert "SEC-NOT-BOGUS judges that" in found[key]["observed"]
    left = [r for r in found.values() if r["left_to_target"]]
    assert len(left) > 40
    assert f"{len(left)} verdicts could not be given because of it" in " ".join(run.output.split())
    assert run.code == 1


def test_the_workers_of_xdist_judge_the_same(bogus: tuple[Path, Run]) -> None:
    directory, run = bogus
    again = pytest_run(directory, "--inventory", "prod.yaml", "--replay", "seen.json", "-n", "2")
    assert again.verdicts("prod") == run.verdicts("prod")


def test_a_fault_that_nobody_judges_excuses_nothing(tmp_path: Path) -> None:
    write_inventory(tmp_path, BOGUS)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SPF-*")
    # SPF-CONSISTENT-NS asks the servers themselves: nothing keeps it from judging.
    rest = {r["verdict"] for (control, _), r in results(run).items() if control != "SPF-CONSISTENT-NS"}
    assert rest <= {"inconclusive", "not applicable"}
    assert results(run)["SPF-EXISTS", "broken-dnssec.example"]["verdict"] == "inconclusive"
    assert run.code == 1


def test_a_fault_that_is_waived_excuses_nothing(tmp_path: Path) -> None:
    waiver = "waivers: [{control: SEC-NOT-BOGUS, target: broken-dnssec.example, reason: known, expires: 2999-01-01}]\n"
    write_inventory(tmp_path, BOGUS + waiver)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml")
    assert results(run)[OWNER]["verdict"] == "waived"
    assert results(run)["MX-EXISTS", "broken-dnssec.example"]["verdict"] == "inconclusive"
    assert run.code == 1


def test_a_control_that_is_left_a_fault_has_to_be_part_of_the_run(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    whole = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SPF-*")
    assert results(whole)["SPF-EXISTS", "no-spf.example"]["verdict"] == "fail"
    assert results(whole)["SPF-ALL-STRICT", "no-spf.example"]["verdict"] == "not applicable"
    alone = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SPF-ALL-STRICT")
    found = results(alone)["SPF-ALL-STRICT", "no-spf.example"]
    assert (found["verdict"], found["left_to"]) == ("inconclusive", "")
    assert "SPF-EXISTS judges that, but does not judge no-spf.example in this run" in found["observed"]
    assert alone.code == 1


BROKEN_REPORTS = "domains: [right.example]\nreports: [rua]\n"
OF_REPORTS = ("RPT-*", "DMARC-REPORTS-ARRIVE", "DMARC-O*", "DMARC-ENRICH", "DKIM-SELECTOR-IN-REPORT", "TLSRPT-REPORT")


def of_broken_reports(directory: Path, *controls: str) -> Run:
    write_inventory(directory, BROKEN_REPORTS)
    (directory / "rua").mkdir()
    for name, text in {"a.xml": "no report", "b.xml": "<feedback><x>"}.items():
        (directory / "rua" / name).write_text(text)
    selected = [word for control in controls for word in ("--control", control)]
    return pytest_run(directory, "--inventory", "prod.yaml", *selected)


def test_a_file_of_reports_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    found = results(of_broken_reports(tmp_path, *OF_REPORTS))
    unknown = {key for key, result in found.items() if result["verdict"] == "inconclusive"}
    assert unknown == {("RPT-AGG-PARSE", "rua/a.xml"), ("RPT-AGG-PARSE", "rua/b.xml")}
    assert found["RPT-TLS", "rua/b.xml"]["left_to_target"] == "rua/b.xml"
    arrive = found["DMARC-REPORTS-ARRIVE", "right.example (reports)"]
    assert (arrive["verdict"], arrive["left_to"]) == ("not applicable", "RPT-AGG-PARSE")


def test_a_place_without_any_report_is_told_once(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [right.example]\nsending: [192.0.2.25]\nreports: [rua, maildir:box]\n")
    for name in ("rua", "box"):
        (tmp_path / name).mkdir()
    found = results(pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "RPT-*", "--control", "DMARC-O*"))
    unknown = {key for key, result in found.items() if result["verdict"] == "inconclusive"}
    assert unknown == {("RPT-AGG-PARSE", "rua"), ("RPT-AGG-PARSE", "box")}
    assert found["DMARC-OWN-SOURCES", "right.example@192.0.2.25 (reports)"]["left_to"] == "RPT-AGG-PARSE"


def test_a_file_of_reports_that_nobody_tells_excuses_nothing(tmp_path: Path) -> None:
    run = of_broken_reports(tmp_path, "DMARC-REPORTS-ARRIVE")
    assert results(run)["DMARC-REPORTS-ARRIVE", "right.example (reports)"]["verdict"] == "inconclusive"
    assert run.code == 1


def test_what_cannot_be_read_of_a_configuration_is_told_once(tmp_path: Path) -> None:
    """A capture that is cut off, one without a file that some controls need, and one of a check that tells no
    settings.
    """
    write_inventory(tmp_path, "captures: [cut-off, incomplete, checked]\n")
    for name in ("cut-off", "incomplete"):
        (tmp_path / name).mkdir()
    (tmp_path / "cut-off" / "capture.json").write_text('{"format": "mailproof-capture", ')
    outputs = tuple(
        CapturedOutput("postfix", command, command.replace(" ", ""), 0) for command in ("postconf -n", "postconf -M")
    )
    capture = Capture("mx1.right.example", "2026-11-25T10:00:00Z", outputs)
    write_capture(tmp_path / "incomplete", capture, dict.fromkeys((output.file for output in outputs), ""))
    (tmp_path / "incomplete" / "postconf-M").unlink()
    checks = (CapturedOutput("unbound", "unbound-checkconf", "unbound-checkconf.txt", 0),)
    capture = Capture("ns.right.example", "2026-11-25T10:00:00Z", checks)
    write_capture(tmp_path / "checked", capture, {"unbound-checkconf.txt": "no errors in unbound.conf\n"})
    controls = [word for control in ("CFG-*", "EGRESS", "RESOLVER-QUERYLOG") for word in ("--control", control)]
    found = results(pytest_run(tmp_path, "--inventory", "prod.yaml", *controls))
    unknown = {key for key, result in found.items() if result["verdict"] == "inconclusive"}
    assert unknown == {
        ("CFG-LOADS", "capture cut-off"),
        ("CFG-LOADS", "postfix@mx1.right.example"),
        ("CFG-NAMED", "unbound@ns.right.example"),
    }
    assert found["RESOLVER-QUERYLOG", "unbound@ns.right.example"]["left_to"] == "CFG-NAMED"
    for target in ("capture cut-off", "postfix@mx1.right.example"):
        assert found["CFG-VRFY", target]["left_to"] == "CFG-LOADS"
        assert found["CFG-VRFY", target]["left_to_target"] == target
