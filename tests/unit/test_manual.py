"""The manual page holds the whole command line, and is one that man can set."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mailproof.cli import command_line
from mailproof.commands.manual import EXIT_CODES, manual_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "mailproof.1"
REQUESTS = {".TH", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi", ".nh", ".ad", '.\\"'}
GLYPHS = {"-": "-", "(aq": "'", "(ga": "`", "(ha": "^", "(ti": "~", "e": "\\"}


def plain(page: str) -> str:
    """The words of a page, as they are typed."""
    for glyph, character in (
        (r"\-", "-"),
        (r"\(aq", "'"),
        (r"\(ga", "`"),
        (r"\(ha", "^"),
        (r"\(ti", "~"),
        (r"\e", "\\"),
    ):
        page = page.replace(glyph, character)
    return re.sub(r"\\f[BIR]|\\&", "", page)


def test_the_page_is_that_of_the_command_line() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual_page(), "make docs"


def test_every_command_and_option_is_in_it() -> None:
    words = plain(manual_page())
    for command in command_line().root.all():
        if command.path:
            assert re.search(rf"^\.SS mailproof {re.escape(command.name)}( |$)", words, re.MULTILINE)
        for option in command.options:
            if command.path and "--help" not in option.names:
                assert re.search(rf"^(.*, )?{re.escape(option.names[-1])}(=| |$)", words, re.MULTILINE), option.names


def test_its_exit_codes_are_those_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| exit code | meaning |")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"^\| (\d) \|", table, re.MULTILINE)] == list(EXIT_CODES)


def test_no_line_of_text_is_taken_for_a_request() -> None:
    for line in manual_page().splitlines():
        assert line, "an empty line is set as one"
        if line.startswith((".", "'")):
            assert line.split()[0] in REQUESTS
        assert not re.search(r"\\(?!f[BIR]|-|e|&|:|\(aq|\(ga|\(ha|\(ti|\")", line), line


def test_man_sets_it_without_a_warning() -> None:
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("man-db and groff are not here: the tests beside this one look at the page itself")
    done = subprocess.run(
        ["man", "--warnings", "-Tutf8", "-l", str(PAGE)],
        env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    shown = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)
    assert "mailproof check [OPTION ...] DOMAIN ..." in shown
    assert "'SPF-*'" in shown
