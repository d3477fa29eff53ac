"""The shards of a fleet on the workers of Dask distributed: the same function for each, and the same files."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailproof.fleet.plan import FleetError
from mailproof.fleet.running import LOOK, State, settle
from mailproof.fleet.shard import outcome

CONNECT = 30.0
"""Seconds in which the scheduler has to answer."""

_alone = threading.Lock()
"""Held while a shard is judged: a worker of several threads judges one at a time, since it measures its process."""


def run_on_workers(
    scheduler: str,
    directory: Path,
    state: State,
    processes: int,
    stop_file: Path | None = None,
    tick: Callable[[State], None] = lambda state: None,
) -> None:
    """Judge the shards that are not done, the largest first, ``processes`` of them at once over all workers.

    Each has its part of the inventory's limits, and no more than ``processes`` are under way: a semaphore of the
    scheduler sees to that, also where a worker is lost and its shard begins anew on another one. Raises FleetError.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(scheduler, timeout=CONNECT)
    except (OSError, ValueError, TimeoutError) as error:
        raise FleetError(f"--scheduler {scheduler}: {error}") from None
    place = directory.resolve()
    # Of this run alone: a scheduler remembers how many permits a name has, and the next run may want another number.
    name = f"mailproof-{secrets.token_hex(6)}"
    with client:
        permits = distributed.Semaphore(processes, name)
        under_way = {
            client.submit(_on_worker, permits, place, number, stop_file, processes, pure=False): number
            for number in state.waiting
        }
        try:
            while under_way:
                state.heed(stop_file)
                if state.stopped:
                    client.cancel([future for future in under_way if future.status == "pending"])
                for future in [future for future in under_way if future.done()]:
                    _settle(directory, state, under_way.pop(future), future)
                tick(state)
                time.sleep(LOOK)
        finally:
            client.cancel(list(under_way))
            permits.close()


def _on_worker(permits: Any, directory: Path, number: int, stop_file: Path | None, sharing: int) -> int:
    """What a worker does with a shard. Its end is told by a number, as that of a process is."""
    with permits, _alone:
        if not (directory / "plan.json").exists():
            raise FleetError(f"{directory}: this worker does not see the plan; all need the same files")
        return outcome(directory, number, stop_file, sharing)


def _settle(directory: Path, state: State, number: int, future: Any) -> None:
    if future.cancelled():
        state.stopped = True
    elif future.status == "error":
        state.failed[number] = str(future.exception()).split("\n", 1)[0]
    else:
        settle(directory, state, number, future.result())


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise FleetError("--scheduler needs Dask: pip install 'mailproof[fleet]'") from None
    return distributed
