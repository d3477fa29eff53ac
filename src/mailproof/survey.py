"""The survey: every needed probe once per target, concurrently, within the limits; recorded and replayed.

Probes build on probes (see ``probes/probe.py``), so they form a graph, which the survey walks with a memo.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from mailproof.inventory.model import Inventory
from mailproof.net.errors import BoundReached, NotObserved, ProbeCrashed
from mailproof.net.loop import stopped_by
from mailproof.net.network import Network
from mailproof.net.settings import Limits
from mailproof.net.source import shortage
from mailproof.observations import Former, Observation
from mailproof.probes.probe import NoConsent, NoConsentError, Outcome, Probe
from mailproof.targets.base import Target, Targets, Undiscovered
from mailproof.targets.services import Endpoint

O = TypeVar("O", bound=Observation)  # noqa: E741

AT_ONCE = 2000
"""Observations under way at once. One that waits its turn takes some 10 KiB; the limits keep most of them waiting."""

ASKING_AT_ONCE = 2
"""Observations by the DNS alone that are under way at once, for each question that may be. With more of them the
answers about one zone would come too far apart to be taken apart once.
"""


@dataclass
class Progress:
    """How many observations a survey is to make, and how many it has made."""

    total: int = 0
    done: int = 0


def bound_of_run(limits: Limits, targets: Targets, probes: Mapping[str, Probe]) -> float:
    """Seconds that a survey of ``targets`` may take, whatever their servers do."""
    hosts = {(endpoint.address, endpoint.host) for endpoint in targets.found(Endpoint)}
    queue = max(Counter(address for address, _ in hosts).values(), default=0)
    return limits.run(len(hosts), queue, sum(len(targets.found(probe.target)) for probe in probes.values()))


class Survey:
    """Runs probes and remembers their outcomes.

    ``outcomes`` maps (probe name, target id) to what was seen. A survey that replays a record has outcomes
    from the start and never runs anything.
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        inventory: Inventory,
        targets: Targets,
        network: Network,
        progress: Progress | None = None,
        *,
        bound: float | None = None,
        former: Former | None = None,
        stop_file: Path | None = None,
    ) -> None:
        """``bound`` is in seconds; without one it follows from the limits and the targets. When ``stop_file`` appears,
        all that is under way is cancelled.
        """
        self.probes = probes
        self.progress = progress or Progress()
        self.outcomes: dict[tuple[str, str], Outcome] = {}
        self.attempts: dict[tuple[str, str], tuple[str, ...]] = {}
        """What was tried more than once: a line for every attempt, oldest first."""
        self._stop_file = stop_file
        self._limits = inventory.limits
        self._bound = bound or bound_of_run(network.settings.limits, targets, probes)
        self._earlier: dict[tuple[str, str], Outcome] = {}
        """The outcome of the attempt before, while another one is made."""
        self._network = network
        self._targets: dict[tuple[str, str], Target] = {}
        self._ended: dict[tuple[str, str], str] = {}
        self._given: dict[str, Any] = {
            "net": network,
            "look": self._look,
            "planned": self._is_planned,
            "inventory": inventory,
            "targets": targets,
            "former": former or Former(),
        }
        self._tasks: dict[tuple[str, str], asyncio.Task[Outcome]] = {}
        self._wanted: dict[tuple[str, Target], None] = {}
        self._askers: dict[str, tuple[str, ...]] = {}
        """By name of a probe: those that build on it, and itself."""

    async def run(self, wanted: Iterable[tuple[str, Target]]) -> None:
        """Observe every (probe name, target) pair. Whatever goes wrong is an outcome; only cancellation is raised.

        What could not be observed for a reason that may pass is tried again, ``limits.retries`` times. What is not
        observed when the bound is reached is not looked at any more.
        """
        self._wanted = dict.fromkeys(wanted)
        pairs = tuple(self._wanted)
        try:
            async with asyncio.timeout(self._bound) as until:
                with stopped_by(self._stop_file, until):
                    await self._run(pairs)
        except TimeoutError:
            if not until.expired():
                raise
            reached = f"the run has taken the {self._bound:.0f} s that it may take (its bound follows from `limits`)"
            if self._stop_file is not None and self._stop_file.exists():
                reached = f"the run was stopped: there is a file {self._stop_file.name}"
            for name, target in pairs:
                key = (name, target.id)
                self.outcomes.setdefault(key, self._earlier.get(key, BoundReached(reached)))

    async def _run(self, wanted: tuple[tuple[str, Target], ...]) -> None:
        try:
            await self._observe_all(wanted)
            for attempt in range(2, self._limits.retries + 2):
                again = [key for key, outcome in self.outcomes.items() if _may_pass(outcome) and self._is_real(key)]
                if not again:
                    break
                for key in again:
                    self._note_attempt(key, attempt - 1)
                await asyncio.sleep(self._limits.retry_pause)
                for key in again:
                    self._earlier[key] = self.outcomes.pop(key)
                self._network.dns.forget_failures()
                self._network.hosts.forget_failures()
                await self._observe_all(tuple((key[0], self._targets[key]) for key in again))
                for key in again:
                    self._note_attempt(key, attempt)
        except BaseException:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            raise

    async def _observe_all(self, wanted: tuple[tuple[str, Target], ...]) -> None:
        # Who may be banned for what a probe asks had better have asked everything else before.
        pairs = sorted(wanted, key=lambda pair: (not self.probes[pair[0]].first, self.probes[pair[0]].refusals))
        self.progress.total += len(pairs)
        asking = [pair for pair in pairs if not self._connects(pair[0])]
        talking = [pair for pair in pairs if self._connects(pair[0])]
        at_once = ASKING_AT_ONCE * self._network.settings.limits.questions
        await asyncio.gather(*self._lane(talking, AT_ONCE), *self._lane(asking, at_once))

    def _lane(self, pairs: list[tuple[str, Target]], at_once: int) -> Iterator[Coroutine[Any, Any, None]]:
        left = iter(pairs)
        return (self._observe_some(left) for _ in pairs[:at_once])

    def _connects(self, name: str) -> bool:
        """Whether a probe, or one that it builds on, opens connections; the others ask the DNS alone."""
        entry = self.probes[name]
        return bool(entry.connections) or any(map(self._connects, (*entry.needs, *entry.looks)))

    async def _observe_some(self, left: Iterator[tuple[str, Target]]) -> None:
        """Take one pair after the other from ``left``, which others take from as well."""
        for name, target in left:
            await self._outcome(name, target)
            self.progress.done += 1

    def _note_attempt(self, key: tuple[str, str], number: int) -> None:
        """Remember the outcome of an attempt, once."""
        known = self.attempts.get(key, ())
        if len(known) >= number:
            return
        outcome = self.outcomes[key]
        said = f"{outcome.kind}: {outcome.reason}" if isinstance(outcome, NotObserved) else "observed"
        self.attempts[key] = (*known, f"attempt {number} at {key[0]}, ended {self._ended[key]}: {said}")

    async def _outcome(self, name: str, target: Target) -> Outcome:
        key = (name, target.id)
        if key in self.outcomes:
            return self.outcomes[key]
        self._targets[key] = target
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.ensure_future(self._observe(self.probes[name], target))
        return await asyncio.shield(task)

    async def _observe(self, entry: Probe, target: Target) -> Outcome:
        key = (entry.name, target.id)
        if isinstance(target, Undiscovered):
            outcome: Outcome = target.not_observed()
        elif reason := entry.unwanted(target):
            outcome = NoConsent(reason)
        else:
            try:
                outcome = await self._call(entry, target)
            except NotObserved as failure:
                outcome = failure
            except NoConsentError as forbidden:
                outcome = forbidden.outcome
            except (Exception, SystemExit) as error:  # the latter would end the loop, and nobody hear of it
                outcome = _crash(entry, error)
        self.outcomes[key] = outcome
        self._tasks.pop(key, None)
        if _may_pass(outcome) or key in self.attempts:
            self._ended[key] = datetime.now(UTC).isoformat(timespec="seconds")
        return outcome

    def _is_real(self, key: tuple[str, str]) -> bool:
        """Whether there is a target to look at again: what discovery did not find stays unfound."""
        return not isinstance(self._targets[key], Undiscovered)

    async def _call(self, entry: Probe, target: Target) -> Observation:
        arguments = {name: self._given[name] for name in entry.given}
        needed = await asyncio.gather(*(self._outcome(need, target) for need in entry.needs))
        for need, outcome in zip(entry.needs, needed, strict=True):
            arguments[need] = _observation(outcome)
        return await entry.function(target, **arguments)

    def _with_needs(self, name: str) -> set[str]:
        """The probe and those that it builds on, of the same target."""
        return {name}.union(*map(self._with_needs, self.probes[name].needs))

    def _is_planned(self, probe: Callable[..., Awaitable[Observation]], target: Target) -> bool:
        name = probe.__name__
        if name not in self._askers:
            self._askers[name] = tuple(asker for asker in self.probes if name in self._with_needs(asker))
        return any((asker, target) in self._wanted for asker in self._askers[name])

    async def _look(self, probe: Callable[..., Awaitable[O]], target: Target) -> O:
        return cast(O, _observation(await self._outcome(probe.__name__, target)))


def _crash(entry: Probe, error: BaseException) -> NotObserved:
    if short := shortage(error):
        return NotObserved(f"this machine is short of {short}")
    return ProbeCrashed(
        f"the probe {entry.name} crashed: {type(error).__name__}: {error}", tuple(traceback.format_exc().splitlines())
    )


def _may_pass(outcome: Outcome) -> bool:
    return isinstance(outcome, NotObserved) and outcome.transient


def _observation(outcome: Outcome) -> Observation:
    if isinstance(outcome, NotObserved):
        raise outcome
    if isinstance(outcome, NoConsent):
        raise NoConsentError(outcome)
    return outcome
