"""The HTML page's content: groups, scores, what is packed, what is harmless. How it behaves is tested in a browser."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproof.controls import Reference
from mailproof.gate.document import (
    BaselineNote,
    Decision,
    DifferenceNote,
    OwnProfile,
    ProfileNote,
    Source,
    WaiverNote,
    WaiverState,
)
from mailproof.gate.verdict import Verdict
from mailproof.report.grouping import MAX_SHAPES, by_shape, shape
from mailproof.report.html import packing, render
from mailproof.report.html.view import BANDS, RANKS, Tally, build
from tests.unit.fleet import document


def unpacked(page: str, name: str) -> Any:
    match = re.search(f'id="data-{name}"[^>]*>([^<]+)<', page)
    assert match is not None
    return json.loads(gzip.decompress(base64.b64decode(match[1])))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("mx.a.example[11.1.1.1]:25 is slow", "mx.a.example[11.1.1.1]:25"), ("b is slow", "b")),
        (("CN=a.example expired on 2026-11-20", "x"), ("CN=b.c.example expired on 2025-01-02", "x")),
        (("no route to 11.1.2.3", "x"), ("no route to 2600:11:4::25", "x")),
        (("the key has 1024 bits", "x"), ("the key has 512 bits", "x")),
    ],
)
def test_messages_of_one_shape(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert shape(*one) == shape(*other)


def test_messages_of_different_shapes() -> None:
    assert shape("refused: no connection", "x") != shape("timed out: no greeting", "x")


def test_too_many_shapes_are_one_group() -> None:
    words = [f"{'x' * number}" for number in range(1, MAX_SHAPES + 2)]
    assert len(by_shape(words[:-1], lambda _: ("one",), str)) == MAX_SHAPES
    assert by_shape(words, lambda _: ("one",), str) == [(("one",), words)]


def test_every_finding_is_in_exactly_one_group() -> None:
    content = document(30)
    view = build(content.results)
    listed = [id for _, groups in view.sections for g in groups for row in g.rows for id, _ in row.results]
    amiss = [r.id for r in content.results if r.verdict not in ("pass", "not applicable")]
    assert sorted(listed) == sorted(amiss)


def test_files_of_a_directory_have_one_card() -> None:
    first = replace(document(1).results[0], domains=(), host="", target_type="ReportFile")
    results = [replace(first, target=f"rua/{number}.xml.gz") for number in range(9)]
    zone = replace(first, target="0/26.2.0.192.in-addr.arpa", target_type="ReverseZone")
    assert {name: sum(tally.values()) for name, tally in build([*results, zone]).domains} == {"rua/": 9, zone.target: 1}


def test_counts_of_domains_targets_and_controls_add_up() -> None:
    content = document(30)
    view = build(content.results)
    for tallies in (
        [tally for _, tally in view.domains],
        [line.tally for line in view.targets],
        [cell for line in view.targets for cell in line.cells.values()],
        [line.tally for line in view.controls],
    ):
        assert sum(tallies, Tally()) == view.tally
    assert view.tally["must"] + view.tally["should"] + view.tally["may"] == content.counts["fail"]


def test_the_worst_finding_decides_the_band_of_the_score() -> None:
    assert Tally({"pass": 199, "must": 1, "none": 50}).score == 38
    assert Tally({"none": 3}).score is None
    assert Tally({"pass": 1, "inconclusive": 3}).score == 47
    assert Tally({"pass": 1, "advice": 99}).score == 90
    assert Tally({"pass": 7}).score == 100


@given(
    st.dictionaries(st.sampled_from(RANKS), st.integers(1, 999)),
    st.dictionaries(st.sampled_from(RANKS), st.integers(1, 999)),
)
def test_who_has_the_worse_finding_never_has_the_better_score(one: dict[str, int], other: dict[str, int]) -> None:
    worse, better = sorted((Tally(one), Tally(other)), key=lambda tally: BANDS[tally.worst])
    if BANDS[worse.worst] < BANDS[better.worst] and worse.score is not None and better.score is not None:
        assert worse.score < better.score


def test_the_worst_domain_comes_first() -> None:
    first = ("customer00000.example",)
    results = [replace(r, verdict=Verdict.PASS) if r.domains == first else r for r in document(8).results]
    names = [name for name, _ in build(results).domains]
    assert names == ["customer00001.example", "customer00000.example"]


def test_one_reason_is_told_once_and_names_what_it_leaves_open() -> None:
    content = document(200)
    sections = dict(build(content.results).sections)
    (group,) = sections["inconclusive"]
    assert [row.target.split(".")[0] for row in group.rows] == ["mx1", "mx2", "mx3"]
    assert all(len(row.results) == 100 for row in group.rows)


def test_the_same_document_gives_the_same_page() -> None:
    content = document(400)
    assert render(content) == render(document(400))


def test_what_is_not_in_the_markup_is_packed() -> None:
    content = document(2000)
    page = render(content)
    marked = set(re.findall(r'id="finding-([0-9a-f]{12})"', page))
    packed = {id for group in unpacked(page, "rows") for ids in group[3] for id in ids.split(" ")}
    amiss = {r.id for r in content.results if r.verdict not in ("pass", "not applicable")}
    assert not marked & packed
    assert marked | packed == amiss
    overview = unpacked(page, "overview")
    assert len(overview["targets"]) == 2000
    total = sum(sum(overview["cells"][cell]) for _, _, _, cells in overview["targets"] for cell in cells if cell >= 0)
    assert total == len(content.results)


def test_packing_gives_up_rows_to_stay_within_its_budget() -> None:
    values = [f"{number:x}" * 9 for number in range(5000)]
    packed, limit = packing.pack_within(lambda number: values[:number], 5000, 8000)
    assert len(packed) <= 8000
    assert 0 < limit < 5000


def test_links_lead_to_the_web_or_nowhere() -> None:
    content = document(2)
    references = (
        Reference("good", "https://example.org/a?b=1&c"),
        Reference("bad", "javascript:alert(1)"),
        Reference("worse", " data:text/html,x"),
    )
    content.results = [replace(result, references=references) for result in content.results]
    links = set(re.findall(r'<a href="([^#"][^"]*)"', render(content)))
    assert links == {"https://example.org/a?b=1&amp;c"}


def test_an_open_gate_without_findings() -> None:
    content = document(3)
    content.results = [result for result in content.results if result.verdict is Verdict.PASS]
    content.decision = Decision(True, ())
    page = render(content)
    assert "PASS: the gate is open" in page
    assert "No findings." in page


def test_a_run_without_results_has_a_page() -> None:
    content = document(0)
    content.decision = Decision(False, ("nothing was checked: no control had a target",))
    assert "nothing was checked" in render(content)


def test_waivers_profile_and_baseline_are_shown() -> None:
    content = document(3)
    index = next(number for number, result in enumerate(content.results) if result.verdict is Verdict.FAIL)
    terms: dict[str, Any] = {"control": content.results[index].control, "target": "mx*", "reason": "new <MX> in May"}
    waiver = WaiverNote(**terms, expires="2026-12-31", days_left=38)
    content.results[index] = replace(content.results[index], verdict=Verdict.WAIVED, waiver=waiver, change="known")
    content.waivers = [
        WaiverState(**terms, expires="2026-12-31", days_left=38, owner="ops", state="used", findings=1),
    ]
    content.profile = ProfileNote(
        name="strict",
        title="A strict one",
        source=Source("Our policy", "https://example.org/policy", "2026"),
        not_covered=("ARC",),
        off={"SPF-RULE-1": "not ours"},
        attestation=("somebody reads <reports>", "staff are trained"),
    )
    content.own_profiles = [
        OwnProfile(name="parked", title="Parked", entries=("a.example",), attestation=("none send",))
    ]
    mended = DifferenceNote(control="A-B", target="t", former="old", before="fail", after="pass", message="x")
    content.baseline = BaselineNote(
        inventory="fleet",
        started_at="2026-11-01",
        counts={"mended": 1, "new": 0},
        new=(),
        regressed=(),
        mended=(mended,),
        gone=(),
    )
    page = render(content)
    for part in (
        "known; until 2026-12-31 (38 days left): new &lt;MX&gt; in May",
        "38 days left",
        "strict: A strict one",
        "no control tests it yet: ARC",
        "What strict demands beside, and nobody sees from outside:",
        "<li>somebody reads &lt;reports&gt;</li><li>staff are trained</li>",
        "What parked demands beside",
        "<li>none send</li>",
        "(formerly old): fail → pass",
        'id="section-waived"',
    ):
        assert part in page
