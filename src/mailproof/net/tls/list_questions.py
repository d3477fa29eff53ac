"""The questions of the full depth for lists: suites, groups, curves, signature schemes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailproof.net.tls.facts import SuiteList
from mailproof.net.tls.flight import Flight
from mailproof.net.tls.groups import (
    CURVES,
    SCHEMES,
    TLS13_GROUPS,
    TLS13_SCHEMES,
    group_name,
    scheme_name,
)
from mailproof.net.tls.hello import ClientHello
from mailproof.net.tls.interview import Answer
from mailproof.net.tls.questions import Questions, curve_of, of_version, scheme_of, without_prime
from mailproof.net.tls.suites import OLD_SUITES, RARE_SUITES, TLS13_SUITES, USUAL_SUITES, WEAK_SUITES, suite
from mailproof.net.tls.versions import TLSVersion

_UNUSED_SCHEME = 0xFE00
"""No signature scheme has this number (RFC 8446, section 4.2.3: private use)."""

_FAMILIES_OF_SCHEMES = tuple(
    tuple(scheme for scheme in TLS13_SCHEMES if scheme_name(scheme).startswith(family))
    for family in ("ecdsa_secp", "ed", "ecdsa_brainpool", "rsa_pss_pss", "rsa_pss_rsae")
)
"""Signature schemes of TLS 1.3 by the kind of key that they need."""

_SSLV2, _SSLV3, _TLS1_0, _TLS1_1, _TLS1_2, _TLS1_3 = TLSVersion


class ListQuestions(Questions):
    """Asks for whole lists: all is offered, what the server chooses is noted, and the rest is offered."""

    async def suites(self) -> tuple[SuiteList, ...]:
        """The suites of TLS 1.3 and of the newest version up to TLS 1.2, as far as they are spoken."""
        spoken = (await self.spoken())[:1]
        if (await self.version(_TLS1_3)).accepted:
            spoken = [_TLS1_3, *spoken]
        return tuple([await self._suites_of(version) for version in spoken])

    async def _suites_of(self, version: TLSVersion) -> SuiteList:
        def offer(suites: tuple[int, ...]) -> ClientHello:
            return self.hello(version, suites)

        known = {_TLS1_3: (TLS13_SUITES,), _TLS1_2: (USUAL_SUITES, RARE_SUITES, WEAK_SUITES)}
        found: tuple[int, ...] = ()
        for part in known.get(version, (OLD_SUITES,)):
            if part is WEAK_SUITES and not any(kind.accepted for kind in await self.weak() if kind.version is version):
                continue
            chosen = await self._choices(offer, part, suite_of)
            found = await self._merged(offer, found, chosen)
        server_order = None
        if len(found) > 1:
            server_order = _is_own_order(found, suite_of((await self.ask(offer(found[::-1]))).flight))
        return SuiteList(version, tuple(suite(number).name for number in found), server_order)

    async def _merged(
        self, offer: Callable[[tuple[int, ...]], ClientHello], one: tuple[int, ...], other: tuple[int, ...]
    ) -> tuple[int, ...]:
        """Two lists in the server's order as one: of the first of both, it chooses the one that comes first."""
        merged: list[int] = []
        while one and other:
            # The second list comes first here, so that a server that follows the client is seen by the first pair.
            chosen = suite_of((await self.ask(offer((other[0], one[0])))).flight)
            if (
                not merged
                and chosen == other[0]
                and suite_of((await self.ask(offer((one[0], other[0])))).flight) != chosen
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
        """Offer all of ``values``, note the one that the server chooses, offer the rest, until it chooses none.

        Suites that need a prime are left out where the server breaks off: it may have none. Not where it is known to
        break off without them as well.
        """
        found: list[int] = []
        while left := tuple(value for value in values if value not in found):
            hello = offer(left)
            answer = await self.ask(hello)
            chosen = of(answer.flight) if answer.accepted else None
            if chosen in left:
                found.append(chosen)
                continue
            without = self.interview.known(self.hello_without_prime(hello.version))
            if of is not suite_of or not answer.broken or (without is not None and not without.accepted):
                break
            values = tuple(without_prime(left))
            if values == left:
                break
        return tuple(found)

    async def groups(self) -> tuple[str, ...]:
        """The groups of TLS 1.3, in the order in which the server chooses them."""
        everything = await self.hello_without_key()
        if everything is None:
            return ()
        found = await self._choices(lambda left: replace(everything, groups=left), TLS13_GROUPS, group_of)
        return tuple(map(group_name, found))

    async def curves(self) -> tuple[str, ...]:
        """The curves of the newest version up to TLS 1.2.

        A key of ECDSA needs its own curve in every offer (RFC 8422, section 5.1), so once that is found it goes last.
        A server that prefers it to others hides those.
        """
        hello = await self.ephemeral("ECDHE")
        if hello is None:
            return ()
        found = await self._choices(lambda left: replace(hello, groups=left), CURVES, curve_of)
        if not _is_ecdsa(await self.interview.ask(hello)):
            return tuple(map(group_name, found))
        own = found[-1:]
        others = tuple(curve for curve in CURVES if curve not in found)
        found += await self._choices(lambda left: replace(hello, groups=left + own), others, curve_of)
        return tuple(map(group_name, found))

    async def schemes_12(self) -> tuple[str, ...]:
        """The signature schemes of TLS 1.2, in the order in which the server chooses them."""
        found: tuple[int, ...] = ()
        hello = await self.ephemeral("ECDHE") or await self.ephemeral("DHE")
        if hello is not None and hello.version is _TLS1_2:
            found = await self._choices(lambda left: replace(hello, schemes=left), SCHEMES, scheme_of)
        return tuple(map(scheme_name, found))

    async def schemes_13(self) -> tuple[str, ...] | None:
        """The signature schemes of TLS 1.3; None where the server does not look at them before it signs."""
        if not (await self.version(_TLS1_3)).accepted:
            return ()
        found = [await self._accepted_schemes(family) for family in _FAMILIES_OF_SCHEMES]
        if all(found) and (await self.ask(replace(self.hello(_TLS1_3), schemes=(_UNUSED_SCHEME,)))).accepted:
            return None
        return tuple(scheme_name(scheme) for family in found for scheme in family)

    async def _accepted_schemes(self, schemes: tuple[int, ...]) -> tuple[int, ...]:
        """Those of ``schemes`` that are accepted: if not all are refused at once, each is offered alone."""
        if not schemes or not (await self.ask(replace(self.hello(_TLS1_3), schemes=schemes))).accepted:
            return ()
        if len(schemes) == 1:
            return schemes
        return tuple([scheme for one in schemes for scheme in await self._accepted_schemes((one,))])

    async def ephemeral(self, *exchanges: str) -> ClientHello | None:
        """A hello to which the server agrees with one of these key exchanges; None where there is none."""
        for version in await self.spoken():
            usual = self.accepted_hello(version)
            chosen = suite_of((await self.interview.ask(usual)).flight)
            if chosen is not None and suite(chosen).key_exchange.startswith(exchanges):
                return usual
            known = (*USUAL_SUITES, *RARE_SUITES, *WEAK_SUITES)
            suites = [n for n in of_version(version, known) if suite(n).key_exchange.startswith(exchanges)]
            hello = self.hello(version, suites)
            if not exchanges[0].startswith("EC"):
                hello = replace(hello, groups=())
            if (await self.interview.ask(hello)).accepted:
                return hello
        return None


def _is_own_order(found: tuple[int, ...], chosen: int | None) -> bool:
    """Whether ``chosen``, of the suites ``found`` in the reverse order, shows that the server has an order of its own.

    Servers may hold the best suites to be equal and let the client choose among those (BoringSSL), or ask its first
    suite whether it has AES in hardware (Go): one that is not out of date is then as good as the first.
    """
    if chosen is None or chosen == found[0]:
        return chosen is not None
    return chosen != found[-1] and not (suite(chosen).weak or suite(chosen).dated)


def _is_ecdsa(answer: Answer) -> bool:
    """Whether the suite that is chosen needs a key of ECDSA."""
    chosen = suite_of(answer.flight)
    return chosen is not None and "ECDSA" in suite(chosen).key_exchange


def suite_of(flight: Flight) -> int | None:
    """The suite that the server chooses."""
    return flight.hello.suite if flight.hello else None


def group_of(flight: Flight) -> int | None:
    """The group of TLS 1.3 that the server wants."""
    return flight.hello.group if flight.hello else None
