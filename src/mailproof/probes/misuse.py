"""Connects as no sender does: with an HTTP request, with silence, and with a login that goes no further."""

from __future__ import annotations

import asyncio

from mailproof.grammars.ntlm import NEGOTIATE, parse_challenge
from mailproof.net.errors import ClosedEarly, NotObserved, TimedOut, Unasked
from mailproof.net.network import Network
from mailproof.net.smtp import extensions
from mailproof.observations.misuse import HTTPRequest, HTTPRequests, Idle, NTLMChallenge
from mailproof.observations.smtp import SMTPSession
from mailproof.probes.early_talk import codes_of, hear_out
from mailproof.probes.probe import probe
from mailproof.probes.series import greeted
from mailproof.probes.smtp import unserved
from mailproof.targets.services import MXEndpoint, SMTPEndpoint

BROWSER = (
    "User-Agent: mailproof",
    "Accept: */*",
    "Accept-Language: en",
    "Accept-Encoding: identity",
    "Content-Type: text/plain",
    "Content-Length: 12",
    "Origin: https://mailproof.invalid",
    "Connection: close",
)
"""Header fields of a request, as many as a browser sends before the body, which is whoever's who wrote the page."""


@probe(active=True, connections=2, refusals=2)
async def http_requests(endpoint: SMTPEndpoint, net: Network, smtp_session: SMTPSession) -> HTTPRequests:
    """An HTTP request with NOOP and QUIT in its body, in clear and inside TLS: as a browser would send it.

    Its lines come one after the other in one write, behind the greeting, as a browser sends them.
    """
    if why := unserved(smtp_session):
        return HTTPRequests((), why)
    sides = [True] if endpoint.implicit_tls else [False, True] if smtp_session.tls_works else [False]
    seen: list[HTTPRequest] = []
    for tls in sides:
        try:
            seen.append(await _request(endpoint, net, tls))
        except Unasked as limited:
            return HTTPRequests(tuple(seen), untried=f"{'inside TLS' if tls else 'in clear'}: {limited.reason}")
    return HTTPRequests(tuple(seen))


async def _request(endpoint: SMTPEndpoint, net: Network, tls: bool) -> HTTPRequest:
    await net.refusals.require(endpoint)  # Exim logs a session that it ends after some errors, and fail2ban counts it
    request = ("POST / HTTP/1.1", f"Host: {endpoint.host}:{endpoint.port}", *BROWSER, "", "NOOP", "QUIT", "")
    async with net.smtp.connect(
        endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
    ) as dialogue:
        hello = await greeted(dialogue) if tls and not endpoint.implicit_tls else await dialogue.greeting()
        if tls and not endpoint.implicit_tls:
            if "STARTTLS" not in extensions(hello) or (await dialogue.starttls()).code != 220:
                raise NotObserved("STARTTLS is not to be had now", dialogue.transcript.evidence())
            await dialogue.handshake()
        heard, ended = b"", True
        try:
            await dialogue.send("\r\n".join(request).encode())
            heard, ended = await hear_out(dialogue, net)
        except ClosedEarly:
            pass
    seen = HTTPRequest(dialogue.transcript.lines, tls, codes_of(heard))
    if not ended and not {221, 250, 421} & {*seen.codes}:
        raise TimedOut("the server neither ended the connection nor came to the body", seen.evidence())
    return seen


@probe(active=True, connections=1)
async def idle(endpoint: MXEndpoint, net: Network, smtp_session: SMTPSession) -> Idle:
    """EHLO, and then nothing, for as long as ``limits.idle`` says."""
    seconds = net.settings.limits.idle
    if not seconds or not smtp_session.served:
        return Idle(smtp_session.transcript, 0.0, False)
    async with net.smtp.connect(
        endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
    ) as dialogue:
        await greeted(dialogue)
        began = asyncio.get_running_loop().time()
        await dialogue.listen(seconds)
        waited = asyncio.get_running_loop().time() - began
        closed = dialogue.closed or waited < seconds
    return Idle(dialogue.transcript.lines, waited, closed)


NTLM = ("NTLM", "NEGOTIATE", "GSS-SPNEGO")
"""Mechanisms that NTLM is spoken in."""


@probe(active=True, connections=1)
async def ntlm_challenge(endpoint: SMTPEndpoint, net: Network, smtp_session: SMTPSession) -> NTLMChallenge:
    """AUTH NTLM with a first message that names nobody, where it is offered; the challenge is answered with ``*``."""
    inside = smtp_session.tls_works and smtp_session.ehlo_in_tls is not None
    if not smtp_session.served or smtp_session.without_ehlo:
        return NTLMChallenge(smtp_session.transcript, endpoint.host, ())
    keywords = smtp_session.extensions_in_tls if inside else smtp_session.extensions
    offered = tuple(name for name in map(str.upper, keywords.get("AUTH", ())) if name in NTLM)
    if not offered:
        return NTLMChallenge(smtp_session.transcript, endpoint.host, ())
    challenge = None
    async with net.smtp.connect(
        endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
    ) as dialogue:
        await greeted(dialogue)
        if inside:
            await dialogue.starttls()
            await dialogue.handshake()
            await dialogue.ehlo()
        reply = await dialogue.command(f"AUTH {offered[0]} {NEGOTIATE}")
        challenge = parse_challenge(reply.text)
        if reply.intermediate and challenge is None:  # the server takes no initial response
            reply = await dialogue.command(NEGOTIATE)
            challenge = parse_challenge(reply.text)
        if reply.intermediate:
            await dialogue.command("*")
    return NTLMChallenge(dialogue.transcript.lines, endpoint.host, offered, challenge)
