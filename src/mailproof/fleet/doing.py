"""What the command `mailproof fleet` does."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from mailproof.controls import Level
from mailproof.documents import write_atomically
from mailproof.fleet import page, showing
from mailproof.fleet.difference import Earlier, compared, told, verdicts_of
from mailproof.fleet.plan import FleetError, Plan, Settings, differences, make_plan, read_division, read_plan
from mailproof.fleet.results import lines_together, whole_results
from mailproof.fleet.running import locked, run_shards, state_of, whole_plan
from mailproof.fleet.summary import Summary, summarise
from mailproof.fleet.table import write_parquet
from mailproof.fleet.workers import run_on_workers
from mailproof.gate.baseline import WORSE, Change
from mailproof.inventory.values import domain_name
from mailproof.net.text import printable
from mailproof.output import EXIT_USAGE, complain, say

EXIT_INTERRUPTED = 2
EXIT_BROKEN = 3

PLAIN_INTERVAL = 10.0
"""Seconds between two lines of progress where standard error is no terminal."""


def _telling(work: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Let what is wrong be one line and exit code 4."""

    def told_work(options: argparse.Namespace) -> int:
        try:
            return work(options)
        except FleetError as error:
            complain(f"mailproof fleet: {error}")
            return EXIT_USAGE

    return told_work


