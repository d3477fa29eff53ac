"""No environment, option or file opens the gate where nothing was judged, and terminal, JSON and exit code agree."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.offline.user import Run, pytest_run, write_inventory

pytestmark = pytest.mark.long

RIGHT = "domains: [right.example]\n"
WRONG = "domains: [no-spf.example]\n"
SPF = ("--control", "SPF-EXISTS")
BLIND = ("--control", "SMTP-GREET-220", "--target", "mx.unreachable.*")

RULE = '''
from mailproof.controls import MUST, Reference, control, not_applicable
from mailproof.observations.spf import SPF
{before}
@control("HOUSE-SPF", MUST, Reference("Our policy"))
def test_house(spf: SPF) -> None:
    """Every domain has SPF.

    Why: it is our policy.
    Fix: publish it.
    """
    {body}
{after}
'''


def rule(body: str = "assert spf.record", before: str = "", after: str = "") -> dict[str, str]:
    return {"house.py": RULE.format(body=body, before=before, after=after)}


HOUSE = "rules: [house.py]\n"


@dataclass(frozen=True)
class Attempt:
    """A way to run, and the exit code that it must end with."""

    code: int
    arguments: tuple[str, ...] = ()
    inventory: str = RIGHT
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    says: str = ""
    prepare: Callable[[Path], None] | None = None


EMPTY = '{"format": "mailproof-result", "version": 1, "inventory": "prod", "complete": true, "started_at": "x", '

ATTEMPTS = {
    "right": Attempt(0, SPF),
    "wrong": Attempt(1, SPF, WRONG),
    "plain asserts": Attempt(1, (*SPF, "--assert=plain"), WRONG),
    "assertion plugin off": Attempt(1, (*SPF, "-p", "no:assertion"), WRONG),
    "python -O": Attempt(4, SPF, WRONG, {"PYTHONOPTIMIZE": "1"}, says="PYTHONOPTIMIZE"),
    "python -OO": Attempt(4, SPF, WRONG, {"PYTHONOPTIMIZE": "2"}),
    "python -O, plain asserts": Attempt(4, (*SPF, "--assert=plain"), WRONG, {"PYTHONOPTIMIZE": "1"}),
    "python -O, assertion plugin off": Attempt(4, (*SPF, "-p", "no:assertion"), WRONG, {"PYTHONOPTIMIZE": "1"}),
    "terminal off": Attempt(1, (*SPF, "-p", "no:terminalreporter", "-p", "no:faulthandler"), WRONG),
    "xdist": Attempt(1, (*SPF, "-n", "2"), WRONG),
    "xdist, each": Attempt(1, (*SPF, "-n", "2", "--dist=each"), WRONG),
    "random order of names": Attempt(1, SPF, WRONG, {"PYTHONHASHSEED": "7"}),
    "quiet": Attempt(1, (*SPF, "-qq"), WRONG),
    "exit first": Attempt(1, ("--control", "SPF-*", "--control", "DMARC-*", "-x"), WRONG),
    "nothing selected": Attempt(5, ("-k", "no_such_thing")),
    "nothing applies": Attempt(5, ("--control", "MX-NULL-*")),
    "no such target": Attempt(5, (*SPF, "--target", "nobody.example")),
    "everything deselected": Attempt(5, (*SPF, "-m", "no_such_mark"), says="nothing was checked"),
    "by id": Attempt(1, ("-k", "SPF-EXISTS"), WRONG),
    "by level": Attempt(1, (*SPF, "-m", "must"), WRONG),
    "by another level": Attempt(5, (*SPF, "-m", "may"), WRONG),
    "by level, strict": Attempt(1, (*SPF, "-m", "not may", "--strict-markers"), WRONG),
    "no functions by the user's settings": Attempt(
        1, SPF, WRONG, files={"pytest.ini": "[pytest]\npython_functions = x\n"}
    ),
    "no files by the user's settings": Attempt(
        1, SPF, WRONG, files={"pytest.ini": "[pytest]\npython_files = *_t.py\n"}
    ),
    "part of the suite hidden": Attempt(
        4,
        (),
        RIGHT,
        files={
            "hide.py": "def pytest_ignore_collect(collection_path):\n    return 'spf' in collection_path.name or None\n"
        },
        environment={"PYTEST_PLUGINS": "hide", "PYTHONPATH": "."},
        says="were not collected",
    ),
    "two inventories": Attempt(4, ("--inventory", "other.yaml"), files={"other.yaml": WRONG}, says="include:"),
    "zone that touches nothing": Attempt(
        4,
        ("--zone", "no-sfp.example=z"),
        WRONG,
        files={"z": "@ 1 SOA a b 1 1 1 1 1\n@ 1 NS a\n"},
        says="no-spf.example",
    ),
    "host that is not there": Attempt(
        4, ("--connect", "mx1.rihgt.example:25=127.0.0.1:9"), says="did you mean mx1.right.example:25"
    ),
    "wrong port": Attempt(4, ("--connect", "mx1.right.example:2525=127.0.0.1:9"), says="mx1.right.example:25"),
    "a proposal that is not looked at": Attempt(1, (*SPF, "--connect", "mx1.right.example:25=127.0.0.1:9")),
    "a proposal for a record": Attempt(4, ("--replay", "r.json", "--connect", "mx1.right.example:25=127.0.0.1:9")),
    "live and proposal unreachable": Attempt(
        5,
        (*BLIND, "--compare-live", "--connect", "mx.unreachable.example:25=127.0.0.1:9"),
        "domains: [unreachable.example]\n",
    ),
    "missing record": Attempt(4, ("--replay", "missing.json"), says="there is no such file"),
    "missing baseline": Attempt(4, ("--baseline", "missing.json")),
    "empty baseline": Attempt(
        4, ("--baseline", "b.json"), files={"b.json": EMPTY + '"results": []}'}, says="judged nothing"
    ),
    "stopped baseline": Attempt(
        4, ("--baseline", "b.json"), files={"b.json": EMPTY.replace("true", "false") + '"results": []}'}, says="stopped"
    ),
    "its own baseline": Attempt(4, ("--baseline", "reports/prod.json"), says="no such file"),
    "a profile that judges nothing of it": Attempt(
        5, SPF, files={"p.yaml": "name: p\ntitle: P\nextends: rfc\ncontrols: {SPF-EXISTS: {off: not us}}\n"}
    ),
    "inconclusive": Attempt(1, BLIND, "domains: [unreachable.example]\n"),
    "inconclusive, tolerated": Attempt(5, (*BLIND, "--inconclusive", "warn"), "domains: [unreachable.example]\n"),
    "unwritable record": Attempt(4, ("--record", "prod.yaml/r.json"), says="--record"),
    "report directory that is a file": Attempt(4, ("--report-dir", "prod.yaml"), says="--report-dir"),
    "SARIF over our report": Attempt(4, ("--sarif", "reports/prod.json"), says="name another file"),
    "a house rule": Attempt(0, ("-k", "HOUSE-SPF"), RIGHT + HOUSE, files=rule()),
    "a house rule that fails": Attempt(1, ("-k", "HOUSE-SPF"), WRONG + HOUSE, files=rule()),
    "a house rule that skips itself": Attempt(
        1, ("-k", "HOUSE-SPF"), WRONG + HOUSE, files=rule("import pytest; pytest.skip('later')"), says="skipped itself"
    ),
    "a house rule that is marked": Attempt(
        1, ("-k", "HOUSE-SPF"), WRONG + HOUSE, files=rule(before="import pytest\n@pytest.mark.skip(reason='x')")
    ),
    "a house rule that leaves": Attempt(
        1, ("-k", "HOUSE-SPF"), WRONG + HOUSE, files=rule("import pytest; pytest.exit('bye', returncode=0)")
    ),
    "a house rule that breaks": Attempt(1, ("-k", "HOUSE-SPF"), WRONG + HOUSE, files=rule("1 / 0"), says="broke"),
    "two house rules of one id": Attempt(
        4,
        (),
        RIGHT + HOUSE,
        files=rule(after=RULE.format(before="", body="pass", after="").replace("test_house", "test_other")),
        says="the control id HOUSE-SPF is used twice",
    ),
    "a house rule with an id of the suite": Attempt(
        4, (), RIGHT + HOUSE, files={"house.py": rule()["house.py"].replace("HOUSE-SPF", "SPF-EXISTS")}, says="twice"
    ),
    "a rule file that does not import": Attempt(4, (), RIGHT + HOUSE, files={"house.py": "import no_such_module\n"}),
    "a rule file with a fault of syntax": Attempt(
        4, (), RIGHT + HOUSE, files={"house.py": "def x(:\n"}, says="house.py"
    ),
    "going on over a broken rule file": Attempt(
        1, (*SPF, "--continue-on-collection-errors"), RIGHT + HOUSE, files={"house.py": "import no_such_module\n"}
    ),
    "a test that is no control fails": Attempt(
        1, ("-k", "SPF-EXISTS or other"), RIGHT + HOUSE, files={"house.py": "def test_other():\n    assert False\n"}
    ),
    "a test that is no control errs": Attempt(
        1, ("-k", "SPF-EXISTS or other"), RIGHT + HOUSE, files={"house.py": "def test_other(nothing):\n    pass\n"}
    ),
    "a house rule that returns what it should assert": Attempt(
        1, ("-k", "HOUSE-SPF"), WRONG + HOUSE, files=rule("return bool(spf.record)"), says="broke"
    ),
    "a conftest that says all is well": Attempt(
        1,
        SPF,
        WRONG,
        files={"conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"},
    ),
    "a helper's asserts": Attempt(
        1,
        ("-k", "HOUSE-SPF"),
        WRONG + HOUSE,
        files={
            "helper.py": "def check(x):\n    assert x\n",
            **rule("check(spf.record)", before="from helper import check"),
        },
    ),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_gate_stays_closed_and_everything_says_so(tmp_path: Path, name: str) -> None:
    attempt = ATTEMPTS[name]
    write_inventory(tmp_path, attempt.inventory)
    for file, text in attempt.files.items():
        (tmp_path / file).write_text(text)
    profile = ("--profile", "p.yaml") if "p.yaml" in attempt.files else ()
    run = pytest_run(
        tmp_path, "--inventory", "prod.yaml", *attempt.arguments, *profile, environment=attempt.environment
    )
    assert run.code == attempt.code, run.output[-3000:] + run.errors[-3000:]
    assert_agreement(run)
    assert attempt.says in run.output + run.errors
    assert "INTERNALERROR" not in run.output + run.errors


def assert_agreement(run: Run) -> None:
    """Terminal and JSON say what the exit code says; a run that was refused says nothing."""
    decisions = [line for line in run.output.splitlines() if line.startswith("decision: ")]
    file = run.reports / "prod.json"
    if run.code == 4:
        assert not decisions
        assert not file.exists()
        return
    assert all(line.startswith("decision: PASS") == (run.code == 0) for line in decisions)
    assert len(decisions) <= 1
    if not file.exists():
        assert "nothing was judged: no report was written" in run.output
        assert run.code != 0
        return
    assert run.document("prod")["decision"]["open"] == (run.code == 0)


def test_a_blind_baseline_excuses_nothing(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [unreachable.example]\n")
    blind = ("--inventory", "prod.yaml", *BLIND)
    assert pytest_run(tmp_path, *blind).code == 1
    shutil.copy(tmp_path / "reports" / "prod.json", tmp_path / "blind.json")
    run = pytest_run(tmp_path, *blind, "--baseline", "blind.json")
    assert run.code == 5
    assert "nothing could be observed" in run.output
    assert_agreement(run)


def test_a_run_does_not_write_over_its_own_baseline(directory: Path) -> None:
    for baseline in ("reports/prod.json", str(directory / "reports" / ".." / "reports" / "prod.json")):
        run = pytest_run(directory, "--inventory", "prod.yaml", "--baseline", baseline)
        assert run.code == 4
        assert "its own baseline" in run.errors


def test_what_a_part_of_the_suite_said_is_no_baseline_for_another(tmp_path: Path) -> None:
    write_inventory(tmp_path, WRONG)
    assert pytest_run(tmp_path, "--inventory", "prod.yaml", *SPF).code == 1
    shutil.copy(tmp_path / "reports" / "prod.json", tmp_path / "part.json")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "DMARC-*", "--baseline", "part.json")
    assert run.code == 4
    assert "judged only a part of the suite (--control SPF-EXISTS)" in run.errors
    same = pytest_run(tmp_path, "--inventory", "prod.yaml", *SPF, "--baseline", "part.json")
    assert same.code == 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the whole suite has judged a domain, with the record of it."""
    directory = tmp_path_factory.mktemp("whole")
    write_inventory(directory, WRONG)
    assert pytest_run(directory, "--inventory", "prod.yaml", "--record", "seen.json").code == 1
    return directory


