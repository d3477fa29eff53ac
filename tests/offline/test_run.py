"""The run as a user sees it: exit codes, forms of --inventory, selection, record and replay, xdist."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mailproof.cli import main
from tests.offline.user import HANGS, SOURCE, Run, heed_ctrl_c, pytest_run, write_inventory

NO_SPF = "domains: [no-spf.example]\n"
SPF_ONLY = ("--control", "SPF-*")
NOBODY_THERE = "waivers: [{control: MX-PORT25-OPEN, target: mx.unreachable.example*, reason: x, expires: 2999-01-01}]\n"
"""What rests on a fault that is waived is inconclusive again."""


def test_findings_exit_with_1_and_say_what_where_proof_rule_and_fix(tmp_path: Path) -> None:
    write_inventory(tmp_path, NO_SPF)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", *SPF_ONLY)
    assert run.code == 1
    finding = run.output[run.output.index("no-spf.example ---") :]
    for part in (
        "FAIL  SPF-EXISTS  (SHOULD)  Every domain publishes exactly one SPF record.",
        "found   no-spf.example publishes no SPF record",
        "proof  | ;; question: no-spf.example. IN TXT",
        "rule    RFC 7208, section 3.2",
        "fix     publish one TXT record",
    ):
        assert part in finding
    assert run.output.rstrip().splitlines()[-1] == "decision: FAIL, the gate stays closed: 1 finding"
    assert f"report: {tmp_path}/reports/prod.json" in run.output
    assert f"report: {tmp_path}/reports/prod.html" in run.output


def test_a_run_speaks_to_people_in_the_language_that_is_asked_for(tmp_path: Path) -> None:
    write_inventory(tmp_path, NO_SPF)
    words = ("--language=nl", "--markdown=summary.md", "--csv=table.csv")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SPF-EXISTS", *words)
    title, english = "Elk domein publiceert precies één SPF-record.", "Every domain publishes exactly one SPF record."
    assert run.output.rstrip().splitlines()[-1] == "besluit: NIET GESLAAGD, de gate blijft dicht: 1 bevinding"
    page = (run.reports / "prod.html").read_text(encoding="utf-8")
    assert '<html lang="nl">' in page
    for told in (run.output, page, (tmp_path / "summary.md").read_text(encoding="utf-8").replace("\\", "")):
        assert title in told
        assert english not in told
    assert run.document("prod")["results"][0]["expected"] == english
    assert "fail" in (tmp_path / "table.csv").read_text(encoding="utf-8")


def test_a_domain_that_is_right_opens_the_gate(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [right.example]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", *SPF_ONLY, "--control", "DMARC-*")
    assert run.code == 0
    assert run.output.rstrip().splitlines()[-1] == "decision: PASS, the gate is open"
    assert run.document("prod")["decision"] == {"open": True, "reasons": []}


def test_inconclusive_closes_the_gate(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [unreachable.example]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SMTP-GREET-220")
    assert run.code == 1
    assert run.verdicts("prod")["SMTP-GREET-220", "mx.unreachable.example[11.4.8.25]:25"] == "inconclusive"
    assert "INCONCLUSIVE  mx.unreachable.example, 2 targets" in run.output
    assert "mx.unreachable.example[11.4.8.25]:25" in run.output
    assert "refused" in run.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("domains: [no-spf.example]\ndomain: x\n", "prod.yaml:3: domain: unknown key; did you mean domains?"),
        ("domains: []\n", "nothing to check: give at least one of domains, hosts, sending, zones"),
        ("domains: [a.example]\ncontrols: {SPF-ALL-STRIC: {}}\n", "did you mean SPF-ALL-STRICT"),
        ("domains: [a.example]\ncontrols: {SPF-ALL-STRICT: {acept: []}}\n", "SPF-ALL-STRICT has accept"),
        ("domains: [a.example]\nworld: dmo\n", "dmo"),
    ],
)
def test_a_bad_inventory_exits_with_4_and_without_traceback(tmp_path: Path, text: str, message: str) -> None:
    write_inventory(tmp_path, text, fast=False)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml")
    assert run.code == 4
    assert message in run.errors
    assert "Traceback" not in run.output + run.errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--inventory", "missing.yaml"), "there is no such file"),
        (("--inventory", "prod.yaml", "--control", "SPF-ALL-STRIKT"), "did you mean SPF-ALL-STRICT"),
        (("--inventory", "prod.yaml", "--replay", "missing.json"), "there is no such file"),
        (("--inventory", "prod.yaml", "--replay", "prod.yaml"), "not JSON"),
        (("--inventory", "prod.yaml", "--replay", "a", "--record", "b"), "exclude each other"),
        (("--record", "b.json"), "--record needs --inventory"),
        ((str(SOURCE / "tests_compliance"),), "--inventory"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    write_inventory(tmp_path, NO_SPF)
    run = pytest_run(tmp_path, *arguments)
    assert run.code in (2, 4)
    assert message in run.output + run.errors
    assert "Traceback" not in run.output + run.errors


def test_quiet_says_the_decision_and_no_findings(tmp_path: Path) -> None:
    write_inventory(tmp_path, NO_SPF)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SPF-EXISTS", "-q")
    assert "FAIL  SPF-EXISTS" not in run.output
    assert "fail: 1" in run.output
    assert run.output.rstrip().splitlines()[-1] == "decision: FAIL, the gate stays closed: 1 finding"


def test_the_log_of_pytest_html_may_not_take_the_place_of_the_report(tmp_path: Path) -> None:
    write_inventory(tmp_path, NO_SPF)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--html", "reports/prod.html")
    assert run.code == 4
    assert "name another file" in run.errors


def test_nothing_selected_is_not_green(tmp_path: Path) -> None:
    write_inventory(tmp_path, NO_SPF)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "-k", "no_such_control")
    assert run.code == 5
    assert "decision: FAIL, the gate stays closed: nothing was checked" in run.output


def test_nothing_applicable_is_not_green(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [right.example]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "MX-NULL-*")
    assert run.code == 5
    assert set(run.verdicts("prod").values()) == {"not applicable"}
    assert "nothing was checked: no control applied" in run.output


def test_without_consent_active_controls_do_not_apply(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [{name: right.example, active: false}]\nactive: false\n", fast=False)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "RELAY-MATRIX", "--control", "SPF-EXISTS")
    verdicts = run.verdicts("prod")
    assert {verdict for (id, _), verdict in verdicts.items() if id == "RELAY-MATRIX"} == {"not applicable"}
    reasons = {r["observed"] for r in run.document("prod")["results"] if r["control"] == "RELAY-MATRIX"}
    assert all("active: true" in reason for reason in reasons)


def test_a_target_pattern_that_matches_nothing_is_not_green(tmp_path: Path) -> None:
    write_inventory(tmp_path, NO_SPF)
    assert pytest_run(tmp_path, "--inventory", "prod.yaml", "--target", "nobody.example").code == 5


@pytest.mark.parametrize("form", ["space", "equals", "absolute", "dot"])
def test_every_form_of_the_option_and_directory_works(tmp_path: Path, form: str) -> None:
    file = write_inventory(tmp_path / "inventories", NO_SPF)
    work = tmp_path / "elsewhere"
    work.mkdir()
    (work / "pytest.ini").write_text("[pytest]\ntestpaths = own\n")
    (work / "own").mkdir()
    (work / "own" / "test_spf.py").write_text("def test_own(): raise RuntimeError('not asked for')\n")
    arguments = {
        "space": ("--inventory", "../inventories/prod.yaml"),
        "equals": ("--inventory=../inventories/prod.yaml",),
        "absolute": (f"--inventory={file}",),
        "dot": (".", "--inventory=../inventories/prod.yaml"),
    }[form]
    run = pytest_run(work, *arguments, *SPF_ONLY)
    assert run.code == 1
    assert run.verdicts("prod")["SPF-EXISTS", "no-spf.example"] == "fail"
    assert not (tmp_path / "inventories" / "reports").exists()


def test_ids_read_well(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [right.example]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--collect-only", "-q")
    assert run.code == 0
    assert "::test_ptr_is_forward_confirmed[11.3.25.1]" in run.output
    assert "::test_starttls_is_offered[mx2.right.example[11.3.25.1]:25]" in run.output
    assert "::test_starttls_is_offered[mx2.right.example[2600:11:3:25::1]:25]" in run.output
    assert not (tmp_path / "reports").exists()


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A directory with a record of two domains, and the run that made it."""
    directory = tmp_path_factory.mktemp("surveyed")
    write_inventory(directory, "domains: [no-spf.example, unreachable.example]\n" + NOBODY_THERE)
    return directory, pytest_run(
        directory, "--inventory", "prod.yaml", "--record", "seen.json", "--junitxml", "junit.xml"
    )


