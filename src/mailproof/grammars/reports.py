"""All reports in one file, taken apart: what can be read, and why the rest cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mailproof.grammars.aggregate_reports import AggregateReport, UnreadableXML, parse_aggregate_report
from mailproof.grammars.failure_reports import FailureReport, parse_failure_report
from mailproof.grammars.report_files import NoReport, unpack
from mailproof.grammars.tls_reports import TLSReport, UnreadableJSON, parse_tls_report

Report: TypeAlias = AggregateReport | TLSReport | FailureReport


@dataclass(frozen=True)
class Contents:
    """What a file holds."""

    reports: tuple[tuple[Report, str], ...] = ()
    """Each with the container that it came out of last."""
    broken: tuple[str, ...] = ()
    """Why what looks like a report cannot be read."""


def read_reports(data: bytes) -> Contents:
    """Take all reports in a file apart. Raises NoReport for a file without any, UnreadableReport for a broken one."""
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
            broken.append(str(error))
    return Contents(tuple(reports), tuple(broken))
