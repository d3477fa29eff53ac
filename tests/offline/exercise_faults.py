"""Records of exercises as `mailproof exercise` writes them, and reports that came of them: right and wrong services."""

from __future__ import annotations

from base64 import encodebytes
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailproof.clock import now
from mailproof.exercises import Arrival, Delivery, Exercise, HandedIn, Sent, write_exercise
from tests.offline.report_faults import FOLDER, ReportFault, octets

RIGHT, WRONG = "right@right.example", "wrong@right.example"
_SINK = "outgoing: {{sink_domain: {sink}, listen: 127.0.0.1, sts: true, submission: {{host: mx.right.example}}}}"
_TESTS = "incoming: {{test_domain: {tests}, source: [11.1.0.1]}}, report_to: reports@right.example"
_ENTRY = "{{address: {address}, exercise: true, maildir: box, " + _SINK + "}}"
_REPORTING = "{{address: {address}, exercise: true, maildir: box, " + _SINK + ", " + _TESTS + "}}"
REPORTS, SILENT = "reports@right.example", "silent@right.example"
"""Mailboxes of services that write reports about the test domains, as they should or not."""
_DOMAINS = {REPORTS: "reported.example", SILENT: "unreported.example"}
MAILBOXES = ", ".join(
    (
        *(_ENTRY.format(address=address, sink="sink.example") for address in (RIGHT, WRONG)),
        *(
            _REPORTING.format(address=address, sink=f"sink.{domain}", tests=f"tests.{domain}")
            for address, domain in _DOMAINS.items()
        ),
    )
)
"""Entries of the inventory."""

_MAIL = """From: reports@right.example
To: reports@right.example
{signature}MIME-Version: 1.0
Content-Type: application/tlsrpt+gzip
Content-Transfer-Encoding: base64

{report}
"""
_SIGNATURE = "DKIM-Signature: v=1; a=rsa-sha256; d=right.example; s=sel1; h=from; bh=YQ==; b=YQ==\n"


_DAYS_AGO = (datetime.now(UTC) - timedelta(days=4)).isoformat(timespec="seconds")
"""When the domains were used that reports are about."""


def target_of(address: str) -> str:
    """What reports call the mailbox."""
    return f"{address} (exercise)"


def write(directory: Path) -> None:
    """Write the records beside the inventory, and the reports among the others."""
    for address, cases in ((RIGHT, ("plain",)), (WRONG, ("plain", "sts")), (REPORTS, ("plain",)), (SILENT, ("plain",))):
        handed_in = tuple(HandedIn(case, f"sink@{case}.sink.example", 250, "Ok") for case in ("plain", "sts"))
        came = tuple(Delivery(case, "11.1.0.1", "mx.right.example", "TLSv1.3", "", taken=True) for case in cases)
        right = Sent("right", "mx.right.example", "", True, "message", 250, "Ok", arrivals=(Arrival("INBOX"),))
        refused = Sent("report", "mx.right.example", "", True, "MAIL", 552, "5.3.4 Message size exceeds fixed limit")
        sent = (right, refused if address == SILENT else replace(right, case="report"))
        at = now() if address in (RIGHT, WRONG) else _DAYS_AGO
        record = Exercise("a1b2", address, at, at, 300.0, sent if address in _DOMAINS else (), handed_in, came)
        write_exercise(directory / "exercised" / f"{address}.json", record)
    aggregate = octets(ReportFault("DMARC", "right.tests.reported.example"))
    (directory / FOLDER / "of-exercise.xml.gz").write_bytes(aggregate)
    for address, signature in ((REPORTS, _SIGNATURE), (SILENT, "")):
        report = encodebytes(octets(ReportFault("TLS", f"sts.sink.{_DOMAINS[address]}", tls={}))).decode()
        (directory / FOLDER / f"{address}.eml").write_text(_MAIL.format(signature=signature, report=report))
