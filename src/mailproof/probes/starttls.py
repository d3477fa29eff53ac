"""What a server does before TLS that belongs behind it: AUTH, and commands that are carried over the handshake."""

from __future__ import annotations

from contextlib import suppress

from mailproof.net.errors import ClosedEarly, Malformed, NotAvailable, Throttled
from mailproof.net.network import Network
from mailproof.net.smtp import Dialogue, Reply, extensions
from mailproof.net.transcript import Line
from mailproof.observations.smtp import ClearTextAuth, Injection, KeptState, SMTPSession
from mailproof.probes.probe import probe
from mailproof.targets.services import SMTPEndpoint


@probe(connections=1, refusals=1)
async def clear_text_auth(endpoint: SMTPEndpoint, net: Network, smtp_session: SMTPSession) -> ClearTextAuth:
    """Whether AUTH is offered before TLS; with the owner's consent also whether it is taken without being offered.

    No credentials are sent. Servers log and count a command that they did not offer, so a guest does not say it: Exim,
    as Debian sets it up, logs it in words that fail2ban counts. Where the server may refuse no more, it is not said.
    """
    if not smtp_session.served:
        raise NotAvailable(
            smtp_session.ended or f"the server opens with {smtp_session.greeting}", smtp_session.evidence()
        )
    if smtp_session.without_ehlo:
        return ClearTextAuth((), (), None, smtp_session)
    offered = smtp_session.extensions.get("AUTH", ())
    reply: Reply | None = None
    transcript: tuple[Line, ...] = ()
    unoffered = endpoint.active and not endpoint.implicit_tls and "PLAIN" not in map(str.upper, offered)
    if unoffered and await net.refusals.room(endpoint):
        net.refusals.count(endpoint)
        async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as dialogue:
            if (await dialogue.greeting()).positive and (await dialogue.ehlo()).positive:
                try:
                    reply = await dialogue.command("AUTH PLAIN")
                    if reply.intermediate:
                        await dialogue.command("*")
                except (ClosedEarly, Throttled):
                    reply = reply or None
        transcript = dialogue.transcript.lines
    return ClearTextAuth(transcript, offered, reply, smtp_session)


@probe(active=True, connections=1, refusals=1)
async def starttls_injection(endpoint: SMTPEndpoint, net: Network, smtp_session: SMTPSession) -> Injection:
    """``NOOP`` in clear behind STARTTLS in one write: a server must forget it (RFC 3207, section 4.2).

    QUIT inside TLS has one reply. Where two come, the first of them is for the command that was sent in clear: the
    order of replies tells, and not how long the server takes.
    """
    if not smtp_session.offers_starttls:
        return Injection(smtp_session.transcript, False, None, None, "")
    await net.refusals.require(endpoint)  # Exim and Postfix log what comes too early, and fail2ban counts it
    async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as dialogue:
        await dialogue.greeting()
        await dialogue.ehlo()
        reply = await dialogue.starttls(b"NOOP injected\r\n")
        tls_failure, unasked = None, ""
        if reply.code == 220:
            try:
                await dialogue.handshake()
                unasked = await _before_farewell(dialogue)
            except (ClosedEarly, NotAvailable, Malformed) as failure:
                tls_failure = failure.reason
    return Injection(dialogue.transcript.lines, True, reply, tls_failure, unasked)


async def _before_farewell(dialogue: Dialogue) -> str:
    """Say QUIT, and return the reply that comes before the reply to it; nothing where there is none."""
    try:
        first = await dialogue.quit()
    except Throttled:
        return ""  # the server ends the session (421): it does not answer what came in clear
    if first.code == 221:
        return ""
    try:
        await dialogue.reply()
    except ClosedEarly:
        return ""
    return str(first)


@probe(active=True, connections=2)
async def starttls_state(endpoint: SMTPEndpoint, net: Network, smtp_session: SMTPSession) -> KeptState:
    """MAIL in clear, STARTTLS, and RCPT inside TLS without EHLO and MAIL: a server must have forgotten the sender.

    Where it takes RCPT, the same is tried without any MAIL: some servers take RCPT at any time.
    """
    if not smtp_session.offers_starttls or smtp_session.tls is None or smtp_session.ehlo_in_tls is None:
        return KeptState(smtp_session.transcript, False, (), None)
    keywords = tuple(sorted(extensions(smtp_session.ehlo_in_tls)))
    rcpt, transcript = await _rcpt_in_tls(endpoint, net, mail=True)
    without_mail = None
    if rcpt is not None and rcpt.positive:
        without_mail, more = await _rcpt_in_tls(endpoint, net, mail=False)
        transcript += more
    return KeptState(transcript, True, keywords, rcpt, without_mail)


async def _rcpt_in_tls(endpoint: SMTPEndpoint, net: Network, *, mail: bool) -> tuple[Reply | None, tuple[Line, ...]]:
    """The reply to RCPT as the first command inside TLS, with ``mail`` said before TLS or not said at all."""
    own = endpoint.domains[0] if endpoint.domains else endpoint.host
    rcpt = None
    async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as dialogue:
        await dialogue.greeting()
        offered = "STARTTLS" in extensions(await dialogue.ehlo())
        if offered and mail:
            offered = (await dialogue.command(f"MAIL FROM:<{net.settings.sender}>")).positive
        if offered and (await dialogue.starttls()).code == 220:
            await dialogue.handshake()
            with suppress(ClosedEarly, Throttled):
                rcpt = await dialogue.command(f"RCPT TO:<postmaster@{own}>")
                await dialogue.command("RSET")
    return rcpt, dialogue.transcript.lines
