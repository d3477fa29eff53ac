"""A sink: an SMTP server that takes mail for the recipients of an exercise, notes how it came, and throws it away.

It relays nothing, and refuses every other recipient: the run is part of each, so that neither a stranger nor what an
earlier run left in a queue is taken for what this one handed in.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mailproof.exercises import Delivery
from mailproof.fixtures.listener import ListeningPeer, ServerStream
from mailproof.net.errors import Malformed
from mailproof.net.stream import deadline
from mailproof.net.text import printable

PATIENCE = 300.0
"""Seconds that a client may be silent (RFC 5321, section 4.5.3.2.7)."""
MAX_COMMAND = 4096
MAX_MESSAGE = 1024 * 1024
"""Octets; those of an exercise have two thousand."""
MAX_CONNECTIONS = 100
"""At the same time. Whoever comes beyond is told to come again (421)."""
MAX_RECIPIENTS = 100
"""Of a session; RFC 5321, section 4.5.3.1.8 has a server take as many."""
MAX_DELIVERIES = 1000
"""That are kept: their record can be read again."""

BEFORE_DOTS = b"lines with dots:"
DOT_LINES = (b".", b"..", b".dot")
"""Lines of the message whose lines are looked at, as they were handed in, and what the line before them ends in."""
_BARE_CR = re.compile(rb"\r(?!\n)")
_BARE_LF = re.compile(rb"(?<!\r)\n")


def server_side(certificate: Path, key: Path) -> ssl.SSLContext:
    """The sink's TLS: it takes whatever version and suite a client prefers. Raises OSError, ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
    return context


class Sink(ListeningPeer):
    """``cases`` are the recipients, in lower case, with the name of what each of them tries; mail for ``put_off`` is
    put off the first time. ``began`` is the time of the event loop that deliveries are measured from.
    """

    def __init__(self, name: str, cases: Mapping[str, str], put_off: str, context: ssl.SSLContext) -> None:
        super().__init__()
        self.deliveries: list[Delivery] = []
        self.left_out = 0
        """Deliveries beyond MAX_DELIVERIES."""
        self._open_sessions = 0
        self._news = asyncio.Event()
        self.began = asyncio.get_running_loop().time()
        self._name = name
        self._cases = cases
        self._to_put_off = {put_off}
        self._context = context

    async def _serve(self, stream: ServerStream, number: int) -> None:
        if self._open_sessions >= MAX_CONNECTIONS:
            stream.write(b"421 4.7.0 too many connections, come back later\r\n")
            await stream.drain(PATIENCE)
            return
        self._open_sessions += 1
        try:
            await _Session(self, stream).run()
        finally:
            self._open_sessions -= 1

    def case_of(self, recipient: str) -> str:
        """What a recipient tries; empty where it is none of ours."""
        return self._cases.get(recipient.lower(), "")

    def puts_off(self, recipient: str) -> bool:
        """Whether to tell the client to come back: once."""
        if recipient.lower() not in self._to_put_off:
            return False
        self._to_put_off.remove(recipient.lower())
        return True

    def add(self, delivery: Delivery) -> None:
        """Keep what was seen, as long as there is room."""
        if len(self.deliveries) >= MAX_DELIVERIES:
            self.left_out += 1
            return
        self.deliveries.append(delivery)
        self._news.set()

    async def until_taken(self, cases: set[str]) -> None:
        """Wait until a message of each case has been taken."""
        while not cases <= {one.case for one in self.deliveries if one.taken}:
            self._news.clear()
            await self._news.wait()

    @property
    def name(self) -> str:
        return self._name

    @property
    def context(self) -> ssl.SSLContext:
        return self._context


