"""Messages taken apart: header, lines, mailboxes, trace (RFC 5322, RFC 5321)."""

from __future__ import annotations

import pytest

from mailproof.grammars.messages import is_date, is_message_id, parse_header, parse_mailboxes, time_error
from mailproof.grammars.received import Hop, parse_received, parse_received_spf, seconds_of

AT = "2026-11-26T07:00:00+00:00"


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_header_is_read_whatever_its_lines_end_in(ends: bytes) -> None:
    lines = (b"From: a@example.org", b"subject: one", b" two", b"", b"Body: " + b"x" * 1000)
    header = parse_header(ends.join(lines))
    assert [(field.name, field.value, field.line) for field in header.fields] == [
        ("From", "a@example.org", 1),
        ("subject", "one two", 2),
    ]
    assert header.first("SUBJECT".lower()) == "one two"
    assert (header.errors, header.form.bare_cr, header.form.bare_lf) == ((), 0, 0)
    assert (header.form.ends, header.form.longest_at) == (ends.decode().replace("\r\n", "CRLF").replace("\n", "LF"), 5)


def test_the_first_line_of_an_mbox_is_no_field() -> None:
    header = parse_header(b"From a@example.org Thu Nov 26 07:00:00 2026\nFrom: a@example.org\n\nx")
    assert (header.envelope_line, header.errors, len(header.fields)) == (True, (), 1)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (b" x\nFrom: a\n\n", 1, "continues no field"),
        (b"From: a\n  \n b\n\n", 2, "nothing but blanks"),
        (b"From : a\n\n", 1, "between name and colon"),
        (b"From: a\nFrom b\n\n", 2, "neither a field"),
        (b"From: a\n\xc3\xa4: b\n\n", 2, "neither a field"),
    ],
)
def test_lines_that_are_no_fields(text: bytes, line: int, says: str) -> None:
    ((found, what),) = parse_header(text).errors
    assert found == line
    assert says in what


def test_bare_cr_and_lf() -> None:
    assert parse_header(b"A: b\r\n\r\nx\ny\r\n").form.bare_lf == 3
    assert parse_header(b"A: b\n\nx\ry\r\n").form.bare_cr == 3
    assert parse_header(b"A: b\n\nx\r\ny\n").form.bare_cr == 0


@pytest.mark.parametrize(
    ("text", "addresses", "says"),
    [
        ("a@example.org", ("a@example.org",), ""),
        ("A <a@example.org>", ("a@example.org",), ""),
        ('"B, A" <a@example.org>, b@example.org', ("a@example.org", "b@example.org"), ""),
        ("A (x, (y)) <a@example.org> (z)", ("a@example.org",), ""),
        ('"a@b"@example.org', ('"a@b"@example.org',), ""),
        ("Team: a@example.org, b@example.org;", ("a@example.org", "b@example.org"), ""),
        ("undisclosed-recipients:;", (), ""),
        ("a@[192.0.2.1]", ("a@[192.0.2.1]",), ""),
        ("", (), "no address"),
        ("a", (), "'a' is no address"),
        ("<>", (), "is no address"),
        ('"a@example.org"', (), "is no address"),
        ("a@example.org,,b@example.org", ("a@example.org", "b@example.org"), "is empty"),
        ("<@relay.example:a@example.org>", ("a@example.org",), "a route"),
        ("A <a@example.org", ("a@example.org",), "is not closed"),
        ("A <a@example.org> B", ("a@example.org",), "stands behind"),
        ("A: a@example.org", ("a@example.org",), "no semicolon ends it"),
        ("a@example.org;", ("a@example.org",), "a semicolon ends no group"),
        ("a@example.org@example.com", ("a@example.org@example.com",), "several @"),
        ('"A <a@example.org>', ("a@example.org",), "a quotation mark"),
        ("A B a@example.org", ("A B a@example.org",), "without angle brackets"),
    ],
)
def test_mailboxes(text: str, addresses: tuple[str, ...], says: str) -> None:
    found = parse_mailboxes(text)
    assert found.addresses == addresses
    assert says in "; ".join(found.errors)
    assert bool(found.errors) == bool(says)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Thu, 26 Nov 2026 07:00:00 +0000", True),
        ("26 Nov 2026 07:00 -0000 (UTC)", True),
        ("Thu, 26 Nov 2026 07:00:00 GMT", False),
        ("Thu, 26 Nov 26 07:00:00 +0000", False),
        ("Thu Nov 26 07:00:00 2026", False),
    ],
)
def test_dates(text: str, right: bool) -> None:
    """Zones by name and years of two digits are obsolete: they must not be written (section 4)."""
    assert is_date(text) == right


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Thu, 26 Nov 2026 07:00:00 +0000", ""),
        ("thu, 31 DEC 2026 23:59:60 +0530", ""),
        ("1 Jan 123456789 00:00 +0000", ""),
        ("29 Feb 2026 00:00 +0000", "day"),
        ("1 Jan 2026 24:00 +0000", "hour must be"),
        ("1 Jan 2026 00:00:61 +0000", "no such second"),
        ("1 Jan 2026 00:00:00 +0060", "no zone has such minutes"),
        ("Fri, 26 Nov 2026 07:00:00 +0000", "that day is a Thu"),
        ("yesterday", ""),
    ],
)
def test_dates_that_name_no_time(text: str, says: str) -> None:
    assert says in time_error(text)
    assert bool(time_error(text)) == bool(says)


