"""The examples that `mailproof explain` shows are cases that the controls have judged, as they judge today."""

from __future__ import annotations

from pathlib import Path

from mailproof.controls import Control, load_catalogue
from mailproof.docket import Docket, describe
from mailproof.gate.verdict import Verdict
from mailproof.languages import LANGUAGES, Language
from mailproof.probes import load_probes
from mailproof.references import Reference
from mailproof.report import control_page, examples
from mailproof.report.plain_page import POLICY
from tests.examples import BAD, GOOD, example, text
from tests.unit.cases.case import catalogue, judged

from .documents import HOSTILE

DOCKET = Docket(load_probes())


def page(*ids: str, language: str = "en") -> str:
    return control_page.render([describe(load_catalogue()[id], DOCKET) for id in ids], language)


def test_the_file_holds_the_examples_of_today() -> None:
    file = Path(examples.__file__).with_name("examples.json")
    assert file.read_text(encoding="utf-8") == text(), "run: make docs"


def test_the_examples_are_what_the_control_says() -> None:
    for control in catalogue():
        bad, good = example(control.id, BAD), example(control.id, GOOD)
        assert judged(control.id, bad.observed, bad.parameters).verdict in BAD
        assert judged(control.id, good.observed, good.parameters).verdict is Verdict.PASS


def test_every_control_of_the_suite_has_its_examples() -> None:
    assert examples.all_examples().keys() == catalogue().controls.keys()
    for both in examples.all_examples().values():
        assert all(both.bad.found)
        assert not both.good.found
        assert "\n" not in "".join((*both.bad.found, *both.bad.seen, *both.good.seen))


def test_a_page_shows_what_is_wrong_and_what_is_right() -> None:
    bad, good = page("SPF-ALL-ONCE-LAST").split("A good example")
    assert "is never looked at: -all stands in the record" in bad
    assert "&quot;v=spf1 -all ip4:192.0.2.1&quot;" in bad
    assert "Nothing is found." in good
    assert '<a href="https://www.rfc-editor.org/rfc/rfc7208#section-5.1"' in good


def test_a_page_of_several_has_a_list_of_them_and_one_of_one_has_none() -> None:
    assert '<a href="#SPF-EXISTS">' in page("SPF-EXISTS", "SPF-SYNTAX")
    assert 'id="SPF-SYNTAX"' in page("SPF-EXISTS", "SPF-SYNTAX")
    assert "<ul><li><a href=" not in page("SPF-EXISTS").partition("Source")[0]


def test_a_page_asks_nobody_for_anything_and_says_what_is_set() -> None:
    shown = page(*(control.id for control in catalogue()))
    assert POLICY.startswith("default-src 'none'")
    assert f'content="{POLICY}"' in shown
    for mark in ("<script", "<img", "<link", "src=", "javascript:"):
        assert mark not in shown, mark
    assert "With users: &quot;ncsc-nl-2025-05&quot;" in shown
    assert "runs only with active: true in the inventory" in shown


def test_texts_of_house_rules_are_text() -> None:
    rule = Control(
        id="HOUSE-X",
        level=load_catalogue()["SPF-EXISTS"].level,
        references=(Reference(title=HOSTILE, url="javascript:alert(1)"),),
        title=HOSTILE,
        why=HOSTILE,
        fix=HOSTILE,
        observations=("spf",),
    )
    shown = control_page.render([describe(rule, DOCKET)])
    assert "<script" not in shown
    assert "<img" not in shown
    assert "javascript:alert(1)" not in shown
    assert "A bad example" not in shown


def test_a_page_speaks_the_language() -> None:
    for code in LANGUAGES:
        say, control = Language(code), catalogue()["SPF-EXISTS"]
        shown = page("SPF-EXISTS", language=code)
        assert f'<html lang="{code}">' in shown
        assert say("Why it matters") in shown
        assert say.of_control(control.title) in shown
        assert "no SPF record" in shown
