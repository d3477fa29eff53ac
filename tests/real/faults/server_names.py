"""Faults of the names that servers give themselves."""

from __future__ import annotations

from tests.real.domains import POSTFIX, Domain, Server

NETWORK = 40

DOMAINS = (
    Domain(
        "helo-mismatch",
        "greets with a name that does not exist",
        Server(POSTFIX, ("myhostname = localhost.localdomain",)),
        fail=("HELO-FQDN",),
    ),
    Domain(
        "banner-of-another",
        "greets with the name of another host",
        Server(POSTFIX, ("myhostname = mx.right.test",)),
        advice=("PTR-EQ-BANNER",),
    ),
    Domain(
        "no-helo-spf",
        "no SPF record at the HELO name",
        Server(POSTFIX),
        records={"mx TXT": ()},
        fail=("HELO-SPF",),
    ),
)
