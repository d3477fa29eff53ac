"""Secrets of an inventory, its waivers and profiles: values of ``${secret:NAME}``, which nobody is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mailproof.net.dns.names import normalise
from mailproof.net.text import printable

SHORTEST = 6
"""Characters. A shorter text occurs in too many other words: replacing it would spoil them."""


class Secrets:
    """The values that were read, each with the expression that is shown in its place."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def __bool__(self) -> bool:
        return bool(self._shown)

    def add(self, value: str, shown: str) -> None:
        """Note a value. Raises ValueError for one that is too short to be kept secret."""
        if len(value.strip()) < SHORTEST:
            raise ValueError(f"a secret has {SHORTEST} characters at least")
        for spelling in _spellings(value):
            self._shown.setdefault(spelling.casefold(), shown)
        # Of secrets that overlap, the longest goes first: nothing of it must remain.
        longest_first = sorted(self._shown, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def add_within(self, text: str) -> None:
        """Note how the secrets in ``text`` are written where it is a domain name: as A-labels (RFC 5890)."""
        for label in text.split("."):
            if not label.isascii() and (shown := self.redact(label)) != label:
                try:
                    self.add(normalise(label), shown)
                except ValueError:
                    continue

    def redact(self, text: str) -> str:
        """``text`` with every secret, in whatever case, replaced by the expression that it came from."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._shown.get(found[0].casefold(), "${secret}"), text)

    def are_in(self, value: Any) -> bool:
        """Whether a text, or any text in a list or mapping, holds a secret."""
        if isinstance(value, str):
            return self.redact(value) != value
        if isinstance(value, dict):
            return any(self.are_in(key) or self.are_in(item) for key, item in value.items())
        return isinstance(value, list | tuple) and any(map(self.are_in, value))


def _spellings(value: str) -> Iterator[str]:
    """How a value may be written in messages and files."""
    for text in dict.fromkeys((value, value.strip())):
        yield from (text, printable(text), repr(text)[1:-1], json.dumps(text)[1:-1])
