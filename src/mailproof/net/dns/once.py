"""Questions that are asked once, however many callers want the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any

from mailproof.net.dns.records import Answer
from mailproof.net.errors import NotAvailable, NotObserved


class Once:
    """Outcomes by key: kept, and while they are being worked on, shared by all who wait for them."""

    def __init__(self) -> None:
        self._outcomes: dict[Hashable, Answer | NotObserved] = {}
        self._flights: dict[Hashable, _Flight] = {}
        self._closed = False

    async def close(self) -> None:
        """End the work under way. Callers that wait for it get NotAvailable, and so do later ones."""
        self._closed = True
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._flights.clear()

    def forget_failures(self) -> None:
        """Work again for what failed, the next time that somebody wants it."""
        self._outcomes = {key: outcome for key, outcome in self._outcomes.items() if isinstance(outcome, Answer)}

    async def outcome(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """What ``work`` gives, done once per ``key``. Raises what it failed with, and NotAvailable once closed."""
        outcome = self._outcomes.get(key)
        if outcome is None:
            if self._closed:
                raise NotAvailable("the DNS client is closed")
            flight = self._flights.get(key)
            if flight is None:
                flight = _Flight(asyncio.create_task(self._fly(key, work)))
                self._flights[key] = flight
            outcome = await self._landing(key, flight)
        if isinstance(outcome, NotObserved):
            raise type(outcome)(outcome.reason, outcome.evidence)
        return outcome

    async def _landing(self, key: Hashable, flight: _Flight) -> Answer | NotObserved:
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            if self._closed and flight.task.cancelled():
                raise NotAvailable("the DNS client was closed while it waited for an answer") from None
            raise
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                flight.task.cancel()
                if self._flights.get(key) is flight:
                    del self._flights[key]

    async def _fly(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer | NotObserved:
        outcome: Answer | NotObserved
        try:
            outcome = await work()
        except NotObserved as error:
            outcome = error.with_traceback(None)
        finally:
            flight = self._flights.get(key)
            if flight is not None and flight.task is asyncio.current_task():
                del self._flights[key]
        self._outcomes[key] = outcome
        return outcome


@dataclass
class _Flight:
    """A question under way and how many wait for it."""

    task: asyncio.Task[Answer | NotObserved]
    waiters: int = 0
