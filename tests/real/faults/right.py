"""Domains that are right in every respect, on servers of every kind."""

from __future__ import annotations

from tests.real.domains import EXIM, HAPROXY, POSTFIX, PROXY_PROTOCOL, Domain, Server, Store

NETWORK = 25

DOMAINS = (
    # The certificate also names the alias of mx-cname.test, whose one fault is that it is an alias.
    Domain(
        "right",
        server=Server(POSTFIX, other_names=("alias.mx-cname.test",)),
        ipv6=True,
        main_cf=("smtpd_banner = $myhostname ESMTP", "disable_vrfy_command = yes"),
    ),
    Domain(
        "right-exim",
        server=Server(EXIM),
        ipv6=True,
    ),
    Domain(
        "right-haproxy",
        server=Server(
            HAPROXY,
            ("server ... send-proxy-v2",),
            backends=(Server(POSTFIX, (PROXY_PROTOCOL,)), Server(POSTFIX, (PROXY_PROTOCOL,))),
        ),
    ),
    Domain(
        "right-dovecot",
        store=Store(),
    ),
    Domain(
        "right-include",
        records={"@ TXT": ("v=spf1 include:right.test -all",)},
    ),
    Domain(
        "right-parked",
        parked=True,
        records={
            "@ MX": ("0 .",),
            "@ TXT": ("v=spf1 -all",),
            "* TXT": ("v=spf1 -all",),
            "sel1._domainkey TXT": (),
            "_mta-sts TXT": (),
            "_smtp._tls TXT": (),
        },
    ),
    Domain(
        "five-errors-postfix",
        server=Server(POSTFIX, ("smtpd_hard_error_limit = 5", "smtpd_soft_error_limit = 3")),
    ),
    Domain(
        "postscreen",
        server=Server(
            POSTFIX,
            (
                "postscreen_greet_action = enforce",
                "postscreen_greet_wait = 4s",
                "smtpd_forbid_unauth_pipelining = no",
            ),
        ),
        perhaps=("EARLYTALK",),
        why="postscreen may be told to remember who has waited for it: then the next early talker is served.",
    ),
)
