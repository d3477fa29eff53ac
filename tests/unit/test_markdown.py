"""The Markdown summary: no markup of the network, everything said, within its limit."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailproof.controls import Reference
from mailproof.gate.document import ProfileNote
from mailproof.net.text import printable
from mailproof.report import escape
from mailproof.report.formats import FORMATS
from mailproof.report.markdown import COMMENT_LIMIT, render

from .documents import HOSTILE, REFERENCE, WAIVER, document, hostile, one_of_each, result
from .rendered import CONTROL_CHARACTERS, OURS, tokens


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a b/", "https://a/<b>", "https://a/\x7f", "https://a/\n", ""]
)
def test_only_web_addresses_that_can_be_shown_are_linked(url: str) -> None:
    plain = document(result("fail", references=(Reference("A rule", url),)))
    assert "](<" not in FORMATS["markdown"](plain)
    assert "helpUri" not in FORMATS["sarif"](plain)
    assert not CONTROL_CHARACTERS.search(FORMATS["markdown"](plain))


def test_markdown_holds_no_markup_of_the_network() -> None:
    found = tokens(FORMATS["markdown"](hostile()))
    assert {t.type for t in found if t.type == "image"} == set()
    assert {t.attrs["href"] for t in found if t.type == "link_open"} == {REFERENCE.url}
    for token in found:
        if token.type in ("html_block", "html_inline"):
            assert "<" not in OURS.sub("", token.content), token.content
    prose = "".join(t.content for t in found if t.type == "text")
    assert "evil.example" not in prose
    assert "@" not in prose
    opened = sum(t.content.count("<details>") for t in found if t.type == "html_block")
    assert opened == sum(t.content.count("</details>") for t in found if t.type == "html_block") == 3


def test_markdown_shows_the_hostile_text_whole() -> None:
    """What is escaped away must not be lost: the proof is there, as text."""
    fences = [t.content for t in tokens(FORMATS["markdown"](hostile())) if t.type == "fence"]
    assert len(fences) == 9
    assert all(printable(HOSTILE)[:200] in fence for fence in fences)
    published, instead, proofs = fences[::3], fences[1::3], fences[2::3]
    assert all(fence.endswith("\n```\n") for fence in published)
    assert all(fence.startswith("=1+1\n") and fence.endswith("\n::error::boom\n") for fence in instead)
    assert all("\n```\n~~~~\n</details>\n::error::boom\n" in fence for fence in proofs)


@pytest.mark.parametrize("text", ["a `b` c", "``", "`", " x ", "", " ", "a|b", "*x*", "end`", HOSTILE])
def test_a_code_span_is_the_text_and_nothing_else(text: str) -> None:
    found = tokens(f"- {escape.markdown_code(text)}")
    spans = [t.content for t in found if t.type == "code_inline"]
    assert spans == ([printable(text)] if text.strip() else [])


@pytest.mark.parametrize("text", [HOSTILE, "# x", "- x", "1. x", "> x", "www.x.example", "https://x.example", "a_b_c"])
def test_prose_is_the_text_and_nothing_else(text: str) -> None:
    found = tokens(f"{escape.markdown(text)}\n")
    allowed = {"paragraph_open", "inline", "text", "text_special", "paragraph_close", "html_inline"}
    assert {t.type for t in found} <= allowed
    assert "".join(t.content for t in found if t.type in ("text", "text_special")) == printable(text)


def test_markdown_says_decision_counts_and_every_finding() -> None:
    rendered = FORMATS["markdown"](one_of_each())
    assert "**FAIL, the gate stays closed**: 3 findings" in rendered
    assert "| 3 | 3 | 3 | 3 | 3 | 3 |" in rendered
    for title in ("Findings (3)", "Could not be verified (3)", "Advice (3)", "Waived (3)"):
        assert f"### {title}" in rendered
    assert f"- waiver: `{WAIVER.summary}`" in rendered
    assert "- where: `inventories/prod.yaml:3`" in rendered
    assert "**PASS, the gate is open**" in FORMATS["markdown"](document(result("pass")))


@pytest.mark.parametrize("limit", [1_000, 5_000, 20_000])
def test_markdown_fits_and_counts_what_it_leaves_out(limit: int) -> None:
    plain = document(*(result(target=f"{n}.example") for n in range(30)), result("inconclusive", target="x.example"))
    rendered = render(plain, limit=limit)
    assert len(rendered.encode()) <= limit
    left = re.search(r"(\d+) more are left out", rendered)
    shown = rendered.count("<details>") + rendered.count("leaves SPF")
    assert shown + (int(left[1]) if left else 0) == 31


def test_equal_reasons_of_one_target_are_one_line() -> None:
    plain = document(*(result("inconclusive", control=f"SPF-{n}") for n in "ABC"))
    assert "- `example.org`: `no SPF record` leaves SPF\\-A, SPF\\-B, SPF\\-C\n" in FORMATS["markdown"](plain)


def test_what_a_profile_wants_attested_is_told_as_far_as_there_is_room() -> None:
    demands = ("somebody reads <reports>", "staff are trained")
    note = ProfileNote(name="strict", title="A strict one", attestation=demands)
    content = replace(one_of_each(), profile=note)
    text = render(content)
    assert "<summary>To be attested: what strict demands and nobody sees from outside</summary>" in text
    assert "\n- somebody reads \\<reports\\>\n- staff are trained\n" in text
    long = replace(content, profile=replace(note, attestation=("x" * 1000,) * 100))
    text = render(long)
    assert "100 demands to be attested are in the JSON report." in text
    assert len(text.encode()) <= COMMENT_LIMIT
