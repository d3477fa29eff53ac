"""Reports of receivers, file by file: DMARC aggregate reports and reports of TLS reporting."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Between, Family, Harm, control, finding, not_applicable
from mailproof.grammars.received import seconds_of
from mailproof.net.errors import Unreadable
from mailproof.observations.reports import Reports
from mailproof.references import rfc

FAMILY = Family("RPT", "Reports of receivers", also=("DKIM", "REJECT", "TLSRPT"))


@control("RPT-AGG-PARSE", MAY, rfc(9990, "3"), rfc(7489, "C"), harm=Harm.REFUSED, explains=(Unreadable,))
def test_aggregate_reports_follow_the_schema(reports: Reports) -> None:
    """An aggregate report follows the schema of RFC 9990, or of RFC 7489, appendix C.

    A file, or a message of a mailbox, that cannot be read as a report of any kind is told here, once: this verdict is
    inconclusive and names it. All others judge what could be read. A finding there stands, and so does what is enough
    for a verdict, like a report of this week; only a verdict that hangs on what may stand in the unread file is left to
    this one.

    Why: what a report does not say right, nobody counts. The fault is the reporter's.
    Fix: tell the reporter; what can be understood is used.
    """
    _require_all_read(reports)  # before what is wrong in others: nobody else tells it
    _require(reports, reports.aggregate, "the file holds no aggregate report of DMARC")
    for report in reports.aggregate:
        assert not report.errors, f"{report.reporter or 'a reporter'}: {'; '.join(report.errors)}"
        assert not (report.is_9990 and report.container == "zip"), "a report of RFC 9990 comes in a ZIP, not in gzip"


def _require(reports: Reports, found: tuple[object, ...], missing: str) -> None:
    if not found:
        _require_all_read(reports)
        not_applicable(missing)


def _require_all_read(reports: Reports) -> None:
    """Raise Unreadable where a message of a mailbox could not be read."""
    if reports.unread:
        raise Unreadable(f"not all messages could be read: {reports.unread[0]}", reports.evidence())


@control("DKIM-SELECTOR-IN-REPORT", MAY, rfc(9990), harm=Harm.REFUSED)
def test_reports_name_the_selectors(reports: Reports) -> None:
    """Every result of DKIM in a report of RFC 9990 names the selector.

    Why: without it a key that fails cannot be told from another one. The fault is the reporter's, and RFC 7489 did not
    ask for selectors.
    Fix: tell the reporter.
    """
    _require(
        reports, tuple(report for report in reports.aggregate if report.is_9990), "the file holds no report of RFC 9990"
    )
    for report in reports.aggregate:
        if report.is_9990 and report.unnamed_signatures:
            finding(MAY, f"{report.reporter} names no selector in {report.unnamed_signatures} results of DKIM")
    _require_all_read(reports)


@control("RPT-FAILURE", MAY, rfc(9991), rfc(6591, "3"), rfc(5965, "3"), harm=Harm.REFUSED)
def test_failure_reports_have_their_fields(reports: Reports) -> None:
    """A failure report says in the fields of the standards what failed, and of which message.

    Why: what a report does not say right, no program counts. The fault is the reporter's.
    Fix: tell the reporter; what can be understood is used.
    """
    _require(reports, reports.failures, "the file is no failure report")
    for failure in reports.failures:
        assert not failure.errors, f"{failure.software or 'a reporter'}: {'; '.join(failure.errors)}"
    _require_all_read(reports)


@control("RPT-TLS", MAY, rfc(8460, "4.4"), harm=Harm.READ)
def test_tls_reports_follow_the_schema(reports: Reports) -> None:
    """A report of TLS reporting follows the schema of RFC 8460.

    Why: what a report does not say right, nobody counts. The fault is the reporter's.
    Fix: tell the reporter; what can be understood is used.
    """
    _require(reports, reports.tls, "the file holds no report of TLS reporting")
    for report in reports.tls:
        assert not report.errors, f"{report.reporter or 'a reporter'}: {'; '.join(report.errors)}"
    _require_all_read(reports)


@control(
    "TLSRPT-REPORT",
    SHOULD,
    rfc(8460, "4"),
    by_clock=True,
    allowed={"percent": Between(0, 100), "days": Between(1, 3650)},
    harm=Harm.LOST,
)
def test_senders_report_no_failures_of_tls(reports: Reports, *, percent: float = 1.0, days: float = 30.0) -> None:
    """Senders report next to no session with the domain's mail hosts that failed for its TLS policy.

    Why: with DANE or a policy in mode enforce such mail is not delivered; in mode testing it would not be.
    Fix: mend what the failure type names: certificates, TLSA records, the policy of MTA-STS. Reports older than the
    parameter days, and failures of no more than percent of the sessions with one policy, are no finding.
    """
    _require(reports, reports.tls, "the file holds no report of TLS reporting")
    now = seconds_of(reports.observed_at) or 0.0
    recent = [report for report in reports.tls if now - report.end <= days * 86_400]
    _require(reports, tuple(recent), f"the report is older than {days:g} days")
    ours = [(report, policy) for report in recent for policy in report.policies if policy.domain in reports.ours]
    _require(reports, tuple(ours), "the report is about no domain of the inventory")
    for report, policy in ours:
        total = policy.successes + policy.failures
        if not policy.failures or policy.failures * 100 <= percent * total:
            continue
        kinds = ", ".join(f"{one.sessions} x {one.type} at {one.mx or one.address}" for one in policy.details[:5])
        finding(
            SHOULD,
            f"{report.reporter} reports {policy.failures} of {total} sessions with {policy.domain} as failed "
            f"({policy.type}): {kinds or 'of no kind that is told'}",
        )
    _require_all_read(reports)
