"""Equal findings, told once: what makes the messages of many targets the same finding, and how these are named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

MAX_SHAPES = 20
"""More shapes than this under one heading are not told apart: then the messages have little in common."""

_VARIABLE = re.compile(
    r"\b[0-9a-f]*:[0-9a-f:]*:[0-9a-f.]*"  # IPv6 addresses; times of day look alike and vary as much
    r"|[\w-]+(?:\.[\w-]+)+"  # names and IPv4 addresses
    r"|[\w+/=]{24,}"  # digests and keys
    r"|\d+"
)


def named(names: Sequence[str], most: int, say: Callable[..., str]) -> str:
    """The first of some names, and how many there are besides; ``say`` has the fixed texts of a language."""
    told = ", ".join(names[:most])
    return say("{names} and {n} more", names=told, n=len(names) - most) if len(names) > most else told


def shape(message: str, target: str) -> str:
    """``message`` without what differs from target to target: names, addresses, dates, digests, numbers."""
    return _VARIABLE.sub("\N{HORIZONTAL ELLIPSIS}", message.replace(target, "\N{HORIZONTAL ELLIPSIS}"))


def by_shape(
    items: Iterable[T], heading: Callable[[T], tuple[str, ...]], of: Callable[[T], str]
) -> list[tuple[tuple[str, ...], list[T]]]:
    """Group ``items`` by heading and shape (``of``), both in the order in which they first appear."""
    headings: dict[tuple[str, ...], dict[str, list[T]]] = {}
    for item in items:
        headings.setdefault(heading(item), {}).setdefault(of(item), []).append(item)
    groups = []
    for head, shapes in headings.items():
        if len(shapes) > MAX_SHAPES:
            groups.append((head, [item for members in shapes.values() for item in members]))
        else:
            groups.extend((head, members) for members in shapes.values())
    return groups
