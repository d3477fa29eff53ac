"""Faults of DMARC records."""

from __future__ import annotations

from tests.real.domains import Domain

NETWORK = 35

DOMAINS = (
    Domain(
        "no-dmarc",
        "no DMARC record",
        records={"_dmarc TXT": ()},
        fail=("DMARC-EXISTS",),
    ),
    Domain(
        "dmarc-two",
        "two DMARC records",
        records={"_dmarc TXT": ("v=DMARC1; p=reject", "v=DMARC1; p=none")},
        fail=("DMARC-SINGLE",),
    ),
    Domain(
        "dmarc-none",
        "DMARC policy is none",
        records={"_dmarc TXT": ("v=DMARC1; p=none; rua=mailto:dmarc@dmarc-none.test",)},
        fail=("DMARC-ENFORCED",),
    ),
    Domain(
        "dmarc-syntax",
        "DMARC record without p",
        records={"_dmarc TXT": ("v=DMARC1; rua=mailto:dmarc@dmarc-syntax.test",)},
        fail=("DMARC-ENFORCED",),
        why="Without p a record that asks for reports counts as p=none (RFC 9989, section 4.10.1).",
    ),
    Domain(
        "dmarc-alignment",
        "DMARC alignment mode that does not exist",
        records={"_dmarc TXT": ("v=DMARC1; p=reject; adkim=relaxed",)},
        fail=("DMARC-SYNTAX",),
    ),
    Domain(
        "dmarc-unsigned-alias",
        "the DMARC record of a signed domain is an alias into a zone that is not signed",
        records={"_dmarc TXT": (), "_dmarc CNAME": ("dmarc-record.dns.test.",)},
        elsewhere={"dmarc-record.dns.test. TXT": ("v=DMARC1; p=reject; rua=mailto:dmarc@dmarc-unsigned-alias.test",)},
        advice=("DMARC-DNSSEC",),
    ),
    Domain(
        "dmarc-testing",
        "DMARC policy in testing mode",
        records={"_dmarc TXT": ("v=DMARC1; p=quarantine; t=y",)},
        fail=("DMARC-ENFORCED",),
    ),
    Domain(
        "dmarc-unauthorised-rua",
        "DMARC reports go to a domain that did not agree",
        records={"_dmarc TXT": ("v=DMARC1; p=reject; rua=mailto:dmarc@right-exim.test",)},
        unjudged="nothing asks whether the receiver of reports agreed",
    ),
)
