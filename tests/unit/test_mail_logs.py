"""Logs of mail servers, counted."""

from __future__ import annotations

import pytest

from mailproof.grammars.mail_logs import MAX_REACHED, LogCounts, Refusal, read_logs

EXIM = """2026-11-25 10:00:00 1abc-01-AB <= a@b H=mail.example.net (helo.example.net) [192.0.2.1]:25 \
I=[198.51.100.5]:25 P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S=99 id=x
2026-11-25 10:00:01 1abc-02-AB <= a@b H=([203.0.113.9]) [192.0.2.2] P=esmtps X=TLSv1:AES256-SHA:256 S=9
2026-11-25 10:00:02 1abc-03-AB <= a@b H=[192.0.2.3] P=esmtps X=TLS1.0:RSA_AES_256_CBC_SHA1:256 S=9
2026-11-25 10:00:03 1abc-01-AB => c@d R=dnslookup T=remote_smtp H=mx.example.com [198.51.100.7] X=TLS1.2:ECDHE:256
2026-11-25 10:00:04 H=(x) [192.0.2.4] F=<a@b> rejected RCPT <c@d>: reverse DNS lookup failed for host 192.0.2.4
2026-11-25 10:00:05 rejected EHLO from (a_b) [192.0.2.8]: syntactically invalid argument(s): HELO a_b
2026-11-25 10:00:05 H=(localhost) [192.0.2.5] rejected EHLO or HELO localhost: bad name
2026-11-25 10:00:06 SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection \
from H=[192.0.2.6] input="EHLO x"
2026-11-25 10:00:07 H=(y) [192.0.2.7] F=<a@b> rejected RCPT <c@d>: 192.0.2.7 is listed at zen
"""
POSTFIX = """Nov 25 10:00:00 mx postfix/smtpd[1]: Anonymous TLS connection established from m[192.0.2.1]: \
TLSv1.2 with cipher X (1)
Nov 25 10:00:00 mx postfix/smtp[2]: Untrusted TLS connection established to mx[198.51.100.7]:25: TLSv1.3 with cipher Y
Nov 25 10:00:01 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[2001:db8::4]: 450 4.7.25 Client host rejected: \
cannot find your reverse hostname, [2001:db8::4]; from=<a@b> to=<c@d> proto=ESMTP helo=<x>
Nov 25 10:00:02 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.5]: 504 5.5.2 <x>: Helo command rejected: \
need fully-qualified hostname; from=<a@b>
Nov 25 10:00:03 mx postfix/postscreen[3]: PREGREET 14 after 0.09 from [192.0.2.6]:4711: EHLO x\\r\\n
Nov 25 10:00:04 mx postfix/smtpd[1]: improper command pipelining after EHLO from b[192.0.2.6]: MAIL
"""
DOVECOT = """Nov 25 10:00:00 mx dovecot: imap-login: Login: user=<u>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.5, \
mpid=1, TLS, session=<x>, TLSv1.1 with cipher AES (1/1 bits)
Nov 25 10:00:00 mx dovecot: imap-login: Login: user=<u>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.5, \
mpid=1, TLS, session=<x>
"""


def counted(text: str, block: int = 10_000) -> LogCounts:
    counts = LogCounts()
    data = text.encode()
    read_logs((data[place : place + block] for place in range(0, len(data), block)), counts)
    return counts


@pytest.mark.parametrize("block", [10_000, 100, 7])
def test_exim(block: int) -> None:
    found = counted(EXIM, block)
    assert found.lines == 9
    assert dict(found.sessions) == {"TLSv1.3": 1, "TLSv1.0": 2}
    assert dict(found.old) == {("192.0.2.2", "TLSv1.0"): 1, ("192.0.2.3", "TLSv1.0"): 1}
    assert dict(found.refused) == {
        ("192.0.2.4", Refusal.REVERSE): 1,
        ("192.0.2.5", Refusal.HELO): 1,
        ("192.0.2.6", Refusal.EARLY): 1,
        ("192.0.2.8", Refusal.HELO): 1,
    }


@pytest.mark.parametrize("block", [10_000, 100, 7])
def test_postfix(block: int) -> None:
    found = counted(POSTFIX, block)
    assert dict(found.sessions) == {"TLSv1.2": 1}
    assert dict(found.refused) == {
        ("2001:db8::4", Refusal.REVERSE): 1,
        ("192.0.2.5", Refusal.HELO): 1,
        ("192.0.2.6", Refusal.EARLY): 2,
    }


@pytest.mark.parametrize("said", ["Login: ", "Info: Login: ", "Logged in: "])
def test_dovecot(said: str) -> None:
    found = counted(DOVECOT.replace("Login: ", said))
    assert (dict(found.sessions), dict(found.old)) == ({"TLSv1.1": 1}, {("192.0.2.1", "TLSv1.1"): 1})


@pytest.mark.parametrize("text", ["", "hello\n", " X=" * 5000, " <= H= X=TLS9.9:\n", "\0" * 100, " rejected " * 3000])
def test_what_is_no_log(text: str) -> None:
    assert not counted(text).known


OUT_EXIM = """2026-11-25 10:00:03 1abc-01-AB => c@d R=dnslookup T=remote_smtp H=mx.example.com [11.51.100.7] C="250"
2026-11-25 10:00:03 1abc-01-AB => c@d R=smarthost T=remote_smtp H=relay.example.com [11.51.100.8]:587 X=T C="250 OK"
2026-11-25 10:00:03 1abc-01-AB => c@d R=dnslookup T=remote_smtp H=lan.example.com [10.0.0.8] C="250 OK"
2026-11-25 10:00:03 1abc-01-AB => joe <joe@d> R=local_user T=maildir_home
2026-11-25 10:00:04 1abc-02-AB H=mx.example.net [11.51.100.9] Connection timed out
2026-11-25 10:00:04 1abc-02-AB H=mx.example.net [2a01:db8::9] Network is unreachable
2026-11-25 10:00:04 H=mail.example.net [11.51.100.10] Connection refused
"""
OUT_POSTFIX = """Nov 25 10:00:00 m postfix/smtp[2]: 4X: to=<a@b>, relay=mx.b[11.51.100.7]:25, delay=1, status=sent (250)
Nov 25 10:00:00 mx postfix/smtp[2]: 4XyZ: to=<a@b>, relay=filter[127.0.0.1]:10024, delay=1, status=sent (250)
Nov 25 10:00:00 mx postfix/smtp[2]: 4XyZ: to=<a@b>, relay=none, delay=30, dsn=4.4.1, status=deferred (connect to mx.c)
Nov 25 10:00:00 mx postfix/smtp[2]: connect to mx.c[11.51.100.9]:25: Connection timed out
Nov 25 10:00:00 mx postfix/smtp[2]: connect to mx.c[2a01:db8::9]:25: Network is unreachable
Nov 25 10:00:00 mx postfix/smtp[2]: connect to mx.d[11.51.100.10]:25: Connection refused
"""


@pytest.mark.parametrize("text", [OUT_EXIM, OUT_POSTFIX])
def test_servers_of_others_that_were_reached_and_not(text: str) -> None:
    found = counted(text)
    assert found.reached == {"11.51.100.7"}
    assert found.unreached == {"11.51.100.9", "2a01:db8::9"}


def test_no_more_servers_are_remembered_than_are_wanted() -> None:
    line = "2026-11-25 10:00:04 1abc-02-AB H=mx.example.net [11.51.{}.9] Connection timed out\n"
    assert len(counted("".join(line.format(n) for n in range(200))).unreached) == MAX_REACHED
