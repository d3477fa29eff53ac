"""The DNS client: zone files first, then recursive resolvers, or one authoritative server asked directly.

Answers are plain records that can be written to JSON; failures are the types of :mod:`mailproof.net.errors`.
The client validates nothing itself: it reports the AD bit and says whether that bit may be believed
(RFC 4035, section 4.9.3; RFC 7672, section 2.1.1).
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dns.flags

from mailproof.net.dns.messages import MAX_ALIASES, Question, answer_from_zones, joined, read_answer
from mailproof.net.dns.names import normalise, parse_name, reverse_name, text_of
from mailproof.net.dns.records import Answer, ExtendedError, ResourceRecord
from mailproof.net.dns.wire import exchange_tcp, exchange_udp
from mailproof.net.dns.zone_files import load_zone
from mailproof.net.dns.zones import End, Zones
from mailproof.net.errors import (
    Bogus,
    LyingResolver,
    Malformed,
    NoResolver,
    NotAvailable,
    NotObserved,
    Refused,
    ServerFailure,
)
from mailproof.net.settings import DNSSECTrust, NetSettings, SocketAddress

__all__ = [
    "MAX_ALIASES",
    "Answer",
    "Authentication",
    "DNSClient",
    "ExtendedError",
    "ResourceRecord",
    "normalise",
    "reverse_name",
    "system_resolvers",
]

_BOGUS = frozenset({1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 27})
"""Extended errors of a failed validation (RFC 8914, section 4; RFC 9276): asking elsewhere would hide it."""

_UNREACHABLE = frozenset({22, 23})
"""Extended errors of servers that could not be asked: no failed validation, whatever a second question brings."""

_WITHOUT_EDNS = ("FORMERR", "NOTIMP")
"""What servers answer that do not know EDNS: they are asked again without it (RFC 6891, section 7)."""

SILENT_QUESTIONS = 3
"""Different questions that go unanswered, each as often as it is tried, before the resolvers are given up for good."""


@dataclass(frozen=True)
class Authentication:
    """Whether the AD bit of the resolvers may be believed, and why (not), in one sentence."""

    believed: bool
    reason: str


def system_resolvers(path: Path = Path("/etc/resolv.conf")) -> tuple[SocketAddress, ...]:
    """The operating system's resolvers, at most three; this machine where there are none (resolv.conf(5))."""
    found: list[SocketAddress] = []
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        match line.split():
            case ["nameserver", address, *_] if _is_address(address):
                found.append(SocketAddress(address, 53))
    return tuple(found[:3]) or (SocketAddress("127.0.0.1", 53),)


