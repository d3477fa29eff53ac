"""Connections at which a TLS hello is due: at once, or behind STARTTLS of SMTP, LMTP, IMAP, POP3 and ManageSieve."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mailproof.net.errors import Malformed, NotAvailable, NoTLS, NoTLSNow, NotObserved, Throttled
from mailproof.net.hosts import Hosts
from mailproof.net.services import LMTP_STARTTLS, SMTP_STARTTLS, Upgrade, upgrade_of
from mailproof.net.settings import NetSettings
from mailproof.net.smtp import Dialogue, extensions
from mailproof.net.stream import Stream, deadline
from mailproof.net.text import printable
from mailproof.net.transcript import Speaker, Transcript, kept

_LINE = 8 * 1024


@dataclass(frozen=True)
class TLSPeer:
    """Where TLS is spoken: at once, or after STARTTLS of the protocol named. ``host`` is sent as SNI."""

    address: str
    port: int
    host: str
    starttls: str | None


@asynccontextmanager
async def at_hello(
    settings: NetSettings, hosts: Hosts, endpoint: TLSPeer, *, in_slot: bool = False
) -> AsyncIterator[Stream]:
    """A connection to ``endpoint`` at which the TLS hello is due. ``in_slot``: the caller holds a slot of the host.

    Raises Refused, TimedOut, ClosedEarly, Malformed; NotAvailable (no STARTTLS), NoTLS and NoTLSNow (it is declined),
    Throttled (421 or another 4yz); each with the dialogue as its evidence.
    """
    destination = settings.destination(endpoint.address, endpoint.port, endpoint.host)
    transcript = Transcript()
    visit = hosts.connection(endpoint.address, endpoint.port, endpoint.host, in_slot=in_slot)
    async with kept(transcript), visit:
        transcript.add(Speaker.NOTE, f"connecting to {destination} for {endpoint.host}")
        stream: Stream | None = None
        try:
            stream = await hosts.connect(endpoint.address, endpoint.port, destination)
            transcript.add(Speaker.NOTE, "connected")
            if endpoint.starttls in (SMTP_STARTTLS.protocol, LMTP_STARTTLS.protocol):
                await _smtp_starttls(settings, stream, transcript, endpoint)
            elif endpoint.starttls is not None:
                await _line_starttls(settings, stream, transcript, upgrade_of(endpoint.starttls))
            transcript.add(Speaker.NOTE, "the TLS hello is due")
            yield stream
            await stream.close()
        except NotObserved as failure:
            if not failure.evidence:
                transcript.add(Speaker.NOTE, failure.reason)
                failure.evidence = transcript.evidence()
            raise
        finally:
            if stream is not None:
                stream.abort()


async def _smtp_starttls(settings: NetSettings, stream: Stream, transcript: Transcript, endpoint: TLSPeer) -> None:
    """RFC 3207, in SMTP or LMTP. A server that declines with 4yz raises Throttled, with anything else NotAvailable."""
    dialogue = Dialogue(stream, transcript, settings.limits, host=endpoint.host, ehlo_name=settings.ehlo_name)
    hello = dialogue.lhlo if endpoint.starttls == LMTP_STARTTLS.protocol else dialogue.ehlo
    for said, step in (
        ("the greeting", dialogue.greeting),
        ("EHLO", hello),
        ("STARTTLS", dialogue.starttls),
    ):
        reply = await step()
        if reply.transient:
            failure = NoTLSNow if said == "STARTTLS" and reply.code != 421 else Throttled
            raise failure(f"{said} is answered with {reply}")
        if not reply.positive:
            await dialogue.farewell()
            raise (NoTLS if said == "STARTTLS" else NotAvailable)(f"{said} is answered with {reply}")
        if said == "EHLO" and "STARTTLS" not in extensions(reply):
            await dialogue.farewell()
            raise NotAvailable("the server does not offer STARTTLS")
    stream.take_held()


async def _line_starttls(settings: NetSettings, stream: Stream, transcript: Transcript, upgrade: Upgrade) -> None:
    """STARTTLS of a protocol in which one line asks for TLS and one agrees to it."""
    limits = settings.limits
    async with deadline(limits.greeting, "no greeting"):
        await _expect(stream, transcript, upgrade.ready, upgrade.listed)
    transcript.add(Speaker.CLIENT, upgrade.command.decode("ascii"))
    stream.write(upgrade.command + b"\r\n")
    async with deadline(limits.reply, "no reply to STARTTLS"):
        await _expect(stream, transcript, upgrade.agreed, upgrade.passed_over)
    stream.take_held()


async def _expect(stream: Stream, transcript: Transcript, wanted: bytes, passed_over: bytes) -> None:
    """Read lines until one begins with ``wanted``; those before it that begin with ``passed_over`` say nothing here."""
    for _ in range(100):
        line = (await stream.read_line(_LINE)).rstrip(b"\r\n")
        transcript.add(Speaker.SERVER, printable(line))
        if line.upper().startswith(wanted.upper()):
            return
        if not (passed_over and line.startswith(passed_over)) or line.upper().startswith(b"* BYE"):
            raise NotAvailable(f"the server says {printable(line)}")
    raise Malformed("more than 100 lines instead of a reply")
