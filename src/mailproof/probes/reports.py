"""Reads reports of DMARC and of TLS reporting, and puts together what they say of each domain."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

from mailproof.clock import now
from mailproof.grammars.dkim_signatures import parse_signature
from mailproof.grammars.messages import parse_header
from mailproof.grammars.received import normal_address
from mailproof.grammars.report_files import MAX_PACKED, NoReport, UnreadableReport
from mailproof.grammars.reports import read_reports
from mailproof.inventory.model import Inventory
from mailproof.net.errors import Malformed, NotAvailable, NotObserved, Unreadable
from mailproof.net.network import Network
from mailproof.observations.reports import AggregateSeen, Reported, Reports, SourceSeen, day
from mailproof.probes.probe import Look, probe
from mailproof.probes.report_contents import is_ahead, merged, reports_of
from mailproof.probes.report_stores import read_database, read_mailbox
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Targets
from mailproof.targets.files import ReportDatabase, ReportFile, ReportMailbox
from mailproof.targets.reports import ReportedDomain

WINDOW_DAYS = 30
"""How far before the end of the newest report sources are looked at: what was mended before is no fault any more."""

MAX_HEADER = 64 * 1024
"""Octets of a message in which its header is looked for."""

DAY = 86_400
MAX_DAYS = 400
"""Days that a chart shows."""


@probe(connections=1)
async def mailbox_reports(mailbox: ReportMailbox, net: Network, inventory: Inventory) -> Reports:
    """The reports in the newest messages of a mailbox. Raises NotAvailable where it cannot be read."""
    return await read_mailbox(mailbox, net, inventory)


@probe(looks=("mailbox_reports",))
async def reports(file: ReportFile, net: Network, inventory: Inventory, look: Look) -> Reports:
    """The reports in a file, a mailbox or a database. Raises Unreadable where they cannot be read."""
    try:
        if isinstance(file, ReportMailbox):
            found = await look(mailbox_reports, file)
        elif isinstance(file, ReportDatabase):
            found = await read_database(file, inventory)
        else:
            data = await net.files.read(Path(file.path), MAX_PACKED)
            found = replace(await asyncio.to_thread(_read_file, file, data), signed_by=_signed_by(data))
    except (Malformed, NotAvailable) as failure:
        raise Unreadable(failure.reason, failure.evidence) from None
    about = {policy.domain for report in found.tls for policy in report.policies}
    ours = tuple(domain.name for domain in inventory.domains if domain.name in about)
    return replace(found, ours=ours, observed_at=now())


def _signed_by(data: bytes) -> tuple[str, ...] | None:
    header = parse_header(data[:MAX_HEADER])
    if header.first("from") is None:
        return None
    return tuple(parse_signature(field.value).domain for field in header.all("dkim-signature"))


_RESULT = re.compile(rb'\s*\{\s*"format":\s*"mailproof-(?:result|record)"')
"""What runs of mailproof write, into the directory ``reports`` unless they are told another."""


def _read_file(file: ReportFile, data: bytes) -> Reports:
    path = Path(file.path)
    if _RESULT.match(data):
        return Reports(file.name)
    try:
        contents = read_reports(data)
    except NoReport as error:
        # A message of another kind, in the same directory or mailbox.
        if path.suffix.lower() == ".eml" or path.parent.name in ("new", "cur"):
            return Reports(file.name)
        raise Malformed(f"{file.name}: {error}") from None
    except UnreadableReport as error:
        raise Malformed(f"{file.name}: {error}") from None
    if contents.broken:
        raise Malformed(f"{file.name}: {contents.broken[0]}")
    return reports_of(file.name, contents)


@probe()
async def reported(domain: ReportedDomain, look: Look, inventory: Inventory, targets: Targets) -> Reported:
    """What all aggregate reports say of a domain. A report that is there twice counts once."""
    own_domains = [entry.name for entry in inventory.domains]
    seen: dict[tuple[str, str, str, int], AggregateSeen] = {}
    unread: list[str] = [missing.reason for missing in targets.missing(ReportFile)]
    duplicates = 0
    for file in targets.found(ReportFile):
        try:
            found = await look(reports, file)
        except NotObserved as failure:
            unread.append(failure.reason)
            continue
        unread += found.unread
        for report in found.aggregate:
            if is_ahead(report.end):
                unread.append(f"{file.name}: its report ends on {day(report.end)}, which is still to come")
                continue
            key = report.reporter, report.id, report.domain, report.begin
            duplicates += key in seen
            seen.setdefault(key, report)
    about = [
        (report, sources)
        for report in seen.values()
        if (sources := _of(domain.name, report, own_domains)) or report.domain == domain.name
    ]
    newest = max((report.end for report, _ in about), default=0)
    recent = [(report, sources) for report, sources in about if report.end > newest - WINDOW_DAYS * 86_400]
    reporters: dict[tuple[str, str], int] = {}
    for report, _ in about:
        who = report.reporter, report.email
        reporters[who] = max(reporters.get(who, 0), report.end)
    keys: dict[str, int] = {}
    for report in seen.values():
        for name in report.keys:
            if name.endswith(f"._domainkey.{domain.name}"):
                keys[name] = max(keys.get(name, 0), report.end)
    senders = targets.found(SendingAddress)
    return Reported(
        domain.name,
        now(),
        tuple((*who, end) for who, end in reporters.items()),
        merged(source for _, sources in recent for source in sources),
        tuple(
            normal_address(sender.address) for sender in senders if sender.declared and domain.name in sender.domains
        ),
        tuple(normal_address(sender.address) for sender in senders),
        duplicates,
        sum(report.left_out for report, _ in recent),
        tuple(unread[:20]),
        min((report.begin for report, _ in about if report.begin), default=0),
        newest,
        tuple(keys.items()),
        _days(about),
    )


def _days(about: list[tuple[AggregateSeen, list[SourceSeen]]]) -> tuple[tuple[int, int, int], ...]:
    """The messages of each day, and how many pass; the last MAX_DAYS days."""
    newest = max((report.end for report, _ in about), default=0)
    found: dict[int, tuple[int, int]] = {}
    for report, sources in about:
        if not newest - MAX_DAYS * DAY < report.begin <= report.end:
            continue
        day = report.begin // DAY * DAY
        messages, passed = found.get(day, (0, 0))
        found[day] = (
            messages + sum(source.messages for source in sources),
            passed + sum(source.passed for source in sources),
        )
    return tuple((day, *found[day]) for day in sorted(found))


def _of(domain: str, report: AggregateSeen, own: list[str]) -> list[SourceSeen]:
    """The sources whose From is the domain or lies below it, and below no nearer domain of the inventory."""
    return [source for source in report.sources if _nearest(source.header_from, own) == domain]


def _nearest(name: str, own: list[str]) -> str:
    return max((domain for domain in own if f".{name}".endswith(f".{domain}")), key=len, default="")
