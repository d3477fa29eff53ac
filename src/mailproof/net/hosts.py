"""Manners towards hosts: one mail connection at a time and a pause between, by default; every connection counted.

An address that cannot be reached is tried once. Later callers get the same failure. A mail host has a bound of time in
a run, and an address one of connections: what lies beyond is not looked at.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass

from mailproof.net.errors import BoundReached, NoFiles, NotObserved
from mailproof.net.settings import Limits, SocketAddress
from mailproof.net.stream import Stream, connect


@dataclass
class _Visits:
    """The time that connections to one host take."""

    seconds: float = 0.0
    """Of those that have ended, and of the open ones until ``at``."""
    open: int = 0
    at: float = 0.0

    def spent(self, now: float) -> float:
        """Seconds until ``now``, all connections added up."""
        return self.seconds + self.open * (now - self.at)

    def change(self, now: float, by: int) -> None:
        """Note that a connection was opened (1) or has ended (-1)."""
        self.seconds, self.at, self.open = self.spent(now), now, self.open + by


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
        self._visits: dict[tuple[str, str], _Visits] = {}
        """By name and address of a mail host."""
        self._named: frozenset[str] = frozenset()
        self._numbers = itertools.count()
        self._open: dict[int, tuple[str, float]] = {}
        self.connections: Counter[str] = Counter()

    @asynccontextmanager
    async def slot(self, address: str) -> AsyncIterator[None]:
        """Wait for a free slot at ``address`` and hold it: for connections that have to follow each other closely."""
        async with self._slots.setdefault(address, asyncio.Semaphore(self._limits.connections_per_host)):
            yield

    @asynccontextmanager
    async def connection(
        self, address: str, port: int, host: str = "", *, in_slot: bool = False
    ) -> AsyncIterator[None]:
        """Wait for a free slot at ``address`` and for the pause after the last connection; then hold the slot.

        ``host`` is the name of the mail host, and ``in_slot`` says that the caller holds a slot. Raises at once what is
        known of an address and port that could not be reached, and BoundReached where ``host`` or ``address`` has had
        all that it may take; also in the middle.
        """
        loop = asyncio.get_running_loop()
        async with nullcontext() if in_slot else self.slot(address):
            self._raise_known(address, port)
            if address in self._last_end:
                wait = self._last_end[address] + self._limits.pause - loop.time()
                if wait > 0:
                    await asyncio.sleep(wait)
            async with self._everywhere, self._within_bounds(address, host):
                with self._shown(f"{host or address}:{port}"):
                    try:
                        yield
                    finally:
                        self._last_end[address] = loop.time()

    @asynccontextmanager
    async def _within_bounds(self, address: str, host: str) -> AsyncIterator[None]:
        """Count a connection to ``host`` at ``address``, and cut it when the host's time is over."""
        loop = asyncio.get_running_loop()
        visits = self._visits.setdefault((host, address), _Visits())
        bound = self._limits.host
        reached = BoundReached(
            f"{host or address} has taken the {bound:.0f} s that one mail host may take of a run (its bound, which "
            "follows from `limits`)"
        )
        left = bound - visits.spent(loop.time())
        if left <= 0:
            raise reached
        most = self._limits.connections_to_address
        if self.connections[address] >= most and address not in self._named:
            raise BoundReached(
                f"{address} has had {most} connections (limits.connections_to_address), all that an address may have "
                "in a run unless the inventory names a host there under `hosts`"
            )
        self.connections[address] += 1
        visits.change(loop.time(), 1)
        try:
            async with asyncio.timeout(left) as until:
                yield
        except TimeoutError:
            if until.expired():
                raise reached from None
            raise
        finally:
            visits.change(loop.time(), -1)

    @contextmanager
    def _shown(self, peer: str) -> Iterator[None]:
        number = next(self._numbers)
        self._open[number] = peer, time.monotonic()
        try:
            yield
        finally:
            del self._open[number]

    @property
    def open_connections(self) -> list[tuple[str, float]]:
        """The peers of the connections that are open, each with when it was (monotonic seconds), oldest first."""
        return list(self._open.values())

    def name(self, addresses: Iterable[str]) -> None:
        """Note the addresses of hosts that the inventory names: they may have any number of connections."""
        self._named = frozenset(addresses)

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
            with self._shown(f"{address}:{port}"):
                yield

    async def connect(
        self,
        address: str,
        port: int,
        destination: SocketAddress,
        first_words: bytes = b"",
        at_most: float = float("inf"),
    ) -> Stream:
        """Open a connection to ``destination``, which stands for ``address`` and ``port``, inside ``connection``.

        ``first_words`` and what is raised are those of ``net.stream.connect``; ``at_most`` are seconds.
        """
        try:
            stream = await connect(destination, min(self._limits.connect, at_most), first_words)
        except NotObserved as failure:
            self.missed(address, port, failure)
            raise
        self.reached(address, port)
        return stream

    def reached(self, address: str, port: int) -> None:
        """Note that a connection was opened."""
        self._reached.add((address, port))

    def missed(self, address: str, port: int, failure: NotObserved) -> None:
        """Note that no connection could be opened. A host that was reached before is tried again every time."""
        if (address, port) not in self._reached and not isinstance(failure, NoFiles):
            self._unreachable[address, port] = failure

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
