"""Faults of configurations: what `postconf -n` says of a Postfix."""

from __future__ import annotations

from tests.real.domains import POSTFIX, Domain, Server

NETWORK = 45

DOMAINS = (
    Domain(
        "config-banner",
        "configured greeting names the software",
        Server(POSTFIX),
        main_cf=("smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)", "disable_vrfy_command = yes"),
        advice=("CFG-BANNER",),
    ),
    Domain(
        "config-vrfy",
        "VRFY is not switched off in the configuration",
        Server(POSTFIX),
        main_cf=("smtpd_banner = $myhostname ESMTP",),
        advice=("CFG-VRFY",),
    ),
    Domain(
        "config-relay",
        "configured to relay for a public network, of any size",
        Server(POSTFIX),
        main_cf=(
            "smtpd_banner = $myhostname ESMTP",
            "disable_vrfy_command = yes",
            "office = 198.0.0.0/9",
            "mynetworks = 127.0.0.0/8, [::1]/128, $office",
        ),
        fail=("CFG-RELAY",),
    ),
)
