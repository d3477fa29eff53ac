"""named.conf(5) of BIND: statements of words, some with a block of statements of their own.

options { recursion no; allow-transfer { none; }; };
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_OF_PACKAGES = re.compile(
    r"(?:.*/)?(?:named\.rfc1912\.zones|named\.root\.key|named\.conf\.default-zones|zones\.rfc1918|bind\.keys|rndc\.key"
    r"|crypto-policies/back-ends/bind\.config)"
)


def may_hold_settings(include: str) -> bool:
    """Whether a file that is not read is none of those that Debian and Red Hat bring with BIND: zones that every
    resolver has, keys, and algorithms.
    """
    return not _OF_PACKAGES.fullmatch(include)


MAX_DEPTH = 32
"""Blocks inside each other."""

_TOKEN = re.compile(
    r"(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*|#[^\n]*)|(?P<blank>\s+)|\"(?P<quoted>[^\"]*)\"|(?P<mark>[{};])"
    r"|(?P<word>(?:[^\s{};\"/#]|/(?![/*]))+)",
    re.DOTALL,
)


class NotNamedConf(ValueError):
    """A text that is no configuration of BIND."""


@dataclass(frozen=True)
class Statement:
    """One statement: its words, and those of its block. ``block`` is None where it has none."""

    words: tuple[str, ...]
    line: int
    """From 1."""
    block: tuple[Statement, ...] | None = None

    @property
    def name(self) -> str:
        return self.words[0] if self.words else ""

    @property
    def value(self) -> str:
        """What stands behind the name, a block in braces."""
        inside = () if self.block is None else ("{", *(f"{one};" for one in self.block), "}")
        return " ".join((*self.words[1:], *map(str, inside)))

    def __str__(self) -> str:
        return f"{self.name} {self.value}".strip()

    def all(self, name: str) -> tuple[Statement, ...]:
        """The statements of this name in the block."""
        return tuple(one for one in self.block or () if one.name == name)

    def get(self, name: str) -> Statement | None:
        """The last statement of this name in the block."""
        return next(reversed(self.all(name)), None)


def parse_named_conf(text: str) -> Statement:
    """The whole text as the block of one statement. Raises NotNamedConf, with the line."""
    open_: list[_Open] = [_Open((), 1)]
    words: list[str] = []
    line = first = 1
    for kind, said, line in _tokens(text):
        if kind != "mark":
            first = first if words else line
            words.append(said)
        elif said == "{":
            if len(open_) > MAX_DEPTH:
                raise NotNamedConf(f"line {line}: more than {MAX_DEPTH} blocks inside each other")
            open_.append(_Open(tuple(words), first if words else line))
            words = []
        elif said == "}":
            if len(open_) == 1 or words or open_[-1].closed is not None:
                raise NotNamedConf(f"line {line}: a brace is closed that was not opened, or a ; is missing before it")
            block = open_.pop()
            open_[-1].closed = Statement(block.words, block.line, tuple(block.found))
        else:
            _end(open_[-1], words, first)
            words = []
    if len(open_) > 1 or words or open_[0].closed is not None:
        raise NotNamedConf(f"line {line}: the text ends inside a statement")
    return Statement((), 1, tuple(open_[0].found))


@dataclass
class _Open:
    """A block that is being read, and the statement in it whose own block has just been closed."""

    words: tuple[str, ...]
    line: int
    found: list[Statement] = field(default_factory=list)
    closed: Statement | None = None


def _end(block: _Open, words: list[str], line: int) -> None:
    if block.closed is not None:  # what stands behind a block belongs to its statement: { any; } port 53;
        closed, block.closed = block.closed, None
        block.found.append(Statement((*closed.words, *words), closed.line, closed.block))
    elif words:
        block.found.append(Statement(tuple(words), line))


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line, place = 1, 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise NotNamedConf(f"line {line}: a quotation mark is not closed")
        kind = found.lastgroup or ""
        if kind in ("quoted", "mark", "word"):
            yield kind, found[kind], line
        line += found[0].count("\n")
        place = found.end()
