"""Reads reports where many of them are: a mailbox by IMAP, and the database of `mailproof reports import`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mailproof.archive import ArchiveError, require
from mailproof.grammars.failure_reports import FailureReport
from mailproof.grammars.received import normal_address
from mailproof.grammars.report_files import NoReport, UnreadableReport
from mailproof.grammars.reports import Contents, read_reports
from mailproof.grammars.tls_reports import TLSReport
from mailproof.inventory.model import Inventory
from mailproof.inventory.report_sources import ReportSource
from mailproof.net.errors import NoAddress, NotAvailable
from mailproof.net.mailboxes import Bounds, IMAPMailbox, MailboxURL, UnreadableMailbox
from mailproof.net.network import Network
from mailproof.observations.reports import AggregateSeen, Reports, latest_end
from mailproof.probes.report_contents import ahead, is_ahead, reports_of
from mailproof.targets.files import ReportFile

MAX_SOURCES = 50_000
"""Sources of all reports in one mailbox, or one database; and names of keys."""

MAX_DETAILS = 50_000
"""Policies of reports of TLS in one mailbox, and failures that they tell apart."""

MAX_UNREAD = 20
"""Messages that cannot be read, and are told."""

BOUNDS = Bounds()


async def read_mailbox(file: ReportFile, net: Network, inventory: Inventory) -> Reports:
    """The reports in the newest messages of a mailbox. Raises NotObserved where it cannot be read."""
    source = _source(file, inventory)
    at = MailboxURL.of(file.path)
    address = await _address(at.host, net)
    place = net.settings.destination(address, at.port, at.host)
    mailbox = IMAPMailbox(file.path, source.password or "", net.settings.ca_file, (place.address, place.port), BOUNDS)
    async with net.hosts.connection(address, at.port):
        try:
            return await asyncio.to_thread(_of_mailbox, file.name, mailbox)
        except UnreadableMailbox as error:
            raise NotAvailable(str(error)) from None


async def _address(host: str, net: Network) -> str:
    """An address of a host, which may be written as one. Raises NotObserved."""
    if address := normal_address(host):
        return address
    for type in ("A", "AAAA"):
        for record in (await net.dns.resolve(host, type)).records:
            return record.data
    raise NoAddress(f"{host} has no address")


def _of_mailbox(name: str, mailbox: IMAPMailbox) -> Reports:
    kept = _Kept(name)
    for number, data in mailbox.messages():
        if data is None:
            kept.unread.append(f"{name}: message {number} is too large, or was not sent")
            continue
        try:
            contents = read_reports(data)
        except NoReport:
            continue  # mail of another kind
        except UnreadableReport as error:
            contents = Contents(broken=(str(error),))
        kept.unread += [f"{name}: message {number}: {reason}" for reason in contents.broken]
        kept.add(reports_of(name, contents))
    return kept.reports()


class _Kept:
    """What is kept of a mailbox, within bounds at every moment: strangers write what is in it."""

    def __init__(self, name: str) -> None:
        self.unread: list[str] = []
        self._name = name
        self._aggregate: list[AggregateSeen] = []
        self._tls: list[TLSReport] = []
        self._failures: list[FailureReport] = []
        self._sources_left, self._keys_left, self._details_left = MAX_SOURCES, MAX_SOURCES, MAX_DETAILS

    def add(self, found: Reports) -> None:
        """Keep the reports of a message; of the sources as many as there is room for."""
        for report in found.aggregate:
            sources = report.sources[: self._sources_left]
            keys = report.keys[: self._keys_left]
            self._sources_left, self._keys_left = self._sources_left - len(sources), self._keys_left - len(keys)
            left_out = report.left_out + len(report.sources) - len(sources)
            self._aggregate.append(replace(report, sources=sources, left_out=left_out, keys=keys))
        for told in found.tls:
            self._details_left -= sum(1 + len(policy.details) for policy in told.policies)
            if self._details_left < 0:
                self.unread.append(f"{self._name}: there are more reports of TLS than are looked at")
                self._details_left = 0
                break
            self._tls.append(told)
        self._failures += found.failures
        del self.unread[MAX_UNREAD:]

    def reports(self) -> Reports:
        """All of it."""
        return Reports(
            self._name,
            tuple(self._aggregate),
            tuple(self._tls),
            failure=self._failures[0] if self._failures else None,
            further_failures=tuple(self._failures[1:]),
            unread=tuple(self.unread[:MAX_UNREAD]),
        )


async def read_database(file: ReportFile, inventory: Inventory) -> Reports:
    """The reports of the inventory's domains in a database. Raises NotAvailable."""
    source = _source(file, inventory)
    domains = tuple(domain.name for domain in inventory.domains)
    try:
        return await asyncio.to_thread(_of_database, file.name, source, domains)
    except ArchiveError as error:
        raise NotAvailable(str(error)) from None


def _of_database(name: str, source: ReportSource, domains: tuple[str, ...]) -> Reports:
    require()
    from mailproof.archive.database import opened
    from mailproof.archive.recent import recent

    with opened(source.database or "", password=source.password) as engine:
        found = recent(engine, domains, MAX_SOURCES, latest_end())
    aggregate = tuple(
        replace(report, errors=(*report.errors, ahead(report.end))) if is_ahead(report.end) else report
        for report in found.aggregate
    )
    return Reports(name, aggregate, found.tls)


def _source(file: ReportFile, inventory: Inventory) -> ReportSource:
    return next(source for source in inventory.reports if source.key == file.named)
