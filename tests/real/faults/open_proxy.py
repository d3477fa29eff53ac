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
    Domain(
        "open-proxy-squid",
        "a proxy beside the mail server connects anybody to port 25 of others",
        Server(POSTFIX),
        active=True,
        squid=("http_access allow all",),
        fail=("OPENPROXY",),
    ),
    Domain(
        "open-fetch-squid",
        "a proxy refuses to connect anybody to port 25 of others, and fetches from there what anybody asks for",
        Server(POSTFIX),
        active=True,
        squid=("http_access deny CONNECT !SSL_ports", "http_access allow all"),
        fail=("OPENPROXY",),
    ),
)