def test_hostile_headers_take_no_longer_than_their_octets() -> None:
    """The first one took a minute and gigabytes, the others a quarter of a minute."""
    header = parse_header(b"A: x\n" + b" \n" * 10_000_000)
    assert header.cut_short
    assert len(header.errors) == 10
    for text in ('"\\' * 16_000, '"\\' * 16_000 + '@"', "[\\" * 16_000, '"a"@"' + '"\\' * 16_000 + '@"'):
        assert parse_mailboxes(text).errors


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("<1@example.org>", True),
        (" <1.a$b@[192.0.2.1]> (x)", True),
        ('<"a b"@example.org>', True),
        ("1@example.org", False),
        ("<1>", False),
        ("<a b@example.org>", False),
        ("<1@example.org> <2@example.org>", False),
    ],
)
def test_message_ids(text: str, right: bool) -> None:
    assert is_message_id(text) == right


@pytest.mark.parametrize(
    ("value", "hop"),
    [
        (
            "from mx.example.org (mx.example.org [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits)) "
            "by mail.example.net (Postfix) with ESMTPS id 1 for <b@example.net>; Thu, 26 Nov 2026 08:00:00 +0100 (CET)",
            Hop("mx.example.org", "192.0.2.1", "mail.example.net", "ESMTPS", True, AT),
        ),
        (
            "from [192.0.2.1] (helo=mx.example.org) by mail.example.net with esmtp (Exim 4.96); bad date",
            Hop("mx.example.org", "192.0.2.1", "mail.example.net", "ESMTP"),
        ),
        (
            "from unknown (HELO mx.example.org) (192.0.2.1) by 0 with SMTP; 26 Nov 2026 07:00:00 -0000",
            Hop("mx.example.org", "192.0.2.1", "0", "SMTP", False, AT),
        ),
        (
            "from mx.example.org ([IPv6:2001:db8::1]) by mail.example.net with UTF8SMTPS",
            Hop("mx.example.org", "2001:db8::1", "mail.example.net", "UTF8SMTPS"),
        ),
        (
            "from 192.0.2.1 (EHLO mx.example.org) by 10.0.0.1 with SMTPs (version=TLS1_3); x",
            Hop("mx.example.org", "192.0.2.1", "10.0.0.1", "SMTPS", True),
        ),
        (
            "from x (HELO mx.example.org) (a@192.0.2.1) by y with SMTP",
            Hop("mx.example.org", "192.0.2.1", "y", "SMTP"),
        ),
        ("from x ([::ffff:192.0.2.1]) by y with SMTP", Hop("x", "192.0.2.1", "y", "SMTP")),
        ("by mail.example.net (Postfix, from userid 0) id 1; x", Hop(by="mail.example.net")),
        ("", Hop()),
    ],
)
def test_received(value: str, hop: Hop) -> None:
    assert parse_received(value) == hop


def test_received_spf() -> None:
    value = 'Pass (domain of a@b) client-ip=192.0.2.1; envelope-from="a@example.org"; helo=mx.example.org; x=y'
    found = parse_received_spf(value)
    assert (found.result, found.address, found.sender) == ("pass", "192.0.2.1", "a@example.org")
    assert found.helo == "mx.example.org"
    assert parse_received_spf("").result == ""


def test_times() -> None:
    assert seconds_of(AT) == 1795676400
    assert seconds_of("x") is None
