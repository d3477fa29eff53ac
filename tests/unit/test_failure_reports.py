"""Failure reports, taken apart."""

from __future__ import annotations

import base64

import pytest

from mailproof.grammars.failure_reports import parse_failure_report
from mailproof.grammars.report_files import UnreadableReport

HEAD = b"""From: reports@reporter.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain

Something failed.
--part
Content-Type: message/feedback-report

"""
TAIL = b"""
--part
Content-Type: message/rfc822

Feedback-Type: abuse
From: somebody@example.org

text
--part--
"""
DMARC = """Feedback-Type: auth-failure
User-Agent: OpenDMARC-Filter/1.4.2
Version: 1
Auth-Failure: dmarc
Identity-Alignment: dkim, spf
Source-IP: ::ffff:192.0.2.1
Delivery-Result: reject
Reported-Domain: Example.org
"""


def report(fields: str) -> bytes:
    return HEAD + fields.encode() + TAIL


def test_what_is_read() -> None:
    found = parse_failure_report(report(DMARC))
    assert found is not None
    assert (found.kind, found.software, found.domain) == ("dmarc", "OpenDMARC-Filter/1.4.2", "example.org")
    assert (found.source, found.result, found.errors) == ("192.0.2.1", "reject", ())


def test_a_part_in_base64_is_read_though_it_must_not_be_encoded() -> None:
    """RFC 2046, section 5.2.1 forbids it; a large provider of mailboxes does it."""
    head = HEAD.replace(b"/feedback-report\n\n", b"/feedback-report\nContent-Transfer-Encoding: base64\n\n")
    found = parse_failure_report(head + base64.encodebytes(DMARC.encode()) + TAIL)
    assert found is not None
    assert (found.kind, found.source, found.errors) == ("dmarc", "192.0.2.1", ())


def test_empty_lines_that_an_editor_has_filled_with_blanks() -> None:
    found = parse_failure_report(report(DMARC).replace(b"\n\n", b"\n \n"))
    assert found is not None
    assert (found.kind, found.domain, found.source) == ("dmarc", "example.org", "192.0.2.1")


OF_EXIM = b"""From: no-reply@gate.example.net
Message-Id: <1@gate.example.net>
Content-Type: multipart/report; boundary="b"

--b
Content-Type: text/plain; charset="us-ascii"

A message claiming to be from you has failed the published DMARC policy for your domain.

  Sender Domain: Example.org
  Sender IP Address: 203.0.113.68
  Received date: Mon, 07 Apr 2025 23:16:09 +0200
  SPF Alignment: no
  DKIM Alignment: no
  DMARC Results: None, Accept

------ This is a copy of the headers that were received before the error was detected.

From: <user@example.org>
--b--
"""


def test_exim_writes_its_report_for_people_alone() -> None:
    found = parse_failure_report(OF_EXIM)
    assert found is not None
    assert (found.kind, found.software, found.domain, found.source) == ("dmarc", "Exim", "example.org", "203.0.113.68")
    assert (found.id, found.arrived) == ("<1@gate.example.net>", 1744060569)
    assert found.errors == ("it has no part message/feedback-report",)


def test_a_report_has_the_id_and_the_time_of_its_mail() -> None:
    head = b"Message-ID: <a@b>\nDate: Wed, 26 Nov 2025 00:00:00 +0000\n"
    found = parse_failure_report(head + report(DMARC))
    assert found is not None
    assert (found.id, found.arrived) == ("<a@b>", 1764115200)
    found = parse_failure_report(head + report(DMARC + "Arrival-Date: Thu, 1 Jan 1970 00:00:09 +0000\n"))
    assert found is not None
    assert found.arrived == 9


SIGNATURE = DMARC.replace("Auth-Failure: dmarc\nIdentity-Alignment: dkim, spf\n", "Auth-Failure: signature\n")


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        (DMARC.replace("Version: 1\n", "Version: 1 (one)\n"), []),
        (DMARC.replace("Version: 1\n", ""), ["Version is missing"]),
        (DMARC.replace("Version: 1\n", "Version: 2\n"), ["Version is 2, and not 1"]),
        (DMARC + "Source-IP: 192.0.2.2\n", ["Source-IP is there twice"]),
        (DMARC.replace("::ffff:192.0.2.1", "somewhere"), ["Source-IP is somewhere, which is no address"]),
        (DMARC.replace("Identity-Alignment: dkim, spf\n", ""), ["Identity-Alignment is missing, in a report of DMARC"]),
        (DMARC.replace("dkim, spf", "both"), ["Identity-Alignment is both, and not none, dkim or spf"]),
        (DMARC.replace("Auth-Failure: dmarc", "Auth-Failure: arc"), ["Auth-Failure is arc, which no standard has"]),
        (
            SIGNATURE,
            [f"DKIM-{name} is missing, in a report of a signature" for name in ("Domain", "Identity", "Selector")],
        ),
        (SIGNATURE + "DKIM-Domain: example.org\nDKIM-Identity: @example.org\nDKIM-Selector: s\n", []),
        (SIGNATURE.replace("signature", "spf"), ["SPF-DNS is missing, in a report of SPF"]),
        (SIGNATURE.replace("signature", "spf") + 'SPF-DNS: txt : example.org : "v=spf1 -all"\n', []),
    ],
)
def test_what_is_amiss(fields: str, errors: list[str]) -> None:
    found = parse_failure_report(report(fields))
    assert found is not None
    assert list(found.errors) == errors


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"From: a@b\n\ntext\n", report(DMARC.replace("auth-failure", "abuse")), b"\0" * 100],
)
def test_what_is_none(data: bytes) -> None:
    assert parse_failure_report(data) is None


def test_a_mail_without_end_is_refused() -> None:
    with pytest.raises(UnreadableReport, match="too many parts"):
        parse_failure_report(b"A: b\n" + b"boundary=x\n" * 30)
