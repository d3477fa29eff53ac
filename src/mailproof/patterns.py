"""Patterns of control and target ids."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache


def matches(pattern: str, id: str, *, whole_names: bool = False) -> bool:
    """Whether ``id`` is ``pattern``, in which ``*`` stands for any text and ``?`` for one character; case is ignored.

    Brackets stand for themselves, unlike in a shell: ``mx1.example.org[192.0.2.25]:25`` is the id of an endpoint.

    With ``whole_names``, for patterns that excuse what they match, a ``*`` directly behind a name of several labels
    stands for what follows the name and never for more labels: ``mx1.example.org*`` is every service of that host, and
    none of ``mx1.example.org.elsewhere.example``, which a stranger can make.
    """
    return _compiled(pattern.lower(), whole_names).fullmatch(id.lower()) is not None


def names_control(pattern: str, id: str) -> bool:
    """Whether a shell pattern (``*``, ``?``, ``[!P]``) matches the id of a control, in which there are no brackets."""
    return fnmatchcase(id.upper(), pattern.upper())


@lru_cache(maxsize=4096)
def _compiled(pattern: str, whole_names: bool) -> re.Pattern[str]:
    first, *others = re.split(r"\*+", pattern)
    text, before = _fixed(first), first
    for number, part in enumerate(others):
        behind_name = whole_names and _NAME.search(before) is not None
        before += f"*{part}"
        next_behind_name = whole_names and _NAME.search(before) is not None
        if behind_name:
            text += r"(?:[^a-z0-9._-].*)?" + _fixed(part)
        elif number == len(others) - 1 or next_behind_name:
            text += ".*" + _fixed(part)
        else:
            # The first place will do for a part with another * behind it: without going back, many are no slower.
            text += f"(?>.*?{_fixed(part)})"
    return re.compile(text, re.DOTALL)


def _fixed(text: str) -> str:
    return "".join("." if letter == "?" else re.escape(letter) for letter in text)


_NAME = re.compile(r"(?:^|[^a-z0-9._*?-])[a-z0-9_*?-]+(?:\.[a-z0-9_*?-]+)*\.[a-z0-9_-]+$")
"""The end of a pattern that is a whole name of several labels."""
