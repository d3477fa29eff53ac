"""The SMTP dialogue (RFC 5321, RFC 3207), spoken octet by octet and kept as evidence.

A ``Reply`` is what the server said; whether it should have said so is not judged here. What prevents a reply
from being heard is a ``NotObserved`` that carries the transcript.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from ipaddress import ip_address

from mailproof.net.dialogue import POLITE, DialogueClient, StreamDialogue, TLSSession
from mailproof.net.errors import Malformed, NotObserved, Throttled
from mailproof.net.settings import Limits
from mailproof.net.stream import Stream, deadline
from mailproof.net.text import printable
from mailproof.net.transcript import Speaker, Transcript

REPLY_LINE = 8 * 1024
"""Octets of one reply line. RFC 5321, section 4.5.3.1.5 grants 512; real servers exceed that."""
REPLY_LINES = 100
REPLY_OCTETS = 64 * 1024
UNASKED_OCTETS = 64 * 1024

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s|$)")


@dataclass(frozen=True)
class Reply:
    """One reply: its code and the text of each line, without code and separator (RFC 5321, section 4.2).

    Control characters in the text are written as ``\\xNN``.
    """

    code: int
    lines: tuple[str, ...]
    changed: bool = False
    """Whether earlier lines had another code; the last line counts (RFC 5321, section 4.2.1)."""

    @property
    def text(self) -> str:
        """All lines, separated by line feeds."""
        return "\n".join(self.lines)

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code that begins the first line, ``5.7.1``, or None (RFC 2034, RFC 3463)."""
        found = _ENHANCED.match(self.lines[0]) if self.lines else None
        return found[1] if found else None

    @property
    def positive(self) -> bool:
        """2yz: done."""
        return self.code // 100 == 2

    @property
    def intermediate(self) -> bool:
        """3yz: go on."""
        return self.code // 100 == 3

    @property
    def transient(self) -> bool:
        """4yz: not now."""
        return self.code // 100 == 4

    @property
    def permanent(self) -> bool:
        """5yz: no."""
        return self.code // 100 == 5

    def __str__(self) -> str:
        last = len(self.lines) - 1
        return "\n".join(f"{self.code}{' ' if n == last else '-'}{line}" for n, line in enumerate(self.lines))


def extensions(reply: Reply) -> dict[str, tuple[str, ...]]:
    """Return the keywords of an EHLO reply, in upper case, with their parameters (RFC 5321, section 4.1.1.1).

    The first line is the server's name and never a keyword. The form ``AUTH=LOGIN`` of old servers counts as
    ``AUTH``; when a keyword comes twice, the parameters are joined. A reply other than 250 has no extensions.
    """
    if reply.code != 250:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for line in reply.lines[1:]:
        keyword, *parameters = line.split() or [""]
        keyword = keyword.upper()
        if keyword.startswith("AUTH="):
            keyword, first = keyword.split("=", 1)
            parameters = [first, *parameters] if first else parameters
        if keyword:
            known = found.get(keyword, ())
            found[keyword] = known + tuple(parameter for parameter in parameters if parameter not in known)
    return found


