"""Each format: accepted by a consumer of it, in agreement with the others, and harmless whatever the network said."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from mailproof.cli import main
from mailproof.gate.result import to_plain
from mailproof.gate.verdict import Verdict
from mailproof.net.text import printable
from mailproof.report import escape, github, sarif
from mailproof.report.formats import FORMATS, write_formats
from mailproof.report.markdown import render as render_markdown
from mailproof.report.schema import DocumentError, DocumentModel, ResultModel, read_document, schema, text

from .documents import HOSTILE, VERDICTS, document, hostile, one_of_each, result, run
from .sarif_model import faults

DOCS = Path(__file__).parents[2] / "docs"

CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")


def save(file: Path, plain: Any) -> Path:
    file.write_text(json.dumps(plain), encoding="utf-8")
    return file


# All formats


@pytest.mark.parametrize("make", [one_of_each, hostile, document])
@pytest.mark.parametrize("name", FORMATS)
def test_the_same_document_gives_the_same_bytes_and_stays_as_it_was(name: str, make: Callable[[], Any]) -> None:
    plain = make()
    first = FORMATS[name](plain)
    assert FORMATS[name](make()) == first
    assert plain == make()


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"json"}))
def test_no_control_character_of_the_network_is_in_any_format(name: str) -> None:
    assert not CONTROL_CHARACTERS.search(FORMATS[name](hostile()))


# JSON and its schema


def test_the_published_schema_is_current() -> None:
    assert (DOCS / "result.schema.json").read_text(encoding="utf-8") == text(), "run: make docs"
    jsonschema.Draft202012Validator.check_schema(schema())


def test_documents_keep_to_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())
    for plain in (one_of_each(), hostile(), document()):
        validator.validate(plain)


def test_the_schema_names_every_key_of_a_document_and_every_verdict() -> None:
    plain = run(result()).document()
    assert set(plain) <= set(DocumentModel.model_fields)
    assert set(to_plain(result())) <= set(ResultModel.model_fields)
    assert {str(verdict) for verdict in Verdict} <= set(VERDICTS)


def changed(plain: Any, path: str, value: object) -> Any:
    """``plain`` with what is at ``path`` replaced, or taken away by None."""
    *way, last = path.split(".")
    place = plain
    for part in way:
        place = place[int(part)] if part.isdigit() else place[part]
    place.pop(last) if value is None else place.update({last: value})
    return plain


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
    plain = changed(one_of_each(), path, value)
    assert not jsonschema.Draft202012Validator(schema()).is_valid(plain)
    with pytest.raises(DocumentError, match=f"damaged: {re.escape(path)}"):
        read_document(save(tmp_path / "run.json", plain))


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-22T03:00:00", ""])
def test_times_are_points_in_time(moment: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="damaged: started_at"):
        read_document(save(tmp_path / "run.json", one_of_each() | {"started_at": moment}))


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
    plain = one_of_each()
    plain["counts"]["fail"] -= 1
    with pytest.raises(DocumentError, match="counts"):
        read_document(save(tmp_path / "run.json", plain))


def test_unknown_keys_are_passed_over(tmp_path: Path) -> None:
    plain = one_of_each() | {"later": 1}
    assert read_document(save(tmp_path / "run.json", plain)) == plain


# The command


@pytest.mark.parametrize("name", FORMATS)
def test_the_command_prints_and_writes_what_the_format_gives(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = save(tmp_path / "run.json", one_of_each())
    assert main(["report", str(file), "--format", name]) == 0
    assert capsys.readouterr().out == FORMATS[name](one_of_each())
    output = tmp_path / "new" / "out"
    assert main(["report", str(file), "--format", name, "-o", str(output)]) == 0
    assert output.read_bytes().decode() == FORMATS[name](one_of_each())
    assert [path.name for path in output.parent.iterdir()] == ["out"]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = save(tmp_path / "run.json", one_of_each())
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


# SARIF


def log(plain: Any) -> Any:
    rendered = json.loads(FORMATS["sarif"](plain))
    assert faults(rendered) == []
    return rendered["runs"][0]


def test_sarif_keeps_to_the_model_of_its_schema_and_the_model_is_strict() -> None:
    for plain in (one_of_each(), hostile(), document()):
        log(plain)
    spoilt = json.loads(FORMATS["sarif"](one_of_each()))
    spoilt["runs"][0]["results"][0]["level"] = "high"
    spoilt["runs"][0]["results"][1]["severity"] = "error"
    spoilt["runs"][0]["results"][2].pop("message")
    spoilt["runs"][0]["results"][3]["ruleIndex"] = "0"
    assert len(faults(spoilt)) == 4


def test_sarif_results_are_findings_with_level_place_and_rule() -> None:
    found = log(one_of_each())
    assert Counter(r["properties"]["verdict"] for r in found["results"]) == {"fail": 3, "advice": 3, "waived": 3}
    rules = found["tool"]["driver"]["rules"]
    for item in found["results"]:
        level = item["ruleId"].removeprefix("SPF-")
        assert item["level"] == {"MUST": "error", "SHOULD": "warning", "MAY": "note"}[level]
        rule = rules[item["ruleIndex"]]
        assert rule["id"] == item["ruleId"]
        assert rule["help"]["text"].startswith("Why: receivers")
        assert rule["helpUri"].startswith("https://")
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert isinstance(rule["properties"]["security-severity"], str)
        (location,) = item["locations"]
        assert location["physicalLocation"] == {
            "artifactLocation": {"uri": "inventories/prod.yaml"},
            "region": {"startLine": 3},
        }
        assert location["logicalLocations"][0]["name"] == item["properties"]["target"]


def test_sarif_fingerprints_are_those_of_control_and_target() -> None:
    moved = document(result(line=99, observed="still none", file="other.yaml"))
    other = document(result(target="example.net"))
    first, again, third = (log(d)["results"][0]["partialFingerprints"] for d in (document(result()), moved, other))
    assert first == again == {"primaryLocationLineHash": f"{result().id}:1", "mailproofResult/v1": result().id}
    assert third != first


def test_sarif_suppresses_what_is_waived_and_nothing_else() -> None:
    for item in log(one_of_each())["results"]:
        waived = item["properties"]["verdict"] == "waived"
        justified = [{"kind": "external", "justification": "until the move; expires 2027-01-31; owner ops"}]
        assert item["suppressions"] == (justified if waived else [])


@pytest.mark.parametrize(
    ("verdicts", "complete", "successful"),
    [
        (["pass", "fail"], True, True),
        (["pass", "inconclusive"], True, False),
        (["pass"], False, False),
    ],
)
def test_sarif_calls_a_run_successful_if_it_saw_everything(
    verdicts: list[str], complete: bool, successful: bool
) -> None:
    plain = document(*(result(v, target=f"{v}.example") for v in verdicts), complete=complete)
    (invocation,) = log(plain)["invocations"]
    assert invocation["executionSuccessful"] is successful
    assert invocation["startTimeUtc"] == "2026-11-22T03:00:00Z"
    assert len(invocation["toolExecutionNotifications"]) == verdicts.count("inconclusive")


def test_sarif_keeps_its_limits_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 2)
    monkeypatch.setattr(sarif, "MAX_NOTIFICATIONS", 1)
    long = {"observed": "x" * 5_000, "evidence": ("y" * 3_000, "z"), "why": "w" * 3_000}
    plain = document(
        *(
            result("fail", target=f"{n}.example", level=level, **long)
            for n, level in enumerate(["MAY", "MUST", "MUST"])
        ),
        *(result("inconclusive", target=f"{n}.net") for n in range(3)),
    )
    found = log(plain)
    assert [item["level"] for item in found["results"]] == ["error", "error"]
    assert len(found["results"][0]["message"]["text"]) == sarif.MAX_TEXT
    assert found["results"][0]["message"]["text"].endswith(" [cut]")
    assert found["results"][0]["properties"]["evidence"][1] == "1 lines more in the JSON report"
    notes = [
        n["message"]["text"] for n in found["invocations"][0]["toolExecutionNotifications"] if n["level"] == "note"
    ]
    assert notes[0].startswith("1 results more are left out")
    assert notes[1].startswith("2 notifications of what was inconclusive more are left out")


def test_sarif_messages_hold_no_link_and_no_placeholder() -> None:
    for item in log(hostile())["results"]:
        message = item["message"]["text"]
        assert not re.search(r"\]\(", message)
        assert not re.search(r"(?<!\{)\{(?!\{)[0-9]", message)
        assert not re.search(r"[<> \x1b]", item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


# Markdown

OURS = re.compile(r"</?(details|summary|b|code)>|<!-- -->")


def tokens(rendered: str) -> list[Any]:
    found = []
    for token in MarkdownIt("gfm-like").parse(rendered):
        found += [token, *(token.children or [])]
    return found


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a b/", "https://a/<b>", "https://a/\x7f", "https://a/\n", ""]
)
def test_only_web_addresses_that_can_be_shown_are_linked(url: str) -> None:
    plain = document(result("fail", references=(("A rule", url),)))
    assert "](<" not in FORMATS["markdown"](plain)
    assert "helpUri" not in FORMATS["sarif"](plain)
    assert not CONTROL_CHARACTERS.search(FORMATS["markdown"](plain))


def test_markdown_holds_no_markup_of_the_network() -> None:
    found = tokens(FORMATS["markdown"](hostile()))
    assert {t.type for t in found if t.type == "image"} == set()
    assert {t.attrs["href"] for t in found if t.type == "link_open"} == {result().references[0][1]}
    for token in found:
        if token.type in ("html_block", "html_inline"):
            assert "<" not in OURS.sub("", token.content), token.content
    prose = "".join(t.content for t in found if t.type == "text")
    assert "evil.example" not in prose
    assert "@" not in prose
    opened = sum(t.content.count("<details>") for t in found if t.type == "html_block")
    assert opened == sum(t.content.count("</details>") for t in found if t.type == "html_block") == 3


def test_markdown_shows_the_hostile_text_whole() -> None:
    """What is escaped away must not be lost: the proof is there, as text."""
    fences = [t.content for t in tokens(FORMATS["markdown"](hostile())) if t.type == "fence"]
    assert len(fences) == 3
    assert all(printable(HOSTILE)[:200] in fence for fence in fences)
    assert all("\n```\n~~~~\n</details>\n::error::boom\n" in fence for fence in fences)


@pytest.mark.parametrize("text", ["a `b` c", "``", "`", " x ", "", " ", "a|b", "*x*", "end`", HOSTILE])
def test_a_code_span_is_the_text_and_nothing_else(text: str) -> None:
    found = tokens(f"- {escape.markdown_code(text)}")
    spans = [t.content for t in found if t.type == "code_inline"]
    assert spans == ([printable(text)] if text.strip() else [])


@pytest.mark.parametrize("text", [HOSTILE, "# x", "- x", "1. x", "> x", "www.x.example", "https://x.example", "a_b_c"])
def test_prose_is_the_text_and_nothing_else(text: str) -> None:
    found = tokens(f"{escape.markdown(text)}\n")
    allowed = {"paragraph_open", "inline", "text", "text_special", "paragraph_close", "html_inline"}
    assert {t.type for t in found} <= allowed
    assert "".join(t.content for t in found if t.type in ("text", "text_special")) == printable(text)


def test_markdown_says_decision_counts_and_every_finding() -> None:
    rendered = FORMATS["markdown"](one_of_each())
    assert "**FAIL, the gate stays closed**: 3 findings" in rendered
    assert "| 3 | 3 | 3 | 3 | 3 | 3 |" in rendered
    for title in ("Findings (3)", "Could not be verified (3)", "Advice (3)", "Waived (3)"):
        assert f"### {title}" in rendered
    assert "- waiver: `until the move; expires 2027-01-31; owner ops`" in rendered
    assert "- where: `inventories/prod.yaml:3`" in rendered
    assert "**PASS, the gate is open**" in FORMATS["markdown"](document(result("pass")))


@pytest.mark.parametrize("limit", [1_000, 5_000, 20_000])
def test_markdown_fits_and_counts_what_it_leaves_out(limit: int) -> None:
    plain = document(*(result(target=f"{n}.example") for n in range(30)), result("inconclusive", target="x.example"))
    rendered = render_markdown(plain, limit=limit)
    assert len(rendered.encode()) <= limit
    left = re.search(r"(\d+) more are left out", rendered)
    shown = rendered.count("<details>") + rendered.count("leaves SPF")
    assert shown + (int(left[1]) if left else 0) == 31


def test_equal_reasons_of_one_target_are_one_line() -> None:
    plain = document(*(result("inconclusive", control=f"SPF-{n}") for n in "ABC"))
    assert "- `example.org`: `no SPF record` leaves SPF\\-A, SPF\\-B, SPF\\-C\n" in FORMATS["markdown"](plain)


def test_what_rests_on_a_proposed_zone_and_an_expired_waiver_say_so() -> None:
    plain = document(result(proposed=True))
    plain["results"][0]["waiver"] = {"reason": "until the move", "expires": "2026-11-01", "days_left": -21}
    assert "(SHOULD, as proposed)" in FORMATS["markdown"](plain)
    assert "- waiver: `until the move; expires 2026-11-01; expired`" in FORMATS["markdown"](plain)
    assert "title=SPF-EXISTS example.org (as proposed)::" in FORMATS["annotations"](plain)
    assert log(plain)["results"][0]["properties"]["proposed"] is True
    assert log(plain)["results"][0]["suppressions"] == []
    (row,) = rows(plain)
    assert (row["proposed"], row["waiver"]) == ("yes", "until the move; expires 2026-11-01; expired")


# GitHub


def test_annotations_are_the_worst_ten_one_a_line() -> None:
    plain = document(*(result(target=f"{n}.example", level=("MAY", "MUST")[n % 2]) for n in range(30)))
    lines = FORMATS["annotations"](plain).splitlines()
    assert len(lines) == 10
    assert all(line.startswith("::error file=inventories/prod.yaml,line=3,title=SPF-EXISTS ") for line in lines)
    assert lines[0].endswith("::no SPF record%0AFix: publish one.")
    levels = [line.split(" ")[0] for line in FORMATS["annotations"](one_of_each()).splitlines()]
    assert levels == [*("::error", "::warning", "::notice"), *["::warning"] * 3, *("::error", "::warning", "::notice")]


def test_what_the_baseline_knows_comes_last() -> None:
    plain = document(result(level="MUST", target="old.example"), result(level="MAY", target="new.example"))
    for item in plain["results"]:
        item["change"] = "known" if item["target"] == "old.example" else "new"
    lines = FORMATS["annotations"](plain).splitlines()
    assert ["new.example" in line for line in lines] == [True, False]
    assert [row["change"] for row in rows(plain)] == ["new", "known"]


def test_annotations_cannot_be_left_by_their_text() -> None:
    lines = FORMATS["annotations"](hostile()).split("\n")[:-1]
    assert len(lines) == 3
    for line in lines:
        match = re.fullmatch(r"::\w+ file=([^:,]*),line=3,title=([^:,]*)::(.*)", line)
        assert match is not None, line
        assert not re.search("%(?!25|3A|2C)", match[1] + match[2])
        assert not re.search("%(?!25|0A)", match[3])


def test_an_annotation_without_a_place_has_none() -> None:
    assert FORMATS["annotations"](document(result(file="", line=0))).startswith("::warning title=SPF-EXISTS ")


def test_the_summary_is_appended_within_the_limit_of_the_step(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    environment = {"GITHUB_STEP_SUMMARY": str(file)}
    assert github.append_summary(one_of_each(), environment) == []
    assert file.read_text().startswith("before\n## mailproof: `prod`")
    for size in (github.SUMMARY_LIMIT - 2_000, github.SUMMARY_LIMIT):
        file.write_text("x" * size)
        assert github.append_summary(one_of_each(), environment) == []
        assert file.stat().st_size <= github.SUMMARY_LIMIT
    assert github.append_summary(one_of_each(), {}) == []
    (problem,) = github.append_summary(one_of_each(), {"GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert "cannot be written" in problem


def test_commands_are_off_while_the_network_is_quoted() -> None:
    lines: list[str] = []
    with github.no_commands(lines.append):
        lines.append("::error::boom")
    stop, _, go = lines
    token = stop.removeprefix("::stop-commands::")
    assert len(token) == 32
    assert go == f"::{token}::"


# Prometheus


def samples(plain: Any) -> dict[str, list[Any]]:
    families = text_string_to_metric_families(FORMATS["prometheus"](plain))
    return {family.name: family.samples for family in families}


def test_prometheus_is_read_by_its_own_parser() -> None:
    found = samples(one_of_each())
    counts: Counter[str] = Counter()
    for sample in found["mailproof_verdicts"]:
        counts[sample.labels["verdict"]] += int(sample.value)
    assert counts == one_of_each()["counts"]
    assert [sample.value for sample in found["mailproof_gate_open"]] == [0]
    assert [sample.value for sample in found["mailproof_run_timestamp_seconds"]] == [1795316400]
    assert [sample.value for sample in found["mailproof_survey_timestamp_seconds"]] == [1795316405]
    assert {
        (s.labels["control"], s.labels["target"], s.labels["level"], s.value) for s in found["mailproof_finding"]
    } == {(f"SPF-{level}", "fail.example", level, 1) for level in ("MUST", "SHOULD", "MAY")}
    assert samples(document(result("pass")))["mailproof_gate_open"][0].value == 1


def test_prometheus_labels_are_the_text() -> None:
    (finding,) = samples(hostile())["mailproof_finding"]
    assert finding.labels["target"] == printable(HOSTILE)
    assert finding.labels["inventory"] == printable(HOSTILE)


def test_prometheus_never_writes_a_series_twice() -> None:
    plain = document(result(target="a\x1b"), result(target="a\\x1b"))
    assert len(samples(plain)["mailproof_finding"]) == 1


# CSV


def rows(plain: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(FORMATS["csv"](plain), newline=""), strict=True))


def test_csv_has_a_row_for_each_verdict() -> None:
    found = rows(one_of_each())
    assert Counter(row["verdict"] for row in found) == one_of_each()["counts"]
    assert found[0]["evidence"] == ";; question: example.org. IN TXT\n;; status: NXDOMAIN"
    assert found[0]["references"] == "RFC 7208, section 3.2 https://www.rfc-editor.org/rfc/rfc7208#section-3.2"
    assert FORMATS["csv"](one_of_each()).endswith("\r\n")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\n=1", "\uff1d1"])
def test_csv_cells_are_no_formulas(text: str) -> None:
    (row,) = rows(document(result(observed=text, target=text)))
    for value in (row["observed"], row["target"]):
        assert not re.match(r"\s*[=+\-@\uff1d]", value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_cells_are_no_formulas_whatever_the_separator(separator: str) -> None:
    said = "found;=cmd()\t=cmd()|=cmd()\n=cmd(), '=cmd(); \"=cmd()"
    text = FORMATS["csv"](document(result(observed=said, target=said)))
    for line in csv.reader(text.splitlines(), delimiter=separator):
        assert not [value for value in line if re.match(r"[\s\"]*[=+@\uff1d]", value)]


def test_sarif_properties_are_as_meant_and_results_say_what_became_of_them() -> None:
    fix = "auth_advertise_hosts = ${if def:tls_in_cipher {*}}"
    log = json.loads(FORMATS["sarif"](document(result(fix=fix, change="regressed", target="a.example"), result())))
    first, other = log["runs"][0]["results"]
    assert first["properties"]["fix"] == fix
    assert first["baselineState"] == "updated"
    assert "baselineState" not in other


def test_csv_cells_fit_into_a_spreadsheet() -> None:
    (row,) = rows(document(result(evidence=("x" * 100_000,))))
    assert len(row["evidence"]) < 32_767
    assert row["evidence"].endswith("[cut]")
    assert all(None not in row for row in rows(hostile()))


# Any text at all

MARKUP = st.text(st.sampled_from("`~*_[]()<>!|\\\\:/@#&;.%{}=+-\"', \n\r\t\x1b\u2028\ud800aw1x"), max_size=40)


@given(MARKUP | st.text())
def test_whatever_the_network_says_stays_text(said: str) -> None:
    plain = document(result(target=said, message=said, observed=said, evidence=(said,), file=said), inventory=said)
    shown = printable(said)

    log(plain)
    (finding,) = samples(plain)["mailproof_finding"]
    assert (finding.labels["target"], finding.labels["inventory"]) == (shown, shown)
    (row,) = rows(plain)
    lines = "\n".join(printable(line) for line in said.splitlines())
    assert row["target"] in (lines, f"'{lines}")
    assert len(FORMATS["annotations"](plain).splitlines()) == 1

    found = tokens(FORMATS["markdown"](plain))
    assert [t.content for t in found if t.type == "fence"] == [f"{shown}\n"]
    assert {t.attrs["href"] for t in found if t.type == "link_open"} == {result().references[0][1]}
    assert not any(t.type == "image" for t in found)
    assert not any("<" in OURS.sub("", t.content) for t in found if t.type in ("html_block", "html_inline"))


@given(MARKUP | st.text())
def test_any_prose_is_that_text(said: str) -> None:
    found = tokens(f"found {escape.markdown(said)} there\n")
    text = "".join(t.content for t in found if t.type in ("text", "text_special"))
    assert text == f"found {printable(said)} there"