def test_a_replay_judges_the_same_without_a_network(surveyed: tuple[Path, Run], tmp_path: Path) -> None:
    directory, first = surveyed
    inventory = (directory / "prod.yaml").read_text().replace("world: demo\n", "resolvers: ['127.0.0.1:1']\n")
    (tmp_path / "prod.yaml").write_text(inventory)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--replay", str(directory / "seen.json"))
    assert run.verdicts("prod") == first.verdicts("prod")
    assert run.code == first.code == 1
    assert "nothing was contacted" in run.output
    assert run.document("prod")["replayed"] is True


def test_xdist_surveys_once_and_judges_the_same(surveyed: tuple[Path, Run], tmp_path: Path) -> None:
    directory, first = surveyed
    (tmp_path / "prod.yaml").write_text((directory / "prod.yaml").read_text())
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "-n", "2", "--junitxml", "junit.xml")
    assert run.code == 1
    assert run.verdicts("prod") == first.verdicts("prod")
    one, other = first.document("prod"), run.document("prod")
    assert [r["control"] for r in one["results"]] == [r["control"] for r in other["results"]]
    assert one["counts"] == other["counts"]
    assert one["controls_without_target"] == other["controls_without_target"]
    assert one["traffic"]["connections"] == other["traffic"]["connections"]
    assert run.output.count("survey: ") == 1
    assert (tmp_path / "reports" / "prod.html").stat().st_size > 50_000


