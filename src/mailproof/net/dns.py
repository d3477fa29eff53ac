"""The DNS client: zone files first, then recursive resolvers, or one authoritative server asked directly.

Answers are plain records that can be written to JSON; failures are the types of :mod:`mailproof.net.errors`.
The client validates nothing itself: it reports the AD bit and says whether that bit may be believed
(RFC 4035, section 4.9.3; RFC 7672, section 2.1.1).
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import struct
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.txtbase
import dns.rrset
from dns.rdatatype import RdataType

from mailproof.net.dns_wire import exchange_tcp, exchange_udp
from mailproof.net.errors import Malformed, NoResolver, NotAvailable, NotObserved, Refused, ServerFailure
from mailproof.net.settings import DNSSECTrust, NetSettings, SocketAddress
from mailproof.net.zones import PAYLOAD, End, Lookup, Zones, load_zone

MAX_ALIASES = 12
"""CNAME records followed in one answer; resolvers give up at about the same length."""

MAX_RECORDS = 1000
"""Resource records in one answer. 64 KiB can hold 4,000, chosen so that they take a second to parse."""

SILENT_QUESTIONS = 3
"""Different questions that go unanswered, each as often as it is tried, before the resolvers are given up for good."""

_TARGET_FIELD = {"CNAME": 0, "DNAME": 0, "NS": 0, "PTR": 0, "MX": 1, "SOA": 0, "SRV": 3, "AFSDB": 1}
"""Which field of the presentation format is the domain name (RFC 1035, section 3.3; RFC 2782)."""

_BOGUS = frozenset({1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 27})
"""Extended errors of a failed validation (RFC 8914, section 4; RFC 9276): asking elsewhere would hide it."""

_RCODES_WITHOUT_QUESTION = frozenset({dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED})
"""Servers answer these from the header alone, without the question section."""


@dataclass(frozen=True)
class Record:
    """One resource record.

    ``name`` is as :func:`normalise` writes it, ``ttl`` in seconds, ``data`` in presentation format (RFC 1035,
    section 5.1; names in it are absolute, with the final dot).

    ``strings`` are the character-strings of a TXT record, each octet one character (latin-1).
    """

    name: str
    ttl: int
    type: str
    data: str
    strings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The strings of a TXT record joined with nothing between them (RFC 7208, section 3.3)."""
        return "".join(self.strings)

    @property
    def target(self) -> str:
        """The domain name that the record points to, written as ``name`` is; "" for types that have none."""
        position = _TARGET_FIELD.get(self.type)
        if position is None:
            return ""
        target = self.data.split(" ")[position].lower()
        return target if target == "." else target.removesuffix(".")

    def __str__(self) -> str:
        return f"{_dotted(self.name)} {self.ttl} IN {self.type} {self.data}"


@dataclass(frozen=True)
class ExtendedError:
    """An Extended DNS Error (RFC 8914): the INFO-CODE and the EXTRA-TEXT."""

    code: int
    text: str

    def __str__(self) -> str:
        try:
            name = dns.edns.EDECode(self.code).name.replace("_", " ").lower()
        except ValueError:
            name = "unassigned"
        return f"EDE {self.code} ({name})" + (f": {self.text}" if self.text else "")


