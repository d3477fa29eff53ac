"""The questions which versions a server speaks, and the hellos of each. What is known is not asked for twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mailproof.net.errors import NotObserved
from mailproof.net.tls.facts import Handshake
from mailproof.net.tls.flight import PROTOCOL_VERSION
from mailproof.net.tls.groups import CURVES, SCHEMES, TLS13_GROUPS
from mailproof.net.tls.hello import ClientHello
from mailproof.net.tls.interview import Answer, HungUp, Interview
from mailproof.net.tls.suites import (
    OLD_SUITES,
    RARE_SUITES,
    SSL2_SUITES,
    TLS13_SUITES,
    USUAL_SUITES,
    WEAK_SUITES,
    suite,
)
from mailproof.net.tls.versions import TLSVersion

_SSLV2, _SSLV3, _TLS1_0, _TLS1_1, _TLS1_2, _TLS1_3 = TLSVersion

OLD_VERSIONS = (_TLS1_2, _TLS1_1, _TLS1_0, _SSLV3)
"""Versions whose handshakes are in clear, the newest first."""

_ABOUT_THE_KEY_SHARE = frozenset({10, 47, 50, 80, 109})
"""Alerts of servers that cannot read an empty key_share, or fail over it: they say nothing about the version."""


class VersionQuestions:
    """Asks through one interview which versions are spoken. Every method raises what ``Interview.ask`` raises."""

    def __init__(self, interview: Interview) -> None:
        self.interview = interview

    async def version(self, version: TLSVersion) -> Handshake:
        """Offer ``version`` and nothing else, with all suites that it knows."""
        refusal = await self._refusal_of_all_old() if version in (_TLS1_0, _SSLV3) else None
        if refusal is not None:
            return Handshake(version, "all", False, None, f"{refusal}, to {_TLS1_1} or older")
        for hello in self.hellos(version):
            answer = await self.ask(hello, surely=version is not _SSLV2)
            if answer.accepted or answer.flight.alert == PROTOCOL_VERSION:
                break
        return Handshake(version, "all", answer.accepted, _chosen(answer), answer.error)

    async def ssl_2(self) -> Handshake:
        """Offer SSL 2.0, unless TLS 1.3 is spoken: the programs that do had dropped SSL 2.0 before, and must not agree
        to it (RFC 8446, appendix D.5).
        """
        if self.interview.knows_accepted(self.hello(_TLS1_3)):
            return Handshake(_SSLV2, "all", False, None, f"not asked: the server speaks {_TLS1_3}, which rules it out")
        return await self.version(_SSLV2)

    async def tls_1_3(self) -> Handshake:
        """Offer TLS 1.3. A server that declines, and speaks nothing older either, is offered it with a key once more.

        It should name a group if there is no key (RFC 8446, section 4.1.4); some hang up or send any alert.
        """
        found = await self.version(_TLS1_3)
        if found.accepted or await self._speaks_older():
            return found
        answer = await self.interview.ask(replace(self.hello(_TLS1_3), share=True), surely=True)
        return Handshake(_TLS1_3, "all", answer.accepted, _chosen(answer), answer.error)

    async def _refusal_of_all_old(self) -> str | None:
        """How the server has shown that it speaks no version up to TLS 1.1: by refusing that one for its version, or
        by breaking off whenever it is offered.

        It would have answered with an older one that it speaks (RFC 5246, appendix E.1). This holds for servers that
        speak TLS 1.2 or 1.3; some of those from before could not do that.
        """
        current = (self.hello(_TLS1_3), *self.hellos(_TLS1_2))
        if not any(self.interview.knows_accepted(hello) for hello in current):
            return None
        try:
            older = await self.interview.ask(self.hello(_TLS1_1), surely=True)
        except HungUp:
            raise
        except NotObserved:
            return None
        return older.error if older.broken or older.flight.alert == PROTOCOL_VERSION else None

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

    async def ask(self, hello: ClientHello, *, surely: bool = False) -> Answer:
        """As ``Interview.ask``; a TLS 1.3 server that fails over an empty key_share gets one with a key."""
        answer = await self.interview.ask(hello, surely=surely)
        if hello.version is _TLS1_3 and answer.flight.alert in _ABOUT_THE_KEY_SHARE:
            return await self.interview.ask(replace(hello, share=True), surely=surely)
        return answer

    async def spoken(self) -> list[TLSVersion]:
        """The versions up to TLS 1.2 that are spoken, the newest first; SSL 2.0 aside."""
        return [version for version in OLD_VERSIONS if (await self.version(version)).accepted]

    def accepted_hello(self, version: TLSVersion) -> ClientHello:
        """The hello with which ``version`` was accepted."""
        return next(hello for hello in self.hellos(version) if self.interview.knows_accepted(hello))

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


def _chosen(answer: Answer) -> str | None:
    hello = answer.flight.hello
    if hello is None or not answer.accepted:
        return None
    return SSL2_SUITES.get(hello.suite) if hello.version is _SSLV2 else suite(hello.suite).name
