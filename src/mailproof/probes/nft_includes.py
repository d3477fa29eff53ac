"""Puts files of nftables that others include into their places (nft(8), "Including files"), where the inventory names
them as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath

from mailproof.net.errors import NotAvailable
from mailproof.net.text import printable
from mailproof.places import Place

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
        self._found: dict[tuple[str, str], list[str]] = {}
        self._taken: dict[str, tuple[str, ...]] = {}
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
        if (own, pattern) not in self._found:
            if len(self._found) == MAX_INCLUDED:
                raise _too_many(own, number)
            found = _fitting(pattern, own, self._lines)
            directory = _directories(pattern)
            is_clear = found is not None and all(
                _agree(self._taken.setdefault(name, directory), directory) for name in found
            )
            if found is None or not is_clear:
                raise NotAvailable(
                    f"{own}:{number}: {_shown(pattern)} may be files of several directories: "
                    "name what nft list ruleset says"
                )
            self._found[own, pattern] = found
        return self._found[own, pattern]


def _includes(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        if include := _INCLUDE.fullmatch(line):
            yield number, include["name"]


def _fitting(pattern: str, own: str, names: Mapping[str, list[str]]) -> list[str] | None:
    """The files whose names end as an include does, with as many directories as for any of them; None where they are
    in several places that the include does not tell apart.

    The inventory may have a directory by another name than the host: build/nftables.d for /etc/nftables.d.
    """
    asked, last = PurePath(pattern).parts, PurePath(pattern).name
    wanted = [name for name in names if name != own and fnmatchcase(PurePath(name).name, last)]
    wanted = [name for name in wanted if not PurePath(name).name.startswith(".")]
    common = {name: _common(PurePath(name).parts, asked) for name in wanted}
    best = max(common.values(), default=0)
    found = sorted(name for name in wanted if common[name] == best)
    before = {PurePath(name).parts[:-best] for name in found}
    if len(before) > 1:
        return None
    is_elsewhere = best == 1 and not before <= {(), PurePath(own).parent.parts} and len(asked) > 1
    return [] if is_elsewhere else found


def _common(name: tuple[str, ...], asked: tuple[str, ...]) -> int:
    """How many parts at the end of a name fit those that an include asks for."""
    count = 0
    for own, pattern in zip(reversed(name), reversed(asked), strict=False):
        if not fnmatchcase(own, pattern):
            break
        count += 1
    return count


def _directories(pattern: str) -> tuple[str, ...]:
    return tuple(part for part in PurePath(pattern).parent.parts if part not in ("/", ".."))


def _agree(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two includes may be of one directory: their names end in the same parts."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return all(fnmatchcase(a, b) or fnmatchcase(b, a) for a, b in pairs)


def _too_many(name: str, number: int) -> NotAvailable:
    said = f"more than {MAX_INCLUDED} files are included: name what nft list ruleset says"
    return NotAvailable(f"{name}:{number}: {said}")


def _shown(pattern: str) -> str:
    return printable(pattern)[:MAX_SHOWN]
