"""Imports of mailproof's own modules past pytest's rewriting of assert statements, which only rules need."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_OURS, _SUITE = "mailproof.", "mailproof.tests_compliance"


@contextmanager
def unrewritten() -> Iterator[None]:
    """Inside, only the suite's modules are rewritten, not all that comes in one distribution with a plugin of pytest.

    Some three hundred modules are a seventh of the start of a run that way.
    """
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_OURS) or fullname.startswith(_SUITE):
            return None
        return PathFinder.find_spec(fullname, path, target)
