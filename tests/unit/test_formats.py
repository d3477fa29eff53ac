"""Each format: accepted by a consumer of it, in agreement with the others, and harmless whatever the network said."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.gate.document import RunDocument
from mailproof.gate.documentation import DocumentationNote
from mailproof.net.text import printable
from mailproof.places import Place
from mailproof.report import escape, github
from mailproof.report.formats import FORMATS

from .documents import HOSTILE, REFERENCE, WAIVER, document, hostile, one_of_each, result
from .rendered import CONTROL_CHARACTERS, OURS, log, rows, samples, tokens

# All formats


def test_a_published_site_has_a_page_for_each_control_and_none_for_house_rules() -> None:
    site = DocumentationNote(address="https://docs.example.org/", house_rules=("HOUSE-ONE",))
    page = "https://docs.example.org/controls/SPF/SPF-EXISTS.html"
    for control, shown in (("SPF-EXISTS", True), ("HOUSE-ONE", False), ('SPF-"><b>', False), ("../x", False)):
        plain = document(result(control=control), documentation=site)
        assert (plain.page_of("SPF", control) == page) is shown
        assert (f"[SPF\\-EXISTS](<{page}>)" in FORMATS["markdown"](plain)) is shown
        assert (f'; <a href="{page}" rel="noopener noreferrer">SPF-EXISTS</a></dd>' in FORMATS["html"](plain)) is shown
        (rule,) = log(plain)["tool"]["driver"]["rules"]
        assert (rule["helpUri"] == page) is shown
        assert "docs.example.org" in FORMATS["json"](plain)
    assert document(result()).page_of("SPF", "SPF-EXISTS") == ""


@pytest.mark.parametrize("make", [one_of_each, hostile, document])
@pytest.mark.parametrize("name", FORMATS)
def test_the_same_document_gives_the_same_bytes_and_stays_as_it_was(name: str, make: Callable[[], RunDocument]) -> None:
    made = make()
    first = FORMATS[name](made)
    assert FORMATS[name](make()) == first
    assert made == make()


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"json"}))
def test_no_control_character_of_the_network_is_in_any_format(name: str) -> None:
    assert not CONTROL_CHARACTERS.search(FORMATS[name](hostile()))


def test_what_rests_on_a_proposed_zone_and_an_expired_waiver_say_so() -> None:
    expired = replace(WAIVER, expires="2026-11-01", days_left=-21)
    plain = document(result(proposed=True, waiver=expired))
    assert "(SHOULD, as proposed)" in FORMATS["markdown"](plain)
    assert "- waiver: `expired after 2026-11-01: until the move; owner ops`" in FORMATS["markdown"](plain)
    assert "title=SPF-EXISTS example.org (as proposed)::" in FORMATS["annotations"](plain)
    assert log(plain)["results"][0]["properties"]["proposed"] is True
    assert log(plain)["results"][0]["suppressions"] == []
    (row,) = rows(plain)
    assert (row["proposed"], row["waiver"]) == ("yes", expired.summary)


def test_a_place_of_a_findings_own_is_shown_in_place_of_the_inventorys_line() -> None:
    plain = document(result(at=Place("captured/mx1.exim", 12)))
    assert "- where: `captured/mx1.exim:12`" in FORMATS["markdown"](plain)
    assert FORMATS["annotations"](plain).startswith("::warning file=captured/mx1.exim,line=12,title=")
    assert '<span class="place">captured/mx1.exim:12</span>' in FORMATS["html"](plain)
    (row,) = rows(plain)
    assert (row["file"], row["line"]) == ("captured/mx1.exim", "12")


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
    plain = document(
        result(level="MUST", target="old.example", change="known"),
        result(level="MAY", target="new.example", change="new"),
    )
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


def test_prometheus_is_read_by_its_own_parser() -> None:
    found = samples(one_of_each())
    counts: Counter[str] = Counter()
    for sample in found["mailproof_verdicts"]:
        counts[sample.labels["verdict"]] += int(sample.value)
    assert counts == one_of_each().counts
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


def test_csv_has_a_row_for_each_verdict() -> None:
    found = rows(one_of_each())
    assert Counter(row["verdict"] for row in found) == one_of_each().counts
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
    assert row["target"].replace("'", "") == lines.replace("'", "")
    assert len(FORMATS["annotations"](plain).splitlines()) == 1

    found = tokens(FORMATS["markdown"](plain))
    assert [t.content for t in found if t.type == "fence"] == [f"{shown}\n"]
    assert {t.attrs["href"] for t in found if t.type == "link_open"} == {REFERENCE.url}
    assert not any(t.type == "image" for t in found)
    assert not any("<" in OURS.sub("", t.content) for t in found if t.type in ("html_block", "html_inline"))


@given(MARKUP | st.text())
def test_any_prose_is_that_text(said: str) -> None:
    found = tokens(f"found {escape.markdown(said)} there\n")
    text = "".join(t.content for t in found if t.type in ("text", "text_special"))
    assert text == f"found {printable(said)} there"
