"""What came of a fleet: one pass over the results of all shards, none of which is held."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from mailproof.controls import Harm, Level
from mailproof.fleet.difference import Earlier
from mailproof.fleet.plan import Plan, read_division, read_judged
from mailproof.fleet.results import RIGHT, DomainTotal, ShardTotal, all_lines, whole_results
from mailproof.fleet.shard import new_case
from mailproof.gate.baseline import AMISS
from mailproof.gate.document import Result, TesterFault, Traffic
from mailproof.gate.result import RunResult, Tally
from mailproof.gate.verdict import Verdict
from mailproof.report.grouping import MAX_SHAPES, shape

EXAMPLES = 3
"""Targets that are named of those that share a cause."""
WORST = 20
"""Domains that are named because they have the most findings."""


class Band(StrEnum):
    """How a domain stands, by its findings and those of its hosts."""

    RIGHT = "nothing found"
    UNVERIFIED = "nothing found but something unverified"
    FEW = "1 or 2 findings"
    SOME = "3 to 9 findings"
    MANY = "10 findings or more"


def band_of(total: DomainTotal) -> Band:
    """The band of a domain."""
    fails = total.counts.get(Verdict.FAIL, 0)
    if not fails:
        return Band.UNVERIFIED if total.counts.get(Verdict.INCONCLUSIVE) else Band.RIGHT
    return Band.FEW if fails < 3 else Band.SOME if fails < 10 else Band.MANY


@dataclass
class Cause:
    """Results that say the same of many targets."""

    verdict: Verdict
    message: str
    """Of the first of them."""
    control: str = ""
    """Empty where the cause is one of several controls: what could not be observed."""
    level: Level = Level.MAY
    harm: str = ""
    results: int = 0
    examples: list[str] = field(default_factory=list)
    controls: Counter[str] = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        """Count a result."""
        self.results += 1
        self.controls[result.control] += 1
        if len(self.examples) < EXAMPLES and result.target not in self.examples:
            self.examples.append(result.target)

    @property
    def gravity(self) -> tuple[int, int, int, str]:
        """A key that sorts the worst first."""
        harm = Harm(self.harm) if self.harm in set(Harm) else Harm.OTHER
        return harm.rank, self.level.rank, -self.results, self.control


class Causes:
    """Results with one cause, told once: a resolver that does not validate is one line, whatever it leaves open."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], dict[str, Cause]] = {}

    def add(self, result: Result) -> None:
        """Count a result that is amiss."""
        unseen = result.verdict is Verdict.INCONCLUSIVE
        control = "" if unseen else result.control
        heading = result.message.split(":", 1)[0] if unseen else control
        shapes = self._found.setdefault((result.verdict, heading, "" if unseen else result.level), {})
        form = shape(result.message, result.target)
        if form not in shapes and len(shapes) >= MAX_SHAPES:
            form = ""
        if form not in shapes:
            level = Level.MAY if unseen else result.level
            shapes[form] = Cause(result.verdict, result.message, control, level, result.harm)
        shapes[form].add(result)

    def of(self, verdict: Verdict) -> list[Cause]:
        """The causes of results of one verdict, the worst first; what could not be verified by how much it is."""
        found = [cause for (of, *_), shapes in self._found.items() if of == verdict for cause in shapes.values()]
        if verdict is Verdict.INCONCLUSIVE:
            return sorted(found, key=lambda cause: (-cause.results, cause.message))
        return sorted(found, key=lambda cause: cause.gravity)


@dataclass
class Operator:
    """The domains that one operator serves."""

    domains: int = 0
    bands: Counter[Band] = field(default_factory=Counter)
    findings: int = 0

    def add(self, total: DomainTotal) -> None:
        """Count a domain."""
        self.domains += 1
        self.bands[band_of(total)] += 1
        self.findings += total.counts.get(Verdict.FAIL, 0)


@dataclass
class Summary:
    """All of it."""

    plan: Plan
    run: RunResult
    """The run as the gate decided on it; its results are on disk."""
    shards: int
    """Whose results are there."""
    baseline: Earlier | None = None
    changes: Counter[str] = field(default_factory=Counter)
    """What became of what is amiss since the baseline: how much of it is new, regressed or known."""
    by_control: dict[str, Counter[tuple[Level, Verdict]]] = field(default_factory=dict)
    causes: Causes = field(default_factory=Causes)
    bands: Counter[Band] = field(default_factory=Counter)
    mx: dict[str, Operator] = field(default_factory=dict)
    """By operator of the first MX host."""
    ns: dict[str, Operator] = field(default_factory=dict)
    """By operator of the name servers."""
    worst: list[tuple[str, DomainTotal]] = field(default_factory=list)
    totals: list[ShardTotal] = field(default_factory=list)
    """Of all shards, in order: some hundred octets for each domain."""
    unmatched: list[str] = field(default_factory=list)
    """Waivers that match nothing."""

    @property
    def domains(self) -> int:
        """Domains that were judged."""
        return sum(self.bands.values())


