"""The DNS client: zone files first, then recursive resolvers, or one authoritative server asked directly.

Answers are plain records that can be written to JSON; failures are the types of :mod:`mailproof.net.errors`.
The client validates nothing itself: it reports the AD bit and says whether that bit may be believed
(RFC 4035, section 4.9.3; RFC 7672, section 2.1.1).
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from mailproof.net.dns.messages import MAX_ALIASES, USUAL, Form, Question, answer_from_zones, joined
from mailproof.net.dns.names import normalise, parse_name, reverse_name, text_of
from mailproof.net.dns.once import Once
from mailproof.net.dns.records import Answer, Envelope, ExtendedError, ResourceRecord
from mailproof.net.dns.servers import BOGUS, Servers, is_numeric
from mailproof.net.dns.zone_files import load_zone
from mailproof.net.dns.zones import End, Zones
from mailproof.net.errors import (
    Bogus,
    LyingResolver,
    Malformed,
    NotObserved,
    ServerFailure,
)
from mailproof.net.settings import DNSSECTrust, NetSettings, SocketAddress

__all__ = [
    "MAX_ALIASES",
    "Answer",
    "Authentication",
    "DNSClient",
    "Envelope",
    "ExtendedError",
    "Form",
    "ResourceRecord",
    "normalise",
    "reverse_name",
    "system_resolvers",
]

_UNREACHABLE = frozenset({22, 23})
"""Extended errors of servers that could not be asked: no failed validation, whatever a second question brings."""


@dataclass(frozen=True)
class Authentication:
    """Whether the AD bit of the resolvers may be believed, and why (not), in one sentence."""

    believed: bool
    reason: str


def system_resolvers(path: Path = Path("/etc/resolv.conf")) -> tuple[SocketAddress, ...]:
    """The operating system's resolvers, at most three; this machine if it names none (resolv.conf(5))."""
    found: list[SocketAddress] = []
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        match line.split():
            case ["nameserver", address, *_] if is_numeric(address):
                found.append(SocketAddress(address, 53))
    return tuple(found[:3]) or (SocketAddress("127.0.0.1", 53),)


class DNSClient:
    """Asks DNS questions within the limits of ``settings``, each distinct one once in the client's life.

    Must be used from one event loop, and closed there (or used with ``async with``). Raises ValueError at
    once when a zone file is not usable.
    """

    def __init__(self, settings: NetSettings) -> None:
        self._settings = settings
        self._zones = Zones(load_zone(name, path) for name, path in settings.zone_files.items())
        self._resolvers = settings.resolvers or system_resolvers()
        self._servers = Servers(settings, self._resolvers)
        self._once = Once()
        self._truthful: bool | None = None
        """Whether the resolvers know the root; None while nobody had to ask."""
        self._denial: tuple[str, ...] = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the questions under way. Callers that wait for one get NotAvailable, and so do later ones."""
        await self._once.close()
        await self._servers.close()

    @property
    def questions(self) -> Counter[str]:
        """How many messages were sent, by server before the connect map (``address:port``)."""
        return self._servers.questions

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
        if answer.rcode != "SERVFAIL" or (codes & _UNREACHABLE and not codes & BOGUS):
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
        ClosedEarly, Malformed (also if ``name`` is no domain name), LyingResolver if the resolver
        denies the root as well, and ValueError if ``type`` is not a record type.
        """
        asked = Question.make(name, type, recurse=True, checking_disabled=checking_disabled)
        return await self._once.outcome(asked, lambda: self._through_layers(asked, 0))

    async def whole(self, name: str, type: str) -> Answer:
        """As :meth:`question` for the public DNS alone, with octets; what is refused is asked again unvalidated."""
        if self._zones.find(parse_name(name)) is None:
            answer = await self.question(name, type)
            if answer.wire and answer.rcode in ("NOERROR", "NXDOMAIN"):
                return answer
        asked = Question.make(name, type, recurse=True, checking_disabled=True, keep=True)
        return await self._once.outcome(asked, lambda: self._ask_resolvers(asked))

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
        checking_disabled: bool = False,
        host: str | None = None,
        form: Form = USUAL,
    ) -> Answer:
        """Put a question to the server at the numeric address ``server``, any rcode being an answer.

        ``host`` is its name, for the connect map; ``dnssec`` sets DO, ``checking_disabled`` CD; ``form`` is what else
        is unusual. The answer has its envelope. Raises what :meth:`question` raises, and NotObserved if the address is
        not numeric.
        """
        more = {"dnssec": dnssec, "checking_disabled": checking_disabled, "keep": True}
        asked = Question.make(name, type, recurse=recurse, form=form, **more)
        peer = self._servers.at(server, port, host, tcp=tcp)
        return await self._once.outcome((asked, peer), lambda: self._servers.ask([peer], asked))

    async def authentication(self) -> Authentication:
        """Whether ``Answer.authenticated`` of resolved names may be believed, by ``settings.trust``.

        Every resolver has to be trusted, and has to show that it validates by setting AD for the signed root.
        """
        trust = self._settings.trust
        if trust is DNSSECTrust.NONE:
            return Authentication(False, "The settings trust no resolver's AD bit.")
        for resolver in self._resolvers:
            real = self._settings.real_place(resolver.address, resolver.port)
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
        with suppress(NotObserved):
            return _window_of_soa(await self.resolve(".", "TXT", checking_disabled=True))
        return None

    def forget_failures(self) -> None:
        """Ask again what could not be answered, the next time that somebody wants to know."""
        self._once.forget_failures()
        self._servers.forget_failures()
        self._truthful = None

    async def _through_layers(self, asked: Question, links: int) -> Answer:
        """Answer from the zone files where they hold the name, else from the resolvers, across aliases."""
        if links > MAX_ALIASES:
            raise Malformed(f"more than {MAX_ALIASES} aliases lead on from {text_of(asked.name)}")
        if self._zones.find(asked.name) is None:
            answer = await self._ask_resolvers(asked)
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
            rest = await self._ask_resolvers(onwards)
        return joined(here.name, here.aliases, rest)

    async def _ask_resolvers(self, asked: Question) -> Answer:
        return await self._servers.ask(self._servers.recursive, asked)

    async def _check_for_lies(self, answer: Answer) -> None:
        """Raises LyingResolver if the resolver that found nothing does not find the root either."""
        if self._truthful is None:
            asked = Question.make(".", "NS", recurse=True)
            try:
                root = await self._once.outcome(("root", asked), lambda: self._ask_resolvers(asked))
            except NotObserved:
                return
            self._truthful = root.exists or root.rcode not in ("NOERROR", "NXDOMAIN")
            self._denial = root.evidence()
        if not self._truthful:
            raise LyingResolver(
                f"the resolver lies: it says of every name that there is none, of the root as well ({answer.server})",
                self._denial,
            )


def _window_of_soa(answer: Answer) -> tuple[str, str] | None:
    """When the signature of the SOA record in a negative answer begins and ends."""
    for record in answer.authority:
        fields = record.data.split()
        if record.type == "RRSIG" and fields[:1] == ["SOA"]:
            return _signature_time(fields[5]), _signature_time(fields[4])
    return None


def _signature_time(text: str) -> str:
    """A time as RRSIG records write it (RFC 4034, section 3.2), in ISO 8601."""
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC).isoformat()


def _is_loopback(address: str) -> bool:
    return is_numeric(address) and ipaddress.ip_address(address).is_loopback
