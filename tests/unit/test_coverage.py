"""The map of the field agrees with the controls, and its page with the map."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mailproof.cli import main
from mailproof.controls import load_catalogue
from mailproof.coverage import NOT_BUILT, Answer, Coverage, Row, load_coverage
from mailproof.reference import coverage_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"


def test_every_control_has_its_row_and_every_row_an_answer() -> None:
    assert list(load_coverage().problems(load_catalogue())) == []


def test_the_page_is_that_of_the_map() -> None:
    assert PAGE.read_text(encoding="utf-8") == coverage_page(), "run `make docs`"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (
            Row("SPF-EXISTS", "SPF", "D", "x", why=NOT_BUILT),
            "SPF-EXISTS: one of a control with this id, `by` and `why`",
        ),
        (Row("SPF-NEW", "SPF", "D", "x"), "SPF-NEW: one of a control with this id, `by` and `why` is wanted, not 0"),
        (Row("SPF-NEW", "SPF", "D", "x", by=("SPF-GONE",)), "SPF-NEW: there is no control SPF-GONE"),
        (Row("SPF-NEW", "SPX", "D", "x", why="y"), "SPF-NEW: there is no family SPX"),
        (Row("SPF-NEW", "SPF", "D", "x", peers="I ?:x", why="y"), "SPF-NEW: there is no peer ?:x"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(row: Row, problem: str) -> None:
    coverage, catalogue = load_coverage(), load_catalogue()
    others = tuple(entry for entry in coverage.rows if entry.id != row.id)
    (found,) = Coverage((*others, row), coverage.families, coverage.peers).problems(catalogue)
    assert found.startswith(problem)


def test_a_control_without_a_row_is_named() -> None:
    coverage, catalogue = load_coverage(), load_catalogue()
    rows = tuple(row for row in coverage.rows if row.id != "MX-EXISTS" and "MX-EXISTS" not in row.by)
    assert list(replace(coverage, rows=rows).problems(catalogue)) == ["the control MX-EXISTS has no row"]


def test_the_counts_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["controls", "--coverage"]) == 0
    (total,) = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("all ")]
    rows, *answers = map(int, total[1:])
    coverage, catalogue = load_coverage(), load_catalogue()
    assert rows == sum(answers) == len(coverage.rows)
    assert answers[0] == len(catalogue.controls)
    given = {row.answer(catalogue) for row in coverage.rows}
    assert given >= set(Answer) - {Answer.UNBUILT}  # there may be no open row


def test_the_page_of_practice_names_what_there_is() -> None:
    """Each control that docs/practice.md names is one, or a row of the map; what it calls missing is."""
    page = PAGE.with_name("practice.md").read_text(encoding="utf-8")
    rows = {row.id: row for row in load_coverage().rows}
    controls = set(load_catalogue().controls)
    named = set(re.findall(r"\b[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)+\b", page))
    assert named <= controls | set(rows)
    missing = {
        id for line in re.findall(r"[^|;:]*(?:not there yet|a reason why not)", page) for id in named if id in line
    }
    assert missing == {id for id in named if id not in controls and not rows[id].by}
