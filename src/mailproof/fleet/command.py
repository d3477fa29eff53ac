"""The command `mailproof fleet`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from mailproof.controls import Level
from mailproof.documents import write_atomically
from mailproof.fleet import page, showing
from mailproof.fleet.difference import compared, told
from mailproof.fleet.plan import FleetError, Plan, Settings, differences, make_plan, read_division, read_plan
from mailproof.fleet.results import all_results, lines_of, whole_results
from mailproof.fleet.running import locked, run_shards, state_of
from mailproof.fleet.summary import Summary, summarise
from mailproof.gate.baseline import WORSE, Change
from mailproof.inventory.values import domain_name
from mailproof.net.text import printable, shown

EXIT_USAGE = 4
"""What pytest says for a wrong command line or inventory."""
EXIT_INTERRUPTED = 2
EXIT_BROKEN = 3

PLAIN_INTERVAL = 10.0
"""Seconds between two lines of progress where standard error is no terminal."""

COMMANDS = ("run", "summary", "show", "diff")


def add_fleet(commands: Any) -> None:
    """Add the command to ``commands``, what ``add_subparsers`` returned."""
    command: argparse.ArgumentParser = commands.add_parser(
        "fleet",
        help="judge very many domains, shard by shard",
        description="Judge an inventory of thousands of domains in processes of their own, a shard each, and merge "
        "their results. What is done stays done: the same command goes on where it was interrupted.",
    )
    parts = command.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = parts.add_parser(
        "run",
        help="judge a fleet, or go on with it",
        description="Plan the shards, judge them, merge the results and decide. Exits as pytest does: 0 the gate is "
        "open, 1 it stays closed, 2 interrupted, 3 a shard failed, 4 the command line or the inventory is wrong, "
        "5 nothing was checked.",
    )
    run.add_argument("inventory", metavar="INVENTORY", type=Path, help="YAML file that says what to check")
    run.add_argument("--out", metavar="DIR", type=Path, required=True, help="where plan, results and summary go")
    run.add_argument("--shards", metavar="N", type=int, help="into how many parts (default: one for 2,000 domains)")
    run.add_argument(
        "--processes", metavar="N", type=int, default=2, help="how many work at once (default: %(default)s)"
    )
    run.add_argument(
        "--control", metavar="ID", action="append", default=[], help="only controls that match (repeatable)"
    )
    run.add_argument("--profile", metavar="NAME|FILE", help="as of pytest")
    run.add_argument(
        "--fail-on", metavar="LEVEL", type=str.upper, choices=[str(level) for level in Level], help="as of pytest"
    )
    run.add_argument("--inconclusive", choices=("fail", "warn"), default="fail", help="as of pytest")
    run.add_argument("--waivers", metavar="FILE", type=Path, action="append", default=[], help="as of pytest")
    run.add_argument("--strict-waivers", action="store_true", help="as of pytest")
    run.add_argument("--stop-file", metavar="FILE", type=Path, help="end all that is under way as soon as FILE appears")
    run.set_defaults(run=_run)
    again = parts.add_parser("summary", help="merge the results again", description="Merge the results again.")
    again.add_argument("directory", metavar="DIR", type=Path, help="what --out named")
    again.set_defaults(run=_summary)
    show = parts.add_parser(
        "show", help="show what was said of one domain", description="Show what was said of one domain and its hosts."
    )
    show.add_argument("directory", metavar="DIR", type=Path, help="what --out named")
    show.add_argument("domain", metavar="DOMAIN", help="a domain of the inventory")
    show.add_argument("--all", action="store_true", help="also what is right or does not apply")
    show.set_defaults(run=_show)
    diff = parts.add_parser(
        "diff",
        help="compare two runs of a fleet",
        description="Compare two runs: what is new, regressed, mended. Exits with 1 if anything is new or regressed.",
    )
    diff.add_argument("old", metavar="OLD", type=Path, help="the directory of the earlier run")
    diff.add_argument("new", metavar="NEW", type=Path, help="the directory of the later run")
    diff.set_defaults(run=_diff)


def expanded(arguments: Sequence[str]) -> list[str]:
    """``fleet INVENTORY`` is short for ``fleet run INVENTORY``."""
    found = list(arguments)
    if len(found) > 1 and found[0] == "fleet" and found[1] not in (*COMMANDS, "-h", "--help"):
        found.insert(1, "run")
    return found


def _telling(work: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Let what is wrong be one line and exit code 4."""

    def told_work(options: argparse.Namespace) -> int:
        try:
            return work(options)
        except FleetError as error:
            sys.stderr.write(f"{shown(f'mailproof fleet: {error}')}\n")
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
def _run(options: argparse.Namespace) -> int:
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
        try:
            run_shards(options.out, state, options.processes, stop_file, lambda now: progress.say(now.line()))
        except KeyboardInterrupt:
            state.stopped = True
        progress.say(state.line(), last=True)
        for number, why in sorted(state.failed.items()):
            sys.stderr.write(f"{shown(f'fleet: shard {number} failed: {why}')}\n")
        if len(state.done) < plan.shards:
            left = plan.shards - len(state.done)
            sys.stderr.write(f"fleet: {left} of {plan.shards} shards are left; the same command goes on with them\n")
            return EXIT_BROKEN if state.failed else EXIT_INTERRUPTED
        return _tell(options.out, plan)


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
    wrong = list(differences(plan, options.inventory, settings, options.shards))
    if wrong:
        raise FleetError(f"{options.out} holds another plan: {'; '.join(wrong)}; name another directory")
    return plan


