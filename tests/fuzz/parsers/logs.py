"""Logs of mail servers."""

from __future__ import annotations

from mailproof.grammars.mail_logs import LogCounts, read_logs
from tests.fuzz.parser import Parser, words_of


def _logs(data: bytes) -> bool:
    counts = LogCounts()
    read_logs((data[place : place + 97] for place in range(0, len(data), 97)), counts)
    whole = LogCounts()
    read_logs([data], whole)
    assert counts.lines == whole.lines
    return whole.known


PARSERS = (
    Parser(
        "mail logs",
        _logs,
        (
            b"2026 1a-b-c <= a@b H=m (h) [192.0.2.1] P=esmtps X=TLS1.3:S:256\n"
            b"H=(x) [192.0.2.4] rejected RCPT <a>: reverse\n",
            b"smtpd[1]: TLS connection established from m[192.0.2.1]: TLSv1.2 with cipher X\n"
            b"NOQUEUE: reject: RCPT from u[2001:db8::4]: 450 Client host rejected: cannot find your reverse hostname\n",
            b"imap-login: Login: user=<u>, rip=192.0.2.1, lip=192.0.2.5, TLSv1.1 with cipher A\n",
        ),
        words_of("<= H= X= TLS1.3: [ ] ( ) rejected RCPT : reverse HELO PREGREET from rip= , with cipher"),
        10,
    ),
)
