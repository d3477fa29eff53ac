"""What dialogues with servers have in common, whatever their words: a stream, a transcript, TLS in place."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from mailproof.net.errors import NotObserved
from mailproof.net.hosts import Hosts
from mailproof.net.settings import Limits, NetSettings
from mailproof.net.stream import Stream
from mailproof.net.text import printable
from mailproof.net.transcript import Speaker, Transcript, kept

POLITE = 3.0
"""Seconds that the farewell may take."""


@dataclass(frozen=True)
class TLSSession:
    """A TLS handshake done. ``leftover``: plain text that came before it, behind the yes; it was discarded."""

    version: str
    """As OpenSSL names it: ``TLSv1.3``."""
    cipher: str
    leftover: str


@cache
def widest_context() -> ssl.SSLContext:
    """The client context that talks to any server that this OpenSSL can talk to; nothing is verified.

    TLS 1.0 and up, every cipher suite with a certificate, servers without secure renegotiation (RFC 5746)
    too: the dialogue behind the handshake is what is looked at, and TLS itself is looked at elsewhere.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    return context


class StreamDialogue:
    """A dialogue over one stream, to be derived from for a protocol."""

    def __init__(self, stream: Stream, transcript: Transcript, limits: Limits, host: str) -> None:
        self.transcript = transcript
        self.host = host
        self._stream = stream
        self._limits = limits
        self._orderly = False
        """The server waits for a command: nothing is owed by either side."""
        self.certificate = b""
        """What the server proved to have in the last handshake (DER); empty before it."""

    async def handshake(self) -> TLSSession:
        """Upgrade to TLS in place, with ``host`` as SNI; certificates are not verified.

        Plain text that came before the handshake is reported and never taken for something said inside TLS.
        Raises NotAvailable when the handshake fails, and ClosedEarly.
        """
        leftover = printable(self._stream.take_held())
        if leftover:
            self.transcript.add(Speaker.NOTE, f"discarded plain text from before the handshake: {leftover}")
        with self._evidence():
            tls = await self._stream.start_tls(widest_context(), self._limits.tls, host=self.host)
        self.certificate = tls.getpeercert(binary_form=True) or b""
        session = TLSSession(tls.version() or "", (tls.cipher() or ("", "", 0))[0], leftover)
        self.transcript.add(Speaker.NOTE, f"TLS established: {session.version} {session.cipher}")
        return session

    async def farewell(self) -> None:
        """End the dialogue as a guest does, if it is in order. Never raises NotObserved."""
        raise NotImplementedError

    @contextmanager
    def _evidence(self) -> Iterator[None]:
        try:
            yield
        except NotObserved as failure:
            self._orderly = False
            self.transcript.add(Speaker.NOTE, failure.reason)
            failure.evidence = self.transcript.evidence()
            raise


D = TypeVar("D", bound=StreamDialogue)


class DialogueClient:
    """Opens dialogues, within the limits of ``settings`` and with the manners of ``hosts``."""

    def __init__(self, settings: NetSettings, hosts: Hosts) -> None:
        self._settings = settings
        self._hosts = hosts

    @asynccontextmanager
    async def _open(
        self,
        make: Callable[[Stream, Transcript], D],
        address: str,
        port: int,
        *,
        host: str,
        implicit_tls: bool,
        first_words: bytes = b"",
    ) -> AsyncIterator[D]:
        """A dialogue with ``address`` and ``port`` of ``host``, inside TLS with ``implicit_tls``.

        On leaving, an orderly dialogue ends with its farewell; the connection is closed in every case. Raises Refused,
        TimedOut, NotObserved; with ``implicit_tls`` NotAvailable and ClosedEarly too.
        """
        destination = self._settings.destination(address, port, host)
        transcript = Transcript()
        async with kept(transcript), self._hosts.connection(address, port, host):
            transcript.add(Speaker.NOTE, f"connecting to {destination} for {host}")
            try:
                stream = await self._hosts.connect(address, port, destination, first_words)
            except NotObserved as failure:
                transcript.add(Speaker.NOTE, failure.reason)
                failure.evidence = transcript.evidence()
                raise
            try:
                transcript.add(Speaker.NOTE, "connected")
                for line in first_words.splitlines():
                    transcript.add(Speaker.CLIENT, printable(line))
                dialogue = make(stream, transcript)
                if implicit_tls:
                    await dialogue.handshake()
                try:
                    yield dialogue
                except Exception:
                    await dialogue.farewell()
                    raise
                await dialogue.farewell()
                await stream.close()
            finally:
                stream.abort()
