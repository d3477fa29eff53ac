"""Reports in other languages: the catalogues are whole, true to the texts of today, and harmless."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from mailproof.cli import main
from mailproof.commands.pages import Pages
from mailproof.controls import load_catalogue
from mailproof.gate.document import RunDocument
from mailproof.languages import ENGLISH, LANGUAGES, Language, catalogue
from mailproof.languages.po import parse
from mailproof.report import html, markdown, notification, text
from mailproof.report.formats import FORMATS, TRANSLATED, rendered
from tests.translations import (
    COMMON,
    REASONS,
    SOURCE,
    file_of,
    texts_of_common,
    texts_of_controls,
    texts_of_reports,
    updated,
)

from .documents import WAIVER, document, hostile, one_of_each, plain, result

TRANSLATIONS = tuple(code for code in LANGUAGES if code != ENGLISH)

LABELS = ("found", "on", "owner", "at", "proof", "rule", "why", "fix", "so", "reason", "leaves", "waiver")
"""Words of the text report that stand in a column of seven characters."""

each_language = pytest.mark.parametrize("code", TRANSLATIONS)


def placeholders(said: str) -> list[str]:
    return sorted(re.findall(r"\{\w*\}", said))


def of_a_control(id: str) -> RunDocument:
    """A run that found what one control of the suite looks for."""
    control = load_catalogue()[id]
    told = {"expected": control.title, "why": control.why, "fix": control.fix, "harm": str(control.harm)}
    return document(result(control=id, **told))


def test_the_languages_are_those_that_have_a_catalogue() -> None:
    assert sorted(TRANSLATIONS) == sorted(file.stem for file in (SOURCE / "languages").glob("*.po"))


@each_language
def test_a_catalogue_has_all_words_of_reports_and_the_commonest_controls(code: str) -> None:
    wanted = {**texts_of_reports(), **texts_of_common()}
    assert len(COMMON) == len(set(COMMON)) >= 60
    assert [(said, where) for said, where in wanted.items() if said not in catalogue(code)] == []


@each_language
def test_nothing_is_translated_that_nobody_says_any_more(code: str) -> None:
    """An English text that was changed is named here: `make translations`, then look at what became fuzzy."""
    said = {*texts_of_reports(), *texts_of_controls()}
    assert [msgid for msgid in catalogue(code) if msgid not in said] == []


@each_language
def test_a_translation_has_the_placeholders_of_its_text_and_no_markup_of_its_own(code: str) -> None:
    controls = texts_of_controls()
    for msgid, msgstr in catalogue(code).items():
        if msgid not in controls:
            assert placeholders(msgid) == placeholders(msgstr), msgid
        for mark in "<>&\n":
            assert mark in msgid or mark not in msgstr, (mark, msgid)
        assert msgstr == msgstr.strip(), msgid


@each_language
def test_what_is_typed_or_published_is_not_translated(code: str) -> None:
    """Names of settings, and what stands in quotation marks or backticks, are the same in every language."""
    for msgid, msgstr in catalogue(code).items():
        if msgid in texts_of_controls():
            assert re.findall(r'\w+_\w+|`[^`]+`|"[^"]*"', msgid) == re.findall(r'\w+_\w+|`[^`]+`|"[^"]*"', msgstr)


@each_language
def test_the_labels_of_the_text_report_fit_their_column(code: str) -> None:
    assert {label: said for label in LABELS if len(said := catalogue(code)[label]) > 7} == {}


@each_language
def test_a_catalogue_is_read_as_babel_reads_it(code: str) -> None:
    with file_of(code).open("rb") as stream:
        messages = read_po(stream, abort_invalid=True)
    theirs = {message.id: message.string for message in messages if message.id and message.string and not message.fuzzy}
    assert parse(file_of(code).read_text(encoding="utf-8")) == theirs


def test_make_translations_keeps_what_is_said_and_marks_what_is_said_in_another_way() -> None:
    before = file_of("nl").read_text(encoding="utf-8")
    said = {*texts_of_reports(), *texts_of_controls()}
    kept = {msgid: msgstr for msgid, msgstr in parse(before).items() if msgid in said}
    assert '\nmsgid "Copy evidence"\n' in before
    after = updated("nl", before.replace('\nmsgid "Copy evidence"\n', '\nmsgid "Copy the evidence"\n'))
    assert '#, fuzzy\nmsgid "Copy evidence"\nmsgstr "Bewijs kopiëren"\n' in after
    assert parse(after) == {msgid: msgstr for msgid, msgstr in kept.items() if msgid != "Copy evidence"}


PO = 'msgid ""\nmsgstr "head\\n"\n\n#. place\nmsgid "one"\nmsgstr "eins"\n\n'


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ('msgid "two"\nmsgstr "zwei"\n', {"two": "zwei"}),
        ('msgid "a \\"b\\""\nmsgstr "c\\t\\\\"\n', {'a "b"': "c\t\\"}),
        ('msgid ""\n"two "\n"lines"\nmsgstr ""\n"zwei "\n"Zeilen"\n', {"two lines": "zwei Zeilen"}),
        ('msgid "two"\nmsgstr ""\n', {}),
        ('#, fuzzy\nmsgid "two"\nmsgstr "zwo"\n\nmsgid "three"\nmsgstr "drei"\n', {"three": "drei"}),
        ('#~ msgid "two"\n#~ msgstr "zwei"\n', {}),
        ('msgid "two"\nmsgstr "zwei"\nmsgid "three"\nmsgstr "drei"', {"two": "zwei", "three": "drei"}),
    ],
)
def test_entries_of_a_catalogue(entry: str, found: dict[str, str]) -> None:
    assert parse(PO + entry) == {"one": "eins", **found}


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ('msgid "one"\nmsgstr "uno"\n', "'one' is there twice"),
        ('msgid "two"\n', "line 8: a msgid without its msgstr"),
        ('msgid "two"\n\nmsgstr "zwei"\n', "without its msgstr"),
        ('msgstr "zwei"\n', "msgstr is not expected here"),
        ('msgid "two"\nmsgid "three"\n', "msgid is not expected here"),
        ('"two"\n', "neither a msgid nor a msgstr"),
        ('msgid "two" # more\nmsgstr "zwei"\n', "line 8: neither"),
        ('msgid "tw\\o"\nmsgstr "zwei"\n', "line 8: neither"),
        ('msgctxt "menu"\nmsgid "two"\nmsgstr "zwei"\n', "line 8: neither"),
        ('msgid "two"\nmsgid_plural "twos"\nmsgstr[0] "zwei"\n', "line 9: neither"),
    ],
)
def test_what_is_no_catalogue(entry: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse(PO + entry)


def test_a_language_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="there is no language 'xx'"):
        Language("xx")


@each_language
def test_a_report_speaks_the_language_and_names_things_as_before(code: str) -> None:
    say, control = Language(code), load_catalogue()["SPF-EXISTS"]
    content = of_a_control("SPF-EXISTS")
    page = html.render(content, language=code)
    told = [say.of_control(control.title), say.of_control(control.why)[1:40], say.of_control(control.fix)[1:40]]
    assert f'<html lang="{code}">' in page
    assert say("FAIL: the gate stays closed") in page
    assert '<pre class="evidence" lang="en"' in page
    for shown in (page, text.render(content, language=code, width=500), markdown.render(content, language=code)):
        plainly = shown.replace("\\", "")
        assert all(part in plainly for part in told), told
        assert control.title not in shown
        assert "SPF-EXISTS" in shown
        assert "no SPF record" in shown
        assert say.of_document("1 finding") in plainly


def test_english_is_what_it_is_without_a_language() -> None:
    for name, render in FORMATS.items():
        for content in (one_of_each(), hostile()):
            assert rendered(content, name, ENGLISH) == render(content)
            if name not in TRANSLATED:
                assert rendered(content, name, "de") == render(content)
    assert 'lang="en"' not in html.render(one_of_each()).replace('<html lang="en">', "")
    assert "data-texts" not in re.sub(r"<script>.*", "", html.render(one_of_each()), flags=re.DOTALL)


@each_language
def test_the_script_gets_its_words(code: str) -> None:
    page = html.render(one_of_each(), language=code)
    found = re.search(r'<script type="application/json" id="data-texts">(.*)</script>', page)
    assert found is not None
    texts = json.loads(found[1])
    assert texts["Copied"] == Language(code)("Copied")
    assert texts["not applicable"] == Language(code)("not applicable")


@each_language
def test_what_is_not_translated_is_counted_once_at_the_foot(code: str) -> None:
    content = of_a_control("SPF-EXISTS")
    content.results[0] = replace(content.results[0], fix="ask the house.", why="the house says so.")
    note = Language(code)("{n} texts about controls are not translated yet and stand here as they were written.", n=2)
    for shown in (
        html.render(content, language=code),
        text.render(content, language=code, width=500),
        markdown.render(content, language=code).replace("\\", ""),
    ):
        assert shown.count(note) == 1
        assert "sk the house." in shown
    assert html.render(of_a_control("SPF-EXISTS"), language=code).count(note[2:]) == 0
    assert "not translated" not in html.render(content)


@each_language
def test_every_reason_of_a_decision_is_translated(code: str) -> None:
    say = Language(code)
    for reason in REASONS:
        told = say.of_document(reason.replace("{n}", "12"))
        assert told != reason.replace("{n}", "12")
        assert ("12" in told) == ("{n}" in reason)


def test_the_reasons_are_those_that_a_decision_gives() -> None:
    """The list of them is made by hand: what a run says of itself must be on it."""
    expired = replace(WAIVER, days_left=-1)
    runs = [
        document(),
        document(result("not applicable")),
        document(result("inconclusive")),
        document(result(), result("inconclusive", target="b.example"), complete=False),
        document(result(change="new"), result(target="b.example", change="regressed", waiver=expired)),
        document(result(), other_failures=2),
    ]
    reasons = {re.sub(r"\d+", "{n}", reason) for run in runs for reason in run.decision.reasons}
    assert len(reasons) >= 9
    assert reasons <= set(REASONS)


@each_language
def test_a_hostile_document_is_as_harmless_in_any_language(code: str) -> None:
    content = hostile()
    english, other = (html.render(content, language=language) for language in (ENGLISH, code))
    for mark in ("<script", "<img", "onerror=", "</details>", "<a "):
        assert english.count(mark) == other.count(mark) - (mark == "<script")
    for render in (markdown.render, text.render):
        assert render(content, language=code)


@each_language
def test_texts_of_a_document_that_look_like_words_of_reports_break_nothing(code: str) -> None:
    say = Language(code)
    for said in texts_of_reports():
        for text_of_stranger in (said, said.replace("{n}", "7")):
            assert say.of_document(text_of_stranger)
            assert say.of_control(text_of_stranger)


def test_a_summary_in_another_language_keeps_to_its_limit() -> None:
    results = [result(target=f"d{number}.example") for number in range(400)]
    told = markdown.render(document(*results), limit=20_000, language="de")
    assert len(told.encode()) <= 20_000
    assert "weitere sind hier ausgelassen" in told


def test_the_command_shows_a_report_in_a_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "prod.json"
    file.write_text(json.dumps(plain(one_of_each())))
    assert main(["report", str(file), "--language", "de"]) == 0
    assert "Entscheidung: NICHT BESTANDEN" in capsys.readouterr().out
    assert main(["report", str(file), "--language", "nl", "--format", "html", "--verdict", "fail"]) == 0
    assert '<html lang="nl">' in capsys.readouterr().out
    assert main(["report", str(file), "--language", "de", "--format", "sarif"]) == 4
    assert "--language is for --format html, text, markdown" in capsys.readouterr().err


def test_the_environment_chooses_no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANG", "LC_ALL", "LANGUAGE"):
        monkeypatch.setenv(name, "de_DE.UTF-8")
    assert '<html lang="en">' in html.render(one_of_each())


def test_a_waiver_is_told_in_a_language() -> None:
    assert WAIVER.told(Language("de")) == "bis 2027-01-31 (noch 70 Tage): until the move; zuständig: ops"
    assert WAIVER.told(Language()) == WAIVER.summary


@each_language
def test_news_and_pages_of_results_speak_the_language(code: str, tmp_path: Path) -> None:
    say = Language(code)
    content = document(result(), result("inconclusive", target="b.example"))
    news = notification.news_of((), content, code)
    assert news.subject == f"mailproof prod: 1 {say('new')}"
    assert say("the gate is closed") in news.state
    assert notification.as_text(news).startswith(f"{say('New')}: 1\n")
    assert "no SPF record" in notification.as_text(news)
    assert notification.as_json(news)["gate"] == "closed"
    (tmp_path / "prod.json").write_text(json.dumps(plain(content)))
    pages = Pages((tmp_path,), language=code)
    shown = {path: pages.answer(path).body.decode() for path in ("/", "/results/prod", "/controls/SPF-EXISTS")}
    assert all(f'<html lang="{code}">' in page for page in shown.values())
    assert say("Results") in shown["/"]
    assert say.of_document("1 finding") in shown["/"]
    assert say("A good example") in shown["/controls/SPF-EXISTS"]


@each_language
def test_what_was_waived_is_told(code: str) -> None:
    say = Language(code)
    waived = document(result("waived", waived="inconclusive"), result("pass", target="b.example"))
    told = f"{say('waived')} ({say('inconclusive')})"
    assert told in html.render(waived, language=code)
    assert told.upper() in text.render(waived, language=code, proof=True)
    assert told in markdown.render(waived, language=code).replace("\\", "")
    assert say.of_document("1 inconclusive and waived") in text.render(waived, language=code)


def test_numbers_are_written_as_in_the_language() -> None:
    assert [Language(code).thousands(1234567) for code in LANGUAGES] == ["1,234,567", "1.234.567", "1.234.567"]
