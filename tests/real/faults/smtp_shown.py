"""What servers show to strangers: what packaged servers can be made to show. The rest is in the offline world."""

from __future__ import annotations

from tests.real.domains import EXIM, POSTFIX, Domain, Server

NETWORK = 131

DOMAINS = (
    Domain(
        "old-version-exim",
        "greets as an Exim of 2018 would",
        Server(EXIM, ("smtp_banner = $primary_hostname ESMTP Exim 4.91 $tod_full",)),
        advice=("SMTP-NO-VERSION", "SMTP-KNOWN-VULN"),
        why="That it tells its version is one thing, and that this version is known to be weak is another.",
    ),
    Domain(
        "late-exim",
        "greets after three seconds",
        Server(EXIM, ("acl_smtp_connect = greets_late",)),
        apart=True,
        unjudged="SMTP-GREET-TIME waits longer unless it is told otherwise: tests/real/test_apart.py",
    ),
    Domain(
        "no-login-postfix",
        "submission offers no AUTH",
        Server(POSTFIX),
        submission=("smtpd_sasl_auth_enable = no", "smtpd_relay_restrictions = reject"),
        apart=True,
        unjudged="right where SMTP-AUTH-OFF is told that AUTH must be off: tests/real/test_apart.py",
    ),
)
