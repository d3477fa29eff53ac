"""``python -m tests.fuzz [--inputs N | --minutes M] [--seed S] [parser ...]``: fuzz the parsers on all cores.

Exits with 0 when nothing was found, with 1 otherwise; findings are printed with input and the command to repeat them.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

from tests.fuzz.parsers import PARSERS
from tests.fuzz.running import Report, bound_memory, fuzz

BATCH = 500
"""Inputs that a process runs before it reports."""

DEFAULT_INPUTS = 1_000_000

SHOWN = 400
"""Octets of a finding's input that are printed."""


def main() -> int:
    """Fuzz as the command line says."""
    options = _options()
    if options.only is not None:
        return _tell({name: fuzz(PARSERS[name], options.seed, [options.only]) for name in options.parsers})
    reports = {name: Report(name) for name in options.parsers}
    started = time.monotonic()
    end = started + options.minutes * 60 if options.minutes else None
    with ProcessPoolExecutor(options.jobs, initializer=bound_memory) as pool:
        batches = _batches(options.parsers, None if end else options.inputs)
        running: set[Future[Report]] = set()
        while True:
            while len(running) < 2 * options.jobs and (end is None or time.monotonic() < end):
                batch = next(batches, None)
                if batch is None:
                    break
                running.add(pool.submit(_run, batch[0], options.seed, batch[1], batch[2]))
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                report = future.result()
                reports[report.parser].add(report)
    status = _tell(reports)
    total = sum(report.inputs for report in reports.values())
    print(f"{total} inputs with seed {options.seed} in {time.monotonic() - started:.0f} s on {options.jobs} processes")
    return status


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the parsers of hostile input.")
    parser.add_argument("parsers", metavar="PARSER", nargs="*", help=f"one of {', '.join(PARSERS)} (default: all)")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "--inputs", metavar="N", type=int, default=DEFAULT_INPUTS, help="in total (default: %(default)s)"
    )
    amount.add_argument("--minutes", metavar="M", type=float, help="as many inputs as fit into this time")
    amount.add_argument("--only", metavar="NUMBER", type=int, help="only the input with this number")
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count() or 1, help="default: one for each core")
    options = parser.parse_args()
    unknown = sorted(set(options.parsers) - set(PARSERS))
    if unknown:
        parser.error(f"there is no parser {unknown[0]}; there are {', '.join(PARSERS)}")
    options.parsers = options.parsers or list(PARSERS)
    return options


def _batches(names: list[str], inputs: int | None) -> Iterator[tuple[str, int, int]]:
    """Parser, first and last number of each batch, the parsers in turn by weight; without end if ``inputs`` is None."""
    total = sum(PARSERS[name].weight for name in names)
    left = {name: -(-inputs * PARSERS[name].weight // total) if inputs is not None else sys.maxsize for name in names}
    first = dict.fromkeys(names, 0)
    while any(left.values()):
        for name in names:
            for _ in range(PARSERS[name].weight):
                size = min(BATCH // 10, left[name])
                if size:
                    yield name, first[name], first[name] + size
                    first[name] += size
                    left[name] -= size


def _run(name: str, seed: int, first: int, last: int) -> Report:
    return fuzz(PARSERS[name], seed, range(first, last))


def _tell(reports: dict[str, Report]) -> int:
    print(f"{'parser':12} {'inputs':>9} {'valid':>9} {'a second':>9} {'slowest':>10}  findings")
    for report in reports.values():
        rate = report.inputs / report.seconds if report.seconds else 0
        print(
            f"{report.parser:12} {report.inputs:9} {report.accepted:9} {rate:9.0f} {report.slowest[0] * 1000:7.0f} ms"
            f"  {sum(report.counts.values()) or '-'}"
        )
    for report in reports.values():
        for failure in report.failures:
            shown = repr(failure.data[:SHOWN]) + (
                f" ... {len(failure.data)} octets" if len(failure.data) > SHOWN else ""
            )
            print(f"\n{failure.parser}: {failure.kind}, {report.counts[failure.kind]} times\ninput: {shown}")
            print(f"again: {failure.command}\n{failure.trace}", end="")
    return 1 if any(report.counts for report in reports.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
