"""Faults of CAA records."""

from __future__ import annotations

from typing import Any

from tests.real.domains import POSTFIX, Domain, Server

NETWORK = 48

ISSUE = '0 issue "ca.test"'


def _caa(label: str, fault: str, *records: str, **verdicts: Any) -> Domain:
    return Domain(f"caa-{label}", fault, Server(POSTFIX), records={"@ CAA": records}, **verdicts)


DOMAINS = (
    _caa("none", "no CAA record", advice=("CAA-EXISTS",)),
    _caa(
        "syntax",
        "CAA records that nobody can read, for names, for mail and for marks",
        '0 issue "https://ca.test/"',
        '0 issuemail "ca.test; account"',
        '1 issuevmc "ca.test"',
        '0 policy "1"',
        '128 tbs "?"',
        fail=("CAA-SYNTAX",),
    ),
    _caa(
        "iodef", "CAA violations are to be reported by FTP", ISSUE, '0 iodef "ftp://right.test/"', fail=("CAA-IODEF",)
    ),
    _caa(
        "methods",
        "CAA record that admits no method of validation that exists",
        '0 issue "ca.test; accounturi=https://ca.test/account/1; validationmethods=dns"',
        fail=("CAA-ACME",),
    ),
    _caa("contact", "CAA contact with mailto:", ISSUE, '0 contactemail "mailto:a@right.test"', fail=("CAA-CONTACT",)),
)
