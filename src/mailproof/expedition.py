"""One run's contact with the world: an event loop in the background that discovers targets, surveys them, and ends cleanly."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, TypeVar

from mailproof.inventory.discovery import discover
from mailproof.inventory.load import LoadedInventory
from mailproof.inventory.targets import Target, Targets
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.record import Record, now
from mailproof.survey import Probe, Progress, Survey

R = TypeVar("R")

TICK = 0.2
"""Seconds between two looks at the progress."""


class BackgroundLoop:
    """An event loop in a thread of its own. ``run`` blocks, but lets Ctrl-C through and cancels what was running."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailproof-survey", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, R], tick: Callable[[], None] = lambda: None) -> R:
        """The result of ``work``; ``tick`` is called every ``TICK`` seconds meanwhile."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while True:
                try:
                    return future.result(timeout=TICK)
                except TimeoutError:
                    if future.done():
                        return future.result()
                    tick()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Cancel whatever still runs and end the thread."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._wind_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _wind_up(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()


class Expedition:
    """Discovery and survey of one inventory. Use as a context manager."""

    def __init__(self, loaded: LoadedInventory, probes: Mapping[str, Probe], settings: NetSettings) -> None:
        self.loaded = loaded
        self.progress = Progress()
        self._probes = probes
        self._settings = settings
        self._loop = BackgroundLoop()
        self._network = self._loop.run(_make_network(settings))
        self.targets = Targets()

    def __enter__(self) -> Expedition:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def discover(self, tick: Callable[[], None] = lambda: None) -> Targets:
        """Find the targets of the inventory."""
        self.targets = self._loop.run(discover(self.loaded.model, self._network.dns, self._settings), tick)
        return self.targets

    def survey(self, wanted: Iterable[tuple[str, Target]], tick: Callable[[], None] = lambda: None) -> Record:
        """Observe every (probe name, target) pair."""
        survey = Survey(self._probes, self.loaded.model, self.targets, self._network, self.progress)
        self._loop.run(survey.run(wanted), tick)
        return Record(
            inventory=self.loaded.name,
            surveyed_at=now(),
            targets=self.targets,
            outcomes=survey.outcomes,
            connections=dict(sorted(self._network.hosts.connections.items())),
            questions=dict(sorted(self._network.dns.questions.items())),
        )

    def close(self) -> None:
        """Close the network and end the background thread; safe to call twice."""
        if self._network is not None:
            network, self._network = self._network, None  # type: ignore[assignment]
            self._loop.run(network.close())
        self._loop.close()


async def _make_network(settings: NetSettings) -> Network:
    return Network(settings)
