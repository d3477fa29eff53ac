"""Files of reports taken apart: containers and their bounds, RFC 7489's and RFC 9990's XML, RFC 8460's JSON."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from mailproof.grammars import aggregate_reports, report_files, tls_reports
from mailproof.grammars.aggregate_reports import NAMESPACE, AggregateReport, UnreadableXML, parse_aggregate_report
from mailproof.grammars.failure_reports import FailureReport
from mailproof.grammars.report_files import NoReport, UnreadableReport, unpack
from mailproof.grammars.reports import read_reports
from mailproof.grammars.tls_reports import UnreadableJSON, parse_tls_report
from tests.fuzz.parsers.reports import FAILURE, JSON, XML, zipped

GZIP = gzip.compress(XML)


def mail(content: bytes, type: str = "application/gzip") -> bytes:
    body = base64.encodebytes(content).decode()
    part = f"Content-Type: {type}\nContent-Transfer-Encoding: base64\n\n{body}"
    page = "Content-Type: text/html\n\n<p>A report</p>\n"
    return f"From: a@example.org\nContent-Type: multipart/mixed; boundary=x\n\n--x\n{page}--x\n{part}--x--\n".encode()


def test_a_report_is_found_whatever_its_name_says() -> None:
    for data, form, container in (
        (XML, "xml", ""),
        (b"\xef\xbb\xbf \n" + XML, "xml", ""),
        (gzip.compress(XML[:50]) + gzip.compress(XML[50:]) + b"\0", "xml", "gzip"),
        (mail(XML, 'text/plain; name="example.org!1!2.xml"'), "xml", "mail"),
        (JSON, "json", ""),
        (GZIP, "xml", "gzip"),
        (zipped("whatever.txt", XML), "xml", "zip"),
        (zipped("a.xml.gz", GZIP), "xml", "gzip"),
        (mail(GZIP), "xml", "gzip"),
        (mail(XML, "text/xml"), "xml", "mail"),
        (mail(zipped("a", XML), "application/zip"), "xml", "zip"),
        (mail(gzip.compress(JSON), "application/tlsrpt+gzip"), "json", "gzip"),
    ):
        (found,) = unpack(data)
        assert (found.format, found.container) == (form, container)


def test_what_is_none_or_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_files, "MAX_PACKED", 100_000)
    monkeypatch.setattr(report_files, "MAX_UNPACKED", 200_000)
    bomb = b"<" + b" " * 200_000
    for data, says in (
        (b"", "no report"),
        (b"hello", "no report"),
        (GZIP[:-10], "cut short"),
        (GZIP[:10] + b"\xff" * 20, "broken"),
        (gzip.compress(b"") * 21, "more than 20 members"),
        (mail(XML, "text/plain"), "no report"),
        (b"PK\x03\x04rubbish", "ZIP cannot be read"),
        (b"x" * 100_001, "more than 100000 octets"),
        (gzip.compress(bomb), "octets come out of it"),
        (zipped("a", bomb), "octets come out of it"),
        (gzip.compress(gzip.compress(gzip.compress(gzip.compress(GZIP)))), "lie in each other"),
        (mail(XML).replace(b"boundary=x", b"boundary=x " * 30), "too many parts"),
        (b"From: a\nContent-Type: multipart/mixed; boundary=x\n" + b"\n--x\n\n" * 3000, "too many parts"),
    ):
        with pytest.raises(UnreadableReport, match=says):
            unpack(data)


def test_a_report_of_rfc_7489() -> None:
    report = parse_aggregate_report(XML)
    assert (report.reporter, report.domain, report.begin, report.end, report.is_9990) == (
        "a",
        "example.org",
        1,
        2,
        False,
    )
    (row,) = report.rows
    assert (row.source, row.count, row.dkim, row.spf, row.passes) == ("192.0.2.1", 2, "pass", "fail", True)
    assert (row.reasons, row.signatures[0].selector, report.errors) == (("other",), "s", ())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"<version>1.0</version>", b"", "there is no version"),
        (b"<email>b", b"<email><bad@example.net>", "its XML is broken"),
        (b"<org_name>a", b"<org_name>a&#27;&#x0;", "its XML is broken"),
        (b"<count>2", b"<count>" + b"9" * 11, "count is no number"),
        (b"192.0.2.1", b"fe80::1%eth0", ""),
        (b"<result>pass</result></dkim>", b"<result>none</result></dkim>", ""),
        (b"1.0</version>", b"2.0</version>", "the version is '2.0'"),
        (b"192.0.2.1", b"unknown", "source_ip is no address"),
        (b"<count>2", b"<count>-2", "count is no number"),
        (b"<type>other", b"<type>whim", "the reason 'whim'"),
        (b"<disposition>none", b"<disposition>pass", "the disposition is 'pass'"),
        (b"<begin>1", b"<begin>x", "names no period"),
        (b"<domain>example.org</domain><p>", b"<p>", "names no domain"),
        (b"</feedback>", b"</feedback> x", "behind the end"),
        (b"<email>b</email>", b"", "email is missing"),
        (b"192.0.2.1", b"::ffff:192.0.2.1", ""),
        (b"<feedback>", b'<feedback xmlns="http://dmarc.org/dmarc-xml/0.1">', ""),
        (b"<row>", b"<Row>", "XML is broken"),
        (b'<?xml version="1.0"?>', b'\xef\xbb\xbf\r\n<?xml version="1.0"?>', ""),
        (b"1.0</version>", b"1</version>", ""),
        (b"<type>other</type>", b"<type/><comment/>", "a reason names no type"),
        (b"<org_name>a", b"<org_name>\n a \n", ""),
    ],
)
def test_quirks_and_faults_of_reporters(old: bytes, new: bytes, says: str) -> None:
    try:
        errors = parse_aggregate_report(XML.replace(old, new, 1)).errors
    except UnreadableXML as error:
        errors = (str(error),)
    assert says in "; ".join(errors)
    assert bool(errors) == bool(says)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<org_name>a", b"<org_name>\xe4"),
        (b"<org_name>a", b"<org_name>\x00\x0b"),
        (b"<org_name>a", b"<org_name>A & B"),
        (b"<org_name>a", b"<org_name>&nbsp;"),
        (b"<feedback>", b'<?xml version="1.0"?><feedback>'),
        (b"<feedback>", b'<feedback xsi:schemaLocation="x">'),
        (b"<org_name>a</org_name>", b"<x:org_name>a</x:org_name>"),
    ],
)
def test_broken_xml_of_reporters_is_read_and_told(old: bytes, new: bytes) -> None:
    report = parse_aggregate_report(XML.replace(old, new, 1))
    assert (report.rows[0].source, report.domain) == ("192.0.2.1", "example.org")
    assert any(error.startswith("its XML is broken: ") for error in report.errors)
    assert parse_aggregate_report(XML).rows == report.rows


def test_a_broken_report_of_rfc_9990_stays_one() -> None:
    text = XML.replace(b"<feedback>", f'<d:feedback xmlns:d="{NAMESPACE}">'.encode()).replace(b"</feed", b"</d:feed")
    for data in (text, text.replace(b"<org_name>a", b"<org_name>&")):
        assert parse_aggregate_report(data).is_9990


def test_from_may_be_written_as_an_address() -> None:
    report = parse_aggregate_report(XML.replace(b"<header_from>", b"<header_from>joe@"))
    assert report.rows[0].header_from == "example.org"


def test_a_report_of_rfc_9990_has_other_reasons() -> None:
    text = XML.replace(b"<feedback>", f'<feedback xmlns="{NAMESPACE}">'.encode()).replace(
        b"<version>1.0</version>", b""
    )
    report = parse_aggregate_report(text.replace(b"<disposition>none", b"<disposition>pass"))
    assert (report.is_9990, report.errors) == (True, ())
    assert parse_aggregate_report(text.replace(b"<type>other", b"<type>forwarded")).errors == (
        "the reason 'forwarded' is not known",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"<html/>", "its element is html"),
        (b"<feedback>", "XML is broken"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><feedback>&x;</feedback>', "a document type"),
        (b"<feedback>" + b"<a>" * 30, "in each other more than"),
    ],
)
def test_what_is_no_aggregate_report(text: bytes, says: str) -> None:
    with pytest.raises(UnreadableXML, match=says):
        parse_aggregate_report(text)


def test_rows_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregate_reports, "MAX_ROWS", 3)
    start, _, rest = XML.partition(b"<record>")
    with pytest.raises(UnreadableXML, match="more than 3 rows"):
        parse_aggregate_report(start + (b"<record>" + rest.removesuffix(b"</feedback>")) * 4 + b"</feedback>")


def test_a_report_of_tls() -> None:
    report = parse_tls_report(JSON)
    (policy,) = report.policies
    assert (policy.domain, policy.type, policy.successes, policy.failures) == ("example.org", "sts", 1, 1)
    assert (policy.details[0].type, report.errors) == ("certificate-expired", ())
    assert report.end - report.begin == 86_399


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"report-id": ""}, "report-id is missing"),
        ({"date-range": "yesterday"}, "names no period"),
        (
            {"policies": [{"policy": {"policy-type": "x"}, "summary": {}}]},
            "policy-type is 'x'; policy-domain is missing",
        ),
        ({"policies": [1, None, {"policy": [], "summary": 5, "failure-details": {}}]}, "lacks the number"),
    ],
)
def test_faults_of_reporters_of_tls(change: dict[str, Any], says: str) -> None:
    document = {**json.loads(JSON), **change}
    assert says in "; ".join(parse_tls_report(json.dumps(document).encode()).errors)


def test_numbers_as_text_are_numbers() -> None:
    text = JSON.replace(b'"total-failure-session-count":1', b'"total-failure-session-count":"1"')
    assert parse_tls_report(b"\xef\xbb\xbf" + text).policies[0].failures == 1


def test_times_and_numbers_as_json_and_rfc_3339_allow_them() -> None:
    text = JSON.replace(b"59Z", b"59z").replace(b'count":1,', b'count":1.0,').replace(b'"a"', b'"a\\nb"')
    report = parse_tls_report(text)
    assert (report.errors, report.policies[0].successes, report.reporter) == ((), 1, "a b")
    assert parse_tls_report(JSON.replace(b'count":1,', b'count":NaN,')).errors


def test_what_is_no_report_of_tls() -> None:
    for text in (b"[1]", b"{}", b"{", b"[" * 100_000, b'{"policies": 5}', b"\xff\xfe{}"):
        with pytest.raises(UnreadableJSON):
            parse_tls_report(text)


def test_json_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_reports, "MAX_OCTETS", 10)
    with pytest.raises(UnreadableJSON, match="more than 10 octets"):
        parse_tls_report(JSON)


@pytest.mark.parametrize(
    "mail",
    [
        b"Content-Type: text/xml; " + b"; ".join(b"name*%d=x" % n for n in range(50_000)) + b"\n\n<a/>",
        b"Content-Type: multipart/mixed; boundary=" + b"b" * 1_000_000 + b"\n\n--" + b"b" * 1_000_000 + b"\n\n",
        b"A: b\n" * 100_000 + b"\n<a/>",
    ],
)
def test_a_mail_without_an_end_is_refused_at_once(mail: bytes) -> None:
    with pytest.raises(UnreadableReport, match="no end"):
        unpack(mail)


def test_what_is_mended_counts() -> None:
    for old, new in ((b"<email>b", b"<email><bad@example.net>"), (b"<org_name>a", b"<org_name>a&#27;&#x0;")):
        report = parse_aggregate_report(XML.replace(old, new))
        assert [row.count for row in report.rows] == [2]
    assert parse_aggregate_report(XML.replace(b"<email>b", b"<email><bad@example.net>")).email == "<bad@example.net>"


def test_an_address_has_no_zone_index() -> None:
    (row,) = parse_aggregate_report(XML.replace(b"192.0.2.1", b"fe80::1%&lt;script&gt;")).rows
    assert row.source == "fe80::1"


def test_a_row_is_signed_by_the_domain_in_from_or_one_above() -> None:
    for old, new, signed in (
        (b"", b"", True),
        (b"<header_from>", b"<header_from>news.", True),
        (b"<dkim><domain>example.org", b"<dkim><domain>news.example.org", False),
        (b"<dkim><domain>example.org", b"<dkim><domain>", False),
        (b"<result>pass</result></dkim>", b"<result>fail</result></dkim>", True),
        (b"<result>pass</result></dkim>", b"<result>none</result></dkim>", False),
    ):
        (row,) = parse_aggregate_report(XML.replace(old, new)).rows
        assert row.is_signed is signed


def test_a_mail_in_base64_within_a_mail() -> None:
    inner = mail(GZIP)
    outer = mail(inner, "message/rfc822")
    (found,) = unpack(outer)
    assert (found.format, found.container) == ("xml", "gzip")
    for _ in range(3):
        outer = mail(outer, "message/rfc822")
    with pytest.raises(UnreadableReport, match="lie in each other"):
        unpack(mail(mail(outer, "message/rfc822"), "message/rfc822"))


@pytest.mark.parametrize(
    "attached",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<!DOCTYPE html><html><body/></html>",
        b"<!doctype html><p>No end",
        zipped("[Content_Types].xml", b'<?xml version="1.0"?><Types/>'),
        b'{"a": 1}',
        b"[1, 2",
    ],
)
def test_attachments_of_other_mail_are_no_broken_reports(attached: bytes) -> None:
    other = mail(attached, "application/octet-stream")
    with pytest.raises(NoReport):
        read_reports(other)
    found = read_reports(other.replace(b"--x--", mail(GZIP).partition(b"</p>\n")[2]))
    assert ([type(report).__name__ for report, _ in found.reports], found.broken) == (["AggregateReport"], ())


@pytest.mark.parametrize("broken", [XML[:-20], JSON[:-20]])
def test_a_report_in_a_mail_that_is_broken_is_told(broken: bytes) -> None:
    found = read_reports(mail(broken, "application/octet-stream"))
    assert (found.reports, len(found.broken)) == ((), 1)


def test_attachments_of_a_message_that_failed_are_no_reports() -> None:
    message = b"--b\nContent-Type: message/rfc822\n\n" + mail(GZIP) + b"\n--b--\n"
    ((report, _),) = read_reports(FAILURE.replace(b"--b--\n", message)).reports
    assert isinstance(report, FailureReport)
    ((complaint, _),) = read_reports(FAILURE.replace(b"--b--\n", message).replace(b"auth-failure", b"abuse")).reports
    assert isinstance(complaint, AggregateReport)


def test_a_mail_may_begin_as_editors_save_it_and_name_a_container_text() -> None:
    for data in (b"\xef\xbb\xbf" + mail(GZIP), b"\r\n" + mail(GZIP), mail(GZIP, "text/plain")):
        ((report, container),) = read_reports(data).reports
        assert (type(report), container) == (AggregateReport, "gzip")


@pytest.mark.parametrize("encoding", ["gb2312", "GB18030", "big5", "punycode", "x-nothing"])
def test_encodings_that_expat_does_not_know(encoding: str) -> None:
    found = parse_aggregate_report(XML.replace(b"?>", f' encoding="{encoding}"?>'.encode(), 1))
    assert found.rows == parse_aggregate_report(XML).rows
    assert "not every reader of XML knows its encoding" in found.errors[0]


def test_a_domain_in_its_own_letters_is_that_of_the_inventory() -> None:
    found = parse_aggregate_report(XML.replace(b"example.org", "B\xfccher.example".encode()))
    assert found.domain == found.rows[0].header_from == "xn--bcher-kva.example"
    named = parse_aggregate_report(
        XML.replace(b"<header_from>", b"<header_from>A &lt;a@").replace(b"</header", b"&gt;</header")
    )
    assert named.rows[0].header_from == "example.org"


def test_domains_in_their_own_letters_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregate_reports, "MAX_IN_LETTERS", 1)
    row = XML[XML.index(b"<record>") : XML.index(b"</feedback>")]
    rows = [row.replace(b"<header_from>", f"<header_from>{letter}.".encode()) for letter in ("\xfc", "\xe9", "\xfc")]
    found = parse_aggregate_report(XML.replace(row, b"".join(rows)))
    assert [one.header_from.split(".")[0] for one in found.rows] == ["xn--tda", "\xe9", "xn--tda"]


def test_a_report_of_tls_in_other_encodings_and_with_something_behind_it() -> None:
    text = JSON.decode()
    assert parse_tls_report(text.encode("utf-16")) == parse_tls_report(JSON)
    assert parse_tls_report(JSON + b"\n\0").errors == ("something stands behind the end of the report",)
    assert parse_tls_report(text.replace("{", '{"x": "\xe9",', 1).encode("latin-1")).errors == ("it is no UTF-8",)


def test_all_reports_of_a_file() -> None:
    assert [type(report).__name__ for report, _ in read_reports(zipped("a", XML)).reports] == ["AggregateReport"]
    assert [type(report).__name__ for report, _ in read_reports(FAILURE).reports] == ["FailureReport"]
    assert read_reports(b"{}").broken == ("it is no report of TLS reporting: it holds no policies",)
    with pytest.raises(UnreadableReport, match="no report"):
        read_reports(b"From: a@example.org\n\nhello\n")
