"""What Munin's master has: the nodes of munin.conf, and a list of the files that hold their histories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINES = 100_000
"""Of one file; what lies behind them is not read."""

_SECTION = re.compile(r"\s*\[(?P<name>[^\[\]\s]{1,255})\]")
_HISTORY = re.compile(r"(?P<seconds>[0-9]{1,12})(?:\.[0-9]{1,12})? (?P<inode>[0-9]{1,20}) (?P<path>\S{1,1024}\.rrd)")


@dataclass(frozen=True)
class Node:
    """A node of munin.conf: its histories are ``group/host-plugin-field-type.rrd`` below /var/lib/munin."""

    group: str
    host: str
    line: int
    """From 1."""

    @property
    def prefix(self) -> str:
        return f"{self.group}/{self.host}-"


@dataclass(frozen=True)
class History:
    """A file of one history: when it was written last, in seconds since 1970, and which file that is on its disk."""

    written: int
    inode: str
    path: str
    """Below /var/lib/munin."""


def parse_nodes(text: str) -> Iterator[Node]:
    """The nodes of munin.conf: ``[group;host]``, or ``[host.domain]``, whose group is its domain (munin.conf(5))."""
    for number, line in enumerate(text.splitlines()[:MAX_LINES], 1):
        found = _SECTION.match(line)
        if found is None:
            continue
        *groups, host = found["name"].split(";")
        if host:
            yield Node("/".join(groups) or host.partition(".")[2] or host, host, number)


def parse_histories(text: str) -> tuple[int, tuple[History, ...]] | None:
    """When the list was made, and what stands in it; None for what is no such list.

    It begins with a line of seconds since 1970; then ``seconds inode path``, as find(1) prints ``%T@ %i %P``.
    """
    lines = text.splitlines()[:MAX_LINES]
    if not lines or not lines[0].isdecimal() or len(lines[0]) > 12:
        return None
    found = (_HISTORY.fullmatch(line.strip()) for line in lines[1:])
    return int(lines[0]), tuple(History(int(f["seconds"]), f["inode"], f["path"]) for f in found if f)
