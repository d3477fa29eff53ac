"""A part of a run's results: those of some controls, targets, verdicts and owners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

from mailproof.gate.document import Result, RunDocument, count
from mailproof.gate.verdict import Verdict
from mailproof.net.text import printable
from mailproof.patterns import matches, names_control


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be shown: of each kind that names any, what one of them fits. Nothing named: everything."""

    controls: tuple[str, ...] = ()
    """Patterns of ids."""
    targets: tuple[str, ...] = ()
    """Patterns of ids."""
    verdicts: tuple[Verdict, ...] = ()
    owners: tuple[str, ...] = ()
    """Patterns of who answers for the target, or for the waiver of the finding."""

    def __bool__(self) -> bool:
        return bool(self.controls or self.targets or self.verdicts or self.owners)

    def __str__(self) -> str:
        """As it stands on the command line."""
        named = {"control": self.controls, "target": self.targets, "verdict": self.verdicts, "owner": self.owners}
        return ", ".join(f"--{name} {value}" for name, values in named.items() for value in values)

    def fits(self, result: Result) -> bool:
        """Whether a result is to be shown."""
        return (
            (not self.controls or any(names_control(pattern, result.control) for pattern in self.controls))
            and (not self.targets or any(matches(pattern, result.target) for pattern in self.targets))
            and (not self.verdicts or result.verdict in self.verdicts)
            and (not self.owners or any(matches(pattern, name) for pattern in self.owners for name in _owners(result)))
        )

    def waiver(self, owner: str | None) -> bool:
        """Whether a waiver is that of an owner who is asked for."""
        return owner is not None and any(matches(pattern, owner) for pattern in self.owners)

    def unmet(self, document: RunDocument) -> Iterator[str]:
        """What names nothing in the document: a slip of the pen would look like a clean result."""
        controls = {result.control for result in document.results}
        targets = {result.target for result in document.results}
        owners = {name for result in document.results for name in _owners(result)}
        owners |= {waiver.owner for waiver in document.waivers if waiver.owner}
        for pattern in self.controls:
            if not any(names_control(pattern, id) for id in controls):
                near = _near(pattern.upper(), controls)
                yield f"--control {printable(pattern)}: no control of that id was judged{near}"
        for pattern in self.targets:
            if not any(matches(pattern, id) for id in targets):
                yield f"--target {printable(pattern)}: no target of that id was judged{_near(pattern, targets)}"
        for pattern in self.owners:
            if not any(matches(pattern, name) for name in owners):
                known = (
                    f"these do: {', '.join(map(repr, sorted(owners)))}" if owners else "the inventory names no `owner`"
                )
                yield f"--owner {printable(pattern)}: nobody of that name answers for a target or a waiver; {known}"


def _owners(result: Result) -> tuple[str, ...]:
    """Who answers for the target, and for the waiver."""
    waiver = result.waiver
    return (*result.owners, waiver.owner) if waiver is not None and waiver.owner else result.owners


def _near(pattern: str, ids: set[str]) -> str:
    """What may have been meant: ids that hold the pattern, or else the one that is most like it."""
    within = sorted(id for id in ids if pattern.strip("*").lower() in id.lower())
    if within:
        return f"; '*{pattern.strip('*')}*' fits {count(len(within), 'id')}, like {within[0]}"
    like = get_close_matches(pattern.strip("*"), sorted(ids), 1)
    return f"; did you mean {like[0]}?" if like else ""


def narrowed(document: RunDocument, wanted: Wanted) -> RunDocument:
    """The document with what is wanted of its results, and without what is said of the run as a whole.

    The decision stays: it is that of the run.
    """
    results = [result for result in document.results if wanted.fits(result)]
    waived = {(result.waiver.control, result.waiver.target) for result in results if result.waiver is not None}
    domains = {name for result in results for name in result.domains}
    return replace(
        document,
        results=results,
        counts={str(verdict): number for verdict, number in counted(results).items()},
        waivers=[one for one in document.waivers if (one.control, one.target) in waived or wanted.waiver(one.owner)],
        reported=[note for note in document.reported if note.domain in domains],
        controls_without_target=[],
        baseline=None,
        lost=[],
        trend=[],
    )


def counted(results: list[Result]) -> dict[Verdict, int]:
    """How many there are of every verdict."""
    counts = Counter(result.verdict for result in results)
    return {verdict: counts[verdict] for verdict in Verdict}


def extent(document: RunDocument, part: RunDocument, wanted: Wanted) -> str:
    """What is shown of the document, in a line: like ``2 of 310 verdicts (--target mx*): 1 fail, 1 advice``."""
    counts = ", ".join(f"{number} {verdict}" for verdict, number in counted(part.results).items() if number)
    return f"{len(part.results)} of {len(document.results)} verdicts ({wanted}){f': {counts}' if counts else ''}"
