"""Fleets on disk: results by shard, their merge, what is told of thousands of domains, and two runs compared."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailproof.cli import main
from mailproof.fleet import page, showing
from mailproof.fleet.command import expanded
from mailproof.fleet.difference import Earlier, compared, told, verdicts_of
from mailproof.fleet.plan import (
    FleetError,
    Plan,
    Settings,
    criteria_of,
    differences,
    read_division,
    read_judged,
    read_plan,
    write_plan,
)
from mailproof.fleet.results import (
    DomainTotal,
    ShardTotal,
    all_results,
    is_done,
    lean,
    lines_of,
    result_file,
    whole,
    write_shard,
)
from mailproof.fleet.running import State, locked, state_of
from mailproof.fleet.summary import Band, Summary, band_of, summarise
from mailproof.gate.baseline import Change, Verdicted, verdicted
from mailproof.gate.document import Result, Traffic
from mailproof.gate.verdict import Verdict
from mailproof.inventory.load import load_names
from mailproof.languages import LANGUAGES, Language
from mailproof.targets.shards import Divider
from tests.unit.fleet import document
from tests.unit.fleet_damage import changed, moved, of_total

SHARDS = 3


def texts_of(results: Iterable[Result]) -> dict[str, dict[str, Any]]:
    return {
        result.control: {
            "family": result.family,
            "expected": result.expected,
            "why": result.why,
            "fix": result.fix,
            "references": [{"title": reference.title, "url": reference.url} for reference in result.references],
            "harm": result.harm,
        }
        for result in results
    }


def written(directory: Path, results: Sequence[Result], more: str = "", settings: Settings = Settings()) -> Plan:  # noqa: B008
    """A fleet whose shards are done, with these results; every third target lies in one shard."""
    names = sorted({result.domains[0] for result in results})
    directory.mkdir(parents=True)
    inventory = directory.parent / "fleet.yaml"
    (directory.parent / "names.txt").write_text("\n".join(names))
    inventory.write_text(f"domains_from: names.txt\n{more}")
    divisions = Divider(dict.fromkeys(names, ()), (), SHARDS).all()
    plan = Plan(
        inventory=inventory,
        digest=load_names(inventory).digest,
        settings=settings,
        criteria=criteria_of(read_judged(inventory, settings, frozenset(names[:1]), date(2026, 11, 26))),
        domains=len(names),
        sizes=tuple(len(division.members) for division in divisions),
        started_at="2026-11-26T10:00:00+00:00",
        today=date(2026, 11, 26),
        controls=texts_of(results),
    )
    write_plan(directory, plan, divisions)
    for division in divisions:
        mine = sorted((r for r in results if r.domains[0] in division.own), key=lambda result: result.key)
        total = ShardTotal(
            surveyed_at=plan.started_at,
            results=len(mine),
            domains=totals_of(division.own, mine),
            traffic=Traffic({"mx": 2}, {"ns": 5}),
            controls_without_target=("A-B", "C-D") if division.shard.number == 1 else ("C-D",),
            judgeable=len(mine),
        )
        file = result_file(directory, division.shard.number)
        write_shard(file, division.shard.number, plan, mine, lambda total=total: total)  # type: ignore[misc]
    return plan


def totals_of(names: Iterable[str], results: Iterable[Result]) -> dict[str, DomainTotal]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    for result in results:
        counts[result.domains[0]][str(result.verdict)] += 1
    return {
        name: DomainTotal(mx="provider.example", ns="dns.example", counts=dict(found))
        for name, found in sorted(counts.items())
    }


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan, list[Result]]:
    directory = tmp_path_factory.mktemp("fleet") / "out"
    results = document(200).results
    return directory, written(directory, results), results


def test_a_result_says_all_that_it_said_when_it_is_read_back() -> None:
    results = document(40).results
    texts = texts_of(results)
    for result in results:
        again = whole(json.loads(json.dumps(lean(result, texts[result.control]))), texts[result.control])
        right = result.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE)
        expected = replace(result, seconds=0.0, evidence=() if right else result.evidence)
        if result.verdict is Verdict.PASS:  # as every pass of a control says
            assert again.observed in (result.observed, "as expected")
        assert again == replace(expected, observed=again.observed)


def test_a_line_does_not_repeat_what_its_control_says() -> None:
    result = document(1).results[0]
    line = lean(result, texts_of([result])[result.control])
    assert not {"why", "fix", "references", "expected", "id", "seconds", "waiver", "left_to"} & set(line)


def test_all_shards_are_one_sorted_stream(fleet: tuple[Path, Plan, list[Result]]) -> None:
    directory, plan, results = fleet
    totals: dict[int, ShardTotal] = {}
    keys = [result.key for result in all_results(directory, plan, totals)]
    assert keys == sorted(result.key for result in results)
    assert sum(total.results for total in totals.values()) == len(results)


def test_what_two_shards_judged_is_there_once(tmp_path: Path) -> None:
    results = document(8).results
    plan = written(tmp_path / "out", results)
    for number in range(1, SHARDS + 1):
        own = read_division(tmp_path / "out", number).own
        total = ShardTotal(surveyed_at=plan.started_at, results=len(results), domains=totals_of(own, ()))
        ordered = sorted(results, key=lambda result: result.key)
        write_shard(result_file(tmp_path / "out", number), number, plan, ordered, lambda: total)  # noqa: B023
    assert len(list(all_results(tmp_path / "out", plan, {}))) == len(results)


def test_of_what_two_shards_judged_the_worst_counts(tmp_path: Path) -> None:
    results = document(12).results
    plan = written(tmp_path / "out", results)
    right = next(result for result in results if result.verdict is Verdict.PASS)
    for number, verdict in enumerate((Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE), 1):
        total = ShardTotal(
            surveyed_at="", results=1, domains=totals_of(read_division(tmp_path / "out", number).own, ())
        )
        one = [replace(right, verdict=verdict)]
        write_shard(result_file(tmp_path / "out", number), number, plan, one, lambda total=total: total)  # type: ignore[misc]
    assert [result.verdict for result in all_results(tmp_path / "out", plan, {})] == [Verdict.FAIL]


def test_the_merge_counts_what_the_shards_found(fleet: tuple[Path, Plan, list[Result]]) -> None:
    directory, plan, results = fleet
    summary = summarise(directory, plan)
    counts = {str(verdict): sum(result.verdict is verdict for result in results) for verdict in Verdict}
    assert summary.run.counts == counts
    assert not summary.run.decision.open
    assert summary.run.decision.reasons == (f"{counts['fail']} findings", f"{counts['inconclusive']} inconclusive")
    assert summary.domains == plan.domains == 50
    assert summary.run.controls_without_target == ["C-D"]
    assert summary.run.traffic == Traffic({"mx": 2 * SHARDS}, {"ns": 5 * SHARDS})
    assert summary.mx["provider.example"].domains == 50
    assert sum(cause.results for cause in summary.causes.of(Verdict.FAIL)) == counts["fail"]
    fails = [total.counts.get("fail", 0) for _, total in summary.worst]
    assert fails == sorted(fails, reverse=True)


def test_three_thousand_domains_are_told_in_sixty_lines(tmp_path: Path) -> None:
    # All controls on a hundred domains, and one of them on the others.
    results = document(400).results
    first = results[0]
    results += [
        replace(first, target=f"more{number}.example", domains=(f"more{number}.example",), verdict=Verdict.FAIL)
        for number in range(2_900)
    ]
    plan = written(tmp_path / "out", results)
    summary = summarise(tmp_path / "out", plan)
    summary.plan = replace(plan, left_out=("DKIM-KEY-SHARED",))
    lines = list(showing.text(summary, [tmp_path / "summary.html"] * 4))
    assert "not judged, as no shard knows all domains (pytest does): DKIM-KEY-SHARED" in lines
    assert plan.domains == 3_000
    assert len(lines) <= 60
    assert max(map(len, lines)) <= showing.WIDTH
    assert lines[-1].startswith("decision: FAIL, the gate stays closed: ")
    # What times out at many targets has one cause.
    (unseen,) = [line for line in lines if "no greeting from" in line]
    assert f"{summary.run.counts['inconclusive']:,} verdicts of 100 controls" in unseen


def test_reports_hold_nothing_that_markup_or_a_spreadsheet_would_take_for_its_own(tmp_path: Path) -> None:
    results = [
        replace(result, message=f"=cmd() <script>{result.target}", observed="<script>", verdict=Verdict.FAIL)
        for result in document(4).results
    ]
    plan = written(tmp_path / "out", results)
    summary = summarise(tmp_path / "out", plan)
    text = "".join(page.render(summary))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert text.count("<table") == text.count("</table>") > 4
    table = "".join(showing.domains_csv(summary.totals))
    assert table.splitlines()[0].startswith("domain,band,mx operator,")
    assert len(table.splitlines()) == 1 + plan.domains
    assert showing.totals_csv(summary).splitlines()[0] == "control,level,verdict,number"
    metrics = showing.prometheus(summary)
    assert 'mailproof_fleet_gate_open{inventory="fleet"} 0' in metrics
    assert len(set(metrics.splitlines())) == len(metrics.splitlines())


@pytest.mark.parametrize(
    ("counts", "band"),
    [
        ({"pass": 9}, Band.RIGHT),
        ({"pass": 9, "inconclusive": 1}, Band.UNVERIFIED),
        ({"fail": 2, "inconclusive": 1}, Band.FEW),
        ({"fail": 3}, Band.SOME),
        ({"fail": 10}, Band.MANY),
    ],
)
def test_the_band_of_a_domain_follows_from_its_findings(counts: dict[str, int], band: Band) -> None:
    assert band_of(DomainTotal(mx="", ns="", counts=counts)) is band


def test_waivers_are_settled_over_the_whole_fleet(tmp_path: Path) -> None:
    waiver = "waivers: [{control: SPF-*, target: nobody.example, reason: r, expires: 2999-01-01}]\n"
    plan = written(tmp_path / "out", document(4).results, waiver)
    summary = summarise(tmp_path / "out", plan)
    assert [state.state for state in summary.run.waivers] == ["open"]
    assert summary.unmatched == ["SPF-* on nobody.example"]


def test_two_runs_are_compared_as_streams() -> None:
    base = document(1).results[0]

    def judged(*verdicts: tuple[str, Verdict]) -> list[Verdicted]:
        return [verdicted(replace(base, target=target, verdict=verdict)) for target, verdict in verdicts]

    old = judged(
        ("a", Verdict.PASS), ("b", Verdict.FAIL), ("c", Verdict.FAIL), ("e", Verdict.FAIL), ("f", Verdict.PASS)
    )
    new = judged(
        ("a", Verdict.FAIL), ("b", Verdict.FAIL), ("c", Verdict.PASS), ("d", Verdict.FAIL), ("f", Verdict.PASS)
    )
    listed, counts = told(compared(old, new))
    assert {(one.target, one.change) for one in listed} == {
        ("a", Change.REGRESSED),
        ("c", Change.MENDED),
        ("d", Change.NEW),
        ("e", Change.GONE),
    }
    assert (counts[Change.KNOWN], counts[Change.UNCHANGED]) == (1, 1)
    assert told(compared(old, old))[0] == told(compared([], []))[0] == []
    assert told(compared([], new))[1] == {Change.NEW: 3, Change.ADDED: 2}


def renamed(results: list[Result], formerly: Mapping[str, str]) -> list[Result]:
    """The same of a release in which controls had other ids."""
    former = {present: id for id, present in formerly.items()}
    return [replace(result, control=former.get(result.control, result.control)) for result in results]


def test_a_control_that_was_renamed_is_neither_mended_nor_new(tmp_path: Path, capsys: Any) -> None:
    """Its former id sorts after all others, and its present one before most."""
    results = list(document(12).results)
    found = next(result.control for result in results if result.verdict is Verdict.FAIL)
    formerly = {"ZZ-OLD": found}
    written(tmp_path / "old" / "out", renamed(results, formerly))
    present = replace(written(tmp_path / "new" / "out", results), formerly=formerly)
    present = replace(present, started_at="2026-11-27T10:00:00+00:00")
    old = verdicts_of(tmp_path / "old" / "out", read_plan(tmp_path / "old" / "out"), formerly)
    plan = read_plan(tmp_path / "new" / "out")
    assert [one.key for one in old] == [one.key for one in verdicts_of(tmp_path / "new" / "out", plan, formerly)]
    earlier = Earlier.of(tmp_path / "old" / "out", present)
    changes = Counter(earlier.change(result) for result in all_results(tmp_path / "new" / "out", plan, {}))
    assert changes.keys() == {Change.KNOWN, Change.UNCHANGED}
    write_plan(tmp_path / "new" / "out", replace(plan, formerly=formerly), ())
    assert main(["fleet", "diff", str(tmp_path / "old" / "out"), str(tmp_path / "new" / "out")]) == 0
    assert "0 new, 0 regressed" in capsys.readouterr().out
    write_plan(tmp_path / "new" / "out", plan, ())
    assert main(["fleet", "diff", str(tmp_path / "old" / "out"), str(tmp_path / "new" / "out")]) == 1


def test_of_two_controls_that_became_one_what_is_amiss_counts(tmp_path: Path) -> None:
    base = document(1).results[0]
    both = [
        replace(base, control=control, verdict=verdict, message=control, family="X")
        for control, verdict in (("A-ONE", Verdict.PASS), ("B-TWO", Verdict.FAIL), ("C-THREE", Verdict.PASS))
    ]
    plan = written(tmp_path / "out", both)
    found = list(verdicts_of(tmp_path / "out", plan, {"A-ONE": "C-THREE", "B-TWO": "C-THREE"}))
    assert [(one.control, one.verdict, one.message) for one in found] == [("C-THREE", Verdict.FAIL, "B-TWO")]


def test_the_command_compares_two_runs(fleet: tuple[Path, Plan, list[Result]], tmp_path: Path, capsys: Any) -> None:
    directory, _, results = fleet
    assert main(["fleet", "diff", str(directory), str(directory)]) == 0
    assert "0 new, 0 regressed" in capsys.readouterr().out
    number = next(n for n, result in enumerate(results) if result.verdict is Verdict.PASS)
    worse = [*results[:number], replace(results[number], verdict=Verdict.FAIL), *results[number + 1 :]]
    written(tmp_path / "later", worse)
    assert main(["fleet", "diff", str(directory), str(tmp_path / "later")]) == 1
    told_of = capsys.readouterr().out
    assert f"Regressed: 1\n  {results[number].control}  {results[number].target}  pass -> fail" in told_of


def test_the_command_shows_one_domain(fleet: tuple[Path, Plan, list[Result]], capsys: Any) -> None:
    directory, plan, results = fleet
    name = "customer00001.example"
    assert main(["fleet", "show", str(directory), name]) == 0
    shown = capsys.readouterr().out
    mine = [result for result in results if name in result.domains]
    amiss = [result for result in mine if result.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)]
    assert sum(line.startswith(("FAIL", "ADVICE", "INCONCLUSIVE")) for line in shown.splitlines()) == len(amiss) > 0
    assert "| 220 " in shown
    assert main(["fleet", "show", str(directory), name, "--language", "de"]) == 0
    german = capsys.readouterr().out
    assert german.startswith(f"{name}, geprüft in der Flotte vom {plan.started_at}")
    assert "\n  Regel  " in german
    assert main(["fleet", "show", "--all", str(directory), name]) == 0
    assert sum(line.startswith("PASS") for line in capsys.readouterr().out.splitlines()) > len(amiss)
    assert main(["fleet", "show", str(directory), "nobody.example"]) == 4
    assert "is no domain of this fleet" in capsys.readouterr().err
    assert plan.shards == SHARDS


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda octets: b"", "damaged"),
        (lambda octets: gzip.compress(b""), "it is empty"),
        (lambda octets: gzip.compress(b"1\n"), "no JSON object"),
        (moved(lambda lines: [b"7", *lines]), "no JSON object"),
        (moved(lambda lines: [b'{"control":"A"}', *lines]), "target"),
        (changed(0, shard=2), "it holds shard 2"),
        (changed(1, verdict="good"), "no such verdict or level"),
        (changed(1, verdict=["pass"]), "unhashable"),
        (changed(1, level=None), "no such verdict or level"),
        (changed(1, control=1), "are text"),
        (changed(1, domains="a.example"), "a list of names"),
        (moved(lambda lines: lines[1:]), "it says that it holds"),
        (moved(lambda lines: [*lines, lines[-1]]), "it says that it holds"),
        (moved(lambda lines: lines[::-1]), "not where it belongs"),
        (of_total(domains={}), "not those that the plan gives"),
        (of_total(results="many"), "damaged"),
        (lambda octets: gzip.compress(gzip.decompress(octets) + b'{"more":1}\n'), "something follows"),
        (lambda octets: octets[: len(octets) // 2], "damaged"),
        (lambda octets: gzip.compress(b'{"format":"other"}\n'), "no results of a shard"),
        (lambda octets: gzip.compress(b"[]\n"), "damaged"),
        (lambda octets: gzip.compress(gzip.decompress(octets).splitlines()[0]), "ends too early"),
        (lambda octets: b"no gzip", "damaged"),
    ],
    ids=[
        *("no octets", "empty", "number", "number amid", "few keys", "shard", "verdict", "list of verdicts", "level"),
        *("control", "domains", "one less", "one more", "order", "domains of total", "total", "more after the total"),
        *("cut", "other", "list", "head alone", "text"),
    ],
)
def test_damaged_results_are_told_of(damage: Any, says: str, tmp_path: Path, capsys: Any) -> None:
    written(tmp_path / "out", document(12).results)
    file = result_file(tmp_path / "out", 1)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(FleetError, match=says):
        list(lines_of(tmp_path / "out", 1, {}))
    assert main(["fleet", "summary", str(tmp_path / "out")]) == 4
    assert says in capsys.readouterr().err


def test_results_of_another_shard_are_not_taken_for_those_of_this_one(tmp_path: Path, capsys: Any) -> None:
    written(tmp_path / "out", document(12).results)
    result_file(tmp_path / "out", 1).write_bytes(result_file(tmp_path / "out", 2).read_bytes())
    assert main(["fleet", "summary", str(tmp_path / "out")]) == 4
    assert "it holds shard 2; delete the file and run again" in capsys.readouterr().err


def test_a_shard_that_is_done_is_known_and_one_of_another_plan_is_refused(tmp_path: Path) -> None:
    plan = written(tmp_path / "out", document(12).results)
    result_file(tmp_path / "out", 2).unlink()
    state = state_of(tmp_path / "out", plan)
    assert state.done == {1, 3}
    with pytest.raises(FleetError, match="another plan"):
        is_done(tmp_path / "out", 1, replace(plan, digest="0" * 64))
    assert main(["fleet", "diff", str(tmp_path / "out"), str(tmp_path / "out")]) == 4


def test_a_plan_is_read_as_it_was_written(fleet: tuple[Path, Plan, list[Result]]) -> None:
    directory, plan, _ = fleet
    assert read_plan(directory) == plan


def test_a_run_goes_on_only_with_what_was_planned(tmp_path: Path, capsys: Any) -> None:
    plan = written(tmp_path / "out", document(12).results)
    assert list(differences(plan, plan.inventory, plan.settings, None, tmp_path / "out")) == []
    assert list(differences(plan, plan.inventory, plan.settings, SHARDS + 1, tmp_path / "out")) == ["it has 3 shards"]
    other = Settings(controls=("SPF-*",))
    assert list(differences(plan, plan.inventory, other, None, tmp_path / "out")) == [
        "controls, profile, waivers or gate were chosen otherwise"
    ]
    (tmp_path / "names.txt").write_text("another.example\n")
    assert list(differences(plan, plan.inventory, plan.settings, None, tmp_path / "out")) == [
        "the inventory says something else now"
    ]
    assert main(["fleet", str(plan.inventory), "--out", str(tmp_path / "out")]) == 4
    assert "holds another plan: the inventory says something else now" in capsys.readouterr().err


@pytest.mark.parametrize("changes", ["waivers", "profile", "rules", "zone", "included"])
def test_a_run_does_not_go_on_by_other_waivers_profiles_rules_or_zones(changes: str, tmp_path: Path) -> None:
    files = {
        "zone": ("a.zone", "$TTL 60\n@ SOA ns1 x 1 1 1 1 1\n@ NS ns1\nns1 A 192.0.2.1 ; nothing\n$INCLUDE b.inc\n"),
        "included": ("b.inc", "@ TXT nothing"),
        "waivers": ("w.yaml", "waivers: [{control: SPF-*, target: a.example, reason: r, expires: 2999-01-01}]"),
        "profile": ("p.yaml", "{name: ours, title: Ours, extends: baseline, fail_on: MUST}"),
        "rules": (f"test_{changes}_of_a_fleet.py", "# nothing yet"),  # a module, of which there is one of a name
    }
    for name, text in files.values():
        (tmp_path / name).write_text(text)
    settings = Settings(waivers=(tmp_path / "w.yaml",), profile=str(tmp_path / "p.yaml"))
    more = f"rules: [{files['rules'][0]}]\nzone_files: {{a.example: a.zone}}\n"
    plan = written(tmp_path / "out", document(12).results, more, settings)
    assert list(differences(plan, plan.inventory, settings, None, tmp_path / "out")) == []
    name, text = files[changes]
    other = text.replace("SPF", "MX").replace("MUST", "MAY").replace("nothing", "something")
    (tmp_path / name).write_text(other)
    told_of = list(differences(plan, plan.inventory, settings, None, tmp_path / "out"))
    assert told_of == ["waivers, a profile, house rules or zone files say something else now"]


def test_two_runs_keep_out_of_each_others_way(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(FleetError, match="another run"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_progress_has_an_estimate(fleet: tuple[Path, Plan, list[Result]]) -> None:
    plan = replace(fleet[1], sizes=(100, 100, 200))
    state = State(plan, {1, 2}, before=100)
    state.began -= 60
    assert state.line() == "fleet: 2 of 3 shards, 200 of 400 domains, 60 s, about 2 min left"
    state.done.add(3)
    assert "left" not in state.line()


@pytest.mark.parametrize(
    ("arguments", "full"),
    [
        (["fleet", "a.yaml", "--out", "o"], ["fleet", "run", "a.yaml", "--out", "o"]),
        (["fleet", "diff", "a", "b"], ["fleet", "diff", "a", "b"]),
        (["fleet", "--help"], ["fleet", "--help"]),
        (["fleet"], ["fleet"]),
        (["plan", "fleet"], ["plan", "fleet"]),
    ],
)
def test_to_run_is_what_the_command_does_without_a_word(arguments: list[str], full: list[str]) -> None:
    assert expanded(arguments) == full


@pytest.mark.parametrize(
    ("text", "arguments", "says"),
    [
        ("domains: []\nzones: [a.example]", [], "a fleet needs domains"),
        ("domains: [a.example]", ["--shards", "2"], "no more than there are domains"),
        ("domains: [a.example]", ["--shards", "0"], "at least 1"),
        ("domains: [a.example]", ["--processes", "0"], "at least 1"),
        ("domains: [a.example]", ["--control", "SPX-*"], "no control SPX"),
        ("domains: [a.example]", ["--profile", "none"], "none"),
        (
            "domains: [a.example]\nhosts: [mx.a.example]",
            [],
            "fleet.yaml:2: hosts: shards and fleets judge",
        ),
        ("domains: [a.example]\nsending: [192.0.2.1]", [], "fleet.yaml:2: sending: shards and fleets"),
        ("domains: [a.example]\nzones: [a.example]", [], "fleet.yaml:2: zones: shards and fleets"),
        ("domains: [a.example]\nmessages: [fleet.yaml]", [], "run it with pytest, without --shard"),
        ("domains: [a.example]", ["--control", "DKIM-KEY-SHARED"], "holds all domains against each other"),
        ("domains: [a.example]\ndomain: x", [], "unknown key"),
        ("domains: [a.example]\nworld: dmo", [], "dmo"),
    ],
)
def test_what_is_wrong_is_told_before_anybody_is_contacted(
    text: str, arguments: list[str], says: str, tmp_path: Path, capsys: Any
) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(text)
    assert main(["fleet", str(file), "--out", str(tmp_path / "out"), *arguments]) == 4
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out" / "plan.json").exists()


def test_names_are_read_without_their_entries(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("one.example\nb.example\n")
    file = tmp_path / "fleet.yaml"
    file.write_text("domains_from: names.txt\ndomains: [{name: B.example, active: false}, c.example]\n")
    found = load_names(file)
    assert found.names == ("b.example", "c.example", "one.example")
    assert sorted(found.explicit) == ["b.example", "c.example"]
    assert sorted(found.refusing) == ["b.example"]
    (tmp_path / "names.txt").write_text("other.example\n")
    assert load_names(file).digest != found.digest


def test_a_summary_of_nothing_does_not_open_the_gate(tmp_path: Path) -> None:
    plan = written(tmp_path / "out", document(1).results)
    for number in range(1, SHARDS + 1):
        own = read_division(tmp_path / "out", number).own
        total = ShardTotal(surveyed_at=plan.started_at, domains=totals_of(own, ()))
        write_shard(result_file(tmp_path / "out", number), number, plan, [], lambda: total)  # noqa: B023
    summary: Summary = summarise(tmp_path / "out", plan)
    assert (summary.run.decision.open, summary.run.exit_code) == (False, 5)


def test_the_page_leads_from_each_control_to_its_own_page(tmp_path: Path) -> None:
    site = "documentation: https://docs.example.org/mailproof/\n"
    results = document(12).results
    written(tmp_path / "out", results, site)
    directory = tmp_path / "out"
    shown = "".join(page.render(summarise(directory, read_plan(directory))))
    control = next(result.control for result in results if result.verdict is Verdict.FAIL)
    family = control.partition("-")[0]
    assert f'<a href="https://docs.example.org/mailproof/controls/{family}/{control}.html"' in shown
    assert "explain ID --open" not in shown
    written(tmp_path / "other" / "out", results)
    shown = "".join(page.render(summarise(tmp_path / "other" / "out", read_plan(tmp_path / "other" / "out"))))
    assert "<a href" not in shown
    assert "explain ID --open" in shown


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_summary_speaks_the_language(code: str, fleet: tuple[Path, Plan, list[Result]]) -> None:
    directory, plan, _ = fleet
    say, summary = Language(code), summarise(directory, plan)
    shown, lines = "".join(page.render(summary, code)), list(showing.text(summary, language=code))
    assert f'<html lang="{code}">' in shown
    assert say("FAIL: the gate stays closed") in shown
    assert say("Findings, the most harmful first") in shown
    assert say("Findings, the most harmful first") in lines
    assert lines[-1].startswith(say("decision: {decision}", decision=""))
    assert all(len(line) <= showing.WIDTH for line in lines)
