"""CAA."""

from __future__ import annotations

from mailproof.controls import MUST
from mailproof.observations.caa import CAA

from ..observed import DOMAIN, HOST, answer, missing
from .case import Table, advises, fails, leaves, passes, skips

ISSUE = '0 issue "ca.example"'
LONG = 60_000
"""Octets of a value that fits into one record, and would take minutes if each were tried with all that follow."""


def caa(*records: str, at: str = DOMAIN) -> CAA:
    """CAA ``records`` in presentation format, at the host or at the name above it."""
    steps = [answer(HOST, "CAA", *(records if at == HOST else ()))]
    if not steps[0].records:
        steps.append(answer(DOMAIN, "CAA", *records))
    return CAA(HOST, tuple(steps))


TABLE: Table = {
    "CAA-EXISTS": (
        passes(caa=caa(ISSUE)),
        passes(caa=caa('0 issue ";"', at=HOST)),
        passes(caa=caa('0 ISSUE "ca.example"')),
        advises("no CAA record", caa=caa()),
        leaves("MX-RESOLVES", caa=CAA(HOST, (missing(HOST, "CAA"), answer(DOMAIN, "CAA")))),
        advises("no CAA record", caa=caa('0 iodef "mailto:postmaster@example.org"')),
        advises("no CAA record", caa=caa('0 issuemail "ca.example"')),
    ),
    "CAA-SYNTAX": (
        passes(caa=caa(ISSUE, '128 issuewild ";"', '0 issuemail "ca.example; a=b"', '0 issuevmc ""')),
        passes(
            caa=caa('0 issue " ca.example ; account = 230123 ; a=b"', '0 issue "ca--1.example"', '0 issue "ca.a ; "')
        ),
        fails("example.org: 1 issue", level=MUST, caa=caa('1 issue "ca.example"')),
        fails("flags are 129", caa=caa('129 issue "ca.example"')),
        fails("neither a CA", caa=caa('0 issue "https://ca.example/"')),
        fails("neither a CA", caa=caa('0 issuewild "*.ca.example"')),
        fails("neither a CA", caa=caa('0 issuemail "ca.example."')),
        fails("neither a CA", caa=caa(f'0 issue "{" " * LONG}!"')),
        fails("'account' is no parameter", caa=caa('0 issuevmc "ca.example; account"')),
        fails("is no parameter", caa=caa('0 issue "ca.example; a=b c"')),
        fails("before or behind a semicolon", level=MUST, caa=caa('0 issue "ca.example; account=230123; "')),
        fails("before or behind a semicolon", caa=caa('0 issue "ca.example;; a=b"')),
        fails("policy is reserved", caa=caa('0 policy "1.2.3"')),
        fails("no CA may issue", caa=caa('128 tbs "x"')),
        fails("letters and digits", caa=caa('0 issue-wild "ca.example"')),
        fails("letters and digits", caa=caa(r"\# 15 00 0a69737375652d77696c64636161")),
        advises("tag issued", caa=caa(ISSUE, '0 issued "ca.example"')),
        advises("more than 100", caa=caa(*(f'0 issue "ca{number}.example"' for number in range(101)))),
        leaves("CAA-EXISTS", caa=caa()),
    ),
    "CAA-IODEF": (
        passes(caa=caa(ISSUE, '0 iodef "mailto:a@example.org"', '0 iodef "https://example.org/iodef"')),
        fails("neither a mailto:", level=MUST, caa=caa(ISSUE, '0 iodef "a@example.org"')),
        fails("neither a mailto:", caa=caa('0 iodef "ftp://example.org/"')),
        fails("neither a mailto:", caa=caa('0 iodef "mailto:"')),
        fails("neither a mailto:", caa=caa('0 iodef "https:"')),
        fails("neither a mailto:", caa=caa('0 iodef "https://[/"')),
        advises("in clear", caa=caa('0 iodef "http://example.org/"')),
        skips("no CAA record has the tag iodef", caa=caa(ISSUE)),
        leaves("CAA-EXISTS", caa=caa()),
    ),
    "CAA-ACME": (
        passes(caa=caa('0 issue "ca.example; accounturi=https://ca.example/1; validationmethods=dns-01,ca-mail"')),
        passes(caa=caa('0 issue "ca.example; accounturi=https://ca.example/1"')),
        fails(
            "twice", caa=caa('0 issue "ca.example; accounturi=https://ca.example/1; accounturi=https://ca.example/2"')
        ),
        fails("no name of a method", caa=caa('0 issue "ca.example; validationmethods=dns_01,http-01"')),
        fails("no CA knows a method of dns", level=MUST, caa=caa('0 issue "ca.example; validationmethods=dns"')),
        fails("an empty list", caa=caa('0 issue "ca.example; validationmethods="')),
        fails("no URI", caa=caa('0 issuewild "ca.example; accounturi=12345"')),
        advises("dns is not in IANA", caa=caa('0 issue "ca.example; validationmethods=dns,dns-01"')),
        advises("not to an account", caa=caa('0 issue "ca.example; validationmethods=dns-01"')),
        skips("bound to an account", caa=caa(ISSUE)),
        leaves("CAA-EXISTS", caa=caa()),
    ),
    "CAA-CONTACT": (
        passes(caa=caa(ISSUE, '0 contactemail "a@example.org"', '0 contactphone "+1-(555)-0100"')),
        passes(caa=caa('0 contactemail "ä@xn--exmple-cua.org"')),
        fails("without mailto:", level=MUST, caa=caa('0 contactemail "mailto:a@example.org"')),
        fails("no mail address", caa=caa('0 contactemail "a@example.org, b@example.org"')),
        fails("telephone", caa=caa('0 contactphone "555 0100"')),
        fails("telephone", caa=caa(f'0 contactphone "+{"0" * LONG}x"')),
        skips("contactemail or contactphone", caa=caa(ISSUE)),
        leaves("CAA-EXISTS", caa=caa()),
    ),
}
