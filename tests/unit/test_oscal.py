"""OSCAL assessment results, held against classes that are generated from NIST's JSON Schema of OSCAL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oscal_bindings.v1 import __oscal_schema_version__, parse_assessment_results

from mailproof.cli import main
from mailproof.gate.document import ProfileNote, RunDocument, as_json
from mailproof.report import oscal
from tests.offline.user import SOURCE
from tests.unit.documents import VERDICTS, document, hostile, one_of_each, result


def rendered(made: RunDocument) -> Any:
    """The results, which keep to the schema and refer to nothing that is not there."""
    text = oscal.render(made)
    parse_assessment_results(text)
    found = json.loads(text)["assessment-results"]
    defined = set(values(found, "uuid"))
    for name in ("subject-uuid", "observation-uuid", "risk-uuid", "actor-uuid"):
        assert set(values(found, name)) <= defined
    assert found["import-ap"]["href"].removeprefix("#") in defined
    return found["results"][0]


def values(part: Any, key: str) -> Iterator[str]:
    """All values of ``key``, at any depth."""
    if isinstance(part, dict):
        if key in part:
            yield part[key]
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from values(inner, key)


@pytest.mark.parametrize("make", [one_of_each, hostile, lambda: document()], ids=["each", "hostile", "none"])
def test_it_keeps_to_the_schema(make: Any) -> None:
    rendered(make())


def test_the_schema_would_tell() -> None:
    assert __oscal_schema_version__ == oscal.OSCAL
    text = oscal.render(one_of_each())
    for right, wrong in (('"methods"', '"method"'), ('"not-satisfied"', '"failed"'), ('"start"', '"begun"')):
        with pytest.raises(Exception, match=r"(?i)valid"):
            parse_assessment_results(text.replace(right, wrong))


@pytest.mark.parametrize(
    ("verdict", "state", "risk"),
    [
        ("pass", "satisfied", None),
        ("fail", "not-satisfied", "open"),
        ("waived", "not-satisfied", "deviation-approved"),
        ("advice", "not-satisfied", None),
        ("not applicable", None, None),
        ("inconclusive", None, None),
    ],
)
def test_a_verdict_is_an_observation_and_concludes_only_what_was_seen(
    verdict: str, state: str | None, risk: str | None
) -> None:
    made = one_of_each()
    only = [r for r in made.results if r.verdict == verdict]
    counts = {name: len(only) if name == verdict else 0 for name in VERDICTS}
    found = rendered(replace(made, results=only, counts=counts))
    assert len(found["observations"]) == len(only) > 0
    states = [f["target"]["status"]["state"] for f in found.get("findings", [])]
    assert states == [state for _ in only if state]
    assert [r["status"] for r in found.get("risks", [])] == [risk for _ in only if risk]
    assert {"name": "verdict", "ns": oscal.NAMESPACE, "value": verdict} in found["observations"][0]["props"]


def test_identifiers_are_those_of_the_same_thing_in_a_later_run_and_of_no_other() -> None:
    first = document(result(target="a.example"), result(target="b.example"))
    later = replace(first, started_at="2026-12-24T03:00:00+00:00", surveyed_at="2026-12-24T03:00:00+00:00", run="other")
    one, other = rendered(first), rendered(later)
    assert one["uuid"] != other["uuid"]
    for part in ("observations", "findings", "risks"):
        uuids = [entry["uuid"] for entry in one[part]]
        assert len(set(uuids)) == 2
        assert uuids == [entry["uuid"] for entry in other[part]]


def test_what_a_profile_demands_and_nobody_tests_is_said() -> None:
    profile = ProfileNote(
        name="ours", title="Our rules", not_covered=("Two MX hosts in two cities",), attestation=("Training",)
    )
    found = rendered(replace(document(result()), profile=profile))
    assert "tested by no control:\n\n- Two MX hosts in two cities" in found["remarks"]
    assert found["remarks"].endswith("to be attested, since nobody sees it from outside:\n\n- Training")


def test_the_command_of_the_page_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (SOURCE / "docs" / "audit-evidence.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^    mailproof (export .*)$", page, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("2026-q4").mkdir()
    Path("2026-q4/prod.json").write_text("".join(as_json(one_of_each())))
    assert main(command.split()) == 0
    text = Path(command.split()[-1]).read_text()
    parse_assessment_results(text)
    assert main(command.split()[:3]) == 0
    assert capsys.readouterr().out == text
    assert main(["export", "--oscal", "nothing.json"]) == 4
