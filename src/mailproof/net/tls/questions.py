"""The usual questions to one server. Each may be asked again at any time: what is known is not asked for twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

from mailproof.net.pkix.certificates import names_in
from mailproof.net.tls.facts import Dated, DiffieHellman, Handshake, Traits, WithoutSNI
from mailproof.net.tls.flight import Flight
from mailproof.net.tls.groups import (
    BROKEN_SCHEMES,
    HYBRIDS,
    group_name,
    scheme_name,
    well_known_prime,
)
from mailproof.net.tls.hello import ClientHello, Extension, server_name
from mailproof.net.tls.interview import Answer, HungUp
from mailproof.net.tls.suites import (
    DATED_SUITES,
    USUAL_SUITES,
    WEAK_SUITES,
    DatedKind,
    WeakKind,
    suite,
)
from mailproof.net.tls.version_questions import VersionQuestions
from mailproof.net.tls.versions import TLSVersion

_SSLV2, _SSLV3, _TLS1_0, _TLS1_1, _TLS1_2, _TLS1_3 = TLSVersion

_NOT_OFFERED = "the server chooses what was not offered"


class Questions(VersionQuestions):
    """What one or two hellos tell beside the versions."""

    async def weak(self) -> tuple[Handshake, ...]:
        """Offer nothing but weak suites, of all kinds, in the newest version up to TLS 1.2."""
        return await self.weak_in((await self.spoken())[:1], tuple(WeakKind))

    async def weak_in(self, versions: Sequence[TLSVersion], wanted: tuple[WeakKind, ...]) -> tuple[Handshake, ...]:
        """What comes of offering weak suites of the kinds ``wanted``, in the oldest of ``versions`` first."""
        answers = [await self._weak_suites_of(version, wanted) for version in reversed(versions)]
        return tuple(answer[kind] for answer in answers for kind in wanted)

    async def _weak_suites_of(self, version: TLSVersion, wanted: tuple[WeakKind, ...]) -> dict[WeakKind, Handshake]:
        known: dict[WeakKind, Handshake] = {}
        while left := [kind for kind in wanted if kind not in known]:
            offered = [number for number in of_version(version, WEAK_SUITES) if suite(number).weakness in left]
            answer = await self._ask_kinds(version, offered)
            chosen = suite(answer.flight.hello.suite) if answer.accepted and answer.flight.hello else None
            taken = [kind for kind in left if chosen is not None and kind is chosen.weakness]
            for kind in taken or left:
                known[kind] = Handshake(
                    version,
                    kind,
                    bool(taken),
                    chosen.name if chosen and taken else None,
                    None if taken else answer.error or _NOT_OFFERED,
                )
        return known

    async def dated(self) -> tuple[Dated, ...]:
        """Offer TLS 1.2 with nothing but suites that are out of date; nothing where it is not spoken.

        A server that has none says so at once. Of others the kind that it chooses is left out the next time.
        """
        found: dict[DatedKind, Dated] = {}
        if _TLS1_2 not in await self.spoken():
            return ()
        while left := [kind for kind in DatedKind if kind not in found]:
            offered = [number for number in DATED_SUITES if suite(number).dated in left]
            answer = await self._ask_kinds(_TLS1_2, offered)
            chosen = suite(answer.flight.hello.suite) if answer.accepted and answer.flight.hello else None
            if chosen is None or chosen.dated not in left:
                found |= {kind: Dated(kind, False, error=answer.error or _NOT_OFFERED) for kind in left}
            else:
                found[chosen.dated] = dated_of(chosen.dated, chosen.name, answer.flight)
        return tuple(found[kind] for kind in DatedKind)

    def hello_without_prime(self, version: TLSVersion) -> ClientHello:
        """All suites that are weak or out of date and need no Diffie-Hellman over a finite field."""
        return self.hello(version, without_prime(of_version(version, (*WEAK_SUITES, *DATED_SUITES))))

    async def _ask_kinds(self, version: TLSVersion, offered: Sequence[int]) -> Answer:
        """The answer to nothing but ``offered``: without Diffie-Hellman over a finite field if the server breaks off.

        Dovecot without ``ssl_dh`` chooses such a suite, has no prime for it, and hangs up: that says nothing about the
        other suites. One hello with all that is weak or out of date, and needs no prime, tells whether there are any.
        """
        spared = self.hello_without_prime(version)
        try:
            answer = await self.interview.ask(self.hello(version, offered))
        except HungUp:
            if not self.interview.has_asked(spared):
                with suppress(HungUp):
                    await self.interview.ask(spared)
            raise
        left = without_prime(offered)
        if not answer.broken or left in ([], list(offered)) or not (await self.interview.ask(spared)).accepted:
            return answer
        return await self.interview.ask(self.hello(version, left))

    async def sha1(self) -> bool | None:
        """Whether a key exchange of TLS 1.2 is signed with SHA-1 or MD5 where a client knows nothing else (RFC 9155).

        What counts is how it is signed: a server may pass over what the client knows. None where TLS 1.2 is not spoken.
        """
        if _TLS1_2 not in await self.spoken():
            return None
        signed = [number for number in USUAL_SUITES if "DHE" in suite(number).key_exchange]
        answer = await self.interview.ask(replace(self.hello(_TLS1_2, signed), schemes=BROKEN_SCHEMES))
        return answer.accepted and scheme_of(answer.flight) in BROKEN_SCHEMES

    async def without_sni(self) -> WithoutSNI | None:
        """What becomes of a hello that names no host. None where no version of TLS is spoken, or there is no name."""
        hello = await self._current_hello()
        if hello is None or not server_name(hello.host):
            return None
        named, answer = await self.interview.ask(hello), await self.interview.ask(replace(hello, host=""), surely=True)
        ours, others = named.flight.certificates[:1], answer.flight.certificates[:1]
        if not answer.accepted or not ours or not others:
            return WithoutSNI(answer.accepted, answer.error)
        return WithoutSNI(True, None, ours == others, () if ours == others else names_in(others[0]))

    async def leaves(self) -> tuple[str, ...] | None:
        """The SHA-256 of the certificates that answers so far show to whoever names the host; None where fewer than two
        answers tell. One without a name tells if it has the same.
        """
        answers = [(hello, flight.certificates[0]) for hello, flight in self.interview.seen if flight.certificates]
        named = [leaf for hello, leaf in answers if hello.host]
        nameless = [leaf for hello, leaf in answers if not hello.host and leaf in named]
        return tuple(sorted({sha256(leaf).hexdigest() for leaf in named})) if len(named + nameless) > 1 else None

    async def _current_hello(self) -> ClientHello | None:
        """The hello with which the newest version is accepted whose certificates are in clear, or else TLS 1.3."""
        spoken = await self.spoken()
        if spoken and spoken[0] is not _SSLV3:
            return self.accepted_hello(spoken[0])
        return self.hello(_TLS1_3) if self.interview.knows_accepted(self.hello(_TLS1_3)) else None

    async def reused(self) -> str | None:
        """The curve or prime of a key exchange value that two answers so far have in common; empty where none has.

        None where fewer than two answers show such a value.
        """
        exchanges = (flight.key_exchange for _, flight in self.interview.seen)
        shown = [(found.curve, found.prime, found.public) for found in exchanges if found and found.public]
        if len(shown) < 2:
            return None
        twice = next((value for value in shown if shown.count(value) > 1), None)
        if twice is None:
            return ""
        return "finite-field Diffie-Hellman" if twice[0] is None else group_name(twice[0])

    async def traits(self) -> Traits | None:
        """What the answer in the newest version up to TLS 1.2 shows; None where none is spoken."""
        for version in await self.spoken():
            for hello in self.hellos(version):
                answer = await self.interview.ask(hello)
                if answer.accepted and answer.flight.hello is not None:
                    return _traits(answer.flight)
        return None

    async def group(self) -> str:
        """The group of TLS 1.3 that the server chooses of all; nothing where it does not speak TLS 1.3."""
        everything = await self.hello_without_key()
        hello = (await self.interview.ask(everything)).flight.hello if everything else None
        return "" if hello is None or hello.group is None else group_name(hello.group)

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


def without_prime(suites: Iterable[int]) -> list[int]:
    """Those of ``suites`` that need no Diffie-Hellman over a finite field."""
    return [number for number in suites if not suite(number).needs_prime]


def curve_of(flight: Flight) -> int | None:
    """The curve of the key exchange."""
    return flight.key_exchange.curve if flight.key_exchange else None


def scheme_of(flight: Flight) -> int | None:
    """How the key exchange is signed."""
    return flight.key_exchange.scheme if flight.key_exchange else None


def diffie_hellman_of(flight: Flight) -> DiffieHellman | None:
    """The group of the key exchange, where it is over a finite field."""
    exchange = flight.key_exchange
    if exchange is None or exchange.prime is None or exchange.generator is None:
        return None
    prime = exchange.prime
    return DiffieHellman(prime.bit_length(), well_known_prime(prime) or f"{prime:x}", exchange.generator)


def dated_of(kind: DatedKind, cipher: str, flight: Flight) -> Dated:
    """That a suite of this kind is taken, and what the answer shows besides."""
    extensions = flight.hello.extensions if flight.hello else {}
    return Dated(
        kind,
        True,
        cipher,
        group=diffie_hellman_of(flight),
        encrypt_then_mac=Extension.ENCRYPT_THEN_MAC in extensions,
    )


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
