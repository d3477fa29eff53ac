"""The history: runs are appended, several writers at once, and the trend is told; other files are refused."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mailproof.cli import main
from mailproof.gate.document import RunDocument
from mailproof.observations.mta_sts import STSChange
from mailproof.report.formats import FORMATS
from mailproof.report.history import HistoryError, append, check, facts, open_findings, score, trend

from .documents import HOSTILE, document, one_of_each, result


def night(day: int, *failing: str, inventory: str = "prod", complete: bool = True) -> RunDocument:
    """The run of one night in which ``failing`` targets failed and one passed."""
    results = [result("fail", target=target) for target in failing]
    return document(
        *results,
        result("pass", target="good.example"),
        result("not applicable", target="parked.example"),
        inventory=inventory,
        complete=complete,
        started_at=f"2026-11-{day:02}T03:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("counts", "share"),
    [
        ({"pass": 3, "fail": 1, "not applicable": 6}, 0.75),
        ({"pass": 1, "fail": 0, "advice": 1, "waived": 1, "inconclusive": 1}, 0.25),
        ({"pass": 0, "not applicable": 2}, None),
        ({}, None),
        ({"fail": 2}, 0.0),
    ],
)
def test_the_score_is_the_share_of_applicable_verdicts_that_pass(counts: dict[str, int], share: float | None) -> None:
    assert score(counts) == share


def test_the_trend_is_every_run_the_oldest_first(tmp_path: Path) -> None:
    file = tmp_path / "new" / "history.sqlite"
    for plain in (night(3, "a", "b"), night(1, "a", "b", "c"), night(2), night(2, "z", inventory="lab")):
        append(file, plain)
    points = trend(file)
    assert [(p.inventory, p.started_at[8:10], p.findings, p.open) for p in points] == [
        ("lab", "02", 1, False),
        ("prod", "01", 3, False),
        ("prod", "02", 0, True),
        ("prod", "03", 2, False),
    ]
    assert [p.score for p in points] == [1 / 2, 1 / 4, 1.0, 1 / 3]
    assert points[1].counts["not applicable"] == 1


def test_open_findings_know_since_when(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    for plain in (night(1, "a", "b"), night(2, "b"), night(3, "a", "b"), night(4, "a", "b", "c")):
        append(file, plain)
    append(file, night(5, complete=False))
    assert {f.target: f.since[8:10] for f in open_findings(file)} == {"a": "03", "b": "01", "c": "04"}
    assert trend(file)[-1].complete is False


def test_what_is_not_a_pass_is_kept_with_its_message(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    append(file, one_of_each())
    with sqlite3.connect(file) as connection:
        kept = connection.execute("SELECT verdict, count(*), min(message) FROM result GROUP BY verdict").fetchall()
    assert kept == [(verdict, 3, "no SPF record") for verdict in ("advice", "fail", "inconclusive", "waived")]


WRITER = """
import sys
from pathlib import Path
from mailproof.gate.document import read_document
from mailproof.report.formats import FORMATS
from mailproof.report.history import append
document = read_document(Path(sys.argv[2]))
for _ in range(10):
    append(Path(sys.argv[1]), document)
