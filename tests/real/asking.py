"""What the laboratory's own tests ask its servers with: dig, openssl and bare dialogues, never mailproof."""

from __future__ import annotations

import re

from tests.real.domains import Domain
from tests.real.lab import Lab, plan
from tests.real.shown import Chain

EHLO = "EHLO prober.client.test"
LISTENING = [d for d in plan.DOMAINS if plan.listeners(d)]
GREYLISTS = ("greylisting", "postgrey", "right-postgrey")
NO_SERVICE = (*GREYLISTS, "busy", "no-service-exim", "client-blocked-postfix", "helo-refused-postfix", "tarpit")
OLD_TLS = ("old-ciphers", "ssl3", "tls11-only")
NO_HANDSHAKE = ("broken-starttls-exim", "starttls-fails-opensmtpd")
NOT_IN_CLEAR = (
    "chasquid",
    "aiosmtpd",
    "relay-inside-tls-postfix",
    "tls-demanded-postfix",
    "client-certificate-postfix",
)
"""Servers that say something else in clear than inside TLS, or that end a dialogue with several errors."""
HALVES = ("haproxy-expired-half", "haproxy-no-starttls-half")
"""What they do depends on the server behind them that is met."""
SPEAKS_TLS = [
    d
    for d in LISTENING
    if d.server and d.server.chain is not Chain.NONE and d.label not in (*OLD_TLS, *NO_SERVICE, *NO_HANDSHAKE, *HALVES)
]


def label(domain: Domain) -> str:
    return domain.label


def dig(lab: Lab, *arguments: str) -> str:
    return lab.run(["dig", "+time=3", "+tries=2", *arguments]).stdout


def short(lab: Lab, *arguments: str) -> list[str]:
    return dig(lab, "+short", *arguments).splitlines()


def flags(answer: str) -> list[str]:
    found = re.search(r"flags: ([a-z ]*);", answer)
    return found[1].split() if found else []


def status(answer: str) -> str:
    found = re.search(r"status: ([A-Z]+)", answer)
    return found[1] if found else "none"


def replies(lines: list[str]) -> list[str]:
    """The last line of each reply."""
    return [line[3:] for line in lines if line.startswith("S: ") and line[6:7] != "-"]


def s_client(lab: Lab, domain: Domain, *options: str) -> str:
    """What openssl says about the server's TLS, with the laboratory's root and the mail host's name."""
    done = lab.run(
        [
            *("openssl", "s_client", "-starttls", "smtp", "-name", "prober.client.test"),
            *("-connect", f"{plan.address(domain)}:25"),
            *("-CAfile", str(lab.ca_file), "-no-CAstore", "-no-CApath"),
            *("-servername", domain.host, "-verify_hostname", domain.host, *options),
        ],
        input="QUIT\r\n",
    )
    return done.stdout + done.stderr