class _Session:
    """One connection."""

    def __init__(self, sink: Sink, stream: ServerStream) -> None:
        self._sink = sink
        self._stream = stream
        peer = stream.transport.get_extra_info("peername")
        self._seen = Delivery("", str(peer[0]), "")
        self._open: dict[str, Delivery] = {}
        """By their cases: a recipient that is named twice is one."""
        self._noted: set[tuple[str, bool]] = set()
        """Cases of which this session has a delivery, and whether it was taken."""
        self._recipients = 0

    async def run(self) -> None:
        await self._say(f"220 {self._sink.name} ESMTP mailproof sink")
        while True:
            async with deadline(PATIENCE, "no command"):
                line = await self._stream.read_line(MAX_COMMAND)
            verb, _, rest = printable(line.strip()).partition(" ")
            if verb.upper() == "QUIT":
                await self._say("221 bye")
                return
            await self._answer(verb.upper(), rest.strip())

    async def _answer(self, verb: str, rest: str) -> None:
        if verb in ("EHLO", "HELO"):
            self._seen, self._open = replace(self._seen, helo=rest[:255]), {}
            offered = ["8BITMIME"] if self._seen.version else ["STARTTLS", "8BITMIME"]
            lines = [self._sink.name, *(offered if verb == "EHLO" else ())]
            await self._say(*(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines))
        elif verb == "STARTTLS" and not self._seen.version:
            await self._say("220 go on")
            self._stream.take_held()
            tls = await self._stream.start_tls(self._sink.context, PATIENCE, server_side=True)
            self._seen = replace(self._seen, version=tls.version() or "", suite=(tls.cipher() or ("",))[0])
        elif verb == "RCPT":
            await self._recipient(rest)
        elif verb == "DATA" and self._open:
            await self._say("354 go on")
            self._take(await self._text())
            await self._say("250 thrown away")
        elif verb == "RSET":
            self._open = {}
            await self._say("250 done")
        else:
            await self._say("250 fine" if verb in ("MAIL", "NOOP") else "503 not now")

    async def _recipient(self, rest: str) -> None:
        self._recipients += 1
        if self._recipients > MAX_RECIPIENTS:
            await self._say("452 4.5.3 too many recipients")
            return
        address = rest.partition("<")[2].partition(">")[0]
        case = self._sink.case_of(address)
        if not case:
            await self._say("550 5.1.1 nobody of that name: this server takes test messages only")
            return
        seconds = asyncio.get_running_loop().time() - self._sink.began
        delivery = replace(self._seen, case=case, seconds=round(seconds, 1))
        if self._sink.puts_off(address):
            self._note(delivery)
            await self._say("450 4.7.1 come back later: this is a test of whether you do")
            return
        self._open[case] = delivery
        await self._say("250 fine")

    async def _text(self) -> bytes:
        """The octets up to CRLF.CRLF, and to nothing else."""
        text = bytearray(b"\r\n")
        async with deadline(PATIENCE, "no end of the message"):
            while not text.endswith(b"\r\n.\r\n"):
                text += await self._stream.read_line(MAX_MESSAGE)
                if len(text) > MAX_MESSAGE:
                    raise Malformed("a message too large for a test")
        return bytes(text[2:-3])

    def _take(self, text: bytes) -> None:
        lines = [line.removeprefix(b".") if line.startswith(b".") else line for line in text.split(b"\r\n")]
        for delivery in self._open.values():
            self._note(
                replace(
                    delivery,
                    taken=True,
                    bare_cr=len(_BARE_CR.findall(text)),
                    bare_lf=len(_BARE_LF.findall(text)),
                    dots_kept=_are_dots_kept(lines),
                )
            )
        self._open = {}

    def _note(self, delivery: Delivery) -> None:
        """One of each case is kept."""
        if (delivery.case, delivery.taken) not in self._noted:
            self._noted.add((delivery.case, delivery.taken))
            self._sink.add(delivery)

    async def _say(self, *lines: str) -> None:
        self._stream.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._stream.drain(PATIENCE)


def _are_dots_kept(lines: list[bytes]) -> bool:
    """Whether the lines with dots are there, also as quoted-printable writes them.

    Of a text that was encoded in another way nothing is known.
    """
    if not any(line.endswith(BEFORE_DOTS) for line in lines):
        return True
    return all(line in lines or line.replace(b".", b"=2E", 1) in lines for line in DOT_LINES)
