"""Servers with faults that only the full depth shows, or no server of the laboratory has; what controls say of them.

Where no server that can be had does it, a relay in front of a right one does: it reads only the first segment of a
hello, breaks off on values that it does not know, takes the signal of a fallback away, or repeats a key exchange.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailproof.fixtures.authority import Authority, CertificateSpec, Issued
from mailproof.gate.verdict import Judgement
from mailproof.net.hosts import Hosts
from mailproof.net.settings import Limits, NetSettings, TLSDepth
from mailproof.net.tls.connection import TLSPeer
from mailproof.net.tls.offers import Offers, ask_offers
from mailproof.observations.tls import TLSOffers
from mailproof.targets.services import IMAPEndpoint, MXEndpoint, TLSEndpoint
from tests.real.tls_scanned import ScanRow
from tests.real.tls_servers import TLSServer, nginx, openssl, openssl_with_dh, running, serve_openssl_of_cryptography
from tests.unit.cases.case import judged

HOST = "mx.example"
LIMITS = Limits(connect=10, greeting=10, reply=10, tls=10, pause=0, retries=0, tls_depth=TLSDepth.FULL)
AT_MX = MXEndpoint(HOST, "127.0.0.1", 25)
FOR_USERS = IMAPEndpoint(HOST, "127.0.0.1", 993)


def _server(name: str, command: Callable[[int, Path, Issued], list[str]]) -> TLSServer:
    return TLSServer(name, command, (), 0, 0)


def _openssl(name: str, *options: str) -> TLSServer:
    return _server(f"OpenSSL 3.0, {name}", openssl(*options))


def _with_groups(groups: str) -> Callable[[int, Path, Issued], list[str]]:
    """OpenSSL 3.5 with these groups in its own order."""

    def command(port: int, directory: Path, issued: Issued) -> list[str]:
        settings = directory / "openssl.cnf"
        settings.write_text(
            "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
            f"[c]\nGroups = {groups}\nOptions = ServerPreference\n"
        )
        return ["env", f"OPENSSL_CONF={settings}", *serve_openssl_of_cryptography(port, directory, issued)]

    return command


_GOOD = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
_STRICT = (
    *("-cipher", _GOOD, "-groups", "X25519:P-256:P-384", "-serverpref", "-alpn", "imap"),
    *("-sigalgs", "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA+SHA256"),
)
RIGHT = _openssl("few things", *_STRICT)
HYBRID = _server("OpenSSL 3.5, X25519MLKEM768 first", _with_groups("X25519MLKEM768:X25519"))
NO_ALPN = _openssl("no ALPN", "-cipher", _GOOD)
COSTLY = _openssl("ffdhe2048", "-groups", "X25519:ffdhe2048")
OTHER_FIRST = _server("OpenSSL 3.5, X25519 first", _with_groups("X25519:X25519MLKEM768"))
NO_SNI = _server("nginx, ssl_reject_handshake on", nginx(f"server_name {HOST};", others="ssl_reject_handshake on;"))


@dataclass(frozen=True)
class Offered:
    """A control, the server that has its fault, and one that is right. ``relay`` stands before the faulty one."""

    control: str
    fault: str
    server: TLSServer
    right: TLSServer = RIGHT
    relay: str = ""
    verdict: str = "fail"
    at: TLSEndpoint = FOR_USERS
    parameters: Mapping[str, Any] = field(default_factory=dict)


_NCSC = {"users": "ncsc-nl-2025-05"}

OFFERED = (
    Offered(
        "TLS-DHE-GROUP",
        "Diffie-Hellman over 1536 bits",
        _server("OpenSSL 3.0, modp1536", openssl_with_dh("modp_1536")),
        _server("OpenSSL 3.0, ffdhe3072", openssl_with_dh("ffdhe3072")),
    ),
    Offered(
        "TLS-PQ-PREFERRED",
        "X25519 before X25519MLKEM768",
        _server("OpenSSL 3.5", _with_groups("X25519:X25519MLKEM768")),
        HYBRID,
        verdict="advice",
    ),
    Offered("TLS-EPHEMERAL-FRESH", "a relay that says the same key exchange every time", RIGHT, relay="same key"),
    Offered(
        "TLS-ECDHE-CURVES",
        "-groups P-256:secp224r1",
        _openssl("curves", "-groups", "P-256:secp224r1", "-cipher", f"{_GOOD}:@SECLEVEL=0", "-tls1_2"),
    ),
    Offered("TLS-SNI", "ssl_reject_handshake on", NO_SNI, at=AT_MX),
    Offered("TLS-DOWNGRADE", "a relay that takes TLS_FALLBACK_SCSV away", RIGHT, relay="no signal"),
    Offered("TLS-ALPN-STRICT", "no ALPN", NO_ALPN, verdict="advice"),
    Offered("TLS-PQ-TOLERANT", "a relay that reads one segment of a hello", RIGHT, relay="one segment"),
    Offered("TLS-GREASE", "a relay that breaks off on reserved values", RIGHT, relay="no reserved values"),
    Offered("TLS-DHEAT", "ffdhe2048", COSTLY, verdict="advice"),
    Offered(
        "TLS-CIPHER-ORDER",
        "AES128-SHA first",
        _openssl("order", "-cipher", f"AES128-SHA:{_GOOD}", "-serverpref"),
        _openssl("right order", "-cipher", f"{_GOOD}:AES128-SHA", "-serverpref"),
    ),
    Offered(
        "TLS-ERA-PROFILE",
        "TLS 1.2 beside TLS 1.3",
        RIGHT,
        _openssl("TLS 1.3", "-tls1_3"),
        parameters={"users": "mozilla-modern"},
    ),
    Offered("TLS-CIPHER-LEVEL", "AES128-SHA", _openssl("suites", "-cipher", f"{_GOOD}:AES128-SHA"), parameters=_NCSC),
    Offered("TLS-GROUP-LIST", "ffdhe2048", COSTLY, parameters=_NCSC),
    Offered(
        "TLS-SIGALGS",
        "RSA+SHA1",
        _openssl("schemes", *_STRICT[:-1], "RSA-PSS+SHA256:RSA+SHA224:RSA+SHA256"),
        parameters=_NCSC,
        verdict="advice",
    ),
)


class Servers:
    """Asks servers on this machine what they offer, each of them once."""

    def __init__(self, directory: Path) -> None:
        self._authority = Authority(directory)
        self._known: dict[tuple[str, str], TLSOffers] = {}

    def offers(self, server: TLSServer, relay: str = "") -> TLSOffers:
        """What a server offers, behind a relay if one is named."""
        key = (server.name, relay)
        if key not in self._known:
            issued = self._authority.issue((HOST,), CertificateSpec(key="rsa2048"))
            with ExitStack() as stack:
                directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                port = stack.enter_context(running(server, directory, issued))
                self._known[key] = TLSOffers(HOST, False, asyncio.run(_ask(port, relay)))
        return self._known[key]

    def faulty(self, entry: Offered) -> Judgement:
        """What the control says of the faulty server."""
        return _judged(entry, self.offers(entry.server, entry.relay))

    def right(self, entry: Offered) -> Judgement:
        """What the control says of the right server."""
        return _judged(entry, self.offers(entry.right))


def offered(directory: Path) -> list[ScanRow]:
    """What the controls say of every server, and of the right one beside it."""
    servers = Servers(directory)
    found: list[ScanRow] = []
    for entry in OFFERED:
        found.append(ScanRow(entry.control, entry.fault, entry.verdict, str(servers.faulty(entry).verdict)))
        found.append(ScanRow(entry.control, entry.right.name, "pass", str(servers.right(entry).verdict)))
    return found


def _judged(entry: Offered, found: TLSOffers) -> Judgement:
    return judged(entry.control, {"tls_offers": found, "tls_lists": found, "tls_endpoint": entry.at}, entry.parameters)


async def _ask(port: int, relay: str) -> Offers:
    async with _listening(port, relay) as where:
        settings = NetSettings(limits=LIMITS)
        return await ask_offers(settings, Hosts(LIMITS), TLSPeer("127.0.0.1", where, HOST, None))


@asynccontextmanager
async def _listening(port: int, flaw: str) -> AsyncIterator[int]:
    """The port of a relay to ``port``, or that port itself where there is no flaw."""
    if not flaw:
        yield port
        return
    said: dict[bytes, bytes] = {}

    async def lead(client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            hello = await client.read(_MOST)
            if flaw != "one segment" and len(hello) < _length(hello):
                hello += await client.read(_MOST)
            if len(hello) < _length(hello) or (flaw == "no reserved values" and _suites(hello)[:2] == _RESERVED):
                pass
            elif flaw == "same key":
                suites = _suites(hello)
                said[suites] = said.get(suites) or await _answer(port, hello)
                answer.write(said[suites])
            elif flaw == "no signal":
                suites = _suites(hello)
                without = suites[:-2] + _NO_SIGNAL if suites.endswith(_SIGNAL) else suites
                answer.write(await _answer(port, hello.replace(suites, without, 1)))
            else:
                answer.write(await _answer(port, hello))
            answer.close()

    server = await asyncio.start_server(lead, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


_MOST = 65_536
_RESERVED, _SIGNAL, _NO_SIGNAL = b"\x7a\x7a", b"\x56\x00", b"\x00\xff"
_ENDS = (b"\x0e\x00\x00\x00", b"\x00\x2b\x00\x02\x03\x04")
"""A ServerHelloDone, and the choice of TLS 1.3, which comes in a short ServerHello."""


def _length(hello: bytes) -> int:
    """How long the record is that begins here; SSL 2.0 has no such records."""
    return 5 + int.from_bytes(hello[3:5]) if hello[:1] == b"\x16" else 0


def _suites(hello: bytes) -> bytes:
    """The suites of a hello, two octets each."""
    at = 44 + hello[43] if hello[:1] == b"\x16" else len(hello)
    return hello[at + 2 : at + 2 + int.from_bytes(hello[at : at + 2])]


async def _answer(port: int, hello: bytes) -> bytes:
    """What the server says to a hello until it waits for the client."""
    server, onward = await asyncio.open_connection("127.0.0.1", port)
    onward.write(hello)
    found = b""
    with suppress(OSError, asyncio.TimeoutError):
        while not any(end in found for end in _ENDS) and (data := await asyncio.wait_for(server.read(_MOST), 5)):
            found += data
    onward.close()
    return found
