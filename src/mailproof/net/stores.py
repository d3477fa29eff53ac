"""Dialogues with mail stores: IMAP (RFC 9051), POP3 (RFC 1939) and ManageSieve (RFC 5804), up to where users log in.

A reply is what the server said; whether it should have said so is not judged here.
"""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from mailproof.net.dialogue import POLITE, DialogueClient, StreamDialogue
from mailproof.net.errors import ClosedEarly, Malformed, NotObserved
from mailproof.net.services import IMAP, POP3, SIEVE
from mailproof.net.settings import Limits
from mailproof.net.stream import Stream, deadline
from mailproof.net.text import printable
from mailproof.net.transcript import Speaker, Transcript

LINE = 8 * 1024
"""Octets of one line. Capabilities of real servers take less than 1024."""
LINES = 100


@dataclass(frozen=True)
class StoreReply:
    """A reply: whether the server says yes, and its lines as they came. Control characters are escaped."""

    ok: bool
    lines: tuple[str, ...]

    @property
    def last(self) -> str:
        return self.lines[-1] if self.lines else ""

    def __str__(self) -> str:
        return self.last


@dataclass(frozen=True)
class Language:
    """The words of one protocol for what all of them have."""

    name: str
    yes: str
    """A reply that begins so is a yes. In IMAP the tag stands before it."""
    ends: re.Pattern[str]
    """How the last line of a reply begins."""
    capability: str
    starttls: str
    stranger: str
    """A command that the server answers with a no, or by its tag."""
    farewell: str
    tagged: bool = False


IMAP_WORDS = Language(
    IMAP.name, "OK", re.compile(r"a[0-9]+ |\* BYE", re.IGNORECASE), "CAPABILITY", "STARTTLS", "NOOP", "LOGOUT", True
)
POP3_WORDS = Language(POP3.name, "+OK", re.compile(r"\+OK|-ERR", re.IGNORECASE), "CAPA", "STLS", "XINJECTED", "QUIT")
SIEVE_WORDS = Language(
    SIEVE.name, "OK", re.compile(r"(?:OK|NO|BYE)\b", re.IGNORECASE), "CAPABILITY", "STARTTLS", "XINJECTED", "LOGOUT"
)
LANGUAGES = {language.name: language for language in (IMAP_WORDS, POP3_WORDS, SIEVE_WORDS)}
"""By the name of the service."""

INJECTED_TAG = "a0"
"""No command of ours has it."""


