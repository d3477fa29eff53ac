"""Lookup tables as settings of Postfix name them: ``type:name``, one or several (DATABASE_README, "Postfix lookup table
types").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TABLES = 100
"""Of one setting. What follows is one that is not read."""
MAX_DEPTH = 4
"""Tables inside each other (``unionmap:``)."""

FILES = frozenset(
    (
        "btree",
        "cdb",
        "cidr",
        "dbm",
        "hash",
        "lmdb",
        "pcre",
        "regexp",
        "sdbm",
        "texthash",
    )  # the compiled ones of postmap(1)
)
"""Types whose content stands in a text file of the table's name."""
NOWHERE = frozenset(("environ", "fail", "unix"))
"""Types whose results are no addresses: the environment, an error, the users of the system."""

_TYPED = re.compile(r"(?P<type>[a-z][a-z0-9_]{0,31}):(?P<name>.*)", re.DOTALL)
_PAIR = re.compile(
    r"\{\s*(?P<braced>[^\s={}][^={}]{0,320})=(?P<text>[^{}]*)\}"
    r"|(?P<key>[^\s,={}]{1,320}+)\s{0,80}+=\s{0,80}(?P<value>[^\s,={}]+)"
)
_TOKEN = re.compile(r"[{}]|[\s,]+|[^{}\s,]+")


@dataclass(frozen=True)
class Table:
    """A table. ``entries`` are key and results of one that stands in the setting itself, None for another."""

    type: str
    name: str
    entries: tuple[tuple[str, str], ...] | None = None

    def __str__(self) -> str:
        return f"{self.type}:{self.name}" if self.type else self.name


def parse_tables(value: str, depth: int = 0) -> Iterator[Table]:
    """The tables of a setting in order, those that others are put together of in their places.

    One that is not understood has no type.
    """
    for number, word in enumerate(_words(value)):
        if number == MAX_TABLES:
            yield Table("", "more tables")
            return
        yield from _tables(word, depth)


def _tables(word: str, depth: int) -> Iterator[Table]:
    typed = _TYPED.fullmatch(word)
    while typed and typed["type"] in ("proxy", "debug"):  # proxymap(8), and a table with its name in the log
        typed = _TYPED.fullmatch(typed["name"])
    if typed is None:
        yield Table("hash" if word.startswith("/") else "", word)  # of default_database_type, which is a compiled one
        return
    type, name = typed["type"], typed["name"]
    inside = name.strip()[1:-1] if name.strip().startswith("{") else name
    match type:
        case "unionmap" if depth < MAX_DEPTH:
            yield from parse_tables(inside, depth + 1)
        case "inline":
            pairs = ((one["braced"] or one["key"], one["text"] or one["value"] or "") for one in _PAIR.finditer(inside))
            yield Table(type, "", tuple((key.strip(), results.strip()) for key, results in pairs))
            if "${" in inside:  # of a macro that nobody sets, whose braces hide the pair that it stands in
                yield Table("", "what inline: holds")
        case "static" | "randmap":
            yield Table(type, "", (("", inside.strip()),))
        case _:
            yield Table(type, name)


def _words(value: str) -> Iterator[str]:
    """What stands between commas and blanks, those in braces aside."""
    held: list[str] = []
    depth = 0
    for token in _TOKEN.finditer(value):
        said = token[0]
        depth += (said == "{") - (said == "}")
        if depth <= 0 and (said[0] == "," or said[0].isspace()):
            if held:
                yield "".join(held)
            held, depth = [], 0
        else:
            held.append(said)
    if held:
        yield "".join(held)
