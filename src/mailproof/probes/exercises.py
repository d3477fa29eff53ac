"""Reads the records of exercises, and the reports that came of them. Only `mailproof exercise` sends."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mailproof.clock import now
from mailproof.documents import UnreadableDocument
from mailproof.exercises import read_exercise
from mailproof.grammars.received import seconds_of
from mailproof.net.errors import Malformed, NotObserved
from mailproof.observations.exercises import Exercised, ExerciseReports, ReportSeen
from mailproof.probes.probe import Look, probe
from mailproof.probes.reports import reports
from mailproof.targets.base import Targets
from mailproof.targets.files import ReportFile
from mailproof.targets.own_mailboxes import ExercisedMailbox


@probe()
async def exercised(mailbox: ExercisedMailbox) -> Exercised:
    """The record, if there is one. Raises Malformed for one that cannot be read, or that is another mailbox's."""
    file = Path(mailbox.record)
    tries = (mailbox.tries_incoming, mailbox.tries_outgoing)
    if not await asyncio.to_thread(file.exists):
        return Exercised(mailbox.name, None, now(), *tries)
    try:
        found = await asyncio.to_thread(read_exercise, file)
    except UnreadableDocument as error:
        raise Malformed(str(error).replace(mailbox.record, mailbox.name)) from None
    if found.mailbox != mailbox.address:
        raise Malformed(f"{mailbox.name} is the record of {found.mailbox}")
    return Exercised(mailbox.name, found, now(), *tries)


@probe(looks=("reports",))
async def exercise_reports(
    mailbox: ExercisedMailbox, exercised: Exercised, look: Look, targets: Targets
) -> ExerciseReports:
    """The reports about the test domains that end after the exercise began."""
    began = (seconds_of(exercised.exercise.began_at) or 0.0) if exercised.exercise is not None else 0.0
    files = targets.found(ReportFile)
    aggregate: list[ReportSeen] = []
    tls: list[ReportSeen] = []
    unread = [missing.reason for missing in targets.missing(ReportFile)]
    for file in files if mailbox.test_domain or mailbox.sink_domain else ():
        try:
            found = await look(reports, file)
        except NotObserved as failure:
            unread.append(failure.reason)
            continue
        for one in found.aggregate:
            if _is_below(one.domain, mailbox.test_domain) and one.end >= began:
                aggregate.append(ReportSeen(file.name, one.reporter, one.email, one.domain, one.end, found.signed_by))
        for report in found.tls:
            about = [policy.domain for policy in report.policies if _is_below(policy.domain, mailbox.sink_domain)]
            if about and report.end >= began:
                tls.append(ReportSeen(file.name, report.reporter, "", about[0], report.end, found.signed_by))
    shared = [
        other.address
        for other in targets.found(ExercisedMailbox)
        if other.domain != mailbox.domain
        and (
            (other.test_domain and other.test_domain == mailbox.test_domain)
            or (other.sink_domain and other.sink_domain == mailbox.sink_domain)
        )
    ]
    return ExerciseReports(
        exercised,
        mailbox.test_domain,
        mailbox.sink_domain,
        bool(files or unread),
        tuple(aggregate),
        tuple(tls),
        tuple(shared),
        tuple(unread[:20]),
    )


def _is_below(name: str, domain: str) -> bool:
    return bool(domain) and f".{name}".endswith(f".{domain}")
