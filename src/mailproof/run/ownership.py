"""One fault, one finding: what could not be judged because of a fault is left to the control that finds the fault.

A control names in ``explains`` the failures to observe that its fault causes. Where it objects to a target, or could
not look at it for the same reason, the failures of other controls about that target are consequences: they are counted
with the fault, and not as so many inconclusive verdicts. If it passes, was not selected or is waived, they stay
inconclusive: nothing is ever excused by a fault that no verdict shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mailproof.controls import Control
from mailproof.gate.verdict import Judgement, Verdict, judge
from mailproof.net.errors import NotObserved, Unreadable
from mailproof.run.case import Case
from mailproof.run.seen import Seen
from mailproof.targets.base import Target, Undiscovered
from mailproof.targets.files import Configuration, ReportFile
from mailproof.targets.services import Endpoint, MailExchange
from mailproof.targets.zones import NameServer, Zone

MAX_CHAIN = 5
"""Faults that rest on each other: an address that is unknown since its zone is bogus."""


Judgeable = tuple[Control, Target, Callable[..., Any]]
"""A control, a target that it judges, and the function that judges."""


@dataclass(frozen=True)
class Fault:
    """What a control found on a target."""

    control: Control
    target: Target
    message: str
    raised: BaseException | None

    def causes(self, failure: NotObserved) -> bool:
        """Whether ``failure`` is one that the fault causes. What could not be looked at causes only its like, and what
        was read has kept nobody from reading.
        """
        if isinstance(self.raised, NotObserved) and failure.kind != self.raised.kind:
            return False
        if isinstance(failure, Unreadable) and not isinstance(self.raised, NotObserved):
            return False
        return isinstance(failure, self.control.explains)


class Ownership:
    """The faults of a run that keep other controls from judging."""

    def __init__(self, case: Case, seen: Seen) -> None:
        self._case = case
        self._seen = seen
        self._faults: dict[str, list[Fault]] = {}
        """By what a fault speaks for: a host, an endpoint, a zone."""
        self._judged: dict[str, set[str]] = {}
        """By control: names of the targets that it is asked about in this run, with their hosts and domains."""

    def expect(self, control: Control, target: Target) -> None:
        """Note that ``control`` judges ``target`` in this run."""
        self._judged.setdefault(control.id, set()).update(_names(target))

    def is_judged(self, owner: str, target: Target) -> bool:
        """Whether the control ``owner`` is asked about ``target``, or about a host or domain of it, in this run."""
        return not self._judged.get(owner, set()).isdisjoint(_names(target))

    def find(self, judgeable: Iterable[Judgeable]) -> None:
        """Judge in advance by those controls that explain failures. They are few, and do no I/O."""
        for control, target, call in judgeable:
            if not control.explains:
                continue
            raised = self._seen.verdict(call, control, target)
            judgement = judge(control, raised, level=None)
            if judgement.verdict not in (Verdict.FAIL, Verdict.ADVICE, Verdict.INCONCLUSIVE) or self._waives(
                judgement, control, target
            ):
                continue
            fault = Fault(control, target, judgement.observed.split("\n", 1)[0], raised)
            for key in _keys(target):
                self._faults.setdefault(key, []).append(fault)

    def _waives(self, judgement: Judgement, control: Control, target: Target) -> bool:
        waived, _ = self._case.waivers.apply(judgement, control.id, target.id)
        return waived.verdict is Verdict.WAIVED

    def owner(self, control: Control, target: Target, failure: NotObserved) -> Fault | None:
        """The fault because of which ``control`` could not judge ``target``; None where no verdict shows one."""
        found = self._nearest(control, target, failure)
        for _ in range(MAX_CHAIN if found else 0):
            further = (
                found
                and isinstance(found.raised, NotObserved)
                and self._nearest(found.control, found.target, found.raised)
            )
            if not further:
                break
            found = further
        return found

    def _nearest(self, control: Control, target: Target, failure: NotObserved) -> Fault | None:
        for key in _causes(target) if self._faults else ():
            for fault in self._faults.get(key, ()):
                if fault.control.id != control.id and fault.causes(failure):
                    return fault
        return None


REPORTS = "reports"
"""What a file of reports, or a place where none can be read, speaks for beside itself: verdicts that hang on all."""


def _names(target: Target) -> set[str]:
    """The target, its host and its domains: by these a control and the one that it leaves a fault to are related."""
    zone = {target.zone} if isinstance(target, NameServer) else set()
    return {target.id, *target.domains, *zone, target.mail_host} - {""}


def _keys(target: Target) -> Iterator[str]:
    """What a fault found on ``target`` speaks for."""
    if isinstance(target, Undiscovered):
        if issubclass(target.missing, ReportFile | Configuration):
            yield f"{type(target).__name__} {target.id}"
        if issubclass(target.missing, ReportFile):
            yield REPORTS
        return
    if isinstance(target, Configuration):
        yield f"{type(target).__name__} {target.id}"
    if isinstance(target, Zone):
        yield f"zone {target.name}"
    elif isinstance(target, Endpoint | NameServer):
        yield f"service {target.id}"
    elif target.mail_host:
        yield f"host {target.mail_host}"
    else:
        yield f"{type(target).__name__} {target.id}"
    if isinstance(target, ReportFile):
        yield REPORTS


def _causes(target: Target) -> Iterator[str]:
    """What ``target`` rests on, the nearest first."""
    if isinstance(target, Configuration):
        yield f"{type(target).__name__} {target.id}"
    if isinstance(target, MailExchange):
        yield f"service {target.endpoint.id}"
    elif isinstance(target, Endpoint | NameServer):
        yield f"service {target.id}"
    host = target.mail_host
    if host:
        yield f"host {host}"
    yield f"{type(target).__name__} {target.id}"
    names = [*target.domains, *([host] if host else [])]
    for attribute in ("name", "zone", "domain"):
        if isinstance(value := getattr(target, attribute, None), str):
            names.append(value)
    for name in dict.fromkeys(names):
        yield f"MailDomain {name}"
        labels = name.split(".")
        for first in range(len(labels)):
            yield f"zone {'.'.join(labels[first:])}"
    yield REPORTS
