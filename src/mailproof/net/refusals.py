"""Refusals that servers count against their clients: bounded for each address, so that no rule against them bans us.

Fail2ban, as it is packaged, bans a client at the fifth refusal in ten minutes that its filters know: recipients that
are unknown or not to be relayed to (Postfix, Exim), sender domains that are not there (Postfix), and commands that come
too early. It leaves its own machine alone (``ignoreself``), and so do we. Whether a server relays is asked before
anything else that it would refuse.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from mailproof.net.addresses import is_here
from mailproof.net.errors import Unasked
from mailproof.net.settings import NetSettings

WINDOW = 600.0
"""Seconds in which refusals are added up: fail2ban's ``findtime``, as it is packaged."""

USUAL_BAN = 5
"""Refusals in that time after which it bans (``maxretry``)."""


KEPT_FOR_RELAYING = 2
"""Of what an address may refuse us: the plain form, inside TLS and in clear."""


class Server(Protocol):
    """Where something is refused."""

    @property
    def address(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def host(self) -> str: ...


class Refusals:
    """What each address has refused us in the last ten minutes, and whether it may be asked for one more.

    Must be used from one event loop. ``now`` tells the seconds and ``sleep`` lets them pass.
    """

    def __init__(
        self,
        settings: NetSettings,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._now = now
        self._sleep = sleep
        self._refused: dict[str, deque[float]] = {}
        self._waited: dict[str, float] = {}
        self._strange: set[str] = set()

    def count(self, server: Server) -> None:
        """Note that a server has refused something, or may have."""
        self._refused.setdefault(server.address, deque()).append(self._now())

    def take_back(self, server: Server) -> None:
        """Note that what was counted last was no refusal."""
        if self._refused[server.address]:
            self._refused[server.address].pop()

    def wonder(self, server: Server) -> None:
        """Count a refusal of what a right server takes: who knows what else this one will refuse."""
        self.count(server)
        self._strange.add(server.address)

    def is_strange(self, server: Server) -> bool:
        """Whether a server has refused what a right one takes."""
        return server.address in self._strange

    def has_room(self, server: Server, kept: int = KEPT_FOR_RELAYING) -> bool:
        """Whether one more refusal is within ``limits.refusals``, when ``kept`` are left for another question.

        A server on this machine may always be asked.
        """
        return self._is_here(server) or self._pause(server.address, kept) == 0

    async def room(self, server: Server, kept: int = KEPT_FOR_RELAYING) -> bool:
        """As ``has_room``, but wait for it, up to ``limits.refusals_wait`` seconds in all."""
        while not self.has_room(server, kept):
            pause = self._pause(server.address, kept)
            waited = self._waited.get(server.address, 0.0) + pause
            if waited > self._settings.limits.refusals_wait:
                return False
            self._waited[server.address] = waited
            await self._sleep(pause)
        return True

    async def require(self, server: Server) -> None:
        """As ``room``, and count one refusal. Raises Unasked where there is no room."""
        if not await self.room(server):
            raise Unasked(self.reason(server))
        self.count(server)

    def reason(self, server: Server) -> str:
        """Why a server is asked for nothing more that it would refuse."""
        return (
            f"{server.address} may refuse us no more than {self._settings.limits.refusals} times in ten minutes "
            f"(limits.refusals; fail2ban, as it is packaged, bans at {USUAL_BAN}). Where this machine is exempt "
            "(ignoreip), set limits: {refusals: 1000}; or wait: limits: {refusals_wait: 7200}"
        )

    def _is_here(self, server: Server) -> bool:
        place = self._settings.real_place(server.address, server.port, server.host)
        return is_here(place.address)

    def _pause(self, address: str, kept: int) -> float:
        """Seconds until ``address`` may refuse one more; infinite where ``kept`` are all that it may."""
        refused = self._refused.setdefault(address, deque())
        now = self._now()
        while refused and refused[0] <= now - WINDOW:
            refused.popleft()
        most = self._settings.limits.refusals - kept
        if most < 1:
            return math.inf
        return refused[len(refused) - most] + WINDOW - now if len(refused) >= most else 0.0
