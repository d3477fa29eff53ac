"""From what ended a control to a result: the one way to a verdict, whoever calls the controls, pytest or a fleet."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from functools import cached_property

import pytest

from mailproof.controls import Control
from mailproof.gate.baseline import AMISS, change_of
from mailproof.gate.document import Result, result_id, without_secrets
from mailproof.gate.result import make_result
from mailproof.gate.verdict import GATE_LEVEL, Judgement, Verdict, judge
from mailproof.net.errors import NotObserved
from mailproof.run.case import Case
from mailproof.run.ownership import Fault, Judgeable, Ownership
from mailproof.run.seen import Seen
from mailproof.targets.addresses import BlocklistEntry, SendingAddress
from mailproof.targets.base import Target
from mailproof.targets.services import Endpoint


class Judge:
    """Makes the results of a case."""

    def __init__(self, case: Case, seen: Seen, proven: Container[Verdict] = frozenset(Verdict)) -> None:
        """Results have the proof of verdicts that are in ``proven``."""
        self._case = case
        self.seen = seen
        self._proven = proven
        self.ownership = Ownership(case, seen)
        self._shown_files: dict[str, str] = {}

    def expect(self, judgeable: Sequence[Judgeable]) -> None:
        """Note everything that is going to be judged, and find the faults that keep others from judging. To be called
        once, before the first result.
        """
        for control, target, _ in judgeable:
            self.seen.expect(control, target)
            self.ownership.expect(control, target)
        for control, target in self._case.elsewhere:
            self.ownership.expect(control, target)
        if self._case.record is not None:
            self.ownership.find(judgeable)

    def result(self, control: Control, target: Target, raised: BaseException | None, seconds: float) -> Result:
        """The verdict of what ended a control, with its proof. ``seconds``: how long judging took."""
        if not isinstance(raised, pytest.skip.Exception | NotObserved):
            raised = self._case.vantage.doubt(control.by_clock) or raised
        rule = self._case.policy.rule(control, target)
        level, fail_on = (rule.level, rule.fail_on) if rule is not None else (None, GATE_LEVEL)
        judgement = judge(control, raised, level=level, fail_on=fail_on)
        owner = self._owner(control, target, judgement, raised)
        if owner is not None:
            reason = f"{owner.message}; {owner.control.id} judges that"
            judgement = Judgement(Verdict.NOT_APPLICABLE, judgement.level, reason, left_to=owner.control.id)
        elif judgement.left_to and not self.ownership.is_judged(judgement.left_to, target):
            reason = f"{judgement.observed}, but does not judge {target.id} in this run"
            judgement = Judgement(Verdict.INCONCLUSIVE, judgement.level, f"not judged: {reason}")
        without = judgement.verdict
        judgement, waiver = self._case.waivers.apply(judgement, control.id, target.id)
        place = self._case.loaded.place_of(*target.entries)
        result = make_result(
            control,
            target.id,
            target.kind.__name__,
            judgement,
            self.seen.evidence(control, target, raised) if judgement.verdict in self._proven else (),
            seconds,
            target.domains,
            (self._shown_file(place.file), place.line),
            owners=self._owners(target),
            waiver=waiver,
            waived=str(without) if judgement.verdict is Verdict.WAIVED else "",
            change=self._change(control, target, judgement),
            proposed=self.seen.rests_on_proposal(control, target),
            host=target.mail_host,
            left_to_target=owner.target.id if owner is not None else "",
        )
        return redacted(result, self._case.loaded.redact) if self._case.loaded.secrets else result

    def _shown_file(self, file: str) -> str:
        """A file of the inventory relative to the directory of the run: worked out once, as all verdicts show it."""
        if file not in self._shown_files:
            self._shown_files[file] = os.path.relpath(file, self._case.directory)
        return self._shown_files[file]

    def _owners(self, target: Target) -> tuple[str, ...]:
        """Who answers for it. A domain may have the name of a host, and is not its host for that."""
        if not self._case.loaded.has_owners:  # as most: this is asked for each verdict
            return ()
        hosts = [target.mail_host, *(name for name in target.entries if name not in target.domains)]
        if isinstance(target, SendingAddress | BlocklistEntry):
            hosts += self._hosts_at.get(target.address, ())
        return self._case.loaded.owners_of(hosts=hosts, domains=(*target.domains, *target.entries))

    @cached_property
    def _hosts_at(self) -> dict[str, tuple[str, ...]]:
        """The hosts of the inventory at each address."""
        found: dict[str, dict[str, None]] = {}
        for endpoint in self._case.targets.found(Endpoint):
            found.setdefault(endpoint.address, {})[endpoint.host] = None
        return {address: tuple(hosts) for address, hosts in found.items()}

    def _owner(
        self, control: Control, target: Target, judgement: Judgement, raised: BaseException | None
    ) -> Fault | None:
        """The fault of another control that kept this one from judging."""
        if judgement.verdict is Verdict.INCONCLUSIVE and isinstance(raised, NotObserved):
            return self.ownership.owner(control, target, raised)
        return None

    def _change(self, control: Control, target: Target, judgement: Judgement) -> str:
        """What the baseline makes of a verdict, for those that are amiss."""
        earlier = self._case.earlier
        if earlier is None or judgement.verdict not in AMISS:
            return ""
        former = self._case.former.get((control.id, self._case.loaded.redact(target.id)))
        before = earlier.results[former] if former is not None else None
        return str(change_of(before, judgement.verdict, judgement.level))


_OURS = ("id", "family", "control", "target_type", "level", "verdict", "change", "left_to", "harm", "references")
"""Fields of a result that hold words of mailproof's own: no secret can be in them, even if it is such a word."""


def redacted(result: Result, redact: Callable[[str], str]) -> Result:
    """``result`` with every text of others redacted; the verdict stays what it is."""
    shown = without_secrets(result, redact, _OURS)
    return replace(shown, id=result_id(shown.control, shown.target))
