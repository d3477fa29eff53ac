"""One run of the demo world in every format: they agree on the counts, and none holds what is not theirs to show."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from junitparser import Error, Failure, JUnitXml, Properties, Skipped
from prometheus_client.parser import text_string_to_metric_families

from mailproof.cli import main
from mailproof.gate.document import read_document
from mailproof.gate.verdict import Verdict
from mailproof.report.formats import FORMATS
from mailproof.report.history import append, trend
from tests.offline.test_reports import EVIL_ZONE, INVENTORY, WORLD
from tests.offline.user import Run, pytest_run, write_inventory

DOMAINS = "domains: [right.example, no-spf.example, plus-all.example, no-starttls.example, unreachable.example]\n"

WAIVER = """waivers:
  - {control: SPF-ALL-STRICT, target: plus-all.example, reason: the move, expires: 2099-12-31}
  - {control: MX-PORT25-OPEN, target: mx.unreachable.example*, reason: the move, expires: 2099-12-31}
"""
"""What rests on a fault that is waived is inconclusive again."""

SITE = "documentation: https://docs.example.org/mailproof\n"

FILES = {"sarif": "out.sarif", "markdown": "out.md", "prometheus": "out.prom", "csv": "out.csv"}

OPTIONS = tuple(part for name, file in FILES.items() for part in (f"--{name}", file))


@dataclass(frozen=True)
class Rendered:
    """A run, and the files that it wrote beside its reports."""

    run: Run
    directory: Path

    def text(self, name: str) -> str:
        return (self.directory / name).read_bytes().decode("utf-8")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    directory = tmp_path_factory.mktemp("formats")
    write_inventory(directory, DOMAINS + WAIVER + SITE)
    (directory / "summary.md").write_text("## Another step\n")
    run = pytest_run(
        directory,
        *("--inventory", "prod.yaml", *OPTIONS, "--history", "history.sqlite", "--junitxml", "junit.xml"),
        environment={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(directory / "summary.md")},
    )
    assert run.code == 1, run.output + run.errors
    return Rendered(run, directory)


@pytest.fixture(scope="module")
def document(demo: Rendered) -> Any:
    return demo.run.document("prod")


def test_the_run_has_something_of_everything(document: Any) -> None:
    """Otherwise the comparison of the counts proves little."""
    assert all(document["counts"][verdict] for verdict in Verdict), document["counts"]


def test_all_formats_agree_on_the_counts(demo: Rendered, document: Any) -> None:
    counts = Counter(document["counts"])
    assert Counter(r["verdict"] for r in document["results"]) == counts

    table = list(csv.DictReader((demo.directory / "out.csv").open(newline="", encoding="utf-8"), strict=True))
    assert Counter(row["verdict"] for row in table) == counts

    metrics: Counter[str] = Counter()
    findings = 0
    for family in text_string_to_metric_families(demo.text("out.prom")):
        for sample in family.samples:
            if family.name == "mailproof_verdicts":
                metrics[sample.labels["verdict"]] += int(sample.value)
            findings += family.name == "mailproof_finding"
    assert metrics == counts
    assert findings == counts["fail"]

    (sarif,) = json.loads(demo.text("out.sarif"))["runs"]
    reported = Counter(r["properties"]["verdict"] for r in sarif["results"])
    assert reported == Counter({verdict: counts[verdict] for verdict in ("fail", "advice", "waived")})
    assert sum(bool(r["suppressions"]) for r in sarif["results"]) == counts["waived"]
    families = {result["control"]: result["family"] for result in document["results"]}
    for rule in sarif["tool"]["driver"]["rules"]:
        page = f"controls/{families[rule['id']]}/{rule['id']}.html"
        assert rule["helpUri"] == f"https://docs.example.org/mailproof/{page}"
    (invocation,) = sarif["invocations"]
    assert len(invocation["toolExecutionNotifications"]) == counts["inconclusive"]
    assert sarif["properties"]["counts"] == document["counts"]

    for title, verdict in (
        ("Findings", "fail"),
        ("Could not be verified", "inconclusive"),
        ("Advice", "advice"),
        ("Waived", "waived"),
    ):
        assert f"### {title} ({counts[verdict]})\n" in demo.text("out.md")

    suites = JUnitXml.fromfile(str(demo.directory / "junit.xml"))
    kinds = Counter(type(case.result[0]) if case.result else None for suite in suites for case in suite)
    assert kinds == {
        None: counts["pass"],
        Failure: counts["fail"],
        Error: counts["inconclusive"],
        Skipped: counts["advice"] + counts["waived"] + counts["not applicable"],
    }
    assert (suites.tests, suites.failures, suites.errors) == (
        *(len(document["results"]), counts["fail"], counts["inconclusive"]),
    )

    (point,) = trend(demo.directory / "history.sqlite")
    assert point.counts == document["counts"]
    assert point.findings == counts["fail"]

    line = "  ".join(f"{verdict}: {number}" for verdict, number in document["counts"].items())
    assert line in demo.run.output.splitlines()


def test_junit_properties_say_what_was_judged(demo: Rendered, document: Any) -> None:
    suites = JUnitXml.fromfile(str(demo.directory / "junit.xml"))
    told = {}
    for suite in suites:
        for case in suite:
            properties = {p.name: p.value for p in case.child(Properties)}  # type: ignore[no-untyped-call]
            told[properties["control"], properties["target"]] = properties["verdict"]
    assert told == {(r["control"], r["target"]): r["verdict"] for r in document["results"]}


@pytest.mark.parametrize(("name", "file"), FILES.items())
def test_an_earlier_result_is_rendered_to_the_same_bytes(
    name: str, file: str, demo: Rendered, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(demo.run.reports / "prod.json"), "--format", name]) == 0
    assert capsys.readouterr().out == demo.text(file)


def test_findings_stand_at_their_line_of_the_inventory(demo: Rendered, document: Any) -> None:
    lines = (demo.directory / "prod.yaml").read_text().splitlines()
    (sarif,) = json.loads(demo.text("out.sarif"))["runs"]
    for result in sarif["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "prod.yaml"
        assert lines[place["region"]["startLine"] - 1].startswith("domains:")


def test_a_job_of_github_gets_annotations_and_a_summary(demo: Rendered) -> None:
    document, output = read_document(demo.run.reports / "prod.json"), demo.run.output
    annotated = re.findall(r"^::(?:error|warning|notice) .*$", output, re.MULTILINE)
    assert annotated == FORMATS["annotations"](document).splitlines()
    assert 0 < len(annotated) <= 10
    assert annotated[0].split("::")[1].split(",")[0].endswith("file=prod.yaml")
    (token,) = re.findall(r"^::stop-commands::(\w+)$", output, re.MULTILINE)
    stop, go = output.index("::stop-commands::"), output.index(f"::{token}::")
    assert stop < output.index("FAIL  SPF-EXISTS") < go < output.index("::warning file=")
    assert demo.text("summary.md").startswith("## Another step\n## mailproof: `prod`\n")


def test_the_reports_are_named_before_the_decision(demo: Rendered) -> None:
    lines = demo.run.output.rstrip().splitlines()
    named = {Path(line.removeprefix("report: ")).name for line in lines if line.startswith("report: ")}
    assert {"prod.json", "history.sqlite", *FILES.values()} <= named
    assert lines[-1].startswith("decision: FAIL")


def test_outside_of_a_job_there_are_no_annotations(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "--control", "SPF-EXISTS")
    assert run.code == 1
    assert not any(line.startswith("::") for line in run.output.splitlines())


def test_xdist_writes_every_format_once(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    arguments = ("--inventory", "prod.yaml", "--control", "SPF-*", *OPTIONS, "--history", "history.sqlite", "-n", "2")
    run = pytest_run(tmp_path, *arguments)
    assert run.code == 1, run.output + run.errors
    document = read_document(run.reports / "prod.json")
    for name, file in FILES.items():
        assert (tmp_path / file).read_bytes().decode() == FORMATS[name](document)
    assert len(trend(tmp_path / "history.sqlite")) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sarif", "."), "--sarif: "),
        (("--history", "prod.yaml"), "--history: "),
        (("--history", "."), "--history: "),
    ],
)
def test_a_destination_that_cannot_be_is_refused_before_the_survey(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    write_inventory(tmp_path, DOMAINS)
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", *arguments)
    assert run.code == 4
    assert message in run.errors
    assert "survey" not in run.output
    assert "Traceback" not in run.output + run.errors


@pytest.mark.parametrize("option", ["--csv", "--sarif", "--history", "--record"])
def test_a_report_that_could_not_be_written_is_refused_before_anything_is_contacted(
    tmp_path: Path, option: str
) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    (tmp_path / "file").touch()
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", option, "file/out")
    assert run.code == 4
    assert f"{option}: {tmp_path}/file/out cannot be written: {tmp_path}/file is no directory" in run.errors
    assert "discovery" not in run.output


def test_a_report_that_cannot_be_written_ends_with_3_and_is_named(tmp_path: Path) -> None:
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    run = pytest_run(
        tmp_path,
        *("--inventory", "prod.yaml", "--control", "SPF-EXISTS", "--csv", "/dev/full", "--sarif", "out.sarif"),
    )
    assert run.code == 3
    assert "/dev/full: cannot be written" in run.output
    assert (tmp_path / "out.sarif").is_file()
    assert run.output.rstrip().splitlines()[-1].startswith("decision: FAIL")


@pytest.mark.parametrize("option", ["--sarif", "--markdown", "--prometheus", "--csv", "--history"])
def test_an_option_without_an_inventory_is_refused(option: str, tmp_path: Path) -> None:
    run = pytest_run(tmp_path, option, "out")
    assert run.code == 4
    assert f"{option} needs --inventory FILE" in run.errors


def test_secrets_and_control_characters_are_in_no_format(tmp_path: Path) -> None:
    """The inventory's secret is part of a name that is asked for, and the world answers it with hostile text."""
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "world.yaml").write_text(WORLD)
    (tmp_path / "world" / "evil.zone").write_text(EVIL_ZONE)
    (tmp_path / "world" / "root.zone").write_text("@ 60 SOA ns.evil.example. h. 1 2 3 4 5\n@ 60 NS ns.evil.example.\n")
    (tmp_path / "evil.yaml").write_text(INVENTORY)
    run = pytest_run(
        tmp_path,
        *("--inventory", "evil.yaml", *OPTIONS, "--history", "history.sqlite"),
        environment={
            "BL_KEY": "s3cr3tkey",
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        },
    )
    assert run.verdicts("evil")["DNSBL-VERDICT", "11.6.6.6@keyed"] == "fail"
    texts = {name: (tmp_path / name).read_text(encoding="utf-8") for name in (*FILES.values(), "summary.md")}
    texts |= {name: FORMATS[name](read_document(run.reports / "evil.json")) for name in FORMATS}
    texts["output"] = run.output
    for name, text in texts.items():
        assert "s3cr3tkey" not in text, name
        if name != "json":
            assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", text), name
    assert b"s3cr3tkey" not in (tmp_path / "history.sqlite").read_bytes()
    assert "<script" not in re.sub("(?s)```.*?```|`[^`\n]*`", "", texts["out.md"])
    assert "${secret:BL_KEY}" in texts["out.csv"]


def test_runs_of_several_nights_make_a_trend(
    demo: Rendered, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, read = tmp_path / "history.sqlite", read_document(demo.run.reports / "prod.json")
    for night in (1, 2, 3):
        append(file, replace(read, started_at=f"2026-11-0{night}T03:00:00+00:00"))
    assert main(["history", str(file)]) == 0
    shown = capsys.readouterr().out
    assert [line[:10] for line in shown.splitlines()[2:5]] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert "2026-11-01  SHOULD  SPF-EXISTS  no-spf.example: no-spf.example publishes no SPF record" in shown
