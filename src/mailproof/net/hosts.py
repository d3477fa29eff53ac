"""Manners towards hosts: one mail connection at a time and a pause between, by default; every connection counted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mailproof.net.settings import Limits


class Hosts:
    """Hands out the right to open a connection to a host (an address), within the limits.

    Must be used from one event loop. ``connections`` counts the connections opened, by address as the
    inventory names it (before the connect map).
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._everywhere = asyncio.Semaphore(limits.connections)
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._request_slots: dict[str, asyncio.Semaphore] = {}
        self._last_end: dict[str, float] = {}
        self.connections: Counter[str] = Counter()

    @asynccontextmanager
    async def connection(self, address: str) -> AsyncIterator[None]:
        """Wait for a free slot at ``address`` and for the pause after the last connection; then hold the slot."""
        slot = self._slots.setdefault(address, asyncio.Semaphore(self._limits.connections_per_host))
        loop = asyncio.get_running_loop()
        async with slot:
            if address in self._last_end:
                wait = self._last_end[address] + self._limits.pause - loop.time()
                if wait > 0:
                    await asyncio.sleep(wait)
            async with self._everywhere:
                self.connections[address] += 1
                try:
                    yield
                finally:
                    self._last_end[address] = loop.time()

    @asynccontextmanager
    async def request(self, address: str) -> AsyncIterator[None]:
        """Wait for a free slot for an HTTPS request to ``address``; then hold the slot.

        There is no pause: web servers expect many clients, and one of them holds the policies of all the domains
        of a hoster.
        """
        slot = self._request_slots.setdefault(address, asyncio.Semaphore(self._limits.requests_per_host))
        async with slot, self._everywhere:
            self.connections[address] += 1
            yield
