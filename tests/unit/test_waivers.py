"""Waivers: what they cover, until when, and what becomes of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mailproof.controls import MAY, MUST, load_catalogue
from mailproof.gate.verdict import Judgement, Verdict
from mailproof.gate.waivers import Waivers, is_expiring
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import load_inventory

TODAY = date(2026, 11, 23)
MX = "mx1.example.org[192.0.2.25]:25"
FAIL = Judgement(Verdict.FAIL, MUST, "TLS 1.0 is spoken")


def waivers(directory: Path, *entries: str, file: str | None = None, today: date = TODAY) -> Waivers:
    """The waivers of an inventory, given as YAML mappings, and of a file."""
    inventory = directory / "prod.yaml"
    lines = "".join(f"  - {{{entry}}}\n" for entry in entries)
    inventory.write_text(f"domains: [example.org]\n{f'waivers:{chr(10)}{lines}' if entries else ''}")
    files = []
    if file is not None:
        files = [directory / "waivers.yaml"]
        files[0].write_text(file)
    return Waivers.load(load_inventory(inventory, {}), files, today, load_catalogue())


def entry(control: str = "TLS-NO-*", target: str = "mx1.*", expires: str = "2026-12-31") -> str:
    return f"control: '{control}', target: '{target}', reason: old scanners, expires: {expires}"


@pytest.mark.parametrize(
    ("expires", "verdict", "days"),
    [
        ("2027-11-23", Verdict.WAIVED, 365),
        ("2026-11-24", Verdict.WAIVED, 1),
        ("2026-11-23", Verdict.WAIVED, 0),
        ("2026-11-22", Verdict.FAIL, -1),
    ],
)
def test_the_last_day_is_included(tmp_path: Path, expires: str, verdict: Verdict, days: int) -> None:
    judgement, waiver = waivers(tmp_path, entry(expires=expires)).apply(FAIL, "TLS-NO-10-11", MX)
    assert judgement.verdict is verdict
    assert judgement.level is MUST
    assert waiver is not None
    assert (waiver.days_left, waiver.expires, waiver.line) == (days, expires, 3)
    assert judgement.observed.startswith("TLS 1.0 is spoken")
    assert ("expired after 2026-11-22" in judgement.observed) == (days < 0)


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE])
def test_only_findings_are_waived(tmp_path: Path, verdict: Verdict) -> None:
    judgement = Judgement(verdict, MUST, "well")
    assert waivers(tmp_path, entry()).apply(judgement, "TLS-NO-10-11", MX) == (judgement, None)


def test_advice_is_waived_too(tmp_path: Path) -> None:
    judgement, _ = waivers(tmp_path, entry()).apply(Judgement(Verdict.ADVICE, MAY, "well"), "TLS-NO-10-11", MX)
    assert judgement.verdict is Verdict.WAIVED


@pytest.mark.parametrize(
    ("control", "target", "covered"),
    [
        ("TLS-NO-10-11", MX, True),
        ("tls-no-10-11", "MX1.EXAMPLE.ORG[192.0.2.25]:25", True),
        ("TLS-*", "*", True),
        ("TLS-NO-RC4", "*", False),
        ("*", "mx2.*", False),
    ],
)
def test_patterns_of_control_and_target(tmp_path: Path, control: str, target: str, covered: bool) -> None:
    judgement, _ = waivers(tmp_path, entry(control, target)).apply(FAIL, "TLS-NO-10-11", MX)
    assert (judgement.verdict is Verdict.WAIVED) == covered


def test_of_several_waivers_the_one_that_lasts_longest_counts(tmp_path: Path) -> None:
    days = ("2026-01-01", "2027-01-01", "2026-12-01")
    found = waivers(tmp_path, *(entry(expires=day) for day in days))
    judgement, waiver = found.apply(FAIL, "TLS-NO-10-11", MX)
    assert judgement.verdict is Verdict.WAIVED
    assert waiver is not None
    assert waiver.expires == "2027-01-01"


def test_waivers_come_from_a_file_of_their_own(tmp_path: Path) -> None:
    found = waivers(tmp_path, entry("SPF-*"), file=f"waivers:\n  - {{{entry()}}}\n")
    assert [e.waiver.control for e in found.entries] == ["SPF-*", "TLS-NO-*"]
    assert (found.entries[1].place.path.name, found.entries[1].place.line) == ("waivers.yaml", 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("waivers:\n  - {control: A, target: B, expires: 2027-01-01}\n", "waivers.yaml:2: waivers[0]: the key reason"),
        ("waivers:\n  - {control: A, target: B, reason: c}\n", "the key expires is missing"),
        ("waivers:\n  - {control: A, target: B, reason: c, expires: 2027}\n", "expires"),
        (
            "waivers:\n  - {control: A, target: B, reason: c, expires: 1/2/27}\n",
            "'1/2/27' is not a day, like 2027-03-31",
        ),
        ("waivers:\n  - {control: A, target: B, reason: c, expires: 2027-02-30}\n", "2027-02-30"),
        ("waivers:\n  - {control: A, target: B, reason: c, expires: 20270228}\n", "expires"),
        ("waivers:\n  - {control: A, target: B, reason: '', expires: 2027-02-28}\n", "reason"),
        ("waivers:\n  - {control: A, targt: B, reason: c, expires: 2027-02-28}\n", "did you mean target?"),
        ("waiver: []\n", "did you mean waivers?"),
        ("", "the file is empty"),
    ],
)
def test_mistakes_in_a_file_are_told_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InventoryError) as raised:
        waivers(tmp_path, file=text)
    assert message in str(raised.value)


TARGETS = {"TLS-NO-10-11": [MX], "TLS-NO-RC4": [MX], "SPF-EXISTS": ["example.org"], "DKIM-SELECTOR": []}


@pytest.mark.parametrize(
    ("control", "target", "message"),
    [
        ("TLS-NO-10-12", "*", "no control matches TLS-NO-10-12; did you mean TLS-NO-10-11"),
        ("QQQQQQ", "*", "no control matches QQQQQQ; `mailproof controls` lists them"),
        ("TLS-NO-10-11", "mx1.example.org[192.0.2.26]:25", f"did you mean {MX}?"),
        ("SPF-EXISTS", "exampel.org", "no target of SPF-EXISTS matches exampel.org; did you mean example.org?"),
        ("DKIM-SELECTOR", "*", "it judges none in this inventory"),
    ],
)
def test_a_waiver_that_matches_nothing_is_told_the_nearest(
    tmp_path: Path, control: str, target: str, message: str
) -> None:
    (problem,) = waivers(tmp_path, entry(control, target)).problems(TARGETS, ())
    assert message in str(problem)
    assert "prod.yaml:3: waivers" in str(problem)


def test_a_waiver_of_what_could_not_be_found_out_is_no_mistake(tmp_path: Path) -> None:
    found = waivers(tmp_path, entry("TLS-NO-10-11", "mx9.*"))
    assert list(found.problems(TARGETS, ["SPF-EXISTS"]))
    assert not list(found.problems(TARGETS, ["TLS-NO-10-11"]))
    assert not list(waivers(tmp_path, entry("TLS-*", "mx1.*")).problems(TARGETS, ()))


@pytest.mark.parametrize(
    ("expires", "verdicts", "covered", "complete", "state"),
    [
        ("2026-12-31", ["waived", "pass"], 2, True, "used"),
        ("2026-11-22", ["fail", "pass"], 2, True, "expired"),
        ("2026-11-22", ["advice"], 1, True, "expired"),
        ("2026-12-31", ["pass", "not applicable"], 2, True, "unneeded"),
        ("2026-11-22", ["pass"], 1, True, "unneeded"),
        ("2026-12-31", ["pass"], 2, True, "open"),
        ("2026-12-31", ["pass", "inconclusive"], 2, True, "open"),
        ("2026-12-31", ["pass"], 1, False, "open"),
        ("2026-12-31", [], 0, True, "open"),
    ],
)
def test_what_becomes_of_a_waiver(
    tmp_path: Path, expires: str, verdicts: list[str], covered: int, complete: bool, state: str
) -> None:
    found = waivers(tmp_path, entry(expires=expires))
    results = [("TLS-NO-RC4", f"mx1.{n}", verdict) for n, verdict in enumerate(verdicts)]
    (state_of,) = found.states([*results, ("SPF-EXISTS", "example.org", "fail")], {0: covered}, complete)
    assert state_of.state == state
    assert state_of.findings == sum(verdict in ("waived", "fail", "advice") for verdict in verdicts)


@pytest.mark.parametrize(
    ("expires", "text", "expiring"),
    [
        ("2026-12-31", "until 2026-12-31 (38 days left): old scanners", False),
        ("2026-12-08", "until 2026-12-08 (15 days left): old scanners", False),
        ("2026-12-07", "until 2026-12-07 (14 days left): old scanners", True),
        ("2026-11-24", "until 2026-11-24 (1 day left): old scanners", True),
        ("2026-11-23", "until 2026-11-23 (its last day): old scanners", True),
        ("2026-11-22", "expired after 2026-11-22: old scanners", False),
    ],
)
def test_people_are_told_how_long_it_lasts(tmp_path: Path, expires: str, text: str, expiring: bool) -> None:
    note = waivers(tmp_path, entry(expires=expires)).entries[0].note(TODAY)
    assert note.summary == text
    assert is_expiring(note) == expiring


def test_owner_and_ticket_are_shown(tmp_path: Path) -> None:
    note = waivers(tmp_path, entry() + ", owner: ann, ticket: OPS-1").entries[0].note(TODAY)
    assert note.summary.endswith("old scanners; owner ann; ticket OPS-1")


@pytest.mark.parametrize(("covers", "verdict"), [(True, Verdict.WAIVED), (False, Verdict.INCONCLUSIVE)])
def test_a_waiver_covers_what_could_not_be_verified_only_if_it_says_so(
    tmp_path: Path, covers: bool, verdict: Verdict
) -> None:
    inconclusive = "inconclusive: true, " if covers else ""
    (tmp_path / "prod.yaml").write_text(
        "domains: [example.org]\nwaivers: [{control: SMTP-*, target: 'mx.example.org*', reason: nolisting, "
        f"{inconclusive}expires: 2999-01-01}}]\n"
    )
    waivers = Waivers.load(load_inventory(tmp_path / "prod.yaml"), (), date(2026, 11, 25), load_catalogue())
    unseen = Judgement(Verdict.INCONCLUSIVE, MUST, "refused")
    judgement, document = waivers.apply(unseen, "SMTP-GREET-220", "mx.example.org[192.0.2.1]:25")
    assert judgement.verdict is verdict
    assert (document is not None) == covers
    assert waivers.apply(unseen, "SMTP-GREET-220", "mx.example.org.elsewhere.example[192.0.2.1]:25")[1] is None
