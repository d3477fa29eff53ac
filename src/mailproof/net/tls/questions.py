"""The usual questions to one server. Each may be asked again at any time: what is known is not asked for twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mailproof.net.errors import NotObserved
from mailproof.net.tls.facts import Handshake, Traits
from mailproof.net.tls.flight import PROTOCOL_VERSION, Flight
from mailproof.net.tls.groups import CURVES, HYBRIDS, SCHEMES, TLS13_GROUPS, group_name, scheme_name
from mailproof.net.tls.hello import ClientHello, Extension
from mailproof.net.tls.interview import Answer, HungUp, Interview
from mailproof.net.tls.suites import (
    OLD_SUITES,
    RARE_SUITES,
    SSL2_SUITES,
    TLS13_SUITES,
    USUAL_SUITES,
    WEAK_SUITES,
    WeakKind,
    suite,
)
from mailproof.net.tls.versions import TLSVersion

_SSLV2, _SSLV3, _TLS1_0, _TLS1_1, _TLS1_2, _TLS1_3 = TLSVersion

OLD_VERSIONS = (_TLS1_2, _TLS1_1, _TLS1_0, _SSLV3)
"""Versions whose handshakes are in clear, the newest first."""

_ABOUT_THE_KEY_SHARE = frozenset({10, 47, 50, 80, 109})
"""Alerts of servers that cannot read an empty key_share, or fail over it: they say nothing about the version."""


class Questions:
    """Asks through one interview. Every method raises what ``Interview.ask`` raises."""

    def __init__(self, interview: Interview) -> None:
        self.interview = interview

    async def version(self, version: TLSVersion) -> Handshake:
        """Offer ``version`` and nothing else, with all suites that it knows."""
        for hello in self.hellos(version):
            answer = await self.ask(hello)
            if answer.accepted or answer.flight.alert == PROTOCOL_VERSION:
                break
        return Handshake(version, "all", answer.accepted, _chosen(answer), answer.error)

    async def tls_1_3(self) -> Handshake:
        """Offer TLS 1.3. A server that declines, and speaks nothing older either, is offered it with a key once more.

        It should name a group if there is no key (RFC 8446, section 4.1.4); some hang up or send any alert.
        """
        found = await self.version(_TLS1_3)
        if found.accepted or await self._speaks_older():
            return found
        answer = await self.interview.ask(replace(self.hello(_TLS1_3), share=True))
        return Handshake(_TLS1_3, "all", answer.accepted, _chosen(answer), answer.error)

    async def _speaks_older(self) -> bool:
        """Whether a version up to TLS 1.2 is spoken, or may be: what keeps it from being seen is told elsewhere."""
        for version in OLD_VERSIONS:
            try:
                if (await self.version(version)).accepted:
                    return True
            except HungUp:
                continue
            except NotObserved:
                return True
        return False

    def hellos(self, version: TLSVersion) -> Iterable[ClientHello]:
        """The hellos that together offer ``version``. Those of TLS 1.2 are two: some servers take no long ones."""
        if version is not _TLS1_2:
            yield self.hello(version)
        else:
            yield from (self.hello(version, suites) for suites in (USUAL_SUITES, RARE_SUITES + WEAK_SUITES))

    def hello(self, version: TLSVersion, suites: Iterable[int] = ()) -> ClientHello:
        """A hello of ``version`` with all that belongs to it, or with these ``suites``."""
        host, suites = self.interview.endpoint.host, tuple(suites)
        if version is _TLS1_3:
            return ClientHello(version, suites or TLS13_SUITES, TLS13_GROUPS, SCHEMES, host)
        if version is _TLS1_2:
            return ClientHello(version, suites or USUAL_SUITES, CURVES, SCHEMES, host)
        if version is _SSLV2:
            return ClientHello(version, tuple(SSL2_SUITES))
        return ClientHello(version, suites or OLD_SUITES, () if version is _SSLV3 else CURVES, (), host)

    async def ask(self, hello: ClientHello) -> Answer:
        """As ``Interview.ask``; a TLS 1.3 server that fails over an empty key_share gets one with a key."""
        answer = await self.interview.ask(hello)
        if hello.version is _TLS1_3 and answer.flight.alert in _ABOUT_THE_KEY_SHARE:
            return await self.interview.ask(replace(hello, share=True))
        return answer

    async def spoken(self) -> list[TLSVersion]:
        """The versions up to TLS 1.2 that are spoken, the newest first; SSL 2.0 aside."""
        return [version for version in OLD_VERSIONS if (await self.version(version)).accepted]

    async def weak(self) -> tuple[Handshake, ...]:
        """Offer nothing but RC4 and 3DES, in each spoken version up to TLS 1.2."""
        found: list[Handshake] = []
        for version in reversed(await self.spoken()):
            answers = await self._weak_suites_of(version)
            found += (answers[kind] for kind in (WeakKind.RC4, WeakKind.TRIPLE_DES))
        return tuple(found)

    async def _weak_suites_of(self, version: TLSVersion) -> dict[WeakKind, Handshake]:
        known: dict[WeakKind, Handshake] = {}
        wanted = (WeakKind.RC4, WeakKind.TRIPLE_DES)
        while left := [kind for kind in wanted if kind not in known]:
            offered = [number for number in of_version(version, WEAK_SUITES) if suite(number).weak & set(left)]
            answer = await self.interview.ask(self.hello(version, offered))
            chosen = suite(answer.flight.hello.suite) if answer.accepted and answer.flight.hello else None
            taken = [kind for kind in left if chosen is not None and kind in chosen.weak]
            for kind in taken or left:
                known[kind] = Handshake(
                    version,
                    kind,
                    bool(taken),
                    chosen.name if chosen and taken else None,
                    None if taken else answer.error or "the server chooses what was not offered",
                )
        return known

    async def traits(self) -> Traits | None:
        """What the answer in the newest version up to TLS 1.2 shows; None where none is spoken."""
        for version in await self.spoken():
            for hello in self.hellos(version):
                answer = await self.interview.ask(hello)
                if answer.accepted and answer.flight.hello is not None:
                    return _traits(answer.flight)
        return None

    async def hello_without_key(self) -> ClientHello | None:
        """The hello of TLS 1.3 that makes the server name a group; None where it does not speak TLS 1.3.

        Raises NotObserved where it answers only hellos with a key: which other groups it takes does not show.
        """
        if not (await self.version(_TLS1_3)).accepted:
            return None
        hello = self.hello(_TLS1_3)
        if not (await self.interview.ask(hello)).accepted:
            raise NotObserved("the server names no group: it answers no hello of TLS 1.3 without a key")
        return hello

    async def hybrid(self) -> str:
        """The post-quantum hybrid group that the server chooses first; nothing where it takes none."""
        everything = await self.hello_without_key()
        for hello in (everything, replace(everything, groups=HYBRIDS)) if everything else ():
            answer = await self.interview.ask(hello)
            group = answer.flight.hello.group if answer.accepted and answer.flight.hello else None
            if group in HYBRIDS:
                return group_name(group)
        return ""


def of_version(version: TLSVersion, suites: Iterable[int]) -> list[int]:
    """Those of ``suites`` that ``version``, TLS 1.2 or older, can use."""
    return [number for number in suites if version is _TLS1_2 or suite(number).is_old]


def curve_of(flight: Flight) -> int | None:
    """The curve of the key exchange."""
    return flight.key_exchange.curve if flight.key_exchange else None


def scheme_of(flight: Flight) -> int | None:
    """How the key exchange is signed."""
    return flight.key_exchange.scheme if flight.key_exchange else None


def _chosen(answer: Answer) -> str | None:
    hello = answer.flight.hello
    if hello is None or not answer.accepted:
        return None
    return SSL2_SUITES.get(hello.suite) if hello.version is _SSLV2 else suite(hello.suite).name


def _traits(flight: Flight) -> Traits:
    assert flight.hello is not None  # noqa: S101
    extensions, curve, scheme = flight.hello.extensions, curve_of(flight), scheme_of(flight)
    return Traits(
        flight.hello.version,
        suite(flight.hello.suite).name,
        None if curve is None else group_name(curve),
        None if scheme is None else scheme_name(scheme),
        extended_master_secret=Extension.EXTENDED_MASTER_SECRET in extensions,
        secure_renegotiation=Extension.RENEGOTIATION_INFO in extensions,
        compression=flight.hello.compression != 0,
        session_tickets=Extension.SESSION_TICKET in extensions,
        stapled=flight.stapled,
        timestamps=bool(extensions.get(Extension.CERTIFICATE_TIMESTAMPS)),
    )
