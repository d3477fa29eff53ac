"""An interview: hellos to one server, each on a connection of its own, and what its answers are worth.

A ServerHello is acceptance, whatever follows. An alert is a refusal. A server that hangs up without a word, or says
that it has an internal error, refuses a hello only if it does so twice, and answers another hello in between: until
then something broke. One that has refused a hello in this way is believed the next time at once, if it answers another
hello afterwards, and as long as no hello shows that it also hangs up on what it takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mailproof.net.errors import BoundReached, ClosedEarly, Malformed, NotObserved, Throttled, TimedOut
from mailproof.net.hosts import Hosts
from mailproof.net.settings import NetSettings
from mailproof.net.stream import Stream, deadline
from mailproof.net.text import printable
from mailproof.net.tls.connection import TLSPeer, at_hello
from mailproof.net.tls.flight import CLEAR_NOT_NOW, INTERNAL_ERROR, Flight, alert_name
from mailproof.net.tls.groups import SCHEMES, TLS13_GROUPS
from mailproof.net.tls.hello import ClientHello
from mailproof.net.tls.suites import TLS13_SUITES, USUAL_SUITES
from mailproof.net.tls.versions import TLSVersion

_CHUNK = 16 * 1024

SEGMENT = 1200
"""Octets of a hello that are sent at once. What is longer would be cut on its way, and is cut here."""

_BETWEEN_SEGMENTS = 0.02
"""Seconds, so that they are not put together again."""

_GOODBYE = b"\x15\x03\x01\x00\x02\x01\x00"
"""The alert close_notify: the server need not wait for the rest of the handshake."""


AS_CLIENTS_DO = ClientHello(
    TLSVersion.TLS1_3, (*TLS13_SUITES[:3], *USUAL_SUITES), TLS13_GROUPS[3:8], SCHEMES[:15], share=True, older=True
)
"""What clients usually offer."""


class HungUp(ClosedEarly):
    """The server hung up on a hello without a word, for the first time: whether that is its answer shows later."""


class SaysNothing(ClosedEarly):
    """The server hangs up on every hello, on usual ones too: it has shown no sign that it is there."""


@dataclass(frozen=True)
class Answer:
    """What a server makes of a hello. ``error`` is how it declines; None where it agrees to the version offered."""

    flight: Flight
    error: str | None

    @property
    def accepted(self) -> bool:
        return self.error is None

    @property
    def broken(self) -> bool:
        """Whether the server broke off without an alert that says what it declines."""
        return _is_broken(self.flight)


class Interview:
    """Asks one endpoint, and remembers every answer: the same hello is not sent again.

    ``connections`` are those that were opened; ``most`` is how many it may open.
    """

    def __init__(
        self, settings: NetSettings, hosts: Hosts, endpoint: TLSPeer, most: int, *, spoken: bool = False
    ) -> None:
        self._spoken = spoken
        self.connections = 0
        self.endpoint = endpoint
        self._settings = settings
        self._hosts = hosts
        self._most = most
        self._answers: dict[ClientHello, Answer] = {}
        self._failed: dict[ClientHello, NotObserved] = {}
        self._hung_up: dict[ClientHello, tuple[int, str]] = {}
        """At which connection a hello was left without a word, and how."""
        self._refuses_by: set[str] = set()
        """How the server is known to refuse, besides alerts."""
        self._hangs_up_by_chance = False
        """It has answered a hello on which it had hung up."""
        self._last_answer = 0
        """At which connection the server has last shown that it is there."""
        self._another = replace(AS_CLIENTS_DO, host=endpoint.host)
        """A hello that the server has answered; until there is one, what clients usually offer."""

    def allow(self, more: int) -> None:
        """Let so many further connections be opened, and what failed be tried again."""
        self._most += more
        self._failed.clear()

    def forget(self, hello: ClientHello) -> None:
        """Let a hello that failed be asked again."""
        self._failed.pop(hello, None)

    @property
    def has_answers(self) -> bool:
        return bool(self._answers)

    def known(self, hello: ClientHello) -> Answer | None:
        """The answer to a hello that has been asked already."""
        return self._answers.get(hello)

    def has_asked(self, hello: ClientHello) -> bool:
        """Whether the hello has been sent, and was answered or hung up on."""
        return hello in self._answers or hello in self._hung_up

    def knows_accepted(self, hello: ClientHello) -> bool:
        """Whether the server has agreed to ``hello``."""
        return hello in self._answers and self._answers[hello].accepted

    @property
    def seen(self) -> Iterator[tuple[ClientHello, Flight]]:
        """All hellos so far with their answers, each from a connection of its own, in the order of asking."""
        return ((hello, answer.flight) for hello, answer in self._answers.items())

    async def ask(self, hello: ClientHello, *, surely: bool = False) -> Answer:
        """The answer to a hello. ``surely``: hanging up counts only if it comes twice, from whatever server.

        Raises HungUp where the server hangs up: whoever asks for the hello again later learns whether that is its
        answer. Raises SaysNothing where it hangs up on every hello, BoundReached when all connections are used,
        Throttled for 421 or another 4yz in clear, TimedOut, Malformed, and what ``at_hello`` raises.
        """
        if hello in self._failed:
            raise self._failed[hello]
        if hello not in self._answers:
            try:
                await self._ask(hello, surely=surely)
            except HungUp:
                raise
            except NotObserved as failure:
                self._failed[hello] = failure
                raise
        return self._answers[hello]

    async def _ask(self, hello: ClientHello, *, surely: bool) -> None:
        before, how = self._hung_up.get(hello, (None, ""))
        if before is not None and self._last_answer <= before:
            await self._ask_another()
        if how in self._refuses_by and not surely and not self._hangs_up_by_chance:
            self._answers[hello] = Answer(Flight(), how)
            return
        flight = await self._send(hello)
        if not _is_broken(flight):
            self._hangs_up_by_chance |= before is not None
            self._last_answer, self._another = self.connections, hello
            self._answers[hello] = Answer(flight, _why_not(hello.version, flight))
        elif before is not None:
            self._refuses_by.add(_why_broken(flight))
            self._answers[hello] = Answer(flight, _why_broken(flight))
        else:
            self._hung_up[hello] = self.connections, _why_broken(flight)
            raise HungUp(f"{_why_broken(flight)} on the TLS hello")

    async def _ask_another(self) -> None:
        """Ask another hello, and nothing new. Raises SaysNothing where that has no answer either."""
        known = self._spoken or self._another in self._answers
        flight = await self._send(self._another)
        if known and _is_broken(flight):
            raise SaysNothing(f"{_why_broken(flight)} on a usual TLS hello, though it has spoken TLS before")
        # A server that agrees to STARTTLS is there, and says that TLS may begin: what fails is the handshake.
        if flight.empty and self.endpoint.starttls is None:
            raise SaysNothing("the server closes the connection on every TLS hello, whatever it offers")
        self._last_answer = self.connections

    async def _send(self, hello: ClientHello) -> Flight:
        """Send a hello on a connection of its own, and read the answer as far as it comes in clear."""
        if self.connections >= self._most:
            raise BoundReached(f"{self._most} connections with TLS hellos, all that one endpoint gets")
        self.connections += 1
        try:
            return await self._send_now(hello)
        except BoundReached:
            self.connections -= 1  # of the run: there was none
            raise

    async def _send_now(self, hello: ClientHello) -> Flight:
        async with at_hello(self._settings, self._hosts, self.endpoint) as stream:
            octets = hello.encode()
            stream.write(octets[:SEGMENT])
            if octets[SEGMENT:]:
                await asyncio.sleep(_BETWEEN_SEGMENTS)
                stream.write(octets[SEGMENT:])
            flight = Flight()
            try:
                async with deadline(self._settings.limits.tls, "no end of the TLS handshake"):
                    await _read(stream, flight)
            except (TimedOut, Malformed):
                if flight.hello is None:
                    raise  # otherwise it has agreed to a version, and what it does then is its own affair
            if flight.text is not None and CLEAR_NOT_NOW.match(flight.text):
                raise Throttled(_said(flight.text))
            if not flight.empty:
                stream.write(_GOODBYE)
        return flight


async def _read(stream: Stream, flight: Flight) -> None:
    """Feed ``flight`` until it is complete or the connection ends. Raises Malformed."""
    while not flight.complete:
        data = await stream.read_some(_CHUNK)
        if not data:
            flight.end()
            return
        flight.feed(data)


def _is_broken(flight: Flight) -> bool:
    """Whether the end of the connection may have nothing to do with the hello."""
    return flight.empty or (flight.hello is None and flight.alert == INTERNAL_ERROR)


def _why_broken(flight: Flight) -> str:
    return "the server closed the connection" if flight.empty else f"the server sent the {alert_name(INTERNAL_ERROR)}"


def _why_not(version: TLSVersion, flight: Flight) -> str | None:
    """How the server declines ``version``; None where it agrees."""
    if flight.hello is not None:
        return None if flight.hello.version is version else f"the server answers with {flight.hello.version}"
    if flight.alert is not None:
        return alert_name(flight.alert)
    return _said(flight.text or b"")


def _said(text: bytes) -> str:
    return f"the server says in clear: {printable(text[:200])}"
