"""The benchmarks do not rot: one domain, mailproof alone, and the page that is made of the figures."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import cost, namespace, peers, performance, verdicts
from benchmarks.differences import EXPLANATIONS
from benchmarks.opinions import ASPECTS, PEERS, Aspect, Opinions, Said, ask
from benchmarks.world import SimulatedWorld
from tests.real.lab import plan

LINE = {
    "domain": "spf-two",
    "aspect": "SPF",
    "fault": "two SPF records",
    "cause": "@ TXT",
    "said": {"mailproof": "finding", "trustymail": "nothing", "checkdmarc": "finding"},
    "words": {},
}


@pytest.mark.skipif(bool(namespace.why_not()), reason=namespace.why_not() or "never")
def test_one_domain_is_measured_in_the_simulated_world() -> None:
    delay = 0.01
    with SimulatedWorld(1) as world:
        measured = cost.row(world, cost.own_tools()[0], delay)
        report = json.loads((world.directory / "reports" / "some.json").read_text(encoding="utf-8"))
    assert {result["verdict"] for result in report["results"]} <= {"pass", "advice", "not applicable"}
    assert 10 < measured.questions < 150
    assert measured.connections == 1
    assert measured.wall > 0
    assert measured.cpu > 0
    assert 10 < measured.memory < 1000
    assert (measured.domains, measured.sample) == (1, 1)


def test_the_names_of_the_verdict_table_are_those_of_the_laboratory() -> None:
    known = {domain.label for domain in plan.DOMAINS}
    assert {name for names in verdicts.FAULTS.values() for name in names} <= known
    assert set(verdicts.RIGHT) <= known
    assert verdicts.CONTROLS.keys() == verdicts.FAULTS.keys() == set(Aspect)
    assert ASPECTS.keys() == PEERS.keys()


def test_every_explanation_is_about_a_line_of_the_table() -> None:
    asked = {(name, aspect) for aspect, names in verdicts.FAULTS.items() for name in (*verdicts.RIGHT, *names)}
    for entry in EXPLANATIONS:
        assert (entry.domain, Aspect(entry.aspect)) in asked, entry
        assert all(Aspect(entry.aspect) in ASPECTS[peer] for peer in entry.peers), entry
        assert entry.why


def test_a_difference_without_an_explanation_is_unexplained() -> None:
    said = {"mailproof": Said.NOTHING, "trustymail": Said.FINDING, "sslyze": Said.NOT_LOOKED_AT}
    line = verdicts.Line("right", Aspect.SPF, "", "", {tool: said[tool] for tool in said}, {})
    (difference,) = verdicts.differences([line])
    assert (difference.peer, difference.right) == ("trustymail", "unexplained")


def test_the_page_is_made_of_the_figures(tmp_path: Path) -> None:
    row = cost.Row("mailproof, checkdmarc's rules", 100, 0.02, 5.0, 4.0, 1800, 100, 140.0, 100)
    rows = [vars(row), {**vars(row), "tool": "checkdmarc 6.0.4", "wall": 90.0, "sample": 10}]
    table = {"peers": {"trustymail": "1.2.1"}, "lines": [LINE], "differences": []}
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{performance.BEGIN}\nold\n{performance.END}\nafter\n", encoding="utf-8")
    found = {"rows of few": rows, "many": {"failed": "too slow"}}
    performance.write(performance.figures(found, table, datetime(2026, 1, 2, tzinfo=UTC)), page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "18.0 times faster than checkdmarc 6.0.4 | **no** |" in text
    assert "about 90.0 s" in text
    assert "`many` could not be measured: too slow" in text
    assert "| SPF | spf-two | two SPF records | finding | - |" in text


@pytest.mark.parametrize(
    ("said", "cell"),
    [({"trustymail": Said.NO_ANSWER}, "no answer"), ({}, "not asked"), ({"trustymail": Said.NOT_LOOKED_AT}, "")],
)
def test_an_opinion_that_is_missing_is_a_cell_that_says_so(said: dict[str, str], cell: str) -> None:
    line = {**LINE, "said": {"mailproof": "finding", **said}}
    table = {"peers": {"trustymail": "1.2.1"}, "lines": [line], "differences": []}
    text = performance.figures({}, table, datetime(2026, 1, 2, tzinfo=UTC))
    assert f"| SPF | spf-two | two SPF records | finding | {cell} |" in text


def test_a_peer_that_breaks_or_is_too_slow_has_no_answer_and_differs_from_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> Opinions:
        raise subprocess.TimeoutExpired("trustymail", 120)

    monkeypatch.setattr(peers, "find", lambda name: peers.Peer(name, "trustymail", "1.2.1", ""))
    monkeypatch.setitem(PEERS, "trustymail", slow)
    given = ask(None, "trustymail", ["right"], tmp_path)  # type: ignore[arg-type]
    assert {said for said, _ in given.values()} == {Said.NO_ANSWER}
    line = verdicts.Line("right", Aspect.SPF, "", "", {"mailproof": Said.NOTHING, "trustymail": Said.NO_ANSWER})
    assert verdicts.differences([line]) == []
