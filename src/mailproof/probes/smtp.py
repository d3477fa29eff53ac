"""Talks to SMTP servers as a guest: what they offer, and what they refuse. Nothing is ever delivered: no probe says
DATA.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import replace
from ipaddress import ip_address

from mailproof.inventory.targets import (
    Endpoint,
    MailDomain,
    MailExchange,
    MailHost,
    SendingAddress,
    Targets,
    Undiscovered,
)
from mailproof.net import smtp
from mailproof.net.errors import ClosedEarly, Malformed, NotAvailable, NotObserved, Refused, Throttled
from mailproof.net.network import Network
from mailproof.net.smtp import Reply, extensions
from mailproof.net.transcript import Transcript
from mailproof.observations.smtp import (
    COMPARISON,
    Attempt,
    ClearTextAuth,
    EarlyTalk,
    Injection,
    Mailboxes,
    Recipients,
    RelayAttempts,
    ServerName,
    SMTPSession,
)
from mailproof.probes.probe import Look, NoConsentError, probe
from mailproof.probes.reverse import reverse_dns

EARLY_REPLY = 10.0
"""Seconds in which a server that has greeted answers an EHLO that came before the greeting, if it ever does."""


@probe(connections=2)
async def smtp_session(endpoint: Endpoint, net: Network) -> SMTPSession:
    """One polite connection: greeting, HELO, EHLO, STARTTLS if offered, EHLO inside TLS, QUIT.

    Some servers take one hello in a session and answer the next with 503 (OpenSMTPD; RFC 5321, section 4.1.4 wants
    it taken). What they do after EHLO shows in a second connection, without HELO.
    """
    session = await _session(endpoint, net)
    if session.helo is None or not session.helo.positive or session.ehlo is None or session.ehlo.code != 503:
        return session
    again = await _session(endpoint, net, session.helo)
    return replace(again, transcript=(*session.transcript, *again.transcript))


async def _session(endpoint: Endpoint, net: Network, helo: Reply | None = None) -> SMTPSession:
    """One session. ``helo`` is the reply of an earlier one: HELO is then not said again."""
    async with net.smtp.connect(
        endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
    ) as dialogue:
        greeting = await dialogue.greeting()
        found: dict[str, Reply] = {}
        tls, tls_failure, ended = None, None, ""
        if greeting.positive:
            try:
                found["helo"] = helo or await dialogue.helo()
                found["ehlo"] = await dialogue.ehlo()
                if "STARTTLS" in extensions(found["ehlo"]) and not endpoint.implicit_tls:
                    found["starttls"] = await dialogue.starttls()
                    if found["starttls"].code == 220:
                        try:
                            tls = await dialogue.handshake()
                        except (NotAvailable, ClosedEarly, Malformed) as failure:
                            tls_failure = failure.reason
                        if tls is not None:
                            found["ehlo_in_tls"] = await dialogue.ehlo()
            except (ClosedEarly, Malformed) as failure:
                ended = failure.reason
        else:
            ended = f"the server opens with {greeting}"
        if tls_failure is None:
            await dialogue.farewell()
    return SMTPSession(
        transcript=dialogue.transcript.lines,
        endpoint=endpoint.id,
        role=endpoint.role,
        implicit_tls=endpoint.implicit_tls,
        greeting=greeting,
        tls=tls,
        tls_failure=tls_failure,
        ended=ended,
        **found,
    )


_DOMAIN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")


@probe()
async def server_name(endpoint: Endpoint, net: Network, smtp_session: SMTPSession, look: Look) -> ServerName:
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


@probe(connections=1)
async def clear_text_auth(endpoint: Endpoint, net: Network, smtp_session: SMTPSession) -> ClearTextAuth:
    """Whether AUTH is offered, or taken, before TLS. No credentials are sent."""
    async with net.smtp.connect(
        endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
    ) as dialogue:
        greeting = await dialogue.greeting()
        if not greeting.positive:
            raise NotAvailable(f"the server opens with {greeting}", dialogue.transcript.evidence())
        ehlo = await dialogue.ehlo()
        if not ehlo.positive:
            raise NotAvailable(f"EHLO is answered with {ehlo}", dialogue.transcript.evidence())
        reply = None
        if not endpoint.implicit_tls:
            try:
                reply = await dialogue.command("AUTH PLAIN")
                if reply.intermediate:
                    await dialogue.command("*")
            except (ClosedEarly, Throttled):
                reply = reply or None
    return ClearTextAuth(dialogue.transcript.lines, extensions(ehlo).get("AUTH", ()), reply, smtp_session)


@probe(active=True, first=True, connections=2)
async def early_talk(endpoint: Endpoint, net: Network) -> EarlyTalk:
    """EHLO and QUIT in one write before the greeting, and a polite connection after it.

    QUIT makes sure that the server can notice: a lone EHLO that comes a moment after the greeting was sent
    looks polite, but nothing may be sent behind EHLO before its reply (RFC 2920, section 3.1).
    """
    async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as dialogue:
        heard = b""
        closed = False
        try:
            await dialogue.send(f"EHLO {net.settings.ehlo_name}\r\nQUIT\r\n".encode())
            heard, closed = await _hear_out(dialogue, net)
        except ClosedEarly:
            closed = True
    if not heard and not closed:
        raise NotAvailable("neither a greeting nor a refusal came", dialogue.transcript.evidence())
    codes = _codes(heard)
    polite, polite_ok = "", False
    try:
        async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as second:
            greeting = await second.greeting()
            polite, polite_ok = str(greeting), greeting.code == 220
    except NotObserved as failure:
        polite = failure.reason
    return EarlyTalk(dialogue.transcript.lines, codes, closed, polite, polite_ok)


async def _hear_out(dialogue: smtp.Dialogue, net: Network) -> tuple[bytes, bool]:
    """What comes until the early EHLO is answered or the server closes, and whether it closed.

    The greeting may take its time, the answer behind it less; silence after the greeting means that the server
    has thrown the EHLO away.
    """
    limits = net.settings.limits
    heard = b""
    loop = asyncio.get_running_loop()
    end = loop.time() + limits.greeting
    greeted = False
    while loop.time() < end and len(heard) < smtp.UNASKED_OCTETS:
        chunk = await dialogue.listen(min(limits.silence, end - loop.time()))
        heard += chunk
        codes = _codes(heard)
        if dialogue.closed or any(code != 220 for code in codes):
            break
        if codes and not greeted:
            greeted, end = True, loop.time() + min(limits.reply, EARLY_REPLY)
    return heard, dialogue.closed


def _codes(heard: bytes) -> tuple[int, ...]:
    """The codes of complete replies."""
    return tuple(int(code) for code in re.findall(rb"^([2-5][0-9]{2})(?: [^\n]*)?\r?\n", heard, re.MULTILINE))


@probe(active=True, connections=1)
async def starttls_injection(endpoint: Endpoint, net: Network, smtp_session: SMTPSession) -> Injection:
    """``NOOP`` in clear behind STARTTLS in one write: a server must forget it (RFC 3207, section 4.2)."""
    if not smtp_session.offers_starttls:
        return Injection(smtp_session.transcript, False, None, None, "")
    async with net.smtp.connect(endpoint.address, endpoint.port, host=endpoint.host) as dialogue:
        await dialogue.greeting()
        await dialogue.ehlo()
        reply = await dialogue.starttls(b"NOOP injected\r\n")
        tls_failure, heard = None, b""
        if reply.code == 220:
            try:
                await dialogue.handshake()
                heard = await dialogue.listen(net.settings.limits.silence)
            except (ClosedEarly, NotAvailable, Malformed) as failure:
                tls_failure = failure.reason
    return Injection(dialogue.transcript.lines, True, reply, tls_failure, heard.decode("ascii", "backslashreplace"))


def relay_forms(endpoint: Endpoint, sender: str, outsider: str) -> list[tuple[str, str, str]]:
    """Triples of form, envelope sender and recipient: every one leads to a mailbox that is not the server's.

    The first is for comparison: a recipient at the server's own domain that does not exist. A server that takes
    it takes anything at that domain, and forms that end in the domain then prove nothing.
    """
    local, _, domain = outsider.rpartition("@")
    own = endpoint.domains[0] if endpoint.domains else endpoint.host
    literal = f"[IPv6:{endpoint.address}]" if ip_address(endpoint.address).version == 6 else f"[{endpoint.address}]"
    return [
        (COMPARISON, sender, f"mailproof-{secrets.token_hex(12)}@{own}"),
        ("plain", sender, outsider),
        ("null sender", "", outsider),
        ("sender of the domain itself", f"postmaster@{own}", outsider),
        ("sender at the host's name", f"postmaster@{endpoint.host}", outsider),
        ("sender at the host's address", f"postmaster@{literal}", outsider),
        ("percent hack", sender, f"{local}%{domain}@{own}"),
        ("percent hack at the address", sender, f"{local}%{domain}@{literal}"),
        ("percent hack without a domain", sender, f"{local}%{domain}"),
        ("quoted", sender, f'"{outsider}"'),
        ("quoted at the domain", sender, f'"{outsider}"@{own}'),
        ("source route", sender, f"@{own}:{outsider}"),
        ("source route of the host", sender, f"@{endpoint.host}:{outsider}"),
        ("bang path", sender, f"{domain}!{local}"),
        ("bang path at the domain", sender, f"{domain}!{local}@{own}"),
        ("double at sign", sender, f"{outsider}@{own}"),
    ]


@probe(active=True, connections=1)
async def relay_attempts(endpoint: Endpoint, net: Network) -> RelayAttempts:
    """MAIL and RCPT for mailboxes that are not the server's, in every form."""
    forms = relay_forms(endpoint, net.settings.sender, net.settings.outsider)
    attempts, interrupted, transcript = await _attempt(endpoint, net, forms)
    return RelayAttempts(transcript.lines, tuple(attempts), interrupted, endpoint.role)


