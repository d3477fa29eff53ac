"""Faults of TLS versions and cipher suites."""

from __future__ import annotations

from tests.real.domains import (
    ADDRESS,
    EXIM,
    OLD_OPENSSL,
    OLD_TLS_PRIORITY,
    POSTFIX,
    TLS_AT_ONCE,
    TLSLITE,
    Domain,
    Server,
    Store,
)

NETWORK = 43

OLD_LIBRARY = ("TLS-EMS",)
"""What OpenSSL 1.0.2 lacks besides, whatever it is told; and it signs with SHA-1."""

BELOW_TLS12 = "OpenSSL 3 speaks TLS 1.0 and 1.1 at security level 0 only, and signs with SHA-1 there."

WITH_DHE = "smtpd_tls_exclude_ciphers = aNULL, kRSA, SHA1, SHA256, SHA384, CAMELLIA, ARIA, AESCCM"

EVERYWHERE = {
    "TLS-PQ-KEX": "OpenSSL 3.0 and GnuTLS 3.7 of Debian 12 have no post-quantum group",
}

DOMAINS = (
    Domain(
        "tls10-postfix",
        "accepts TLS 1.0",
        Server(
            POSTFIX,
            (
                "smtpd_tls_protocols = >=TLSv1",
                "smtpd_tls_ciphers = medium",
                "smtpd_tls_exclude_ciphers = aNULL",
            ),
        ),
        fail=("TLS-NO-10-11",),
        advice=("TLS-NO-CBC", "TLS-KEX-HASH"),
        why=BELOW_TLS12,
    ),
    Domain(
        "tls11-postfix",
        "accepts TLS 1.1",
        Server(
            POSTFIX,
            (
                "smtpd_tls_protocols = >=TLSv1.1",
                "smtpd_tls_ciphers = medium",
                "smtpd_tls_exclude_ciphers = aNULL",
            ),
        ),
        fail=("TLS-NO-10-11",),
        advice=("TLS-NO-CBC", "TLS-KEX-HASH"),
        why=BELOW_TLS12,
    ),
    Domain(
        "tls11-only",
        "speaks only TLS 1.1",
        Server(OLD_OPENSSL, ("versions TLSv1.1", "ciphers ECDHE-RSA-AES128-SHA"), rsa_bits=2048),
        fail=("TLS-12-OR-13", "TLS-NO-10-11"),
        why="Who speaks neither TLS 1.2 nor 1.3 and yet speaks TLS speaks an older version.",
    ),
    Domain(
        "old-ciphers",
        "speaks only TLS 1.0 with RC4 and 3DES",
        Server(EXIM, (f"tls_require_ciphers = {OLD_TLS_PRIORITY}",), rsa_bits=2048),
        fail=("TLS-NO-10-11", "TLS-12-OR-13", "TLS-NO-RC4", "TLS-NO-3DES"),
        why="STARTTLS works for those who still have such versions; that others cannot is one finding.",
    ),
    Domain(
        "ssl2",
        "accepts SSL 2.0 beside TLS 1.2",
        Server(OLD_OPENSSL, ("versions SSLv2 TLSv1.2", "ciphers ECDHE+AESGCM:RC2-CBC-MD5"), rsa_bits=2048),
        fail=("TLS-NO-SSL2", *OLD_LIBRARY),
        advice=("TLS-KEX-HASH",),
    ),
    Domain(
        "ssl3",
        "speaks only SSL 3.0",
        Server(TLSLITE, ("maxVersion = (3, 0)",), rsa_bits=2048),
        fail=("TLS-NO-SSL3", "TLS-12-OR-13", "TLS-NO-RC4", "TLS-NO-3DES"),
    ),
    Domain(
        "ssl3-beside-tls12",
        "accepts SSL 3.0 beside TLS 1.2",
        Server(OLD_OPENSSL, ("versions SSLv3 TLSv1.2", "ciphers ECDHE+AESGCM:AES128-SHA"), rsa_bits=2048),
        fail=("TLS-NO-SSL3", *OLD_LIBRARY),
        advice=("TLS-FS", "TLS-KEX-HASH"),
    ),
    Domain(
        "rc4",
        "accepts RC4 in TLS 1.2",
        Server(OLD_OPENSSL, ("versions TLSv1.2", "ciphers ECDHE+AESGCM:ECDHE-RSA-RC4-SHA"), rsa_bits=2048),
        fail=("TLS-NO-RC4", *OLD_LIBRARY),
        advice=("TLS-KEX-HASH",),
    ),
    Domain(
        "triple-des",
        "accepts 3DES in TLS 1.2",
        Server(OLD_OPENSSL, ("versions TLSv1.2", "ciphers ECDHE+AESGCM:ECDHE-RSA-DES-CBC3-SHA"), rsa_bits=2048),
        fail=("TLS-NO-3DES", *OLD_LIBRARY),
        advice=("TLS-KEX-HASH",),
    ),
    Domain(
        "dh-512",
        "accepts Diffie-Hellman of 512 bits",
        Server(
            OLD_OPENSSL, ("versions TLSv1.2", "ciphers ECDHE+AESGCM:DHE-RSA-AES128-GCM-SHA256", "dh 512"), rsa_bits=2048
        ),
        fail=("TLS-FREAK-LOGJAM", *OLD_LIBRARY),
        advice=("TLS-KEX-HASH",),
    ),
    Domain(
        "dh-1024",
        "accepts Diffie-Hellman of 1024 bits",
        Server(
            OLD_OPENSSL,
            ("versions TLSv1.2", "ciphers ECDHE+AESGCM:DHE-RSA-AES128-GCM-SHA256", "dh 1024"),
            rsa_bits=2048,
        ),
        fail=("TLS-FREAK-LOGJAM", *OLD_LIBRARY),
        advice=("TLS-KEX-HASH",),
    ),
    Domain(
        "tls10-dovecot",
        "accepts TLS 1.0",
        store=Store(
            ("ssl_min_protocol = TLSv1", "ssl_cipher_list = ECDHE+AESGCM:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
            ports={"imap": (143, 993), "submission": (587,)},
        ),
        fail=("TLS-NO-10-11", "TLS-KEX-HASH"),
        advice=("TLS-NO-CBC",),
        why=BELOW_TLS12,
    ),
    Domain(
        "null-cipher",
        "accepts a suite without encryption",
        Server(OLD_OPENSSL, ("versions TLSv1.2", "ciphers ECDHE+AESGCM:NULL-SHA"), rsa_bits=2048),
        fail=("TLS-NO-NULL", *OLD_LIBRARY),
        advice=("TLS-KEX-HASH",),
    ),
    Domain(
        "anonymous",
        "accepts a suite without a certificate",
        Server(OLD_OPENSSL, ("versions TLSv1.2", "ciphers ECDHE+AESGCM:AECDH-AES128-SHA"), rsa_bits=2048),
        fail=OLD_LIBRARY,
        advice=("TLS-NO-NULL", "TLS-KEX-HASH"),
        why="Senders that verify nobody may use it (RFC 7672, section 8.2).",
    ),
    Domain(
        "export",
        "accepts a suite of export strength",
        Server(OLD_OPENSSL, ("versions TLSv1.2", "ciphers ECDHE+AESGCM:EXP-RC2-CBC-MD5"), rsa_bits=2048),
        fail=("TLS-FREAK-LOGJAM", *OLD_LIBRARY),
        advice=("TLS-KEX-HASH",),
    ),
    Domain(
        "compression",
        "compresses",
        Server(OLD_OPENSSL, ("versions TLSv1.2", "ciphers ECDHE+AESGCM", "compression on"), rsa_bits=2048),
        fail=("TLS-COMPRESSION", *OLD_LIBRARY),
        advice=("TLS-KEX-HASH",),
    ),
    Domain(
        "dhe-postfix",
        "accepts Diffie-Hellman over a finite field",
        Server(POSTFIX, ("smtpd_tls_dh1024_param_file = auto", WITH_DHE), rsa_bits=2048),
        advice=("TLS-NO-DHE",),
    ),
    Domain(
        "balanced-unlike",
        "a second address leads to another server",
        Server(POSTFIX),
        records={"mx A": (ADDRESS, "11.0.25.10"), "_25._tcp.mx TLSA": ()},
        advice=("VIP-SAME", "DANE-EXISTS"),
    ),
    Domain(
        "dated-dovecot",
        "accepts RSA key exchange",
        # Without ssl_dh it has no prime, and hangs up on clients that make it choose DHE.
        store=Store(("ssl_cipher_list = ECDHE+AESGCM:DHE+AESGCM:AES128-GCM-SHA256",), rsa_bits=2048, ports=TLS_AT_ONCE),
        fail=("TLS-FS",),
    ),
)
