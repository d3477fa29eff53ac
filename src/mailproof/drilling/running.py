"""One drill: whether it may be held now, what it takes, and the record that is written."""

from __future__ import annotations

import asyncio
import math
import secrets
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailproof.clock import now
from mailproof.drilling.addresses import AddressWatch
from mailproof.drilling.backups import BackupWatch, Message, primary_and_backups
from mailproof.drilling.parts import CannotDrill, Door, NotBroughtBack, Part, Say, Watch, held
from mailproof.drills import DrillRecord, write_drill
from mailproof.exercising.mailboxes import reader_of
from mailproof.exercising.messages import Composer
from mailproof.exercising.running import require_contact
from mailproof.inventory.drill import BackupDrill, Drill, VIPDrill
from mailproof.inventory.load import LoadedInventory
from mailproof.net.loop import stopped_by
from mailproof.net.network import Network
from mailproof.net.settings import NetSettings
from mailproof.targets.base import Targets
from mailproof.targets.discovery import Search, discover
from mailproof.targets.mail import MailDomain
from mailproof.targets.services import Endpoint, SMTPEndpoint, StoreEndpoint

SPARE = 60.0
"""Seconds that the window has to be open longer than the drill takes if all goes well."""


@dataclass(frozen=True)
class Order:
    """What the user asked for."""

    entry: BackupDrill | VIPDrill
    down: tuple[str, ...]
    up: tuple[str, ...]
    stop_file: Path | None = None
    only_plan: bool = False

    @property
    def subject(self) -> str:
        """As the record names it."""
        kind = "backup-mx" if isinstance(self.entry, BackupDrill) else "vip"
        return f"{kind} {self.entry.key}"


def seconds_left(drill: Drill, least: float) -> float:
    """Seconds until the window closes. Raises CannotDrill without consent, and where there are less than ``least``."""
    if not drill.drill:
        raise CannotDrill("the inventory does not consent: say `drill: true` there, beside a `window`")
    if drill.window is None:
        raise CannotDrill("the inventory has no window for it: window: {begins: 2027-03-31T02:00Z, ends: ...}")
    begins, ends, present = drill.window.begins, drill.window.ends, datetime.now(UTC)
    if not begins <= present < ends:
        raise CannotDrill(
            f"its window is open from {begins.isoformat()} to {ends.isoformat()}, and it is {present:%Y-%m-%dT%H:%MZ} "
            "now: wait for it, or change `window`"
        )
    left = (ends - present).total_seconds()
    if left < least:
        raise CannotDrill(f"its window closes in {left:.0f} s, and the drill takes {least:.0f} s: make it longer")
    return left


def drill(order: Order, loaded: LoadedInventory, say: Say) -> None:
    """Hold a drill and write its record; before anything is done, all of it is told. A plan is told at any time.

    Raises CannotDrill, NotBroughtBack, NotObserved, UnreadableMailbox and OSError.
    """
    within = order.entry.within if isinstance(order.entry, VIPDrill) else 0.0
    try:
        left = seconds_left(order.entry, SPARE + 3 * within)
    except CannotDrill as refused:
        if not order.only_plan:
            raise
        say(f"  This is a plan alone, the drill cannot be held now: {refused}.")
        left = math.inf
    run = secrets.token_hex(6)
    settings = loaded.model.net_settings().of_run(run)
    record = asyncio.run(_ended_by(order.stop_file, left, _held(order, loaded, settings, run, say)))
    if record is not None:
        file = loaded.file.parent / order.entry.record_file
        write_drill(file, record)
        say(f"  {file} is written: pytest --inventory {loaded.file} judges it.")


async def _ended_by(
    stop_file: Path | None, left: float, work: Coroutine[Any, Any, DrillRecord | None]
) -> DrillRecord | None:
    """What ``work`` returns. Raises CannotDrill as soon as there is a stop file, when the window closes, and on SIGTERM
    or SIGHUP; what was taken down is brought back each time.
    """
    loop = asyncio.get_running_loop()
    closes = loop.time() + left
    ended: list[str] = []
    try:
        async with asyncio.timeout_at(closes) as until:
            with stopped_by(stop_file, until), _signals_end(until, ended):
                await asyncio.sleep(0)
                return await work
    except TimeoutError:
        work.close()
        if not until.expired():
            raise
        if not ended:
            ended.append("the window has closed" if loop.time() >= closes else f"there is a file {stop_file}")
        raise CannotDrill(f"ended: {ended[0]}; no record is written") from None


