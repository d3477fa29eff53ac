"""Which lines of a proof to show where there is no room for all: never without those that decide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[\w.@:/+=-]{3,}")


@dataclass(frozen=True)
class Line:
    """A line of a proof. ``decides``: it holds what the finding quotes. ``gap``: lines left out before it."""

    text: str
    decides: bool
    gap: int


def chosen(evidence: Sequence[str], observed: str, most: int) -> tuple[list[Line], int]:
    """At most ``most`` lines of ``evidence`` in their order, and how many are left out behind them.

    Lines that hold words of ``observed`` which few other lines hold come first, then those from the beginning.
    """
    weights = _weights(evidence, observed)
    best = max(weights, default=0.0)
    decisive = {number for number, weight in enumerate(weights) if weight > 0 and weight >= best / 2}
    if len(evidence) <= most:
        kept = list(range(len(evidence)))
    else:
        telling = sorted(decisive, key=lambda number: (-weights[number], number))[: most // 2]
        others = [number for number in range(len(evidence)) if number not in telling]
        kept = sorted([*telling, *others[: most - len(telling)]])
    lines, before = [], -1
    for number in kept:
        lines.append(Line(evidence[number], number in decisive, number - before - 1))
        before = number
    return lines, len(evidence) - before - 1


def _weights(evidence: Sequence[str], observed: str) -> list[float]:
    """How much of what is rare in the proof and stands in ``observed`` each line holds."""
    wanted = set(_WORD.findall(observed.lower()))
    words = [wanted.intersection(_WORD.findall(line.lower())) for line in evidence]
    number = {word: sum(word in found for found in words) for word in wanted}
    return [sum(1 / number[word] for word in found) for found in words]
