"""Two runs of a fleet compared, as two sorted streams: neither is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from mailproof.controls import Level
from mailproof.fleet.plan import FleetError, Plan
from mailproof.fleet.results import DELETE, all_lines
from mailproof.fleet.running import whole_plan
from mailproof.gate.baseline import AMISS, Change, Difference, Key, Verdicted, change_of, verdicted
from mailproof.gate.document import Result
from mailproof.gate.verdict import Verdict


def compared(old: Iterable[Result], new: Iterable[Result]) -> Iterator[Difference]:
    """What became of every verdict, sorted by control and target. Both are sorted so, and have each of them once."""
    for before, now in _side_by_side(old, new):
        if now is None:
            assert before is not None  # noqa: S101
            yield Difference(before.control, before.target, Change.GONE, before.verdict, "", before.message)
            continue
        change = change_of(verdicted(before) if before is not None else None, now.verdict, now.level)
        message = before.message if before is not None and change is Change.MENDED else now.message
        yield Difference(now.control, now.target, change, before.verdict if before else "", now.verdict, message)


def _side_by_side(old: Iterable[Result], new: Iterable[Result]) -> Iterator[tuple[Result | None, Result | None]]:
    former, present = _by_key(old), _by_key(new)
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


def _by_key(results: Iterable[Result]) -> Iterator[Result]:
    """One result for each control and target."""
    last: Key | None = None
    for result in results:
        if result.key != last:
            yield result
        last = result.key


class Earlier:
    """An earlier run, read alongside a later one: what it said of each verdict that is asked for, in sorted order."""

    def __init__(self, lines: Iterable[Mapping[str, Any]], started_at: str) -> None:
        self.started_at = started_at
        self._lines = iter(lines)
        self._next = next(self._lines, None)

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
        return cls(all_lines(directory, earlier, {}), earlier.started_at)

    def change(self, result: Result) -> Change:
        """What became of a verdict. Those that are asked for come in the order of control and target."""
        while self._next is not None and _key(self._next) < result.key:
            self._next = next(self._lines, None)
        before = self._next
        if before is None or _key(before) != result.key:
            return change_of(None, result.verdict, result.level)
        verdict, level = Verdict(before["verdict"]), Level(before["level"])
        former = Verdicted(result.control, result.target, verdict, level, before.get("message", ""))
        return change_of(former, result.verdict, result.level)


def _unlike(earlier: Plan, plan: Plan) -> Iterator[str]:
    """Why an earlier run is no baseline of a later one."""
    if earlier.inventory.name != plan.inventory.name:
        yield f"is one of {earlier.inventory}, not of {plan.inventory}"
    if (earlier.digest, earlier.started_at) == (plan.digest, plan.started_at):
        yield "is this run itself, which knows all that it finds"
    if missing := sorted(plan.controls.keys() - earlier.controls.keys()):
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        what = f"{', '.join(missing[:3])}{more}"
        if earlier.mailproof == plan.mailproof and earlier.settings.controls != plan.settings.controls:
            yield f"did not judge {what}: all that they find would be new"


def _key(line: Mapping[str, Any]) -> Key:
    return line["control"], line["target"]


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
