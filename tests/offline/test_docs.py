"""What the pages of docs/ tell to type works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailproof.cli import _parser
from tests.offline.user import SOURCE, pytest_run, write_inventory

DOCS = SOURCE / "docs"

PAGES = ("reports.md", "first-run.md", "audit-evidence.md", "house-rules.md", "nightly.md")


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The options that pytest knows with mailproof, and those of the command."""
    shown = pytest_run(tmp_path_factory.mktemp("help"), "--help").output
    commands = [*_parser()._subparsers._group_actions[0].choices.values()]  # type: ignore[union-attr]
    elsewhere = {"--junitxml", "--body-file", "--now"}  # of pytest by another name, of gh, of systemctl
    return elsewhere | set(re.findall(r"--[a-z][a-z-]*", shown + "".join(c.format_help() for c in commands)))


@pytest.mark.parametrize("page", PAGES)
def test_options_that_a_page_names_exist(page: str, options: set[str]) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", (DOCS / page).read_text(encoding="utf-8")))
    # The gate's baseline has an option and pages of its own.
    assert named - {"--baseline"} <= options


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_links_exist(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (DOCS / page).read_text(encoding="utf-8")):
        assert target.startswith("https://") or (DOCS / target).exists(), target


def test_the_house_rules_of_the_page_judge(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "house-rules.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "house_rules.py").write_text(code, encoding="utf-8")
    write_inventory(tmp_path, "domains: [no-spf.example, parked.example]\nrules: [house_rules.py]\n")
    run = pytest_run(tmp_path, "--inventory", "prod.yaml", "-k", "mx_is_ours or spf_is_short")
    assert run.verdicts("prod") == {
        ("HOUSE-MX-OURS", "no-spf.example"): "fail",
        ("HOUSE-MX-OURS", "parked.example"): "not applicable",
        ("HOUSE-SPF-SHORT", "no-spf.example"): "pass",
        ("HOUSE-SPF-SHORT", "parked.example"): "pass",
    }, run.output


def test_the_recipe_for_an_audit_can_be_judged_again(tmp_path: Path) -> None:
    page = (DOCS / "audit-evidence.md").read_text(encoding="utf-8")
    survey, again = re.findall(r"^    pytest (--inventory=.*)$", page, re.MULTILINE)
    write_inventory(tmp_path, "domains: [no-spf.example]\n")
    narrowed = ("--control", "SPF-*")
    first = pytest_run(tmp_path, *survey.split(), *narrowed)
    assert first.code == 1
    second = pytest_run(tmp_path, *again.split(), *narrowed)
    assert (tmp_path / "2026-q4" / "prod.csv").is_file()
    assert second.verdicts("prod") == type(first)(0, "", "", tmp_path / "2026-q4").verdicts("prod")