class StoreDialogue(StreamDialogue):
    """A dialogue with one store. What prevents a reply from being heard is a NotObserved with the transcript."""

    def __init__(self, stream: Stream, transcript: Transcript, limits: Limits, host: str, language: Language) -> None:
        super().__init__(stream, transcript, limits, host)
        self.language = language
        self._number = 0

    async def greeting(self) -> StoreReply:
        """What the server opens with: one line, of ManageSieve its capabilities."""
        if self.language is IMAP_WORDS:
            with self._evidence():
                async with deadline(self._limits.greeting, "no complete greeting"):
                    line = await self._line()
            reply = StoreReply(line.upper().startswith(("* OK", "* PREAUTH")), (line,))
        else:
            reply = await self._hear(self._limits.greeting, "no complete greeting")
        self._orderly = reply.ok
        return reply

    async def command(self, words: str) -> StoreReply:
        """Say one command and return the reply. Raises ValueError for CR or LF in it."""
        if "\r" in words or "\n" in words:
            raise ValueError("a command is one line: it cannot hold CR or LF")
        await self._say(words)
        reply = await self._hear(self._limits.reply, "no complete reply")
        if self.language is POP3_WORDS and words == POP3_WORDS.capability and reply.ok:
            reply = StoreReply(True, (*reply.lines, *await self._list()))
        self._orderly = True
        return reply

    async def capabilities(self) -> StoreReply:
        """What the server says that it can do."""
        return await self.command(self.language.capability)

    async def starttls(self, injected: bool = False) -> StoreReply:
        """Ask for TLS; ``injected`` sends one more command in the same write, which the server must forget."""
        tag = f"{INJECTED_TAG} " if self.language.tagged else ""
        await self._say(self.language.starttls, f"{tag}{self.language.stranger}" if injected else "")
        reply = await self._hear(self._limits.reply, "no reply to STARTTLS")
        self._orderly = not reply.ok and not injected
        return reply

    async def capabilities_in_tls(self) -> StoreReply:
        """What the server says that it can do inside TLS. ManageSieve says it unasked (RFC 5804, section 2.2)."""
        if self.language is SIEVE_WORDS:
            reply = await self._hear(self._limits.reply, "no capabilities inside TLS")
            self._orderly = True
            return reply
        return await self.capabilities()

    async def answer_to_injected(self) -> str:
        """The reply that comes inside TLS to the command that was sent in clear; empty where none comes.

        IMAP's has the tag of the command. In the other protocols it is a no before the yes to the farewell, which has
        one reply: where two come, the first of them is for the other command.
        """
        if self.language is SIEVE_WORDS:
            await self._hear(self._limits.reply, "no capabilities inside TLS")
        await self._say(self.language.farewell)
        if not self.language.tagged:
            first = await self._hear(self._limits.reply, "no reply to the farewell")
            if first.ok:
                return ""
            try:
                await self._hear(self._limits.reply, "no second reply")
            except ClosedEarly:
                return ""
            return str(first)
        with self._evidence():
            async with deadline(self._limits.reply, "no reply to the farewell"):
                for _ in range(LINES):
                    line = await self._line()
                    if line.startswith(f"{INJECTED_TAG} "):
                        return line
                    if line.startswith(f"a{self._number} "):
                        return ""
        raise Malformed(f"more than {LINES} lines instead of a reply", self.transcript.evidence())

    async def farewell(self) -> None:
        """End the dialogue as a client does, if it is in order. Never raises NotObserved."""
        if not self._orderly:
            return
        self._orderly = False
        try:
            async with deadline(POLITE, "no farewell"):
                await self._say(self.language.farewell)
                await self._hear(POLITE, "no farewell")
        except NotObserved as failure:
            self.transcript.add(Speaker.NOTE, f"no orderly farewell: {failure.reason}")

    async def _say(self, words: str, injected: str = "") -> None:
        self._orderly = False
        self._number += 1
        line = f"a{self._number} {words}" if self.language.tagged else words
        written = f"{line}\r\n{injected}\r\n" if injected else f"{line}\r\n"
        for said in filter(None, (line, injected)):
            self.transcript.add(Speaker.CLIENT, said)
        with self._evidence():
            self._stream.write(written.encode())
            await self._stream.drain(self._limits.reply)

    async def _hear(self, seconds: float, what: str) -> StoreReply:
        lines: list[str] = []
        with self._evidence():
            async with deadline(seconds, what):
                while len(lines) < LINES:
                    lines.append(await self._line())
                    if self.language.ends.match(lines[-1]):
                        if self.language.tagged and not lines[-1].lower().startswith((f"a{self._number} ", "* bye")):
                            raise Malformed(f"a reply with the tag of another command: {lines[-1][:80]}")
                        last = lines[-1].partition(" ")[2] if self.language.tagged else lines[-1]
                        return StoreReply(last.upper().startswith(self.language.yes), tuple(lines))
                raise Malformed(f"more than {LINES} lines instead of a reply")

    async def _list(self) -> tuple[str, ...]:
        """The lines of a POP3 list, the dot at its end included."""
        lines: list[str] = []
        with self._evidence():
            async with deadline(self._limits.reply, "no end of the list"):
                while len(lines) < LINES:
                    lines.append(await self._line())
                    if lines[-1] == ".":
                        return tuple(lines)
                raise Malformed(f"a list of more than {LINES} lines")

    async def _line(self) -> str:
        line = printable((await self._stream.read_line(LINE)).rstrip(b"\r\n"))
        self.transcript.add(Speaker.SERVER, line)
        return line


class StoreClient(DialogueClient):
    """Opens dialogues with stores."""

    def connect(
        self, address: str, port: int, *, host: str, service: str, implicit_tls: bool = False
    ) -> AbstractAsyncContextManager[StoreDialogue]:
        """Open a dialogue in the protocol of ``service``; the greeting is not yet read.

        Raises Refused, TimedOut, NotObserved; with ``implicit_tls`` NotAvailable and ClosedEarly too.
        """

        def make(stream: Stream, transcript: Transcript) -> StoreDialogue:
            return StoreDialogue(stream, transcript, self._settings.limits, host, LANGUAGES[service])

        return self._open(make, address, port, host=host, implicit_tls=implicit_tls)