@dataclass(frozen=True)
class Answer:
    """What a server answered to the question ``name`` ``type``.

    ``records`` is the RRset of the asked type at the end of the alias chain, ``aliases`` the targets of the
    CNAME records on the way, in order. ``authenticated`` is the AD bit as it came, believed or not.
    ``server`` is the address and port asked (before the connect map) or ``zone file NAME``; ``protocol`` is
    ``udp``, ``tcp`` or ``zone file``; ``seconds`` is the time from question to answer.
    """

    name: str
    type: str
    rcode: str
    records: tuple[Record, ...] = ()
    aliases: tuple[str, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    authenticated: bool = False
    authoritative: bool = False
    recursion_available: bool = False
    checking_disabled: bool = False
    extended_errors: tuple[ExtendedError, ...] = ()
    server: str = ""
    protocol: str = ""
    seconds: float = 0.0

    @property
    def proposed(self) -> bool:
        """Whether the answer comes from a zone file: as the zone would be, not as it is."""
        return self.protocol == "zone file"

    @property
    def exists(self) -> bool:
        """NOERROR, with records of the asked type."""
        return self.rcode == "NOERROR" and bool(self.records)

    @property
    def nonexistent(self) -> bool:
        """NXDOMAIN: there is no such name, nor anything below it (RFC 8020)."""
        return self.rcode == "NXDOMAIN"

    @property
    def empty(self) -> bool:
        """NODATA: the name may exist, but not with the asked type (RFC 2308, section 2.2)."""
        return self.rcode == "NOERROR" and not self.records

    def evidence(self) -> tuple[str, ...]:
        """The answer in the manner of dig: question, server, rcode, flags, extended errors, records."""
        flags = [
            flag
            for flag, is_set in (
                ("aa", self.authoritative),
                ("ra", self.recursion_available),
                ("ad", self.authenticated),
                ("cd", self.checking_disabled),
            )
            if is_set
        ]
        lines = [
            f";; question: {_dotted(self.name)} IN {self.type}",
            f";; server: {self.server} ({self.protocol}, {self.seconds * 1000:.0f} ms)",
            f";; status: {self.rcode}, flags: {' '.join(flags) or 'none'}",
            *(f";; {error}" for error in self.extended_errors),
        ]
        owner = self.name
        for alias in self.aliases:
            lines.append(f"{_dotted(owner)} IN CNAME {_dotted(alias)}")
            owner = alias
        lines += [str(record) for record in self.records]
        for title, section in (("authority", self.authority), ("additional", self.additional)):
            if section:
                lines.append(f";; {title}:")
                lines += [str(record) for record in section]
        return tuple(lines)


@dataclass(frozen=True)
class Authentication:
    """Whether the AD bit of the resolvers may be believed, and why (not), in one sentence."""

    believed: bool
    reason: str


def normalise(name: str) -> str:
    """The way domain names are written: A-labels (IDNA 2008, UTS 46), lower case, no final dot; root ``.``

    ASCII is taken as in a master file (underscores and ``\\DDD`` escapes are welcome). Raises ValueError for
    what is not a domain name (RFC 1035, section 2.3.4; RFC 5891).
    """
    return _text(_parse_name(name))


def reverse_name(address: str) -> str:
    """The name under in-addr.arpa or ip6.arpa of an address (RFC 1035, section 3.5; RFC 3596, section 2.5).

    Raises ValueError if ``address`` is not a numeric address, or has a zone index.
    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.scope_id is not None:
        raise ValueError(f"{address!r} has a zone index, so no reverse name")
    return parsed.reverse_pointer


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
        self._unanswered: Counter[_Question] = Counter()
        """Tries at the resolvers that nothing came of; they do not count once a resolver has answered."""
        self._heard = False
        """Whether a resolver has answered anything."""
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

        Raises what :meth:`question` raises, and ServerFailure for every other rcode.
        """
        answer = await self.question(name, type, checking_disabled=checking_disabled)
        if answer.rcode in ("NOERROR", "NXDOMAIN"):
            return answer
        detail = "; ".join(str(error) for error in answer.extended_errors)
        raise ServerFailure(
            f"{answer.server} answered {answer.rcode} for {answer.name} {answer.type}"
            + (f" ({detail})" if detail else ""),
            answer.evidence(),
        )

    async def question(self, name: str, type: str, *, checking_disabled: bool = False) -> Answer:
        """As :meth:`resolve`, with any rcode as an answer. ``checking_disabled`` sets CD (RFC 4035, 3.2.2).

        The zone files answer for the names they hold. Resolvers are asked in order, ``limits.dns`` seconds
        each, ``limits.dns_tries`` times in total; one that refuses costs no try. Raises TimedOut, Refused,
        ClosedEarly, Malformed (also for a ``name`` that is none and for alias loops), and ValueError if
        ``type`` is not a record type.
        """
        asked = _Question.make(name, type, recurse=True, checking_disabled=checking_disabled)
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
        asked = _Question.make(name, type, recurse=recurse, dnssec=dnssec)
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

    def forget_failures(self) -> None:
        """Ask again what could not be answered, the next time that somebody wants to know."""
        self._outcomes = {key: outcome for key, outcome in self._outcomes.items() if isinstance(outcome, Answer)}
        self._root = None

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

    async def _through_layers(self, asked: _Question, links: int) -> Answer:
        """Answer from the zone files where they hold the name, else from the resolvers, across aliases."""
        if links > MAX_ALIASES:
            raise Malformed(f"more than {MAX_ALIASES} aliases lead on from {_text(asked.name)}")
        if self._zones.find(asked.name) is None:
            answer = await self._through(self._recursive(), asked)
            for count, alias in enumerate(answer.aliases, start=1):
                target = _parse_name(alias)
                if self._zones.find(target) is not None:
                    rest = await self._through_layers(asked.at(target), links + count)
                    return _joined(answer.name, answer.aliases[:count], rest)
            return answer
        lookup = self._zones.lookup(asked.name, asked.type, dnssec=True)
        if lookup.end not in (End.OUTSIDE, End.REFERRAL, End.PARENT_SIDE):
            return _from_zones(asked, lookup)
        here = _from_zones(asked, replace(lookup, authority=[], additional=[]))
        onwards = asked.at(lookup.name)
        if lookup.end is End.OUTSIDE:
            rest = await self._through_layers(onwards, links + len(here.aliases))
        else:
            rest = await self._through(self._recursive(), onwards)
        return _joined(here.name, here.aliases, rest)

    def _recursive(self) -> list[_Server]:
        destination = self._settings.destination
        return [_Server(one, destination(one.address, one.port), False) for one in self._resolvers]

    async def _through(self, servers: Sequence[_Server], asked: _Question) -> Answer:
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
                live.popleft()
                unhelpful = answer
        if unhelpful is not None:
            return unhelpful
        raise type(failure)(f"{_text(asked.name)} {asked.type_text}: {failure.reason}", tuple(trail))

    async def _exchange(self, server: _Server, asked: _Question) -> Answer:
        """One try: over UDP, and over TCP if the answer is truncated (RFC 7766, section 5)."""
        if not _is_address(server.real.address):
            raise NotObserved(f"{server.real.address!r} is not a numeric address")
        id_ = secrets.randbits(16)
        wire = asked.wire(id_)
        loop = asyncio.get_running_loop()
        async with self._slots:
            if asked.recurse and self._resolvers_seem_dead and not await self._some_resolver_answers():
                names = ", ".join(map(str, self._resolvers))
                raise NoResolver(f"no resolver answers ({names}): nothing can be looked up from here")
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
        return _read(reply, id_, asked, str(server.wanted), "tcp" if tcp else "udp", seconds)

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
        wire = _Question.make(".", "NS", recurse=True).wire(secrets.randbits(16))
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


@dataclass(frozen=True)
class _Question:
    name: dns.name.Name
    type: RdataType
    recurse: bool
    dnssec: bool
    checking_disabled: bool

    @staticmethod
    def make(name: str, type: str, *, recurse: bool, dnssec: bool = True, checking_disabled: bool = False) -> _Question:
        try:
            rdtype = dns.rdatatype.from_text(type)
        except (dns.exception.DNSException, ValueError) as error:
            raise ValueError(f"{type!r} is not a DNS record type") from error
        try:
            return _Question(_parse_name(name).canonicalize(), rdtype, recurse, dnssec, checking_disabled)
        except ValueError as error:
            raise Malformed(str(error)) from error

    @property
    def type_text(self) -> str:
        return dns.rdatatype.to_text(self.type)

    def at(self, name: dns.name.Name) -> _Question:
        return replace(self, name=name)

    def wire(self, id_: int) -> bytes:
        """The question as a message with one OPT record (RFC 1035, section 4.1; RFC 6891, section 6.1.2)."""
        flags = 0
        if self.recurse:
            flags |= dns.flags.RD | dns.flags.AD
        if self.checking_disabled:
            flags |= dns.flags.CD
        return b"".join(
            (
                struct.pack("!6H", id_, flags, 1, 0, 0, 1),
                *(bytes([len(label)]) + label for label in self.name.labels),
                struct.pack("!2H", self.type, dns.rdataclass.IN),
                struct.pack("!BHHIH", 0, RdataType.OPT, PAYLOAD, dns.flags.DO if self.dnssec else 0, 0),
            )
        )

    def is_answered_by(self, response: dns.message.Message) -> bool:
        """Whether ``response`` repeats the question, or leaves it out with an rcode that permits that."""
        if not response.flags & dns.flags.QR or response.opcode() != dns.opcode.QUERY:
            return False
        if not response.question:
            return response.rcode() in _RCODES_WITHOUT_QUESTION
        first, *others = response.question
        return (
            not others and first.rdtype == self.type and first.rdclass == dns.rdataclass.IN and first.name == self.name
        )


def _read(wire: bytes, id_: int, asked: _Question, server: str, protocol: str, seconds: float) -> Answer:
    """Parse and check an answer. The parser meets hostile octets, so whatever it raises means Malformed."""
    try:
        if sum(struct.unpack_from("!3H", wire, 6)) > MAX_RECORDS:
            raise Malformed(f"{server} sent more than {MAX_RECORDS} records in one answer")
        response = dns.message.from_wire(wire)
        if response.id != id_ or not asked.is_answered_by(response):
            raise Malformed(f"{server} answered another question than {_text(asked.name)} {asked.type_text}")
        if response.flags & dns.flags.TC:
            raise Malformed(f"{server} truncated its answer over {protocol}")
        records, aliases = _follow(asked, response.answer)
        return Answer(
            name=_text(asked.name),
            type=asked.type_text,
            rcode=dns.rcode.to_text(response.rcode()),
            records=records,
            aliases=aliases,
            authority=_records(response.authority),
            additional=_records(response.additional),
            authenticated=bool(response.flags & dns.flags.AD),
            authoritative=bool(response.flags & dns.flags.AA),
            recursion_available=bool(response.flags & dns.flags.RA),
            checking_disabled=bool(response.flags & dns.flags.CD),
            extended_errors=tuple(
                ExtendedError(int(option.code), option.text or "")
                for option in response.options
                if isinstance(option, dns.edns.EDEOption)
            ),
            server=server,
            protocol=protocol,
            seconds=round(seconds, 6),
        )
    except NotObserved:
        raise
    except Exception as error:
        raise Malformed(f"{server} sent an answer that does not parse: {error or type(error).__name__}") from error


def _from_zones(asked: _Question, lookup: Lookup) -> Answer:
    records, aliases = _follow(asked, lookup.answer)
    return Answer(
        name=_text(asked.name),
        type=asked.type_text,
        rcode=dns.rcode.to_text(lookup.rcode),
        records=records,
        aliases=aliases,
        authority=_records(lookup.authority),
        additional=_records(lookup.additional),
        recursion_available=True,
        server=f"zone file {_text(lookup.zones[0])}",
        protocol="zone file",
    )


def _joined(name: str, aliases: tuple[str, ...], rest: Answer) -> Answer:
    """``rest`` as the answer for ``name``, which leads there by ``aliases``; AD only if nothing was added."""
    chain = aliases + rest.aliases
    if len(chain) > MAX_ALIASES:
        raise Malformed(f"{name}: more than {MAX_ALIASES} aliases")
    return replace(rest, name=name, aliases=chain, authenticated=rest.authenticated and not aliases)


def _follow(asked: _Question, section: Iterable[dns.rrset.RRset]) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """The records at the end of the alias chain in an answer section, and the aliases (RFC 1034, 3.6.2).

    Records of other names are ignored. Raises Malformed for loops and chains that are too long.
    """
    owners: dict[str, list[dns.rrset.RRset]] = {}
    for rrset in section:
        if rrset.rdclass == dns.rdataclass.IN:
            owners.setdefault(_text(rrset.name), []).append(rrset)
    owner = _text(asked.name)
    aliases: list[str] = []
    while True:
        here = owners.get(owner, [])
        found = [rrset for rrset in here if asked.type in (rrset.rdtype, RdataType.ANY)]
        alias = next((rrset for rrset in here if rrset.rdtype == RdataType.CNAME), None)
        if found or alias is None:
            return _records(found), tuple(aliases)
        target = _text(alias[0].target)
        if target in aliases or target == _text(asked.name):
            raise Malformed(f"the aliases of {_text(asked.name)} lead in a circle at {target}", _lines(section))
        if len(aliases) == MAX_ALIASES:
            raise Malformed(f"{_text(asked.name)} has more than {MAX_ALIASES} aliases", _lines(section))
        aliases.append(target)
        owner = target


def _records(rrsets: Iterable[dns.rrset.RRset]) -> tuple[Record, ...]:
    records: list[Record] = []
    for rrset in rrsets:
        name, ttl, type_ = _text(rrset.name), rrset.ttl, dns.rdatatype.to_text(rrset.rdtype)
        for rdata in rrset:
            is_text = isinstance(rdata, dns.rdtypes.txtbase.TXTBase)
            strings = tuple(part.decode("latin-1") for part in rdata.strings) if is_text else ()
            records.append(Record(name, ttl, type_, rdata.to_text(), strings))
    return tuple(records)


def _lines(section: Iterable[dns.rrset.RRset]) -> tuple[str, ...]:
    return tuple(str(record) for record in _records(section))


def _parse_name(name: str) -> dns.name.Name:
    """ASCII goes by octets, so that ``\\DDD`` from the network stays that octet. Raises ValueError."""
    if name in ("", "@"):
        raise ValueError(f"{name!r} is not a domain name")
    try:
        if name.isascii():
            return dns.name.from_text(name.encode("ascii"))
        return dns.name.from_text(name, idna_codec=dns.name.IDNA_2008_Practical)
    except (dns.exception.DNSException, ValueError, struct.error) as error:  # struct.error: \DDD above 255
        raise ValueError(f"{name!r} is not a domain name: {error or type(error).__name__}") from error


def _text(name: dns.name.Name) -> str:
    return _label_text(name.labels)


@lru_cache(maxsize=8192)
def _label_text(labels: tuple[bytes, ...]) -> str:
    return dns.name.Name(labels).to_text(omit_final_dot=True).lower()


def _dotted(name: str) -> str:
    return name if name == "." else f"{name}."


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    return _is_address(address) and ipaddress.ip_address(address).is_loopback
