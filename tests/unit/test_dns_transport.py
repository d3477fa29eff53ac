"""What servers do to a connection: late, broken off, flooded; nothing stays open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mailproof.fixtures.dns_responder import Behaviour, Fault
from mailproof.net.dns.client import Answer, DNSClient
from mailproof.net.errors import ClosedEarly, Malformed, NotObserved, TimedOut
from mailproof.net.settings import Limits, NetSettings

from .dns_world import QUICK, resolver, session

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def ask_over_tcp(serve: Serve, limits: Limits) -> Answer:
    """Ask a TCP server that does what ``serve`` does with a connection, and never ends it by itself."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
            await reader.read()
        except OSError:
            return
        finally:
            writer.close()

    async def main() -> Answer:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, DNSClient(NetSettings(limits=limits)) as client:
            return await client.ask("127.0.0.1", "example.com", "MX", port=port, tcp=True)

    return asyncio.run(main())


def test_one_octet_at_a_time_does_not_stretch_the_deadline() -> None:
    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff\xff")
        while not reader.at_eof():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    with pytest.raises(TimedOut):
        ask_over_tcp(dribble, Limits(dns=0.1, dns_tries=1))


def test_a_connection_that_breaks_in_the_middle_is_closed_early() -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        writer.write(b"\x00\xffnot so many")
        writer.close()

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    for fault in (break_off, reset):
        with pytest.raises(ClosedEarly):
            ask_over_tcp(fault, Limits(dns=5, dns_tries=1))


def test_a_message_shorter_than_a_header_or_with_another_id_is_malformed() -> None:
    async def short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x03abc")

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = bytearray(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))
        wire[0] ^= 0xFF
        wire[2] |= 0x80
        writer.write(len(wire).to_bytes(2, "big") + wire)

    for fault in (short, other):
        with pytest.raises(Malformed):
            ask_over_tcp(fault, Limits(dns=5, dns_tries=1))


def test_a_flood_of_wrong_ids_is_malformed_before_the_deadline() -> None:
    class Flood(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            for _ in range(100):
                self.transport.sendto(bytes([data[0] ^ 1]) + data[1:], addr)

    async def main() -> Answer:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Flood, local_addr=("127.0.0.1", 0))
        address, port = transport.get_extra_info("sockname")
        try:
            async with DNSClient(NetSettings(limits=Limits(dns=30, dns_tries=1))) as client:
                return await client.ask(address, "example.com", "MX", port=port)
        finally:
            transport.close()

    with pytest.raises(Malformed, match="wrong id"):
        asyncio.run(main())


def test_an_unusable_server_address_is_a_typed_failure() -> None:
    async def main(address: str) -> None:
        async with DNSClient(NetSettings(limits=QUICK)) as client:
            await client.ask(address, "example.com", "MX")

    for address in ("256.0.0.1", "", "ns.example.com", "127.0.0.1\x00"):
        with pytest.raises(NotObserved):
            asyncio.run(main(address))


@pytest.mark.parametrize("fault", list(Fault))
def test_no_socket_stays_open(fault: Fault) -> None:
    server = resolver(behaviour={"example.com": Behaviour(fault)})

    async def work(dns: DNSClient) -> None:
        before = open_files()
        for name in ("example.com", "www.example.com", "big.example.com"):
            with contextlib.suppress(NotObserved):
                await dns.resolve(name, "MX")
        for _ in range(3):
            await asyncio.sleep(0)
        serving = sum(1 for task in asyncio.all_tasks() if "DNSServer" in repr(task.get_coro()))
        assert open_files() - before <= serving

    session(work, server, limits=QUICK)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
