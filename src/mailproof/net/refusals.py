"""Refusals that servers count against their clients: bounded for each address, so that no rule against them bans us.

Fail2ban, as it is packaged, bans a client at the fifth refusal in ten minutes that its filters know: recipients that
are unknown or not to be relayed to (Postfix, Exim), sender domains that are not there (Postfix), and commands that come
too early. It leaves its own machine alone (``ignoreself``), and so do we.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Protocol

from mailproof.net.errors import NotObserved
from mailproof.net.settings import NetSettings

WINDOW = 600.0
"""Seconds in which refusals are added up: fail2ban's ``findtime``, as it is packaged."""

USUAL_BAN = 5
"""Refusals in that time after which it bans (``maxretry``)."""


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

    def count(self, server: Server) -> None:
        """Note that a server has refused something, or may have."""
        self._refused.setdefault(server.address, deque()).append(self._now())

    def has_room(self, server: Server) -> bool:
        """Whether one more refusal is within ``limits.refusals``. A server on this machine may always be asked."""
        return self._is_here(server) or self._pause(server.address) == 0

    async def room(self, server: Server) -> bool:
        """As ``has_room``, but wait for it, up to ``limits.refusals_wait`` seconds in all."""
        while not self.has_room(server):
            pause = self._pause(server.address)
            waited = self._waited.get(server.address, 0.0) + pause
            if waited > self._settings.limits.refusals_wait:
                return False
            self._waited[server.address] = waited
            await self._sleep(pause)
        return True

    async def require(self, server: Server) -> None:
        """As ``room``, and count one refusal. Raises NotObserved where there is no room."""
        if not await self.room(server):
            raise NotObserved(self.reason(server))
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
        return ip_address(place.address).is_loopback

    def _pause(self, address: str) -> float:
        """Seconds until ``address`` may refuse one more."""
        refused = self._refused.setdefault(address, deque())
        now = self._now()
        while refused and refused[0] <= now - WINDOW:
            refused.popleft()
        most = self._settings.limits.refusals
        return refused[len(refused) - most] + WINDOW - now if len(refused) >= most else 0.0
