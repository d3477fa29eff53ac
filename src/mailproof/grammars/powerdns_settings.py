"""The settings of PowerDNS in its old form, ``name=value`` (ArgvMap of its arguments.cc): those of the Authoritative
Server, and of the Recursor before 5.0.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

LISTS = frozenset(("allow-axfr-ips", "allow-from", "local-address"))
"""Settings that are lists, of those that are read."""
AUTHORITATIVE = ("allow-axfr-ips", "disable-axfr", "include-dir", "version-string")
"""The settings of the Authoritative Server that are read."""

_OLD = re.compile(r"(?P<name>[a-z0-9-]{1,80})(?:[ \t]*(?P<adds>\+?)=(?P<value>.*))?")


class NotPowerDNSSettings(ValueError):
    """A text is no configuration of PowerDNS. ``line`` is where, from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class PowerDNSSetting:
    """One setting. ``name`` is the one of the old form, ``called`` as it stands there."""

    name: str
    called: str
    values: tuple[str, ...]
    line: int
    """From 1."""
    adds: bool = False
    """The values are added to those of a list that was set before."""


def parse_old(
    text: str, names: Collection[str], says: str = "no name=value", line: int | None = None
) -> Iterator[PowerDNSSetting]:
    """The settings of some names, in order.

    Raises NotPowerDNSSettings for other lines: with what ``says`` says of the text, and its ``line``, if it has one.
    """
    for number, said in _lines(text):
        setting = _OLD.fullmatch(said)
        if setting is None:
            raise NotPowerDNSSettings(says, line or number)
        name = setting["name"]
        if name in names:
            words = tuple((setting["value"] or "").replace(",", " ").split())
            values = words if name in LISTS else (" ".join(words),)
            yield PowerDNSSetting(name, name, values, number, bool(setting["adds"]))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines, each with the number of its first, as ArgvMap::parseFile has them.

    A line goes on where it ends in a backslash, whatever the next one begins with, and nowhere else; what it is told to
    go on with must come. Comments end with the line that was put together, and ``a#b`` is none.
    """
    held: list[str] = []
    first = 0
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        first = first if held else number
        said = line.rstrip()
        held.append(said.removesuffix("\\"))
        if said.endswith("\\"):
            continue
        whole = "".join(held)
        mark = whole.find("#")
        if mark == 0 or (mark > 0 and whole[mark - 1].isspace()):
            whole = whole[:mark]
        if whole.strip():
            yield first, whole.strip()
        held = []