@probe(active=True, connections=1)
async def mailboxes(exchange: MailExchange, net: Network) -> Mailboxes:
    """MAIL and RCPT for role mailboxes, for mailboxes that do not exist, and from the null sender."""
    domain, sender = exchange.domain, net.settings.sender
    unknown = domain.unknown or (f"mailproof-{secrets.token_hex(12)}",)
    roles = dict.fromkeys(("postmaster", "abuse", *domain.roles))
    forms = [(f"{role}@", sender, f"{role}@{domain.name}") for role in roles]
    forms.append(("bare postmaster", sender, "postmaster"))
    forms += [("unknown", sender, f"{local}@{domain.name}") for local in unknown[:1]]
    forms.append(("null sender", "", f"postmaster@{domain.name}"))
    attempts, interrupted, transcript = await _attempt(exchange.endpoint, net, forms)
    return Mailboxes(transcript.lines, domain.name, exchange.endpoint.id, tuple(attempts), interrupted)


async def _attempt(
    endpoint: Endpoint, net: Network, forms: list[tuple[str, str, str]]
) -> tuple[list[Attempt], str, Transcript]:
    """Try each form; where the server hangs up, go on in one more connection. 421 ends the series."""
    attempts: list[Attempt] = []
    interrupted = ""
    transcript: Transcript | None = None
    while len(attempts) < len(forms):
        before = len(attempts)
        try:
            async with net.smtp.connect(
                endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
            ) as dialogue:
                if transcript is not None:
                    dialogue.transcript.entries[:0] = transcript.entries
                transcript = dialogue.transcript
                await _series(dialogue, forms[before:], attempts)
        except (ClosedEarly, Refused) as failure:
            if len(attempts) > before:
                continue
            if not attempts:
                raise
            interrupted = failure.reason
            break
        except NotObserved as failure:
            if not attempts:
                raise
            interrupted = failure.reason
            break
    assert transcript is not None  # noqa: S101
    return attempts, interrupted, transcript


