"""The shards of a fleet on the workers of Dask distributed: the same function for each, and the same files."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mailproof.fleet.plan import FleetError
from mailproof.fleet.running import LOOK, State, settle
from mailproof.fleet.shard import STOPPED, outcome

CONNECT = 30.0
"""Seconds in which the scheduler has to answer."""

END = 15.0
"""Seconds in which the workers have to end what they do, when they are to."""

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
    scheduler sees to that, also where a worker is lost and its shard begins anew on another one. When this process is
    interrupted, or the stop file appears, a stop file of this run's own, which all workers see, ends what they do.
    Raises FleetError.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(scheduler, timeout=CONNECT)
    except (OSError, ValueError, TimeoutError) as error:
        raise FleetError(f"--scheduler {scheduler}: {error}") from None
    place = directory.resolve()
    # Of this run alone: a scheduler remembers how many permits a name has, and the next run may want another number.
    name = f"mailproof-{secrets.token_hex(6)}"
    stop = place / f"{name}.stop"
    with client:
        permits = distributed.Semaphore(processes, name)
        under_way = {
            client.submit(_on_worker, permits, place, number, stop, processes, pure=False): number
            for number in state.waiting
        }
        try:
            while under_way:
                state.heed(stop_file)
                if state.stopped and not stop.exists():
                    stop.touch()
                for future in [future for future in under_way if future.done()]:
                    _settle(directory, state, under_way.pop(future), future)
                tick(state)
                time.sleep(LOOK)
        finally:
            if under_way:
                stop.touch()
                with suppress(TimeoutError):
                    distributed.wait(list(under_way), timeout=END)
            client.cancel(list(under_way))
            permits.close()
            stop.unlink(missing_ok=True)


def _on_worker(permits: Any, directory: Path, number: int, stop: Path, sharing: int) -> int:
    """What a worker does with a shard. Its end is told by a number, as that of a process is."""
    with permits, _alone:
        if stop.exists():
            return STOPPED
        if not (directory / "plan.json").exists():
            raise FleetError(f"{directory}: this worker does not see the plan; all need the same files")
        return outcome(directory, number, stop, sharing)


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
