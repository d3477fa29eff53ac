"""What a run has seen, as controls ask for it: observations, targets, thresholds, and the proof behind a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import Any

import pytest

from mailproof.controls import Control, not_applicable
from mailproof.net.errors import NotObserved
from mailproof.observations import Observation, rests_on_proposal
from mailproof.probes.probe import NoConsent, Outcome
from mailproof.run.case import Case
from mailproof.run.evidence import EvidenceBudget
from mailproof.targets.base import Target, Undiscovered

OUTCOMES = (Exception, pytest.skip.Exception, pytest.fail.Exception, pytest.xfail.Exception)
"""Exceptions that end a control and are a verdict. Ctrl-C and pytest.exit are not."""


class Seen:
    """The record of a run for its controls. What no later control needs is let go."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._uses: Counter[tuple[str, str]] = Counter()
        self._budget = EvidenceBudget()
        self._proofs: dict[tuple[str, str], tuple[str, ...]] = {}

    def observation(self, name: str, target: Target) -> Observation:
        """The observation that a control asks for. Raises NotObserved, or skips where consent is missing."""
        if isinstance(target, Undiscovered):
            raise target.not_observed()
        outcome = self._outcome(name, target)
        if outcome is None:
            # A record of before this probe was there: consent to it was not asked for either.
            if reason := self._case.probes[name].unwanted(target):
                not_applicable(reason)
            raise NotObserved(f"{name} of {target.id} is not in the record; survey again")
        if isinstance(outcome, NoConsent):
            not_applicable(outcome.reason)
        if isinstance(outcome, NotObserved):
            raise self._case.vantage.retold(outcome, target)
        if (doubt := self._case.vantage.doubts(outcome, target)) is not None:
            raise doubt
        return outcome

    def _outcome(self, name: str, target: Target) -> Outcome | None:
        record = self._case.record
        return record.outcomes.get((name, target.id)) if record else None

    def thresholds(self, control: Control, target: Target) -> dict[str, Any]:
        """The thresholds of a control for a target, with the types of their defaults."""
        rule = self._case.policy.rule(control, target)
        found = rule.parameters if rule is not None else control.parameters
        return {
            name: tuple(value) if isinstance(control.parameters[name], tuple) else value
            for name, value in found.items()
        }

    def given(self, name: str, target: Target) -> object:
        """What a fixture of this name is for a control of a target."""
        if name in self._case.docket.fixtures:
            return itself(target)
        return self.observation(name, target)

    def verdict(self, call: Callable[..., Any], control: Control, target: Target) -> BaseException | None:
        """What ends a control, whose function is ``call``, when it is called with its observations: None, a finding, or
        why it cannot judge.
        """
        try:
            given = {name: self.given(name, target) for name in control.observations}
            call(**given, **self.thresholds(control, target))
        except OUTCOMES as raised:
            return raised
        return None

    def expect(self, control: Control, target: Target) -> None:
        """Note that a control is going to judge a target, so that what it needs is kept until then."""
        for name in control.observations:
            self._uses[name, target.id] += 1

    def forget(self, control: Control, target: Target) -> None:
        """Let go of what no later control needs: a large inventory has hundreds of thousands of verdicts."""
        for name in control.observations:
            key = (name, target.id)
            self._uses[key] -= 1
            if self._uses[key] <= 0:
                del self._uses[key]
                self._proofs.pop(key, None)
                if self._case.record:
                    self._case.record.outcomes.pop(key, None)

    def rests_on_proposal(self, control: Control, target: Target) -> bool:
        """Whether the verdict is about a zone or a server as proposed."""
        proposal = self._case.proposal
        if proposal.leads_to(target):
            return True
        return bool(proposal.zones or proposal.delegations) and any(
            map(rests_on_proposal, self.observations(control, target))
        )

    def observations(self, control: Control, target: Target) -> list[Observation]:
        """What there was for the control at hand to see."""
        found = (self._outcome(name, target) for name in control.observations)
        return [outcome for outcome in found if isinstance(outcome, Observation)]

    def evidence(self, control: Control, target: Target, raised: BaseException | None) -> tuple[str, ...]:
        """The proof behind what a control said, within the budgets."""
        found = str(raised) if isinstance(raised, AssertionError) else ""
        return self._budget.cut(self._evidence(control, target, raised), target.id, self._case.expected, found=found)

    def _evidence(self, control: Control, target: Target, raised: BaseException | None) -> tuple[str, ...]:
        tried = self._case.record.attempts if self._case.record else {}
        attempts = tuple(line for name in control.observations for line in tried.get((name, target.id), ()))
        if isinstance(raised, NotObserved):
            return (*attempts, *raised.evidence)
        proofs = [proof for name in control.observations if (proof := self._proof(name, target))]
        return proofs[0] if len(proofs) == 1 and not attempts else (*attempts, *chain.from_iterable(proofs))

    def _proof(self, name: str, target: Target) -> tuple[str, ...]:
        """The evidence of an observation, the same object for every control that judges it."""
        key = (name, target.id)
        if key not in self._proofs:
            outcome = self._outcome(name, target)
            self._proofs[key] = tuple(outcome.evidence()) if isinstance(outcome, Observation) else ()
        return self._proofs[key]


def itself(target: Target) -> Target:
    """Raises NotObserved for a target that stands for what could not be found out."""
    if isinstance(target, Undiscovered):
        raise target.not_observed()
    return target
