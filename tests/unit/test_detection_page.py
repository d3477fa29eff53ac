"""Every control of the catalogue has been seen to pass and to find its fault: docs/detection.md says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailproof.controls import load_catalogue

PAGE = Path(__file__).resolve().parents[2] / "docs" / "detection.md"
CONTROLS = sorted(control.id for control in load_catalogue())


def _rows() -> list[dict[str, str]]:
    """The rows of the tables that have a column "control", by the names of their columns."""
    rows: list[dict[str, str]] = []
    columns: list[str] | None = None
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("| "):
            columns = None
            continue
        cells = line.removeprefix("| ").removesuffix(" |").split(" | ")
        if columns is None:
            columns = cells
        elif "control" in columns and not cells[0].startswith("---"):
            rows.append(dict(zip(columns, cells, strict=True)))
    return rows


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_has_a_row_that_passes_and_one_that_finds(control: str) -> None:
    seen = {(row["expected"], row["found"]) for row in _rows() if row["control"] == control}
    assert ("pass", "pass") in seen, "make detection, with a server in tests/real that the control has to pass"
    assert seen & {("fail", "fail"), ("advice", "advice")}, "make detection, with a server that has the control's fault"


def test_no_row_is_of_an_unknown_control_or_says_otherwise_than_expected() -> None:
    rows = _rows()
    assert {row["control"] for row in rows} == set(CONTROLS)
    assert [row for row in rows if row["expected"] != row["found"]] == []


def test_there_are_no_false_alarms() -> None:
    assert "**False alarms: 0 in " in PAGE.read_text(encoding="utf-8")
