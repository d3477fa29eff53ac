"""The questions that the full depth asks besides."""

from __future__ import annotations

from dataclasses import replace

from mailproof.net.errors import TimedOut
from mailproof.net.tls.facts import ALPN, DiffieHellman, Tolerance
from mailproof.net.tls.groups import (
    TLS13_GROUPS,
)
from mailproof.net.tls.hello import FALLBACK_SCSV, ClientHello, Extension
from mailproof.net.tls.interview import AS_CLIENTS_DO
from mailproof.net.tls.list_questions import ListQuestions
from mailproof.net.tls.questions import diffie_hellman_of, of_version
from mailproof.net.tls.suites import RARE_SUITES, USUAL_SUITES, DatedKind, suite
from mailproof.net.tls.versions import TLSVersion

_SSLV2, _SSLV3, _TLS1_0, _TLS1_1, _TLS1_2, _TLS1_3 = TLSVersion


class FullQuestions(ListQuestions):
    """What hellos with something special show."""

    async def tolerance(self) -> Tolerance | None:
        """How a hello is taken that is as large, and has as many reserved values, as those of browsers.

        Only a server that does not answer it is asked which of both it is. None where a usual hello has no answer.
        """
        if not (await self.version(_TLS1_3)).accepted and not await self.spoken():
            return None
        as_usual = replace(AS_CLIENTS_DO, groups=TLS13_GROUPS[:8], host=self.interview.endpoint.host)
        if await self._is_answered(replace(as_usual, large=True, reserved=True)) is None:
            return Tolerance(True, True)
        if await self._is_answered(as_usual) is not None:
            return None
        large = await self._is_answered(replace(as_usual, large=True))
        reserved = await self._is_answered(replace(as_usual, reserved=True))
        return Tolerance(large is None, reserved is None, large or reserved)

    async def _is_answered(self, hello: ClientHello) -> str | None:
        """None where any version is agreed to, or else what comes instead. Silence counts if it comes twice."""
        try:
            answer = await self.interview.ask(hello, surely=True)
        except TimedOut as silence:
            self.interview.forget(hello)
            try:
                answer = await self.interview.ask(hello, surely=True)
            except TimedOut:
                return silence.reason
        return None if answer.flight.hello is not None else answer.error

    async def diffie_hellman(self) -> tuple[DiffieHellman, ...]:
        """The group of finite-field Diffie-Hellman in the newest version up to TLS 1.2 that has such suites."""
        if _TLS1_2 in await self.spoken():
            return tuple(found.group for found in await self.dated() if found.group is not None)
        hello = await self.ephemeral("DHE", "DH_anon")
        if hello is None:
            return ()
        group = diffie_hellman_of((await self.interview.ask(hello)).flight)
        return () if group is None else (group,)

    async def encrypt_then_mac(self) -> bool | None:
        """Whether a CBC suite comes with encrypt-then-MAC (RFC 7366); None where there is no such suite."""
        for version in await self.spoken():
            dated = await self.dated() if version is _TLS1_2 else ()
            if dated and not any(found.accepted for found in dated):
                continue  # all with CBC are among those
            for found in dated:
                if found.kind is DatedKind.CBC and found.accepted:
                    return found.encrypt_then_mac
            known = (*USUAL_SUITES, *RARE_SUITES)
            suites = [number for number in of_version(version, known) if suite(number).is_cbc]
            hello = (await self.interview.ask(self.hello(version, suites))).flight.hello if suites else None
            if hello is not None and version is not _SSLV3:
                return Extension.ENCRYPT_THEN_MAC in hello.extensions
        return None

    async def alpn(self) -> tuple[ALPN, ...]:
        """What becomes of HTTP/1.1 offered by ALPN, and of the protocol that the port is for."""
        spoken = await self.spoken()
        if not spoken or spoken[0] is _SSLV3:
            return ()
        own = self.interview.endpoint.starttls
        found = []
        for protocol in ("http/1.1", *((own,) if own in ("imap", "pop3") else ())):
            answer = await self.interview.ask(replace(self.accepted_hello(spoken[0]), alpn=(protocol,)))
            taken = answer.flight.hello is not None and answer.flight.hello.alpn == protocol
            found.append(ALPN(protocol, taken, answer.flight.hello is None))
        return tuple(found)

    async def fallback_refused(self) -> bool | None:
        """Whether a hello that says that it falls back is refused (RFC 7507); None where there is no older version.

        Any refusal keeps the client from the older version: without the signal the same hello is accepted.
        """
        newest = [_TLS1_3] if (await self.version(_TLS1_3)).accepted else []
        spoken = [*newest, *await self.spoken()]
        if len(spoken) < 2:
            return None
        hello = self.accepted_hello(spoken[1])
        answer = await self.interview.ask(replace(hello, suites=(*hello.suites, FALLBACK_SCSV)))
        return answer.flight.hello is None
