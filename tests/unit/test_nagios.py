"""`mailproof report --format nagios`: the Monitoring Plugins Guidelines, and never a false OK."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailproof.cli import main
from mailproof.gate.document import Decision, Result, RunDocument, as_json
from mailproof.gate.document import TesterFault as Fault
from mailproof.report.nagios import State, check

from .documents import HOSTILE, document, hostile, one_of_each, result

NOW = "2026-11-22T05:00:05+00:00"
"""Two hours after the made-up documents."""

PERFORMANCE = re.compile(
    r"(?P<label>[a-z]+)=(?P<value>\d+)(?P<unit>s?);(?P<warning>\d*);(?P<critical>\d*);(?P<least>\d*)"
)
"""'label'=value[UOM];[warn];[crit];[min] of the guidelines, labels without quotes."""


def parsed(line: str) -> tuple[str, str, dict[str, int]]:
    """State, text and performance data of a line, read as a monitoring system does."""
    text, _, performance = line.partition("|")
    found = [PERFORMANCE.fullmatch(part) for part in performance.split()]
    assert all(found), performance
    head = re.fullmatch(r"MAILPROOF ([A-Z]+) - (.*?) ?", text)
    assert head is not None, line
    assert "\n" not in line
    return head[1], head[2], {part["label"]: int(part["value"]) for part in found if part is not None}


def state(made: RunDocument, moment: str = NOW, **more: float) -> tuple[State, str]:
    status = check(made, moment, **more)
    name, text, _ = parsed(status.line)
    assert State[name] is status.state
    return status.state, text


PASS, FAIL, UNSURE, ADVICE, WAIVED, NONE = (
    result(verdict, control=f"SPF-{verdict[:3].upper()}")
    for verdict in ("pass", "fail", "inconclusive", "advice", "waived", "not applicable")
)


def known(given: Result) -> Result:
    return replace(given, change="known")


@pytest.mark.parametrize(
    ("results", "more", "expected", "said"),
    [
        ([PASS], {}, State.OK, "prod: the gate is open, 1 right"),
        ([PASS, ADVICE, WAIVED, NONE], {}, State.OK, "prod: the gate is open, 1 right, 1 waived"),
        ([PASS, known(FAIL), known(UNSURE)], {}, State.OK, "1 right, 2 known from the baseline"),
        ([PASS, FAIL], {}, State.CRITICAL, "prod: 1 finding; SPF-FAI@example.org"),
        ([PASS, FAIL, UNSURE], {}, State.CRITICAL, "1 finding, 1 inconclusive; SPF-FAI@example.org, SPF-INC@"),
        ([PASS, UNSURE], {}, State.UNKNOWN, "1 inconclusive; SPF-INC@example.org"),
        ([PASS, UNSURE], {"inconclusive": "warn"}, State.WARNING, "the gate is open, 1 right, 1 inconclusive"),
        ([PASS, known(UNSURE)], {"inconclusive": "warn"}, State.OK, "known from the baseline"),
        ([PASS, FAIL, UNSURE], {"inconclusive": "warn"}, State.CRITICAL, "1 finding"),
        ([PASS], {"other_failures": 1}, State.CRITICAL, "1 failure of tests that are no controls"),
        ([PASS, UNSURE], {"other_failures": 1}, State.CRITICAL, "1 inconclusive, 1 failure of tests"),
        # Nobody looked, or nothing was seen.
        ([], {}, State.UNKNOWN, "nothing was checked: no control had a target"),
        ([NONE], {}, State.UNKNOWN, "nothing was checked: no control applied"),
        ([UNSURE, NONE], {"inconclusive": "warn"}, State.UNKNOWN, "nothing could be observed"),
        ([known(UNSURE)], {}, State.UNKNOWN, "nothing could be observed"),
        ([PASS], {"complete": False}, State.UNKNOWN, "the run was stopped before its end"),
        ([PASS, FAIL], {"complete": False}, State.UNKNOWN, "the run was stopped before its end"),
    ],
)
def test_the_decision_of_the_gate_is_the_state(
    results: list[Result], more: dict[str, Any], expected: State, said: str
) -> None:
    found, text = state(document(*results, **more))
    assert found is expected
    assert said in text


def test_a_decision_that_its_results_do_not_bear_is_no_ok() -> None:
    assert state(replace(document(FAIL, PASS), decision=Decision(True, ()))) == (
        State.UNKNOWN,
        "prod: the decision is not that of its results",
    )
    assert state(replace(document(PASS), decision=Decision(False, ())))[0] is State.CRITICAL


def test_what_is_amiss_decides_and_not_the_words_of_the_reasons() -> None:
    made = document(PASS, UNSURE)
    reasons = (*made.decision.reasons, "1 of them with an expired waiver")
    assert state(replace(made, decision=Decision(False, reasons)))[0] is State.UNKNOWN
    forged = replace(document(PASS, FAIL), decision=Decision(False, ("1 inconclusive",)))
    assert state(forged)[0] is State.CRITICAL


@pytest.mark.parametrize("results", [[PASS], [PASS, FAIL]])
def test_a_proposal_is_nothing_that_there_is(results: list[Result]) -> None:
    found, text = state(replace(document(*results), proposals=["the zone example.org of example.org.zone"]))
    assert found is State.UNKNOWN
    assert "judged as proposed, and not as it is: the zone example.org" in text


def test_a_part_without_findings_is_not_ok() -> None:
    found, text = state(document(PASS, narrowing=("--control SPF-*",)))
    assert found is State.UNKNOWN
    assert "only a part of the suite" in text


def test_the_age_is_that_of_the_survey() -> None:
    fresh = document(PASS)
    assert state(fresh, max_age=2)[0] is State.OK
    assert state(fresh, max_age=1.9) == (
        State.UNKNOWN,
        "prod: the servers were looked at 2.0 hours ago, and 1.9 are allowed (--max-age)",
    )
    assert state(fresh, "2026-11-24T03:00:06+00:00")[0] is State.UNKNOWN  # the default: two days
    assert state(fresh, "2026-11-22T02:55:00+00:00")[0] is State.OK
    assert "a clock is wrong" in state(fresh, "2026-11-22T02:45:00+00:00")[1]
    again = document(PASS, started_at=NOW, replayed=True, surveyed_at="2026-11-02T03:00:05+00:00")
    assert state(again)[0] is State.UNKNOWN


def test_the_performance_data_counts_what_is_there() -> None:
    made = document(*one_of_each().results, known(replace(FAIL, control="SPF-KNOWN")))
    *_, numbers = parsed(check(made, NOW).line)
    assert numbers == {
        "findings": 3, "inconclusive": 3, "known": 1, "advice": 3, "waived": 3, "passed": 3, "age": 7200
    }  # fmt: skip


def test_what_others_wrote_ends_neither_the_line_nor_its_text() -> None:
    """A bar begins the performance data; a line break would begin what monitoring shows elsewhere."""
    vantage = [Fault(HOSTILE, "")]
    for made in (hostile(), replace(hostile(), vantage=vantage), replace(hostile(), proposals=[HOSTILE])):
        line = check(made, NOW).line
        assert line.isprintable()
        assert len(line) < 800
        name, text, numbers = parsed(line)
        assert name == ("UNKNOWN" if made.proposals else "CRITICAL")
        assert "\\x7c" in text
        assert made.proposals or numbers["findings"] == 1


def test_counts_that_a_result_leaves_out_are_zero() -> None:
    made = document(FAIL)
    assert state(replace(made, counts={"fail": 1}))[0] is State.CRITICAL
    opened = document(ADVICE)
    assert state(replace(opened, counts={"advice": 1})) == (State.OK, "prod: the gate is open, 0 right")


def test_a_line_names_a_few_findings_and_the_extent() -> None:
    many = [result(control=f"SPF-{n}", target=f"{name}.example") for n in "abcde" for name in "xy"]
    _, text = state(document(*many, PASS, narrowing=("--control SPF-*",)))
    assert "10 findings; SPF-a@x.example, SPF-b@x.example, SPF-c@x.example and 7 more; only a part" in text


@pytest.mark.parametrize("text", [None, "", "{}", "[[" * 100_000, '{"format": "mailproof-result", "version": 9}'])
def test_what_cannot_be_read_is_unknown(text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "prod|x.json"
    if text is not None:
        file.write_text(text)
    assert main(["report", "--format", "nagios", str(file)]) == 3
    said = capsys.readouterr()
    assert parsed(said.out.removesuffix("\n"))[0] == "UNKNOWN"
    assert said.err == ""


def test_the_command_exits_as_the_line_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mailproof.clock.now", lambda: NOW)
    file = tmp_path / "prod.json"
    for results, code in (([PASS], 0), ([PASS, FAIL], 2), ([PASS, UNSURE], 3)):
        file.write_text("".join(as_json(document(*results))))
        assert main(["report", "--format", "nagios", str(file)]) == code
        assert State[parsed(capsys.readouterr().out.removesuffix("\n"))[0]] == code
    assert main(["report", "--format", "nagios", "--max-age", "1", str(file)]) == 3


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "inf", "day"])
def test_an_age_that_is_none(hours: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", "--format", "nagios", f"--max-age={hours}", str(tmp_path)])
    assert ended.value.code == 4
    assert f"'{hours}' is no number of hours" in capsys.readouterr().err


@pytest.mark.parametrize("options", [("--format", "text", "--max-age", "2"), ("--format", "nagios", "-o", "x"),
                                     ("--format", "nagios", "--verdict", "fail")])  # fmt: skip
def test_what_does_not_go_together(options: tuple[str, ...], tmp_path: Path) -> None:
    assert main(["report", str(tmp_path), *options]) == 4


def test_without_a_standard_output_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "prod.json"
    file.write_text("".join(as_json(document(PASS))))
    monkeypatch.setattr("sys.stdout", None)  # as Python has it where it is closed
    assert main(["report", str(file), "--format", "nagios"]) == State.UNKNOWN
    assert main(["report", str(file)]) == 1
