"""Directives of programs: a name, and words behind it.

Two forms are enough for many: statements that end in ``;`` with blocks in braces, as nginx and radvd have them, and one
directive a line, as Apache httpd (with sections ``<VirtualHost *:443>``), HAProxy (with sections that a word begins),
Squid and tinyproxy have them. Names of settings begin with the sections that they stand in:
``http/server/ssl_protocols``.

Every text is gone through once, in a time that its length bounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

from mailproof.grammars.settings import MAX_EXPANDED, MAX_SECTION_NAME, MAX_SECTIONS, Setting, continued_lines

HAPROXY_SECTIONS = frozenset(
    {"global", "defaults", "frontend", "backend", "listen", "userlist", "peers", "resolvers", "mailers", "cache"}
    | {"program", "http-errors", "ring", "log-forward", "fcgi-app", "crt-store", "traces"}
)
"""Words that begin a section of haproxy.cfg (HAProxy configuration manual, chapter 2)."""

_TOKEN = re.compile(
    r"(?P<comment>#[^\n]*)|(?P<blank>\s+)|(?P<mark>[{};])|'(?P<single>(?:[^'\\]|\\.)*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\""
    r"|(?P<word>(?:[^\s{};'\"\\]|\\.|\$\{\w*\}|['\"\\])(?:[^\s{};\\$]|\\.|\$\{\w*\}|[\\$])*)",
    re.DOTALL,
)


def parse_lines_in_blocks(text: str) -> Iterator[Setting]:
    """The same where a statement ends with its line, as in keepalived.conf(5), unless the next one begins with the
    brace of its block. A block is told without a value.
    """
    return parse_statements(_BANG.sub("", text) + "\n", by_line=True)


_BANG = re.compile(r"(?m)(?:^|(?<=[ \t]))!.*$")
"""A comment of keepalived."""


def parse_statements(text: str, *, by_line: bool = False, with_blocks: bool = False) -> Iterator[Setting]:
    """The statements of a text in order: ``name words;`` within ``name words { ... }``. ``with_blocks`` tells a block
    as well, without a value.
    """
    sections: list[str] = []
    words: list[str] = []
    line = first = 1
    has_ended = False
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup or ""
        if has_ended and kind not in ("comment", "blank"):
            if token["mark"] != "{":
                yield _setting(sections, words, first)
                words = []
            has_ended = False
        if kind == "mark":
            if token["mark"] == "{":
                if (by_line or with_blocks) and words:
                    yield _setting(sections, [" ".join(words)], first)
                sections.append(" ".join(words)[:MAX_SECTION_NAME])
            elif words:
                yield _setting(sections, words, first)
            if token["mark"] == "}":
                del sections[-1:]
            words = []
        elif by_line and kind == "blank" and words and "\n" in token["blank"]:
            has_ended = True
        elif kind not in ("comment", "blank"):
            first = first if words else line
            words.append(token[kind])
        line += token[0].count("\n")
    if has_ended:
        yield _setting(sections, words, first)


def parse_haproxy(text: str, *, with_sections: bool = False) -> Iterator[Setting]:
    """The directives of haproxy.cfg in order, without quotes and without what stands in branches that are not taken
    (``.if 0``, section 2.4). Where a condition is not worked out, it and its branches are told. ``with_sections`` tells
    the begin of a section as well, whose value is what stands behind its name.
    """
    section: list[str] = []
    branches: list[_Branch] = []
    for first, whole, _ in continued_lines(text):
        words = _haproxy_words(whole)
        if not words:
            continue
        was_unknown = _Branch.UNKNOWN in branches
        is_condition = _follow(words, branches)
        if not _LEFT_OUT.isdisjoint(branches) or (is_condition and not (was_unknown or _Branch.UNKNOWN in branches)):
            continue
        if words[0] in HAPROXY_SECTIONS:
            section = [" ".join(words[:2])[:MAX_SECTION_NAME]]
            if with_sections:
                yield _setting([], [section[0], *words[2:]], first)
        else:
            yield _setting(section, words, first)


class _Branch(Enum):
    TAKEN = auto()
    WAITING = auto()
    """None was taken so far."""
    DONE = auto()
    """Another one was taken."""
    UNKNOWN = auto()


_LEFT_OUT = frozenset({_Branch.WAITING, _Branch.DONE})


def _follow(words: list[str], branches: list[_Branch]) -> bool:
    """Whether a line begins or ends a branch; then ``branches`` are those that the next line stands in."""
    match words[0]:
        case ".if":
            branches.append(_holds(words[1:]))
        case ".elif" | ".else" if branches:
            if branches[-1] is _Branch.WAITING:
                branches[-1] = _holds(words[1:]) if words[0] == ".elif" else _Branch.TAKEN
            elif branches[-1] is _Branch.TAKEN:
                branches[-1] = _Branch.DONE
        case ".endif" if branches:
            branches.pop()
        case _:
            return False
    return True


def _holds(words: list[str]) -> _Branch:
    """Whether a condition holds: none and 0 do not, other numbers do; all others are not worked out."""
    if not words or words[0].isdecimal():
        return _Branch.TAKEN if words and int(words[0][:80]) else _Branch.WAITING
    return _Branch.UNKNOWN


def _haproxy_words(line: str) -> list[str]:
    """The words of a line up to a comment, which begins anywhere outside of quotes (section 2.2)."""
    words: list[str] = []
    for found in _HAPROXY_WORD.finditer(line):
        if found["comment"]:
            break
        words.append(_QUOTE.sub(lambda mark: mark[1] or "", found[0]))
    return words


_HAPROXY_WORD = re.compile(r"(?P<comment>#)|(?:[^\s\"'#\\]|\\.|\"(?:[^\"\\]|\\.)*+\"|'[^']*+')++")
_QUOTE = re.compile(r"\\(.)|[\"']")


def parse_directives(text: str, *, with_sections: bool = False, comments_go_on: bool = False) -> Iterator[Setting]:
    """The directives of a text in order, one a line; a line that ends in a backslash goes on, and with
    ``comments_go_on`` a comment does so as well. ``with_sections`` tells the begin of a section in angle brackets,
    without a value.
    """
    sections: list[str] = []
    for first, whole, _ in continued_lines(text, with_comments=comments_go_on):
        said = _COMMENT.split(whole, maxsplit=1)[0].strip()
        if said.startswith("#"):
            continue
        if said.startswith("</"):
            del sections[-1:]
        elif said.startswith("<"):
            sections.append(said.strip("<>").strip()[:MAX_SECTION_NAME])
            if with_sections:
                yield _setting(sections[: min(len(sections) - 1, MAX_SECTIONS)], sections[-1:], first)
        elif words := said.split(None, 1):
            yield _setting(sections, words, first)


_COMMENT = re.compile(r"[ \t]#")


def _setting(sections: list[str], words: list[str], line: int) -> Setting:
    value = " ".join(words[1:])[:MAX_EXPANDED]
    return Setting("/".join((*sections[:MAX_SECTIONS], words[0][:MAX_SECTION_NAME])), value, line)
