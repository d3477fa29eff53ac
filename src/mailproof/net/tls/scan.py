"""A deep scan: sslyze's own scanner, for what nobody should write again (Heartbleed, early CCS, ROBOT, renegotiation).

sslyze connects to a door on this machine, and each connection goes on from there through ``Hosts``: to where the
connect map leads, in its turn, with the pauses, counted. Its scans run in threads of its own; it is imported when first
used.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from traceback import TracebackException
from typing import TYPE_CHECKING, Any

from mailproof.net.errors import BoundReached, NotAvailable, NotObserved
from mailproof.net.hosts import Hosts
from mailproof.net.settings import NetSettings
from mailproof.net.stream import Stream
from mailproof.net.text import printable
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.facts import Unanswered

if TYPE_CHECKING:
    from sslyze import ServerScanResult

MOST_SCANNED = 60
"""Connections of one scan at most. ROBOT takes the most: some twenty where RSA key exchange is accepted."""

RENEGOTIATIONS = 11
"""Renegotiations that a client asks for: NCSC-NL accepts a server that grants ten, and no more."""

_CHUNK = 64 * 1024


class ScanQuestion(StrEnum):
    """What is scanned for, by sslyze's names."""

    HEARTBLEED = "heartbleed"
    CCS = "openssl_ccs_injection"
    ROBOT = "robot"
    RENEGOTIATION = "session_renegotiation"


class Robot(StrEnum):
    """What the answers to five broken key exchanges show (CVE-2017-13099)."""

    STRONG_ORACLE = "strong oracle"
    WEAK_ORACLE = "weak oracle"
    NO_ORACLE = "no oracle"
    NO_RSA = "no RSA key exchange"


@dataclass(frozen=True)
class Scan:
    """What a scan found. None: it came to no result, and ``unanswered`` says why."""

    connections: int
    heartbleed: bool | None = None
    early_ccs: bool | None = None
    """A ChangeCipherSpec is taken before there are keys (CVE-2014-0224)."""
    robot: Robot | None = None
    secure_renegotiation: bool | None = None
    """RFC 5746; also true where only TLS 1.3 is spoken, which has no renegotiation."""
    client_renegotiations: int | None = None
    """How many renegotiations in a row the server granted a client that asked for eleven."""
    unanswered: tuple[Unanswered, ...] = ()


async def scan(settings: NetSettings, hosts: Hosts, endpoint: TLSPeer) -> Scan:
    """Scan ``endpoint``, some thirty connections, holding a slot of its host.

    What sslyze has no result for, also by a fault of its own, is in ``unanswered``. Raises NotAvailable where it cannot
    speak TLS with the server at all, and what ``Hosts`` raises.
    """
    async with hosts.slot(endpoint.address), _Door(settings, hosts, endpoint) as door:
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(None, _run_sslyze, door.port, endpoint, settings)
        try:
            result = await asyncio.shield(work)
        except asyncio.CancelledError:
            await door.close()  # every further connection of sslyze fails at once
            await asyncio.gather(work, return_exceptions=True)
            raise
    if result.scan_result is None:
        raise door.failure or NotAvailable(f"sslyze cannot scan: {_why(result.connectivity_error_trace)}")
    return _read(result, door)


