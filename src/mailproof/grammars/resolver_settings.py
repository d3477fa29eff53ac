"""Settings of resolvers: whether queries are written to a log, and how large the cache may be.

Of Unbound (unbound.conf(5)) and of BIND (named.conf(5)).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mailproof.grammars.clauses import parse_clauses
from mailproof.grammars.named_conf import Statement, parse_named_conf
from mailproof.grammars.settings import Setting

UNBOUND = ("log-queries", "log-replies", "msg-cache-size", "rrset-cache-size", "include", "include-toplevel")
BIND = ("querylog", "max-cache-size", "recursion", "include")


def parse_unbound(text: str) -> Iterator[Setting]:
    """Settings of Unbound, in order, and what it includes."""
    for clause in parse_clauses(text):
        yield from clause.all(*UNBOUND)


def parse_bind(text: str) -> Iterator[Setting]:
    """Settings of BIND outside of zones, in order, and what it includes; the channel of the category queries is called
    ``category queries``.

    Raises NotNamedConf.
    """
    whole = parse_named_conf(text)
    for one in _with_blocks(replace(whole, block=tuple(one for one in whole.block or () if one.name != "zone")), 2):
        if one.name in BIND and len(one.words) == 2:
            yield Setting(one.name, one.words[1], one.line)
        elif one.words == ("category", "queries") and one.block:
            yield Setting("category queries", one.block[0].name, one.line)


def _with_blocks(whole: Statement, depth: int) -> Iterator[Statement]:
    """The statements of a block, and those of the blocks in it."""
    for one in whole.block or ():
        yield one
        if depth > 1:
            yield from _with_blocks(one, depth - 1)
