"""The documentation as a site: every control has its page, with examples that the control itself judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailproof.docket import Docket
from mailproof.gate.documentation import DocumentationNote
from mailproof.probes import load_probes
from tests import site
from tests.unit.cases.case import catalogue


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "sources"
    site.write(folder)
    return folder


def test_every_control_has_a_page_that_its_family_and_the_index_name(sources: Path) -> None:
    index = (sources / "controls" / "README.md").read_text()
    published = DocumentationNote(address="https://docs.example/")
    for control in catalogue():
        place = f"{control.family}/{control.id}.md"
        assert (sources / "controls" / place).is_file()
        assert (
            published.page(control.family, control.id)
            == f"https://docs.example/controls/{place.removesuffix('.md')}.html"
        )
        assert f"[{control.id}]({place})" in index
        assert f"({place})" in (sources / "controls" / f"{control.family}.md").read_text()


def test_links_out_of_the_documentation_become_names(sources: Path) -> None:
    page = (sources / "index.md").read_text()
    assert "](docs/" not in page
    assert "](gate.md)" in page
    assert "../examples" not in (sources / "gate-a-zone-change.md").read_text()


def test_a_page_shows_what_is_wrong_and_what_is_right() -> None:
    page = "\n".join(site.control_page(catalogue()["SPF-ALL-ONCE-LAST"], Docket(load_probes())))
    bad, good = page.split("## A good example")
    assert "is never looked at: -all stands in the record" in bad
    assert '"v=spf1 -all ip4:192.0.2.1"' in bad
    assert "Nothing is found." in good
    assert "v=spf1" in good
