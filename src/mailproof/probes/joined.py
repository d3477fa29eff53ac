"""Puts files that others include into their places, where the inventory names them as well: what stands behind an
include counts after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from mailproof.grammars.includes import includes
from mailproof.grammars.settings import expand_macros
from mailproof.places import Place
from mailproof.probes.path_endings import Included

MAX_DEPTH = 16
"""Files that include each other; nft has the same bound."""
MAX_INCLUDED = 1000
"""Files that are put into others, each as often as it is: a few that include each other many times come to millions."""
MAX_AGAIN = 50_000
"""Lines of files that are put in once more."""
MAX_LINES = 500_000
"""Of all files with what they include."""


@dataclass(frozen=True)
class Joined:
    """The lines of a file with those of the files that it includes, and where each of them stands."""

    lines: tuple[tuple[str, str, int], ...]
    """The text, the file, and the line there."""

    @property
    def text(self) -> str:
        return "\n".join(text for text, _, _ in self.lines)

    def place(self, line: int) -> Place:
        """Where a line of the text stands."""
        _, file, number = self.lines[min(line, len(self.lines)) - 1] if self.lines else ("", "", 0)
        return Place(file, number)


Includes = Mapping[str, Mapping[int, str]]
"""The patterns that files include, by file and line."""


class FilesInPlace:
    """The files that the inventory names, with those that each includes. What is not read is left out, and so is what
    a file would include of itself.
    """

    def __init__(self, lines: Mapping[str, list[str]], includes: Includes, included: Included) -> None:
        self._lines = lines
        self._includes = includes
        self._included = included
        self._left = MAX_INCLUDED
        self._left_again = MAX_AGAIN
        self._put_in: set[str] = set()

    def roots(self) -> list[str]:
        """Those that no other one includes; all where each is included."""
        of_others = {
            one
            for name, includes in self._includes.items()
            for number, pattern in includes.items()
            for one in self.matching(pattern, name, number)
        }
        return [name for name in self._lines if name not in of_others] or list(self._lines)

    def lines(self, name: str, within: tuple[str, ...] = ()) -> Iterator[tuple[str, str, int]]:
        """The lines of a file and of those that it includes."""
        includes = self._includes[name]
        for number, line in enumerate(self._lines[name], 1):
            if number not in includes:
                yield line, name, number
                continue
            found = self.matching(includes[number], name, number)
            if not found or len(within) == MAX_DEPTH or not {name, *within}.isdisjoint(found):
                self.missing(includes[number], name, number)
                yield line, name, number
                continue
            self._left -= len(found)
            self._left_again -= sum(len(self._lines[one]) for one in found if one in self._put_in)
            if self._left < 0 or self._left_again < 0:
                self.too_many(name, number)
                yield line, name, number
                continue
            self._put_in.update(found)
            for one in found:
                yield from self.lines(one, (*within, name))

    def matching(self, pattern: str, own: str, number: int) -> list[str]:
        """The files that an include names, in the order of their names; none where these may be others."""
        return self._included.of(pattern, own) or []

    def missing(self, pattern: str, own: str, number: int) -> None:
        """What becomes of an include that is not read."""

    def too_many(self, own: str, number: int) -> None:
        """What becomes of more than MAX_INCLUDED files, or MAX_AGAIN lines; the include stays where it is, not read."""


_MACRO = re.compile(r"[ \t]*+(?P<name>_?[A-Z]\w{0,80})[ \t]*+==?[ \t]*+(?P<value>[^\n]{0,1000})")


def joined(program: str, texts: Mapping[str, str]) -> dict[str, Joined]:
    """The files that no other one includes, with what they include, in the order of ``texts``: of Exim, Dovecot
    and keepalived; those of other programs as they are.
    """
    lines = {name: text.removeprefix("\ufeff").splitlines() for name, text in texts.items()}
    named = {
        name: {one.line: one.file.strip().strip("\"'") for one in includes(program, own)} for name, own in lines.items()
    }
    if program == "exim":
        found = (macro for own in lines.values() for macro in map(_MACRO.match, own) if macro)
        macros = {macro["name"]: macro["value"].strip() for macro in found}
        named = {
            name: {number: expand_macros(one, macros) for number, one in own.items()} for name, own in named.items()
        }
    patterns = [(one, name) for name, own in named.items() for one in own.values()]
    files = FilesInPlace(lines, named, Included(patterns, texts))
    left = MAX_LINES
    every: dict[str, Joined] = {}
    for name in files.roots():
        every[name] = Joined(tuple(islice(files.lines(name), left)))
        left -= len(every[name].lines)
    return every
