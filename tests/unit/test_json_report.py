"""The JSON report: its schema, what is read again and what is refused; `mailproof report`."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mailproof.cli import main
from mailproof.gate.document import DocumentError, Result, RunDocument, read_document
from mailproof.gate.verdict import Verdict
from mailproof.report.formats import FORMATS, write_formats
from mailproof.report.schema import schema
from mailproof.report.schema import text as schema_text

from .documents import document, hostile, one_of_each, plain

DOCS = Path(__file__).parents[2] / "docs"
RELEASED = Path(__file__).parent / "released" / "result-1.json"


def save(file: Path, content: Any) -> Path:
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


# JSON and its schema


def test_the_published_schema_is_current() -> None:
    assert (DOCS / "result.schema.json").read_text(encoding="utf-8") == schema_text(), "run: make docs"
    jsonschema.Draft202012Validator.check_schema(schema())


def test_documents_keep_to_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())
    for each in (one_of_each(), hostile(), document()):
        validator.validate(plain(each))


def test_the_schema_names_every_key_of_a_document_and_every_verdict() -> None:
    described: Any = schema()
    assert {each.name for each in fields(RunDocument)} == set(described["properties"])
    assert {each.name for each in fields(Result)} == set(described["$defs"]["Result"]["properties"])
    assert described["$defs"]["Verdict"]["enum"] == [str(verdict) for verdict in Verdict]


def changed(content: Any, path: str, value: object) -> Any:
    """``content`` with what is at ``path`` replaced, or taken away by None."""
    *way, last = path.split(".")
    place = content
    for part in way:
        place = place[int(part)] if part.isdigit() else place[part]
    place.pop(last) if value is None else place.update({last: value})
    return content


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("decision", None),
        ("results.0.evidence", None),
        ("results.0.verdict", "perhaps"),
        ("results.0.level", "HIGH"),
        ("results.0.line", -1),
        ("results.0.id", "../x"),
        ("counts.fail", -1),
        ("complete", "yes"),
    ],
)
def test_the_schema_is_strict_about_what_it_knows(path: str, value: object, tmp_path: Path) -> None:
    content = changed(plain(one_of_each()), path, value)
    assert not jsonschema.Draft202012Validator(schema()).is_valid(content)
    with pytest.raises(DocumentError, match=f"damaged: {re.escape(path)}"):
        read_document(save(tmp_path / "run.json", content))


def test_verdicts_that_there_are_none_of_are_not_counted(tmp_path: Path) -> None:
    content = plain(one_of_each())
    content["counts"] = {**content["counts"], "\x7fperhaps": 0}
    with pytest.raises(DocumentError, match="damaged: the counts"):
        read_document(save(tmp_path / "run.json", content))


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-22T03:00:00", ""])
def test_times_are_points_in_time(moment: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="damaged: started_at"):
        read_document(save(tmp_path / "run.json", plain(one_of_each()) | {"started_at": moment}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        ("", "damaged, not JSON"),
        ("[" * 100_000, "damaged, not JSON"),
        ("\xff", "not a JSON report of mailproof"),
        ("[]", "not a JSON report of mailproof"),
        ('{"format": "mailproof-record"}', "not a JSON report of mailproof"),
        ('{"format": "mailproof-result", "version": 2}', "this mailproof reads version 1"),
        ('{"format": "mailproof-result", "version": true}', "this mailproof reads version 1"),
        ('{"format": "mailproof-result", "version": 1}', "damaged: mailproof: Field required"),
    ],
)
def test_what_is_no_report_is_refused_with_the_reason(
    content: str | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.json"
    if content is not None:
        file.write_text('"ÿ"' if content == "\xff" else content)
    assert main(["report", str(file), "--format", "csv"]) == 4
    error = capsys.readouterr().err
    assert message in error
    assert str(file) in error


def test_counts_that_are_not_those_of_the_results_are_refused(tmp_path: Path) -> None:
    content = plain(one_of_each())
    content["counts"]["fail"] -= 1
    with pytest.raises(DocumentError, match="counts"):
        read_document(save(tmp_path / "run.json", content))


def test_a_report_of_the_first_release_is_read_and_written_byte_for_byte() -> None:
    """It was written by the version before the document had a type: by a run with profiles, waivers and a baseline."""
    document = read_document(RELEASED)
    assert FORMATS["json"](document) == RELEASED.read_text(encoding="utf-8")
    assert document.profile is not None
    assert (document.profile.name, document.own_profiles[0].entries) == ("internet.nl", ("parked.example",))
    assert [waiver.state for waiver in document.waivers] == ["open", "expired"]
    assert document.baseline is not None
    assert [found.target for found in document.baseline.regressed] == ["no-spf.example"]
    assert all(FORMATS[name](document) for name in FORMATS)


def test_unknown_keys_are_passed_over(tmp_path: Path) -> None:
    content = plain(one_of_each()) | {"later": 1}
    content["results"][0] |= {"later": 1}
    assert read_document(save(tmp_path / "run.json", content)) == one_of_each()


# The command


@pytest.mark.parametrize("name", FORMATS)
def test_the_command_prints_and_writes_what_the_format_gives(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = save(tmp_path / "run.json", plain(one_of_each()))
    assert main(["report", str(file), "--format", name]) == 0
    assert capsys.readouterr().out == FORMATS[name](one_of_each())
    output = tmp_path / "new" / "out"
    assert main(["report", str(file), "--format", name, "-o", str(output)]) == 0
    assert output.read_bytes().decode() == FORMATS[name](one_of_each())
    assert [path.name for path in output.parent.iterdir()] == ["out"]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = save(tmp_path / "run.json", plain(one_of_each()))
    assert main(["report", str(file), "--format", "csv", "-o", str(file / "out.csv")]) == 1
    assert f"{file / 'out.csv'}: cannot be written: " in capsys.readouterr().err


def test_one_file_that_cannot_be_written_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    files = {"csv": tmp_path / "file" / "a.csv", "sarif": tmp_path / "a.sarif"}
    written, problems = write_formats(one_of_each(), files)
    assert written == [tmp_path / "a.sarif"]
    assert len(problems) == 1


def test_a_hostile_report_is_written_and_read_back(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in FORMATS}
    assert write_formats(hostile(), files)[1] == []
    assert read_document(files["json"]) == hostile()
