"""`mailproof monitoring`: alert rules and a dashboard, which ask for nothing that results do not have."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from mailproof.cli import main
from mailproof.commands.monitoring import text
from mailproof.commands.pages import Pages
from mailproof.documents import write_atomically
from mailproof.gate.document import as_json
from tests.needed import needs
from tests.unit.documents import one_of_each

TESTS = Path(__file__).with_name("alerts.test.yaml")
RULES = YAML(typ="safe", pure=True).load(text("alerts"))["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads(text("dashboard"))


def expressions() -> Iterator[str]:
    """Every question that the alerts and the dashboard ask."""
    yield from (rule["expr"] for rule in RULES)
    yield from (one["expr"] for panel in DASHBOARD["panels"] for one in panel["targets"])
    yield from (one["definition"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query")


def test_they_ask_for_metrics_labels_and_values_that_results_have(tmp_path: Path) -> None:
    write_atomically(tmp_path / "prod.json", as_json(one_of_each()))
    exported = Pages((tmp_path,)).answer("/metrics").body.decode()
    series = {
        family.name: [sample.labels for sample in family.samples] for family in text_string_to_metric_families(exported)
    }
    asked = set()
    for expression in expressions():
        for name, selected in re.findall(r"\b(mailproof_\w+)(?:\{([^}]*)\})?", expression):
            asked.add(name)
            for label, how, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', selected):
                assert label in series[name][0], expression
                if label == "verdict":
                    assert set(value.split("|")) <= {labels[label] for labels in series[name]}, expression
                elif label == "scope":
                    assert (how, value) == ("=~", "whole|")
    assert asked == series.keys()


@needs("promtool")
def test_promtool_finds_each_alert_firing_and_silent() -> None:
    done = subprocess.run(["promtool", "test", "rules", str(TESTS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    cases = [
        (case["alertname"], "exp_alerts" in case)
        for group in YAML(typ="safe", pure=True).load(TESTS.read_text())["tests"]
        for case in group["alert_rule_test"]
    ]
    assert set(cases) == {(rule["alert"], fires) for rule in RULES for fires in (True, False)}


def test_the_dashboard_can_be_imported_anywhere() -> None:
    panels = DASHBOARD["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert "id" not in DASHBOARD  # of the database that it came from
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    for panel in panels:
        assert panel["targets"]
        assert panel["title"]
        assert panel["description"]
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert set(re.findall(r"\$(\w+)", "\n".join(expressions()))) <= variables.keys()
    places = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places)), "panels lie over each other"
    assert max(x for x, _ in places) < 24


@needs("promtool")
def test_promtool_takes_every_question_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": "asked", "expr": one["expr"].replace("$inventory", ".*")}
        for panel in DASHBOARD["panels"]
        for one in panel["targets"]
    ]
    groups = [{"name": str(number), "rules": [rule]} for number, rule in enumerate(rules)]
    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": groups}))
    command = ["promtool", "check", "rules", "--lint=none", str(tmp_path / "rules.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("what", ["alerts", "dashboard"])
def test_the_command_prints_them(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["monitoring", what]) == 0
    assert capsys.readouterr().out == text(what)
