"""Reads reports of DMARC and of TLS reporting, and puts together what they say of each domain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from mailproof.clock import now
from mailproof.grammars.aggregate_reports import AggregateReport, Row, UnreadableXML, parse_aggregate_report
from mailproof.grammars.dkim_signatures import parse_signature
from mailproof.grammars.failure_reports import parse_failure_report
from mailproof.grammars.messages import parse_header
from mailproof.grammars.received import normal_address, seconds_of
from mailproof.grammars.report_files import MAX_PACKED, NoReport, Unpacked, UnreadableReport, unpack
from mailproof.grammars.tls_reports import UnreadableJSON, parse_tls_report
from mailproof.inventory.budgets import MAX_REPORTED_SOURCES
from mailproof.inventory.model import Inventory
from mailproof.net.errors import Malformed, NotObserved
from mailproof.net.network import Network
from mailproof.observations.reports import AggregateSeen, Reported, Reports, SourceSeen, day
from mailproof.probes.probe import Look, probe
from mailproof.targets.addresses import SendingAddress
from mailproof.targets.base import Targets
from mailproof.targets.files import ReportFile
from mailproof.targets.reports import ReportedDomain

WINDOW_DAYS = 30
"""How far before the end of the newest report sources are looked at: what was mended before is no fault any more."""

MAX_HEADER = 64 * 1024
"""Octets of a message in which its header is looked for."""

MAX_NAME = 253
"""Characters of a name in the DNS (RFC 1035, section 2.3.4)."""

MAX_AHEAD = 2 * 86_400
"""Seconds by which the end of a report may lie ahead: clocks and zones differ. Anybody can send a report that ends in a
hundred years, and next to it all others would be old."""

NOT_OF_THE_RECEIVER = ("policy_test_mode", "sampled_out")
"""Reasons that the policy itself is (t=y; pct in RFC 7489)."""


@probe()
async def reports(file: ReportFile, net: Network, inventory: Inventory) -> Reports:
    """The reports in a file. Raises Malformed where one cannot be read."""
    data = await net.files.read(Path(file.path), MAX_PACKED)
    try:
        found = await asyncio.to_thread(_read, file.name, data)
    except NoReport as error:
        if not file.path.lower().endswith(".eml"):
            raise Malformed(f"{file.name}: {error}") from None
        # A message of another kind, in the same directory, or a report of one message.
        return Reports(file.name, failure=await asyncio.to_thread(parse_failure_report, data))
    except (UnreadableReport, UnreadableXML, UnreadableJSON) as error:
        raise Malformed(f"{file.name}: {error}") from None
    about = {policy.domain for report in found.tls for policy in report.policies}
    ours = tuple(domain.name for domain in inventory.domains if domain.name in about)
    return replace(found, ours=ours, observed_at=now(), signed_by=_signed_by(data))


def _signed_by(data: bytes) -> tuple[str, ...] | None:
    header = parse_header(data[:MAX_HEADER])
    if header.first("from") is None:
        return None
    return tuple(parse_signature(field.value).domain for field in header.all("dkim-signature"))


def _read(name: str, data: bytes) -> Reports:
    found = unpack(data)
    return Reports(
        name,
        tuple(_aggregate(one) for one in found if one.format == "xml"),
        tuple(parse_tls_report(one.data) for one in found if one.format == "json"),
    )


def _aggregate(unpacked: Unpacked) -> AggregateSeen:
    report = parse_aggregate_report(unpacked.data)
    sources = _merged(_source(row, report) for row in report.rows if row.source)
    most = sorted(sources, key=lambda source: -source.messages)
    errors = report.errors
    if _is_ahead(report.end):
        errors = (*errors, f"it ends on {day(report.end)}, which is still to come")
    return AggregateSeen(
        report.reporter,
        report.email,
        report.id,
        report.begin,
        report.end,
        report.domain,
        report.is_9990,
        unpacked.container,
        tuple(most[:MAX_REPORTED_SOURCES]),
        max(len(most) - MAX_REPORTED_SOURCES, 0),
        sum(not signature.selector for row in report.rows for signature in row.signatures),
        errors,
        _keys(report),
    )


def _is_ahead(end: int) -> bool:
    return end > (seconds_of(now()) or 0.0) + MAX_AHEAD


def _keys(report: AggregateReport) -> tuple[str, ...]:
    """The names of the keys that signatures in the report have, each once."""
    named = (signature for row in report.rows for signature in row.signatures if signature.selector)
    names = dict.fromkeys(f"{one.selector.lower()}._domainkey.{one.domain}" for one in named)
    return tuple(name for name in names if len(name) <= MAX_NAME)[:MAX_REPORTED_SOURCES]


def _source(row: Row, report: AggregateReport) -> SourceSeen:
    reasons = tuple(dict.fromkeys(reason[:40] for reason in row.reasons if reason not in NOT_OF_THE_RECEIVER))
    return SourceSeen(
        row.source,
        row.header_from[:255] or report.domain,
        row.count,
        row.count if row.passes else 0,
        row.count if row.spf == "pass" else 0,
        row.count if row.dkim == "pass" else 0,
        row.count if reasons else 0,
        reasons[:10],
    )


def _merged(sources: Iterable[SourceSeen]) -> tuple[SourceSeen, ...]:
    found: dict[tuple[str, str], SourceSeen] = {}
    for source in sources:
        key = source.address, source.header_from
        found[key] = found[key] + source if key in found else source
    return tuple(found.values())


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
        for report in found.aggregate:
            if _is_ahead(report.end):
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
        _merged(source for _, sources in recent for source in sources),
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
    )


def _of(domain: str, report: AggregateSeen, own: list[str]) -> list[SourceSeen]:
    """The sources whose From is the domain or lies below it, and below no nearer domain of the inventory."""
    return [source for source in report.sources if _nearest(source.header_from, own) == domain]


def _nearest(name: str, own: list[str]) -> str:
    return max((domain for domain in own if f".{name}".endswith(f".{domain}")), key=len, default="")
