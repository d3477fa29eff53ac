"""The PDF, as a reader of it sees it: what leads, what is bounded, and that nothing is fetched or interpreted."""

from __future__ import annotations

import io
import json
import os
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest
from pypdf import PdfReader

from mailproof.cli import main
from mailproof.documents import write_octets
from mailproof.report import pdf
from mailproof.report.html.view import Tally

from .documents import document, hostile, one_of_each, plain, result
from .fleet import document as fleet

printed = pytest.mark.skipif(
    find_library("pango-1.0") is None and not os.environ.get("MAILPROOF_REQUIRE_LAB"),
    reason="needs Pango; all packages: tests/browser-packages.txt",
)


def pages(octets: bytes) -> list[str]:
    """The words on each page, without the way in which they are broken into lines."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(octets)).pages]


@printed
def test_the_first_page_has_the_decision_and_the_next_the_findings_the_gravest_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "prod.json", tmp_path / "out" / "prod.pdf"
    file.write_text(json.dumps(plain(one_of_each())))
    assert main(["report", str(file), "--format", "pdf", "-o", str(out)]) == 0
    assert out.read_bytes() == pdf.render(one_of_each())
    first, *rest = pages(out.read_bytes())
    assert "The gate stays closed: 3 findings, 3 inconclusive" in first
    assert "SPF-MUST, on example.org. Publish one." in first
    assert first.index("What to mend first") < first.index("example.org: 1 requirement broken, 1 recommendation ")
    findings = " ".join(rest)
    order = ["Requirements broken", "Recommendations broken", "Options not used", "Advice", "Could not be verified"]
    assert sorted(order, key=findings.index) == order
    assert "fail.example (inventories/prod.yaml:3): " in findings
    assert "Fix: Publish one." in findings
    assert "pass.example" not in findings
    assert capsys.readouterr().out == ""


@printed
def test_what_servers_say_is_text() -> None:
    reader = PdfReader(io.BytesIO(pdf.render(hostile())))
    assert "<img src=x onerror=alert(1)>" in " ".join(" ".join(page.extract_text().split()) for page in reader.pages)
    assert not [page for page in reader.pages if page.images or "/Annots" in page]


@printed
def test_whatever_asks_for_a_fetch_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    beside = tmp_path / "beside.svg"
    beside.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>read</text></svg>')
    monkeypatch.setattr(pdf, "sheet", lambda _: f'<p>before <img src="{beside.as_uri()}" alt="refused">')
    assert pages(pdf.render(document())) == ["before refused"]


def test_of_a_big_result_it_says_what_is_left_out() -> None:
    sheet = pdf.sheet(fleet(300))
    first, *groups = sheet.split("<h3>")
    assert first.count('<li><b class="name">customer') == pdf.DOMAINS
    assert len(groups) == pdf.GROUPS
    assert max(group.count('<li><b class="name">') for group in groups) == pdf.TARGETS
    assert "59 more domains and hosts, 0 of them with nothing amiss, are in the HTML report." in sheet
    assert "more, which are in the HTML report" in sheet
    assert "are left out here, the least grave; the HTML and the JSON report have all." in sheet


@printed
def test_a_result_without_findings_is_one_page() -> None:
    (page,) = pages(pdf.render(document(result("pass"))))
    assert "The gate is open." in page
    assert "example.org: nothing amiss, 1 verdict pass." in page
    assert pdf.sentence(Tally(none=4)) == "no control applies."


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "prod.json").write_text(json.dumps(plain(one_of_each())))
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    arguments = ["report", str(tmp_path / "prod.json"), "--format", "pdf", "-o", str(tmp_path / "prod.pdf")]
    assert main(arguments) == 4
    assert "WeasyPrint is not installed: pip install 'mailproof[pdf]'" in capsys.readouterr().err
    assert not (tmp_path / "prod.pdf").exists()
    assert main([*arguments, "--control", "SPF-*"]) == 4
    assert "--format pdf is always whole" in capsys.readouterr().err


def test_octets_are_written_where_text_would_be(tmp_path: Path) -> None:
    write_octets(tmp_path / "new" / "run.pdf", b"%PDF")
    assert (tmp_path / "new" / "run.pdf").read_bytes() == b"%PDF"
