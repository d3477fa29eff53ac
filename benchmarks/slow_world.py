"""A generated world behind relays that wait: a simulated round trip, counted at the servers.

    python -m benchmarks.slow_world DIRECTORY --domains 100

Runs inside a namespace (``benchmarks.namespace``) in a process of its own, so that the client's cost is the
client's alone. Writes ``inventory.yaml`` and ``ca.pem`` into DIRECTORY and then obeys lines on standard input,
each answered with one line of JSON:

    delay SECONDS               the round trip from now on
    greeting ADDRESS SECONDS    one host greets that much later
    count                       DNS questions (a connection over TCP is one), and other connections, since the last
    questions                   those over UDP since then, each form of one once: server, name, type

Ends with its input.

What a client sees of a round trip of D seconds: the answer to a DNS question after D; a greeting 2 D after the
connection (one for the handshake of TCP, which the kernel here does at once, one for the greeting itself);
and every later flight of the server D after it was sent.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import socket
import sys
from collections import Counter
from pathlib import Path
from typing import Any, cast

from mailproof.fixtures.scale import generate
from mailproof.net.settings import SocketAddress

IPV6_ADDRESSES = ("2600:11:53::1", "2600:11:54::1")
"""The name servers of ``fixtures.scale``; IPv4 addresses are the namespace's by ``namespace.NETWORKS``."""

_TCP_PORTS = (25, 53, 443)
_RECEIVE_BUFFER = 8 << 20
_SO_RCVBUFFORCE = 33
"""socket(7); Python has no name for it."""
_CHUNK = 65536


class Relays:
    """Everything that listens in the namespace, and what it counts."""

    def __init__(self, destinations: dict[str, SocketAddress]) -> None:
        self._destinations = destinations
        self.delay = 0.0
        self.greetings: dict[str, float] = {}
        """Further seconds before the first octet of a host, by address."""
        self.questions: Counter[tuple[str, bytes]] = Counter()
        """By server and message without its id."""
        self.connections: Counter[int] = Counter()
        self._pumps: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on every name server's address for UDP, and on all addresses for TCP. Raises OSError."""
        loop = asyncio.get_running_loop()
        for key, destination in self._destinations.items():
            address, _, key_port = key.rpartition(":")
            if key_port == "53":
                address = address.strip("[]")
                near = _udp_socket(address)
                await loop.create_datagram_endpoint(lambda a=address, d=destination: _Questions(self, a, d), sock=near)  # type: ignore[misc]
        for port in _TCP_PORTS:
            await asyncio.start_server(self._accept, None, port, backlog=4096)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address, port = writer.get_extra_info("sockname")[:2]
        address = address.removeprefix("::ffff:")
        self.connections[port] += 1
        destination = self._destinations.get(str(SocketAddress(address, port)))
        if destination is None:
            writer.transport.abort()
            return
        try:
            await asyncio.sleep(self.delay + self.greetings.get(address, 0.0))
            far_reader, far_writer = await asyncio.open_connection(destination.address, destination.port)
        except OSError:
            writer.transport.abort()
            return
        there = asyncio.create_task(_pump(reader, far_writer, 0.0))
        here = asyncio.create_task(_pump(far_reader, writer, self.delay))
        self._pumps |= {there, here}
        await asyncio.gather(there, here, return_exceptions=True)
        self._pumps -= {there, here}
        for end in (writer, far_writer):
            end.close()

    def count(self) -> dict[str, int]:
        """What came in since the last call."""
        seen = {
            "questions": self.questions.total() + self.connections.pop(53, 0),
            "connections": self.connections.total(),
        }
        self.questions.clear()
        self.connections.clear()
        return seen