@_telling
def _summary(options: argparse.Namespace) -> int:
    plan = _whole_plan(options.directory)
    return _tell(options.directory, plan)


def _whole_plan(directory: Path) -> Plan:
    """The plan of a fleet that is done. Raises FleetError."""
    plan = read_plan(directory)
    done = state_of(directory, plan).done
    if len(done) < plan.shards:
        raise FleetError(f"{directory}: {plan.shards - len(done)} of {plan.shards} shards are not done")
    return plan


def _tell(directory: Path, plan: Plan) -> int:
    """Merge, write the reports, print the summary. Returns the exit code of the gate."""
    summary = summarise(directory, plan)
    try:
        files = _write_reports(directory, summary)
    except OSError as error:
        raise FleetError(f"{error.filename or directory}: cannot be written: {error.strerror}") from None
    for line in showing.text(summary, files):
        print(shown(line))
    return summary.run.exit_code


def _write_reports(directory: Path, summary: Summary) -> list[Path]:
    reports: dict[str, Iterable[str]] = {
        "summary.html": page.render(summary),
        "totals.csv": [showing.totals_csv(summary)],
        "domains.csv": showing.domains_csv(summary.totals),
        "fleet.prom": [showing.prometheus(summary)],
    }
    for name, pieces in reports.items():
        write_atomically(directory / name, pieces)
    return [directory / name for name in reports]


@_telling
def _show(options: argparse.Namespace) -> int:
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
    lines = (line for number in at for _, line in lines_of(options.directory, number, {}) if name in line["domains"])
    results = whole_results(lines, plan)
    for line in showing.drill_down(name, results, plan, every=options.all):
        print(shown(line))
    return 0


@_telling
def _diff(options: argparse.Namespace) -> int:
    old, new = _whole_plan(options.old), _whole_plan(options.new)
    found = compared(all_results(options.old, old, {}), all_results(options.new, new, {}))
    listed, counts = told(found)
    print(f"old: {old.started_at}, {old.domains:,} domains")
    print(f"new: {new.started_at}, {new.domains:,} domains")
    for change in (Change.NEW, Change.REGRESSED, Change.MENDED, Change.GONE):
        chosen = [difference for difference in listed if difference.change is change]
        if chosen:
            print(f"\n{str(change).capitalize()}: {len(chosen):,}")
        for one in chosen:
            course = f"{one.before or 'not judged'} -> {one.after or 'not judged'}"
            print(shown(f"  {one.control}  {printable(one.target)}  {course}: {printable(one.message)}"))
    print("\n" + ", ".join(f"{counts[change]:,} {change}" for change in Change))
    return int(any(counts[change] for change in WORSE))
