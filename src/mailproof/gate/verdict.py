"""Verdicts: what came of one control on one target. Independent of pytest's items and reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailproof.controls import Control, Finding, Level
from mailproof.net.errors import NotObserved


class Verdict(StrEnum):
    """The outcomes of a control. Only ``FAIL`` and ``INCONCLUSIVE`` can keep a gate closed."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    ADVICE = "advice"
    """Fails, but below the level at which the gate fails."""
    WAIVED = "waived"
    """Fails, and a waiver accepts that for the time being."""
    NOT_APPLICABLE = "not applicable"
    INCONCLUSIVE = "inconclusive"


GATE_LEVEL = Level.SHOULD
"""The weakest level whose failures close the gate, unless the command line or a profile says otherwise."""


@dataclass(frozen=True)
class Judgement:
    """A verdict with the level that it counts at and what was observed, in a sentence or a few lines."""

    verdict: Verdict
    level: Level
    observed: str


def judge(
    control: Control,
    raised: BaseException | None,
    *,
    skipped: str | None = None,
    level: Level | None = None,
    fail_on: Level = GATE_LEVEL,
) -> Judgement:
    """What an exception that ended the control (or its observations) means.

    None is a pass, an AssertionError a finding, NotObserved inconclusive; ``skipped`` is the reason of a
    control that does not apply. Anything else is a fault of the control and inconclusive. ``level`` is what a
    profile makes of every finding of the control, in place of its own levels; findings weaker than ``fail_on``
    are advice.
    """
    usual = level or control.level
    if skipped is not None:
        return Judgement(Verdict.NOT_APPLICABLE, usual, skipped)
    if raised is None:
        return Judgement(Verdict.PASS, usual, "")
    if isinstance(raised, AssertionError):
        counted = raised.level if isinstance(raised, Finding) and level is None else usual
        verdict = Verdict.FAIL if counted.rank <= fail_on.rank else Verdict.ADVICE
        return Judgement(verdict, counted, _message(raised))
    if isinstance(raised, NotObserved):
        return Judgement(Verdict.INCONCLUSIVE, usual, f"{raised.kind}: {raised.reason}")
    return Judgement(Verdict.INCONCLUSIVE, usual, f"the control itself broke: {type(raised).__name__}: {raised}")


def _message(error: AssertionError) -> str:
    """The assertion's own message. pytest's rewriting appends the source of the assertion to it."""
    text = str(error)
    message, appended, _ = text.rpartition("\nassert ")
    return message if appended else text
