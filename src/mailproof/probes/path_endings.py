"""Which of the files that the inventory names is the one that a program names: told by the last parts of their paths.

The inventory may have a directory by another name than the host (``build/nftables.d`` for ``/etc/nftables.d``), or all
files in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath

MAX_INCLUDES = 1000
"""Patterns that are looked at."""


def shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts at the end of two paths fit each other; either may hold patterns."""
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if not (a == b or fnmatchcase(a, b) or fnmatchcase(b, a)):
            break
        count += 1
    return count


class Included:
    """The files that includes name, each a pattern with the file that it stands in."""

    def __init__(self, includes: Iterable[tuple[str, str]], names: Iterable[str]) -> None:
        known = list(names)
        self._found: dict[tuple[str, str], list[str] | None] = {}
        takers: dict[str, list[tuple[str, str]]] = {}
        for include in includes:
            if include in self._found or len(self._found) == MAX_INCLUDES:
                continue
            self._found[include] = _fitting(*include, known)
            for name in self._found[include] or ():
                takers.setdefault(name, []).append(include)
        for taking in takers.values():
            directories = [_directories(pattern) for pattern, _ in taking]
            longest = max(directories, key=len)
            if not all(shared(one, longest) == len(one) for one in directories):
                self._found |= dict.fromkeys(taking)

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


def _fitting(pattern: str, own: str, names: list[str]) -> list[str] | None:
    """One of which the last part alone fits must lie beside ``own`` or beside the inventory: there, no directory is
    told.
    """
    asked = PurePath(pattern).parts
    parts = {name: PurePath(name).parts for name in names if name != own and PurePath(name).name}
    common = {
        name: shared(found, asked)
        for name, found in parts.items()
        if not found[-1].startswith(".") or asked[-1:] == found[-1:]  # glob(7)
    }
    best = max(common.values(), default=0)
    if not best:
        return []
    found = sorted(name for name, count in common.items() if count == best)
    before = {parts[name][:-best] for name in found}
    if len(before) > 1:
        return None
    is_elsewhere = best == 1 and len(asked) > 1 and not before <= {(), PurePath(own).parent.parts}
    return [] if is_elsewhere else found


def _directories(pattern: str) -> tuple[str, ...]:
    return tuple(part for part in PurePath(pattern).parent.parts if part not in ("/", ".."))
