"""What TLS facts of a server cost: mailproof in both depths, sslyze, testssl.sh; connections and seconds.

    python -m benchmarks.tls_depth [NAME ...]

The servers are those of ``tests/real/tls_servers.py`` whose names contain a NAME; without one, all. Every tool is
led through a relay on this machine that counts connections. What the tools say is written below ``/tmp/tls-depth``.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mailproof.fixtures.authority import Authority, CertificateSpec
from mailproof.net.hosts import Hosts
from mailproof.net.settings import Limits, NetSettings, TLSDepth
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.offers import ask_offers
from mailproof.observations.tls import TLSOffers
from tests.real.tls_servers import SERVERS, running

HOST = "mx.example"
OUT = Path("/tmp/tls-depth")
PATIENCE = 900


class Relay:
    """Counts the connections that it leads to ``port``."""

    def __init__(self, port: int) -> None:
        self.connections = 0
        self.port = 0
        self._to = port
        self._ready = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_until_complete, args=(self._serve(loop),), daemon=True)
        thread.start()
        self._ready.wait()
        yield

    async def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        await server.serve_forever()

    async def _lead(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError):
            behind, onward = await asyncio.open_connection("127.0.0.1", self._to)
            ways = [asyncio.ensure_future(_pass(client, onward)), asyncio.ensure_future(_pass(behind, answer))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            onward.close()
        answer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


def _mailproof(depth: TLSDepth) -> Callable[[int], str]:
    def ask(port: int) -> str:
        limits = Limits(pause=0.0, retries=0, tls_depth=depth)
        found = asyncio.run(
            ask_offers(NetSettings(limits=limits), Hosts(limits), TLSPeer("127.0.0.1", port, HOST, None))
        )
        return "\n".join(TLSOffers(HOST, False, found).evidence())

    return ask


def _command(*words: str) -> Callable[[int], str]:
    def run(port: int) -> str:
        command = [word.replace("PORT", str(port)) for word in words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return done.stdout + done.stderr

    return run


TOOLS: dict[str, Callable[[int], str]] = {
    "mailproof, usual": _mailproof(TLSDepth.USUAL),
    "mailproof, full": _mailproof(TLSDepth.FULL),
    "sslyze": _command(sys.executable, "-m", "sslyze", "--sni", HOST, "localhost:PORT{127.0.0.1}"),
    "testssl.sh": _command("testssl", "--quiet", "--color", "0", "--warnings", "off", "127.0.0.1:PORT"),
}


def main(names: list[str]) -> None:
    """Measure and print a table."""
    OUT.mkdir(exist_ok=True)
    authority = Authority(Path(tempfile.mkdtemp()))
    print("| server | tool | connections | seconds |\n| --- | --- | --- | --- |")
    for server in (s for s in SERVERS if not names or any(name in s.name for name in names)):
        issued = authority.issue((HOST,), CertificateSpec(key=server.key))  # type: ignore[arg-type]
        with tempfile.TemporaryDirectory() as directory, running(server, Path(directory), issued) as port:
            for tool, ask in TOOLS.items():
                relay = Relay(port)
                with relay.running():
                    begun = time.monotonic()
                    try:
                        said = ask(relay.port)
                    except subprocess.TimeoutExpired:
                        said = f"no end after {PATIENCE} seconds"
                    seconds = time.monotonic() - begun
                (OUT / f"{server.name}-{tool}.txt".replace("/", "-")).write_text(said)
                print(f"| {server.name} | {tool} | {relay.connections} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
