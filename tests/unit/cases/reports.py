"""Reports of receivers, file by file."""

from __future__ import annotations

from dataclasses import replace

from mailproof.grammars.failure_reports import FailureReport
from mailproof.grammars.tls_reports import FailureDetail, PolicyReport, TLSReport
from mailproof.observations.reports import AggregateSeen, Reports

from ..observed import DOMAIN, HOST
from .case import Table, advises, fails, passes, skips, undecided

FILE = "reports/one.xml.gz"
NOW = "2026-11-26T12:00:00+00:00"
BEGIN, END = 1795564800, 1795651199
"""The 25th of November."""
SEEN = AggregateSeen("google.com", "noreply@google.com", "1", BEGIN, END, DOMAIN, True, "gzip")


def aggregate(**more: object) -> Reports:
    return Reports(FILE, (replace(SEEN, **more),), observed_at=NOW)  # type: ignore[arg-type]


UNREAD = ("INBOX: message 7: its XML is broken",)


def tls(
    successes: int = 100, failures: int = 0, *errors: str, ours: tuple[str, ...] = (DOMAIN,), end: int = END
) -> Reports:
    details = (FailureDetail("certificate-expired", failures, HOST),) if failures else ()
    policy = PolicyReport("sts", DOMAIN, successes, failures, details)
    return Reports(FILE, (), (TLSReport("Google", "1", BEGIN, end, (policy,), errors),), ours, NOW)


def failure(*errors: str) -> Reports:
    found = FailureReport("dmarc", "OpenDMARC", DOMAIN, "192.0.2.1", "reject", errors)
    return Reports(FILE, failure=found, observed_at=NOW)


TABLE: Table = {
    "RPT-AGG-PARSE": (
        passes(reports=aggregate()),
        passes(reports=aggregate(is_9990=False, container="zip")),
        advises("google.com: there is no version", reports=aggregate(errors=("there is no version",))),
        advises("comes in a ZIP", reports=aggregate(container="zip")),
        skips("no aggregate report", reports=tls()),
        undecided("INBOX: message 7", reports=replace(aggregate(), unread=UNREAD)),
        undecided("INBOX: message 7", reports=replace(tls(), unread=UNREAD)),
        # Nobody else tells of what cannot be read: it comes before what is wrong in other reports.
        undecided("INBOX: message 7", reports=replace(aggregate(errors=("x",)), unread=UNREAD)),
    ),
    "DKIM-SELECTOR-IN-REPORT": (
        passes(reports=aggregate()),
        advises("names no selector in 3 results", reports=aggregate(unnamed_signatures=3)),
        skips("no report of RFC 9990", reports=aggregate(is_9990=False, unnamed_signatures=3)),
        undecided("INBOX: message 7", reports=replace(aggregate(), unread=UNREAD)),
    ),
    "RPT-FAILURE": (
        passes(reports=failure()),
        advises("OpenDMARC: Version is missing", reports=failure("Version is missing")),
        advises("OpenDMARC: x", reports=replace(failure(), further_failures=failure("x").failures)),
        skips("the file is no failure report", reports=aggregate()),
        undecided("INBOX: message 7", reports=replace(failure(), unread=UNREAD)),
    ),
    "RPT-TLS": (
        passes(reports=tls()),
        advises("report-id is missing", reports=tls(100, 0, "report-id is missing")),
        skips("no report of TLS", reports=aggregate()),
        undecided("INBOX: message 7", reports=replace(tls(), unread=UNREAD)),
    ),
    "TLSRPT-REPORT": (
        passes(reports=tls()),
        passes(reports=tls(1000, 5)),
        fails("2 of 100 sessions with example.org as failed (sts): 2 x certificate-expired", reports=tls(98, 2)),
        skips("no report of TLS", reports=aggregate()),
        skips("older than 30 days", reports=tls(0, 1, end=BEGIN - 40 * 86_400)),
        skips("no domain of the inventory", reports=tls(0, 1, ours=())),
        undecided("INBOX: message 7", reports=replace(tls(), unread=UNREAD)),
    ),
}
