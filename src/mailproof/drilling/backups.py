"""Watches the backup MX of a domain while the primary is down: whom it takes mail for, and whether it hands it on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from dns.rdtypes.ANY.MX import MX

from mailproof.clock import now
from mailproof.drilling.parts import CannotDrill, Door, Say, Watch
from mailproof.drills import BEFORE, DURING, ELSEWHERE, POSTMASTER, UNKNOWN, Asked
from mailproof.exercises import Arrival, Sent
from mailproof.exercising.mailboxes import Reader
from mailproof.exercising.messages import Mail
from mailproof.exercising.sending import NoServer, Sender, Server
from mailproof.net.errors import ClosedEarly, NotObserved, Refused, TimedOut
from mailproof.net.mailboxes import UnreadableMailbox
from mailproof.net.network import Network
from mailproof.net.refusals import Refusals
from mailproof.net.settings import NetSettings
from mailproof.observations.refusals import refuses_tester
from mailproof.probes.made_up import made_up_mailbox
from mailproof.probes.series import Form, Series
from mailproof.targets.base import Targets
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import MXEndpoint

LOOK = 2.0
"""Seconds between two looks into the mailbox."""
SESSIONS = 6


async def primary_and_backups(
    domain: MailDomain, targets: Targets, net: Network
) -> tuple[tuple[Door, ...], tuple[MXEndpoint, ...]]:
    """The doors of the primary MX hosts, and the endpoints of the backups: by preference, or by the inventory.

    Raises CannotDrill where there are none, or where a backup's owner does not consent; NotObserved.
    """
    answer = await net.dns.resolve(domain.name, "MX")
    preferences = {record.target: record.rdata(MX).preference for record in answer.records}
    endpoints = [e for e in targets.found_of(MXEndpoint, domain.name) if e.host in preferences and not e.dead]
    first = min((preferences[e.host] for e in endpoints if e.host not in domain.backup_mx), default=0)
    backups = tuple(e for e in endpoints if preferences[e.host] > first or e.host in domain.backup_mx)
    doors = tuple(Door(e.host, e.address, e.port) for e in endpoints if e not in backups)
    if not doors or not backups:
        raise CannotDrill(
            f"{domain.name} has no backup MX that can be reached: nothing is left when the primary is down"
        )
    for endpoint in backups:
        if not endpoint.active:
            raise CannotDrill(f"{endpoint.host} needs consent of its own: active: true at the host in the inventory")
    return doors, backups


class Message:
    """The test message that a backup gets, and the mailbox of ours where it has to arrive."""

    def __init__(self, mail: Mail, address: str, run: str, reader: Reader, wait: float) -> None:
        self.mail = mail
        self.address = address
        self.wait = wait
        self._mark = f"{run} {mail.case}"
        self._run = run
        self._reader = reader
        self._since = datetime.fromisoformat(now()).timestamp()

    async def arrived(self) -> tuple[Arrival, ...]:
        """Where it lies. Raises UnreadableMailbox."""
        found = await asyncio.to_thread(self._reader.find, self._run, self._since)
        return tuple(Arrival(message.folder) for message in found if message.mark == self._mark)


class BackupWatch(Watch):
    """What the backups say while the primary answers, and while it does not."""

    def __init__(
        self,
        domain: MailDomain,
        backups: Iterable[MXEndpoint],
        settings: NetSettings,
        say: Say,
        message: Message | None = None,
    ) -> None:
        self.asked: list[Asked] = []
        self.sent: Sent | None = None
        self._domain = domain
        self._backups = tuple(backups)
        self._settings = settings
        self._refusals = Refusals(settings)  # the backups remember them, whatever the phase is
        self._say = say
        self.message = message

    async def before(self) -> None:
        if self.message is not None:
            await self.message.arrived()  # a mailbox that cannot be read gets no mail
        await self._ask(BEFORE)
        for one in self.asked:
            if one.form == POSTMASTER and not one.accepted:
                raise CannotDrill(f"a backup does not take the domain's mail even before the drill: {one}")

    async def during(self, went_down: float) -> None:
        await self._ask(DURING)
        if self.message is not None:
            await self._send(self.message)

    async def after(self, came_back: float) -> None:
        if self.message is None or self.sent is None or not self.sent.accepted:
            return
        self._say(f"  Waiting for the message in {self.message.address}.")
        end = came_back + self.message.wait
        loop = asyncio.get_running_loop()
        while True:
            with suppress(UnreadableMailbox):  # it could be read before; whether it can be in the end is what counts
                if arrivals := await self.message.arrived():
                    self.sent = replace(self.sent, arrivals=arrivals)
                    return
            if loop.time() >= end:
                break
            await asyncio.sleep(min(LOOK, max(0.1, end - loop.time())))
        self.sent = replace(self.sent, arrivals=await self.message.arrived())

    async def _ask(self, phase: str) -> None:
        for endpoint in self._backups:
            found = await self._asked(endpoint, phase)
            if found[0].unreachable:
                await asyncio.sleep(self._settings.limits.retry_pause)
                found = await self._asked(endpoint, phase)
            self.asked += found
            self._say(f"  {found[0]}")

    async def _asked(self, endpoint: MXEndpoint, phase: str) -> list[Asked]:
        net = Network(self._settings)  # what one has found unreachable stays so
        net.refusals = self._refusals
        series = Series(endpoint, net, tls=True, sessions=SESSIONS, kept=0)
        forms = self._forms()
        why, unreachable = "", False
        try:
            try:
                await series.ask(forms)
                await series.ask_again()
            except NotObserved as failure:
                why, unreachable = failure.reason, isinstance(failure, Refused | TimedOut | ClosedEarly)
            tester = await series.tester()
        finally:
            await net.close()
        why = why or series.interrupted or series.untried or "it was not asked for"
        known = {attempt.form: attempt for attempt in series.attempts}
        found = []
        for form in forms:
            asked = Asked(phase, endpoint.id, form.name, form.recipient, unasked=why, unreachable=unreachable)
            if attempt := known.get(form.name):
                reply = attempt.last
                about_us = refuses_tester(attempt, tester, series.attempts) if reply.permanent else ""
                asked = replace(
                    asked, tls=attempt.tls, code=reply.code, reply=reply.text, unasked=about_us, unreachable=False
                )
            found.append(asked)
        return found

    def _forms(self) -> list[Form]:
        sender, domain = self._settings.sender, self._domain
        unknown = domain.unknown[0] if domain.unknown else made_up_mailbox(domain.name, sender)
        return [
            Form(POSTMASTER, sender, f"postmaster@{domain.name}"),
            Form(UNKNOWN, sender, f"{unknown}@{domain.name}", refused=True),
            Form(ELSEWHERE, sender, self._settings.outsider, refused=True),
        ]

    async def _send(self, message: Message) -> None:
        servers = tuple(Server(endpoint.host, endpoint.address) for endpoint in self._backups)
        net = Network(self._settings)
        try:
            self.sent = await Sender(net, message.address, servers).send(message.mail)
        except NoServer as failure:
            self.sent = Sent(message.mail.case, "", failure=str(failure))
        finally:
            await net.close()
        self._say(f"  Test message for {message.address}: {self.sent.failure or f'{self.sent.code} {self.sent.reply}'}")