def test_xdist_replays_a_record(surveyed: tuple[Path, Run], tmp_path: Path) -> None:
    directory, first = surveyed
    (tmp_path / "prod.yaml").write_text((directory / "prod.yaml").read_text())
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "-n", "2", "--replay", str(directory / "seen.json"))
    assert run.verdicts("prod") == first.verdicts("prod")


def test_xdist_passes_on_what_is_wrong(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [a..example]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "-n", "2")
    assert run.code == 4
    assert "is not a domain name" in run.errors


def test_junit_carries_control_level_target_and_evidence(surveyed: tuple[Path, Run]) -> None:
    directory, first = surveyed
    cases = ElementTree.parse(directory / "junit.xml").getroot().iter("testcase")
    by_key = {}
    for case in cases:
        properties = {p.get("name"): p.get("value") for p in case.iter("property")}
        by_key[properties["control"], properties["target"]] = (properties, case)
    properties, case = by_key["SPF-EXISTS", "no-spf.example"]
    assert properties["level"] == "SHOULD"
    assert "question: no-spf.example. IN TXT" in (properties["evidence"] or "")
    assert case.find("failure") is not None
    _, case = by_key["SMTP-GREET-220", "mx.unreachable.example[11.4.8.25]:25"]
    assert case.find("error") is not None
    assert len(by_key) == len(first.document("prod")["results"])


def test_every_verdict_carries_its_proof(surveyed: tuple[Path, Run]) -> None:
    document = surveyed[1].document("prod")
    assert (document["format"], document["version"]) == ("mailproof-result", 1)
    for result in document["results"]:
        assert result["expected"]
        assert result["observed"]
        assert result["fix"]
        assert result["references"]
        if result["verdict"] in ("fail", "advice", "inconclusive"):
            assert result["evidence"], result


