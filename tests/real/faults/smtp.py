"""Faults of the SMTP service, and servers that cannot be observed."""

from __future__ import annotations

from tests.real.controls import HANDSHAKES, OPENSMTPD_SPEAKS, PARTLY, PKIX
from tests.real.domains import (
    AIOSMTPD,
    EXIM,
    HAPROXY,
    NEXT_KEY,
    NO_KEY,
    NOBODY,
    OPENSMTPD,
    POSTFIX,
    PROXY_PROTOCOL,
    SENDMAIL,
    SILENT_ADDRESS,
    TARPIT,
    Domain,
    Server,
    Store,
)
from tests.real.shown import Chain

NETWORK = 41

DOMAINS = (
    Domain(
        "auth-before-starttls-postfix",
        "offers AUTH PLAIN before STARTTLS",
        Server(POSTFIX, ("smtpd_sasl_auth_enable = yes", "smtpd_tls_auth_only = no")),
        fail=("AUTH-AFTER-TLS",),
    ),
    Domain(
        "auth-before-starttls-exim",
        "offers AUTH PLAIN before STARTTLS",
        Server(EXIM, ("auth_advertise_hosts = *",)),
        fail=("AUTH-AFTER-TLS",),
    ),
    Domain(
        "no-starttls-postfix",
        "does not offer STARTTLS",
        Server(POSTFIX, ("smtpd_tls_security_level = none",), Chain.NONE),
        records={"_25._tcp.mx TLSA": (NO_KEY, NEXT_KEY)},
        fail=("SMTP-STARTTLS-OFFERED", "DANE-MATCH"),
        why="Its TLSA record promises STARTTLS: senders that do DANE must not deliver without (RFC 7672, "
        "section 2.2), a failure of its own beside STARTTLS that merely should be offered (RFC 7435). "
        "The policy in mode enforce stops senders too (RFC 8461, section 5), but it is valid and names the "
        "right host: the STS controls pass. Without TLS there are no certificates or handshakes to judge.",
    ),
    Domain(
        "no-starttls-exim",
        "does not offer STARTTLS",
        Server(EXIM, ("tls_advertise_hosts =",), Chain.NONE),
        fail=("SMTP-STARTTLS-OFFERED",),
        advice=("DANE-EXISTS",),
        why="The same without a TLSA record, which is advice (RFC 7672 is optional).",
    ),
    Domain(
        "no-starttls-opensmtpd",
        "does not offer STARTTLS",
        Server(OPENSMTPD, ("no tls",), Chain.NONE),
        fail=("SMTP-STARTTLS-OFFERED", *OPENSMTPD_SPEAKS),
        advice=("DANE-EXISTS",),
        why="There is no certificate to make a TLSA record of.",
    ),
    Domain(
        "starttls-fails-opensmtpd",
        "offers STARTTLS and fails every handshake (6.8 with OpenSSL 3: missing private key)",
        Server(OPENSMTPD, ("tls pki",), rsa_bits=2048),
        fail=("SMTP-STARTTLS-WORKS", "DANE-MATCH", *OPENSMTPD_SPEAKS),
        advice=("TLS-FS", "TLS-NO-CBC"),
        why="The server agrees on a version and then breaks the handshake off, so that no certificate is proven; its "
        "TLSA record promises one all the same (RFC 7672, section 2.2).",
    ),
    Domain(
        "broken-starttls-exim",
        "offers STARTTLS without having a certificate",
        Server(EXIM, ("tls_certificate = /nonexistent/certificate.pem",)),
        fail=("SMTP-STARTTLS-WORKS",),
        why="454 to STARTTLS (RFC 3207, section 4): there is nothing behind it to look at, which is one fault.",
    ),
    Domain(
        "haproxy-no-starttls-half",
        "one of the two servers behind it does not offer STARTTLS",
        Server(
            HAPROXY,
            ("server ... send-proxy-v2",),
            backends=(
                Server(POSTFIX, (PROXY_PROTOCOL,)),
                Server(POSTFIX, (PROXY_PROTOCOL, "smtpd_tls_security_level = none"), Chain.NONE),
            ),
        ),
        perhaps=(
            *("SMTP-STARTTLS-OFFERED", "SMTP-STARTTLS-INJECTION"),
            *("DANE-MATCH", "DANE-PARAM-COMPLETE", "DANE-TA-ROTATION"),
            *PKIX,
            *HANDSHAKES,
        ),
        why="A session is with one of the servers, and with which is the balancer's choice. Where STARTTLS was seen "
        "once and then is not there, the handshake is inconclusive. Whoever names the servers behind a balancer as "
        "hosts of the inventory has them judged one by one.",
        unjudged="a session is with one of the servers behind the balancer, perhaps the other one",
    ),
    Domain(
        "client-certificate-postfix",
        "takes mail only from clients with a certificate",
        Server(POSTFIX, ("smtpd_tls_security_level = encrypt", "smtpd_tls_req_ccert = yes")),
        fail=("SMTP-STARTTLS-WORKS",),
        inconclusive=("BACKUPMX-RCPT",),
        why="In clear it says 530 and inside TLS 421: nobody can deliver. What it would say of recipients is not seen.",
    ),
    Domain(
        "early-talk-postfix",
        "accepts commands sent before the greeting",
        Server(POSTFIX, ("smtpd_forbid_unauth_pipelining = no",)),
        active=True,
        advice=("EARLYTALK",),
    ),
    Domain(
        "early-talk-exim",
        "accepts commands sent before the greeting",
        Server(EXIM, ("smtp_enforce_sync = false",)),
        active=True,
        advice=("EARLYTALK",),
    ),
    Domain(
        "no-helo-exim",
        "refuses HELO",
        Server(EXIM, ("acl_smtp_helo = ehlo_only",)),
        fail=("SMTP-EHLO-HELO",),
    ),
    Domain(
        "bare-newline-postfix",
        "ends DATA at a bare line feed (SMTP smuggling)",
        Server(POSTFIX, ("smtpd_forbid_bare_newline = no",)),
        active=True,
        unjudged="nothing looks at the end of DATA: it would send a message",
    ),
    Domain(
        "vrfy-postfix",
        "tells by VRFY which recipients exist",
        Server(POSTFIX, ("disable_vrfy_command = no",)),
        active=True,
        advice=("SMTP-NO-EXPN-VRFY",),
    ),
    Domain(
        "busy",
        "greets everybody with 421",
        Server(
            POSTFIX,
            (
                "smtpd_delay_reject = no",
                "smtpd_client_restrictions = check_client_access static:{421 4.3.2 Busy, come back later}",
            ),
        ),
        inconclusive=("SMTP-GREET-220", "EARLYTALK", *PARTLY),
    ),
    Domain(
        "client-blocked-postfix",
        "refuses the client as listed on a blocklist",
        Server(
            POSTFIX,
            (
                "smtpd_delay_reject = no",
                "smtpd_client_restrictions = check_client_access "
                "static:{554 5.7.1 Service unavailable; blocked using bl.test}",
            ),
        ),
        inconclusive=("SMTP-GREET-220", *PARTLY),
        why="The refusal is about the client; what others get is not known (RFC 5321, section 7.9).",
    ),
    Domain(
        "helo-refused-postfix",
        "refuses the name that the client says in EHLO",
        Server(
            POSTFIX,
            (
                "smtpd_delay_reject = no",
                "smtpd_helo_restrictions = check_helo_access inline:{prober.client.test=REJECT}",
            ),
        ),
        inconclusive=("SMTP-EHLO-HELO", *PARTLY),
        why="The refusal is about the name in EHLO; what others get is not known (RFC 5321, section 4.1.4).",
    ),
    Domain(
        "no-service-exim",
        "greets everybody with 554",
        Server(EXIM, ("acl_smtp_connect = no_service",)),
        fail=("SMTP-GREET-220",),
        why="554 to everybody (RFC 5321, section 3.1) is one finding; what is behind it cannot be seen.",
    ),
    Domain(
        "ipv6-refused",
        "nothing listens on the IPv6 address",
        Server(POSTFIX),
        ipv6=True,
        ipv6_listens=False,
        fail=("MX-PORT25-OPEN",),
        where="[2600:",
    ),
    Domain(
        "refused",
        "nothing listens on port 25",
        Server(NOBODY, ("no listener",), Chain.NONE),
        records={"_25._tcp.mx TLSA": (NO_KEY, NEXT_KEY)},
        fail=("MX-PORT25-OPEN",),
        inconclusive=PARTLY,
    ),
    Domain(
        "silent",
        "port 25 swallows packets",
        records={"@ MX": ("10 mx",), "mx A": (SILENT_ADDRESS,), "_25._tcp.mx TLSA": (NO_KEY, NEXT_KEY)},
        inconclusive=("MX-PORT25-OPEN", *PARTLY),
        why="Whoever swallows packets may stand anywhere on the way.",
    ),
    Domain(
        "submission-clear-auth",
        "submission offers AUTH PLAIN before STARTTLS",
        store=Store(("ssl = yes", "disable_plaintext_auth = no"), ports={"submission": (587,)}),
        fail=("AUTH-AFTER-TLS",),
    ),
    Domain(
        "submission-no-starttls",
        "submission without STARTTLS",
        store=Store(("ssl = no",), ports={"submission": (587,)}),
        fail=("SMTP-STARTTLS-OFFERED",),
    ),
    Domain(
        "vrfy-sendmail",
        "tells by VRFY and EXPN which recipients exist",
        Server(SENDMAIL, ("define(confPRIVACY_FLAGS, authwarnings)",)),
        active=True,
        advice=("SMTP-NO-EXPN-VRFY",),
    ),
    Domain(
        "no-starttls-sendmail",
        "does not offer STARTTLS",
        Server(SENDMAIL, ("no confSERVER_CERT",), Chain.NONE),
        fail=("SMTP-STARTTLS-OFFERED",),
        advice=("DANE-EXISTS",),
    ),
    Domain(
        "aiosmtpd",
        "demands TLS of everybody, in aiosmtpd's way: of HELO too",
        Server(AIOSMTPD, ("require_starttls=True",)),
        active=True,
        apart=True,
        unjudged="more is found of a library's server than one fault: tests/real/test_small_servers.py",
    ),
    Domain(
        "tarpit",
        "answers an octet a second, and puts everybody off",
        Server(TARPIT, ("OCTET_SECONDS = 1",), Chain.NONE),
        active=True,
        apart=True,
        unjudged="it takes its time: tests/real/test_small_servers.py",
    ),
)
