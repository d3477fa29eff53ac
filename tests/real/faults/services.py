"""Faults of submission and of mail stores."""

from __future__ import annotations

from tests.real.domains import CYRUS, POSTFIX, STUNNEL, TLS_IN_THE_DIALOGUE, Domain, Server, Store
from tests.real.faults.tls import BELOW_TLS12
from tests.real.shown import Chain

NETWORK = 101

_STORES = {"imap": (143,), "pop3": (110,), "sieve": (4190,)}

DOMAINS = (
    Domain(
        "imap-clear-auth",
        "IMAP, POP3 and ManageSieve take passwords before TLS",
        store=Store(("ssl = yes", "disable_plaintext_auth = no"), ports=_STORES),
        fail=("IMAP-POP-CLEARTEXT",),
    ),
    Domain(
        "imap-no-starttls",
        "IMAP, POP3 and ManageSieve without STARTTLS and STLS",
        store=Store(("ssl = no",), ports=_STORES),
        fail=("SUB-IMAP-STARTTLS",),
    ),
    Domain(
        "auth-digest-md5",
        "DIGEST-MD5 and CRAM-MD5 inside TLS",
        store=Store(("auth_mechanisms = plain digest-md5 cram-md5",), ports=TLS_IN_THE_DIALOGUE),
        fail=("AUTH-MECHANISMS",),
    ),
    Domain(
        "cyrus-clear-auth",
        "Cyrus takes passwords before TLS",
        store=Store(("allowplaintext: yes",), CYRUS, ports=_STORES),
        fail=("IMAP-POP-CLEARTEXT",),
    ),
    Domain(
        "cyrus-tls10",
        "Cyrus takes TLS 1.0",
        store=Store(
            (
                "tls_versions: tls1_0 tls1_1 tls1_2 tls1_3",
                "tls_ciphers: ECDHE+AESGCM:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0",
            ),
            CYRUS,
            ports={"imap": (993,), "sieve": (4190,)},
        ),
        fail=("TLS-NO-10-11", "TLS-KEX-HASH"),
        advice=("TLS-NO-CBC",),
        why=BELOW_TLS12,
    ),
    Domain(
        "stunnel-static",
        "stunnel takes RSA key exchange",
        store=Store(("ciphers = ECDHE+AESGCM:AES128-GCM-SHA256",), STUNNEL, rsa_bits=2048, ports={"imap": (993,)}),
        fail=("TLS-FS",),
    ),
    Domain(
        "stunnel-expired",
        "stunnel shows an expired certificate",
        store=Store(software=STUNNEL, chain=Chain.EXPIRED, ports={"imap": (993,), "pop3": (995,)}),
        fail=("CERT-DATES",),
    ),
    Domain(
        "lmtp-clear",
        "LMTP without STARTTLS",
        store=Store(("ssl = no",), ports={"lmtp": (24,)}),
        advice=("SUB-LMTP",),
    ),
    Domain(
        "lmtp-is-smtp",
        "a submission server at the port of LMTP",
        store=Store(ports={"lmtp": (587,)}),
        caused_by="port 587 in the role lmtp",
        fail=("SUB-LMTP",),
    ),
    Domain(
        "submission-for-all-postfix",
        "submission takes mail for users here from whoever comes",
        Server(POSTFIX),
        submission=("smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination",),
        active=True,
        fail=("SUBMIT-REQUIRES-AUTH",),
        why="As if it were port 25: the rule that makes it a submission service (permit_sasl_authenticated, reject) is "
        "not there.",
    ),
)