def test_parameters_come_from_the_inventory(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [plus-all.example]\ncontrols: {SPF-ALL-STRICT: {accept: ['+all']}}\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SPF-ALL-STRICT")
    assert run.code == 0


HOUSE_RULE = '''
from mailproof.cli import main
from mailproof.controls import MUST, Reference, control
from mailproof.observations.mx import MX

@control("HOUSE-MX", MUST, Reference("Our policy"))
def test_mx_is_ours(mx: MX) -> None:
    """Every MX host is ours.

    Why: mail must not leave our network.
    Fix: use our hosts.
    """
    names = [name for _, name in mx.exchanges]
    assert not names, names
'''


def test_house_rules_stand_beside_the_suite(tmp_path: Path) -> None:
    write_inventory(tmp_path, NO_SPF + "rules: [house/test_house.py]\n")
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "test_house.py").write_text(HOUSE_RULE)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "-k", "mx_is_ours or spf_record_is_published")
    assert run.verdicts("prod") == {("HOUSE-MX", "no-spf.example"): "fail", ("SPF-EXISTS", "no-spf.example"): "fail"}
    assert "Our policy" in run.output


HOUSE_THRESHOLD = '''
from mailproof.controls import MUST, control
from mailproof.observations.mx import MX
from mailproof.references import Reference

@control("HOUSE-FEW-MX", MUST, Reference("Our policy"), formerly=("HOUSE-ONE-MX",))
def test_few_mx(mx: MX, *, most: int = 3, names: tuple[str, ...] = ("mx",)) -> None:
    """There are few MX hosts.

    Why: they cost money.
    Fix: remove some.
    """
    assert isinstance(names, tuple)
    assert len(mx.exchanges) <= most, f"more than {most}; {names}"
'''

WATCHER = """
def pytest_runtest_call(item):
    pass
"""
"""A conftest that hooks into the phases of a test: pytest runs the controls itself then."""


@pytest.mark.parametrize("conftest", ["", WATCHER], ids=["our protocol", "the protocol of pytest"])
def test_command_line_profiles_and_parameters_know_house_rules(tmp_path: Path, conftest: str) -> None:
    write_inventory(
        tmp_path,
        NO_SPF + "rules: [house.py]\nprofile: ours.yaml\ncontrols: {HOUSE-ONE-MX: {most: 0, names: [a, b]}}\n",
    )
    (tmp_path / "house.py").write_text(HOUSE_THRESHOLD)
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "ours.yaml").write_text(
        "name: ours\ntitle: Ours\nextends: baseline\ncontrols: {HOUSE-FEW-*: {level: MAY}}\n"
    )
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "house-one-mx")
    assert run.verdicts("prod") == {("HOUSE-FEW-MX", "no-spf.example"): "advice"}, run.output
    assert "more than 0; ('a', 'b')" in run.output
    wrong = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "HOUSE-MANY-MX")
    assert (wrong.code, "did you mean HOUSE-FEW-MX" in wrong.errors) == (4, True), wrong.errors


def test_plan_knows_house_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_inventory(tmp_path, NO_SPF + "rules: [house]\n")
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "test_rules.py").write_text(HOUSE_THRESHOLD)
    assert main(["plan", str(tmp_path / "prod.yaml"), "--control", "HOUSE-FEW-MX"]) == 0
    assert capsys.readouterr().out.startswith("1 verdicts on 1 MailDomain")


def test_a_house_rule_that_asks_for_the_unknown_is_told_what_there_is(tmp_path: Path) -> None:
    write_inventory(tmp_path, NO_SPF + "rules: [test_house.py]\n")
    (tmp_path / "test_house.py").write_text(HOUSE_RULE.replace("mx: MX", "mxx: MX"))
    run = pytest_run(tmp_path, "--inventory", "prod.yaml")
    assert run.code != 0
    assert "HOUSE-MX asks for mxx, which no probe observes; did you mean mx?" in run.output + run.errors
    assert "pluggy" not in run.output.partition("ERRORS")[2]
    assert "survey:" not in run.output


