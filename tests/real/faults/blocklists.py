"""Faults of addresses on blocklists."""

from __future__ import annotations

from tests.real.domains import POSTFIX, Domain, Server

NETWORK = 31

DOMAINS = (
    Domain(
        "listed",
        "address on a DNS blocklist",
        Server(POSTFIX),
        dnsbl_listed=True,
        fail=("DNSBL-VERDICT",),
    ),
)