@contextmanager
def _signals_end(until: asyncio.Timeout, ended: list[str]) -> Iterator[None]:
    """End ``until`` on SIGTERM and SIGHUP, and say so in ``ended``. Ctrl-C cancels the whole by itself."""
    loop = asyncio.get_running_loop()

    def end(name: str) -> None:
        if not ended and not until.expired():  # one that is expiring cannot be moved any more
            ended.append(name)
            until.reschedule(loop.time())

    here = threading.current_thread() is threading.main_thread()  # elsewhere signals are the caller's
    numbers = (signal.SIGTERM, signal.SIGHUP) if here else ()
    for number in numbers:
        loop.add_signal_handler(number, end, number.name)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _held(order: Order, loaded: LoadedInventory, settings: NetSettings, run: str, say: Say) -> DrillRecord | None:
    entry = order.entry
    net = Network(settings)
    try:
        targets = await discover(loaded.model, net.dns, settings, loaded.file.parent, net.files)
        watched = _Watched(order, loaded, settings, run, say)
        part, watch = await (
            watched.backups(entry, targets, net)
            if isinstance(entry, BackupDrill)
            else watched.address(entry, targets, net)
        )
    finally:
        await net.close()
    if order.only_plan:
        return None
    began_at = now()
    try:
        down = await held(part, watch, entry.wait, say)
    except NotBroughtBack as failure:
        # An earlier record tells of a service that is not as it was.
        record = DrillRecord(run, order.subject, str(part), began_at, now(), 0.0, not_back=str(failure))
        file = loaded.file.parent / entry.record_file
        try:
            write_drill(file, record)
        except OSError as error:
            raise NotBroughtBack(
                f"{failure}; an earlier {file} still counts, nothing can be written: {error}"
            ) from None
        raise
    record = DrillRecord(run, order.subject, str(part), began_at, now(), round(down, 1))
    return watched.seen(record, watch)


class _Watched:
    """Finds out what is taken down and watched, and tells it."""

    def __init__(self, order: Order, loaded: LoadedInventory, settings: NetSettings, run: str, say: Say) -> None:
        self._order = order
        self._loaded = loaded
        self._settings = settings
        self._run = run
        self._say = say

    async def backups(self, entry: BackupDrill, targets: Targets, net: Network) -> tuple[Part, Watch]:
        domain = next(domain for domain in targets.found(MailDomain) if domain.name == entry.domain)
        doors, backups = await primary_and_backups(domain, targets, net)
        message = await self._message(entry)
        self._tell(doors, f"{', '.join(e.id for e in backups)} is asked for 3 recipients, twice; 4 must be refused.")
        if message is not None:
            self._say(f"  One test message for {message.address}, marked with run {self._run}, goes to a backup.")
        return self._part(doors), BackupWatch(domain, backups, self._settings, self._say, message)

    async def address(self, entry: VIPDrill, targets: Targets, net: Network) -> tuple[Part, Watch]:
        of_host = [e for e in targets.found(Endpoint) if e.host == entry.host and not e.dead]
        endpoints = [e for e in of_host if isinstance(e, SMTPEndpoint | StoreEndpoint)]
        if not endpoints:
            raise CannotDrill(f"{entry.host} has no address, or none of SMTP, IMAP, POP3 and ManageSieve in its roles")
        search = Search(self._loaded.model, net.dns, self._settings)
        known = await search.addresses(entry.part)
        port = entry.part_port or endpoints[0].port
        named, may_contact = search.named_addresses, self._settings.may_contact
        addresses = [one for one in known.addresses if one in named or may_contact(one, port, entry.part)]
        if not addresses:
            told = "; ".join(failure.reason for failure in known.failures) or "no address that may be contacted"
            raise CannotDrill(f"{entry.part}: {told}; give it addresses in `hosts`, or say allow_private: true")
        doors = tuple(Door(entry.part, address, port) for address in addresses)
        if shared := {e.address for e in endpoints} & set(addresses):
            raise CannotDrill(f"{entry.part} is {entry.host}: both are at {', '.join(sorted(shared))}")
        told = ", ".join(endpoint.id for endpoint in endpoints)
        self._tell(
            doors, f"{told} is connected to every {entry.every:g} s, and has {entry.within:g} s to answer again."
        )
        watch = AddressWatch(endpoints, self._settings, entry.within, entry.every, self._say)
        return self._part(doors), watch

    def seen(self, record: DrillRecord, watch: Watch) -> DrillRecord:
        """``record`` with what the watch has seen."""
        entry = self._order.entry
        if isinstance(watch, AddressWatch) and isinstance(entry, VIPDrill):
            return replace(record, samples=tuple(watch.samples), within=entry.within)
        if isinstance(watch, BackupWatch):
            message = watch.message
            return replace(
                record,
                asked=tuple(watch.asked),
                sent=(watch.sent,) if watch.sent else (),
                mailbox=message.address if message else "",
                waited=message.wait if message else 0.0,
            )
        return record

    def _part(self, doors: tuple[Door, ...]) -> Part:
        return Part(doors, self._settings, self._order.down, self._order.up, self._say)

    def _tell(self, doors: tuple[Door, ...], watched: str) -> None:
        by = f"by {' '.join(self._order.down)}" if self._order.down else "by you, when this says so"
        self._say(f"{self._order.subject}: {', '.join(map(str, doors))} is taken down {by}.")
        self._say(f"  {watched}")

    async def _message(self, entry: BackupDrill) -> Message | None:
        """A message for a mailbox of the domain that may be exercised, if the inventory has one."""
        model = self._loaded.model
        for mailbox in model.own_mailboxes:
            if mailbox.exercise and mailbox.domain == entry.domain:
                await require_contact(mailbox, self._settings.avoided)
                plain = mailbox.model_copy(update={"incoming": None})
                contact = model.contact or self._settings.sender
                mail = next(Composer(plain, self._run, self._settings.sender, contact).mails())
                reader = reader_of(mailbox, self._loaded.file.parent, model.trust.ca_file)
                return Message(mail, mailbox.address, self._run, reader, entry.wait)
        return None
