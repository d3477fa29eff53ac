"""`mailproof report` as text: what is shown of a result, how wide, and what may stand in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailproof.cli import main
from mailproof.gate.document import RunDocument, as_json, read_document
from mailproof.gate.verdict import Verdict
from mailproof.report.narrowing import Wanted
from mailproof.report.text import render

from .documents import VERDICTS, document, hostile, one_of_each, result
from .rendered import CONTROL_CHARACTERS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A result with every verdict at every level, and two services of a host."""
    services = [result(target=f"mx1.example.org[192.0.2.1]:{port}", control="TLS-NO-10-11") for port in (25, 465)]
    return written(tmp_path, document(*one_of_each().results, *services))


def written(folder: Path, made: RunDocument) -> Path:
    (folder / "prod.json").write_text("".join(as_json(made)))
    return folder / "prod.json"


def test_findings_come_first_then_what_is_unsure_then_what_is_waived_and_the_rest_is_counted() -> None:
    lines = render(one_of_each()).splitlines()
    heads = [line.split("  ")[0] for line in lines if line[:1].isupper()]
    assert [*dict.fromkeys(heads)] == ["FAIL", "ADVICE", "INCONCLUSIVE"]
    assert "pass: 3  fail: 3  advice: 3  waived: 3  not applicable: 3  inconclusive: 3" in lines
    assert lines[-1].startswith("decision: FAIL, the gate stays closed: 3 findings")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_can_be_asked_for_with_its_proof(
    verdict: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(file), "--verdict", verdict.replace(" ", "-"), "--control", "SPF-*", "--proof"]) == 0
    said = capsys.readouterr().out
    assert said.count(";; status: NXDOMAIN") == (1 if verdict == "inconclusive" else 3)  # one reason leaves three open
    assert f"shown: 3 of 20 verdicts (--control SPF-*, --verdict {verdict}): 3 {verdict}" in said.replace("\n  ", " ")
    assert verdict.upper() in said
    assert not {other.upper() for other in VERDICTS if other != verdict} & {
        line.split("  ")[0] for line in said.split("\n")
    }


def test_filters_of_one_kind_add_up_and_of_two_kinds_narrow(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(file), "--control", "spf-must", "--control", "tls-*", "--target", "mx1.*:25"]) == 0
    said = capsys.readouterr().out
    assert "mx1.example.org[192.0.2.1]:25" in said
    assert ":465" not in said
    assert "SPF-MUST" not in said
    assert "1 of 20 verdicts" in said


def test_the_decision_of_a_part_is_that_of_the_run(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(file), "--verdict", "pass"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("the gate stays closed: 5 findings, 3 inconclusive")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--control", "SFP-MUST"), "--control SFP-MUST: no control of that id was judged; did you mean SPF-MUST?"),
        (("--target", "mx1.example.org"), "'*mx1.example.org*' fits 2 ids, like mx1.example.org[192.0.2.1]:25"),
        (("--target", "elsewhere"), "--target elsewhere: no target of that id was judged\n"),
        (("--verdict", "pass", "--format", "sarif"), "--format sarif is always whole; a part is shown as text, html"),
        (("--proof", "--format", "html"), "--proof is for --format text"),
    ],
)
def test_what_names_nothing_is_no_clean_result(
    option: tuple[str, ...], said: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(file), *option]) == 4
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""


def test_a_verdict_that_is_none_is_told_those_that_are(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", str(file), "--verdict", "failed"])
    assert ended.value.code == 4
    assert "'failed' is none of pass, fail, advice, waived, not-applicable, inconclusive" in capsys.readouterr().err


@pytest.mark.parametrize("width", [1, 40, 60, 80, 132])
def test_it_keeps_to_the_width_of_the_terminal(width: int) -> None:
    lines = render(one_of_each(), width=width).splitlines()
    assert max(map(len, lines)) <= max(width, 40)


def test_nothing_of_the_network_steers_a_terminal_coloured_or_not() -> None:
    wanted = Wanted(verdicts=tuple(Verdict))
    plain = render(hostile(), wanted, proof=True)
    assert not CONTROL_CHARACTERS.search(plain)
    assert "\n::error::" not in plain
    coloured = render(hostile(), wanted, proof=True, colour=True)
    assert "\x1b[31;1m" in coloured or "\x1b[1;31m" in coloured
    for escape in ("\x1b[0m", *(f"\x1b[{codes}m" for codes in ("1", "31;1", "1;31", "33", "33;1", "35;1", "32;1"))):
        coloured = coloured.replace(escape, "")
    assert coloured == plain


def test_colour_is_for_terminals_alone(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def said() -> str:
        assert main(["report", str(file)]) == 0
        return capsys.readouterr().out

    assert "\x1b" not in said()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = said()
    assert "\x1b[" in coloured
    assert f"{' mailproof: prod ':=^50}" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in said()
    monkeypatch.delenv("NO_COLOR")
    assert main(["report", str(file), "-o", str(tmp_path / "out.txt")]) == 0
    assert (tmp_path / "out.txt").read_text() == render(read_document(file))


def test_a_part_as_page_and_table(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(file), "--format", "csv", "--target", "mx1.*"]) == 0
    assert capsys.readouterr().out.count("TLS-NO-10-11") == 2
    assert main(["report", str(file), "--format", "html", "--target", "mx1.*"]) == 0
    page = capsys.readouterr().out
    assert "Shown of it: 2 of 20 verdicts (--target mx1.*): 2 fail" in page
    assert "SPF-MUST" not in page
    assert "FAIL: the gate stays closed" in page
