"""Reports that a service writes about the domains of an exercise: of DMARC, and of TLS."""

from __future__ import annotations

from collections.abc import Sequence

from mailproof.controls import (
    MAY,
    MUST,
    SHOULD,
    Between,
    Family,
    Harm,
    control,
    fail,
    finding,
    leave_to,
    not_applicable,
)
from mailproof.grammars.received import seconds_of
from mailproof.net.errors import NotAvailable, NotObserved, Unreadable
from mailproof.observations.exercises import ExerciseReports, ReportSeen
from mailproof.references import BSI_TR_03182, rfc
from mailproof.tests_compliance.test_incoming import DAYS, baseline, recent

FAMILY = Family("REPORTING", "Reports that a service writes", also=("OUT",))

HOUR = 3600
HOURS = {"hours": Between(1, 240)}


def _came(seen: ExerciseReports, found: Sequence[ReportSeen], days: int, hours: int) -> bool:
    """Whether a report came. Raises NotObserved where one may still come, or may have been that of somebody else."""
    if not seen.has_reports:
        not_applicable("the inventory names no `reports`, where those that came could be seen")
    if found and seen.shared_with:
        told = f"the domains of the exercise are used for {', '.join(seen.shared_with)} as well: whose report came?"
        raise NotObserved(told, seen.evidence())
    if found:
        return True
    if seen.unread:
        raise Unreadable(f"not all reports could be read: {seen.unread[0]}", seen.evidence())
    ended, present = seconds_of(recent(seen.exercised, days).ended_at), seconds_of(seen.exercised.observed_at)
    if ended is None or present is None or present - ended < hours * HOUR:
        raise NotAvailable(f"none came so far; a report may take {hours} hours", seen.evidence())
    return False


@control("OUT-REPORTS", SHOULD, BSI_TR_03182, rfc(9990), harm=Harm.REFUSED, by_clock=True, allowed={**DAYS, **HOURS})
def test_aggregate_reports_are_sent(exercise_reports: ExerciseReports, *, days: int = 30, hours: int = 48) -> None:
    """A service that takes mail sends aggregate reports of DMARC to the domains that ask for them, within two days.

    No RFC obliges it; BSI TR-03182 does.

    Why: without reports the owners of other domains do not find out that their own mail fails, or that somebody sends
    in their name.
    Fix: rspamd: dmarc { reporting { enabled = true; } } and rspamadm dmarc_report every day; OpenDMARC: HistoryFile,
    with opendmarc-import and opendmarc-reports.
    """
    seen = exercise_reports
    if not seen.test_domain:
        not_applicable("no reports are asked for: own_mailboxes has no incoming with report_to")
    baseline(seen.exercised, days)
    if not _came(seen, seen.aggregate, days, hours):
        fail(f"no aggregate report about {seen.test_domain} came within {hours} hours of the exercise")


@control("OUT-TLSRPT", MUST, rfc(8460, "3"), harm=Harm.READ, by_clock=True, allowed={**DAYS, **HOURS})
def test_reports_of_tls_are_sent(exercise_reports: ExerciseReports, *, days: int = 30, hours: int = 48) -> None:
    """A service that heeds DANE or MTA-STS reports what failed, and signs the message with its report (DKIM).

    To report is optional; what is sent by mail has to be signed (MUST).

    Why: without reports nobody finds out that mail to him waits, until the senders ask; and one that is not signed is
    thrown away, since anybody could have written it.
    Fix: Postfix 3.10 or later with libtlsrpt: smtp_tlsrpt_enable = yes, and a tlsrpt-reporter whose mail is signed.
    """
    seen = exercise_reports
    if not seen.sink_domain:
        not_applicable("no reports are asked for: own_mailboxes has no outgoing with report_to")
    exercised = seen.exercised
    recent(exercised, days)
    tried = [case for case in ("dane-wrong", "sts") if (one := exercised.handed_in(case)) and one.accepted]
    if not tried:
        not_applicable("no message was handed in for a server with the wrong key or policy")
    if all(any(delivery.taken for delivery in exercised.deliveries(case)) for case in tried):
        if "dane-wrong" in tried:
            leave_to("OUT-DANE", "nothing failed that could be reported: wrong keys are not heeded")
        leave_to("OUT-STS", "nothing failed that could be reported: policies are not heeded")
    if not _came(seen, seen.tls, days, hours):
        finding(MAY, f"no report of TLS about {seen.sink_domain} came within {hours} hours of the exercise")
    for report in seen.tls:
        if report.signed_by is not None and not report.signed_by:
            fail(
                f"{report.file}: the message with the report is not signed",
                why="whoever gets it has to throw it away (RFC 8460, section 3): nobody learns what failed.",
                fix="let the mail of the reporter pass the signer (OpenDKIM, rspamd), with a key for its domain.",
            )
    if all(report.signed_by is None for report in seen.tls):
        raise NotObserved("the messages with the reports were not kept: save them as .eml", seen.evidence())