class Dialogue(StreamDialogue):
    """A dialogue with one SMTP server. Made by ``SMTPClient.connect``.

    Every method that hears the server raises TimedOut, ClosedEarly, Malformed, and Throttled for 421 (RFC
    5321, section 3.8: the server may say it to any command and then closes), each with the transcript as
    evidence.
    """

    def __init__(self, stream: Stream, transcript: Transcript, limits: Limits, *, host: str, ehlo_name: str) -> None:
        super().__init__(stream, transcript, limits, host)
        self._ehlo_name = ehlo_name
        self._transaction = False
        """A MAIL command was accepted and not ended by RSET."""
        self._greeted = False

    async def greeting(self) -> Reply:
        """Wait ``limits.greeting`` seconds for the server's opening. A 4yz greeting raises Throttled.

        Lines with 220 may end in a refusal: postscreen says the first of them to see who talks too early.
        """
        reply = await self._hear(self._limits.greeting, "no complete greeting", may_change=True)
        self._greeted = True
        if reply.transient:
            self._orderly = False
            raise Throttled(f"the server opens with {reply.code}: {reply.lines[0]}", self.transcript.evidence())
        return reply

    async def command(self, line: str) -> Reply:
        """Say ``line`` (without CRLF) and return the reply. Raises ValueError for CR or LF in ``line``."""
        if "\r" in line or "\n" in line:
            raise ValueError("a command is one line: it cannot hold CR or LF")
        await self.send(line.encode() + b"\r\n")
        reply = await self.reply()
        verb = line.split(" ", 1)[0].upper()
        if verb == "MAIL" and reply.positive:
            self._transaction = True
        elif verb in ("RSET", "EHLO", "HELO", "LHLO") and reply.positive:
            self._transaction = False
        return reply

    async def ehlo(self) -> Reply:
        """Say EHLO with the inventory's name (RFC 5321, section 4.1.1.1)."""
        return await self.command(f"EHLO {self._ehlo_name}")

    async def helo(self) -> Reply:
        """Say HELO with the inventory's name."""
        return await self.command(f"HELO {self._ehlo_name}")

    async def lhlo(self) -> Reply:
        """Say LHLO, the EHLO of LMTP, with the inventory's name (RFC 2033, section 4.1)."""
        return await self.command(f"LHLO {self._ehlo_name}")

    async def send(self, raw: bytes) -> None:
        """Write ``raw`` as it is, in one write. What comes back is heard by ``reply`` or ``listen``."""
        self._orderly = False
        for line in raw.split(b"\n"):
            if line:
                self.transcript.add(Speaker.CLIENT, printable(line.removesuffix(b"\r")))
        with self._evidence():
            self._stream.write(raw)
            await self._stream.drain(self._limits.reply)

    async def reply(self, deadline: float | None = None) -> Reply:
        """Return the next reply, complete within ``deadline`` seconds (``limits.reply`` unless given)."""
        return await self._hear(self._limits.reply if deadline is None else deadline, "no complete reply")

    async def early_reply(self, seconds: float) -> Reply | None:
        """The reply that begins within ``seconds``; None where the server says nothing until then."""
        with self._evidence():
            try:
                async with asyncio.timeout(seconds):
                    first = await self._stream.read_line(REPLY_LINE)
            except TimeoutError:
                return None
        return await self._hear(self._limits.reply, "no complete reply", first=first)

    async def listen(self, seconds: float) -> bytes:
        """Return what the server says unasked within ``seconds``, until it closes or 64 KiB have come."""
        heard = bytearray()
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        try:
            async with asyncio.timeout_at(end):
                while len(heard) < UNASKED_OCTETS:
                    some = await self._stream.read_some(UNASKED_OCTETS - len(heard))
                    if not some:
                        self.transcript.add(Speaker.NOTE, "the server closed the connection")
                        self._orderly = False
                        break
                    heard += some
        except TimeoutError:
            pass
        self.transcript.add(Speaker.NOTE, f"listened: {len(heard)} octets came unasked")
        if heard:
            self._orderly = False
            for line in bytes(heard).splitlines()[:REPLY_LINES]:
                self.transcript.add(Speaker.SERVER, printable(line))
        return bytes(heard)

    @property
    def own_address(self) -> str:
        """The address of this end of the connection, as far as others can know it; empty for a loopback address."""
        address = self._stream.own_address
        return "" if not address or ip_address(address).is_loopback else address

    @property
    def greeted_after(self) -> float | None:
        """Seconds that the server waited before it spoke first; None where our first words were sent before that."""
        return self._stream.peer_waited

    @property
    def closed(self) -> bool:
        """Whether the server has closed the connection and everything that it said has been heard."""
        return self._stream.ended

    async def starttls(self, injected: bytes = b"") -> Reply:
        """Say STARTTLS (RFC 3207), with ``injected`` behind it in the same write, and return the reply.

        After a 220 only ``handshake`` makes sense.
        """
        await self.send(b"STARTTLS\r\n" + injected)
        reply = await self.reply()
        if reply.code == 220 or injected:
            self._orderly = False
        return reply

    async def handshake(self) -> TLSSession:
        """As ``StreamDialogue.handshake``; what was said before it is forgotten (RFC 3207, section 4.2)."""
        session = await super().handshake()
        self._orderly = self._greeted
        self._transaction = False
        return session

    async def quit(self) -> Reply:
        """Say QUIT and return the reply (RFC 5321, section 4.1.1.10)."""
        reply = await self.command("QUIT")
        self._orderly = False
        return reply

    async def farewell(self) -> None:
        """End the dialogue as a guest does, if it is in order: RSET when a transaction is open, QUIT.

        Never raises NotObserved.
        """
        if not self._orderly:
            return
        try:
            async with deadline(POLITE, "no farewell"):
                if self._transaction:
                    await self.command("RSET")
                await self.quit()
        except NotObserved as failure:
            self.transcript.add(Speaker.NOTE, f"no orderly farewell: {failure.reason}")

    async def _hear(self, seconds: float, what: str, *, may_change: bool = False, first: bytes | None = None) -> Reply:
        self._orderly = False
        with self._evidence():
            async with deadline(seconds, what):
                reply = await self._read_reply(may_change, first)
        if reply.code == 421:
            raise Throttled(f"the server closes the channel: {reply}", self.transcript.evidence())
        self._orderly = not reply.intermediate
        return reply

    async def _read_reply(self, may_change: bool, first: bytes | None) -> Reply:
        """``first`` is its first line where that has been read already."""
        code: int | None = None
        changed = False
        lines: list[str] = []
        octets = 0
        while True:
            raw = first or await self._stream.read_line(min(REPLY_LINE, REPLY_OCTETS - octets))
            first = None
            octets += len(raw)
            content = raw[:-2] if raw.endswith(b"\r\n") else raw[:-1]
            self.transcript.add(Speaker.SERVER, printable(content))
            if not raw.endswith(b"\r\n"):
                self.transcript.add(Speaker.NOTE, "that line ended with LF alone")
            parsed = _REPLY_LINE.fullmatch(content)
            if parsed is None:
                raise Malformed(f"not a reply line: {printable(content[:80])}")
            if code is not None and int(parsed[1]) != code:
                if not (may_change and code == 220 and parsed[1][:1] in b"45"):
                    raise Malformed(f"one reply with the codes {code} and {int(parsed[1])}")
                changed = True
            code = int(parsed[1])
            lines.append(printable(parsed[3] or b""))
            if parsed[2] != b"-":
                return Reply(code, tuple(lines), changed)
            if len(lines) == REPLY_LINES or octets >= REPLY_OCTETS:
                raise Malformed(f"a reply of more than {len(lines)} lines and {octets} octets")


class SMTPClient(DialogueClient):
    """Opens dialogues with SMTP servers."""

    def connect(
        self, address: str, port: int, *, host: str, implicit_tls: bool = False, first_words: bytes = b""
    ) -> AbstractAsyncContextManager[Dialogue]:
        """Open a dialogue with ``address`` and ``port`` of ``host``; the greeting is not yet read.

        ``first_words`` are said before the greeting, unless that is faster (``Dialogue.greeted_after``). With
        ``implicit_tls`` the TLS handshake comes first (RFC 8314, section 3.3). On leaving, an orderly dialogue ends
        with RSET (if a transaction is open) and QUIT; the connection is closed in every case.
        Raises Refused, TimedOut, NotObserved; with ``implicit_tls`` NotAvailable and ClosedEarly too.
        """

        def make(stream: Stream, transcript: Transcript) -> Dialogue:
            settings = self._settings
            return Dialogue(stream, transcript, settings.limits, host=host, ehlo_name=settings.ehlo_name)

        return self._open(make, address, port, host=host, implicit_tls=implicit_tls, first_words=first_words)