BROKEN_RULES = {
    "no import": ("import no_such_module\n", "test_house.py:1: ModuleNotFoundError: No module named 'no_such_module'"),
    "the end": ("import sys\nsys.exit(3)\n", "test_house.py:2: the file ends the program where it is read"),
    "a method": (
        HOUSE_RULE.replace("@control", "class TestHouse:\n  @control")
        .replace("def test", "  def test", 1)
        .replace("\n    ", "\n      ")
        .replace("(mx: MX)", "(self, mx: MX)"),
        "HOUSE-MX is a method of the class TestHouse; a rule must be a function outside of any class",
    ),
    "a former id": (
        HOUSE_RULE + HOUSE_THRESHOLD.replace("HOUSE-ONE-MX", "HOUSE-MX"),
        "the control id HOUSE-MX is used twice: at ",
    ),
}


@pytest.mark.parametrize("name", BROKEN_RULES)
def test_a_broken_file_of_rules_is_told_before_what_follows_from_it(tmp_path: Path, name: str) -> None:
    text, says = BROKEN_RULES[name]
    (tmp_path / "test_house.py").write_text(text)
    write_inventory(tmp_path, NO_SPF + "rules: [test_house.py]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml")
    assert run.code == 4, run.output
    assert says.removeprefix("test_house.py:1: ") in run.output + run.errors
    assert "INTERNALERROR" not in run.output + run.errors
    write_inventory(tmp_path, NO_SPF + "rules: [test_house.py]\ncontrols: {HOUSE-FEW-MX: {most: 3}}\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "HOUSE-*")
    assert run.code == 4
    assert says in run.errors
    assert "there is no control" not in run.output + run.errors
    command = [sys.executable, "-m", "mailproof.cli", "plan", "prod.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE / "src")}
    plan = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (plan.returncode, says in plan.stderr, plan.stderr.count("\n")) == (4, True, 1), plan.stderr


def test_ctrl_c_during_the_survey_leaves_nothing_behind(tmp_path: Path) -> None:
    """The world of this test has an MX that never greets, so the survey is under way when the signal comes."""
    (tmp_path / "world").mkdir()
    (tmp_path / "silent.py").write_text(SILENT_SERVER)
    server = subprocess.Popen([sys.executable, "silent.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        write_inventory(
            tmp_path,
            "hosts: [{name: mx.silent.example, addresses: [11.9.9.9]}]\n"
            f"connect: {{'11.9.9.9:25': '127.0.0.1:{port}'}}\nlimits: {{greeting: 600}}\n",
            fast=False,
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "mailproof.plugin", "--inventory=prod.yaml", "--control", "SMTP-*"],
            cwd=tmp_path,
            env={**__import__("os").environ, "PYTHONPATH": str(SOURCE / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=heed_ctrl_c,
        )
        assert server.stdout.readline() == "connected\n"
        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=HANGS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # pytest's faulthandler tells where each thread is
            pytest.fail(process.communicate()[0])
        assert process.returncode == 2, output
        assert "decision: FAIL, the gate stays closed: nothing was checked" in output
    finally:
        server.terminate()
        server.communicate()


SILENT_SERVER = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    held = []
    while True:
        held.append(server.accept())
        print("connected", flush=True)
"""


def test_the_json_report_is_the_same_from_run_to_run(surveyed: tuple[Path, Run], tmp_path: Path) -> None:
    directory, _ = surveyed
    (tmp_path / "prod.yaml").write_text((directory / "prod.yaml").read_text())
    documents = []
    for _ in range(2):
        run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--replay", str(directory / "seen.json"))
        document = run.document("prod")
        document.pop("started_at")
        for result in document["results"]:
            result.pop("seconds")
        documents.append(json.dumps(document))
    assert documents[0] == documents[1]
