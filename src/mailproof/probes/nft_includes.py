"""Puts files of nftables that others include into their places (nft(8), "Including files"), where the inventory names
them as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import PurePath

from mailproof.net.errors import NotAvailable
from mailproof.net.text import printable
from mailproof.probes.joined import MAX_INCLUDED, MAX_LINES, FilesInPlace, Joined
from mailproof.probes.path_endings import MAX_INCLUDES, Included

MAX_SHOWN = 80
"""Characters of the name of a file that is not read."""
# Possessive, so that no blank is looked at twice.
_INCLUDE = re.compile(r"[ \t]*+include[ \t]++\"(?P<name>[^\"\n]++)\"[ \t]*+;?[ \t\r]*+(?:#.*)?")


def joined(texts: Mapping[str, str]) -> Iterator[Joined]:
    """The files that no other one includes. Raises NotAvailable, with the line, for an include that is not read."""
    lines = {name: text.split("\n") for name, text in texts.items()}
    includes = {name: dict(_includes(own)) for name, own in lines.items()}
    patterns = {(pattern, name): (name, line) for name, own in includes.items() for line, pattern in own.items()}
    if len(patterns) > MAX_INCLUDES:
        raise _too_many(*list(patterns.values())[MAX_INCLUDES])
    names = [name for name in texts if not PurePath(name).name.startswith(".")]  # nft passes over the others
    files = _Files(lines, includes, Included(patterns, names))
    left = MAX_LINES
    for name in files.roots():
        own = tuple(islice(files.lines(name), left + 1))
        left -= len(own)
        if left < 0:
            raise NotAvailable(f"{name} has, with what it includes, more lines than are looked at")
        yield Joined(own)


class _Files(FilesInPlace):
    """The files that the inventory names. What is not read may hold any rule."""

    def matching(self, pattern: str, own: str, number: int) -> list[str]:
        found = self._included.of(pattern, own)
        if found is None:
            raise NotAvailable(
                f"{own}:{number}: {_shown(pattern)} may be files of several directories: "
                "name what nft list ruleset says"
            )
        return found

    def missing(self, pattern: str, own: str, number: int) -> None:
        raise NotAvailable(
            f"{own}:{number}: {_shown(pattern)} is included and not read: name it as well, in a directory of that "
            "name, or what nft list ruleset says"
        )

    def too_many(self, own: str, number: int) -> None:
        raise _too_many(own, number)


def _includes(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        if include := _INCLUDE.fullmatch(line):
            yield number, include["name"]


def _too_many(name: str, number: int) -> NotAvailable:
    said = f"more than {MAX_INCLUDED} files are included, or some too often: name what nft list ruleset says"
    return NotAvailable(f"{name}:{number}: {said}")


def _shown(pattern: str) -> str:
    return printable(pattern)[:MAX_SHOWN]
