"""Drills of several services that are held together: the test takes the part down when all of them say so."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailproof.drilling.running import Order, drill
from mailproof.inventory.drill import BackupDrill, VIPDrill
from mailproof.inventory.load import load_inventory

PATIENCE = 60.0


def window() -> str:
    """One that is open now, as the inventory writes it."""
    present = datetime.now(UTC)
    begins, ends = (present + timedelta(hours=hours) for hours in (-1, 1))
    return f"drill: true, window: {{begins: {begins:%Y-%m-%dT%H:%MZ}, ends: {ends:%Y-%m-%dT%H:%MZ}}}"


def until_done(directory: Path, what: str) -> None:
    """Ask another process for something, and wait until it is done."""
    (directory / f"{what}.wanted").touch()
    until((directory / f"{what}.done").exists, f"nobody does it: {what}")


@contextmanager
def running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is ended at the end."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def until(reached: Callable[[], bool], what: str) -> None:
    """Wait for it."""
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@dataclass
class _Drill:
    """A drill in a thread of its own, and what it says."""

    inventory: Path
    said: list[str] = field(default_factory=list)
    failure: list[BaseException] = field(default_factory=list)

    def __call__(self) -> None:
        loaded = load_inventory(self.inventory)
        entries: list[BackupDrill | VIPDrill] = [*loaded.model.drills.backup_mx, *loaded.model.drills.vip]
        try:
            drill(Order(entries[0], (), ()), loaded, self.said.append)
        except BaseException as failure:
            self.failure.append(failure)
            raise

    def says(self, words: str) -> bool:
        assert not self.failure, (self.said, self.failure)
        return any(words in line for line in self.said)


def hold(inventories: Sequence[Path], down: Callable[[], None], up: Callable[[], None]) -> None:
    """Hold the one drill of each inventory, all at once; ``down`` and ``up`` do what the drills ask for."""
    drills = [_Drill(inventory) for inventory in inventories]
    with ThreadPoolExecutor(len(drills)) as threads:
        futures = [threads.submit(one) for one in drills]
        until(lambda: all(one.says("Take down") for one in drills), "the drills do not begin")
        down()
        until(lambda: all(one.says("Bring ") for one in drills), "the drills see nothing go down")
        up()
        for future in futures:
            future.result(PATIENCE)


if __name__ == "__main__":  # in a namespace: a directory to ask another process by, and inventories
    directory, *files = map(Path, sys.argv[1:])
    hold(
        files,
        lambda: until_done(directory, "down"),
        lambda: until_done(directory, "up"),
    )
