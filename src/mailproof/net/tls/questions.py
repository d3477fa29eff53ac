"""The questions to one server. Each may be asked again at any time: what is known is not asked for twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mailproof.net.tls.flight import PROTOCOL_VERSION, Flight
from mailproof.net.tls.groups import (
    CURVES,
    HYBRIDS,
    SCHEMES,
    TLS13_GROUPS,
    TLS13_SCHEMES,
    group_name,
    scheme_name,
    well_known_prime,
)
from mailproof.net.tls.hello import FALLBACK_SCSV, ClientHello, Extension
from mailproof.net.tls.interview import Answer, Interview
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

_UNUSED_SCHEME = 0xFE00
"""No signature scheme has this number (RFC 8446, section 4.2.3: private use)."""

_NO_APPLICATION_PROTOCOL, _INAPPROPRIATE_FALLBACK = 120, 86


@dataclass(frozen=True)
class Handshake:
    """What came of offering one protocol version. ``offered`` is a kind of suites, or ``all``.

    ``cipher`` is OpenSSL's name of the suite that the server chose; None when not accepted, or not known.
    ``error`` is how the server declined.
    """

    version: TLSVersion
    offered: str
    accepted: bool
    cipher: str | None
    error: str | None


@dataclass(frozen=True)
class Traits:
    """What the first answer in one version up to TLS 1.2 shows."""

    version: TLSVersion
    suite: str
    curve: str | None
    scheme: str | None
    """How the key exchange is signed (TLS 1.2)."""
    extended_master_secret: bool
    secure_renegotiation: bool
    compression: bool
    session_tickets: bool
    stapled: bool
    """An OCSP response comes with the certificates."""
    timestamps: bool
    """Certificate timestamps come in the ServerHello (RFC 6962, section 3.3.1)."""


@dataclass(frozen=True)
class SuiteList:
    """The suites of one version, in the order in which the server chose.

    ``server_order``: that order is its own, and not the client's; None where there is one suite only.
    """

    version: TLSVersion
    suites: tuple[str, ...]
    server_order: bool | None


@dataclass(frozen=True)
class DiffieHellman:
    """The group of finite-field Diffie-Hellman that a server uses if the client names none."""

    bits: int
    prime: str
    """Its name where an RFC publishes it (ffdhe2048, modp2048), or its digits in hexadecimal."""
    generator: int


@dataclass(frozen=True)
class ALPN:
    """What a server does with a protocol that a client offers by ALPN: takes it, refuses the handshake, or neither."""

    offered: str
    taken: bool
    refused: bool


class Questions:
    """Asks through one interview. Every method raises what ``Interview.ask`` raises."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview

    async def version(self, version: TLSVersion) -> Handshake:
        """Offer ``version`` and nothing else, with all suites that it knows."""
        for hello in self._hellos(version):
            answer = await self._interview.ask(hello)
            if answer.accepted or answer.flight.alert == PROTOCOL_VERSION:
                break
        return Handshake(version, "all", answer.accepted, _chosen(answer), answer.error)

    def _hellos(self, version: TLSVersion) -> Iterable[ClientHello]:
        """The hellos that together offer ``version``. Those of TLS 1.2 are three: some servers take no long ones."""
        if version is not _TLS1_2:
            yield self._hello(version)
        else:
            yield from (self._hello(version, suites) for suites in (USUAL_SUITES, RARE_SUITES, WEAK_SUITES))

    def _hello(self, version: TLSVersion, suites: Iterable[int] = ()) -> ClientHello:
        """A hello of ``version`` with all that belongs to it, or with these ``suites``."""
        host, suites = self._interview.endpoint.host, tuple(suites)
        if version is _TLS1_3:
            return ClientHello(version, suites or TLS13_SUITES, TLS13_GROUPS, SCHEMES, host)
        if version is _TLS1_2:
            return ClientHello(version, suites or USUAL_SUITES, CURVES, SCHEMES, host)
        if version is _SSLV2:
            return ClientHello(version, tuple(SSL2_SUITES))
        return ClientHello(version, suites or OLD_SUITES, () if version is _SSLV3 else CURVES, (), host)

    async def _ask(self, hello: ClientHello) -> Answer:
        """As ``Interview.ask``; a TLS 1.3 server that fails over an empty key_share gets one with a key."""
        answer = await self._interview.ask(hello)
        if hello.version is _TLS1_3 and answer.flight.alert in _ABOUT_THE_KEY_SHARE:
            return await self._interview.ask(replace(hello, share=True))
        return answer

    async def _spoken(self) -> list[TLSVersion]:
        """The versions up to TLS 1.2 that are spoken, the newest first; SSL 2.0 aside."""
        return [version for version in OLD_VERSIONS if (await self.version(version)).accepted]

    async def weak(self) -> tuple[Handshake, ...]:
        """Offer nothing but RC4 and 3DES, in each spoken version up to TLS 1.2."""
        found: list[Handshake] = []
        for version in reversed(await self._spoken()):
            answers = await self._weak_suites_of(version)
            found += (answers[kind] for kind in (WeakKind.RC4, WeakKind.TRIPLE_DES))
        return tuple(found)

    async def _weak_suites_of(self, version: TLSVersion) -> dict[WeakKind, Handshake]:
        known: dict[WeakKind, Handshake] = {}
        wanted = (WeakKind.RC4, WeakKind.TRIPLE_DES)
        while left := [kind for kind in wanted if kind not in known]:
            offered = [number for number in _of_version(version, WEAK_SUITES) if suite(number).weak & set(left)]
            answer = await self._interview.ask(self._hello(version, offered))
            chosen = suite(answer.flight.hello.suite) if answer.accepted and answer.flight.hello else None
            taken = [kind for kind in left if chosen is not None and kind in chosen.weak]
            for kind in taken or left:
                known[kind] = Handshake(
                    version,
                    kind,
                    bool(taken),
                    chosen.name if chosen and taken else None,
                    None if taken else answer.error,
                )
        return known

    async def traits(self) -> Traits | None:
        """What the answer in the newest version up to TLS 1.2 shows; None where none is spoken."""
        for version in await self._spoken():
            for hello in self._hellos(version):
                answer = await self._interview.ask(hello)
                if answer.accepted and answer.flight.hello is not None:
                    return _traits(answer.flight)
        return None

    async def hybrid(self) -> str:
        """The post-quantum hybrid group that the server chooses first; nothing where it takes none."""
        if not (await self.version(_TLS1_3)).accepted:
            return ""
        everything = self._hello(_TLS1_3)
        for hello in (everything, replace(everything, groups=HYBRIDS)):
            answer = await self._ask(hello)
            group = answer.flight.hello.group if answer.accepted and answer.flight.hello else None
            if group in HYBRIDS:
                return group_name(group)
        return ""

    async def suites(self) -> tuple[SuiteList, ...]:
        """The suites of TLS 1.3 and of the newest version up to TLS 1.2, as far as they are spoken."""
        spoken = (await self._spoken())[:1]
        if (await self.version(_TLS1_3)).accepted:
            spoken = [_TLS1_3, *spoken]
        return tuple([await self._suites_of(version) for version in spoken])

    async def _suites_of(self, version: TLSVersion) -> SuiteList:
        def offer(suites: tuple[int, ...]) -> ClientHello:
            return self._hello(version, suites)

        known = {_TLS1_3: (TLS13_SUITES,), _TLS1_2: (USUAL_SUITES, RARE_SUITES, WEAK_SUITES)}
        found: tuple[int, ...] = ()
        for part in known.get(version, (OLD_SUITES,)):
            chosen = await self._choices(offer, part, _suite)
            found = await self._merged(offer, found, chosen)
        server_order = None
        if len(found) > 1:
            server_order = _suite((await self._ask(offer(found[::-1]))).flight) == found[0]
        return SuiteList(version, tuple(suite(number).name for number in found), server_order)

    async def _merged(
        self, offer: Callable[[tuple[int, ...]], ClientHello], one: tuple[int, ...], other: tuple[int, ...]
    ) -> tuple[int, ...]:
        """Two lists in the server's order as one: of the first of both, it chooses the one that comes first."""
        merged: list[int] = []
        while one and other:
            # The second list comes first here, so that a server that follows the client is seen by the first pair.
            chosen = _suite((await self._ask(offer((other[0], one[0])))).flight)
            if (
                not merged
                and chosen == other[0]
                and _suite((await self._ask(offer((one[0], other[0])))).flight) != chosen
            ):
                break
            merged.append(chosen if chosen == other[0] else one[0])
            one, other = (one, other[1:]) if chosen == other[0] else (one[1:], other)
        return (*merged, *one, *other)

    async def _choices(
        self,
        offer: Callable[[tuple[int, ...]], ClientHello],
        values: tuple[int, ...],
        of: Callable[[Flight], int | None],
    ) -> tuple[int, ...]:
        """Offer all of ``values``, note the one that the server chooses, offer the rest, until it chooses none."""
        found: list[int] = []
        while left := tuple(value for value in values if value not in found):
            answer = await self._ask(offer(left))
            chosen = of(answer.flight) if answer.accepted else None
            if chosen not in left:
                break
            found.append(chosen)
        return tuple(found)

    async def groups(self) -> tuple[str, ...]:
        """The groups of TLS 1.3, in the order in which the server chooses them."""
        if not (await self.version(_TLS1_3)).accepted:
            return ()
        everything = self._hello(_TLS1_3)
        found = await self._choices(lambda left: replace(everything, groups=left), TLS13_GROUPS, _group)
        return tuple(map(group_name, found))

    async def curves(self) -> tuple[str, ...]:
        """The curves of the newest version up to TLS 1.2.

        A key of ECDSA needs its own curve in every offer (RFC 8422, section 5.1), so once that is found it goes last.
        A server that prefers it to others hides those.
        """
        hello = await self._ephemeral("ECDHE")
        if hello is None:
            return ()
        found = await self._choices(lambda left: replace(hello, groups=left), CURVES, _curve)
        own = found[-1:]
        others = tuple(curve for curve in CURVES if curve not in found)
        found += await self._choices(lambda left: replace(hello, groups=left + own), others, _curve)
        return tuple(map(group_name, found))

    async def schemes_12(self) -> tuple[str, ...]:
        """The signature schemes of TLS 1.2, in the order in which the server chooses them."""
        found: tuple[int, ...] = ()
        hello = await self._ephemeral("ECDHE", "DHE")
        if hello is not None and hello.version is _TLS1_2:
            found = await self._choices(lambda left: replace(hello, schemes=left), SCHEMES, _scheme)
        return tuple(map(scheme_name, found))

    async def schemes_13(self) -> tuple[str, ...] | None:
        """The signature schemes of TLS 1.3; None where the server does not look at them before it signs."""
        if not (await self.version(_TLS1_3)).accepted:
            return ()
        everything = self._hello(_TLS1_3)
        if (await self._ask(replace(everything, schemes=(_UNUSED_SCHEME,)))).accepted:
            return None
        return tuple(
            [
                scheme_name(scheme)
                for scheme in TLS13_SCHEMES
                if (await self._ask(replace(everything, schemes=(scheme,)))).accepted
            ]
        )

    async def diffie_hellman(self) -> tuple[DiffieHellman, ...]:
        """The group of finite-field Diffie-Hellman in the newest version up to TLS 1.2 that has such suites."""
        hello = await self._ephemeral("DHE", "DH_anon")
        if hello is None:
            return ()
        exchange = (await self._interview.ask(hello)).flight.key_exchange
        if exchange is None or exchange.prime is None or exchange.generator is None:
            return ()
        prime = exchange.prime
        return (DiffieHellman(prime.bit_length(), well_known_prime(prime) or f"{prime:x}", exchange.generator),)

    async def _ephemeral(self, *exchanges: str) -> ClientHello | None:
        """A hello that the server accepts with suites of these key exchanges only; None where there is none."""
        for version in await self._spoken():
            known = (*USUAL_SUITES, *RARE_SUITES, *WEAK_SUITES)
            suites = [n for n in _of_version(version, known) if suite(n).key_exchange.startswith(exchanges)]
            hello = self._hello(version, suites)
            if not exchanges[0].startswith("EC"):
                hello = replace(hello, groups=())
            if (await self._interview.ask(hello)).accepted:
                return hello
        return None

    async def encrypt_then_mac(self) -> bool | None:
        """Whether a CBC suite comes with encrypt-then-MAC (RFC 7366); None where there is no such suite."""
        for version in await self._spoken():
            known = (*USUAL_SUITES, *RARE_SUITES)
            suites = [number for number in _of_version(version, known) if suite(number).is_cbc]
            hello = (await self._interview.ask(self._hello(version, suites))).flight.hello if suites else None
            if hello is not None and version is not _SSLV3:
                return Extension.ENCRYPT_THEN_MAC in hello.extensions
        return None

    async def alpn(self) -> tuple[ALPN, ...]:
        """What becomes of HTTP/1.1 offered by ALPN, and of the protocol that the port is for."""
        spoken = await self._spoken()
        if not spoken or spoken[0] is _SSLV3:
            return ()
        own = self._interview.endpoint.starttls
        found = []
        for protocol in ("http/1.1", *((own,) if own in ("imap", "pop3") else ())):
            answer = await self._interview.ask(replace(self._accepted_hello(spoken[0]), alpn=(protocol,)))
            taken = answer.flight.hello is not None and answer.flight.hello.alpn == protocol
            found.append(ALPN(protocol, taken, answer.flight.alert == _NO_APPLICATION_PROTOCOL))
        return tuple(found)

    def _accepted_hello(self, version: TLSVersion) -> ClientHello:
        """The hello with which ``version`` was accepted."""
        return next(hello for hello in self._hellos(version) if self._interview.knows_accepted(hello))

    async def fallback_refused(self) -> bool | None:
        """Whether a hello that says that it falls back is refused (RFC 7507); None where there is no older version."""
        newest = [_TLS1_3] if (await self.version(_TLS1_3)).accepted else []
        spoken = [*newest, *await self._spoken()]
        if len(spoken) < 2:
            return None
        hello = self._accepted_hello(spoken[1])
        answer = await self._interview.ask(replace(hello, suites=(*hello.suites, FALLBACK_SCSV)))
        return answer.flight.alert == _INAPPROPRIATE_FALLBACK


def _of_version(version: TLSVersion, suites: Iterable[int]) -> list[int]:
    return [number for number in suites if version is _TLS1_2 or suite(number).is_old]


def _chosen(answer: Answer) -> str | None:
    hello = answer.flight.hello
    if hello is None or not answer.accepted:
        return None
    return SSL2_SUITES.get(hello.suite) if hello.version is _SSLV2 else suite(hello.suite).name


def _suite(flight: Flight) -> int | None:
    return flight.hello.suite if flight.hello else None


def _group(flight: Flight) -> int | None:
    return flight.hello.group if flight.hello else None


def _curve(flight: Flight) -> int | None:
    return flight.key_exchange.curve if flight.key_exchange else None


def _scheme(flight: Flight) -> int | None:
    return flight.key_exchange.scheme if flight.key_exchange else None


def _traits(flight: Flight) -> Traits:
    assert flight.hello is not None  # noqa: S101
    extensions, curve, scheme = flight.hello.extensions, _curve(flight), _scheme(flight)
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
