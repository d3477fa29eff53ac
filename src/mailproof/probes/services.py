"""Talks to mail stores as a mail program does before its user logs in, and to LMTP servers. No password is sent."""

from __future__ import annotations

from dataclasses import replace

from mailproof.grammars.store_capabilities import OWN_COMMAND, Capabilities, capabilities
from mailproof.net.errors import (
    ClosedEarly,
    Malformed,
    NotAvailable,
    NotObserved,
    RefusedByAddress,
)
from mailproof.net.network import Network
from mailproof.net.services import IMAP, POP3, SIEVE
from mailproof.net.stores import StoreDialogue, StoreReply
from mailproof.observations.services import ClearTextLogin, LMTPSession, Mechanisms, StoreInjection, StoreSession
from mailproof.probes.made_up import made_up_mailbox
from mailproof.probes.probe import Look, probe
from mailproof.probes.smtp import smtp_session
from mailproof.targets.services import LMTPEndpoint, SASLEndpoint, SMTPEndpoint, StoreEndpoint


@probe(connections=1)
async def store_session(endpoint: StoreEndpoint, net: Network) -> StoreSession:
    """One connection: greeting, capabilities, STARTTLS if it is offered, capabilities again inside TLS, farewell."""
    async with net.stores.connect(
        endpoint.address,
        endpoint.port,
        host=endpoint.host,
        service=endpoint.role,
        implicit_tls=endpoint.implicit_tls,
    ) as dialogue:
        greeting = await dialogue.greeting()
        session = StoreSession((), endpoint.id, endpoint.role, endpoint.implicit_tls, greeting)
        session = await _said(dialogue, session)
        if not session.tls_failure:
            await dialogue.farewell()
    return replace(session, transcript=dialogue.transcript.lines)


async def _said(dialogue: StoreDialogue, session: StoreSession) -> StoreSession:
    """``session`` with what the server says after its greeting, until it says nothing more."""
    if not session.greeting.ok:
        return replace(session, ended=f"the server opens with {session.greeting}")
    try:
        listed = session.greeting if session.service == SIEVE.name else await dialogue.capabilities()
        session = replace(session, capabilities=_read(session, listed))
        if session.implicit_tls or session.capabilities is None or not session.capabilities.starttls:
            return session
        session = replace(session, starttls=await dialogue.starttls())
        if session.starttls is None or not session.starttls.ok:
            return session
        try:
            session = replace(session, tls=await dialogue.handshake())
        except (NotAvailable, ClosedEarly, Malformed) as failure:
            return replace(session, tls_failure=failure.reason)
        return replace(session, in_tls=_read(session, await dialogue.capabilities_in_tls()))
    except NotObserved as failure:
        return replace(session, ended=failure.reason)


def _read(session: StoreSession, reply: StoreReply) -> Capabilities | None:
    """What the server says that it can do; ManageSieve says it in its greeting. None where it does not say it."""
    return capabilities(session.service, reply.lines) if reply.ok else None


@probe(connections=1, looks=("store_session",))
async def clear_text_login(endpoint: StoreEndpoint, net: Network, look: Look) -> ClearTextLogin:
    """What is offered before TLS; with the owner's consent one login with a made-up user and a made-up password.

    Servers log it, and tools like fail2ban count it: a guest does not try, and nobody tries twice. USER of POP3 alone,
    where it is on offer, is no login.
    """
    try:
        session = await look(store_session, endpoint)
    except RefusedByAddress as failure:
        return ClearTextLogin(None, transcript=failure.evidence)
    if endpoint.implicit_tls or session.capabilities is None or endpoint.role not in (IMAP.name, POP3.name):
        return ClearTextLogin(session)
    readable = session.capabilities.readable
    only_user = endpoint.role == POP3.name and readable == (OWN_COMMAND,)
    if not only_user and (readable or not endpoint.active):
        return ClearTextLogin(session)
    name = made_up_mailbox(endpoint.host, net.settings.sender)
    reply: StoreReply | None = None
    user: StoreReply | None = None
    async with net.stores.connect(
        endpoint.address, endpoint.port, host=endpoint.host, service=endpoint.role
    ) as dialogue:
        greeting = await dialogue.greeting()
        if greeting.ok and only_user:
            user = await dialogue.command(f"USER {name}")
        elif greeting.ok:
            reply = await _log_in(dialogue, name)
    return ClearTextLogin(session, reply, user, dialogue.transcript.evidence())


async def _log_in(dialogue: StoreDialogue, user: str) -> StoreReply | None:
    """The reply to a login; None where the server ends the session instead of answering."""
    try:
        if dialogue.language.name == IMAP.name:
            return await dialogue.command(f"LOGIN {user} {user}")
        reply = await dialogue.command(f"USER {user}")
        return await dialogue.command(f"PASS {user}") if reply.ok else reply
    except ClosedEarly:
        return None


@probe(active=True, connections=1, looks=("store_session",))
async def store_injection(endpoint: StoreEndpoint, net: Network, look: Look) -> StoreInjection:
    """A command in clear behind STARTTLS in one write: a server must forget it."""
    session = await look(store_session, endpoint)
    if session.implicit_tls or not session.told().starttls:
        return StoreInjection(session.transcript, False)
    tls_failure, heard = "", ""
    async with net.stores.connect(
        endpoint.address, endpoint.port, host=endpoint.host, service=endpoint.role
    ) as dialogue:
        await dialogue.greeting()
        reply = await dialogue.starttls(injected=True)
        if reply.ok:
            try:
                await dialogue.handshake()
                heard = await dialogue.answer_to_injected()
            except (ClosedEarly, NotAvailable, Malformed) as failure:
                tls_failure = failure.reason
    return StoreInjection(dialogue.transcript.lines, True, reply, tls_failure, heard)


@probe(connections=1)
async def lmtp_session(endpoint: LMTPEndpoint, net: Network) -> LMTPSession:
    """One connection: greeting, EHLO, LHLO, QUIT. No recipient is named and no mail begun."""
    async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as dialogue:
        session = LMTPSession((), endpoint.id, await dialogue.greeting())
        try:
            if session.greeting.positive:
                session = replace(session, ehlo=await dialogue.ehlo())
                session = replace(session, lhlo=await dialogue.lhlo())
        except NotObserved as failure:
            session = replace(session, ended=failure.reason)
        await dialogue.farewell()
    return replace(session, transcript=dialogue.transcript.lines)


@probe(looks=("store_session", "smtp_session"))
async def mechanisms(endpoint: SASLEndpoint, look: Look) -> Mechanisms:
    """The SASL mechanisms inside TLS, of a server for mail or of a store; of others nothing is known."""
    if isinstance(endpoint, StoreEndpoint):
        store = await look(store_session, endpoint)
        return Mechanisms(endpoint.id, store.mechanisms_in_tls, store.evidence())
    if isinstance(endpoint, SMTPEndpoint):
        session = await look(smtp_session, endpoint)
        listed = session.ehlo if session.implicit_tls else session.ehlo_in_tls
        if listed is None:
            return Mechanisms(endpoint.id, None, session.evidence())
        keywords = session.extensions if session.implicit_tls else session.extensions_in_tls
        return Mechanisms(endpoint.id, tuple(map(str.upper, keywords.get("AUTH", ()))), session.evidence())
    return Mechanisms(endpoint.id, None)