async def _series(dialogue: smtp.Dialogue, forms: list[tuple[str, str, str]], attempts: list[Attempt]) -> None:
    greeting = await dialogue.greeting()
    if not greeting.positive:
        raise NotAvailable(f"the server opens with {greeting}", dialogue.transcript.evidence())
    hello = await dialogue.ehlo()
    if not hello.positive:
        hello = await dialogue.helo()
    if not hello.positive:
        raise NotAvailable(f"EHLO and HELO are refused: {hello}", dialogue.transcript.evidence())
    starttls = "STARTTLS" in extensions(hello)
    for form, sender, recipient in forms:
        mail = await dialogue.command(f"MAIL FROM:<{sender}>")
        if mail.code == 530 and starttls:
            # Nothing is to be had before TLS (RFC 3207, section 4): what is refused shows behind it.
            starttls = False
            if (await dialogue.starttls()).code == 220:
                await dialogue.handshake()
                await dialogue.ehlo()
            mail = await dialogue.command(f"MAIL FROM:<{sender}>")
        rcpt = await dialogue.command(f"RCPT TO:<{recipient}>") if mail.positive else None
        attempts.append(Attempt(form, sender, recipient, mail, rcpt))
        await dialogue.command("RSET")


@probe(active=True)
async def recipients(domain: MailDomain, targets: Targets, look: Look) -> Recipients:
    """The answers of every MX address of the domain about the same mailboxes."""
    seen: list[Mailboxes] = []
    missing: list[tuple[str, str]] = []
    known = [host for host in targets.of(MailHost) if isinstance(host, MailHost)]
    hosts = [host.name for host in known if domain.name in host.domains]
    for exchange in targets.of(MailExchange):
        if isinstance(exchange, Undiscovered):
            if exchange.id == f"MX of {domain.name}":
                raise NotObserved(exchange.reason, exchange.evidence)
            id = exchange.id
            if any(id == f"addresses of {host}" or id.startswith(f"{host}[") for host in hosts):
                missing.append((exchange.id, exchange.reason))
            continue
        if not isinstance(exchange, MailExchange) or exchange.domain.name != domain.name:
            continue
        try:
            seen.append(await look(mailboxes, exchange))
        except NotObserved as failure:
            missing.append((exchange.endpoint.id, failure.reason))
        except NoConsentError as refused:
            missing.append((exchange.endpoint.id, refused.outcome.reason))
    return Recipients(domain.name, tuple(seen), tuple(missing))
