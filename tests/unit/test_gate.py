"""The gate: verdicts from what controls raise, decisions from verdicts, the document of a run."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from mailproof.controls import (
    MAY,
    MUST,
    SHOULD,
    Catalogue,
    Control,
    Finding,
    Level,
    NotApplicable,
    UnknownControl,
    control,
    control_of,
    fail,
    finding,
    leave_to,
    not_applicable,
)
from mailproof.gate.document import Result, Traffic, WaiverNote, WaiverState, parsed, plain
from mailproof.gate.result import RunResult, make_result
from mailproof.gate.verdict import MAX_OBSERVED, Judgement, Verdict, judge
from mailproof.net.errors import KINDS, NotAvailable, NotObserved, Throttled, Unasked
from mailproof.places import Place
from mailproof.references import rfc
from mailproof.report.formats import FORMATS

from .cases.case import catalogue


def a_control(id: str = "MX-EXISTS", level: Level = MUST) -> Control:
    return Control(id, level, (rfc(5321, "5.1"),), "There is an MX.", "because", "do it", ("mx",))


@pytest.mark.parametrize(
    ("level", "raised", "verdict", "counted"),
    [
        (MUST, None, Verdict.PASS, MUST),
        (MUST, AssertionError("no"), Verdict.FAIL, MUST),
        (SHOULD, AssertionError("no"), Verdict.FAIL, SHOULD),
        (MAY, AssertionError("no"), Verdict.ADVICE, MAY),
        (MUST, Finding("no", MAY), Verdict.ADVICE, MAY),
        (MAY, Finding("no", MUST), Verdict.FAIL, MUST),
        (MUST, Finding("no", SHOULD), Verdict.FAIL, SHOULD),
    ],
)
def test_levels(level: Level, raised: BaseException | None, verdict: Verdict, counted: Level) -> None:
    judgement = judge(a_control(level=level), raised)
    assert (judgement.verdict, judgement.level, judgement.observed) == (
        verdict,
        counted,
        "no" if raised else "",
    )


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_was_not_observed_is_inconclusive(kind: type[NotObserved]) -> None:
    judgement = judge(a_control(), kind("nobody answered"))
    verdict = Verdict.NOT_APPLICABLE if kind is Unasked else Verdict.INCONCLUSIVE  # the inventory does not let us ask
    assert judgement == Judgement(verdict, MUST, f"{kind.kind}: nobody answered")


def test_a_long_tale_is_cut() -> None:
    """Whoever fills a record or a policy with 64 KiB of faults does not fill the reports with them."""
    whole = judge(a_control(), AssertionError("x" * MAX_OBSERVED))
    assert whole.observed == "x" * MAX_OBSERVED
    cut = judge(a_control(), AssertionError("x" * 65_536))
    assert cut.observed == f"{'x' * MAX_OBSERVED} [cut: 65,536 characters in all]"
    for other in (NotAvailable("x" * 65_536), NotApplicable("x" * 65_536)):
        assert len(judge(a_control(), other).observed) < MAX_OBSERVED + 100


def test_a_control_that_breaks_is_inconclusive_and_says_so() -> None:
    judgement = judge(a_control(), ZeroDivisionError("division by zero"))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.observed == "the control itself broke: ZeroDivisionError: division by zero"


def test_skipped_is_not_applicable_with_the_reason() -> None:
    assert judge(a_control(), NotApplicable("no MX")) == Judgement(Verdict.NOT_APPLICABLE, MUST, "no MX")
    with pytest.raises(pytest.skip.Exception, match="no MX"):
        not_applicable("no MX")
    with pytest.raises(Finding) as raised:
        finding(MAY, "well")
    assert raised.value.level is MAY


def test_a_fault_that_another_control_owns_is_left_to_it() -> None:
    with pytest.raises(NotApplicable) as left:
        leave_to("MX-EXISTS", "there is no MX")
    judgement = judge(a_control(), left.value)
    assert judgement == Judgement(
        Verdict.NOT_APPLICABLE, MUST, "there is no MX; MX-EXISTS judges that", left_to="MX-EXISTS"
    )
    assert make_result(a_control(), "example.org", "MailDomain", judgement, (), 0.0).left_to == "MX-EXISTS"


def test_a_finding_may_have_a_reason_and_a_remedy_of_its_own() -> None:
    with pytest.raises(Finding) as raised:
        fail("two of them", why="one is enough.", fix="remove the other.")
    judgement = judge(a_control(), raised.value)
    assert (judgement.level, judgement.why, judgement.fix) == (MUST, "one is enough.", "remove the other.")
    result = make_result(a_control(), "example.org", "MailDomain", judgement, (), 0.0)
    assert (result.why, result.fix) == (judgement.why, judgement.fix)
    usual = make_result(a_control(), "example.org", "MailDomain", judge(a_control(), AssertionError("none")), (), 0.0)
    assert (usual.why, usual.fix) == (a_control().why, a_control().fix)


def test_a_rule_that_skips_itself_has_judged_nothing() -> None:
    judgement = judge(a_control(), pytest.skip.Exception("not today"))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "skipped itself (not today)" in judgement.observed


@pytest.mark.parametrize(
    ("text", "observed"),
    [
        ("two\n  lines\nassert 1 == 2", "two\nlines"),
        ("two\n    lines\nassert 1 == 2", "two\n  lines"),
        ("two\n  lines", "two\n  lines"),
        ("the host says\n  assert yourself\nassert (1 == 2)", "the host says\nassert yourself"),
        ("assert False", "assert False"),
        ("", ""),
    ],
)
def test_what_pytest_appends_to_a_message_is_taken_off(text: str, observed: str) -> None:
    assert judge(a_control(), AssertionError(text)).observed == observed


def result(verdict: Verdict, control: str = "MX-EXISTS", target: str = "example.org", **more: Any) -> Result:
    judgement = Judgement(verdict, MUST, "first line\nsecond line" if verdict is not Verdict.PASS else "")
    return make_result(a_control(control), target, "MailDomain", judgement, ("proof",), 0.12345678, **more)


def run(*results: Result, **changes: Any) -> RunResult:
    moments: dict[str, Any] = {"started_at": "2026-11-23T00:00:00+00:00", "surveyed_at": "2026-11-23T00:00:01+00:00"}
    judged = RunResult(inventory="lab", mailproof="1.0", **moments, results=list(results), **changes)
    judged.decide()
    return judged


def test_results_say_what_was_expected_and_what_was_observed() -> None:
    good, bad = result(Verdict.PASS), result(Verdict.FAIL)
    assert (good.message, good.observed, good.expected) == (
        "There is an MX.",
        "as expected",
        "There is an MX.",
    )
    assert (bad.message, bad.observed) == ("first line", "first line\nsecond line")
    assert bad.seconds == 0.123457
    assert bad.references == (rfc(5321, "5.1"),)
    assert bad.key == ("MX-EXISTS", "example.org")


@pytest.mark.parametrize(
    ("verdicts", "reasons"),
    [
        ([Verdict.PASS], ()),
        ([Verdict.PASS, Verdict.ADVICE, Verdict.NOT_APPLICABLE], ()),
        ([Verdict.ADVICE], ()),
        ([], ("nothing was checked: no control had a target",)),
        ([Verdict.NOT_APPLICABLE] * 2, ("nothing was checked: no control applied",)),
        ([Verdict.PASS, Verdict.FAIL], ("1 finding",)),
        ([Verdict.FAIL, Verdict.FAIL, Verdict.INCONCLUSIVE], ("2 findings", "1 inconclusive")),
        ([Verdict.INCONCLUSIVE], ("1 inconclusive",)),
    ],
)
def test_decision(verdicts: list[Verdict], reasons: tuple[str, ...]) -> None:
    decision = run(*(result(verdict) for verdict in verdicts)).decision
    assert (decision.open, decision.reasons) == (not reasons, reasons)


@pytest.mark.parametrize("fail_on", Level)
@pytest.mark.parametrize("found", Level)
def test_the_gate_fails_at_its_level_and_above(fail_on: Level, found: Level) -> None:
    judgement = judge(a_control(level=found), AssertionError("no"), fail_on=fail_on)
    assert judgement.verdict is (Verdict.FAIL if found.rank <= fail_on.rank else Verdict.ADVICE)
    assert judgement.level is found


def test_a_finding_may_be_about_a_line_of_a_file() -> None:
    with pytest.raises(Finding) as raised:
        fail("no limit", at=Place("main.cf", 7))
    judgement = judge(a_control(), raised.value)
    assert (judgement.observed, judgement.at) == ("no limit", Place("main.cf", 7))


def test_a_profile_sets_the_level_of_every_finding() -> None:
    for raised in (AssertionError("no"), Finding("no", MUST), Finding("no", MAY)):
        assert judge(a_control(level=MUST), raised, level=MAY) == Judgement(Verdict.ADVICE, MAY, "no")
        assert judge(a_control(level=MAY), raised, level=MUST) == Judgement(Verdict.FAIL, MUST, "no")
    assert judge(a_control(level=MAY), None, level=MUST).level is MUST
    assert judge(a_control(level=MAY), NotObserved("x"), level=MUST).level is MUST


F, INC, P, N, W = Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.WAIVED


@pytest.mark.parametrize(
    ("verdicts", "reasons", "tolerated"),
    [
        ([(F, "known"), (INC, "known"), (P, "")], (), ("2 known from the baseline",)),
        ([(F, "new"), (F, "known")], ("1 new finding",), ("1 known from the baseline",)),
        (
            [(F, "regressed"), (F, "regressed"), (INC, "new"), (INC, "regressed")],
            ("1 new inconclusive", "2 regressed findings", "1 regressed inconclusive"),
            (),
        ),
        ([(W, ""), (P, "")], (), ("1 waived",)),
        ([(W, "")], (), ("1 waived",)),
    ],
)
def test_the_baseline_and_waivers_in_the_decision(
    verdicts: list[tuple[Verdict, str]], reasons: tuple[str, ...], tolerated: tuple[str, ...]
) -> None:
    judged = run(*(result(verdict, change=change) for verdict, change in verdicts))
    assert (judged.decision.reasons, judged.tolerated()) == (reasons, tolerated)


@pytest.mark.parametrize(
    ("verdicts", "reasons"),
    [
        ([P, INC], ()),
        ([F, INC], ("1 finding",)),
        ([INC, N], ("nothing was checked: nothing could be observed",)),
        ([INC], ("nothing was checked: nothing could be observed",)),
    ],
)
def test_inconclusive_may_only_be_warned_about(verdicts: list[Verdict], reasons: tuple[str, ...]) -> None:
    assert run(*map(result, verdicts), inconclusive="warn").decision.reasons == reasons


TERMS: dict[str, Any] = {"control": "*", "target": "*", "reason": "x", "expires": "2026-12-31"}


def test_expired_and_unneeded_waivers_in_the_decision() -> None:
    expired = run(result(F, waiver=WaiverNote(**TERMS, days_left=-1)), result(F))
    assert expired.decision.reasons == ("2 findings", "1 of them with an expired waiver")
    waivers = [WaiverState(**TERMS, days_left=1, state=state, findings=0) for state in ("unneeded", "open", "used")]
    assert run(result(P), waivers=waivers).decision.open
    strict = run(result(P), waivers=waivers, strict_waivers=True)
    assert strict.decision.reasons == ("1 waiver no longer needed",)


def test_a_run_that_was_stopped_keeps_the_gate_closed() -> None:
    assert run(result(Verdict.PASS), complete=False).decision.reasons == ("the run was stopped before its end",)


def test_counts_name_every_verdict() -> None:
    counts = run(result(Verdict.FAIL), result(Verdict.FAIL)).counts
    assert counts == {**dict.fromkeys(map(str, Verdict), 0), "fail": 2}


def test_the_place_of_a_finding_is_carried_and_absent_where_there_is_none() -> None:
    judgement = Judgement(Verdict.FAIL, MUST, "bad", at=Place("main.cf", 7))
    found = make_result(a_control(), "mx.example", "MailHost", judgement, (), 0.0, place=("prod.yaml", 3))
    assert (found.at, found.place, plain(found)["at"]) == (
        Place("main.cf", 7),
        found.at,
        {"file": "main.cf", "line": 7},
    )
    assert parsed(Result, plain(found)) == found
    assert "at" not in plain(result(Verdict.FAIL))


def test_the_document_does_not_depend_on_the_order_of_the_run() -> None:
    results = [result(Verdict.PASS, c, t) for c in ("SPF-EXISTS", "DKIM-SELECTOR") for t in ("b", "a", "c")]
    documents = set()
    for seed in range(5):
        random.Random(seed).shuffle(results)
        judged = run(*results, traffic=Traffic({"192.0.2.1": 1}), controls_without_target=["X"])
        documents.add(FORMATS["json"](judged))
    assert len(documents) == 1
    document = json.loads(documents.pop())
    assert (document["format"], document["version"]) == ("mailproof-result", 1)
    assert [(item["control"], item["target"]) for item in document["results"]][:2] == [
        ("DKIM-SELECTOR", "a"),
        ("DKIM-SELECTOR", "b"),
    ]
    assert document["decision"] == {"open": True, "reasons": []}
    assert document["controls_without_target"] == ["X"]


def test_results_travel_between_processes_as_plain_values() -> None:
    original = result(Verdict.INCONCLUSIVE, waiver=WaiverNote(**TERMS, days_left=3), change="new")
    assert parsed(Result, json.loads(json.dumps(plain(original)))) == original


def test_the_catalogue_is_complete_and_finds_by_pattern() -> None:
    found = catalogue()
    assert found["mx-exists"].id == "MX-EXISTS"
    assert {entry.id for entry in found.matching("spf-*")} == {entry.id for entry in found if entry.family == "SPF"}
    with pytest.raises(UnknownControl, match="did you mean MX-EXISTS"):
        found["MX-EXIST"]
    with pytest.raises(UnknownControl, match="mailproof controls"):
        found.matching("QQQQ-*")
    assert isinstance(found, Catalogue)
    for entry in found:
        assert entry.title.endswith(".")
        assert entry.why
        assert entry.fix
        assert all(ref.url.startswith("https://") or not ref.url for ref in entry.references)


DOCSTRING = "A title\n    over two lines.\n\n    Why: one\n    reason.\n    Fix: mend it."


def test_a_docstring_is_title_why_and_fix() -> None:
    def test_it(mx: object, *, limit: int = 3) -> None: ...

    test_it.__doc__ = DOCSTRING
    entry = control_of(control("HOUSE-X", MAY, rfc(5321))(test_it))
    assert entry is not None
    assert (entry.title, entry.why, entry.fix) == ("A title over two lines.", "one reason.", "mend it.")
    assert entry.observations == ("mx",)
    assert entry.parameters == {"limit": 3}


@pytest.mark.parametrize(
    ("id", "references", "docstring"),
    [
        ("house-x", (rfc(1),), DOCSTRING),
        ("HOUSE_X", (rfc(1),), DOCSTRING),
        ("HOUSE-", (rfc(1),), DOCSTRING),
        ("HOUSE-X", (), DOCSTRING),
        ("HOUSE-X", (rfc(1),), None),
        ("HOUSE-X", (rfc(1),), "A title."),
        ("HOUSE-X", (rfc(1),), "A title.\n\nWhy: x"),
        ("HOUSE-X", (rfc(1),), "A title.\n\nFix: x"),
    ],
)
def test_what_is_no_control(id: str, references: tuple[Any, ...], docstring: str | None) -> None:
    def test_it() -> None: ...

    test_it.__doc__ = docstring
    with pytest.raises(TypeError):
        control(id, MAY, *references)(test_it)


def test_throttled_is_told_apart() -> None:
    assert judge(a_control(), Throttled("421 busy")).observed == "throttled: 421 busy"
