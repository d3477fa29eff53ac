"""Reports of receivers with one fault each, and the control that has to find it; some that are right."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mailproof.clock import now
from mailproof.grammars.aggregate_reports import NAMESPACE

FOLDER = "reports"
SENDER = "11.1.0.1"
STRANGER = "11.99.0.1"
FORGOTTEN = "11.99.0.7"
"""Of print.foreign.example, which nobody thought of."""
DAY = 86_400

_ROW = """<record><row><source_ip>{address}</source_ip><count>{count}</count><policy_evaluated>
<disposition>none</disposition><dkim>{dkim}</dkim><spf>{spf}</spf>{reason}</policy_evaluated></row>
<identifiers><header_from>{domain}</header_from></identifiers>
<auth_results><dkim><domain>{domain}</domain>{selector}<result>{dkim}</result></dkim></auth_results></record>"""
_REPORT = """<?xml version="1.0"?>
<feedback xmlns="{namespace}"><version>1.0</version>
<report_metadata><org_name>{reporter}</org_name><email>reports@{reporter}</email><report_id>{id}</report_id>
<date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata>
<policy_published><domain>{domain}</domain><p>reject</p></policy_published>
{rows}</feedback>"""


@dataclass(frozen=True)
class Row:
    address: str = SENDER
    count: int = 200
    dkim: str = "pass"
    spf: str = "pass"
    reason: str = ""
    selector: str = "<selector>sel1</selector>"


@dataclass(frozen=True)
class ReportFault:
    """A report on a domain, and what the control says: of the file, or of the domain where ``of_domain``."""

    control: str
    domain: str
    rows: tuple[Row, ...] = (Row(),)
    age: int = 1
    """Days."""
    tls: dict[str, Any] | None = field(default=None, hash=False)
    """What a report of TLS has besides; None for a report of DMARC."""
    of_failure: bool = False
    """It is a failure report."""
    of_domain: bool = True
    source: str = ""
    """The sending address that is judged."""
    missing: str = ""
    """What is taken out of the text."""
    verdict: str = "fail"
    behaviour: str = ""

    @property
    def file(self) -> str:
        ending = "eml" if self.of_failure else "json.gz" if self.tls is not None else "xml.gz"
        return f"{FOLDER}/{self.control.lower()}.{ending}"

    @property
    def target(self) -> str:
        if not self.of_domain:
            return self.file
        return f"{self.domain}{f'@{self.source}' if self.source else ''} (reports)"

    @property
    def right(self) -> str:
        """The target that the control has to pass."""
        right = RIGHT_FAILURE if self.of_failure else RIGHT_TLS if self.tls is not None else RIGHT_REPORT
        return replace(right, source=self.source).target if self.of_domain else right.file


RIGHT_REPORT = ReportFault("REPORT-RIGHT", "right.example")
RIGHT_TLS = ReportFault("TLS-RIGHT", "right.example", tls={})
RIGHT_FAILURE = ReportFault("FAILURE-RIGHT", "right.example", of_failure=True, of_domain=False)

FAULTS = (
    ReportFault("DMARC-REPORTS-ARRIVE", "injectable.example", age=20, behaviour="the newest report is 20 days old"),
    ReportFault(
        "DMARC-OWN-SOURCES",
        "ssl2.example",
        (Row(dkim="fail", spf="fail"),),
        source=SENDER,
        behaviour="an own address fails",
    ),
    ReportFault(
        "DMARC-UNKNOWN-PASS", "weak-key.example", (Row(), Row(STRANGER, 9)), behaviour="SPF passes for a stranger"
    ),
    ReportFault(
        "DMARC-OVERRIDES",
        "remembers.example",
        (Row(), Row(STRANGER, 99, "fail", "fail", "<reason><type>local_policy</type></reason>")),
        verdict="advice",
        behaviour="a third of the messages is overridden",
    ),
    ReportFault(
        "DMARC-ENRICH",
        "foreign.example",
        (Row(), Row(FORGOTTEN, 50, "fail", "fail")),
        behaviour="mail of print.foreign.example fails",
    ),
    ReportFault(
        "RPT-AGG-PARSE",
        "right.example",
        of_domain=False,
        missing="<email>reports@reporter.example</email>",
        verdict="advice",
        behaviour="a report without email",
    ),
    ReportFault(
        "DKIM-SELECTOR-IN-REPORT",
        "right.example",
        (Row(selector=""),),
        of_domain=False,
        verdict="advice",
        behaviour="a report without selectors",
    ),
    ReportFault(
        "RPT-FAILURE",
        "right.example",
        of_failure=True,
        of_domain=False,
        missing="Identity-Alignment: none\n",
        verdict="advice",
        behaviour="a failure report without Identity-Alignment",
    ),
    ReportFault(
        "RPT-TLS",
        "right.example",
        tls={"report-id": ""},
        of_domain=False,
        verdict="advice",
        behaviour="a report of TLS without id",
    ),
    ReportFault(
        "TLSRPT-REPORT",
        "right.example",
        tls={"failures": 50},
        of_domain=False,
        behaviour="half of the sessions fail",
    ),
)


BACKGROUND = (
    ReportFault("NEW", "aged.example", (Row(selector="<selector>new</selector>"),)),
    ReportFault("OLD", "aged.example", (Row(selector="<selector>new</selector>"),), age=60),
)
"""What reports say of a domain with a key that is in use, and one that is not."""


_FAILURE = """From: reports@reporter.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=part

