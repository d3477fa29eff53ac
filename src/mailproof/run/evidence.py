"""How much proof a run keeps: a budget in octets for each verdict, each target and the run. What is cut says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mailproof.report.proof import chosen

PER_LINE = 4 * 1024
PER_VERDICT = 64 * 1024
PER_TARGET = 512 * 1024
PER_RUN = 64 * 1024 * 1024
PER_EXPECTED = 2 * 1024
"""Added to that of the run for every verdict that it is to make: more than usual proofs take."""

LEAST = 2 * 1024
"""What every finding may have, whatever others have taken."""

MOST_QUOTED = 8
"""Lines from the middle that are kept because a finding quotes them."""


class EvidenceBudget:
    """Cuts proofs to what is left of the budgets. Beginning, end and the lines that a finding quotes are kept."""

    def __init__(self) -> None:
        self._targets: Counter[str] = Counter()
        self._run = 0

    def cut(self, lines: tuple[str, ...], target: str, expected: int, *, found: str = "") -> tuple[str, ...]:
        """The proof of one verdict on ``target`` within the budgets. ``found`` is what a finding says of it."""
        left = min(PER_VERDICT, PER_TARGET - self._targets[target], PER_RUN + expected * PER_EXPECTED - self._run)
        kept = shortened(lines, max(left, LEAST if found else 0), found)
        octets = sum(map(len, kept))
        self._targets[target] += octets
        self._run += octets
        return kept


def shortened(lines: tuple[str, ...], most: int, found: str = "") -> tuple[str, ...]:
    """``lines`` with at most some ``most`` characters: the same object where all of them have room."""
    if sum(map(len, lines)) <= most and all(len(line) <= PER_LINE for line in lines):
        return lines
    short = [_line(line) for line in lines]
    if sum(map(len, short)) <= most:
        return tuple(short)
    head = _as_many(short, most // 2)
    tail = _as_many(short[head:][::-1], most // 2)
    cut = short[head : len(short) - tail]
    note = f"[{len(cut)} lines with {sum(map(len, cut))} characters are left out here: too much for a report]"
    quoted = [line.text[:LEAST] for line in chosen(cut, found, MOST_QUOTED)[0] if line.decides] if found else []
    if quoted:
        note = f"{note[:-1]}; of them, what is found rests on the next {len(quoted)}]"
    return (*short[:head], note, *quoted, *short[len(short) - tail :])


def _line(line: str) -> str:
    if len(line) <= PER_LINE:
        return line
    return f"{line[: PER_LINE // 2]}[{len(line) - PER_LINE} characters left out]{line[-PER_LINE // 2 :]}"


def _as_many(lines: Sequence[str], most: int) -> int:
    """How many of ``lines``, from the first, have room in ``most`` characters."""
    for number, line in enumerate(lines):
        most -= len(line)
        if most < 0:
            return number
    return len(lines)
