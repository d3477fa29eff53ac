"""Puts files of nftables that others include into their places (nft(8), "Including files"), where the inventory names
them as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from mailproof.net.errors import NotAvailable
from mailproof.net.text import printable
from mailproof.places import Place
from mailproof.probes.path_endings import MAX_INCLUDES, Included

MAX_DEPTH = 16
"""Files that include each other; nft has the same bound."""
MAX_INCLUDED = 1000
"""Files that are put into others, each as often as it is: a few that include each other many times come to millions."""
MAX_SHOWN = 80
"""Characters of the name of a file that is not read."""
MAX_LINES = 500_000
"""Of all files with what they include."""

# Possessive, so that no blank is looked at twice.
_INCLUDE = re.compile(r"[ \t]*+include[ \t]++\"(?P<name>[^\"\n]++)\"[ \t]*+;?[ \t\r]*+(?:#.*)?")


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


def joined(texts: Mapping[str, str]) -> Iterator[Joined]:
    """The files that no other one includes. Raises NotAvailable, with the line, for an include that is not read."""
    files = _Files(texts)
    of_others = files.of_others()
    left = MAX_LINES
    for name in [name for name in texts if name not in of_others] or texts:
        lines: list[tuple[str, str, int]] = []
        for line in files.lines(name, ()):
            lines.append(line)
            if len(lines) > left:
                raise NotAvailable(f"{name} has, with what it includes, more lines than are looked at")
        left -= len(lines)
        yield Joined(tuple(lines))


class _Files:
    """The files that the inventory names."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._lines = {name: text.split("\n") for name, text in texts.items()}
        self._includes = {name: dict(_includes(lines)) for name, lines in self._lines.items()}
        patterns = {
            (pattern, name): (name, line) for name, own in self._includes.items() for line, pattern in own.items()
        }
        if len(patterns) > MAX_INCLUDES:
            raise _too_many(*list(patterns.values())[MAX_INCLUDES])
        self._included = Included(patterns, [name for name in texts if not PurePath(name).name.startswith(".")])
        self._left = MAX_INCLUDED

    def of_others(self) -> set[str]:
        """Those that another one includes."""
        return {
            one
            for name, includes in self._includes.items()
            for number, pattern in includes.items()
            for one in self._matching(pattern, name, number)
        }

    def lines(self, name: str, within: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
        """The lines of a file and of those that it includes."""
        includes = self._includes[name]
        for number, line in enumerate(self._lines[name], 1):
            if number not in includes:
                yield line, name, number
                continue
            found = self._matching(includes[number], name, number)
            if not found or len(within) == MAX_DEPTH or not {name, *within}.isdisjoint(found):
                said = _shown(includes[number])
                raise NotAvailable(
                    f"{name}:{number}: {said} is included and not read: name it as well, in a directory of that name, "
                    "or what nft list ruleset says"
                )
            self._left -= len(found)
            if self._left < 0:
                raise _too_many(name, number)
            for one in found:
                yield from self.lines(one, (*within, name))

    def _matching(self, pattern: str, own: str, number: int) -> list[str]:
        """The files that an include names, in the order of their names; nft passes over those that begin with a dot.

        Raises NotAvailable where these may be others.
        """
        found = self._included.of(pattern, own)
        if found is None:
            raise NotAvailable(
                f"{own}:{number}: {_shown(pattern)} may be files of several directories: "
                "name what nft list ruleset says"
            )
        return found


def _includes(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        if include := _INCLUDE.fullmatch(line):
            yield number, include["name"]


def _too_many(name: str, number: int) -> NotAvailable:
    said = f"more than {MAX_INCLUDED} files are included: name what nft list ruleset says"
    return NotAvailable(f"{name}:{number}: {said}")


def _shown(pattern: str) -> str:
    return printable(pattern)[:MAX_SHOWN]
