"""Files of reports: their containers, aggregate reports, reports of TLS."""

from __future__ import annotations

import gzip
import io
import zipfile

from mailproof.grammars.aggregate_reports import UnreadableXML, parse_aggregate_report
from mailproof.grammars.failure_reports import parse_failure_report
from mailproof.grammars.report_files import UnreadableReport, unpack
from mailproof.grammars.tls_reports import UnreadableJSON, parse_tls_report
from tests.fuzz.parser import Parser, words_of

XML = (
    b'<?xml version="1.0"?><feedback><version>1.0</version><report_metadata><org_name>a</org_name><email>b</email>'
    b"<report_id>1</report_id><date_range><begin>1</begin><end>2</end></date_range></report_metadata>"
    b"<policy_published><domain>example.org</domain><p>none</p></policy_published><record><row>"
    b"<source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated><disposition>none</disposition>"
    b"<dkim>pass</dkim><spf>fail</spf><reason><type>other</type></reason></policy_evaluated></row>"
    b"<identifiers><header_from>example.org</header_from></identifiers><auth_results><dkim><domain>example.org</domain>"
    b"<selector>s</selector><result>pass</result></dkim></auth_results></record></feedback>"
)
JSON = (
    b'{"organization-name":"a","date-range":{"start-datetime":"2026-11-25T00:00:00Z","end-datetime":'
    b'"2026-11-25T23:59:59Z"},"contact-info":"b","report-id":"1","policies":[{"policy":{"policy-type":"sts",'
    b'"policy-domain":"example.org"},"summary":{"total-successful-session-count":1,"total-failure-session-count":1},'
    b'"failure-details":[{"result-type":"certificate-expired","failed-session-count":1}]}]}'
)


def zipped(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def _file(data: bytes) -> bool:
    try:
        return all(one.format in ("xml", "json") for one in unpack(data))
    except UnreadableReport:
        return False


def _aggregate(data: bytes) -> bool:
    try:
        report = parse_aggregate_report(data)
    except UnreadableXML:
        return False
    assert all(row.count >= 0 for row in report.rows)
    return not report.errors


FAILURE = (
    b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\nContent-Type: text/plain\n\na\n"
    b"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: auth-failure\nUser-Agent: a\nVersion: 1\n"
    b"Auth-Failure: dmarc\nIdentity-Alignment: none\nSource-IP: 192.0.2.1\n\n--b--\n"
)


def _failure(data: bytes) -> bool:
    try:
        report = parse_failure_report(data)
    except UnreadableReport:
        return False
    return report is not None and not report.errors


OF_EXIM = (
    b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: text/plain\n\n  Sender Domain: example.org\n"
    b"  Sender IP Address: 192.0.2.1\n  Received date: Thu, 1 Jan 1970 00:00:09 +0000\n\n--b--\n"
)


def _tls(data: bytes) -> bool:
    try:
        report = parse_tls_report(data)
    except UnreadableJSON:
        return False
    assert all(policy.failures >= 0 for policy in report.policies)
    return not report.errors


_MAIL = (
    b"From: a@example.org\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: application/gzip\n"
    b"Content-Transfer-Encoding: base64\n\nH4sIAAAAAAACA7NJSk0rys9OtbPRBwB0NwOOCwAAAA==\n--x--\n"
)

PARSERS = (
    Parser(
        "report file",
        _file,
        (gzip.compress(XML), zipped("a.xml", XML), zipped("a.json.gz", gzip.compress(JSON)), _MAIL, XML, JSON),
        words_of("PK --x boundary= Content-Type: { < base64"),
        5,
    ),
    Parser("aggregate report", _aggregate, (XML,), words_of("<record> </record> <dkim> </dkim> <!DOCTYPE &lt; 1"), 10),
    Parser(
        "failure report",
        _failure,
        (FAILURE, OF_EXIM),
        words_of("Sender base64 message/rfc822 Arrival-Date: Auth-Failure: dmarc spf SPF-DNS: DKIM-Domain: ( ) :"),
        10,
    ),
    Parser("tls report", _tls, (JSON,), words_of('{ } [ ] "policies" "summary" null true 1e9 -1 "sts" , :'), 10),
)
