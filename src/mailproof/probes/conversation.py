"""Talks with an SMTP server as no sender does: out of order, at the limits of the protocol, many recipients at once.

Nothing is ever delivered: no probe says DATA, and every transaction is ended by RSET. Servers count what they refuse,
so each session has two refusals at most, as the others of mailproof; and what is said here to be refused names no
recipient whom the server does not know, since rules against guessing (fail2ban) count those.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from mailproof.net.errors import NotObserved
from mailproof.net.network import Network
from mailproof.net.smtp import Dialogue, Reply, extensions
from mailproof.net.transcript import Line
from mailproof.observations.conversation import (
    ENOUGH,
    PIPELINED,
    RECIPIENTS,
    TRANSACTIONS,
    Conversation,
    Said,
    Step,
)
from mailproof.observations.smtp import SMTPSession
from mailproof.probes.made_up import made_up_mailbox
from mailproof.probes.probe import probe
from mailproof.probes.series import REFUSALS_A_SESSION, greeted
from mailproof.probes.smtp import unserved
from mailproof.targets.services import MXEndpoint

COMMAND_LINE, LOCAL_PART, PATH = 512, 64, 256
"""Octets that every server takes, CRLF and angle brackets included (RFC 5321, section 4.5.3.1)."""

SESSIONS = 5

LARGEST = 10**12
"""Limits above that are none: they are the largest number that a server knows, and one more is no number to it."""


class _Talk:
    """What is said in the sessions with one server, one after the other."""

    def __init__(self, endpoint: MXEndpoint, net: Network, *, tls: bool) -> None:
        self.said: list[Said] = []
        self.pipelined: list[Reply] = []
        self.not_pipelined = ""
        self.recipients: list[Reply] = []
        self.fewer_recipients = ""
        self.lines: list[Line] = []
        self._endpoint = endpoint
        self._net = net
        self._tls = tls
        self._sender = net.settings.sender
        self._domain = endpoint.domains[0] if endpoint.domains else endpoint.host
        self._postmaster = f"postmaster@{self._domain}"
        self._nobody = f"{made_up_mailbox(self._domain, self._sender)}@{self._domain}"
        self._refused = 0
        """In the session at hand."""

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[tuple[Dialogue, dict[str, tuple[str, ...]]]]:
        """A dialogue behind EHLO, inside TLS if it is to be had, and what is offered there."""
        endpoint, self._refused = self._endpoint, 0
        async with self._net.smtp.connect(
            endpoint.address, endpoint.port, host=endpoint.host, implicit_tls=endpoint.implicit_tls
        ) as dialogue:
            try:
                hello = await greeted(dialogue)
                if self._tls and "STARTTLS" in extensions(hello) and (await dialogue.starttls()).code == 220:
                    await dialogue.handshake()
                    hello = await dialogue.ehlo()
                yield dialogue, extensions(hello)
                await dialogue.farewell()
            finally:
                self.lines += dialogue.transcript.entries

    async def hold(self, session: Callable[[Dialogue, dict[str, tuple[str, ...]]], Coroutine[Any, Any, None]]) -> None:
        """Hold one session. What ends it early is kept by the step that was not answered."""
        try:
            async with self._session() as (dialogue, offered):
                await session(dialogue, offered)
        except NotObserved:
            if not self.said:
                raise

    async def _say(self, dialogue: Dialogue, step: Step, command: str) -> Reply:
        try:
            reply = await dialogue.command(command)
        except NotObserved as failure:
            self.said.append(Said(step, command, None, failure.reason))
            raise
        self.said.append(Said(step, command, reply))
        self._refused += not reply.positive
        return reply

    async def _try(self, dialogue: Dialogue, step: Step, command: str) -> None:
        """Say what a right server may refuse, unless it has refused enough in this session."""
        if self._refused < REFUSALS_A_SESSION:
            await self._say(dialogue, step, command)
        else:
            self.said.append(Said(step, command, None, ENOUGH))

    async def in_and_out_of_order(self, dialogue: Dialogue, offered: dict[str, tuple[str, ...]]) -> None:
        """Two commands out of order, and what begins anew behind RSET and EHLO (RFC 5321, section 4.1.4)."""
        mail = f"MAIL FROM:<{self._sender}>"
        await self._say(dialogue, Step.NOOP, "NOOP")
        await self._try(dialogue, Step.RCPT_FIRST, f"RCPT TO:<{self._postmaster}>")
        await self._say(dialogue, Step.MAIL, mail)
        await self._try(dialogue, Step.MAIL_AGAIN, mail)
        await self._say(dialogue, Step.RSET, "RSET")
        await self._say(dialogue, Step.MAIL_AFTER_RSET, mail)
        await self._say(dialogue, Step.EHLO_AGAIN, f"EHLO {self._net.settings.ehlo_name}")
        await self._say(dialogue, Step.MAIL_AFTER_EHLO, mail)

    async def about_mailboxes(self, dialogue: Dialogue, offered: dict[str, tuple[str, ...]]) -> None:
        """Commands that may tell which mailboxes there are. What is refused for one is not said of another."""
        known = await self._say(dialogue, Step.VRFY, f"VRFY {self._postmaster}")
        if known.positive:
            await self._try(dialogue, Step.VRFY_NOBODY, f"VRFY {self._nobody}")
        await self._try(dialogue, Step.EXPN, "EXPN postmaster")
        if "HELP" in offered:
            await self._try(dialogue, Step.HELP, "HELP")

    async def with_parameters(self, dialogue: Dialogue, offered: dict[str, tuple[str, ...]]) -> None:
        """The parameters of what is offered, a message above the limit (RFC 1870, section 6), and the longest line."""
        mail = f"MAIL FROM:<{self._sender}>"
        parameters = [word for keyword, word in PARAMETERS.items() if keyword in offered]
        if parameters:
            taken = await self._say(dialogue, Step.PARAMETERS, " ".join((mail, *parameters)))
            if taken.positive and "DSN" in offered:
                await self._try(dialogue, Step.NOTIFY, f"RCPT TO:<{self._postmaster}> NOTIFY=NEVER")
        # With recipients that RSET has not taken back, BDAT would send a message.
        ended = (await dialogue.command("RSET")).positive
        if (limit := size_limit(offered)) is not None:
            await self._try(dialogue, Step.TOO_LARGE, f"{mail} SIZE={limit + 1}")
            await dialogue.command("RSET")
        long = await self._say(dialogue, Step.LONG_LINE, "NOOP ".ljust(COMMAND_LINE - 2, "x"))
        if not long.positive:
            await self._try(dialogue, Step.SHORT_LINE, "NOOP x")
        if "CHUNKING" in offered and ended:
            await self._try(dialogue, Step.BDAT, "BDAT 0 LAST")

    async def at_the_limits(self, dialogue: Dialogue, offered: dict[str, tuple[str, ...]]) -> None:
        """Names as long as they may be (RFC 5321, section 4.5.3.1), and addresses in UTF-8.

        They are senders: a recipient that nobody is would be refused, and servers count that.
        """
        own = self._sender.rpartition("@")[2]
        if "SMTPUTF8" in offered:
            mail = await self._say(dialogue, Step.UTF8_MAIL, f"MAIL FROM:<{self._sender}> SMTPUTF8")
            await dialogue.command("RSET")
            if mail.positive:
                await self._try(dialogue, Step.UTF8_SENDER, f"MAIL FROM:<mailproof-ü@{own}> SMTPUTF8")
                await dialogue.command("RSET")
        if self.recipients and self.recipients[0].positive:
            if (await dialogue.command(f"MAIL FROM:<{self._sender}>")).positive:
                await self._try(dialogue, Step.ANY_CASE, f"RCPT TO:<PoStMaStEr@{self._domain}>")
            await dialogue.command("RSET")
        local_part = self._nobody.partition("@")[0].ljust(LOCAL_PART, "x")[:LOCAL_PART]
        await self._try(dialogue, Step.LONG_LOCAL_PART, f"MAIL FROM:<{local_part}@{own}>")
        await dialogue.command("RSET")

    async def many(self, dialogue: Dialogue, offered: dict[str, tuple[str, ...]]) -> None:
        """Several transactions, commands in one segment, a hundred recipients, and the longest path."""
        mail, rcpt = f"MAIL FROM:<{self._sender}>", f"RCPT TO:<{self._postmaster}>"
        for _ in range(TRANSACTIONS):
            await self._say(dialogue, Step.TRANSACTION, mail)
            await dialogue.command("RSET")
        if "PIPELINING" in offered:
            try:
                await dialogue.send("\r\n".join((mail, "RCPT TO:<>", "RSET", "NOOP", "")).encode())
                for _ in PIPELINED:
                    self.pipelined.append(await dialogue.reply())
            except NotObserved as failure:
                self.not_pipelined = failure.reason
                raise
            self._refused += any(not reply.positive for reply in self.pipelined)
        if (await dialogue.command(mail)).positive:
            await self._recipients(dialogue, rcpt)
            await dialogue.command("RSET")
        domain = ".".join(("x" * 60,) * 4)
        path = f"{'x' * (PATH - len(domain) - 11)}@{domain}.invalid"
        await self._try(dialogue, Step.LONG_DOMAIN, f"MAIL FROM:<{path}>")

    async def _recipients(self, dialogue: Dialogue, rcpt: str) -> None:
        try:
            for _ in range(RECIPIENTS):
                self.recipients.append(await dialogue.command(rcpt))
                if not self.recipients[-1].positive:
                    self._refused += 1
                    break
        except NotObserved as failure:
            self.fewer_recipients = failure.reason
            raise


PARAMETERS = {
    "SIZE": "SIZE=1000",
    "8BITMIME": "BODY=8BITMIME",
    "DSN": "RET=HDRS ENVID=mailproof",
    "SMTPUTF8": "SMTPUTF8",
}
"""Parameters of MAIL by keyword (RFC 1870, RFC 6152, RFC 3461, RFC 6531)."""


def size_told(offered: dict[str, tuple[str, ...]]) -> int | None:
    """What SIZE tells (RFC 1870, sections 3 and 4): octets, 0 for no limit; None without it, or for no number."""
    told = offered.get("SIZE")
    if not told:
        return None if told is None else 0
    is_number = len(told) == 1 and told[0].isascii() and told[0].isdigit() and len(told[0]) <= 20
    return int(told[0]) if is_number else None


def size_limit(offered: dict[str, tuple[str, ...]]) -> int | None:
    """The largest message that is taken, in octets; None where none is told, or no limit."""
    told = size_told(offered)
    return told if told and told <= LARGEST else None


@probe(active=True, connections=SESSIONS)
async def conversation(endpoint: MXEndpoint, net: Network, smtp_session: SMTPSession) -> Conversation:
    """Five sessions: commands in and out of order, about mailboxes, with parameters, many of them, at the limits."""
    offered = () if smtp_session.ehlo is None else _offered(smtp_session)
    if why := unserved(smtp_session):
        return Conversation(smtp_session.transcript, endpoint.id, offered, (), unserved=why, tester=smtp_session.tester)
    talk = _Talk(endpoint, net, tls=smtp_session.tls_works)
    for session in (
        talk.in_and_out_of_order,
        talk.about_mailboxes,
        talk.with_parameters,
        talk.many,
        talk.at_the_limits,
    ):
        await talk.hold(session)
    return Conversation(
        tuple(talk.lines),
        endpoint.id,
        offered,
        tuple(talk.said),
        tuple(talk.pipelined),
        talk.not_pipelined,
        tuple(talk.recipients),
        talk.fewer_recipients,
        tester=smtp_session.tester,
    )


def _offered(session: SMTPSession) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The keywords that senders see: those inside TLS where it works."""
    inside = session.ehlo_in_tls if session.tls_works else None
    reply = inside or session.ehlo
    return tuple(extensions(reply).items()) if reply is not None else ()
