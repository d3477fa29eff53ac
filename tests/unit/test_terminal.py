"""The terminal summary: order, grouping, width, verbosity."""

from __future__ import annotations

from typing import Any

import pytest

from mailproof.controls import Harm
from mailproof.gate.document import Result
from mailproof.gate.result import RunResult
from mailproof.places import Place
from mailproof.report.terminal import write_findings
from tests.unit.documents import result
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
    return RunResult(
        inventory="fleet", mailproof="0", started_at="2026-11-20", surveyed_at="2026-11-20", results=results
    )


def written(results: list[Result], width: int = 100, verbosity: int = 0) -> list[str]:
    terminal = Lines()
    write_findings(terminal, run_of(results), width, verbosity)
    return terminal.lines


@pytest.fixture(scope="module")
def fleet() -> list[Result]:
    return document(500).results


def test_a_fleet_is_told_by_its_findings(fleet: list[Result]) -> None:
    lines = written(fleet)
    assert sum(line.startswith(("FAIL", "ADVICE", "INCONCLUSIVE")) for line in lines) <= 101
    assert any(line.startswith("INCONCLUSIVE") and "more" in line for line in lines)
    targets = next(line for line in lines if line.startswith("  on "))
    assert "mx" in targets
    assert any(" more" in line for line in lines)


def finding(target: str, verdict: str = "fail", **changes: Any) -> Result:
    return result(verdict, target=target, host=target.partition("[")[0], domains=(), **changes)


def test_the_two_addresses_of_a_host_are_one_finding() -> None:
    both = [finding(f"mx.example[{address}]:25", message="it is open") for address in ("192.0.2.1", "2001:db8::1")]
    lines = written(both)
    assert sum(line.startswith("FAIL") for line in lines) == 1
    assert "--- mx.example" in lines
    assert "  on      mx.example[192.0.2.1]:25, mx.example[2001:db8::1]:25" in lines


def test_a_joined_finding_shows_what_each_target_said_where_it_differs() -> None:
    ends = [finding(f"mx{n}.example[192.0.2.{n}]:25", message=f"it ends in {n} days") for n in (3, 9)]
    assert any("mx9.example[192.0.2.9]:25: it ends in 9 days" in line for line in written(ends))
    same = [finding(f"mx{n}.example[192.0.2.{n}]:25", message=f"mx{n}.example is open") for n in (3, 9)]
    assert not any(": mx9.example is open" in line for line in written(same))


def test_what_hurts_most_is_named_first() -> None:
    found = [
        finding("a.example", control="SPF-EXISTS", level="SHOULD", harm=str(Harm.REFUSED)),
        finding("b.example", control="RELAY-MATRIX", level="MUST", harm=str(Harm.ABUSED)),
        finding("c.example", control="MX-RESOLVES", level="MUST", harm=str(Harm.LOST)),
    ]
    lines = written(found)
    first = lines[1 : lines.index("")]
    assert first == [
        f"{Harm.LOST}:",
        "  MX-RESOLVES (MUST) c.example",
        f"{Harm.ABUSED}:",
        "  RELAY-MATRIX (MUST) b.example",
        f"{Harm.REFUSED}:",
        "  SPF-EXISTS (SHOULD) a.example",
    ]
    assert [line[4:] for line in lines if line.startswith("--- ")][1:] == ["c.example", "b.example", "a.example"]


def test_the_line_that_decides_is_never_cut() -> None:
    reply = "550 5.1.1 " + "no such user here " * 9 + "(decisive end)"
    evidence = (*("S: 250-EXTENSION" for _ in range(40)), f"S: {reply}", "C: RSET", "S: 250 ok")
    lines = written(
        [
            finding(
                "mx.example", message=f"postmaster is refused: {reply}", observed=f"refused: {reply}", evidence=evidence
            )
        ],
        80,
    )
    shown = " ".join(line.partition("| ")[2].strip() for line in lines if "| " in line)
    assert "(decisive end)" in shown
    assert max(map(len, lines)) <= 80


def test_what_rests_on_a_fault_is_counted_with_it() -> None:
    owner = finding("mx.example[192.0.2.1]:25", control="MX-PORT25-OPEN")
    left = [
        finding(
            "mx.example[192.0.2.1]:25",
            verdict="not applicable",
            control=control,
            left_to="MX-PORT25-OPEN",
            left_to_target=owner.target,
        )
        for control in ("SMTP-GREET-220", "CERT-DATES")
    ]
    lines = written([owner, *left])
    assert "  so      2 verdicts could not be given because of it: CERT-DATES, SMTP-GREET-220" in lines


def test_the_place_of_a_finding_is_shown_where_it_has_one_of_its_own() -> None:
    assert "  at      captured/mx1.exim:12" in written([finding("mx.example", at=Place("captured/mx1.exim", 12))])
    assert not any(line.startswith("  at ") for line in written([finding("mx.example")]))
    both = [finding(f"mx{n}.example", at=Place(f"captured/mx{n}.exim", 12)) for n in (1, 2)]
    assert "  at      captured/mx1.exim:12, captured/mx2.exim:12" in written(both)


def test_failures_come_before_advice(fleet: list[Result]) -> None:
    kinds = [line.split()[0] for line in written(fleet) if line.startswith(("FAIL", "ADVICE"))]
    assert kinds == sorted(kinds, reverse=True)
    assert set(kinds) == {"FAIL", "ADVICE"}


def test_two_targets_stand_for_themselves_and_the_failing_one_first(fleet: list[Result]) -> None:
    fail = next(r for r in fleet if r.verdict == "fail" and r.target > "mx1")
    advice = next(r for r in fleet if r.verdict == "advice" and r.target < "mx1")
    lines = written([advice, fail])
    kinds = [line.split()[0] for line in lines if line.startswith(("FAIL", "ADVICE"))]
    assert kinds == ["FAIL", "ADVICE"]


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
