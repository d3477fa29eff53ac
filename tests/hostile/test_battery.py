"""The battery against the whole suite: right verdicts, bounded cost, readable evidence, and nobody else harmed.

The suite runs twice as a user runs it: with all behaviours beside right domains, and with the right domains alone.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from tests.hostile.behaviours import BEHAVIOURS, EVERYWHERE, PHASES, Behaviour
from tests.hostile.measured import Measured, measured_run

pytestmark = pytest.mark.long

LIMITS = {
    "connect": 8, "greeting": 8, "reply": 6, "tls": 8, "dns": 5, "dns_tries": 2, "https": 8,
    "silence": 0.1, "pause": 0, "connections_per_host": 8, "connections": 70, "questions": 40, "retries": 0,
}  # fmt: skip
"""Generous to right servers, all of which run in one process here; the longest waits make up the time of the run."""

RIGHT = ("right1", "right2", "right3")

MEMORY = 1024**3
"""Octets beyond a quiet run of three domains: the peers themselves, and seven reports of 19,000 verdicts."""

FORMATS = ("--sarif=x.sarif", "--markdown=x.md", "--csv=x.csv", "--prometheus=x.prom", "--junitxml=x.xml")

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\udc80-\udcff]")
"""What no terminal, page or table may get: C0 but for blanks and line ends, C1, direction overrides, broken UTF-8."""


def write_world(directory: Path, behaviours: tuple[Behaviour, ...]) -> None:
    """A world of right domains and of hostile ones, and its inventory. YAML is a superset of JSON."""
    zone = ["$TTL 60", "@ SOA ns h 1 2 3 4 5", "@ NS ns", "@ NS ns2", "ns A 11.0.0.53", "ns2 A 11.0.1.53"]
    smtp, https, resolver = [], [], {}
    for number, name in enumerate(RIGHT):
        address = f"11.3.0.{number + 1}"
        zone += [f"{name} MX 10 mx.{name}", f"mx.{name} A {address}", f'{name} TXT "v=spf1 mx -all"']
        smtp.append({"host": f"mx.{name}.example", "addresses": [address], "behaviour": {}})
    for number, one in enumerate(behaviours):
        name, address = one.name, f"11.{4 + number // 200}.{number % 200}.1"
        zone += [line.replace("@@", name) for line in one.zone]
        if one.smtp is not None:
            zone += [f"{name} MX 10 mx.{name}", f"mx.{name} A {address}", f'{name} TXT "v=spf1 mx -all"']
            smtp.append({"host": f"mx.{name}.example", "addresses": [address], "behaviour": dict(one.smtp)})
        if one.resolver is not None:
            zone += [f"{name} MX 10 mx.right1", f'{name} TXT "v=spf1 -all"']
            resolver[one.domain] = one.resolver
        if one.site is not None:
            zone += [f"{name} MX 10 mx.right1", f'_mta-sts.{name} TXT "v=STSv1; id=1;"', f"mta-sts.{name} A {address}"]
            site = {"body": "version: STSv1\nmode: none\nmax_age: 86400\n", **one.site}
            https.append({"hosts": [f"mta-sts.{one.domain}"], "addresses": [address], "site": site})
    plan = {"zones": {".": "root.zone", "example": "example.zone"}, "behaviour": resolver, "smtp": smtp, "https": https}
    inventory = {
        "world": "world",
        "active": True,
        "domains": [*(f"{name}.example" for name in RIGHT), *(one.domain for one in behaviours)],
        "limits": LIMITS,
        "probe": {"ehlo": "mx.right1.example", "sender": "postmaster@right1.example"},
    }
    (directory / "world").mkdir(parents=True)
    (directory / "world" / "world.yaml").write_text(json.dumps(plan))
    (directory / "world" / "example.zone").write_text("\n".join(zone) + "\n")
    (directory / "world" / "root.zone").write_text("@ 60 SOA ns.example. h.example. 1 2 3 4 5\n@ 60 NS ns.example.\n")
    (directory / "hostile.yaml").write_text(json.dumps(inventory))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    directory = tmp_path_factory.mktemp("quiet")
    write_world(directory, ())
    return measured_run(directory, "--inventory=hostile.yaml", *FORMATS)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    directory = tmp_path_factory.mktemp("hostile")
    write_world(directory, BEHAVIOURS)
    return measured_run(directory, "--inventory=hostile.yaml", "--record=seen.json", *FORMATS)


Results = dict[str, dict[tuple[str, str], Mapping[str, Any]]]


@cache
def document(measured: Measured) -> dict[str, Any]:
    """The JSON report, read once; that it keeps to its schema takes seconds to check and is checked elsewhere."""
    loaded: dict[str, Any] = json.loads((measured.run.reports / "hostile.json").read_text(encoding="utf-8"))
    return loaded


def by_domain(measured: Measured) -> Results:
    """Results by mail domain, and for it by control and target."""
    found: Results = {}
    for result in document(measured)["results"]:
        domains = {result["target"], *result["domains"]}
        for domain in domains:
            found.setdefault(domain, {})[result["control"], result["target"]] = result
    return found


@pytest.fixture(scope="module")
def results(hostile: Measured) -> Results:
    return by_domain(hostile)


def test_the_battery_has_more_than_a_hundred_distinct_behaviours() -> None:
    assert len(BEHAVIOURS) >= 140
    assert len({one.name for one in BEHAVIOURS}) == len(BEHAVIOURS)
    assert len({(one.where, one.does) for one in BEHAVIOURS}) == len(BEHAVIOURS)


def test_no_probe_and_no_control_breaks(hostile: Measured) -> None:
    assert hostile.run.code == 1, hostile.run.output[-3000:] + hostile.run.errors
    broken = [
        (r["control"], r["target"], r["observed"], r["evidence"])
        for r in document(hostile)["results"]
        if "internal error" in r["observed"] or "the control itself broke" in r["observed"]
    ]
    assert broken == []
    assert "Traceback" not in hostile.run.output + hostile.run.errors
    assert hostile.run.errors == ""


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name[:40])
def test_the_verdicts_are_right(results: Results, behaviour: Behaviour) -> None:
    found = results.get(behaviour.domain, {})
    assert found, f"nothing was judged for {behaviour.domain}"
    for control, right in behaviour.expected.items():
        verdicts = {_verdict(result, found) for (id, _), result in found.items() if id == control}
        assert verdicts, f"{control} judged nothing"
        assert verdicts <= set(right), (control, [r for (id, _), r in found.items() if id == control])


def _verdict(result: Mapping[str, Any], found: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """The verdict; of what is left to the control that owns the fault, what it would be but for that."""
    if not result["left_to"]:
        return str(result["verdict"])
    owners = {other["verdict"] for (id, _), other in found.items() if id == result["left_to"]}
    assert owners & {"fail", "advice", "inconclusive"}, "a fault that no verdict shows excuses nothing"
    return "inconclusive"


@pytest.mark.parametrize("fault", EVERYWHERE)
def test_what_comes_before_the_fault_is_judged_all_the_same(results: Results, fault: str) -> None:
    """A phase that breaks costs what depends on it and nothing else."""
    for phase in PHASES[5:]:
        found = results[f"{fault}-{phase.lower()}.example"]
        assert {r["verdict"] for (id, _), r in found.items() if id == "SMTP-STARTTLS-WORKS"} == {"pass"}


def test_every_other_target_is_unharmed(quiet: Measured, results: Results) -> None:
    """Exactly the verdicts of a run in which nobody is hostile."""
    alone = by_domain(quiet)
    for name in RIGHT:
        domain = f"{name}.example"
        before = {key: result["verdict"] for key, result in alone[domain].items()}
        after = {key: result["verdict"] for key, result in results[domain].items() if key in before}
        assert after == before
        assert "pass" in before.values()


def test_memory_is_bounded(quiet: Measured, hostile: Measured) -> None:
    assert hostile.memory < quiet.memory + MEMORY, (hostile.memory, quiet.memory)


def test_private_addresses_are_not_followed(hostile: Measured, results: Results) -> None:
    found = results["private.example"]
    left = found["SMTP-GREET-220", "mx.private.example[10.0.0.1]:25"]
    assert (left["verdict"], left["left_to"]) == ("not applicable", "MX-PUBLIC-ADDR")
    assert found["MX-PUBLIC-ADDR", "mx.private.example"]["verdict"] == "fail"
    assert "10.0.0.1" not in document(hostile)["traffic"]["connections"]


def test_questions_and_connections_are_bounded(hostile: Measured) -> None:
    traffic = document(hostile)["traffic"]
    assert sum(traffic["questions"].values()) < 40 * (len(BEHAVIOURS) + len(RIGHT))
    assert max(traffic["connections"].values()) <= 75


def test_a_host_list_without_end_is_cut_and_says_so(hostile: Measured) -> None:
    assert "300 MX hosts: only the first 20 are looked at" in json.dumps(document(hostile))


def test_the_hostile_text_was_really_seen(hostile: Measured) -> None:
    """Otherwise the next tests prove nothing."""
    text = json.dumps(document(hostile), ensure_ascii=False)
    assert text.count("<script>alert('x')</script>") > 10


def test_no_control_character_gets_out(hostile: Measured) -> None:
    directory = hostile.run.reports.parent
    shown = {name.partition("=")[2] for name in FORMATS}
    texts = {name: (directory / name).read_text(encoding="utf-8") for name in shown}
    texts |= {"output": hostile.run.output, "hostile.html": (hostile.run.reports / "hostile.html").read_text("utf-8")}
    texts["packed"] = "".join(
        gzip.decompress(base64.b64decode(data)).decode()
        for data in re.findall(r'type="application/octet-stream"[^>]*>([^<]+)<', texts["hostile.html"])
    )
    for name, text in texts.items():
        found = CONTROLS.search(text)
        assert found is None, (name, text[max(0, found.start() - 200) : found.end() + 50])


def test_nothing_is_taken_for_markup_or_a_formula(hostile: Measured) -> None:
    directory = hostile.run.reports.parent
    page = (hostile.run.reports / "hostile.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<script>" not in MarkdownIt("commonmark").render((directory / "x.md").read_text(encoding="utf-8"))
    ElementTree.parse(directory / "x.xml")
    json.loads((directory / "x.sarif").read_text(encoding="utf-8"))
    assert "&lt;script&gt;" in page


def test_the_record_of_it_all_is_judged_alike(hostile: Measured) -> None:
    directory = hostile.run.reports.parent
    again = measured_run(directory, "--inventory=hostile.yaml", "--replay=seen.json", "--report-dir=again")
    assert again.run.code == 1
    judged = json.loads((directory / "again" / "hostile.json").read_text(encoding="utf-8"))
    seen = document(hostile)["results"]
    assert [(r["control"], r["target"], r["verdict"]) for r in judged["results"]] == [
        (r["control"], r["target"], r["verdict"]) for r in seen
    ]
