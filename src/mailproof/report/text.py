"""The report as plain text, for terminals and mail: what a run says at its end, and whatever else is asked for."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from mailproof.gate.document import Result, RunDocument
from mailproof.gate.verdict import Verdict
from mailproof.languages import ENGLISH, Language
from mailproof.net.text import printable, shown
from mailproof.report.narrowing import Wanted, extent, narrowed
from mailproof.report.terminal import write_decision, write_field, write_findings, write_owners, write_proof

WIDTH = 80
"""Columns where there is no terminal: what mail programs show."""

WIDEST = 500
"""Columns that are written even if a terminal says that it has more."""

NARROWEST = 40
"""Columns that are written even if there are fewer."""

_ESCAPES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "purple": "35"}

_OTHERS = {Verdict.WAIVED: "waived", Verdict.PASS: "as it should be", Verdict.NOT_APPLICABLE: "does not apply"}
"""Verdicts that are only counted unless they are asked for, and the title above them."""


class _Page:
    """A terminal to the functions that write to one; lines are kept."""

    def __init__(self, width: int, colour: bool) -> None:
        self._width = width
        self._colour = colour
        self.lines: list[str] = []
        self.folds = False
        """Whether long lines go on in the next one. Evidence and what is to be pasted are left as they are."""

    def write_sep(self, sep: str, title: str | None = None, fullwidth: int | None = None, **markup: bool) -> None:
        self.write_line(f" {title} ".center(fullwidth or self._width, sep) if title else sep * self._width, **markup)

    def write_line(self, line: str | bytes, **markup: bool) -> None:
        text = shown(printable(line) if isinstance(line, bytes) else line).rstrip()
        codes = ";".join(_ESCAPES[name] for name, wanted in markup.items() if wanted)
        for part in self._folded(text):
            self.lines.append(f"\x1b[{codes}m{part}\x1b[0m" if codes and part and self._colour else part)

    def _folded(self, text: str) -> list[str]:
        if not self.folds or len(text) <= self._width:
            return [text]
        return textwrap.wrap(text, self._width, subsequent_indent="  ", break_on_hyphens=False)


def render(
    document: RunDocument,
    wanted: Wanted | None = None,
    *,
    proof: bool = False,
    width: int = WIDTH,
    colour: bool = False,
    language: str = ENGLISH,
) -> str:
    """The report of what is ``wanted``; with ``proof`` all evidence of what is shown.

    Raises ValueError where there is no such language.
    """
    say = Language(language)
    width = max(width, NARROWEST)
    page = _Page(width, colour)
    wanted = wanted or Wanted()
    part = narrowed(document, wanted) if wanted else document
    page.folds = True
    moment = say("looked at {moment}", moment=printable(document.surveyed_at))
    page.write_line(f"mailproof: {printable(document.inventory)}, {moment}", bold=True)
    if wanted:
        page.write_line(say("shown: {part}", part=printable(extent(document, part, wanted))))
    page.write_line("")
    page.folds = False
    write_findings(page, part, width, int(proof), document, say)
    for verdict, title in _OTHERS.items():
        found = [result for result in part.results if result.verdict is verdict]
        if found and (verdict in wanted.verdicts or (verdict is Verdict.WAIVED and proof)):
            _write_others(page, title, found, width, proof, say)
    page.folds = True
    if wanted:
        page.write_line(say("This was a part. The run as a whole:"))
    write_decision(page, document, (), "", say)
    return "\n".join(page.lines) + "\n"


def _write_others(page: _Page, title: str, results: Sequence[Result], width: int, proof: bool, say: Language) -> None:
    """Write results that nobody needs to do anything about: a line each, more of it with ``proof``."""
    page.write_sep("-", say(title), bold=True)
    for result in results:
        line = printable(f"{result.told(say).upper()}  {result.control}  ({result.level})  {result.target}")
        for each in textwrap.wrap(line, width, subsequent_indent="  ", break_on_hyphens=False):
            page.write_line(each)
        if result.verdict is not Verdict.PASS:  # it was found as expected
            for number, found in enumerate(result.observed.splitlines() or [""]):
                write_field(page, "" if number else say("found"), printable(found), width)
        write_owners(page, [result], width, say)
        if result.waiver is not None:
            write_field(page, say("waiver"), printable(result.waiver.told(say)), width)
        if proof:
            write_proof(page, result, None, width, say)
            page.write_line("")
    if not proof:
        page.write_line("")
