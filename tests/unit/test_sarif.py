"""SARIF: accepted by its model, within the limits of code scanning, with level, place and rule."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from mailproof.places import Place
from mailproof.report import sarif
from mailproof.report.formats import FORMATS

from .documents import WAIVER, document, hostile, one_of_each, result
from .rendered import log
from .sarif_model import faults


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
        justified = [{"kind": "external", "justification": WAIVER.summary}]
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


def test_names_that_somebody_wrote_into_a_result_steer_nothing() -> None:
    text = FORMATS["sarif"](document(result(control="SP\u202eF-X", target_type="Mail\u202eDomain")))
    assert "\u202e" not in "".join(text)


def test_sarif_properties_are_as_meant_and_results_say_what_became_of_them() -> None:
    fix = "auth_advertise_hosts = ${if def:tls_in_cipher {*}}"
    log = json.loads(FORMATS["sarif"](document(result(fix=fix, change="regressed", target="a.example"), result())))
    first, other = log["runs"][0]["results"]
    assert first["properties"]["fix"] == fix
    assert first["baselineState"] == "updated"
    assert "baselineState" not in other


def test_a_finding_with_a_place_of_its_own_points_there() -> None:
    (found,) = log(document(result(at=Place("captured/mx1.exim", 12))))["results"]
    assert found["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "captured/mx1.exim"},
        "region": {"startLine": 12},
    }
    (whole,) = log(document(result(at=Place("captured/mx1.exim"))))["results"]
    assert whole["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "captured/mx1.exim"}}
