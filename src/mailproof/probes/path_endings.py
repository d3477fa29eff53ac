"""Which of the files that the inventory names is the one that a program names: told by the last parts of their paths.

The inventory may have a directory by another name than the host (``build/nftables.d`` for ``/etc/nftables.d``), or all
files in one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath

MAX_INCLUDES = 1000
"""Patterns that are looked at, however many files name one."""
_GLOB = re.compile(r"[*?\[]")


def shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts at the end of two paths fit each other; either may hold patterns."""
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if not (a == b or (_GLOB.search(b) and fnmatchcase(a, b)) or (_GLOB.search(a) and fnmatchcase(b, a))):
            break
        count += 1
    return count


class Included:
    """The files that includes name, each a pattern with the file that it stands in."""

    def __init__(self, includes: Iterable[tuple[str, str]], names: Iterable[str]) -> None:
        known = _Names(names)
        fitting: dict[str, _Fitting] = {}
        self._found: dict[tuple[str, str], list[str] | None] = {}
        directories: dict[str, dict[_Parts, None]] = {}
        looked_at: set[tuple[str, int]] = set()
        for pattern, own in includes:
            if pattern not in fitting:
                if len(fitting) == MAX_INCLUDES:
                    continue
                fitting[pattern] = known.fitting(pattern)
            found = self._found[pattern, own] = fitting[pattern].beside(own)
            if found and (pattern, id(found)) not in looked_at:
                looked_at.add((pattern, id(found)))
                for name in found:
                    directories.setdefault(name, {})[_directories(pattern)] = None
        ambiguous = {name for name, named in directories.items() if not _are_one(named)}
        if ambiguous:
            unknown = [include for include, found in self._found.items() if not ambiguous.isdisjoint(found or ())]
            self._found |= dict.fromkeys(unknown)

    def of(self, pattern: str, own: str) -> list[str] | None:
        """The files that one of the includes names, sorted: those of whose paths most parts at the end fit.

        None where they may be others: they lie in several places that the pattern does not tell apart, or includes of
        several directories fit one file. None as well beyond MAX_INCLUDES.
        """
        return self._found.get((pattern, own))


def not_read(includes: Iterable[tuple[str, str]], names: Iterable[str]) -> tuple[str, ...]:
    """The patterns of those includes that name none of the files that are read, or may name others."""
    every = list(includes)
    found = Included(every, names)
    return tuple(pattern for pattern, own in every if not found.of(pattern, own))


_Parts = tuple[str, ...]


class _Names:
    """The files by the last parts of their paths, of which a pattern is held against each once."""

    def __init__(self, names: Iterable[str]) -> None:
        self._parts = {name: PurePath(name).parts for name in names if PurePath(name).name}
        self._by_last: dict[str, list[str]] = {}
        for name, parts in self._parts.items():
            self._by_last.setdefault(parts[-1], []).append(name)
        self._wild = [last for last in self._by_last if _GLOB.search(last)]
        self._has_wild_directories = any(_GLOB.search(part) for parts in self._parts.values() for part in parts[-2:-1])
        self._matching: dict[str, list[str]] = {}

    def fitting(self, pattern: str) -> _Fitting:
        asked = PurePath(pattern).parts
        last = asked[-2:-1]
        is_plain = not self._has_wild_directories and not any(map(_GLOB.search, last))
        shares: dict[_Parts, int] = {}
        groups: dict[int, list[str]] = {}
        for name in self._named(asked[-1]) if asked else ():
            directory = self._parts[name][:-1]
            if directory not in shares:
                is_other = is_plain and directory[-1:] != last
                shares[directory] = 1 if is_other else 1 + shared(directory, asked[:-1])
            groups.setdefault(shares[directory], []).append(name)
        ordered = [(count, sorted(groups[count])) for count in sorted(groups, reverse=True)]
        return _Fitting(len(asked) > 1, ordered, self._parts)

    def _named(self, last: str) -> list[str]:
        """The files whose last part fits that of a pattern."""
        if last not in self._matching:
            of_patterns = self._by_last if _GLOB.search(last) else (*self._wild, last)
            self._matching[last] = [
                name
                for other in dict.fromkeys(of_patterns)
                if other == last or (not other.startswith(".") and shared((other,), (last,)))  # glob(7)
                for name in self._by_last.get(other, ())
            ]
        return self._matching[last]


class _Fitting:
    """The files that fit a pattern, by how many parts at the end of their paths do, most first."""

    def __init__(self, has_directory: bool, groups: list[tuple[int, list[str]]], parts: dict[str, _Parts]) -> None:
        self._has_directory = has_directory
        self._groups = groups
        self._parts = parts
        self._before = [self._ahead(count, names) for count, names in groups[:1]]

    def beside(self, own: str) -> list[str] | None:
        """Those that a file names by the pattern. One of which the last part alone fits must lie beside ``own`` or
        beside the inventory: there, no directory is told.
        """
        for count, names in self._groups[:2]:
            is_among = _is_in(own, names)
            found = [name for name in names if name != own] if is_among else names
            if not found:
                continue
            first = names is self._groups[0][1] and not is_among
            before = self._before[0] if first else self._ahead(count, found)
            if len(before) > 1:
                return None
            is_elsewhere = count == 1 and self._has_directory and not before <= {(), PurePath(own).parent.parts}
            return [] if is_elsewhere else found
        return []

    def _ahead(self, count: int, names: list[str]) -> set[_Parts]:
        """What stands before the parts that fit."""
        return {self._parts[name][:-count] for name in names}


def _is_in(name: str, names: list[str]) -> bool:
    """Whether a name is one of a sorted list."""
    at = bisect_left(names, name)
    return at < len(names) and names[at] == name


def _are_one(directories: Iterable[_Parts]) -> bool:
    """Whether the directories that patterns have may all be the same."""
    longest = max(directories, key=len)
    return all(shared(one, longest) == len(one) for one in directories)


def _directories(pattern: str) -> tuple[str, ...]:
    return tuple(part for part in PurePath(pattern).parent.parts if part not in ("/", ".."))
