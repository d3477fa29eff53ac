"""Faults of certificates."""

from __future__ import annotations

from tests.real.domains import (
    EXIM,
    HAPROXY,
    POSTFIX,
    PROXY_PROTOCOL,
    TLS_AT_ONCE,
    TLS_IN_THE_DIALOGUE,
    Domain,
    Server,
    Store,
)
from tests.real.shown import Chain

NETWORK = 32

DOMAINS = (
    Domain(
        "expired-chain",
        "expired certificate",
        Server(POSTFIX, chain=Chain.EXPIRED),
        fail=("CERT-DATES",),
    ),
    Domain(
        "expired-chain-exim",
        "expired certificate",
        Server(EXIM, chain=Chain.EXPIRED),
        fail=("CERT-DATES",),
    ),
    Domain(
        "incomplete-chain",
        "intermediate certificate not sent",
        Server(POSTFIX, chain=Chain.INCOMPLETE),
        fail=("CERT-CHAIN-COMPLETE",),
        why="That no path can be built without the intermediate is the same fault.",
    ),
    Domain(
        "self-signed",
        "self-signed certificate",
        Server(POSTFIX, chain=Chain.SELF_SIGNED),
        fail=("CERT-TRUST",),
        why="DANE-EE vouches for the key, but senders that heed MTA-STS in mode enforce want a trusted root "
        "(RFC 8461, section 4.2). Nothing is missing from the chain.",
    ),
    Domain(
        "wrong-name",
        "certificate for another name",
        Server(POSTFIX, chain=Chain.WRONG_NAME),
        fail=("CERT-NAME",),
    ),
    Domain(
        "unknown-root",
        "certificate of a CA that nobody trusts",
        Server(POSTFIX, chain=Chain.UNKNOWN_ROOT),
        fail=("CERT-TRUST",),
    ),
    Domain(
        "small-key-postfix",
        "RSA key of 1024 bits",
        Server(POSTFIX, rsa_bits=1024),
        fail=("CERT-KEY-SIZE",),
    ),
    Domain(
        "small-key-exim",
        "RSA key of 1024 bits",
        Server(EXIM, rsa_bits=1024),
        fail=("CERT-KEY-SIZE",),
    ),
    Domain(
        "client-only",
        "certificate for TLS clients only",
        Server(POSTFIX, chain=Chain.CLIENT_ONLY),
        fail=("CERT-TRUST",),
    ),
    Domain(
        "forbidden-name",
        "certificate of a CA that may not vouch for the name",
        Server(POSTFIX, chain=Chain.FORBIDDEN_NAME),
        fail=("CERT-TRUST",),
    ),
    Domain(
        "unknown-critical",
        "certificate with a critical extension that nobody knows",
        Server(EXIM, chain=Chain.UNKNOWN_CRITICAL),
        fail=("CERT-TRUST",),
    ),
    Domain(
        "private-ca",
        "certificate of a CA whose root nobody knows",
        Server(EXIM, chain=Chain.PRIVATE_CA),
        fail=("CERT-TRUST",),
        why="The root may be left out (RFC 8446, section 4.4.2).",
    ),
    Domain(
        "spare-expired",
        "sends an expired certificate that no path needs: no fault",
        Server(POSTFIX, chain=Chain.SPARE_EXPIRED),
        why="What no path needs is judged by nobody.",
        unjudged="no fault: what no path needs is judged by nobody",
    ),
    Domain(
        "expired-dovecot",
        "expired certificate",
        store=Store(chain=Chain.EXPIRED, ports=TLS_AT_ONCE),
        fail=("CERT-DATES",),
    ),
    Domain(
        "wrong-name-dovecot",
        "certificate for another name",
        store=Store(chain=Chain.WRONG_NAME, ports=TLS_IN_THE_DIALOGUE),
        fail=("CERT-NAME",),
    ),
    Domain(
        "incomplete-dovecot",
        "intermediate certificate not sent",
        store=Store(chain=Chain.INCOMPLETE, ports={"imap": (993,)}),
        fail=("CERT-CHAIN-COMPLETE",),
        why="That no path can be built without the intermediate is the same fault.",
    ),
    Domain(
        "small-key-dovecot",
        "RSA key of 1024 bits",
        store=Store(("ssl_cipher_list = ECDHE+AESGCM:@SECLEVEL=1",), rsa_bits=1024, ports=TLS_AT_ONCE),
        fail=("CERT-KEY-SIZE",),
    ),
    Domain(
        "haproxy-expired-half",
        "one of the two servers behind it has an expired certificate",
        Server(
            HAPROXY,
            ("server ... send-proxy-v2",),
            backends=(Server(POSTFIX, (PROXY_PROTOCOL,)), Server(POSTFIX, (PROXY_PROTOCOL,), Chain.EXPIRED)),
        ),
        fail=("CERT-DATES",),
        why="Two connections in a row show the certificates of both servers behind a balancer that takes turns.",
    ),
)
