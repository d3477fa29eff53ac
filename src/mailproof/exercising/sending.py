"""Hands test messages to the MX host of the mailbox, and hears what it says. Nobody else is ever a recipient."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from dns.rdtypes.ANY.MX import MX

from mailproof.exercises import Sent
from mailproof.exercising.messages import BOGUS_KEY, Mail
from mailproof.net.errors import NotAvailable, NotObserved, Throttled
from mailproof.net.network import Network
from mailproof.net.smtp import Dialogue, Reply, extensions

FINAL_REPLY = 120.0
"""Seconds for the reply to a message: filters run meanwhile. RFC 5321, section 4.5.3.2.6 grants ten minutes."""
LARGE = 1_000_000
"""Octets from which on the size of a message is told beforehand."""
MAX_FURTHER = 10
"""Replies that are heard after the one that was due."""
MAX_SERVERS = 4
"""Addresses that are tried until one answers."""


ONCE = (BOGUS_KEY,)
"""Cases in which a deferral is an answer: whoever validates cannot have the key, today or tomorrow."""


class NoServer(Exception):
    """No MX host of the mailbox answers."""


@dataclass(frozen=True)
class Server:
    """An address of an MX host."""

    host: str
    address: str

    def __str__(self) -> str:
        return f"{self.host}[{self.address}]:25"


async def servers_of(domain: str, net: Network) -> tuple[Server, ...]:
    """The addresses of the domain's MX hosts, the most preferred first. A host that cannot be looked up gives way to
    the next one. Raises NotObserved.
    """
    answer = await net.dns.resolve(domain, "MX")
    records = sorted(answer.records, key=lambda record: record.rdata(MX).preference)
    hosts = [record.target for record in records if record.target != "."] if records else [domain]
    found: list[Server] = []
    failure: NotObserved | None = None
    for host in dict.fromkeys(hosts):
        for type in ("A", "AAAA"):
            try:
                addresses = await net.dns.resolve(host, type)
            except NotObserved as error:
                failure = failure or error
                continue
            found += [Server(host, record.data) for record in addresses.records]
    if not found:
        raise failure or NotAvailable(f"{domain} has no MX host with an address")
    return tuple(found[:MAX_SERVERS])


class Sender:
    """Sends messages to one mailbox, at the first server that answers."""

    def __init__(self, net: Network, recipient: str, servers: tuple[Server, ...]) -> None:
        self._net = net
        self._recipient = recipient
        self._servers = servers
        self._slowest = 0.0
        """Seconds that the server took at most to accept a message."""

    async def send(self, mail: Mail) -> Sent:
        """Send it once. What prevents that is told in ``failure``; a server that cannot be reached gives way to the
        next one, for this and all later messages. Raises NoServer.
        """
        reasons = []
        while self._servers:
            server = self._servers[0]
            sent = Sent(mail.case, str(server), mail.domain)
            try:
                async with self._net.smtp.connect(server.address, 25, host=server.host) as dialogue:
                    return await self._spoken(dialogue, mail, sent)
            except NotObserved as failure:
                reasons.append(f"{server}: {failure.reason}")
                self._servers = self._servers[1:]
        raise NoServer("; ".join(reasons) or "no MX host is left")

    async def _spoken(self, dialogue: Dialogue, mail: Mail, sent: Sent) -> Sent:
        """The dialogue up to the greeting raises NotObserved; what goes wrong later is told in ``failure``."""
        greeting = await dialogue.greeting()
        if not greeting.positive:
            raise NotAvailable(f"the greeting is {greeting}")
        try:
            tls, keywords = await _greeted(dialogue)
            sent = replace(sent, tls=tls)
            # What a server cannot take it says before it gets all of it (RFC 1870, section 6.1).
            size = f" SIZE={len(mail.octets)}" if len(mail.octets) > LARGE and "SIZE" in keywords else ""
            for stage, command in (
                ("MAIL", f"MAIL FROM:<{mail.sender}>{size}"),
                ("RCPT", f"RCPT TO:<{self._recipient}>"),
                ("DATA", "DATA"),
            ):
                reply = await dialogue.command(command)
                if not (reply.intermediate if stage == "DATA" else reply.positive):
                    return _decided(sent, stage, reply)
            if mail.odd_end:
                await dialogue.send(mail.octets[: mail.odd_end])
                sent = replace(sent, stage="message")
                if early := await dialogue.early_reply(self._patience):
                    return await _ended_early(dialogue, mail, _decided(sent, "message", early), early)
            await dialogue.send(mail.octets[mail.odd_end :] + b".\r\n")
            ended = time.monotonic()
            sent = _decided(sent, "message", await dialogue.reply(FINAL_REPLY))
            if sent.accepted and not mail.odd_end:
                self._slowest = max(self._slowest, time.monotonic() - ended)
            return replace(sent, further=await _further(dialogue))
        except NotObserved as failure:
            if isinstance(failure, Throttled) and sent.stage == "message":  # with 421 it puts the text off, and leaves
                return replace(sent, code=421, reply=failure.reason)
            return replace(sent, failure=failure.reason)

    @property
    def _patience(self) -> float:
        """Seconds for a reply to a text that has had no end yet: longer than filters take for one that has.

        A server that takes an odd line end for the end often looks whether more came with it, and refuses such mail
        for being unauthorised pipelining. How a text is cut into packets is up to whoever sends it, so that is no help.
        """
        return min(FINAL_REPLY, max(self._net.settings.limits.silence, 2 * self._slowest))


async def _ended_early(dialogue: Dialogue, mail: Mail, sent: Sent, early: Reply) -> Sent:
    """The rest of a text that had its reply already: what is said to that answers commands.

    Whoever accepts what has had no end yet has taken the odd line end for it, whatever comes of the rest.
    """
    further: tuple[str, ...] = ()
    with suppress(NotObserved):  # the server may leave
        await dialogue.send(mail.octets[mail.odd_end :] + b".\r\n")
        further = await _further(dialogue)
    if early.positive:
        return replace(sent, further=(str(early), *further))
    # Who refuses at once may say so again where the text really ends.
    return replace(sent, further=() if [reply[:3] for reply in further] == [str(early.code)] else further)


def _decided(sent: Sent, stage: str, reply: Reply) -> Sent:
    return replace(sent, stage=stage, code=reply.code, reply=reply.text)


async def _greeted(dialogue: Dialogue) -> tuple[bool, Collection[str]]:
    """Say EHLO, and go on inside TLS where that is offered, as most senders do. Whether it was, and the keywords."""
    reply = await dialogue.ehlo()
    if not reply.positive:
        await dialogue.helo()
        return False, ()
    if "STARTTLS" not in extensions(reply) or not (await dialogue.starttls()).positive:
        return False, extensions(reply)
    await dialogue.handshake()
    return True, extensions(await dialogue.ehlo())


async def _further(dialogue: Dialogue) -> tuple[str, ...]:
    """The replies that come before the one to QUIT: each answers a command that was no command but text.

    A server may say 421 at any time, before it leaves (RFC 5321, section 3.8): that answers nothing.
    """
    found: list[str] = []
    try:
        reply = await dialogue.quit()
        while reply.code not in (221, 421) and len(found) < MAX_FURTHER:
            found.append(str(reply))
            reply = await dialogue.reply()
    except NotObserved:
        pass  # the server has gone
    return tuple(found)


async def send_all(sender: Sender, mails: list[Mail], patience: float, pause: float) -> tuple[Sent, ...]:
    """Send every message; those that are put off (4yz) again after ``pause`` seconds, until ``patience`` is over.

    Servers that shut us out after some messages have answered these: NoServer is raised for the first alone.
    """
    sent: dict[str, Sent] = {}
    for mail in mails:
        try:
            sent[mail.case] = await sender.send(mail)
        except NoServer as failure:
            if not sent:
                raise
            last = next(reversed(sent.values())).server
            sent[mail.case] = Sent(mail.case, last, mail.domain, failure=str(failure))
    end = asyncio.get_running_loop().time() + patience
    while asyncio.get_running_loop().time() + pause < end:
        deferred = [
            mail for mail in mails if sent[mail.case].deferred and not sent[mail.case].further and mail.case not in ONCE
        ]
        if not deferred:
            break
        await asyncio.sleep(pause)
        for mail in deferred:
            with suppress(NoServer):  # it stays put off
                sent[mail.case] = replace(await sender.send(mail), tries=sent[mail.case].tries + 1)
    return tuple(sent.values())
