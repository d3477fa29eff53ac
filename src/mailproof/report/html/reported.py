"""Who sends in the name of each domain: a chart of its days, and what the page shows of its sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mailproof.gate.receivers import DayNote, ReportedNote
from mailproof.languages import Language

WIDTH, HEIGHT = 720, 120
"""Units of the chart's view box."""

MAX_BARS = 120
"""Bars of a chart: of longer times each bar is several days."""

MAX_DAYS = 4_000
"""A chart begins no more days than this before its end, whatever begin a stranger's report names."""


@dataclass(frozen=True)
class Bar:
    """The messages of one day, or of some days in a row: those that pass below those that fail."""

    x: float
    width: float
    passed: float
    """Height."""
    failed: float
    label: str


@dataclass(frozen=True)
class Chart:
    """What the page draws."""

    bars: tuple[Bar, ...]
    most: int
    """Messages that the tallest bar stands for."""
    first: str
    last: str
    days: int
    """Days of one bar."""


@dataclass(frozen=True)
class Reported:
    """A domain on the page."""

    note: ReportedNote
    chart: Chart | None


def reported(notes: Sequence[ReportedNote], say: Language) -> tuple[Reported, ...]:
    """The domains with their charts in a language, those of the most messages first."""
    ordered = sorted(notes, key=lambda note: (-note.messages, note.domain))
    return tuple(Reported(note, chart(note.days, say)) for note in ordered)


def chart(days: Sequence[DayNote], say: Language) -> Chart | None:
    """The chart of some days, days without any message among them; None for fewer than two days, or no message."""
    dated = {found: note for note in days if (found := _date(note.day)) is not None}
    if not dated:
        return None
    last = max(dated)
    first = max(min(dated), last - timedelta(MAX_DAYS)) if (last - date.min).days > MAX_DAYS else min(dated)
    length = (last - first).days + 1
    step = -(-length // MAX_BARS)
    sums: dict[int, tuple[int, int]] = {}
    for day, note in dated.items():
        if day >= first:
            place = (day - first).days // step
            messages, passed = sums.get(place, (0, 0))
            sums[place] = (messages + note.messages, passed + note.passed)
    most = max(messages for messages, _ in sums.values())
    if length < 2 or not most:
        return None
    unit = WIDTH / -(-length // step)
    bars = []
    for place, (messages, passed) in sorted(sums.items()):
        begins = first + timedelta(place * step)
        share = f", {say('{share}% pass', share=say.tenths(100 * passed / messages))}" if messages else ""
        span = f" {say('and {n} more days', n=step - 1)}" if step > 1 else ""
        bars.append(
            Bar(
                round(place * unit + unit * 0.1, 1),
                round(unit * 0.8, 1),
                round(HEIGHT * min(passed, messages) / most, 1),
                round(HEIGHT * max(messages - passed, 0) / most, 1),
                say("{day}: {n} messages", day=f"{begins.isoformat()}{span}", n=messages) + share,
            )
        )
    return Chart(tuple(bars), most, first.isoformat(), last.isoformat(), step)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