"""


def test_writers_take_turns(tmp_path: Path) -> None:
    """Four processes make the file and append to it at the same time; nothing is lost, nothing fails."""
    file, report = tmp_path / "history.sqlite", tmp_path / "run.json"
    report.write_text(FORMATS["json"](night(1, "a")))
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(file), str(report)], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=600)
        assert writer.returncode == 0, errors
    assert len(trend(file)) == 40
    assert len(open_findings(file)) == 1


def foreign(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")


def newer(file: Path) -> None:
    append(file, night(1))
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 2")


def damaged(file: Path) -> None:
    append(file, night(1, *(f"{n}.example" for n in range(200))))
    content = bytearray(file.read_bytes())
    content[200:] = b"\xff" * (len(content) - 200)
    file.write_bytes(content)


def bad_counts(file: Path) -> None:
    append(file, night(1))
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE run SET counts = 'no'")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (foreign, "not a history of mailproof"),
        (newer, "history version 2; this mailproof reads version 1"),
        (damaged, "damaged"),
        (bad_counts, "damaged"),
        (lambda file: file.write_text("domains: [example.org]\n" * 100), "not a history of mailproof"),
        (lambda file: file.mkdir(), "not a regular file"),
        (lambda file: os.mkfifo(file), "not a regular file"),
        (lambda file: None, "there is no such file"),
    ],
    ids=["foreign", "newer", "damaged", "bad counts", "text", "directory", "pipe", "missing"],
)
def test_what_is_no_history_is_refused_with_the_reason(
    spoil: object, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "history.sqlite"
    assert callable(spoil)
    spoil(file)
    assert main(["history", str(file)]) == 4
    error = capsys.readouterr().err
    assert message in error
    assert str(file) in error
    assert "Traceback" not in error


@pytest.mark.parametrize("spoil", [foreign, newer])
def test_a_refused_file_is_not_touched(spoil: object, tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    assert callable(spoil)
    spoil(file)
    before = file.read_bytes()
    with pytest.raises(HistoryError):
        check(file)
    with pytest.raises(HistoryError):
        append(file, night(2))
    assert file.read_bytes() == before


def test_an_empty_file_becomes_a_history(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    file.touch()
    check(file)
    assert trend(file) == []
    assert open_findings(file) == []
    append(file, night(1))
    assert len(trend(file)) == 1


def test_a_place_that_takes_no_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HistoryError, match="cannot be written"):
        append(tmp_path / "file" / "history.sqlite", night(1))


def test_the_command_shows_runs_and_open_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "history.sqlite"
    append(file, night(1, "a", "b"))
    append(file, night(2, "a"))
    append(file, night(2, "z", inventory="lab"))
    assert main(["history", str(file), "--inventory", "prod"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "inventory prod",
        "run                          score  findings  inconclusive  gate",
        "2026-11-01T03:00:00+00:00   33.3 %         2             0  closed",
        "2026-11-02T03:00:00+00:00   50.0 %         1             0  closed",
        "",
        "open in prod",
        "2026-11-01  SHOULD  SPF-EXISTS  a: no SPF record",
    ]
    assert main(["history", str(file), "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(run["inventory"], run["findings"]) for run in shown["runs"]] == [("lab", 1), ("prod", 2), ("prod", 1)]
    assert [finding["target"] for finding in shown["open"]] == ["z", "a"]
    assert main(["history", str(file), "--inventory", "nobody"]) == 1
    assert "no run of nobody" in capsys.readouterr().err


def test_hostile_text_is_kept_and_shown_harmless(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "history?mode=memory#.sqlite"
    append(file, document(result(target=HOSTILE, message=HOSTILE), inventory=HOSTILE))
    assert file.is_file()
    assert main(["history", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\\x1b[31mred" in shown
    assert main(["history", str(file), "--format", "json"]) == 0


def test_what_was_known_last_is_kept_by_target(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    assert facts(file, "prod") == {}
    append(file, night(1))
    assert facts(file, "prod") == {}
    append(file, night(2), [("example.org", "mta-sts", "1 ab"), ("example.net", "mta-sts", "2 cd")])
    append(file, night(3), [("example.org", "mta-sts", "3 ef"), ("\ud800", "mta-sts", "")])
    assert facts(file, night(1).inventory) == {
        ("example.org", "mta-sts"): "3 ef",
        ("example.net", "mta-sts"): "2 cd",
        ("\\ud800", "mta-sts"): "",
    }
    assert facts(file, "another") == {}


def test_a_history_of_an_earlier_version_knows_no_facts(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    append(file, night(1))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE fact")
    assert facts(file, night(1).inventory) == {}
    append(file, night(2), [("example.org", "mta-sts", "1 ab")])
    assert len(trend(file)) == 2
    assert facts(file, night(1).inventory) == {("example.org", "mta-sts"): "1 ab"}


def test_a_policy_that_changed_under_its_id_is_not_taken_for_known() -> None:
    """The finding stays until the id changes."""
    known = STSChange("example.org", True, "1", "ab", "1 cd")
    assert known.facts() == {}
    assert replace(known, id="2").facts() == {"mta-sts": "2 ab"}
    assert replace(known, former="").facts() == {"mta-sts": "1 ab"}
    assert replace(known, id="2", digest="").facts() == {}


def test_a_fact_that_is_no_text_is_none(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    append(file, night(1), [("example.org", "keys", "ab=cd"), ("mx.example.org", "keys", "ab=cd")])
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE fact SET value = x'00ff' WHERE target = 'example.org'")
    assert facts(file, night(1).inventory) == {("mx.example.org", "keys"): "ab=cd"}


def test_a_policy_of_which_the_history_lost_the_digest_is_kept_again() -> None:
    assert STSChange("example.org", True, "1", "ab", "1").facts() == {"mta-sts": "1 ab"}
