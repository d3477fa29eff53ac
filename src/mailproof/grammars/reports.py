"""All reports in one file, taken apart: what can be read, and why the rest cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mailproof.grammars.aggregate_reports import AggregateReport, OtherXML, UnreadableXML, parse_aggregate_report
from mailproof.grammars.failure_reports import FailureReport, is_failure_report, parse_failure_report
from mailproof.grammars.report_files import NoReport, unpack
from mailproof.grammars.tls_reports import OtherJSON, TLSReport, UnreadableJSON, parse_tls_report

Report: TypeAlias = AggregateReport | TLSReport | FailureReport


@dataclass(frozen=True)
class Contents:
    """What a file holds."""

    reports: tuple[tuple[Report, str], ...] = ()
    """Each with the container that it came out of last."""
    broken: tuple[str, ...] = ()
    """Why what looks like a report cannot be read."""


def read_reports(data: bytes) -> Contents:
    """Take all reports in a file apart. Raises NoReport for a file without any, UnreadableReport for a broken one.

    A failure report holds the message that it is about, whose attachments are a stranger's. Other mail may have
    attachments that look like reports from outside: pictures in XML, office documents, JSON.
    """
    if is_failure_report(data) and (failure := parse_failure_report(data)) is not None:
        return Contents(((failure, "mail"),))
    try:
        unpacked = unpack(data)
    except NoReport:
        if (failure := parse_failure_report(data)) is None:
            raise
        return Contents(((failure, "mail"),))
    reports: list[tuple[Report, str]] = []
    broken = []
    for one in unpacked:
        try:
            parse = parse_aggregate_report if one.format == "xml" else parse_tls_report
            reports.append((parse(one.data), one.container))
        except (UnreadableXML, UnreadableJSON) as error:
            if not (one.in_mail and isinstance(error, (OtherXML, OtherJSON))):
                broken.append(str(error))
    if not reports and not broken:
        raise NoReport("it holds no report")
    return Contents(tuple(reports), tuple(broken))
