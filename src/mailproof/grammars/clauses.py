"""Configurations of ``name: value`` in clauses: unbound.conf(5), nsd.conf(5), and knot.conf(5), which is like YAML.

server:
    hide-version: yes
zone:
    name: example.org

Every text is gone through once, in a time that its length bounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailproof.grammars.settings import MAX_EXPANDED, MAX_SECTION_NAME, Setting

MAX_CLAUSES = 20_000

_HEAD = re.compile(r"(?P<name>[a-z][a-z0-9-]{0,60}):")
_NAMED = re.compile(r"(?P<name>[a-z][a-z0-9-]{0,60}):[ \t]+(?P<value>.*)")
_CLOSE = re.compile(r"(?P<name>[a-z][a-z0-9-]{0,60}):(?P<value>[^\s:].*)")
"""Without a blank behind the colon, as Unbound and NSD read it too."""
_COMMENT = re.compile(r"(?:^|[ \t])#")
_HEAD_BEFORE = re.compile(r"(?P<name>[a-z][a-z0-9-]{0,60}):[ \t]+(?=[a-z][a-z0-9-]{0,60}:(?:[ \t]|$))")
"""A clause that goes on in its line, for Unbound and NSD: ``server: include: "x"``."""


@dataclass
class Clause:
    """One clause, or one item of a list of them in knot.conf."""

    name: str
    line: int
    """From 1."""
    settings: list[Setting] = field(default_factory=list)

    def all(self, *names: str) -> Iterator[Setting]:
        """The settings of these names, in order."""
        return (setting for setting in self.settings if setting.name in names)

    def get(self, name: str) -> Setting | None:
        """The last setting of this name."""
        return next((setting for setting in reversed(self.settings) if setting.name == name), None)

    def words(self, *names: str) -> tuple[str, ...]:
        """The words of all settings of these names, and of lists in brackets."""
        found = (setting.value for setting in self.all(*names))
        return tuple(word for value in found for word in re.split(r"[\s,\[\]\"]+", value) if word)


def parse_clauses(text: str) -> list[Clause]:
    """The clauses of a text in order. What stands before the first is a clause without a name."""
    clauses = [Clause("", 1)]
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        said = _COMMENT.split(line, maxsplit=1)[0].strip()
        if not said or len(clauses) > MAX_CLAUSES:
            continue
        item = said.startswith("- ")
        said = said[2:].strip() if item else said
        if (begins := _HEAD_BEFORE.match(said)) and not item and line[:1] not in " \t":
            clauses.append(Clause(begins["name"][:MAX_SECTION_NAME], number))
            said = said[begins.end() :]
        if named := _NAMED.fullmatch(said) or (None if item else _CLOSE.fullmatch(said)):
            if item and clauses[-1].settings:
                clauses.append(Clause(clauses[-1].name, number))
            value = named["value"].strip()[:MAX_EXPANDED].strip('"')
            clauses[-1].settings.append(Setting(named["name"], value, number))
        elif item and clauses[-1].settings:
            last = clauses[-1].settings.pop()
            clauses[-1].settings.append(Setting(last.name, f"{last.value} {said}"[:MAX_EXPANDED], last.line))
        elif (head := _HEAD.fullmatch(said)) and line[:1] in " \t" and clauses[-1].settings and not item:
            clauses[-1].settings.append(Setting(head["name"], "", number))
        elif head:
            clauses.append(Clause(head["name"][:MAX_SECTION_NAME], number))
    return clauses
