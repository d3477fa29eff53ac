"""The commands that a page prints, as its reader would type them."""

from __future__ import annotations

import re
from pathlib import Path


def first_commands(page: Path) -> list[str]:
    """The commands of the first run."""
    block = re.search(r"(?:^    .*\n)+", _first_run(page), re.MULTILINE)
    assert block is not None
    return [line.strip() for line in block[0].splitlines()]


def needed_first(page: Path) -> list[str]:
    """What is to be installed by Debian's tools before the first run, as it stands in the text before its commands."""
    return re.findall(r"`(apt(?:-get)? [^`]+)`", _first_run(page).partition("\n    ")[0])


def _first_run(page: Path) -> str:
    _, _, section = re.split(r"^(#+ The first .*run)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[:3]
    return section


def in_demo_world(judging: list[str]) -> list[str]:
    """The commands that judge, of a made-up domain with a fault in place of a real one; its findings are no failure."""
    assert judging[0].startswith("mailproof check example.org")
    first = judging[0].replace("example.org", "no-spf.example --world demo")
    return [f"{command} --control SPF-EXISTS || test $? = 1" for command in (first, *judging[1:])]
