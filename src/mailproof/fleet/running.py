"""The processes of a fleet: one for each shard, a few at a time. What is done stays done, whatever ends the run."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from mailproof.fleet.plan import FleetError, Plan, read_plan
from mailproof.fleet.results import is_done
from mailproof.fleet.shard import DONE, STOPPED, failure_file, in_own_process

LOOK = 0.5
"""Seconds between two looks at the stop file."""


@dataclass
class State:
    """How far a fleet is."""

    plan: Plan
    done: set[int]
    """Shards whose results are there."""
    failed: dict[int, str] = field(default_factory=dict)
    """Shards that could not be judged, and why."""
    stopped: bool = False
    """Whether the stop file ended the run."""
    before: int = 0
    """Domains of shards that an earlier run had judged."""
    began: float = field(default_factory=time.monotonic)

    @property
    def domains(self) -> int:
        """Domains of the shards that are done, visitors included."""
        return sum(self.plan.sizes[number - 1] for number in self.done)

    @property
    def waiting(self) -> list[int]:
        """The shards that are not done, the largest first."""
        left = (number for number in range(1, self.plan.shards + 1) if number not in self.done)
        return sorted(left, key=lambda number: -self.plan.sizes[number - 1])

    def heed(self, stop_file: Path | None) -> None:
        """Note that the run is to stop, if the file is there."""
        self.stopped = self.stopped or (stop_file is not None and stop_file.exists())

    def line(self) -> str:
        """The progress in one line, with an estimate of what is left."""
        total, elapsed = sum(self.plan.sizes), time.monotonic() - self.began
        fresh = self.domains - self.before
        left = (
            f", about {_told(elapsed / fresh * (total - self.domains))} left" if fresh and self.domains < total else ""
        )
        shards = f"{len(self.done)} of {self.plan.shards} shards"
        return f"fleet: {shards}, {self.domains:,} of {total:,} domains, {_told(elapsed)}{left}"


def _told(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep other runs out of ``directory``. Raises FleetError if there is one, or it cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise FleetError(f"{directory}: is no directory that can be written: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FleetError(f"{directory}: another run is at work here") from None
        yield
    finally:
        os.close(descriptor)


def state_of(directory: Path, plan: Plan) -> State:
    """What of a plan is done. Raises FleetError."""
    state = State(plan, {number for number in range(1, plan.shards + 1) if is_done(directory, number, plan)})
    state.before = state.domains
    return state


def whole_plan(directory: Path) -> Plan:
    """The plan of a fleet that is done. Raises FleetError."""
    plan = read_plan(directory)
    done = state_of(directory, plan).done
    if len(done) < plan.shards:
        raise FleetError(f"{directory}: {plan.shards - len(done)} of {plan.shards} shards are not done")
    return plan


def run_shards(
    directory: Path,
    state: State,
    processes: int,
    stop_file: Path | None = None,
    tick: Callable[[State], None] = lambda state: None,
) -> None:
    """Judge the shards that are not done, the largest first, in so many processes at once.

    When this process is interrupted, the others are ended; results are kept by whole shards.
    """
    context = multiprocessing.get_context("spawn")
    waiting = state.waiting
    working: dict[int, SpawnProcess] = {}
    try:
        while waiting or working:
            state.heed(stop_file)
            while waiting and not state.stopped and len(working) < processes:
                number = waiting.pop(0)
                working[number] = context.Process(target=in_own_process, args=(directory, number, stop_file, processes))
                working[number].start()
            if not working:
                return
            connection.wait([process.sentinel for process in working.values()], LOOK)
            for number, process in list(working.items()):
                if process.exitcode is not None:
                    process.join()
                    del working[number]
                    settle(directory, state, number, process.exitcode)
            tick(state)
    finally:
        for process in working.values():
            process.terminate()
        for process in working.values():
            process.join()


def settle(directory: Path, state: State, number: int, code: int) -> None:
    """Note how the process of a shard ended."""
    if code == DONE:
        state.done.add(number)
    elif code == STOPPED:
        state.stopped = True
    elif code < 0:
        state.failed[number] = f"its process was ended by signal {-code}"
    else:
        file = failure_file(directory, number)
        state.failed[number] = file.read_text(encoding="utf-8").strip() if file.exists() else f"exit code {code}"
