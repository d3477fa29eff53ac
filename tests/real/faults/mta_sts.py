"""Faults of MTA-STS and of TLS reporting."""

from __future__ import annotations

from tests.real.domains import SERIAL, Domain
from tests.real.shown import PolicyHost

NETWORK = 36

DOMAINS = (
    Domain(
        "no-mta-sts",
        "no MTA-STS record",
        records={"_mta-sts TXT": ()},
        advice=("STS-TXT",),
    ),
    Domain(
        "mta-sts-testing",
        "MTA-STS in testing mode",
        policy_mode="testing",
        unjudged="a policy in mode testing is no fault",
    ),
    Domain(
        "mta-sts-mx",
        "MTA-STS policy does not name the MX",
        policy_mx=("mx.elsewhere.test",),
        fail=("STS-MX-COVERED",),
    ),
    Domain(
        "mta-sts-redirect",
        "MTA-STS policy host redirects",
        policy_host=PolicyHost.REDIRECT,
        fail=("STS-FETCH",),
    ),
    Domain(
        "mta-sts-wrong-name",
        "MTA-STS policy host has a certificate for another name",
        policy_host=PolicyHost.WRONG_NAME,
        fail=("STS-FETCH",),
    ),
    Domain(
        "mta-sts-expired",
        "MTA-STS policy host has an expired certificate",
        policy_host=PolicyHost.EXPIRED,
        fail=("STS-FETCH",),
    ),
    Domain(
        "mta-sts-mode",
        "MTA-STS policy with an unknown mode",
        policy_mode="enforced",
        fail=("STS-BODY",),
    ),
    Domain(
        "mta-sts-id",
        "MTA-STS record whose id is not letters and digits",
        records={"_mta-sts TXT": ("v=STSv1; id=2026-01-01;",)},
        fail=("STS-TXT",),
    ),
    Domain(
        "mta-sts-two",
        "two MTA-STS records",
        records={"_mta-sts TXT": (f"v=STSv1; id={SERIAL};", "v=STSv1; id=2;")},
        fail=("STS-TXT",),
    ),
    Domain(
        "mta-sts-not-found",
        "no MTA-STS policy at the policy host",
        policy_host=PolicyHost.NOT_FOUND,
        fail=("STS-FETCH",),
    ),
    Domain(
        "mta-sts-type",
        "MTA-STS policy served as HTML",
        policy_host=PolicyHost.WRONG_TYPE,
        fail=("STS-BODY",),
    ),
    Domain(
        "mta-sts-empty",
        "empty MTA-STS policy",
        policy_host=PolicyHost.EMPTY,
        fail=("STS-BODY",),
    ),
    Domain(
        "mta-sts-large",
        "MTA-STS policy of more than 64 KiB",
        policy_host=PolicyHost.TOO_LARGE,
        inconclusive=("STS-FETCH", "STS-BODY", "STS-MX-COVERED", "STS-NO-STALE-MX", "STS-MAXAGE-FLOOR"),
        why="RFC 8461, section 3.3 leaves it to senders how much they read; this one stops at 64 KiB.",
    ),
    Domain(
        "mta-sts-no-host",
        "MTA-STS policy host without an address",
        records={"mta-sts A": ()},
        fail=("STS-FETCH",),
    ),
    Domain(
        "no-tlsrpt",
        "no TLSRPT record",
        records={"_smtp._tls TXT": ()},
        advice=("TLSRPT-TXT",),
    ),
    Domain(
        "tlsrpt-two",
        "two TLSRPT records",
        records={
            "_smtp._tls TXT": (
                "v=TLSRPTv1; rua=mailto:tlsrpt@tlsrpt-two.test",
                "v=TLSRPTv1; rua=mailto:abuse@tlsrpt-two.test",
            )
        },
        fail=("TLSRPT-TXT",),
    ),
    Domain(
        "mta-sts-stale",
        "MTA-STS policy names a host that is no MX any more",
        policy_mx=("mx.right.test", "mx.mta-sts-stale.test"),
        advice=("STS-NO-STALE-MX",),
    ),
    Domain(
        "mta-sts-short",
        "MTA-STS policy for an hour",
        policy_max_age=3600,
        fail=("STS-MAXAGE-FLOOR",),
    ),
)
