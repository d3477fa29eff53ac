"""The trend of an inventory as a small chart: score as a line, open findings as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailproof.gate.document import TrendPoint
from mailproof.languages import Language

WIDTH, HEIGHT = 720, 140
"""Units of the chart's view box."""


@dataclass(frozen=True)
class Bar:
    """The findings of one run."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True)
class Chart:
    """What the page draws. ``line`` are the points of the score, as SVG writes them."""

    line: str
    bars: tuple[Bar, ...]
    most: int
    """Findings of the worst run, which the tallest bar stands for."""


def chart(points: Sequence[TrendPoint], say: Language) -> Chart | None:
    """The chart of a document's ``trend``, labels in a language; None for fewer than two runs, which are no trend."""
    if len(points) < 2:
        return None
    step = WIDTH / len(points)
    most = max(point.findings for point in points)
    bars = []
    line = []
    for index, point in enumerate(points):
        height = HEIGHT * point.findings / most if most else 0.0
        share = None if point.score is None else say.tenths(point.score * 100)
        score = say("no control applied") if share is None else say("{share}% pass", share=share)
        moment = point.started_at[:16].replace("T", " ")
        label = say("{moment}: {n} findings, {score}", moment=moment, n=point.findings, score=score)
        x, width = index * step + step * 0.15, step * 0.7
        bars.append(Bar(round(x, 1), round(HEIGHT - height, 1), round(width, 1), round(height, 1), label))
        if point.score is not None:
            line.append(f"{index * step + step / 2:.1f},{HEIGHT * (1 - point.score):.1f}")
    return Chart(" ".join(line), tuple(bars), most)
