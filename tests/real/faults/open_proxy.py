"""Proxies that connect strangers to mail servers."""

from __future__ import annotations

from tests.real.domains import POSTFIX, Domain, Server

NETWORK = 133

DOMAINS = (
    Domain(
        "open-proxy",
        "a proxy beside the mail server connects anybody to port 25 of others",
        Server(POSTFIX),
        active=True,
        proxy=("Allow 0.0.0.0/0",),
        fail=("OPENPROXY",),
    ),
)
