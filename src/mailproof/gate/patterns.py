"""Patterns of control and target ids."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(pattern: str, id: str) -> bool:
    """Whether ``id`` is ``pattern``, in which ``*`` stands for any text and ``?`` for one character; case is ignored.

    Brackets stand for themselves, unlike in a shell: ``mx1.example.org[192.0.2.25]:25`` is the id of an endpoint.
    """
    return fnmatchcase(id.lower(), pattern.lower().replace("[", "[[]"))