class DNSClient:
    """Asks DNS questions within the limits of ``settings``, each distinct one once in the client's life.

    Must be used from one event loop, and closed there (or used with ``async with``). Raises ValueError at
    once when a zone file is not usable. ``questions`` counts the messages sent, by server before the connect
    map (``address:port``).
    """

    def __init__(self, settings: NetSettings) -> None:
        self._settings = settings
        self._zones = Zones(load_zone(name, path) for name, path in settings.zone_files.items())
        self._resolvers = settings.resolvers or system_resolvers()
        self._slots = asyncio.Semaphore(settings.limits.questions)
        self._outcomes: dict[Hashable, Answer | NotObserved] = {}
        self._flights: dict[Hashable, _Flight] = {}
        self._closed = False
        self._unanswered: Counter[Question] = Counter()
        """Tries at the resolvers that nothing came of; they do not count once a resolver has answered."""
        self._heard = False
        """Whether a resolver has answered anything."""
        self._truthful: bool | None = None
        """Whether the resolvers know the root; None while nobody had to ask."""
        self._denial: tuple[str, ...] = ()
        self._root: asyncio.Task[bool] | None = None
        """Asks for the root, where nothing has been answered so far."""
        self.questions: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the questions under way; whoever waits for one gets NotAvailable, and so do later questions."""
        self._closed = True
        tasks: list[asyncio.Task[Any]] = [flight.task for flight in self._flights.values()]
        if self._root is not None:
            tasks.append(self._root)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._flights.clear()

    async def resolve(self, name: str, type: str, *, checking_disabled: bool = False) -> Answer:
        """The answer to a question about the public (or proposed) DNS: NOERROR or NXDOMAIN.

        Raises what :meth:`question` raises, Bogus for an answer that does not validate, and ServerFailure for every
        other rcode.
        """
        answer = await self.question(name, type, checking_disabled=checking_disabled)
        if answer.rcode in ("NOERROR", "NXDOMAIN"):
            return answer
        detail = "; ".join(str(error) for error in answer.extended_errors)
        unchecked = None if checking_disabled else await self.unchecked(answer)
        if unchecked is not None:
            raise Bogus(
                f"{answer.name} {answer.type} does not validate: SERVFAIL with validation, {unchecked.rcode} without"
                + (f" ({detail})" if detail else ""),
                (*answer.evidence(), *unchecked.evidence()),
            )
        raise ServerFailure(
            f"{answer.server} answered {answer.rcode} for {answer.name} {answer.type}"
            + (f" ({detail})" if detail else ""),
            answer.evidence(),
        )

    async def unchecked(self, answer: Answer) -> Answer | None:
        """What a resolver that answered SERVFAIL says without validation (CD, RFC 4035, section 3.2.2).

        None where the failure has nothing to do with validation, as far as that can be told.
        """
        codes = {error.code for error in answer.extended_errors}
        if answer.rcode != "SERVFAIL" or (codes & _UNREACHABLE and not codes & _BOGUS):
            return None
        try:
            unchecked = await self.question(answer.name, answer.type, checking_disabled=True)
        except NotObserved:
            return None
        return unchecked if unchecked.rcode in ("NOERROR", "NXDOMAIN") else None

    async def question(self, name: str, type: str, *, checking_disabled: bool = False) -> Answer:
        """As :meth:`resolve`, with any rcode as an answer. ``checking_disabled`` sets CD (RFC 4035, 3.2.2).

        The zone files answer for the names they hold. Resolvers are asked in order, ``limits.dns`` seconds
        each, ``limits.dns_tries`` times in total; one that refuses costs no try. Raises TimedOut, Refused,
        ClosedEarly, Malformed (also for a ``name`` that is none and for alias loops), LyingResolver if the resolver
        denies the root as well, and ValueError if ``type`` is not a record type.
        """
        asked = Question.make(name, type, recurse=True, checking_disabled=checking_disabled)
        return await self._shared(asked, lambda: self._through_layers(asked, 0))

    async def ask(
        self,
        server: str,
        name: str,
        type: str,
        *,
        port: int = 53,
        tcp: bool = False,
        recurse: bool = False,
        dnssec: bool = True,
        host: str | None = None,
    ) -> Answer:
        """Put a question to the server at the numeric address ``server``, any rcode being an answer.

        ``host`` is the server's name, for the connect map; ``dnssec`` sets DO. Raises what :meth:`question`
        raises, and NotObserved if the address is not numeric.
        """
        asked = Question.make(name, type, recurse=recurse, dnssec=dnssec)
        peer = _Server(SocketAddress(server, port), self._settings.destination(server, port, host), tcp)
        return await self._shared((asked, peer), lambda: self._through([peer], asked))

    async def authentication(self) -> Authentication:
        """Whether ``Answer.authenticated`` of resolved names may be believed, by ``settings.trust``.

        Every resolver has to be trusted, and has to show that it validates by setting AD for the signed root.
        """
        trust = self._settings.trust
        if trust is DNSSECTrust.NONE:
            return Authentication(False, "The settings trust no resolver's AD bit.")
        for resolver in self._resolvers:
            real = self._settings.destination(resolver.address, resolver.port)
            if trust is DNSSECTrust.LOOPBACK and not _is_loopback(real.address):
                return Authentication(
                    False, f"Resolver {resolver} is not on this machine, so its AD bit crosses a network."
                )
            try:
                root = await self.ask(resolver.address, ".", "SOA", port=resolver.port, recurse=True)
            except NotObserved as error:
                return Authentication(False, f"Resolver {resolver} did not answer for the root: {error.reason}.")
            if not (root.exists and root.authenticated):
                return Authentication(False, f"Resolver {resolver} does not validate: no AD bit for the root.")
        names = ", ".join(str(resolver) for resolver in self._resolvers)
        place = "on this machine" if trust is DNSSECTrust.LOOPBACK else "trusted by the settings"
        return Authentication(True, f"Every resolver ({names}) is {place} and validates the signed root.")

    async def root_signature(self) -> tuple[str, str] | None:
        """When the signature of the root's SOA record begins and ends (ISO 8601), as the resolvers give it.

        None where the root is not signed or nobody answers. The signature comes with the proof that the root has no TXT
        record; validation is left out (CD), since a resolver on this machine would go by the same clock.
        """
        try:
            answer = await self.resolve(".", "TXT", checking_disabled=True)
        except NotObserved:
            return None
        for record in answer.authority:
            fields = record.data.split()
            if record.type == "RRSIG" and fields[:1] == ["SOA"]:
                return _signature_time(fields[5]), _signature_time(fields[4])
        return None

    def forget_failures(self) -> None:
        """Ask again what could not be answered, the next time that somebody wants to know."""
        self._outcomes = {key: outcome for key, outcome in self._outcomes.items() if isinstance(outcome, Answer)}
        self._root = None
        self._truthful = None

    async def _shared(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """The outcome of ``work``, done once per ``key``: cached, or shared with those who wait for it."""
        outcome = self._outcomes.get(key)
        if outcome is None:
            if self._closed:
                raise NotAvailable("the DNS client is closed")
            flight = self._flights.get(key)
            if flight is None:
                flight = _Flight(asyncio.create_task(self._fly(key, work)))
                self._flights[key] = flight
            outcome = await self._landing(key, flight)
        if isinstance(outcome, NotObserved):
            raise type(outcome)(outcome.reason, outcome.evidence)
        return outcome

    async def _landing(self, key: Hashable, flight: _Flight) -> Answer | NotObserved:
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            if self._closed and flight.task.cancelled():
                raise NotAvailable("the DNS client was closed while it waited for an answer") from None
            raise
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                flight.task.cancel()
                if self._flights.get(key) is flight:
                    del self._flights[key]

    async def _fly(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer | NotObserved:
        outcome: Answer | NotObserved
        try:
            outcome = await work()
        except NotObserved as error:
            outcome = error.with_traceback(None)
        finally:
            flight = self._flights.get(key)
            if flight is not None and flight.task is asyncio.current_task():
                del self._flights[key]
        self._outcomes[key] = outcome
        return outcome

    async def _through_layers(self, asked: Question, links: int) -> Answer:
        """Answer from the zone files where they hold the name, else from the resolvers, across aliases."""
        if links > MAX_ALIASES:
            raise Malformed(f"more than {MAX_ALIASES} aliases lead on from {text_of(asked.name)}")
        if self._zones.find(asked.name) is None:
            answer = await self._through(self._recursive(), asked)
            if not answer.records and answer.rcode in ("NOERROR", "NXDOMAIN"):
                await self._check_for_lies(answer)
            for count, alias in enumerate(answer.aliases, start=1):
                target = parse_name(alias)
                if self._zones.find(target) is not None:
                    rest = await self._through_layers(asked.at(target), links + count)
                    return joined(answer.name, answer.aliases[:count], rest)
            return answer
        lookup = self._zones.lookup(asked.name, asked.type, dnssec=True)
        if lookup.end not in (End.OUTSIDE, End.REFERRAL, End.PARENT_SIDE):
            return answer_from_zones(asked, lookup)
        here = answer_from_zones(asked, replace(lookup, authority=[], additional=[]))
        onwards = asked.at(lookup.name)
        if lookup.end is End.OUTSIDE:
            rest = await self._through_layers(onwards, links + len(here.aliases))
        else:
            rest = await self._through(self._recursive(), onwards)
        return joined(here.name, here.aliases, rest)

    async def _check_for_lies(self, answer: Answer) -> None:
        """Raises LyingResolver if the resolver that found nothing does not find the root either."""
        if self._truthful is None:
            asked = Question.make(".", "NS", recurse=True)
            try:
                root = await self._shared(("root", asked), lambda: self._through(self._recursive(), asked))
            except NotObserved:
                return
            self._truthful = root.exists or root.rcode not in ("NOERROR", "NXDOMAIN")
            self._denial = root.evidence()
        if not self._truthful:
            raise LyingResolver(
                f"the resolver lies: it says of every name that there is none, of the root as well ({answer.server})",
                self._denial,
            )

    def _recursive(self) -> list[_Server]:
        destination = self._settings.destination
        return [_Server(one, destination(one.address, one.port), False) for one in self._resolvers]

    async def _through(self, servers: Sequence[_Server], asked: Question) -> Answer:
        """The first answer of ``servers`` that says something about the name; else what they failed with."""
        live = deque(servers)
        tries = self._settings.limits.dns_tries
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
                if conclusive or any(error.code in _BOGUS for error in answer.extended_errors):
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

    async def _exchange(self, server: _Server, asked: Question) -> Answer:
        """One try: over TCP if the answer is truncated (RFC 7766, section 5), without EDNS if it is not known."""
        if not _is_address(server.real.address):
            raise NotObserved(f"{server.real.address!r} is not a numeric address")
        async with self._slots:
            if asked.recurse and self._resolvers_seem_dead and not await self._some_resolver_answers():
                names = ", ".join(map(str, self._resolvers))
                raise NoResolver(f"no resolver answers ({names}): nothing can be looked up from here")
            answer = await self._send(server, asked)
            if answer.rcode in _WITHOUT_EDNS and asked.edns and not answer.edns:
                return await self._send(server, replace(asked, edns=False))
            return answer

    async def _send(self, server: _Server, asked: Question) -> Answer:
        id_ = secrets.randbits(16)
        wire = asked.wire(id_)
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = started + self._settings.limits.dns
        tcp = server.tcp
        try:
            if not tcp:
                self.questions[str(server.wanted)] += 1
                reply = await exchange_udp(wire, server.real, deadline)
                tcp = bool(int.from_bytes(reply[2:4], "big") & dns.flags.TC)
                self._heard = self._heard or asked.recurse
            if tcp:
                self.questions[str(server.wanted)] += 1
                reply = await exchange_tcp(wire, server.real, deadline)
        except NotObserved:
            self._unanswered[asked] += asked.recurse
            raise
        seconds = loop.time() - started
        return read_answer(reply, id_, asked, str(server.wanted), "tcp" if tcp else "udp", seconds)

    @property
    def _resolvers_seem_dead(self) -> bool:
        """Whether many tries at different questions have been in vain, and none has ever been answered."""
        if self._heard or len(self._unanswered) < SILENT_QUESTIONS:
            return False
        return self._unanswered.total() >= SILENT_QUESTIONS * self._settings.limits.dns_tries

    async def _some_resolver_answers(self) -> bool:
        """Whether a resolver says anything about the root.

        Names whose own servers are silent prove nothing: many resolvers are silent then, too.
        """
        if self._root is None:
            self._root = asyncio.create_task(self._ask_for_the_root())
        return await asyncio.shield(self._root)

    async def _ask_for_the_root(self) -> bool:
        wire = Question.make(".", "NS", recurse=True).wire(secrets.randbits(16))
        for server in self._recursive():
            self.questions[str(server.wanted)] += 1
            try:
                await exchange_udp(wire, server.real, asyncio.get_running_loop().time() + self._settings.limits.dns)
            except NotObserved:
                continue
            self._heard = True
            return True
        return False


@dataclass
class _Flight:
    """A question under way and how many wait for it."""

    task: asyncio.Task[Answer | NotObserved]
    waiters: int = 0


@dataclass(frozen=True)
class _Server:
    wanted: SocketAddress
    real: SocketAddress
    tcp: bool


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _signature_time(text: str) -> str:
    """A time as RRSIG records write it (RFC 4034, section 3.2), in ISO 8601."""
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC).isoformat()


def _is_loopback(address: str) -> bool:
    return _is_address(address) and ipaddress.ip_address(address).is_loopback
