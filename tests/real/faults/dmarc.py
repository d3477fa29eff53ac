"""Faults of DMARC records."""

from __future__ import annotations

from tests.real.domains import Domain
from tests.real.faults.right import without_mail

NETWORK = 35


def _own(label: str, fault: str, tags: str, *, size: str = "", fail: str = "", advice: str = "") -> Domain:
    """A domain whose DMARC record has these tags, and an address for reports."""
    record = f"v=DMARC1; {tags}; rua=mailto:dmarc@{label}.test{size}"
    failing, advising = (tuple(f"DMARC-{id}" for id in (ids,) if id) for ids in (fail, advice))
    return Domain(label, fault, records={"_dmarc TXT": (record,)}, fail=failing, advice=advising)


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
        records={"_dmarc TXT": ("v=DMARC1; p=reject; adkim=relaxed; rua=mailto:dmarc@dmarc-alignment.test",)},
        fail=("DMARC-SYNTAX",),
    ),
    Domain(
        "dmarc-unsigned-alias",
        "the DMARC record of a signed domain is an alias into a zone that is not signed",
        records={"_dmarc TXT": (), "_dmarc CNAME": ("dmarc-record.dns.test.",)},
        elsewhere={"dmarc-record.dns.test. TXT": ("v=DMARC1; p=reject; rua=mailto:dmarc@dmarc-unsigned-alias.test",)},
        advice=("DMARC-DNSSEC", "DMARC-CNAME"),
    ),
    Domain(
        "dmarc-testing",
        "DMARC policy in testing mode",
        records={"_dmarc TXT": ("v=DMARC1; p=quarantine; t=y; rua=mailto:dmarc@dmarc-testing.test",)},
        fail=("DMARC-ENFORCED",),
    ),
    Domain(
        "dmarc-unauthorised-rua",
        "DMARC reports go to a domain that did not agree",
        records={"_dmarc TXT": ("v=DMARC1; p=reject; rua=mailto:dmarc@right-exim.test",)},
        fail=("DMARC-RUA-EXTERNAL-AUTH",),
    ),
    _own("dmarc-unknown", "a tag that nobody defines", "p=reject; policy=none", advice="UNKNOWN-TAGS"),
    _own("dmarc-p-last", "p stands behind other tags", "sp=reject; p=reject", advice="P-PRESENT"),
    _own("dmarc-sp-none", "the policy for sub-domains is none", "p=reject; sp=none", fail="SP-NOT-WEAKER"),
    _own("dmarc-np-none", "the policy for names that do not exist is none", "p=reject; np=none", fail="NX-SUB"),
    _own("dmarc-half", "DMARC policy for half of the mail", "p=reject; pct=50", fail="PCT-100"),
    _own("dmarc-fo", "options for failure reports without an address", "p=reject; fo=1", advice="FO"),
    _own("dmarc-large", "a size behind the report address", "p=reject", size="!10m", advice="URI-SYNTAX"),
    Domain(
        "dmarc-stray",
        "an SPF record stands at _dmarc",
        records={"_dmarc TXT": ("v=DMARC1; p=reject; rua=mailto:dmarc@dmarc-stray.test", "v=spf1 -all")},
        advice=("DMARC-NO-STRAY",),
    ),
    Domain(
        "dmarc-alias",
        "the DMARC record is an alias",
        records={
            "_dmarc TXT": (),
            "_dmarc CNAME": ("policy",),
            "policy TXT": ("v=DMARC1; p=reject; rua=mailto:dmarc@dmarc-alias.test",),
        },
        advice=("DMARC-CNAME",),
    ),
    Domain(
        "dmarc-no-reports",
        "DMARC record without rua",
        records={"_dmarc TXT": ("v=DMARC1; p=reject",)},
        fail=("DMARC-RUA-PRESENT",),
    ),
    Domain(
        "dmarc-dead-rua",
        "nobody takes the reports",
        records={"_dmarc TXT": ("v=DMARC1; p=reject; rua=mailto:dmarc@gone.dmarc-dead-rua.test",)},
        fail=("DMARC-RUA-HAS-MX",),
    ),
    Domain(
        "dmarc-no-keys",
        "DMARC policy reject, and no DKIM key",
        records={"sel1._domainkey TXT": ()},
        fail=("DMARC-REJECT-NEEDS-DKIM",),
    ),
    Domain(
        "dkim-none",
        "no DKIM key",
        records={
            "sel1._domainkey TXT": (),
            "_dmarc TXT": ("v=DMARC1; p=quarantine; rua=mailto:dmarc@dkim-none.test",),
        },
        fail=("DKIM-SUBTREE",),
    ),
    Domain(
        "dmarc-parked",
        "the policy of a domain without mail is quarantine",
        parked=True,
        records={
            **without_mail("dmarc-parked"),
            "_dmarc TXT": ("v=DMARC1; p=quarantine; rua=mailto:dmarc@reports.dmarc-parked.test",),
        },
        fail=("DMARC-PARKED-REJECT",),
    ),
    Domain(
        "dmarc-psd",
        "the record claims to be that of a public suffix",
        records={"_dmarc TXT": ("v=DMARC1; p=reject; sp=reject; psd=y; rua=mailto:dmarc@dmarc-psd.test",)},
        fail=("DMARC-PSD",),
    ),
)