class _Questions(asyncio.DatagramProtocol):
    """One name server's UDP port. What it answered once is answered from memory, so it is no bottleneck."""

    def __init__(self, relays: Relays, address: str, destination: SocketAddress) -> None:
        self._relays = relays
        self._address = address
        self._destination = destination
        self._known: dict[bytes, bytes] = {}
        self._waiting: dict[bytes, list[tuple[bytes, Any]]] = {}
        self._near: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._near = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        id_, question = data[:2], data[2:]
        self._relays.questions[self._address, question] += 1
        known = self._known.get(question)
        if known is not None:
            self._answer(id_ + known, addr)
            return
        if question in self._waiting:
            self._waiting[question].append((id_, addr))
            return
        self._waiting[question] = [(id_, addr)]
        task = asyncio.create_task(self._ask(data))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _answer(self, wire: bytes, peer: Any) -> None:
        assert self._near is not None
        if self._relays.delay:
            asyncio.get_running_loop().call_later(self._relays.delay, self._near.sendto, wire, peer)
        else:
            self._near.sendto(wire, peer)

    async def _ask(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
            far.setblocking(False)
            await loop.sock_connect(far, (self._destination.address, self._destination.port))
            await loop.sock_sendall(far, data)
            answer = await loop.sock_recv(far, _CHUNK)
        self._known[data[2:]] = answer[2:]
        for id_, peer in self._waiting.pop(data[2:]):
            self._answer(id_ + answer[2:], peer)


def _udp_socket(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    near = socket.socket(family, socket.SOCK_DGRAM)
    near.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    near.setblocking(False)
    near.bind((address, 53))
    return near


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Copy until the end of the stream, ``delay`` seconds behind, without holding back what follows."""
    loop = asyncio.get_running_loop()
    line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def write() -> None:
        while True:
            due, data = await line.get()
            await asyncio.sleep(max(due - loop.time(), 0.0))
            if not data:
                writer.write_eof() if writer.can_write_eof() else writer.close()
                return
            writer.write(data)
            await writer.drain()

    writing = asyncio.create_task(write())
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            line.put_nowait((loop.time() + delay, data))
    line.put_nowait((loop.time() + delay, b""))
    with contextlib.suppress(OSError, RuntimeError):
        await writing


def _readable(question: tuple[str, bytes]) -> tuple[str, str, int]:
    """Server, name and type of a question counted by ``Relays``."""
    server, wire = question
    labels = []
    position = 10
    while length := wire[position]:
        labels.append(wire[position + 1 : position + 1 + length].decode("latin-1").lower())
        position += 1 + length
    return server, ".".join(labels) or ".", int.from_bytes(wire[position + 1 : position + 3], "big")


async def _serve(relays: Relays) -> None:
    await relays.start()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps("ready"), flush=True)
    while line := (await reader.readline()).decode().split():
        answer: Any = "done"
        match line:
            case ["delay", seconds]:
                relays.delay = float(seconds)
            case ["greeting", address, seconds]:
                relays.greetings[address] = float(seconds)
            case ["count"]:
                answer = relays.count()
            case ["questions"]:
                answer = sorted(_readable(question) for question in relays.questions)
            case _:
                raise ValueError(f"unknown command {line}")
        print(json.dumps(answer), flush=True)


def main() -> None:
    """Start the world and serve it until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--domains", type=int, default=1)
    parser.add_argument("--hosts", type=int, default=2, help="MX hosts of each domain")
    parser.add_argument("--peers", type=int, default=4, help="mock mail servers behind all the addresses")
    parser.add_argument("--unsigned", action="store_true", help="no DNSSEC: signing takes some 10 ms a domain")
    options = parser.parse_args()
    inventory, world = generate(options.domains, options.hosts, signed=not options.unsigned, peers=options.peers)
    with world:
        settings = world.settings()
        shutil.copy(world.ca_file, options.directory / "ca.pem")
        trust = f"trust:\n  ca_file: {options.directory / 'ca.pem'}\n"
        (options.directory / "inventory.yaml").write_text(inventory + trust, encoding="utf-8")
        resolver = str(world.resolver)
        destinations = {key: value for key, value in settings.connect.items() if key != resolver}
        asyncio.run(_serve(Relays({**destinations, "127.0.0.1:53": world.resolver})))


if __name__ == "__main__":
    main()
