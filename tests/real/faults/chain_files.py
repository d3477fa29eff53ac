"""Faults of files of certificates: copies of those that servers of the laboratory read."""

from __future__ import annotations

from tests.real.domains import POSTFIX, Domain, Server
from tests.real.shown import Chain

NETWORK = 111

DOMAINS = (
    Domain(
        "client-certificate",
        "presents the certificate of a public CA as a client",
        Server(POSTFIX, chain=Chain.PUBLIC),
        records={
            "@ CAA": (
                '0 issue "letsencrypt.org; accounturi=https://ca.test/account/1; validationmethods=dns-01"',
                '0 iodef "mailto:security@right.test"',
                '0 contactemail "hostmaster@right.test"',
            )
        },
        main_cf=(
            "smtpd_banner = $myhostname ESMTP",
            "disable_vrfy_command = yes",
            "smtpd_tls_cert_file = /etc/ssl/mx.pem",
            "smtp_tls_cert_file = $smtpd_tls_cert_file",
        ),
        advice=("CERT-CLIENT-EKU",),
    ),
)

FILES = {"right-chain.pem": "right", "foreign-chain.pem": "cert-foreign", "root-chain.pem": "cert-root"}
"""The label of the domain whose chain a file is a copy of, by its name."""

OUTSIDE = {
    ("CHAIN-FILE", "fail", "foreign-chain.pem"),
    ("CHAIN-FILE", "advice", "root-chain.pem"),
}
