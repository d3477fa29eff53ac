"""A run as it judges: the results as they come in, and the gate's decision at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from mailproof.controls import Control
from mailproof.gate.document import (
    FORMAT,
    VERSION,
    Decision,
    Result,
    RunDocument,
    Selection,
    Traffic,
    WaiverNote,
    count,
    result_id,
)
from mailproof.gate.verdict import Judgement, Verdict

UNDECIDED = Decision(open=False, reasons=("the run was stopped before its end",))
"""What stands in the document of a run until its end."""


def make_result(
    control: Control,
    target: str,
    target_type: str,
    judgement: Judgement,
    evidence: tuple[str, ...],
    seconds: float,
    domains: tuple[str, ...] = (),
    place: tuple[str, int] = ("", 0),
    *,
    owners: tuple[str, ...] = (),
    waiver: WaiverNote | None = None,
    waived: str = "",
    change: str = "",
    proposed: bool = False,
    host: str = "",
    left_to_target: str = "",
) -> Result:
    """A result from a judgement. ``place`` is the file and line of the inventory that names the target."""
    observed = judgement.observed
    if judgement.verdict is Verdict.PASS:
        message, observed = control.title, observed or "as expected"
    else:
        message = observed.split("\n", 1)[0]
    return Result(
        id=result_id(control.id, target),
        family=control.family,
        control=control.id,
        target=target,
        target_type=target_type,
        level=judgement.level,
        verdict=judgement.verdict,
        message=message,
        expected=control.title,
        observed=observed,
        evidence=evidence,
        why=judgement.why or control.why,
        fix=judgement.fix or control.fix,
        references=control.references,
        seconds=round(seconds, 6),
        domains=domains,
        owners=owners,
        file=place[0],
        line=place[1],
        waiver=waiver,
        waived=waived,
        change=change,
        proposed=proposed,
        left_to=judgement.left_to,
        left_to_target=left_to_target,
        host=host,
        harm="" if judgement.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE) else control.harm.value,
        at=judgement.at,
        remedy=judgement.remedy,
    )


@dataclass
class Tally:
    """Of the results of a run, what its decision rests on: they may be too many to be held."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    closing: Counter[tuple[Verdict, str]] = field(default_factory=Counter)
    """Those that keep the gate closed, by verdict and change."""
    expired: int = 0
    """How many of them have a waiver that has expired."""
    proposed: int = 0

    def add(self, result: Result, *, closes: bool) -> None:
        """Count a result; ``closes``: it keeps the gate closed."""
        self.verdicts[result.verdict] += 1
        self.proposed += result.proposed
        if closes:
            self.closing[result.verdict, result.change] += 1
            self.expired += result.waiver is not None


@dataclass(kw_only=True)
class RunResult(RunDocument):
    """The document of a run that is under way, and what its decision rests on besides.

    The fields of the document that are given again here are those that a run begins with.
    """

    format: Literal["mailproof-result"] = FORMAT
    version: Literal[1] = VERSION
    contact: str | None = None
    replayed: bool = False
    complete: bool = True
    decision: Decision = UNDECIDED
    counts: dict[str, int] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)
    controls_without_target: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    narrowing: tuple[str, ...] = ()
    """Everything on the command line that selects a part of the suite, as it was written."""
    judgeable: int = 0
    """Pairs of control and target that the whole suite has in this inventory."""
    other_failures: int = 0
    """Failures of tests that are no controls."""
    problems: list[str] = field(default_factory=list)
    """What the run was asked for and could not do."""
    _tally: Tally = field(default_factory=Tally, repr=False)

    def decide(self, tally: Tally | None = None) -> Decision:
        """Order and count the results, and make the gate's decision. A run that proved nothing does not open it.

        ``tally`` counts results that are not held here.
        """
        if tally is None:
            tally = Tally()
            for result in self.results:
                tally.add(result, closes=self.closes(result))
        self._tally = tally
        self.results.sort(key=lambda result: result.key)
        self.counts = {str(verdict): tally.verdicts[verdict] for verdict in Verdict}
        judged = self._tally.verdicts.total()
        of = max(self.judgeable, judged)
        self.selection = Selection(partial=self.is_partial, by=self.narrowing, judged=judged, of=of)
        reasons = tuple(self._reasons())
        self.decision = Decision(not reasons, reasons)
        return self.decision

    def _reasons(self) -> list[str]:
        """Why the gate stays closed."""
        reasons = [self.nothing_checked] if self.nothing_checked else []
        if not self.complete:
            reasons.append("the run was stopped before its end")
        closing = self._tally.closing
        for change, word in (("", ""), ("new", "new "), ("regressed", "regressed ")):
            if number := closing[Verdict.FAIL, change]:
                reasons.append(count(number, f"{word}finding"))
            if number := closing[Verdict.INCONCLUSIVE, change]:
                reasons.append(f"{number} {word}inconclusive")
        if self._tally.expired:
            reasons.append(f"{self._tally.expired} of them with an expired waiver")
        if self.lost:
            reasons.append(f"{count(len(self.lost), 'verdict')} lost by the proposal")
        if self.proposals and self._tally.verdicts and not self._tally.proposed:
            reasons.append("nothing that was judged rests on the proposal")
        unneeded = sum(waiver.state == "unneeded" for waiver in self.waivers)
        if unneeded and self.strict_waivers:
            reasons.append(f"{count(unneeded, 'waiver')} no longer needed")
        if self.other_failures:
            reasons.append(f"{count(self.other_failures, 'failure')} of tests that are no controls")
        return reasons

    @property
    def exit_code(self) -> int:
        """The exit code that says the same as the decision: 0 open, 5 nothing was checked, 1 everything else."""
        if self.decision.open:
            return 0
        return 5 if self.nothing_checked and self.complete and not self.other_failures else 1

    @property
    def is_partial(self) -> bool:
        """Whether only a part of the suite was judged."""
        return bool(self.narrowing) or max(len(self.results), self._tally.verdicts.total()) < self.judgeable

    @property
    def nothing_checked(self) -> str:
        """Why the run proved nothing, by its counts; empty where it did."""
        total, applied_not = self._tally.verdicts.total(), self._tally.verdicts[Verdict.NOT_APPLICABLE]
        if not total:
            return "nothing was checked: no control had a target"
        if applied_not == total:
            return "nothing was checked: no control applied"
        silent = applied_not + self._tally.verdicts[Verdict.INCONCLUSIVE]
        if silent == total and not self._tally.closing:
            return "nothing was checked: nothing could be observed"
        return ""
