"""Families of controls, and controls that had another id: waivers, profiles, parameters and baselines still know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from packaging.version import Version

from mailproof import __version__
from mailproof.controls import (
    MUST,
    SHOULD,
    BrokenRules,
    Catalogue,
    Control,
    Family,
    UnknownControl,
    control,
    load_catalogue,
    rfc,
    with_rules,
)
from mailproof.gate.baseline import Snapshot, Verdicted
from mailproof.gate.policy import Policy
from mailproof.gate.profile import load_profile
from mailproof.gate.verdict import Judgement, Verdict
from mailproof.gate.waivers import Waivers
from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import load_inventory
from mailproof.targets.mail import MailDomain

PRESENT, FORMER = "SPF-LOOKUPS-10", "SPF-TEN-LOOKUPS"
DOMAIN = MailDomain("example.org")


@pytest.fixture
def catalogue() -> Catalogue:
    """The catalogue, in which one control had another id."""
    shipped = load_catalogue()
    renamed = replace(shipped[PRESENT], formerly=(FORMER,))
    return replace(shipped, controls={**shipped.controls, PRESENT: renamed})


def test_a_former_id_leads_to_the_control(catalogue: Catalogue) -> None:
    assert catalogue[FORMER] is catalogue[PRESENT] is catalogue[FORMER.lower()]
    assert catalogue.matching("SPF-TEN-*") == (catalogue[PRESENT],)
    assert catalogue.present_id(FORMER) == PRESENT
    assert catalogue.names(PRESENT) == (PRESENT, FORMER)
    with pytest.raises(UnknownControl, match="did you mean"):
        catalogue["SPF-LOOKUP-11"]


def test_parameters_and_profiles_may_use_a_former_id(tmp_path: Path, catalogue: Catalogue) -> None:
    (tmp_path / "ours.yaml").write_text(
        f"name: ours\ntitle: Ours\nextends: baseline\ncontrols:\n  {FORMER}: {{level: MAY}}\n"
    )
    (tmp_path / "prod.yaml").write_text(f"domains: [example.org]\ncontrols: {{{FORMER.lower()}: {{lookups: 8}}}}\n")
    loaded = load_inventory(tmp_path / "prod.yaml")
    policy = Policy.load(loaded, catalogue, load_profile("ours.yaml", catalogue, tmp_path), None)
    rule = policy.rule(catalogue[PRESENT], DOMAIN)
    assert rule is not None
    assert (rule.level, rule.parameters) == ("MAY", {"lookups": 8})


@pytest.mark.parametrize("id", [PRESENT, FORMER, "SPF-TEN-*"])
def test_a_waiver_may_use_either_id(tmp_path: Path, catalogue: Catalogue, id: str) -> None:
    (tmp_path / "prod.yaml").write_text(
        f"domains: [example.org]\nwaivers: [{{control: '{id}', target: '*', reason: x, expires: 2999-01-01}}]\n"
    )
    waivers = Waivers.load(load_inventory(tmp_path / "prod.yaml"), (), date(2026, 11, 26), catalogue)
    assert list(waivers.problems({PRESENT: ["example.org"]}, ())) == []
    judgement, _ = waivers.apply(Judgement(Verdict.FAIL, MUST, "eleven"), PRESENT, "example.org")
    assert judgement.verdict is Verdict.WAIVED


def test_a_baseline_is_read_under_the_present_ids(catalogue: Catalogue) -> None:
    def verdicts(*verdicts: tuple[str, Verdict]) -> Mapping[tuple[str, str], Verdicted]:
        found = [Verdicted(id, "example.org", Verdict(verdict), MUST, "") for id, verdict in verdicts]
        return {entry.key: entry for entry in found}

    earlier = Snapshot("prod", "2026-11-01T00:00:00Z", verdicts((FORMER, Verdict.FAIL)))
    assert earlier.with_present_ids(catalogue).results == verdicts((PRESENT, Verdict.FAIL))
    both = replace(earlier, results=verdicts((PRESENT, Verdict.PASS), (FORMER, Verdict.FAIL)))
    assert both.with_present_ids(catalogue).results == verdicts((PRESENT, Verdict.FAIL)), "two that became one"


def test_every_module_of_the_suite_is_a_family_and_every_control_has_a_release() -> None:
    catalogue = load_catalogue()
    assert {entry.family for entry in catalogue} == set(catalogue.families)
    for entry in catalogue:
        assert catalogue.families[entry.family].holds(entry.id)
        assert Version(entry.since) <= Version(__version__)


def a_control(family: Family | None, id: str) -> Control:
    """A control as a module with this FAMILY defines it."""
    names: dict[str, object] = {"control": control, "SHOULD": SHOULD, "rfc": rfc}
    if family is not None:
        names["FAMILY"] = family
    exec(
        f'@control("{id}", SHOULD, rfc(5321))\ndef test_it(mx, *, most=3):\n    """T.\n\n    Why: x\n    Fix: y"""\n',
        names,
    )
    found: Control = names["test_it"].__control__  # type: ignore[attr-defined]
    return found


def test_ids_begin_with_a_word_of_their_family() -> None:
    assert a_control(Family("SPF", "SPF"), "SPF-X").family == "SPF"
    assert a_control(Family("RDNS", "Reverse DNS", also=("PTR",)), "PTR-X").family == "RDNS"
    assert a_control(None, "HOUSE-X").family == "HOUSE"
    with pytest.raises(TypeError, match="PTR-X is not of the family SPF"):
        a_control(Family("SPF", "SPF"), "PTR-X")


def test_thresholds_have_defaults_and_what_is_allowed_names_them() -> None:
    def without_default(mx: object, *, most: int) -> None:
        """T.

        Why: x
        Fix: y
        """

    with pytest.raises(TypeError, match="the threshold most needs a default"):
        control("HOUSE-X", SHOULD, rfc(5321))(without_default)

    def with_default(mx: object, *, most: int = 3) -> None:
        """T.

        Why: x
        Fix: y
        """

    with pytest.raises(TypeError, match="allowed names least"):
        control("HOUSE-X", SHOULD, rfc(5321), allowed={"least": ("a",)})(with_default)


RULE = '''
from mailproof.controls import MUST, Between, Reference, control

@control("{id}", MUST, Reference("Ours"){more})
def test_it(mx{threshold}) -> None:
    """T.

    Why: x
    Fix: y
    """
'''


def rules(directory: Path, name: str, id: str, more: str = "", threshold: str = "") -> Path:
    """A file with one rule, whose decorator is in line 4. Modules are imported once: the name is used by one test."""
    file = directory / f"{name}.py"
    file.write_text(RULE.format(id=id, more=more, threshold=threshold))
    return file


@pytest.mark.parametrize(
    ("more", "threshold", "says"),
    [
        (
            "",
            ", *, names: dict = {'a': 1}",
            "the threshold names has the default {'a': 1}; it must be a number",
        ),
        ("", ", *, names=[1]", "the threshold names has the default"),
        ("", ", *, names=None", "the threshold names has the default None"),
        (", allowed={'most': Between(1, 5)}", ", *, most=9", "default 9, which is not allowed: it must be from 1 to 5"),
        (", allowed={'most': Between(1, 5)}", ", *, most='3'", "default '3', and its allowed are numbers from 1 to 5"),
        (", allowed={'word': ('a', 'b')}", ", *, word='c'", "which is not allowed: it must be one of 'a', 'b'"),
        (", allowed={'word': ('a', 'b')}", ", *, word=('a', 'c')", "which is not allowed"),
        (", allowed={'word': 'abc'}", ", *, word='a'", "neither Between"),
        (", formerly=('HOUSE-X',)", "", "formerly names HOUSE-X itself"),
        (", formerly='HOUSE-OLD'", "", "formerly must be a tuple"),
        (", formerly=('house-old',)", "", "'house-old' is not a control id"),
    ],
)
def test_what_a_control_says_of_itself_must_fit(more: str, threshold: str, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        exec(RULE.format(id="HOUSE-X", more=more, threshold=threshold), {})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "id", "more", "twice"),
    [
        ("again_id", "HOUSE-A", "", "HOUSE-A"),
        ("again_former", "HOUSE-B", ", formerly=('HOUSE-A',)", "HOUSE-A"),
        ("again_formers", "HOUSE-B", ", formerly=('HOUSE-OLD',)", "HOUSE-OLD"),
        ("again_old", "HOUSE-OLD", "", "HOUSE-OLD"),
    ],
)
def test_an_id_that_is_used_twice_is_told_with_both_places(
    tmp_path: Path, name: str, id: str, more: str, twice: str
) -> None:
    first = rules(tmp_path, f"{name}_1", "HOUSE-A", ", formerly=('HOUSE-OLD',)")
    second = rules(tmp_path, f"{name}_2", id, more)
    with pytest.raises(BrokenRules) as caught:
        with_rules(load_catalogue(), [first, second])
    assert f"the control id {twice} is used twice: at {first}:4 and at {second}:4" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("leaves", "import sys\nsys.exit(3)\n", ":2: the file ends the program where it is read (SystemExit: 3)"),
        ("leaves_silently", "raise SystemExit\n", ":1: the file ends the program where it is read"),
        ("lacks", "\nhere = {}['there']\n", ":2: KeyError: 'there'"),
        ("says_nothing", "raise RuntimeError\n", ":1: RuntimeError"),
        (
            "method",
            "class TestHouse:\n" + RULE.replace("\n", "\n    ").replace("{more}", ""),
            "is a method of the class",
        ),
    ],
)
def test_a_broken_file_of_rules_is_told_in_words(tmp_path: Path, name: str, text: str, says: str) -> None:
    file = tmp_path / f"broken_{name}.py"
    file.write_text(text.replace("{id}", "HOUSE-M").replace("{threshold}", ""))
    with pytest.raises(BrokenRules) as caught:
        with_rules(load_catalogue(), [file])
    assert str(caught.value).startswith(str(file))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


BOTH = f"controls: {{{PRESENT}: {{lookups: 8}}, {FORMER}: {{lookups: 9}}}}"


@pytest.mark.parametrize(
    "inventory",
    [
        f"domains: [example.org]\n{BOTH}\n",
        f"domains: [{{name: example.org, {BOTH}}}]\n",
        f"hosts: [{{name: mx.example.org, {BOTH}}}]\n",
        f"domains: [example.org]\ncontrols: {{{PRESENT}: {{lookups: 8}}, {PRESENT.lower()}: {{lookups: 8}}}}\n",
    ],
    ids=["inventory", "domain", "host", "case"],
)
def test_parameters_name_a_control_once(tmp_path: Path, catalogue: Catalogue, inventory: str) -> None:
    (tmp_path / "prod.yaml").write_text(inventory)
    with pytest.raises(InventoryError) as caught:
        Policy.load(load_inventory(tmp_path / "prod.yaml"), catalogue, None, None)
    assert f"are one control, {PRESENT}; keep one of them" in str(caught.value)
    assert f"{PRESENT} (line " in str(caught.value)


def test_a_profile_names_a_control_once_but_by_as_many_patterns_as_it_likes(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    file = tmp_path / "ours.yaml"
    head = "name: ours\ntitle: Ours\nextends: baseline\ncontrols:\n"
    file.write_text(f"{head}  {PRESENT}: {{level: MAY}}\n  {FORMER}: {{level: MUST}}\n")
    with pytest.raises(InventoryError, match=rf"ours\.yaml:6: .*{PRESENT} \(line 5\) and {FORMER} are one control"):
        load_profile("ours.yaml", catalogue, tmp_path)
    file.write_text(f"{head}  SPF-*: {{level: MAY}}\n  SPF-TEN-*: {{level: MAY}}\n  {FORMER}: {{level: MUST}}\n")
    setting = load_profile("ours.yaml", catalogue, tmp_path).setting(catalogue[PRESENT])
    assert setting is not None
    assert setting.level == MUST
