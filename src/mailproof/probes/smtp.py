"""Talks to SMTP servers as any sender does: what they greet with, what they offer, whether TLS works, who they are."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from mailproof.net.errors import (
    ClosedEarly,
    Malformed,
    NotAvailable,
    NotObserved,
    Refused,
    RefusedByAddress,
    Throttled,
    TimedOut,
)
from mailproof.net.network import Network
from mailproof.net.smtp import Dialogue, Reply, extensions
from mailproof.observations.refusals import Tester, refuses_client
from mailproof.observations.smtp import ServerName, SMTPPort, SMTPSession
from mailproof.probes.probe import Look, probe
from mailproof.probes.reverse import reverse_dns
from mailproof.probes.series import called
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.services import MXEndpoint, SMTPEndpoint


@probe(connections=2)
async def smtp_session(endpoint: SMTPEndpoint, net: Network) -> SMTPSession:
    """Two polite connections: greeting, HELO, EHLO, STARTTLS if offered, EHLO inside TLS, QUIT; then EHLO once more.

    Some servers take one hello in a session and answer the next with 503 (OpenSMTPD; RFC 5321, section 4.1.4 wants
    it taken). What they do after EHLO shows in the second connection, without HELO. A session that ends before its
    time is held again, and what was heard is kept.
    """
    try:
        session = await _session(endpoint, net)
    except (NotAvailable, TimedOut, ClosedEarly) as failure:
        wrong = await _other_start(endpoint, net, failure)
        if wrong is None:
            raise
        return wrong
    if not session.greeting.positive:
        return session
    if session.helo is not None and session.helo.positive and session.ehlo is not None and session.ehlo.code == 503:
        again = await _session(endpoint, net, session.helo)
        return replace(again, transcript=(*session.transcript, *again.transcript))
    if session.ended:
        await asyncio.sleep(net.settings.limits.retry_pause)
        return await _once_more(endpoint, net, session)
    return await _compared(endpoint, net, session)


async def _session(endpoint: SMTPEndpoint, net: Network, helo: Reply | None = None) -> SMTPSession:
    """One session. ``helo`` is the reply of an earlier one: HELO is then not said again."""
    async with net.smtp.connect(
        endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
    ) as dialogue:
        greeting = await dialogue.greeting()
        session = SMTPSession(
            transcript=(),
            endpoint=endpoint.id,
            role=endpoint.role,
            implicit_tls=endpoint.implicit_tls,
            greeting=greeting,
            tester=_tester(endpoint, net, dialogue),
        )
        if greeting.positive:
            session = await _said(dialogue, session, helo)
        else:
            session = replace(session, ended=f"the server opens with {greeting}")
        if session.tls_failure is None:
            await dialogue.farewell()
    return replace(session, transcript=dialogue.transcript.lines, tester=_tester(endpoint, net, dialogue, session))


async def _said(dialogue: Dialogue, session: SMTPSession, helo: Reply | None) -> SMTPSession:
    """``session`` with all that the server says after its greeting, until it says nothing more."""
    try:
        session = replace(session, helo=helo or await dialogue.helo())
        session = replace(session, ehlo=await dialogue.ehlo())
        if session.implicit_tls or session.ehlo is None or "STARTTLS" not in extensions(session.ehlo):
            return session
        reply = await dialogue.starttls()
        session = replace(session, starttls=reply)
        if reply.code != 220:
            return session
        try:
            session = replace(session, tls=await dialogue.handshake())
        except (NotAvailable, ClosedEarly, Malformed) as failure:
            return replace(session, tls_failure=failure.reason)
        return replace(session, ehlo_in_tls=await dialogue.ehlo())
    except NotObserved as failure:
        by_server = isinstance(failure, Throttled | ClosedEarly)
        in_tls = failure.reason if by_server and session.tls is not None else ""
        return replace(session, ended=failure.reason, ended_in_tls=in_tls)


async def _once_more(endpoint: SMTPEndpoint, net: Network, first: SMTPSession) -> SMTPSession:
    """The session again after it ended early: the further one of the two counts."""
    try:
        again = await _session(endpoint, net)
    except NotObserved:
        return replace(first, ended_in_tls="")
    twice = bool(first.ended_in_tls and again.ended_in_tls)
    better = first if _steps(first) > _steps(again) else again
    return replace(
        better,
        transcript=(*first.transcript, *again.transcript),
        ended_in_tls=again.ended_in_tls if twice else "",
    )


def _steps(session: SMTPSession) -> int:
    parts = (session.helo, session.ehlo, session.starttls, session.tls, session.tls_failure, session.ehlo_in_tls)
    return sum(1 for part in parts if part is not None)


async def _compared(endpoint: SMTPEndpoint, net: Network, session: SMTPSession) -> SMTPSession:
    """``session`` with the EHLO reply of a second one."""
    if endpoint.implicit_tls:
        return session
    second = None
    try:
        async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as dialogue:
            if (await dialogue.greeting()).positive:
                second = await dialogue.ehlo()
    except NotObserved:
        return session
    differs = replace(session, second_ehlo=second)
    return (
        replace(differs, transcript=(*session.transcript, *dialogue.transcript.lines))
        if differs.lists_differ
        else (differs)
    )


async def _other_start(endpoint: SMTPEndpoint, net: Network, failure: NotObserved) -> SMTPSession | None:
    """What shows where a port does not start as its number says: 465 in clear, or 25 and 587 with TLS at once."""
    if isinstance(failure, NotAvailable) is not endpoint.implicit_tls or not _connected(failure):
        return None
    try:
        async with net.smtp.connect(
            endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=not endpoint.implicit_tls
        ) as dialogue:
            greeting = await dialogue.greeting()
    except NotObserved:
        return None
    what = (
        "it greets in clear, where TLS must start at once"
        if endpoint.implicit_tls
        else ("TLS starts at once, where a greeting in clear must come first")
    )
    return SMTPSession(
        transcript=dialogue.transcript.lines,
        endpoint=endpoint.id,
        role=endpoint.role,
        implicit_tls=endpoint.implicit_tls,
        greeting=greeting,
        ended=what,
        wrong_start=what,
    )


def _tester(endpoint: SMTPEndpoint, net: Network, dialogue: Dialogue, session: SMTPSession | None = None) -> Tester:
    names = {net.settings.ehlo_name.lower(), dialogue.own_address} - {""}
    for hello in (session.helo, session.ehlo) if session else ():
        if hello is not None and hello.positive:
            names |= called(hello, endpoint.address)
    return Tester(tuple(sorted(names)), net.settings.sender)


def unserved(session: SMTPSession) -> str:
    """Why nobody is served; empty where everybody is. Raises NotAvailable where it is the tester who is refused."""
    if session.served:
        return ""
    if reason := refuses_client(session.greeting, session.tester):
        raise NotAvailable(reason, session.evidence())
    return session.wrong_start or str(session.greeting)


def _connected(failure: NotObserved) -> bool:
    return any(line.endswith("-: connected") for line in failure.evidence)


@probe(connections=1, looks=("smtp_session",), on_dead_hosts=True)
async def smtp_port(endpoint: MXEndpoint, net: Network, look: Look) -> SMTPPort:
    """Whether the address takes connections at the port. What the session was refused is asked for once more.

    A host that is dead on purpose has no session: it is asked once, and silence is an answer.
    """
    if not endpoint.dead:
        try:
            session = await look(smtp_session, endpoint)
        except Refused:
            net.hosts.forget(endpoint.address, endpoint.port)
            await asyncio.sleep(net.settings.limits.retry_pause)
        except NotObserved as failure:
            if not _connected(failure):
                raise
            return SMTPPort(endpoint.id, True, failure.evidence)
        else:
            return SMTPPort(endpoint.id, True, session.evidence())
    try:
        async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as dialogue:
            return SMTPPort(endpoint.id, True, dialogue.transcript.evidence())
    except (Refused, TimedOut) as failure:
        if endpoint.dead or isinstance(failure, RefusedByAddress):
            return SMTPPort(endpoint.id, False, failure.evidence)
        raise


_DOMAIN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")


@probe()
async def server_name(endpoint: SMTPEndpoint, net: Network, smtp_session: SMTPSession, look: Look) -> ServerName:
    """What the DNS says of the names in greeting and EHLO reply, and of the address."""
    if not smtp_session.greeting.positive:
        raise NotAvailable(f"the server opens with {smtp_session.greeting}", smtp_session.evidence())
    names = dict.fromkeys(
        name for name in (smtp_session.server_name, smtp_session.ehlo_name) if _DOMAIN.fullmatch(name)
    )
    forward = []
    for name in names:
        a, aaaa = await asyncio.gather(net.dns.resolve(name, "A"), net.dns.resolve(name, "AAAA"))
        forward.append((name, a, aaaa))
    reverse = await look(reverse_dns, SendingAddress(endpoint.address, declared=False))
    return ServerName(smtp_session, endpoint.address, tuple(forward), reverse.ptr)
