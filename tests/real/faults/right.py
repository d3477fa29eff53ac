"""Domains that are right in every respect, on servers of every kind."""

from __future__ import annotations

from tests.real.client_settings import Auto
from tests.real.domains import (
    CYRUS,
    EXIM,
    HAPROXY,
    POSTFIX,
    PROXY_PROTOCOL,
    SENDMAIL,
    STUNNEL,
    Domain,
    Server,
    Store,
    Web,
)
from tests.real.faults.incoming import FILTERED, RSPAMD, SENDER, SENDERS
from tests.real.faults.outgoing import DANE, SINK, sink_records
from tests.real.faults.relay import POSTGREY_NAMES_TIME

NETWORK = 25


def without_mail(label: str) -> dict[str, tuple[str, ...]]:
    """The records of a right domain that neither sends nor receives. Reports go to a name below it, which does."""
    return {
        "@ MX": ("0 .",),
        "@ TXT": ("v=spf1 -all",),
        "* TXT": ("v=spf1 -all",),
        "_dmarc TXT": (f"v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@reports.{label}.test",),
        "reports MX": ("10 mx.right.test.",),
        "sel1._domainkey TXT": (),
        "*._domainkey TXT": ("v=DKIM1; p=",),
        "_mta-sts TXT": (),
        "_smtp._tls TXT": (),
    }


LOGO = "bimi-right"
"""The domain that the mark certificate of the laboratory is for."""


def with_logo(label: str, image: str, certificate: str = "") -> dict[str, tuple[str, ...]]:
    """The BIMI record of a domain; images and certificate lie at its policy host."""
    where = f"https://mta-sts.{label}.test/bimi"
    mark = f" a={where}/{certificate};" if certificate else ""
    return {"default._bimi TXT": (f"v=BIMI1; l={where}/{image};{mark}",)}


DOMAINS = (
    # The certificate also names the alias of mx-cname.test, whose one fault is that it is an alias, and the MX of
    # ipv4-path.test, whose one fault is the zone that it is in, and the host of which this server is one of two.
    Domain(
        "right",
        records={"sel1._domainkey TXT": ("v=DKIM1; k=rsa; p=RSA-SIGNER",)},
        server=Server(POSTFIX, other_names=("alias.mx-cname.test", "mx.ns-ipv4-only.test", "mx.balanced-unlike.test")),
        ipv6=True,
        main_cf=("smtpd_banner = $myhostname ESMTP", "disable_vrfy_command = yes"),
    ),
    Domain(
        "right-exim",
        server=Server(EXIM),
        proxy=("Allow 0.0.0.0/0", "ConnectPort 443"),
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
        # Below sentinel are the names of the root key sentinel (RFC 8509).
        records={"@ TXT": ("v=spf1 include:right.test -all",), "*.sentinel A": ("11.0.4.1",)},
    ),
    Domain(
        "right-parked",
        parked=True,
        records=without_mail("right-parked"),
    ),
    Domain(
        "five-errors-postfix",
        server=Server(POSTFIX, ("smtpd_hard_error_limit = 5", "smtpd_soft_error_limit = 3")),
        squid=("http_access allow known",),
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
    Domain("right-web", web=Web()),
    Domain("right-auto", store=Store(), auto=Auto()),
    Domain(LOGO, records=with_logo(LOGO, "right.svg", "mark.pem")),
    Domain(SENDER, records=SENDERS),
    Domain(SINK, records=sink_records("11.255.0.2")),
    Domain("exercise-right", server=Server(POSTFIX, (FILTERED, *DANE))),
    Domain("bimi-declined", records={"default._bimi TXT": ("v=BIMI1; l=; a=;",)}),
    Domain(
        "right-cyrus",
        store=Store(
            software=CYRUS,
            ports={"imap": (143, 993), "pop3": (110, 995), "sieve": (4190,), "lmtp": (24,)},
        ),
    ),
    Domain(
        "right-postgrey",
        server=Server(
            POSTFIX,
            (f"smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{POSTGREY_NAMES_TIME}",),
        ),
    ),
    Domain(
        "right-sendmail",
        server=Server(SENDMAIL),
        squid=("http_access deny !Safe_ports", "http_access deny CONNECT !SSL_ports", "http_access allow all"),
    ),
    Domain("right-stunnel", store=Store(software=STUNNEL, ports={"imap": (993,), "pop3": (995,)})),
    Domain("exercise-rspamd", server=Server(POSTFIX, (RSPAMD,))),
)
