"""Faults of addresses and domains on lists."""

from __future__ import annotations

from tests.real.domains import POSTFIX, Domain, Server
from tests.real.shown import Registered

NETWORK = 31

DOMAINS = (
    Domain(
        "listed",
        "address on a DNS blocklist",
        Server(POSTFIX),
        dnsbl_listed=True,
        fail=("DNSBL-VERDICT",),
    ),
    Domain(
        "listed-domain",
        "domain on a DNS list of domains",
        domain_listed=True,
        fail=("REP-DOMAIN-DNSBL",),
    ),
    Domain(
        "dropped",
        Registered.DROPPED,
        Server(POSTFIX),
        registered=Registered.DROPPED,
        fail=("REP-DROP",),
    ),
    Domain(
        "lookalike",
        "a name that looks like the domain exists",
        caused_by="zone l0okalike.test",
        advice=("REP-LOOKALIKE",),
    ),
)
