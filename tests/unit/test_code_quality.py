"""GitLab's Code Quality report, as its documentation describes it."""

from __future__ import annotations

import json

from mailproof.report.formats import FORMATS
from tests.unit.documents import HOSTILE, document, one_of_each, result


def test_findings_are_issues_with_what_gitlab_demands() -> None:
    made = one_of_each()
    issues = json.loads(FORMATS["codequality"](made))
    assert {one["fingerprint"] for one in issues} == {
        one.id for one in made.results if one.verdict in ("fail", "advice")
    }
    for one in issues:
        assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert one["description"]
        assert one["location"]["path"]
        assert not one["location"]["path"].startswith(("/", "./"))
        assert one["location"]["lines"]["begin"] >= 1


def test_text_of_others_is_text() -> None:
    text = FORMATS["codequality"](document(result("fail", observed=HOSTILE, target=HOSTILE)))
    (issue,) = json.loads(text)
    assert issue["description"].isprintable()
    assert len(issue["description"]) <= 1024


def test_a_finding_without_a_place_is_at_the_inventory() -> None:
    (issue,) = json.loads(FORMATS["codequality"](document(result("fail", file="", line=0))))
    assert issue["location"] == {"path": "prod", "lines": {"begin": 1}}
