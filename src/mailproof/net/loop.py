"""An event loop in the background, for blocking callers: pytest's hooks and fixtures; and what ends work in a loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

R = TypeVar("R")

TICK = 0.2
"""Seconds between two looks at the progress."""


class BackgroundLoop:
    """An event loop in a thread of its own. ``run`` blocks, but lets Ctrl-C through and cancels what was running."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailproof-loop", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, R], tick: Callable[[], None] = lambda: None) -> R:
        """The result of ``work``; ``tick`` is called every ``TICK`` seconds meanwhile."""
        # No lock written in Python stands between the two threads, as ``concurrent.futures`` has: an interrupt in the
        # moment after one was taken would leave it taken, and the loop would wait for it for ever.
        tasks: list[asyncio.Task[R]] = []
        ended: SimpleQueue[asyncio.Task[R]] = SimpleQueue()

        def begin() -> None:
            tasks.append(self._loop.create_task(work))
            tasks[0].add_done_callback(ended.put)

        def cancel() -> None:
            for task in tasks:
                task.cancel()

        try:
            self._loop.call_soon_threadsafe(begin)
            while True:
                try:
                    task = ended.get(timeout=TICK)
                except Empty:
                    if not self._thread.is_alive():
                        raise RuntimeError("the event loop was ended by what ran in it") from None
                    tick()
                else:
                    return task.result()
        except BaseException:
            self._loop.call_soon_threadsafe(cancel)
            raise

    def close(self) -> None:
        """Cancel whatever still runs and end the thread."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            self.run(self._wind_up())
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _wind_up(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        with suppress(RuntimeError):  # no thread can be started to wait for the others
            await self._loop.shutdown_default_executor()


STOP_PAUSE = 0.5
"""Seconds between two looks for the stop file."""


@contextmanager
def stopped_by(file: Path | None, until: asyncio.Timeout) -> Iterator[None]:
    """End ``until`` as soon as there is a stop file. One that cannot be looked for is looked for again."""
    if file is None:
        yield
        return
    loop = asyncio.get_running_loop()
    next_look: list[asyncio.Handle] = []

    def look() -> None:
        if until.expired():  # something else has ended it: one that is expiring cannot be moved any more
            return
        try:
            wanted = file.exists()
        except OSError:  # a file system of the network that is away for a moment must not end all later looks
            wanted = False
        if wanted:
            until.reschedule(loop.time())
        else:
            next_look[:] = [loop.call_later(STOP_PAUSE, look)]

    look()
    try:
        yield
    finally:
        for handle in next_look:
            handle.cancel()