class _Door:
    """A port on this machine behind which the endpoint is. ``failure`` is why it could not be reached, at last."""

    def __init__(self, settings: NetSettings, hosts: Hosts, endpoint: TLSPeer) -> None:
        self.connections = 0
        self.failure: NotObserved | None = None
        self._settings = settings
        self._hosts = hosts
        self._endpoint = endpoint
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    @property
    def port(self) -> int:
        if self._server is None:
            raise RuntimeError("the door is closed")
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> _Door:
        self._server = await asyncio.start_server(self._enter, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let nobody in any more, and cut what is open."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            async with self._turn:
                await self._lead(reader, writer)
        except NotObserved as failure:
            self.failure = failure
        finally:
            writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lead one connection to the endpoint."""
        where = self._endpoint
        if self.connections >= MOST_SCANNED:
            raise BoundReached(f"the scan has taken {MOST_SCANNED} connections, all that it may take")
        async with self._hosts.connection(where.address, where.port, where.host, in_slot=True):
            self.connections += 1
            destination = self._settings.destination(where.address, where.port, where.host)
            stream = await self._hosts.connect(where.address, where.port, destination)
            try:
                there, back = (asyncio.ensure_future(step) for step in (_send(reader, stream), _fetch(stream, writer)))
                try:
                    await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in (there, back):
                        way.cancel()
                    await asyncio.gather(there, back, return_exceptions=True)
                await stream.close()
            finally:
                stream.abort()


async def _send(reader: asyncio.StreamReader, stream: Stream) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            stream.write(data)


async def _fetch(stream: Stream, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await stream.read_some(_CHUNK):
            writer.write(data)
            await writer.drain()


def _run_sslyze(port: int, endpoint: TLSPeer, settings: NetSettings) -> ServerScanResult:
    """One request with all scans, one connection at a time; in a thread."""
    from sslyze import (
        ProtocolWithOpportunisticTlsEnum,
        ScanCommand,
        ScanCommandsExtraArguments,
        Scanner,
        ServerNetworkConfiguration,
        ServerNetworkLocation,
        ServerScanRequest,
        SessionRenegotiationExtraArgument,
    )

    known = {protocol.value.lower(): protocol for protocol in ProtocolWithOpportunisticTlsEnum}
    if endpoint.starttls is not None and endpoint.starttls not in known:
        raise NotAvailable(f"sslyze has no STARTTLS of {endpoint.starttls}")
    request = ServerScanRequest(
        server_location=ServerNetworkLocation(endpoint.host, port, ip_address="127.0.0.1"),
        network_configuration=ServerNetworkConfiguration(
            tls_server_name_indication=endpoint.host,
            tls_opportunistic_encryption=known[endpoint.starttls] if endpoint.starttls else None,
            smtp_ehlo_hostname=settings.ehlo_name if endpoint.starttls == "smtp" else None,
            network_timeout=math.ceil(settings.limits.reply),
            network_max_retries=1,
        ),
        scan_commands={ScanCommand(question) for question in ScanQuestion},
        scan_commands_extra_arguments=ScanCommandsExtraArguments(
            session_renegotiation=SessionRenegotiationExtraArgument(RENEGOTIATIONS)
        ),
    )
    scanner = Scanner(per_server_concurrent_connections_limit=1, concurrent_server_scans_limit=1)
    scanner.queue_scans([request])
    (result,) = scanner.get_results()
    return result


def _read(result: ServerScanResult, door: _Door) -> Scan:
    unanswered: list[Unanswered] = []

    def found(question: ScanQuestion) -> Any:
        attempt = getattr(result.scan_result, question)
        if attempt.result is None:
            why = f"{attempt.error_reason.value if attempt.error_reason else 'no result'}: {_why(attempt.error_trace)}"
            unanswered.append(Unanswered(question, NotObserved.kind, f"sslyze has no result ({why})"))
        return attempt.result

    heartbleed, ccs, robot, renegotiation = (found(question) for question in ScanQuestion)
    oracle = _ROBOT.get(robot.robot_result.value) if robot else None
    if robot and oracle is None:
        unanswered.append(Unanswered(ScanQuestion.ROBOT, NotObserved.kind, "the answers differ from time to time"))
    return Scan(
        door.connections,
        heartbleed.is_vulnerable_to_heartbleed if heartbleed else None,
        ccs.is_vulnerable_to_ccs_injection if ccs else None,
        oracle,
        renegotiation.supports_secure_renegotiation if renegotiation else None,
        renegotiation.client_renegotiations_success_count if renegotiation else None,
        tuple(unanswered),
    )


_ROBOT = {
    "VULNERABLE_STRONG_ORACLE": Robot.STRONG_ORACLE,
    "VULNERABLE_WEAK_ORACLE": Robot.WEAK_ORACLE,
    "NOT_VULNERABLE_NO_ORACLE": Robot.NO_ORACLE,
    "NOT_VULNERABLE_RSA_NOT_SUPPORTED": Robot.NO_RSA,
}


def _why(trace: TracebackException | None) -> str:
    """The last line of a traceback."""
    return printable("".join(trace.format_exception_only()).strip()) if trace else "unknown error"
