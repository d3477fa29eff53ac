"""Which lines of a configuration file of Exim count (Exim specification, chapter 6, "Conditional skips").

``.ifdef NAME``, ``.elifdef``, ``.else``, ``.endif`` ask whether macros are defined. What the program itself defines to
tell what it can do begins with an underscore, and is taken for defined.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_ASKS = re.compile(r"\.(?P<word>ifdef|ifndef|elifdef|elifndef|else|endif)\b(?P<rest>.*)")
_DEFINES = re.compile(r"(?P<name>_?[A-Z][A-Za-z0-9_]*)[ \t]*==?")
_MACRO = re.compile(r"\b_?[A-Z][A-Za-z0-9_]*")


def lines_that_count(text: str, defined: Collection[str] = ()) -> str:
    """``text`` with comments in the place of lines of branches that are not taken, and of those that ask: a line that
    a backslash ends goes on behind them.

    ``defined`` are the macros of files before this one.
    """
    if ".if" not in text:
        return text
    known = set(defined)
    lines: list[str] = []
    branches: list[_Branch] = []
    left_out = 0
    for line in text.removeprefix("\ufeff").splitlines():
        said = line.strip()
        if asks := _ASKS.match(said):
            lines.append("#")
            word = asks["word"]
            if word in ("ifdef", "ifndef"):
                branches.append(_Branch())
            elif branches:
                left_out -= not branches[-1].is_taken
            else:
                continue
            if word == "endif":
                branches.pop()
                continue
            is_there = any(name in known or name.startswith("_") for name in _MACRO.findall(asks["rest"]))
            branches[-1].go_on(word == "else" or is_there == word.endswith("ifdef"))
            left_out += not branches[-1].is_taken
            continue
        lines.append("#" if left_out else line)
        if not left_out and (defines := _DEFINES.match(said)):
            known.add(defines["name"])
    return "\n".join(lines)


class _Branch:
    """Of the branches of one question, the one that lines stand in."""

    def __init__(self) -> None:
        self.is_taken = False
        self._was_taken = False

    def go_on(self, holds: bool) -> None:
        """The next branch. Of several that hold, the first is taken."""
        self.is_taken = holds and not self._was_taken
        self._was_taken |= holds
