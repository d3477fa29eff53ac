"""keepalived.conf(5): statements in blocks, with definitions put in and conditional lines left out ("Advanced
configuration").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from mailproof.grammars.directives import parse_lines_in_blocks
from mailproof.grammars.settings import Setting

MAX_DEFINITIONS = 500
MAX_BODY = 2000
"""Lines of a definition."""
MAX_DEPTH = 100
"""Definitions that are put in, one behind the other, in one line and what it comes to."""
MAX_LINE = 1000
"""Characters of a line in which definitions are put in."""
MAX_PUT_IN = 1_000_000
"""Characters that definitions may come to, and STEP more for each time that one is put in."""
STEP = 20

_DEFINITION = re.compile(r"[ \t]*\$(?P<name>\w{1,80})[ \t]*=(?P<value>[^#!\n]*)")
_USE = re.compile(r"\$(?:(\w{1,80})|\{(\w{1,80})\})")
_CONDITION = re.compile(r"^[ \t]*@(?P<other>\^?)(?P<id>[^\s@^]\S*)")


class TooManyDefinitions(ValueError):
    """Definitions come to more than is looked at."""


MAX_IDS = 8


def readings(texts: Mapping[str, str], host: str) -> list[dict[str, list[Setting]]]:
    """The statements of files, by the names of these, as keepalived reads them on a host.

    Conditional lines are for the first part of its name, unless keepalived is told another id (``--config-id``): where
    no line is for that part, there is a reading for each id as well. Raises TooManyDefinitions.
    """
    config_id = host.partition(".")[0]
    first = _Definitions(config_id)
    read = {name: list(first.parse(text)) for name, text in texts.items()}
    if not first.meant or config_id in first.named:
        return [read]
    others = [_Definitions(one) for one in sorted(first.meant)[:MAX_IDS]]
    return [read, *({name: list(one.parse(text)) for name, text in texts.items()} for one in others)]


@dataclass
class _Definitions:
    """What stands in the files of a host, one behind the other, read as one of an id does."""

    config_id: str
    named: set[str] = field(default_factory=set)
    """The ids of conditional lines."""
    meant: set[str] = field(default_factory=set)
    """Those that lines are for, and not for all others."""
    _bodies: dict[str, list[str]] = field(default_factory=dict)
    _put_in: int = 0

    def parse(self, text: str) -> Iterator[Setting]:
        """The statements of a file. One that comes of a definition stands where this is used."""
        lines: list[str] = []
        places: list[int] = []
        for number, line in self._lines(text.split("\n")):
            lines.append(line)
            places.append(number)
        for setting in parse_lines_in_blocks("\n".join(lines)):
            yield replace(setting, line=places[min(setting.line, len(places)) - 1])

    def _lines(self, lines: list[str]) -> Iterator[tuple[int, str]]:
        number = 0
        while number < len(lines):
            first = number
            number += 1
            said = self._for_this_id(lines[first])
            defined = _DEFINITION.match(_CONDITION.sub("", lines[first], count=1))
            if defined is None:
                for line in self._expanded(lines[first]) if said is not None else ():
                    yield first + 1, line
                continue
            while lines[number - 1].rstrip().endswith("\\") and number < len(lines):
                number += 1
            if said is not None:
                self._define(defined["name"], [defined["value"], *lines[first + 1 : number]])

    def _define(self, name: str, body: list[str]) -> None:
        if len(self._bodies) >= MAX_DEFINITIONS or len(body) > MAX_BODY:
            raise TooManyDefinitions
        lines = [line.rstrip().removesuffix("\\") for line in body]
        self._bodies[name] = lines if lines[0].strip() or len(lines) == 1 else lines[1:]

    def _expanded(self, line: str) -> Iterator[str]:
        """A line with definitions put in, which may be several; what stands in them is put in where they are used."""
        waiting = [(line, 0)]
        while waiting:
            said, depth = waiting.pop()
            kept = self._for_this_id(said)
            if kept is None:
                continue
            if depth and (defined := _DEFINITION.match(kept)):
                self._define(defined["name"], [defined["value"]])
                continue
            use = self._use(kept)
            if use is None:
                yield kept
                continue
            body = self._bodies[use[1] or use[2]]
            self._put_in += sum(map(len, body)) + len(kept) + STEP
            if self._put_in > MAX_PUT_IN or depth > MAX_DEPTH:
                raise TooManyDefinitions
            several = [kept[: use.start()] + body[0].strip(), *body[1:]]
            several[-1] += kept[use.end() :]
            waiting += ((one, depth + 1) for one in reversed(several))

    def _use(self, line: str) -> re.Match[str] | None:
        uses = _USE.finditer(line[:MAX_LINE]) if "$" in line else ()
        return next((use for use in uses if (use[1] or use[2]) in self._bodies), None)

    def _for_this_id(self, line: str) -> str | None:
        """A line without its condition; None where that does not hold."""
        condition = _CONDITION.match(line)
        if condition is None:
            return line
        one, is_for_others = condition["id"], bool(condition["other"])
        self.named.add(one)
        if not is_for_others:
            self.meant.add(one)
        return line[condition.end() :] if (one == self.config_id) is not is_for_others else None
