"""The controls of the suite are run by a protocol of our own; pytest and its plugins must not notice the difference."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.offline.user import SOURCE, Run, pytest_run, write_inventory

INVENTORY = "domains: [right.example, no-spf.example, plus-all.example]\n"
SELECTED = ("--inventory=prod.yaml", "--control=SPF-*", "--control=MX-[!N]*")

PHASES = """
def pytest_runtest_call(item):
    with open("phases.txt", "a") as file:
        file.write(f"{item.name}\\n")
"""

AUTOUSE = """
import pytest

@pytest.fixture(autouse=True)
def around():
    with open("phases.txt", "a") as file:
        file.write("set-up\\n")
    yield
"""

SKIPPED = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        if "spf_record_is_published" in item.name:
            item.add_marker(pytest.mark.skip(reason="not today"))
"""

REPORTS = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when != "teardown":
        with open("outcomes.txt", "a") as file:
            file.write(f"{item.nodeid.split('::')[-1]} {report.when} {report.outcome}\\n")
    return report
"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run in which nobody watches."""
    directory = tmp_path_factory.mktemp("plain")
    write_inventory(directory, INVENTORY)
    return pytest_run(directory, *SELECTED, "--junitxml=junit.xml", "--html=log.html", "--durations=3")


def run_with(directory: Path, plugin: str) -> Run:
    write_inventory(directory, INVENTORY)
    (directory / "watcher.py").write_text(plugin)
    return pytest_run(
        directory, *SELECTED, "-p", "watcher", environment={"PYTHONPATH": f"{SOURCE / 'src'}:{directory}"}
    )


@pytest.mark.parametrize("plugin", [PHASES, AUTOUSE], ids=["phases", "autouse"])
def test_who_watches_the_phases_sees_them_and_the_verdicts_stay(plain: Run, tmp_path: Path, plugin: str) -> None:
    watched = run_with(tmp_path, plugin)
    assert watched.verdicts("prod") == plain.verdicts("prod")
    assert watched.code == plain.code == 1
    assert len((tmp_path / "phases.txt").read_text().splitlines()) == len(plain.verdicts("prod"))


def test_a_control_that_somebody_skips_has_judged_nothing(plain: Run, tmp_path: Path) -> None:
    verdicts = run_with(tmp_path, SKIPPED).verdicts("prod")
    assert {target for (control, target), verdict in verdicts.items() if control == "SPF-EXISTS"} == {
        "right.example",
        "no-spf.example",
        "plus-all.example",
    }
    assert {verdict for (control, _), verdict in verdicts.items() if control == "SPF-EXISTS"} == {"inconclusive"}
    rest = {key: verdict for key, verdict in plain.verdicts("prod").items() if key[0] != "SPF-EXISTS"}
    assert {key: verdict for key, verdict in verdicts.items() if key[0] != "SPF-EXISTS"} == rest


def test_hooks_on_reports_see_the_outcome(tmp_path: Path) -> None:
    run_with(tmp_path, REPORTS)
    outcomes = (tmp_path / "outcomes.txt").read_text().splitlines()
    assert "test_spf_record_is_published_once[right.example] call passed" in outcomes
    assert "test_spf_record_is_published_once[no-spf.example] call failed" in outcomes
    assert "test_spf_ends_strictly[no-spf.example] call skipped" in outcomes


def test_maxfail_stops(tmp_path: Path) -> None:
    write_inventory(tmp_path, INVENTORY)
    run = pytest_run(tmp_path, *SELECTED, "--maxfail=1")
    verdicts = list(run.verdicts("prod").values())
    assert verdicts.count("fail") == 1
    assert "the run was stopped before its end" in run.output


def test_reports_of_other_plugins_hold_every_control(plain: Run) -> None:
    directory = plain.reports.parent
    cases = ElementTree.parse(directory / "junit.xml").getroot().findall(".//testcase")
    assert len(cases) == len(plain.verdicts("prod"))
    failed = [case for case in cases if case.find("failure") is not None]
    assert {case.get("name") for case in failed} == {
        "test_spf_record_is_published_once[no-spf.example]",
        "test_spf_ends_strictly[plus-all.example]",
    }
    assert all(case.find("properties") is not None for case in cases)
    log = (directory / "log.html").read_text(encoding="utf-8")
    assert "plus-all.example" in log
    assert "Traceback" not in plain.output + plain.errors


def test_failed_first_and_last_failed_know_the_findings(tmp_path: Path) -> None:
    write_inventory(tmp_path, INVENTORY)
    cache = ("-p", "cacheprovider", "-o", f"cache_dir={tmp_path / 'cache'}")
    assert pytest_run(tmp_path, *SELECTED, *cache).code == 1
    again = pytest_run(tmp_path, *SELECTED, *cache, "--lf")
    assert set(again.verdicts("prod").values()) == {"fail"}
