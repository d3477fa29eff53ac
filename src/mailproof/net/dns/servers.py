"""Servers that are asked: in order, over UDP and TCP, within the limits; and whether the resolvers are there at all."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from mailproof.net.dns.messages import TC, Question, read_answer
from mailproof.net.dns.names import text_of
from mailproof.net.dns.records import Answer
from mailproof.net.dns.wire import exchange_tcp, exchange_udp, exchange_with_any
from mailproof.net.errors import NoResolver, NotObserved, Refused
from mailproof.net.settings import NetSettings, SocketAddress

BOGUS = frozenset({1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 27})
"""Extended errors of a failed validation (RFC 8914, section 4; RFC 9276): asking elsewhere would hide it."""

_WITHOUT_EDNS = ("FORMERR", "NOTIMP")
"""What servers answer that do not know EDNS: they are asked again without it (RFC 6891, section 7)."""

SILENT_QUESTIONS = 3
"""Different questions that go unanswered, each as often as it is tried, before the resolvers are given up for good."""


@dataclass(frozen=True)
class Server:
    """A server as it is wanted, and where the connect map leads to."""

    wanted: SocketAddress
    real: SocketAddress
    tcp: bool


class Servers:
    """Puts questions to servers. ``questions`` counts the messages sent, by server before the connect map."""

    def __init__(self, settings: NetSettings, resolvers: Sequence[SocketAddress]) -> None:
        self._settings = settings
        self._limits = settings.limits
        self._slots = asyncio.Semaphore(settings.limits.questions)
        self.resolvers = tuple(resolvers)
        self.recursive = [Server(one, settings.real_place(one.address, one.port), False) for one in resolvers]
        self._asked: dict[tuple[str, int, str | None, bool], Server] = {}
        self.questions: Counter[str] = Counter()
        self._unanswered: Counter[Question] = Counter()
        """Tries at the resolvers that got no answer; they do not count once a resolver has answered."""
        self._heard = False
        """Whether a resolver has answered anything."""
        self._root: asyncio.Task[bool] | None = None
        """Asks for the root, where nothing has been answered so far."""

    async def close(self) -> None:
        """End the question for the root."""
        if self._root is not None:
            self._root.cancel()
            await asyncio.gather(self._root, return_exceptions=True)

    def forget_failures(self) -> None:
        """Find out again whether the resolvers are there."""
        self._root = None

    def at(self, address: str, port: int, host: str | None, *, tcp: bool) -> Server:
        """The server at an address, one object for all questions to it, which are remembered with it.

        Raises NotFollowed for one that is never contacted, and Refused for one that an offline world does not hold.
        """
        key = (address, port, host, tcp)
        if key not in self._asked:
            real = self._settings.destination(address, port, host)
            self._asked[key] = Server(SocketAddress(address, port), real, tcp)
        return self._asked[key]

    async def ask(self, servers: Sequence[Server], asked: Question) -> Answer:
        """The first answer of ``servers`` that says something about the name; else what they failed with."""
        live = deque(servers)
        tries = self._limits.dns_tries
        unhelpful: Answer | None = None
        failure: NotObserved = Refused("no server to ask")
        trail: list[str] = []
        while live and tries > 0:
            server = live[0]
            try:
                answer = await self._exchange(server, asked)
            except NoResolver:
                raise
            except Refused as error:
                live.popleft()
                trail.append(error.reason)
                if isinstance(failure, Refused):
                    failure = error
            except NotObserved as error:
                live.rotate(-1)
                tries -= 1
                trail.append(error.reason)
                failure = error
            else:
                conclusive = answer.rcode in ("NOERROR", "NXDOMAIN")
                if conclusive or any(error.code in BOGUS for error in answer.extended_errors):
                    return answer
                unhelpful = answer
                if answer.rcode == "SERVFAIL":
                    live.rotate(-1)
                    tries -= 1
                else:
                    live.popleft()
        if unhelpful is not None:
            return unhelpful
        raise type(failure)(f"{text_of(asked.name)} {asked.type_text}: {failure.reason}", tuple(trail))

    async def _exchange(self, server: Server, asked: Question) -> Answer:
        """One try: over TCP if the answer is truncated (RFC 7766, section 5), without EDNS if it is not known."""
        if not is_numeric(server.real.address):
            raise NotObserved(f"{server.real.address!r} is not a numeric address")
        async with self._slots:
            if self._is_resolver(server) and self._resolvers_seem_dead and not await self._some_resolver_answers():
                names = ", ".join(map(str, self.resolvers))
                raise NoResolver(f"no resolver answers ({names}): nothing can be looked up from here")
            answer = await self._send(server, asked)
            if answer.rcode in _WITHOUT_EDNS and asked.edns and not answer.edns and not asked.form.tries_edns:
                return await self._send(server, replace(asked, edns=False))
            return answer

    async def _send(self, server: Server, asked: Question) -> Answer:
        id_ = secrets.randbits(16)
        wire = asked.wire(id_)
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = started + self._limits.dns
        tcp = server.tcp
        source = ""
        try:
            if not tcp:
                self.questions[str(server.wanted)] += 1
                if asked.form.any_source:
                    reply, source = await exchange_with_any(wire, server.real, deadline)
                else:
                    reply = await exchange_udp(wire, server.real, deadline)
                tcp = bool(int.from_bytes(reply[2:4], "big") & TC)
                self._heard = self._heard or self._is_resolver(server)
            if tcp:
                self.questions[str(server.wanted)] += 1
                reply = await exchange_tcp(wire, server.real, deadline)
        except NotObserved:
            self._unanswered[asked] += self._is_resolver(server)
            raise
        seconds = loop.time() - started
        truncated = tcp and not server.tcp
        protocol = "tcp" if tcp else "udp"
        answer = read_answer(reply, id_, asked, str(server.wanted), protocol, seconds, truncated=truncated)
        if source and answer.envelope:
            return replace(answer, envelope=replace(answer.envelope, source=source))
        return answer

    def _is_resolver(self, server: Server) -> bool:
        return server.wanted in self.resolvers

    @property
    def _resolvers_seem_dead(self) -> bool:
        """Whether many tries at different questions have been in vain, and none has ever been answered."""
        if self._heard or len(self._unanswered) < SILENT_QUESTIONS:
            return False
        return self._unanswered.total() >= SILENT_QUESTIONS * self._limits.dns_tries

    async def _some_resolver_answers(self) -> bool:
        """Whether a resolver says anything about the root.

        Names whose own servers are silent prove nothing: many resolvers are silent then, too.
        """
        if self._root is None:
            self._root = asyncio.create_task(self._ask_for_the_root())
        return await asyncio.shield(self._root)

    async def _ask_for_the_root(self) -> bool:
        wire = Question.make(".", "NS", recurse=True).wire(secrets.randbits(16))
        for server in self.recursive:
            self.questions[str(server.wanted)] += 1
            try:
                await exchange_udp(wire, server.real, asyncio.get_running_loop().time() + self._limits.dns)
            except NotObserved:
                continue
            self._heard = True
            return True
        return False


@lru_cache(maxsize=4096)
def is_numeric(address: str) -> bool:
    """Whether it is an IP address, and no name."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True
