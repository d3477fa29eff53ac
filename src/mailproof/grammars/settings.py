"""Settings of programs: ``name = value``, one a line, with comments, continued lines and sections.

So are written main.cf and the output of ``postconf -n`` (postconf(5)), that of ``doveconf -n``, with sections in
braces, and that of ``exim -bP``, in which a switch is its name alone, with ``no_`` in front if it is off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9_.:/-]+)[ \t]*=[ \t]*(?P<value>.*)")
_SECTION = re.compile(r"(?P<name>[^={}#]*\S)[ \t]*\{")
_SWITCH = re.compile(r"(?P<off>no_)?(?P<name>[a-z][a-z0-9_]*)")


@dataclass(frozen=True)
class Setting:
    """One setting. ``name`` begins with the sections that it stands in: ``protocol imap/mail_plugins``."""

    name: str
    value: str
    line: int
    """From 1."""


def parse_settings(text: str) -> Iterator[Setting]:
    """The settings of a text in order, repeated ones too. What is no setting is passed over."""
    sections: list[str] = []
    for number, line in _logical_lines(text):
        stripped = line.strip()
        if stripped == "}":
            del sections[-1:]
        elif section := _SECTION.fullmatch(stripped):
            sections.append(section["name"])
        elif named := _NAMED.fullmatch(stripped):
            yield Setting("/".join((*sections, named["name"])), named["value"].strip(), number)
        elif switch := _SWITCH.fullmatch(stripped):
            yield Setting("/".join((*sections, switch["name"])), "false" if switch["off"] else "true", number)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with those that continue them, and without comments; a line that begins with a blank continues the one
    before, unless that opened a section or stands in one (postconf(5), "Postfix main.cf file format").
    """
    depth = 0
    held: tuple[int, str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if held is not None and depth == 0 and line[0] in " \t" and not held[1].rstrip().endswith("{"):
            held = held[0], f"{held[1].rstrip()} {line.strip()}"
            continue
        if held is not None:
            yield held
        depth += line.rstrip().endswith("{") - (line.strip() == "}")
        held = number, line
    if held is not None:
        yield held
