"""Ports that most likely nobody serves: what the clients that ask them one thing have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mailproof.net.hosts import Hosts
from mailproof.net.settings import NetSettings
from mailproof.net.stream import Stream

UNSERVED = 4.0
"""Seconds for a connection: a firewall that drops is the rule there. TCP asks again after 1 and 3 of them (RFC 6298,
section 2)."""


class PortClient:
    """Opens a connection to a port, and cuts it when what was asked is known. To be derived from."""

    def __init__(self, settings: NetSettings, hosts: Hosts) -> None:
        self._settings = settings
        self._hosts = hosts

    @asynccontextmanager
    async def _connected(self, address: str, port: int, host: str) -> AsyncIterator[Stream]:
        """A connection to ``port`` at ``address``, which belongs to ``host``. Raises Refused and TimedOut."""
        destination = self._settings.destination(address, port, host)
        async with self._hosts.connection(address, port, host):
            stream = await self._hosts.connect(address, port, destination, at_most=UNSERVED)
            try:
                yield stream
            finally:
                stream.abort()