class _Progress:
    """One line rewritten on a terminal, a line now and then elsewhere; on standard error."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown = time.monotonic()

    def say(self, line: str, *, last: bool = False) -> None:
        """Show how far it is."""
        if self._live:
            sys.stderr.write(f"\r\x1b[K{line}" + ("\n" if last else ""))
            sys.stderr.flush()
        elif last or time.monotonic() - self._shown >= PLAIN_INTERVAL:
            self._shown = time.monotonic()
            sys.stderr.write(f"{line}\n")


@_telling
def run(options: argparse.Namespace) -> int:
    """Judge a fleet, or go on with it."""
    if sys.flags.optimize:
        raise FleetError("python -O and PYTHONOPTIMIZE strip the assert statements of rules; run without")
    if options.processes < 1:
        raise FleetError("--processes: at least 1")
    settings = Settings(
        controls=tuple(options.control),
        profile=options.profile,
        fail_on=Level(options.fail_on) if options.fail_on else None,
        inconclusive=options.inconclusive,
        waivers=tuple(file.resolve() for file in options.waivers),
        strict_waivers=options.strict_waivers,
    )
    progress = _Progress()
    with locked(options.out):
        stop_file = options.stop_file.resolve() if options.stop_file else None
        if stop_file is not None and stop_file.exists():
            raise FleetError(f"--stop-file: there is a file {options.stop_file}; nobody is contacted")
        plan = _planned(options, settings, progress)
        state = state_of(options.out, plan)
        if state.done and len(state.done) < plan.shards:
            sys.stderr.write(f"fleet: {len(state.done)} of {plan.shards} shards are done already\n")
        baseline = Earlier.of(options.baseline, plan) if options.baseline else None
        judge_all = run_shards
        if options.scheduler:
            judge_all = partial(run_on_workers, options.scheduler)
        try:
            judge_all(options.out, state, options.processes, stop_file, lambda now: progress.say(now.line()))
        except KeyboardInterrupt:
            state.stopped = True
        progress.say(state.line(), last=True)
        for number, why in sorted(state.failed.items()):
            complain(f"fleet: shard {number} failed: {why}")
        if len(state.done) < plan.shards:
            left = plan.shards - len(state.done)
            sys.stderr.write(f"fleet: {left} of {plan.shards} shards are left; the same command goes on with them\n")
            return EXIT_BROKEN if state.failed else EXIT_INTERRUPTED
        return _tell(options.out, plan, baseline, options.language)


def _planned(options: argparse.Namespace, settings: Settings, progress: _Progress) -> Plan:
    """The plan that is there, if it is the one that is asked for, or a new one."""
    if not (options.out / "plan.json").exists():
        return make_plan(
            options.inventory,
            settings,
            options.out,
            options.shards,
            lambda done, of: progress.say(f"fleet: MX records of {done:,} of {of:,} domains"),
        )
    plan = read_plan(options.out)
    wrong = list(differences(plan, options.inventory, settings, options.shards, options.out))
    if wrong:
        raise FleetError(f"{options.out} holds another plan: {'; '.join(wrong)}; name another directory")
    return plan


@_telling
def summary(options: argparse.Namespace) -> int:
    """Merge the results again."""
    plan = whole_plan(options.directory)
    earlier = Earlier.of(options.baseline, plan) if options.baseline else None
    return _tell(options.directory, plan, earlier, options.language)


def _tell(directory: Path, plan: Plan, baseline: Earlier | None, language: str) -> int:
    """Merge, write the reports, print the summary. Returns the exit code of the gate."""
    summary = summarise(directory, plan, baseline)
    try:
        files = _write_reports(directory, summary, language)
    except OSError as error:
        raise FleetError(f"{error.filename or directory}: cannot be written: {error.strerror}") from None
    for line in showing.text(summary, files, language):
        say(line)
    return summary.run.exit_code


def _write_reports(directory: Path, summary: Summary, language: str) -> list[Path]:
    reports: dict[str, Iterable[str]] = {
        "summary.html": page.render(summary, language),
        "totals.csv": [showing.totals_csv(summary)],
        "domains.csv": showing.domains_csv(summary.totals),
        "fleet.prom": [showing.prometheus(summary)],
    }
    for name, pieces in reports.items():
        write_atomically(directory / name, pieces)
    return [directory / name for name in reports]


@_telling
def show(options: argparse.Namespace) -> int:
    """Print what was said of one domain and its hosts."""
    try:
        name = domain_name(options.domain)
    except ValueError as error:
        raise FleetError(str(error)) from None
    plan = read_plan(options.directory)
    state = state_of(options.directory, plan)
    at = [n for n in range(1, plan.shards + 1) if name in read_division(options.directory, n).members]
    if not at:
        raise FleetError(f"{printable(name)} is no domain of this fleet")
    if missing := sorted(set(at) - state.done):
        raise FleetError(f"shard {missing[0]}, which {printable(name)} is in, is not done")
    lines = (line for line in lines_together(options.directory, at, {}) if name in line["domains"])
    results = whole_results(lines, plan)
    for line in showing.drill_down(name, results, plan, every=options.all, language=options.language):
        say(line)
    return 0


@_telling
def export(options: argparse.Namespace) -> int:
    """Write all results as one table."""
    rows = write_parquet(options.directory, whole_plan(options.directory), options.parquet)
    say(f"{options.parquet}: {rows:,} verdicts")
    return 0


@_telling
def diff(options: argparse.Namespace) -> int:
    """Print what two runs tell apart."""
    old, new = whole_plan(options.old), whole_plan(options.new)
    found = compared(verdicts_of(options.old, old, new.formerly), verdicts_of(options.new, new, new.formerly))
    listed, counts = told(found)
    print(f"old: {old.started_at}, {old.domains:,} domains")
    print(f"new: {new.started_at}, {new.domains:,} domains")
    for change in (Change.NEW, Change.REGRESSED, Change.MENDED, Change.GONE):
        chosen = [difference for difference in listed if difference.change is change]
        if chosen:
            print(f"\n{str(change).capitalize()}: {len(chosen):,}")
        for one in chosen:
            course = f"{one.before or 'not judged'} -> {one.after or 'not judged'}"
            say(f"  {one.control}  {printable(one.target)}  {course}: {printable(one.message)}")
    print("\n" + ", ".join(f"{counts[change]:,} {change}" for change in Change))
    return int(any(counts[change] for change in WORSE))
