"""Two runs of a fleet compared, as two sorted streams: neither is held."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Self

from mailproof.controls import Level
from mailproof.fleet.plan import FleetError, Plan
from mailproof.fleet.results import DELETE, all_lines
from mailproof.fleet.running import whole_plan
from mailproof.gate.baseline import AMISS, Change, Difference, Key, Verdicted, change_of
from mailproof.gate.document import Result
from mailproof.gate.verdict import Verdict


def verdicts_of(directory: Path, plan: Plan, formerly: Mapping[str, str]) -> Iterator[Verdicted]:
    """What a run said, sorted by control and target, under the ids that controls have now: ``formerly`` are these by
    former ones. Of two that became one, what is amiss counts. Raises FleetError.

    What a renamed control said stands elsewhere in that order, and is read by itself: there are few of them.
    """
    renamed = [id for id in plan.controls if formerly.get(id, id) != id]
    streams = [_verdicts(directory, plan, lambda id: id not in renamed, formerly)]
    streams += [_verdicts(directory, plan, former.__eq__, formerly) for former in renamed]
    for _, same in groupby(heapq.merge(*streams, key=_key), key=_key):
        first, *more = same
        yield next((one for one in (first, *more) if one.verdict in AMISS), first)


def _verdicts(
    directory: Path, plan: Plan, wanted: Callable[[str], bool], formerly: Mapping[str, str]
) -> Iterator[Verdicted]:
    for line in all_lines(directory, plan, {}):
        former = line["control"]
        if wanted(former):
            message = str(line.get("message") or plan.controls.get(former, {}).get("expected", ""))
            verdict, level = Verdict(line["verdict"]), Level(line["level"])
            yield Verdicted(formerly.get(former, former), line["target"], verdict, level, message)


def _key(one: Verdicted) -> Key:
    return one.key


def compared(old: Iterable[Verdicted], new: Iterable[Verdicted]) -> Iterator[Difference]:
    """What became of every verdict, sorted by control and target. Both are sorted so, and have each of them once."""
    for before, now in _side_by_side(old, new):
        if now is None:
            assert before is not None  # noqa: S101
            yield Difference(before.control, before.target, Change.GONE, before.verdict, "", before.message)
            continue
        change = change_of(before, now.verdict, now.level)
        message = before.message if before is not None and change is Change.MENDED else now.message
        yield Difference(now.control, now.target, change, before.verdict if before else "", now.verdict, message)


def _side_by_side(
    old: Iterable[Verdicted], new: Iterable[Verdicted]
) -> Iterator[tuple[Verdicted | None, Verdicted | None]]:
    former, present = iter(old), iter(new)
    before, now = next(former, None), next(present, None)
    while before is not None or now is not None:
        if now is None or (before is not None and before.key < now.key):
            yield before, None
            before = next(former, None)
        elif before is None or now.key < before.key:
            yield None, now
            now = next(present, None)
        else:
            yield before, now
            before, now = next(former, None), next(present, None)


class Earlier:
    """An earlier run, read alongside a later one: what it said of each verdict that is asked for, in sorted order."""

    def __init__(self, verdicts: Iterable[Verdicted], started_at: str) -> None:
        self.started_at = started_at
        self._verdicts = iter(verdicts)
        self._next = next(self._verdicts, None)

    @classmethod
    def of(cls, directory: Path, plan: Plan) -> Self:
        """The run in ``directory``, which is read to its end. Raises FleetError if it is not done or damaged, or says
        nothing of what ``plan`` judges.
        """
        try:
            earlier = whole_plan(directory)
            for _ in all_lines(directory, earlier, {}):
                pass
        except FleetError as error:
            why = str(error).removesuffix(DELETE)
            raise FleetError(f"--baseline: {why}; a baseline is a whole run: name another one") from None
        for wrong in _unlike(earlier, plan):
            raise FleetError(f"--baseline: {directory} {wrong}")
        return cls(verdicts_of(directory, earlier, plan.formerly), earlier.started_at)

    def change(self, result: Result) -> Change:
        """What became of a verdict. Those that are asked for come in the order of control and target."""
        while self._next is not None and self._next.key < result.key:
            self._next = next(self._verdicts, None)
        before = self._next if self._next is not None and self._next.key == result.key else None
        return change_of(before, result.verdict, result.level)


def _unlike(earlier: Plan, plan: Plan) -> Iterator[str]:
    """Why an earlier run is no baseline of a later one."""
    if earlier.inventory.name != plan.inventory.name:
        yield f"is one of {earlier.inventory}, not of {plan.inventory}"
    if (earlier.digest, earlier.started_at) == (plan.digest, plan.started_at):
        yield "is this run itself, which knows all that it finds"
    judged = {plan.formerly.get(id, id) for id in earlier.controls}
    if missing := sorted(plan.controls.keys() - judged):
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        what = f"{', '.join(missing[:3])}{more}"
        if earlier.mailproof == plan.mailproof and earlier.settings.controls != plan.settings.controls:
            yield f"did not judge {what}: all that they find would be new"


def told(differences: Iterable[Difference]) -> tuple[list[Difference], Counter[Change]]:
    """Those that are told, which are the changes of what is or was amiss, and the number of all by kind."""
    counts: Counter[Change] = Counter()
    listed = []
    for difference in differences:
        counts[difference.change] += 1
        gone = difference.change is Change.GONE and difference.before in AMISS
        if gone or difference.change in (Change.NEW, Change.REGRESSED, Change.MENDED):
            listed.append(difference)
    return listed, counts