def summarise(directory: Path, plan: Plan, baseline: Earlier | None = None) -> Summary:
    """The summary of a fleet all of whose shards are done: what ``baseline`` knew keeps the gate open. Raises
    FleetError.
    """
    judged = read_judged(plan.inventory, plan.settings, frozenset(_some_name(directory, plan)), plan.today, directory)
    case = new_case(plan, judged)
    summary, tally, totals = Summary(plan, case.run, plan.shards, baseline), Tally(), dict[int, ShardTotal]()
    for found in whole_results(_amiss(all_lines(directory, plan, totals), summary, tally), plan):
        result = found
        if baseline is not None and found.verdict in AMISS:
            result = replace(found, change=str(baseline.change(found)))
            summary.changes[result.change] += 1
        tally.add(result, closes=case.run.closes(result))
        if result.verdict is not Verdict.WAIVED:
            summary.causes.add(result)
    summary.totals = [totals[number] for number in sorted(totals)]
    _add_totals(summary, totals)
    _add_run(case.run, totals)
    if case.waivers.entries:
        covered: Counter[int] = Counter()
        for total in totals.values():
            covered.update(total.covered)
        lines = all_lines(directory, plan, {})
        verdicts = ((line["control"], line["target"], line["verdict"]) for line in lines)
        case.run.waivers = case.waivers.states(verdicts, covered, complete=True)
        summary.unmatched = [
            f"{entry.waiver.control} on {entry.waiver.target}"
            for index, entry in enumerate(case.waivers.entries)
            if not covered[index]
        ]
    case.run.decide(tally)
    return summary


def _amiss(lines: Iterable[Mapping[str, Any]], summary: Summary, tally: Tally) -> Iterator[Mapping[str, Any]]:
    """Count all lines by control, and hand on those that are not right: most are, and nothing more is asked of them."""
    for line in lines:
        verdict = Verdict(line["verdict"])
        summary.by_control.setdefault(line["control"], Counter())[Level(line["level"]), verdict] += 1
        if verdict in RIGHT:
            tally.verdicts[verdict] += 1
        else:
            yield line


def _some_name(directory: Path, plan: Plan) -> Iterator[str]:
    """A domain that stands for all where only what else the inventory says is wanted."""
    for number in range(1, plan.shards + 1):
        own = read_division(directory, number).own
        if own:
            yield min(own)
            return


def _add_totals(summary: Summary, totals: dict[int, ShardTotal]) -> None:
    names = ((name, total) for shard in totals.values() for name, total in shard.domains.items())
    worst: list[tuple[tuple[int, int, int], str, DomainTotal]] = []
    for name, total in names:
        summary.bands[band_of(total)] += 1
        summary.mx.setdefault(total.mx, Operator()).add(total)
        summary.ns.setdefault(total.ns, Operator()).add(total)
        fails = total.counts.get(Verdict.FAIL, 0)
        if fails:
            worst.append(((total.musts, fails, total.counts.get(Verdict.INCONCLUSIVE, 0)), name, total))
            if len(worst) > 50 * WORST:
                worst = heapq.nsmallest(WORST, worst, key=_worst_first)
    summary.worst = [(name, total) for _, name, total in heapq.nsmallest(WORST, worst, key=_worst_first)]


def _worst_first(entry: tuple[tuple[int, int, int], str, DomainTotal]) -> tuple[int, int, int, str]:
    (musts, fails, unseen), name, _ = entry
    return -musts, -fails, -unseen, name


def _add_run(run: RunResult, totals: dict[int, ShardTotal]) -> None:
    connections: Counter[str] = Counter()
    questions: Counter[str] = Counter()
    faults: dict[str, str] = {}
    for total in totals.values():
        connections.update(total.traffic.connections)
        questions.update(total.traffic.questions)
        faults |= dict(total.vantage)
        run.judgeable += total.judgeable
    run.traffic = Traffic(dict(connections), dict(questions))
    run.vantage = [TesterFault(fault, text) for fault, text in faults.items()]
    run.surveyed_at = max((total.surveyed_at for total in totals.values()), default=run.surveyed_at)
    unused = [set(total.controls_without_target) for total in totals.values() if total.results]
    run.controls_without_target = sorted(set.intersection(*unused)) if unused else []
    run.complete = True
