"""Manners towards hosts: one mail connection at a time and a pause between, by default; every connection counted.

What cannot be reached is tried once: who asks again is told what came of it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from mailproof.net.addresses import network_of
from mailproof.net.errors import NotObserved, TimedOut
from mailproof.net.settings import Limits, SocketAddress
from mailproof.net.stream import Stream, connect

SUSPECT_ADDRESSES, SUSPECT_NETWORKS = 20, 3
"""So many silent addresses in so many networks, and none that answers, make a port look blocked."""

SUSPECT_PATIENCE = 2.0
"""Seconds for further connections to such a port; the first one that succeeds lifts the suspicion."""


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
        self._reached: set[tuple[str, int]] = set()
        self._unreachable: dict[tuple[str, int], NotObserved] = {}
        self._open_ports: set[int] = set()
        """Ports at which somebody has answered."""
        self._silent: dict[int, set[str]] = {}
        """Addresses at which a connection timed out, by port."""
        self.connections: Counter[str] = Counter()

    @asynccontextmanager
    async def slot(self, address: str) -> AsyncIterator[None]:
        """Wait for a free slot at ``address`` and hold it: for connections that have to follow each other closely."""
        async with self._slots.setdefault(address, asyncio.Semaphore(self._limits.connections_per_host)):
            yield

    @asynccontextmanager
    async def connection(self, address: str, port: int, *, in_slot: bool = False) -> AsyncIterator[None]:
        """Wait for a free slot at ``address`` and for the pause after the last connection; then hold the slot.

        ``in_slot`` says that the caller holds one. Raises at once what is known of an address and port that could
        not be reached.
        """
        loop = asyncio.get_running_loop()
        async with nullcontext() if in_slot else self.slot(address):
            self._raise_known(address, port)
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
    async def request(self, address: str, port: int) -> AsyncIterator[None]:
        """Wait for a free slot for an HTTPS request to ``address`` and ``port``; then hold the slot.

        There is no pause: web servers expect many clients, and one of them holds the policies of all the domains
        of a hoster. Raises what ``connection`` raises.
        """
        slot = self._request_slots.setdefault(address, asyncio.Semaphore(self._limits.requests_per_host))
        async with slot, self._everywhere:
            self._raise_known(address, port)
            self.connections[address] += 1
            yield

    async def connect(self, address: str, port: int, destination: SocketAddress, first_words: bytes = b"") -> Stream:
        """Open a connection to ``destination``, which stands for ``address`` and ``port``, inside ``connection``.

        ``first_words`` and what is raised are those of ``net.stream.connect``.
        """
        try:
            stream = await connect(destination, self.patience(port), first_words)
        except NotObserved as failure:
            self.missed(address, port, failure)
            raise
        self.reached(address, port)
        return stream

    def patience(self, port: int) -> float:
        """Seconds that a connection to ``port`` may take."""
        silent = self._silent.get(port, set()) if port not in self._open_ports else set()
        suspicious = len(silent) >= SUSPECT_ADDRESSES and len(set(map(network_of, silent))) >= SUSPECT_NETWORKS
        return min(self._limits.connect, SUSPECT_PATIENCE) if suspicious else self._limits.connect

    def reached(self, address: str, port: int) -> None:
        """Note that a connection was opened."""
        self._reached.add((address, port))
        self._open_ports.add(port)

    def missed(self, address: str, port: int, failure: NotObserved) -> None:
        """Note that no connection could be opened. A host that was reached before is tried again every time."""
        if (address, port) not in self._reached:
            self._unreachable[address, port] = failure
        if isinstance(failure, TimedOut):
            self._silent.setdefault(port, set()).add(address)

    def forget_failures(self) -> None:
        """Try again what could not be reached, the next time that somebody wants to connect."""
        self._unreachable.clear()

    def forget(self, address: str, port: int) -> None:
        """Try again one address that could not be reached."""
        self._unreachable.pop((address, port), None)

    def _raise_known(self, address: str, port: int) -> None:
        known = self._unreachable.get((address, port))
        if known is not None:
            raise type(known)(known.reason, known.evidence)
