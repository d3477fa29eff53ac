"""The comparison of two results: every verdict in exactly one class, renames followed, damaged files told."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.controls import MUST, SHOULD, Level
from mailproof.gate.baseline import (
    AMISS,
    Change,
    Comparison,
    Key,
    ResultError,
    Snapshot,
    Verdicted,
    change_of,
    compare,
    former_keys,
    read_snapshot,
    snapshot,
)
from mailproof.gate.document import BaselineNote, parsed, plain
from mailproof.gate.result import RunResult, make_result
from mailproof.gate.verdict import Judgement, Verdict
from mailproof.report import comparison as report
from mailproof.report.formats import FORMATS

from .test_gate import a_control


def taken(verdicts: dict[Key, str], level: Level = MUST, renamed: dict[str, str] | None = None) -> Snapshot:
    results = {
        key: Verdicted(*key, Verdict(verdict), level, f"{verdict} of {key[1]}") for key, verdict in verdicts.items()
    }
    return Snapshot("prod", "2026-11-23T00:00:00+00:00", results, renamed or {})


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (None, "fail", "new"),
        (None, "inconclusive", "new"),
        (None, "pass", "added"),
        (None, "waived", "added"),
        ("pass", "fail", "regressed"),
        ("not applicable", "fail", "regressed"),
        ("advice", "fail", "regressed"),
        ("waived", "fail", "regressed"),
        ("inconclusive", "fail", "regressed"),
        ("pass", "inconclusive", "regressed"),
        ("waived", "inconclusive", "regressed"),
        ("fail", "fail", "known"),
        ("fail", "inconclusive", "known"),
        ("inconclusive", "inconclusive", "known"),
        ("fail", "waived", "known"),
        ("fail", "advice", "known"),
        ("fail", "pass", "mended"),
        ("fail", "not applicable", "mended"),
        ("inconclusive", "pass", "mended"),
        ("waived", "pass", "mended"),
        ("pass", "pass", "unchanged"),
        ("pass", "advice", "unchanged"),
        ("waived", "waived", "unchanged"),
        ("advice", "waived", "unchanged"),
    ],
)
def test_what_became_of_a_verdict(before: str | None, after: str, change: str) -> None:
    earlier = Verdicted("A", "b", Verdict(before), MUST, "") if before else None
    assert change_of(earlier, after, "MUST") == change


def test_failing_at_a_stricter_level_is_a_regression() -> None:
    assert change_of(Verdicted("A", "b", Verdict.FAIL, SHOULD, ""), "fail", "MUST") is Change.REGRESSED
    assert change_of(Verdicted("A", "b", Verdict.FAIL, MUST, ""), "fail", "SHOULD") is Change.KNOWN


KEYS = st.tuples(st.sampled_from(["SPF-EXISTS", "MX-EXISTS"]), st.sampled_from(["a.example", "b.example", "c.example"]))
VERDICTS = st.dictionaries(KEYS, st.sampled_from([str(verdict) for verdict in Verdict]))


@given(VERDICTS, VERDICTS, st.dictionaries(st.sampled_from(["a.example", "d.example"]), st.just("b.example")))
def test_the_counts_add_up(old: dict[Key, str], new: dict[Key, str], renamed: dict[str, str]) -> None:
    found = compare(taken(old), taken(new, renamed=renamed))
    counts = Counter(found.counts())
    only_new = counts["new"] + counts["added"]
    in_both = sum(1 for d in found.differences if d.before and d.after)
    assert counts["gone"] + in_both == len(old)
    assert sum(counts.values()) - counts["gone"] == len(new)
    assert only_new == sum(1 for d in found.differences if not d.before)
    assert sorted((d.control, d.target) for d in found.differences if d.after) == sorted(new)
    assert sorted((d.control, d.former or d.target) for d in found.differences if d.before) == sorted(old)
    assert sum(new[key] in AMISS for key in new) <= counts["new"] + counts["regressed"] + counts["known"]
    assert sum(old[key] in AMISS for key in old) == sum(d.before in AMISS for d in found.differences)
    assert report.text(found)
    assert report.as_markdown(found)


@given(VERDICTS)
def test_a_result_compared_with_itself_has_nothing_new(verdicts: dict[Key, str]) -> None:
    found = compare(taken(verdicts), taken(verdicts))
    assert {d.change for d in found.differences} <= {Change.KNOWN, Change.UNCHANGED}
    assert not found.worse
    assert (found.targets_added, found.targets_gone) == ((), ())


@given(VERDICTS, VERDICTS)
def test_what_is_new_in_one_direction_is_gone_in_the_other(old: dict[Key, str], new: dict[Key, str]) -> None:
    there, back = compare(taken(old), taken(new)), compare(taken(new), taken(old))
    assert len(there.of(Change.GONE)) == len(back.of(Change.NEW, Change.ADDED))
    assert there.targets_gone == back.targets_added


@pytest.mark.parametrize(
    ("target", "former"),
    [
        ("new.example", "old.example"),
        ("new.example@mx1.other.example[192.0.2.25]:25", "old.example@mx1.other.example[192.0.2.25]:25"),
        ("new.example@mx1.new.example[192.0.2.25]:25", "old.example@mx1.old.example[192.0.2.25]:25"),
        ("new.example@mx1.new.example[192.0.2.25]:25", "old.example@mx1.new.example[192.0.2.25]:25"),
        ("s1._domainkey.new.example", "s1._domainkey.old.example"),
        ("mx.new-host.example[192.0.2.25]:25", "mx.old-host.example[192.0.2.25]:25"),
        ("new.example@192.0.2.25", "old.example@192.0.2.25"),
        ("new.example@ns1.hoster.example[192.0.2.53]", "old.example@ns1.hoster.example[192.0.2.53]"),
    ],
)
def test_renames_are_followed(target: str, former: str) -> None:
    renamed = {"old.example": "new.example", "mx.old-host.example": "mx.new-host.example"}
    assert former_keys([("A", former)], [("A", target)], renamed) == {("A", target): ("A", former)}


@pytest.mark.parametrize(
    ("target", "former"),
    [
        ("renew.example", "reold.example"),
        ("new.example.org", "old.example.org"),
        ("my-new.example", "my-old.example"),
        ("new.example", "older.example"),
    ],
)
def test_other_names_are_not_taken_for_renamed_ones(target: str, former: str) -> None:
    assert former_keys([("A", former)], [("A", target)], {"old.example": "new.example"}) == {}


def test_history_survives_a_rename() -> None:
    old = taken({("A", "old.example"): "fail", ("B", "old.example"): "pass"})
    new = {("A", "new.example"): "fail", ("B", "new.example"): "fail"}
    found = compare(old, taken(new, renamed={"old.example": "new.example"}))
    assert [(d.control, d.change, d.former) for d in found.differences] == [
        ("A", Change.KNOWN, "old.example"),
        ("B", Change.REGRESSED, "old.example"),
    ]
    assert (found.targets_added, found.targets_gone) == ((), ())
    without = compare(old, taken(new))
    assert without.counts()["new"] == without.counts()["gone"] == 2
    assert (without.targets_added, without.targets_gone) == (("new.example",), ("old.example",))


def run(**verdicts: Verdict) -> RunResult:
    results = [
        make_result(a_control("MX-EXISTS"), f"{name}.example", "MailDomain", Judgement(verdict, MUST, "x"), ("p",), 0.1)
        for name, verdict in verdicts.items()
    ]
    moments: dict[str, Any] = {"started_at": "2026-11-23T00:00:00+00:00", "surveyed_at": "2026-11-23T00:00:01+00:00"}
    judged = RunResult(inventory="lab", mailproof="1.0", **moments, results=results)
    judged.decide()
    return judged


def test_a_result_that_was_written_is_read_again(tmp_path: Path) -> None:
    judged = run(a=Verdict.FAIL, b=Verdict.PASS)
    judged.renamed = {"c.example": "a.example"}
    (tmp_path / "r.json").write_text(FORMATS["json"](judged))
    assert read_snapshot(tmp_path / "r.json") == snapshot(judged)


def document(**changes: Any) -> str:
    return json.dumps({**json.loads(FORMATS["json"](run(a=Verdict.FAIL))), **changes})


RESULT = {"control": "A", "target": "b", "verdict": "fail", "level": "MUST", "message": "m"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "damaged, not JSON"),
        ('{"format": "mailproof-result", "vers', "damaged, not JSON"),
        ("[" * 100_000, "damaged, not JSON"),
        ("[]", "not a result of mailproof"),
        ('{"format": "mailproof-record", "version": 1}', "it is a record, which --replay judges"),
        (document(version=99), "result version 99; this mailproof reads version 1"),
        (document(version=True), "result version True"),
        (document(results=None), "damaged"),
        (document(results=[{}]), "damaged: results.0.control: Field required"),
        (document(results=["x"]), "damaged"),
        (document(results=[{**RESULT, "verdict": "good"}]), "damaged: results.0.verdict: Input should be 'pass', "),
        (document(results=[{**RESULT, "target": 5}]), "damaged: results.0.target: Input should be a valid string"),
        (document(results=[RESULT, RESULT]), "judges the same target twice"),
        (document(renamed=[]), "damaged"),
        (document(inventory=None), "damaged: inventory: Input should be a valid string"),
    ],
)
def test_damaged_and_foreign_files_are_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(ResultError) as raised:
        read_snapshot(tmp_path / "r.json")
    assert message in str(raised.value)
    assert str(raised.value).startswith(f"{tmp_path}/r.json: ")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="there is no such file"):
        read_snapshot(tmp_path / "r.json")
    with pytest.raises(ResultError, match="cannot be read"):
        read_snapshot(tmp_path)


@given(st.binary(max_size=80))
def test_any_octets_are_read_or_told(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "octets.json"
    file.write_bytes(octets)
    with pytest.raises(ResultError):
        read_snapshot(file)


def a_comparison() -> Comparison:
    hostile = "<script>|\x1b[31m @maintainer"
    old = {("A", "a.example"): "fail", ("B", "a.example"): "fail", ("C", "gone.example"): "fail"}
    new = {("A", "a.example"): "pass", ("B", "a.example"): "fail", ("D", hostile): "fail"}
    return compare(taken(old), taken(new))


def test_the_text_lists_what_people_ask_for() -> None:
    text = report.text(a_comparison())
    assert "New: 1\n  D  <script>|\\x1b[31m @maintainer  not judged -> fail\n" in text
    assert "Mended: 1\n  A  a.example  fail -> pass\n    fail of a.example\n" in text
    assert "Remaining: 1\n  B  a.example  fail -> fail\n" in text
    assert "No longer judged: 1\n  C  gone.example  fail -> not judged\n" in text
    assert "Targets gone: 1\n  gone.example\n" in text
    assert "Regressed" not in text
    assert text.endswith("1 new, 0 regressed, 1 mended, 1 remaining, 1 no longer judged, 0 unchanged\n")


def test_markdown_holds_no_markup_of_the_network() -> None:
    text = report.as_markdown(a_comparison())
    assert "### New (1)" in text
    assert "\\<script\\>\\|" in text
    assert "\x1b" not in text
    assert "@maintainer" not in text
    rows = [line for line in text.splitlines() if line.startswith("| D ")]
    assert len(rows) == 1


def test_the_document_counts_all_and_lists_what_is_asked_for() -> None:
    note = a_comparison().note("old.json")
    assert note.counts == {
        **dict.fromkeys(map(str, Change), 0),
        "new": 1,
        "mended": 1,
        "known": 1,
        "gone": 1,
    }
    assert [entry.control for entry in note.gone] == ["C"]
    assert note.targets_added == ("<script>|\x1b[31m @maintainer",)
    assert parsed(BaselineNote, json.loads(json.dumps(plain(note)))) == note


def test_levels_are_compared_through_files() -> None:
    weaker, stricter = taken({("A", "a"): "fail"}, SHOULD), taken({("A", "a"): "fail"}, MUST)
    assert compare(weaker, stricter).worse
    assert not compare(stricter, weaker).worse
