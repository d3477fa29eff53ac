"""Servers that do with clients that bring no mail what they should not."""

from __future__ import annotations

from tests.real.domains import EXIM, POSTFIX, Domain, Server

NETWORK = 135

_NTLM = ("smtpd_sasl_auth_enable = yes", "smtpd_sasl_path = ntlm")

DOMAINS = (
    Domain(
        "http-exim",
        "goes through an HTTP request to the commands in its body",
        Server(
            EXIM,
            ("smtp_max_unknown_commands = 100", "smtp_max_synprot_errors = 100", "smtp_enforce_sync = false"),
        ),
        active=True,
        advice=("SMTP-HTTP-ABORT", "EARLYTALK"),
        why="Each of the three, as it is by default, ends the session before the body; without the last one Exim takes "
        "what is sent before its greeting too. Postfix cannot be made to: it hangs up at any header field.",
    ),
    Domain(
        "impatient-postfix",
        "hangs up after three seconds of silence",
        Server(POSTFIX, ("smtpd_timeout = 3s",)),
        active=True,
        apart=True,
        unjudged="SMTP-IDLE waits where limits.idle asks for it: tests/real/test_apart.py",
    ),
    Domain(
        "ntlm-postfix",
        "offers AUTH NTLM, whose challenge tells the name that all know",
        Server(POSTFIX, _NTLM),
        active=True,
        apart=True,
        unjudged="SMTP-NTLM-LEAK sees nothing wrong in it: tests/real/test_apart.py",
    ),
    Domain(
        "ntlm-inside-postfix",
        "offers AUTH NTLM, whose challenge tells the name of the machine inside",
        Server(POSTFIX, (*_NTLM, "myhostname = node7.corp.test")),
        active=True,
        apart=True,
        unjudged="its name is wrong for other controls too: tests/real/test_apart.py",
    ),
)
