"""Faults of the names that servers give themselves."""

from __future__ import annotations

from tests.real.domains import ADDRESS, POSTFIX, Domain, Server

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
    Domain(
        "helo-loopback",
        "the name that is said in EHLO leads to loopback as well",
        Server(POSTFIX),
        records={"helo A": (ADDRESS, "127.0.0.1"), "helo TXT": ("v=spf1 a -all",)},
        helo="helo.helo-loopback.test",
        fail=("HELO-NOT-LOOPBACK",),
        advice=("HELO-EQ-PTR",),
        why="the PTR is the host's other name.",
    ),
)
