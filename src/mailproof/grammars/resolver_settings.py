"""Settings of resolvers: unbound.conf(5), ``name: value`` one a line, and named.conf(5), statements that end in ``;``.

Of both only what is wanted is taken: whether queries are written to a log, and how large the cache may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailproof.grammars.settings import Setting

UNBOUND = ("log-queries", "log-replies", "msg-cache-size", "rrset-cache-size")

_UNBOUND = re.compile(rf"[ \t]*(?P<name>{'|'.join(UNBOUND)}):[ \t]*\"?(?P<value>[^\s\"#]{{1,80}})")
_BIND = re.compile(
    r"(?<![\w-])(?P<name>querylog|max-cache-size|recursion)\s{1,80}(?P<value>[^\s;{}]{1,80})\s{0,80};"
    r"|(?<![\w-])category\s{1,80}\"?(?P<category>queries)\"?\s{0,80}\{\s{0,80}\"?(?P<channel>[^\s;{}\"]{1,80})"
)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|#[^\n]*", re.DOTALL)


def parse_unbound(text: str) -> Iterator[Setting]:
    """Settings of Unbound, in order."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _UNBOUND.match(line):
            yield Setting(found["name"], found["value"], number)


def parse_bind(text: str) -> Iterator[Setting]:
    """Settings of BIND, in order; the channel of the category queries is called ``category queries``."""
    bare = _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), text)
    line, end = 1, 0
    for found in _BIND.finditer(bare):
        line += bare.count("\n", end, found.start())
        end = found.start()
        if found["name"]:
            yield Setting(found["name"], found["value"], line)
        else:
            yield Setting("category queries", found["channel"], line)
