"""What the SMTP tests share: a peer, a client, and one dialogue between them."""

from __future__ import annotations

import asyncio
import functools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from mailproof.fixtures.authority import Authority
from mailproof.fixtures.smtp_behaviour import SMTPBehaviour
from mailproof.fixtures.smtp_peer import SMTPPeer
from mailproof.net.hosts import Hosts
from mailproof.net.settings import Limits, NetSettings
from mailproof.net.smtp import Dialogue, SMTPClient

T = TypeVar("T")

HOST = "mx.example"
QUICK = Limits(connect=2, greeting=2, reply=2, tls=2, https=2, silence=0.2, pause=0, retry_pause=0.05)
IMPATIENT = Limits(connect=0.3, greeting=0.3, reply=0.3, tls=0.3, https=0.3, silence=0.1, pause=0)
"""For peers that never answer: what a test waits for is the deadline itself."""


PATIENT = Limits(connect=60, greeting=60, reply=60, tls=60, https=60, silence=0.2, pause=0, retry_pause=0.05)
"""For peers that answer, on a machine that may be busy."""


@functools.cache
def authority() -> Authority:
    """One authority for all tests of the process."""
    return Authority(Path(tempfile.mkdtemp(prefix="mailproof-tests-")))


def client(limits: Limits = QUICK) -> SMTPClient:
    return SMTPClient(NetSettings(limits=limits, ehlo_name="probe.example"), Hosts(limits))


@asynccontextmanager
async def served(behaviour: SMTPBehaviour | None = None) -> AsyncIterator[tuple[SMTPPeer, str, int]]:
    """A running peer, its address and port."""
    peer = SMTPPeer(behaviour, authority())
    where = await peer.start()
    try:
        yield peer, where.address, where.port
    finally:
        await peer.stop()


def talk(
    behaviour: SMTPBehaviour | None,
    say: Callable[[Dialogue], Awaitable[T]],
    limits: Limits = QUICK,
    implicit_tls: bool = False,
) -> tuple[T, SMTPPeer]:
    """Hold one dialogue with a peer of ``behaviour``; return what ``say`` returned, and the peer."""

    async def run() -> tuple[T, SMTPPeer]:
        async with served(behaviour) as (peer, address, port):
            async with client(limits).connect(address, port, host=HOST, implicit_tls=implicit_tls) as dialogue:
                result = await say(dialogue)
            return result, peer

    return asyncio.run(run())
