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
        self._known: dict[Hashable, Answer | NotObserved | _Flight] = {}
        self._closed = False

    async def close(self) -> None:
        """End the work under way. Callers that wait for it get NotAvailable, and so do later ones."""
        self._closed = True
        tasks = [known.task for known in self._known.values() if isinstance(known, _Flight)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def forget_failures(self) -> None:
        """Work again for what failed, the next time that somebody wants it."""
        self._known = {key: known for key, known in self._known.items() if not isinstance(known, NotObserved)}

    async def outcome(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """What ``work`` gives, done once per ``key``. Raises what it failed with, and NotAvailable once closed."""
        known = self._known.get(key)
        if known is None:
            if self._closed:
                raise NotAvailable("the DNS client is closed")
            known = self._known[key] = _Flight(asyncio.create_task(self._fly(key, work)))
        outcome = await self._landing(key, known) if isinstance(known, _Flight) else known
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
            if not flight.waiters:
                flight.task.cancel()
                if self._known.get(key) is flight:  # given up, or ended by what nobody foresaw
                    del self._known[key]

    async def _fly(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer | NotObserved:
        outcome: Answer | NotObserved
        try:
            outcome = await work()
        except NotObserved as error:
            outcome = error.with_traceback(None)
        self._known[key] = outcome
        return outcome


@dataclass(slots=True)
class _Flight:
    """A question under way and how many wait for it."""

    task: asyncio.Task[Answer | NotObserved]
    waiters: int = 0
