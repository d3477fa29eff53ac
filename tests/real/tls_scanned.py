"""Servers with the faults that only a deep scan finds, and what the controls of the scan say of them.

Three faults are those of libraries that nobody packages any more. There a relay in front of a right server does what
such a library did: it answers heartbeats with more than it was sent, takes a ChangeCipherSpec at any time, or tells
broken RSA padding apart.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mailproof.fixtures.authority import Authority, CertificateSpec, Issued
from mailproof.gate.verdict import Judgement, Verdict
from mailproof.net.errors import NotObserved
from mailproof.net.hosts import Hosts
from mailproof.net.settings import Limits, NetSettings
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.facts import Unanswered
from mailproof.net.tls.handshakes import TLSClient
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import EARLY_DATA, TICKETS, TLSDeepScan
from tests.real.tls_servers import TLSServer, gnutls, nginx, openssl, running
from tests.unit.cases.case import judged

HOST = "mx.example"
LIMITS = Limits(connect=10, greeting=10, reply=10, tls=10, pause=0, retries=0)

Flaw = Literal["heartbleed", "early CCS", "padding oracle"]

_CCS, _ALERT, _HANDSHAKE, _APPLICATION, _HEARTBEAT = 20, 21, 22, 23, 24
_CLIENT_KEY_EXCHANGE, _SERVER_HELLO_DONE = 16, b"\x0e\x00\x00\x00"


def _tls12(name: str, *options: str) -> TLSServer:
    return TLSServer(name, openssl("-tls1_2", "-cipher", "ALL:@SECLEVEL=0", *options), (TLSVersion.TLS1_2,), 0, 0)


RIGHT = _tls12("OpenSSL 3.0, TLS 1.2")
RIGHT_13 = TLSServer("nginx, ssl_early_data off", nginx(), (TLSVersion.TLS1_2, TLSVersion.TLS1_3), 0, 0)


ATTEMPTS = 3
"""Scans of one server until one of them sees what it looks for."""


@dataclass(frozen=True)
class Scanned:
    """A control of the deep scan, the server that has its fault, and one that is right."""

    control: str
    fault: str
    server: TLSServer
    flaw: Flaw | None = None
    """What a relay in front of the server does."""
    right: TLSServer = RIGHT
    starttls: str | None = None
    """``pop3``: a relay in front of the servers speaks as much of it as it takes to begin TLS."""


SCANNED = (
    Scanned("TLS-HEARTBLEED", "a relay that answers heartbeats with more than it was sent", RIGHT, "heartbleed"),
    Scanned("TLS-CCS", "a relay that takes a ChangeCipherSpec at any time", RIGHT, "early CCS"),
    Scanned("TLS-ROBOT", "a relay that tells broken RSA padding apart", RIGHT, "padding oracle"),
    Scanned(
        "TLS-RENEG-SECURE",
        "GnuTLS, %DISABLE_SAFE_RENEGOTIATION",
        TLSServer("GnuTLS", gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION"), (), 0, 0),
    ),
    Scanned(
        "TLS-RENEG-CLIENT",
        "OpenSSL 3.0, s_server -client_renegotiation",
        _tls12("OpenSSL 3.0, renegotiation", "-client_renegotiation"),
    ),
    Scanned(
        "TLS-NO-0RTT",
        "nginx, ssl_early_data on",
        TLSServer("nginx", nginx("ssl_early_data on;"), (), 0, 0),
        right=RIGHT_13,
        starttls="pop3",
    ),
    Scanned(
        "TLS-SESSION-LIFETIME",
        "nginx, ssl_session_timeout 30d",
        TLSServer("nginx", nginx("ssl_session_timeout 30d;"), (), 0, 0),
        right=RIGHT_13,
        starttls="pop3",
    ),
)


@dataclass(frozen=True)
class ScanRow:
    """What a control says of a server that was scanned."""

    control: str
    server: str
    expected: str
    found: str


def deep_scans(directory: Path) -> list[ScanRow]:
    """Scan every server, and the right one beside it."""
    authority = Authority(directory)
    found: list[ScanRow] = []
    for entry in SCANNED:
        faulty, right = scanned(entry, authority)
        found.append(ScanRow(entry.control, entry.fault, "fail", str(faulty.verdict)))
        found.append(ScanRow(entry.control, entry.right.name, "pass", str(right.verdict)))
    return found


def scanned(entry: Scanned, authority: Authority) -> tuple[Judgement, Judgement]:
    """What the control says of the faulty server, and of the right one."""
    return (
        _judged(entry, entry.server, authority, entry.flaw),
        _judged(entry, entry.right, authority, None),
    )


def _judged(entry: Scanned, server: TLSServer, authority: Authority, flaw: Flaw | None) -> Judgement:
    """The verdict on one server. A busy machine may keep a scan from its end: then it is made again."""
    for _ in range(ATTEMPTS):
        found = judged(entry.control, {"tls_deep_scan": scan(server, authority, flaw, entry.starttls)})
        if found.verdict is not Verdict.INCONCLUSIVE:
            break
    return found


def scan(server: TLSServer, authority: Authority, flaw: Flaw | None = None, starttls: str | None = None) -> TLSDeepScan:
    """A deep scan of a server on this machine."""
    issued = authority.issue((HOST,), CertificateSpec(key=server.key))  # type: ignore[arg-type]
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(running(server, directory, issued))
        return asyncio.run(_scan(_Relay(port, issued, flaw, starttls)))


async def _scan(relay: _Relay) -> TLSDeepScan:
    async with relay.listening() as where, TLSClient(NetSettings(limits=LIMITS), Hosts(LIMITS)) as tls:
        peer = TLSPeer("127.0.0.1", where, HOST, relay.starttls)
        found = await tls.scan(peer)
        try:
            ticket = await tls.ticket(peer)
            return TLSDeepScan(HOST, found, ticket.early_data, found.unanswered, ticket.lifetime)
        except NotObserved as failure:
            unseen = (Unanswered(question, failure.kind, failure.reason) for question in (EARLY_DATA, TICKETS))
            return TLSDeepScan(HOST, found, None, (*found.unanswered, *unseen))


class _Relay:
    """Leads connections to a server, with a flaw or as they are."""

    def __init__(self, port: int, issued: Issued, flaw: Flaw | None, starttls: str | None) -> None:
        self.starttls = starttls
        self._port = port
        self._flaw = flaw
        key = load_pem_private_key(issued.key_file.read_bytes(), None)
        self._key = key.private_numbers() if isinstance(key, RSAPrivateKey) else None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        async with server:
            yield int(server.sockets[0].getsockname()[1])

    async def _lead(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        if self.starttls:
            answer.write(b"+OK ready\r\n")
            if (await client.readline()).strip() != b"STLS":
                answer.close()
                return
            answer.write(b"+OK go ahead\r\n")
        behind, onward = await asyncio.open_connection("127.0.0.1", self._port)
        flight = asyncio.Event()
        there = asyncio.ensure_future(self._there(client, onward, answer, flight))
        back = asyncio.ensure_future(_back(behind, answer, flight))
        with suppress(OSError, asyncio.IncompleteReadError):
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        for way in (there, back):
            way.cancel()
        await asyncio.gather(there, back, return_exceptions=True)
        for writer in (onward, answer):
            writer.close()

    async def _there(
        self,
        client: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
        answer: asyncio.StreamWriter,
        flight: asyncio.Event,
    ) -> None:
        """Lead records to the server, or answer them as the flaw has it."""
        keys_agreed = False
        while True:
            head = await client.readexactly(5)
            content = await client.readexactly(int.from_bytes(head[3:5]))
            kind, version = head[0], head[1:3]
            exchange = kind == _HANDSHAKE and content[:1] == bytes([_CLIENT_KEY_EXCHANGE])
            keys_agreed |= exchange
            if self._flaw == "heartbleed" and kind == _HEARTBEAT:
                await flight.wait()
                answer.write(bytes([_HEARTBEAT]) + version + (16_384).to_bytes(2) + b"\x02\x3f\xed" + b"\x01" * 16_381)
            elif self._flaw == "early CCS" and kind in (_CCS, _APPLICATION) and not keys_agreed:
                if kind == _APPLICATION:
                    answer.write(bytes([_ALERT]) + version + b"\x00\x02\x02\x14")
            elif self._flaw == "padding oracle" and exchange and not self._is_padded(content[6:], version):
                answer.write(bytes([_ALERT]) + version + b"\x00\x02\x02\x33")
                return
            else:
                onward.write(head + content)

    def _is_padded(self, encrypted: bytes, version: bytes) -> bool:
        """Whether a premaster secret has the padding and the version that it should have (RFC 5246, 7.4.7.1)."""
        modulus = self._key.public_numbers.n if self._key else 0
        size = (modulus.bit_length() + 7) // 8
        if self._key is None or len(encrypted) != size:
            return True  # another key exchange
        plain = pow(int.from_bytes(encrypted), self._key.d, modulus).to_bytes(size)
        return (
            plain[:2] == b"\x00\x02" and plain.find(b"\0", 2) == size - 49 and plain[size - 48 : size - 46] == version
        )


async def _back(behind: asyncio.StreamReader, answer: asyncio.StreamWriter, flight: asyncio.Event) -> None:
    while data := await behind.read(65_536):
        answer.write(data)
        if _SERVER_HELLO_DONE in data:
            flight.set()
