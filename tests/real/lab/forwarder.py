"""A forwarder that remembers nothing: one name fails after a second, each time; all else is asked of a resolver.

Run as ``python forwarder.py ADDRESS RESOLVER NAME``. UDP only.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import dns.message
import dns.name
import dns.rcode

PORT = 53
DELAY = 1.0


class Forwarder(asyncio.DatagramProtocol):
    """Takes questions, and hands on what the resolver says."""

    def __init__(self, resolver: str, failing: str) -> None:
        self._resolver = resolver
        self._failing = dns.name.from_text(failing)
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        assert self._transport is not None
        if query.question[0].name == self._failing:
            await asyncio.sleep(DELAY)
            failed = dns.message.make_response(query)
            failed.set_rcode(dns.rcode.SERVFAIL)
            self._transport.sendto(failed.to_wire(), addr)
            return
        loop = asyncio.get_running_loop()
        said: asyncio.Future[bytes] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Once(said), remote_addr=(self._resolver, PORT))
        try:
            transport.sendto(data)
            self._transport.sendto(await said, addr)
        finally:
            transport.close()


class _Once(asyncio.DatagramProtocol):
    """Takes one answer."""

    def __init__(self, said: asyncio.Future[bytes]) -> None:
        self._said = said

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._said.done():
            self._said.set_result(data)


async def main(address: str, resolver: str, failing: str) -> None:
    """Serve until the process is ended."""
    await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Forwarder(resolver, failing), local_addr=(address, PORT)
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