--part
Content-Type: text/plain

A message failed.
--part
Content-Type: message/feedback-report

Feedback-Type: auth-failure
User-Agent: Reporter/1
Version: 1
Auth-Failure: dmarc
Identity-Alignment: none
Source-IP: 11.99.0.1
Reported-Domain: {domain}

--part
Content-Type: text/rfc822-headers

From: somebody@{domain}
--part--
"""


def octets(fault: ReportFault) -> bytes:
    """The report as it lies in its file."""
    if fault.of_failure:
        return _FAILURE.format(domain=fault.domain).replace(fault.missing, "").encode()
    end = int(datetime.fromisoformat(now()).timestamp()) - fault.age * DAY
    if fault.tls is not None:
        return gzip.compress(json.dumps(_tls(fault, end)).encode())
    rows = "".join(
        _ROW.format(
            address=row.address,
            count=row.count,
            dkim=row.dkim,
            spf=row.spf,
            reason=row.reason,
            selector=row.selector,
            domain=fault.domain,
        )
        for row in fault.rows
    )
    text = _REPORT.format(
        namespace=NAMESPACE,
        reporter="reporter.example",
        id=fault.control,
        begin=end - DAY,
        end=end,
        domain=fault.domain,
        rows=rows,
    )
    return gzip.compress(text.replace(fault.missing, "").encode())


def _tls(fault: ReportFault, end: int) -> dict[str, Any]:
    more = dict(fault.tls or {})
    failures = more.pop("failures", 0)
    details = [{"result-type": "certificate-expired", "failed-session-count": failures}] if failures else []
    times = {
        f"{name}-datetime": datetime.fromtimestamp(at).astimezone().isoformat()
        for name, at in (("start", end - DAY), ("end", end))
    }
    policy = {
        "policy": {"policy-type": "sts", "policy-domain": fault.domain},
        "summary": {"total-successful-session-count": 50, "total-failure-session-count": failures},
        "failure-details": details,
    }
    named = {"organization-name": "Reporter", "contact-info": "reports@reporter.example", "report-id": fault.control}
    return {**named, "date-range": times, "policies": [policy], **more}


def write(directory: Path) -> None:
    """Write the reports below ``directory``."""
    (directory / FOLDER).mkdir()
    for fault in (RIGHT_REPORT, RIGHT_TLS, RIGHT_FAILURE, *BACKGROUND, *FAULTS):
        (directory / fault.file).write_bytes(octets(fault))
