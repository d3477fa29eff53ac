"""The questions of the full depth for lists: suites, groups, curves, signature schemes."""

from __future__ import annotations

from dataclasses import replace

from mailproof.net.tls.enumeration import NOTHING_YET, Enumeration, Known, group_of, is_ecdsa, suite_of
from mailproof.net.tls.facts import Dated, Handshake, SuiteList
from mailproof.net.tls.groups import (
    CURVES,
    SCHEMES,
    TLS13_GROUPS,
    TLS13_SCHEMES,
    group_name,
    scheme_name,
)
from mailproof.net.tls.hello import ClientHello
from mailproof.net.tls.questions import curve_of, dated_of, of_version, scheme_of
from mailproof.net.tls.suites import (
    OLD_SUITES,
    RARE_SUITES,
    TLS13_SUITES,
    USUAL_SUITES,
    WEAK_SUITES,
    DatedKind,
    WeakKind,
    suite,
    suite_named,
)
from mailproof.net.tls.versions import TLSVersion

_UNUSED_SCHEME = 0xFE00
"""No signature scheme has this number (RFC 8446, section 4.2.3: private use)."""

_FAMILIES_OF_SCHEMES = tuple(
    tuple(scheme for scheme in TLS13_SCHEMES if scheme_name(scheme).startswith(family))
    for family in ("ecdsa_secp", "ed", "ecdsa_brainpool", "rsa_pss_pss", "rsa_pss_rsae")
)
"""Signature schemes of TLS 1.3 by the kind of key that they need."""

_USUAL_FAMILIES = (_FAMILIES_OF_SCHEMES[-1], _FAMILIES_OF_SCHEMES[0])
"""Those of RSA and of the usual curves: nearly all servers accept schemes of one of them, and no others."""

_SSLV2, _SSLV3, _TLS1_0, _TLS1_1, _TLS1_2, _TLS1_3 = TLSVersion


class ListQuestions(Enumeration):
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
            chosen = await self.choices(offer, part, suite_of, (await self.together(version))["suites"])
            found = await self.merged(offer, found, chosen)
        server_order = None
        if len(found) > 1:
            server_order = _is_own_order(found, suite_of((await self.ask(offer(found[::-1]))).flight))
        return SuiteList(version, tuple(suite(number).name for number in found), server_order)

    async def ssl_2(self) -> Handshake:
        """Offer SSL 2.0, to everybody."""
        return await self.version(_SSLV2)

    async def weak(self) -> tuple[Handshake, ...]:
        """As in the usual depth, and RC4 and 3DES in the older versions: hardly a server has other suites there."""
        older = (await self.spoken())[1:]
        return await self.weak_in(older, (WeakKind.RC4, WeakKind.TRIPLE_DES)) + await super().weak()

    async def dated(self) -> tuple[Dated, ...]:
        """As in the usual depth, from the list of all suites: nothing is asked for it alone."""
        if _TLS1_2 not in await self.spoken():
            return ()
        await self._suites_of(_TLS1_2)
        found = {kind: Dated(kind, False, error="the server takes none of them") for kind in DatedKind}
        for hello, flight in self.interview.seen:
            chosen = suite_of(flight) if hello.version is _TLS1_2 and self.interview.knows_accepted(hello) else None
            kind = None if chosen is None else suite(chosen).dated
            if chosen is not None and kind is not None and not found[kind].accepted:
                found[kind] = dated_of(kind, suite(chosen).name, flight)
        return tuple(found.values())

    async def groups(self) -> tuple[str, ...]:
        """The groups of TLS 1.3, in the order in which the server chooses them."""
        everything = await self.hello_without_key()
        if everything is None:
            return ()
        known = (await self.together(_TLS1_3))["groups"]
        found = await self.choices(lambda left: replace(everything, groups=left), TLS13_GROUPS, group_of, known)
        return tuple(map(group_name, found))

    async def curves(self) -> tuple[str, ...]:
        """The curves of the newest version up to TLS 1.2.

        A key of ECDSA needs its own curve in every offer (RFC 8422, section 5.1), so once that is found it goes last.
        A server that prefers it to others hides those.
        """
        hello = await self.ephemeral("ECDHE")
        if hello is None:
            return ()
        known = (await self.together(hello.version))["groups"]
        found = await self.choices(lambda left: replace(hello, groups=left), CURVES, curve_of, known)
        if not is_ecdsa(await self.interview.ask(hello)):
            return tuple(map(group_name, found))
        own = found[-1:]
        others = tuple(curve for curve in CURVES if curve not in found)
        found += await self.choices(lambda left: replace(hello, groups=left + own), others, curve_of)
        return tuple(map(group_name, found))

    async def schemes_12(self) -> tuple[str, ...]:
        """The signature schemes of TLS 1.2, in the order in which the server chooses them.

        OpenSSL chooses the suite first, and then has to sign with the key of that: schemes of another key show only
        where nothing but suites of that key is offered.
        """
        found: tuple[int, ...] = ()
        hello = await self.ephemeral("ECDHE") or await self.ephemeral("DHE")
        if hello is not None and hello.version is _TLS1_2:
            known = (await self.together(_TLS1_2))["schemes"]
            found = await self._schemes_of(hello, SCHEMES, known)
            for suites in await self._signed_suites_by_key():
                others = tuple(scheme for scheme in SCHEMES if scheme not in found)
                found += await self._schemes_of(self.hello(_TLS1_2, suites), others)
        return tuple(map(scheme_name, found))

    async def _schemes_of(
        self, hello: ClientHello, schemes: tuple[int, ...], known: Known = NOTHING_YET
    ) -> tuple[int, ...]:
        return await self.choices(lambda left: replace(hello, schemes=left), schemes, scheme_of, known)

    async def _signed_suites_by_key(self) -> tuple[tuple[int, ...], ...]:
        """The suites of TLS 1.2 that the server takes and signs, by the kind of key; none where it has but one."""
        keys: dict[str, tuple[int, ...]] = {}
        for name in (await self._suites_of(_TLS1_2)).suites:
            exchange, _, key = suite_named(name).key_exchange.rpartition("_")
            if exchange.endswith("DHE"):
                keys[key] = (*keys.get(key, ()), suite_named(name).number)
        return tuple(keys.values()) if len(keys) > 1 else ()

    async def schemes_13(self) -> tuple[str, ...] | None:
        """The signature schemes of TLS 1.3; None where the server does not look at them before it signs."""
        if not (await self.version(_TLS1_3)).accepted:
            return ()
        families = _FAMILIES_OF_SCHEMES
        for usual in _USUAL_FAMILIES:
            if not await self._accepts_schemes(
                *(scheme for family in families if family != usual for scheme in family)
            ):
                families = (usual,)
                break
        found = [await self._accepted_schemes(family, asked=len(families) == 1) for family in families]
        if all(found) and len(families) > 1 and await self._accepts_schemes(_UNUSED_SCHEME):
            return None
        return tuple(scheme_name(scheme) for family in found for scheme in family)

    async def _accepts_schemes(self, *schemes: int) -> bool:
        return (await self.ask(replace(self.hello(_TLS1_3), schemes=schemes))).accepted

    async def _accepted_schemes(self, family: tuple[int, ...], *, asked: bool) -> tuple[int, ...]:
        """Those of ``family`` that are accepted: if not all are refused at once, each is offered alone.

        ``asked``: some of them are known to be accepted.
        """
        if not asked and not await self._accepts_schemes(*family):
            return ()
        return tuple([scheme for scheme in family if await self._accepts_schemes(scheme)])

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
