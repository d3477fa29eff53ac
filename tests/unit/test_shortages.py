"""What the tester's machine lacks is the tester's fault: it is said once, and no host is blamed for it."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mailproof.net import source
from mailproof.net.dns.client import DNSClient
from mailproof.net.errors import NO_FILES, NoFiles, NotObserved
from mailproof.net.hosts import Hosts
from mailproof.net.https import HTTPSClient
from mailproof.net.network import Network
from mailproof.net.settings import Limits, NetSettings, SocketAddress
from mailproof.net.smtp import SMTPClient
from mailproof.run.progress import ProgressDisplay
from mailproof.vantage import Fault, look
from tests.unit.test_vantage import record

PUBLIC = "192.0.2.25"


@pytest.mark.parametrize(
    ("files", "connections", "questions"), [(1024, 200, 100), (256, 128, 64), (128, 42, 21), (10, 42, 21)]
)
def test_what_is_open_at_once_follows_from_the_files_that_may_be(
    monkeypatch: pytest.MonkeyPatch, files: int, connections: int, questions: int
) -> None:
    monkeypatch.setattr(source, "open_files", lambda: files)
    reached = source.within_reach(Limits())
    assert (reached.connections, reached.questions) == (connections, questions)
    assert bool(source.why_too_few_files()) is (files < 128)

    async def run() -> Limits:
        network = Network(NetSettings())
        await network.close()
        return network.settings.limits

    assert asyncio.run(run()) == reached


async def by_smtp(settings: NetSettings) -> None:
    async with SMTPClient(settings, Hosts(settings.limits)).connect(PUBLIC, 25, host="mx.example"):
        raise AssertionError("connected")


async def by_https(settings: NetSettings) -> None:
    await HTTPSClient(settings, Hosts(settings.limits)).fetch("https://a.example/", (PUBLIC,))


async def by_dns(settings: NetSettings) -> None:
    async with DNSClient(settings) as dns:
        await dns.ask(PUBLIC, "a.example", "MX")


async def by_dns_over_tcp(settings: NetSettings) -> None:
    async with DNSClient(settings) as dns:
        await dns.ask(PUBLIC, "a.example", "MX", tcp=True)


@pytest.mark.parametrize("work", [by_smtp, by_https, by_dns, by_dns_over_tcp])
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_no_host_is_blamed_for_a_socket_that_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[NetSettings], Awaitable[None]], number: int
) -> None:
    opened = socket.socket.__init__

    class Exhausted(socket.socket):
        def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
            if family in (socket.AF_INET, socket.AF_INET6) and fileno is None:
                raise OSError(number, "too many open files")
            opened(self, family, type, proto, fileno)

    async def run() -> None:
        monkeypatch.setattr(socket, "socket", Exhausted)
        try:
            await work(NetSettings(resolvers=(SocketAddress(PUBLIC, 53),), limits=Limits(pause=0, dns_tries=1)))
        finally:
            monkeypatch.undo()

    with pytest.raises(NoFiles) as caught:
        asyncio.run(run())
    assert caught.value.reason.endswith(NO_FILES)


def test_too_few_files_are_told_once() -> None:
    seen = {
        ("smtp_session", f"mx{n}.example[192.0.2.{n}]:25"): cast(Any, NoFiles(f"{n}: {NO_FILES}")) for n in range(9)
    }
    assert look(record(seen)).faults == {Fault.NO_FILES: NO_FILES}


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), "memory"),
        (OSError(errno.ENOMEM, "x"), "memory"),
        (OSError(errno.EMFILE, "x"), "file descriptors (ulimit -n)"),
        (RuntimeError("can't start new thread"), "threads or memory for them"),
        (OSError(errno.ENOENT, "x"), ""),
        (RuntimeError("x"), ""),
        (NotObserved("x"), ""),
    ],
)
def test_shortages_are_told_from_other_faults(error: BaseException, short: str) -> None:
    assert source.shortage(error) == short


def test_progress_names_only_connections_that_are_open() -> None:
    lines: list[str] = []
    terminal = SimpleNamespace(write_line=lines.append, isatty=False)
    config = SimpleNamespace(pluginmanager=SimpleNamespace(get_plugin=lambda name: terminal))
    open_connections: list[tuple[str, float]] = []
    expedition = SimpleNamespace(
        progress=SimpleNamespace(done=3, total=9),
        open_connections=open_connections,
        loaded=SimpleNamespace(redact=lambda text: text.replace("hushed", "${secret:X}")),
    )
    display = ProgressDisplay(cast(Any, config), "survey", cast(Any, expedition))
    for peers in ([], [("hushed.example:25", display._started), ("mx.example\x1b[2J:25", display._started)]):
        open_connections[:] = peers
        display._shown = -1e9
        display.tick()
    assert lines[0].startswith("survey: 3/9 observations, ")
    assert "open" not in lines[0]
    assert "; 2 connections open, the oldest to ${secret:X}.example:25 (" in lines[1]
