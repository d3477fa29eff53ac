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
from mailproof.probes.configuration import included

MAX_DEPTH = 16
"""Files that include each other; nft has the same bound."""
MAX_SHOWN = 80
"""Characters of the name of a file that is not read."""
MAX_LINES = 500_000
"""Of all files with what they include."""

_INCLUDE = re.compile(r"[ \t]*include[ \t]+\"(?P<name>[^\"\n]+)\"[ \t]*;?[ \t\r]*(?:#.*)?")


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
    of_others = {one for name, text in texts.items() for one in _all_included(name, text, texts)}
    left = MAX_LINES
    for name in [name for name in texts if name not in of_others] or texts:
        lines: list[tuple[str, str, int]] = []
        for line in _lines(name, texts, ()):
            lines.append(line)
            if len(lines) > left:
                raise NotAvailable(f"{name} has, with what it includes, more lines than are looked at")
        left -= len(lines)
        yield Joined(tuple(lines))


def _all_included(name: str, text: str, texts: Mapping[str, str]) -> Iterator[str]:
    for line in text.split("\n"):
        if include := _INCLUDE.fullmatch(line):
            yield from _matching(include["name"], name, texts)


def _lines(name: str, texts: Mapping[str, str], within: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    for number, line in enumerate(texts[name].split("\n"), 1):
        include = _INCLUDE.fullmatch(line)
        if include is None:
            yield line, name, number
            continue
        found = _matching(include["name"], name, texts)
        if not found or len(within) == MAX_DEPTH or not {name, *within}.isdisjoint(found):
            said = printable(include["name"])[:MAX_SHOWN]
            raise NotAvailable(f"{name}:{number}: {said} is included and not read: name it as well")
        for one in found:
            yield from _lines(one, texts, (*within, name))


def _matching(pattern: str, own: str, texts: Mapping[str, str]) -> list[str]:
    """In the order of their names; nft passes over those that begin with a dot."""
    found = {PurePath(name).name: name for name in included(pattern, own, texts)}
    return [found[name] for name in sorted(found) if not name.startswith(".")]
