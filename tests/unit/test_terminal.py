"""The terminal summary: order, grouping, width, verbosity."""

from __future__ import annotations

import pytest

from mailproof.gate.result import Result, RunResult, from_plain
from mailproof.report.terminal import write_findings
from tests.unit.fleet import document


class Lines:
    """A terminal that keeps what is written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_sep(self, sep: str, title: str | None = None, fullwidth: int | None = None, **markup: bool) -> None:
        self.lines.append(f"{sep * 3} {title}")

    def write_line(self, line: str | bytes, **markup: bool) -> None:
        assert isinstance(line, str)
        self.lines.append(line)


def run_of(results: list[Result]) -> RunResult:
    return RunResult("fleet", "0", "2026-11-20", "2026-11-20", replayed=False, results=results)


def written(results: list[Result], width: int = 100, verbosity: int = 0) -> list[str]:
    terminal = Lines()
    write_findings(terminal, run_of(results), width, verbosity)
    return terminal.lines


@pytest.fixture(scope="module")
def fleet() -> list[Result]:
    return [from_plain(plain) for plain in document(500)["results"]]


def test_a_fleet_is_told_by_its_findings(fleet: list[Result]) -> None:
    lines = written(fleet)
    assert sum(line.startswith(("FAIL", "ADVICE", "INCONCLUSIVE")) for line in lines) <= 101
    assert "INCONCLUSIVE  6 targets" in lines
    targets = next(line for line in lines if line.startswith("  on "))
    assert "mx" in targets
    assert any(" more" in line for line in lines)


def test_failures_come_before_advice(fleet: list[Result]) -> None:
    kinds = [line.split()[0] for line in written(fleet) if line.startswith(("FAIL", "ADVICE"))]
    assert kinds == sorted(kinds, reverse=True)
    assert set(kinds) == {"FAIL", "ADVICE"}


def test_two_targets_stand_for_themselves_and_the_failing_one_first(fleet: list[Result]) -> None:
    fail = next(r for r in fleet if r.verdict == "fail" and r.target > "mx1")
    advice = next(r for r in fleet if r.verdict == "advice" and r.target < "mx1")
    lines = written([advice, fail])
    assert lines.index(f"--- {fail.target}") < lines.index(f"--- {advice.target}")


def test_the_width_is_respected(fleet: list[Result]) -> None:
    for width in (60, 120):
        assert max(len(line) for line in written(fleet, width)) <= width


def test_quiet_is_silent_and_verbose_tells_everything(fleet: list[Result]) -> None:
    assert written(fleet, verbosity=-1) == []
    amiss = [r for r in fleet if r.verdict in ("fail", "advice")]
    lines = written(fleet, verbosity=1)
    assert sum(line.startswith(("FAIL", "ADVICE")) for line in lines) == len(amiss)
    proof = amiss[0].evidence[-1]
    assert any(line.endswith(proof) for line in lines)
