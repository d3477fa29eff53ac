"""Verdicts: the outcome of one control on one target. Independent of pytest's items and reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pytest

from mailproof.controls import Control, Finding, Level, NotApplicable
from mailproof.net.errors import NotObserved, Unasked
from mailproof.places import Place
from mailproof.remedies import Remedy


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


MAX_OBSERVED = 4_000
"""Characters of what was observed: 64 KiB of wrong lines are no better known for being told one by one."""

GATE_LEVEL = Level.SHOULD
"""The weakest level whose failures close the gate, unless the command line or a profile says otherwise."""


@dataclass(frozen=True)
class Judgement:
    """A verdict with the level that it counts at and what was observed, in a sentence or a few lines."""

    verdict: Verdict
    level: Level
    observed: str
    why: str = ""
    """Why it matters, where this finding has a reason of its own; empty: the control's."""
    fix: str = ""
    """How to mend it, where this finding has a remedy of its own; empty: the control's."""
    left_to: str = ""
    """The control that owns the fault because of which nothing was judged; empty otherwise."""
    at: Place | None = None
    """The place of the finding itself, where it has one."""
    remedy: Remedy | None = None
    """What to publish instead, where that follows from what was seen."""


def judge(
    control: Control,
    raised: BaseException | None,
    *,
    level: Level | None = None,
    fail_on: Level = GATE_LEVEL,
) -> Judgement:
    """What an exception that ended the control (or its observations) means.

    None is a pass, an AssertionError a finding, NotApplicable not applicable, NotObserved inconclusive; Unasked is not
    applicable either, since the inventory does not allow to ask. A control that skips itself in any other way has
    judged nothing, and anything else is a fault of the control: both are inconclusive. ``level`` is what a profile
    makes of every finding of the control, in place of its own levels; findings weaker than ``fail_on`` are advice.
    """
    usual = level or control.level
    if raised is None:
        return Judgement(Verdict.PASS, usual, "")
    if isinstance(raised, NotApplicable):
        return Judgement(Verdict.NOT_APPLICABLE, usual, _cut(str(raised)), left_to=raised.left_to)
    if isinstance(raised, AssertionError):
        found = raised if isinstance(raised, Finding) else Finding(_message(raised))
        counted = level or found.level or usual
        verdict = Verdict.FAIL if counted.rank <= fail_on.rank else Verdict.ADVICE
        return Judgement(
            verdict, counted, _message(raised), found.why or "", found.fix or "", at=found.at, remedy=found.remedy
        )
    if isinstance(raised, Unasked):
        return Judgement(Verdict.NOT_APPLICABLE, usual, _cut(f"{raised.kind}: {raised.reason}"))
    if isinstance(raised, NotObserved):
        return Judgement(Verdict.INCONCLUSIVE, usual, _cut(f"{raised.kind}: {raised.reason}"))
    if isinstance(raised, pytest.skip.Exception):
        said = f"not judged: the rule skipped itself ({raised}); not_applicable() says that a rule does not apply"
        return Judgement(Verdict.INCONCLUSIVE, usual, said)
    return Judgement(Verdict.INCONCLUSIVE, usual, f"the control itself broke: {type(raised).__name__}: {raised}")


def _message(error: AssertionError) -> str:
    """The assertion's own message. pytest's rewriting appends the source of the assertion to it, and puts two blanks
    before each further line; a fleet calls the same functions as they are written.
    """
    text = str(error)
    message, appended, _ = text.rpartition("\nassert ")
    return _cut(message.replace("\n  ", "\n") if appended else text)


def _cut(told: str) -> str:
    if len(told) <= MAX_OBSERVED:
        return told
    return f"{told[:MAX_OBSERVED]} [cut: {len(told):,} characters in all]"