@pytest.fixture
def directory(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_part_does_not_take_the_place_of_the_whole(directory: Path) -> None:
    before = (directory / "reports" / "prod.json").read_text()
    assert json.loads(before)["selection"]["partial"] is False
    run = pytest_run(directory, "--inventory", "prod.yaml", *SPF)
    assert (directory / "reports" / "prod.json").read_text() == before
    part = json.loads((directory / "reports" / "prod.partial.json").read_text())
    assert part["selection"] == {
        "partial": True,
        "by": ["--control SPF-EXISTS"],
        "judged": 1,
        "of": part["selection"]["of"],
    }
    assert part["selection"]["of"] == len(json.loads(before)["results"])
    assert "only a part of the suite: --control SPF-EXISTS" in run.output


@pytest.mark.parametrize(
    "arguments",
    [("--replay", "missing.json"), ("--record", "prod.yaml/x"), ("--waivers", "w.yaml"), ("--control", "X")],
)
def test_a_run_that_judged_nothing_leaves_the_last_report(directory: Path, arguments: tuple[str, ...]) -> None:
    (directory / "w.yaml").write_text(
        "waivers: [{control: SPF-EXISTS, target: nowhere.example, reason: x, expires: 2999-01-01}]\n"
    )
    before = (directory / "reports" / "prod.json").read_text()
    run = pytest_run(directory, "--inventory", "prod.yaml", *arguments)
    assert run.code == 4
    assert (directory / "reports" / "prod.json").read_text() == before
    assert "decision:" not in run.output
    assert "judged from a record" not in run.output


def test_a_record_belongs_to_its_inventory(directory: Path) -> None:
    write_inventory(directory, "domains: [no-spf.example, right.example]\n", "more.yaml")
    write_inventory(directory, RIGHT, "other.yaml")
    more = pytest_run(directory, "--inventory", "more.yaml", "--replay", "seen.json")
    assert more.code == 4
    assert "not in it: domain right.example" in more.errors
    other = pytest_run(directory, "--inventory", "other.yaml", "--replay", "seen.json")
    assert other.code == 4
    assert "only in it: domain no-spf.example" in other.errors


def test_what_is_seen_of_one_target_is_not_taken_for_another(directory: Path) -> None:
    write_inventory(directory, "domains: [no-spf.example, right.example]\n", "two.yaml")
    assert pytest_run(directory, "--inventory", "two.yaml", *SPF, "--record", "two.json").code == 1
    record = json.loads((directory / "two.json").read_text())
    seen = {item["target"]: item for item in record["outcomes"] if item["probe"] == "spf"}
    one, other = seen["no-spf.example"], seen["right.example"]
    one["target"], other["target"] = other["target"], one["target"]
    (directory / "two.json").write_text(json.dumps(record))
    run = pytest_run(directory, "--inventory", "two.yaml", *SPF, "--replay", "two.json")
    assert run.code == 4
    assert "belongs to another target" in run.errors


INTERRUPTS = {
    "while a rule file is read": "import os, signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "os.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n",
    "while a rule is parametrised": rule()["house.py"]
    + "\n\ndef pytest_generate_tests(metafunc):\n    import os, signal, time\n"
    "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(60)\n",
}


@pytest.mark.parametrize("when", INTERRUPTS)
def test_ctrl_c_during_collection_is_one_line(directory: Path, when: str) -> None:
    (directory / "house.py").write_text(INTERRUPTS[when])
    write_inventory(directory, WRONG + HOUSE)
    before = (directory / "reports" / "prod.json").read_text()
    run = pytest_run(directory, "--inventory", "prod.yaml")
    assert run.code == 2, run.output
    assert "INTERNALERROR" not in run.output + run.errors
    assert len(run.output.splitlines()) < 40
    assert (directory / "reports" / "prod.json").read_text() == before
    said = "interrupted while" if when == "while a rule file is read" else "the run was stopped before its end"
    assert said in run.output + run.errors


ZONE = """$TTL 3600
@ SOA ns1.right.example. hostmaster.right.example. 2026112300 14400 3600 1209600 3600
@ NS ns1.right.example.
@ NS ns2.right.example.
@ MX 10 mx1.right.example.
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@right.example"
mx1 A 11.3.25.1
"""


def test_what_a_proposal_loses_closes_the_gate_unless_it_is_meant(tmp_path: Path) -> None:
    write_inventory(tmp_path, RIGHT)
    (tmp_path / "new.zone").write_text(ZONE)
    proposal = ("--inventory=prod.yaml", "--zone=right.example=new.zone", "--compare-live", "--control=STS-*")
    run = pytest_run(tmp_path, *proposal, "--control=TLSRPT-*")
    assert run.code == 1
    lost = {(pair["control"], pair["target"]) for pair in run.document("prod")["lost"]}
    assert ("TLSRPT-TXT", "right.example") in lost
    assert "lost by the proposal" in run.output
    assert "LOST  right.example  STS-TXT, TLSRPT-TXT  pass -> gone" in run.output
    assert_agreement(run)
    meant = pytest_run(tmp_path, *proposal, "--control=TLSRPT-*", "--accept-lost=STS-*", "--accept-lost=TLSRPT-*")
    assert meant.code == 0, meant.output
    assert meant.document("prod")["lost"] == []
