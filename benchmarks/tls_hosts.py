"""The twenty TLS servers on this machine about which mailproof, sslyze and testssl.sh are asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailproof.fixtures.authority import CertificateSpec
from tests.real.tls_programs import (
    Command,
    chasquid,
    cyrus,
    dovecot,
    exim,
    haproxy,
    old_openssl,
    postfix,
    stunnel,
)
from tests.real.tls_servers import SERVERS, openssl, openssl_with_dh

_RSA = CertificateSpec(key="rsa2048")


@dataclass(frozen=True)
class TLSHost:
    """A server, and what certificate it shows."""

    name: str
    command: Command
    certificate: CertificateSpec = field(default_factory=lambda: _RSA)


HOSTS = (
    *(TLSHost(server.name, server.command, CertificateSpec(key=server.key)) for server in SERVERS),  # type: ignore[arg-type]
    TLSHost("OpenSSL 3.0, Diffie-Hellman over 1536 bits", openssl_with_dh("modp_1536")),
    TLSHost(
        "OpenSSL 3.0, TLS 1.0 and all suites",
        openssl("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0", "-min_protocol", "TLSv1"),
    ),
    TLSHost("Dovecot", dovecot()),
    TLSHost(
        "Dovecot, TLS 1.0, an expired certificate",
        dovecot("ssl_min_protocol = TLSv1", "ssl_cipher_list = ALL:@SECLEVEL=0"),
        CertificateSpec(key="rsa2048", not_before_days=-90, not_after_days=-3),
    ),
    TLSHost("Postfix, its default, the intermediate not sent", postfix(), CertificateSpec(order="incomplete")),
    TLSHost("Exim with GnuTLS, its default, a certificate of its own", exim("NORMAL"), CertificateSpec(issuer="self")),
    TLSHost("Cyrus, its default, a certificate for another name", cyrus(), CertificateSpec(("mx.other.example",))),
    TLSHost("stunnel, its default", stunnel()),
    TLSHost("HAProxy, its default", haproxy()),
    TLSHost("chasquid (Go), its default", chasquid()),
    TLSHost(
        "OpenSSL 1.0.2, SSL 2.0 to TLS 1.0, EXPORT", old_openssl("SSLv2,SSLv3,TLSv1", "ALL:COMPLEMENTOFALL:!aNULL")
    ),
    TLSHost("OpenSSL 1.0.2, TLS 1.0 to 1.2, RC4 and 3DES", old_openssl("TLSv1,TLSv1.1,TLSv1.2", "RC4:3DES:AES128-SHA")),
)
