"""Findings as people mend them: joined over the targets that share them, by host, the most harmful first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailproof.controls import Harm
from mailproof.gate.document import Result
from mailproof.gate.verdict import Verdict
from mailproof.languages import Language
from mailproof.report.grouping import by_shape, shape


@dataclass(frozen=True)
class Joined:
    """One finding on one target or several."""

    results: tuple[Result, ...]

    @property
    def first(self) -> Result:
        """The result that stands for all of them."""
        return self.results[0]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The hosts or domains that it is about."""
        return tuple(dict.fromkeys(result.subject for result in self.results))

    @property
    def differs(self) -> bool:
        """Whether the targets were not found to be just the same."""
        first = _without_names(self.first)
        return any(_without_names(result) != first for result in self.results)

    @property
    def gravity(self) -> tuple[int, int, int, int, str]:
        """A key that sorts the worst first: what fails, then by harm, by level, and by how many targets it is on."""
        result = self.first
        fails = result.verdict is Verdict.FAIL
        return (
            int(not fails) + (result.change == "known"),
            harm_of(result).rank,
            result.level.rank,
            -len(self.results),
            result.control,
        )


def _without_names(result: Result) -> str:
    """The message without the names and addresses that the target's id is made of."""
    text = result.message
    for name in sorted({result.target, result.host, *re.split(r"[@\[\]]+", result.target)}, key=len, reverse=True):
        text = text.replace(name, "") if len(name) > 3 else text
    return text


def harm_of(result: Result) -> Harm:
    """What the fault does to the mail."""
    try:
        return Harm(result.harm)
    except ValueError:
        return Harm.OTHER


def join(results: Iterable[Result]) -> list[Joined]:
    """Join results that say the same of several targets, the worst first."""

    def heading(result: Result) -> tuple[str, ...]:
        return (result.verdict, result.level, result.control, result.change, str(result.proposed), result.fix)

    groups = by_shape(results, heading, lambda result: shape(result.message, result.target))
    return sorted((Joined(tuple(group)) for _, group in groups), key=lambda joined: joined.gravity)


def blocks(joined: Iterable[Joined], say: Language) -> list[tuple[str, list[Joined]]]:
    """Findings by the one host or domain that they are about, in a language; those of several stand for themselves.

    The block with the worst finding comes first.
    """
    found: dict[str, list[Joined]] = {}
    for entry in joined:
        subjects = entry.subjects
        title = subjects[0]
        if len(subjects) != 1:
            title = say("{control} on {n} hosts and domains", control=entry.first.control, n=len(subjects))
        found.setdefault(title, []).append(entry)
    return sorted(found.items(), key=lambda block: block[1][0].gravity)
