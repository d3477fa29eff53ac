"""Faults of relaying and of recipients."""

from __future__ import annotations

from tests.real.controls import MAILBOXES, OPENSMTPD_SPEAKS
from tests.real.domains import BALANCER, CHASQUID, EXIM, HAPROXY, OPENSMTPD, POSTFIX, SENDMAIL, Domain, Server
from tests.real.shown import Chain

NETWORK = 38

POSTGREY, POSTGREY_NAMES_TIME = 10023, 10024
"""Ports of postgrey: as it is packaged, and with a pause of two seconds that its reply names."""

DOMAINS = (
    Domain(
        "open-relay-postfix",
        "relays for everybody",
        Server(POSTFIX, ("mynetworks = 0.0.0.0/0, [::]/0",)),
        active=True,
        fail=("SMTP-NO-OPEN-RELAY",),
    ),
    Domain(
        "open-relay-exim",
        "relays for everybody",
        Server(EXIM, ("hostlist relay_from_hosts = *",)),
        active=True,
        fail=("SMTP-NO-OPEN-RELAY",),
    ),
    Domain(
        "open-relay-ipv6",
        "relays for everybody who comes over IPv6",
        Server(POSTFIX, ("mynetworks = [::]/0",)),
        active=True,
        ipv6=True,
        fail=("SMTP-NO-OPEN-RELAY",),
        where="[2600:",
    ),
    Domain(
        "open-relay-opensmtpd",
        "relays for everybody, without TLS",
        Server(OPENSMTPD, ("no tls", "match from any for any action relay"), Chain.NONE),
        active=True,
        fail=("SMTP-NO-OPEN-RELAY", "SMTP-STARTTLS-OFFERED", *OPENSMTPD_SPEAKS),
        advice=("DANE-EXISTS",),
        why="No handshake of this OpenSMTPD completes, so the server is run without TLS.",
    ),
    Domain(
        "open-relay-haproxy",
        "hides its clients, whom the servers behind it then trust",
        Server(
            HAPROXY,
            ("server ... without send-proxy",),
            backends=(
                Server(POSTFIX, (f"mynetworks = {BALANCER}/32",)),
                Server(POSTFIX, (f"mynetworks = {BALANCER}/32",)),
            ),
        ),
        active=True,
        fail=("SMTP-NO-OPEN-RELAY",),
    ),
    Domain(
        "relay-inside-tls-postfix",
        "relays for everybody, inside TLS only",
        Server(
            POSTFIX,
            (
                "smtpd_relay_restrictions = reject_plaintext_session, check_client_access static:OK, "
                "reject_unauth_destination",
                "plaintext_reject_code = 550",
            ),
        ),
        active=True,
        fail=("SMTP-NO-OPEN-RELAY", "MX-NOT-TLS-ONLY"),
        why="In clear it answers 550 to everything: only who starts TLS, as senders do, finds it.",
    ),
    Domain(
        "postmaster-refused-postfix",
        "refuses mail for postmaster",
        Server(
            POSTFIX,
            (
                "smtpd_recipient_restrictions = check_recipient_access "
                "inline:{postmaster@postmaster-refused-postfix.test=REJECT}",
            ),
        ),
        active=True,
        fail=("SMTP-POSTMASTER",),
    ),
    Domain(
        "abuse-refused-postfix",
        "refuses mail for abuse",
        Server(
            POSTFIX,
            ("smtpd_recipient_restrictions = check_recipient_access inline:{abuse@abuse-refused-postfix.test=REJECT}",),
        ),
        active=True,
        fail=("SMTP-ABUSE",),
    ),
    Domain(
        "null-sender-refused-postfix",
        "refuses the null sender",
        Server(POSTFIX, ("smtpd_sender_restrictions = check_sender_access inline:{<>=REJECT}",)),
        active=True,
        fail=("SMTP-NULL-SENDER",),
    ),
    Domain(
        "backup-accepts-unknown",
        "backup MX accepts recipients that do not exist",
        Server(
            POSTFIX,
            ("relay_domains = backup-accepts-unknown.test", "relay_recipient_maps ="),
        ),
        records={
            "@ MX": ("10 mx.right-exim.test.", "20 mx"),
            "@ TXT": ("v=spf1 a:mx.backup-accepts-unknown.test -all",),
        },
        active=True,
        fail=("BACKUPMX-RCPT",),
        advice=("BACKUPMX-PARITY",),
        why="Besides, the Postfix that is the backup takes smaller messages than the Exim before it.",
    ),
    Domain(
        "greylisting",
        "refuses everybody for now with 450",
        Server(
            POSTFIX,
            ("smtpd_recipient_restrictions = check_recipient_access static:{450 4.7.1 Greylisted, come back later}",),
        ),
        active=True,
        inconclusive=MAILBOXES,
    ),
    Domain(
        "chasquid",
        "answers clients that wait for nothing, and knows no postmaster without a domain",
        Server(CHASQUID, ("as Debian packages it",)),
        active=True,
        fail=("SMTP-POSTMASTER", "TLS-NO-10-11", "SMTP-SIZE", "TLS-EMS"),
        advice=("AUTH-AFTER-TLS", "EARLYTALK", "SMTP-STATE", "TLS-ETM", "TLS-KEX-HASH"),
        why="As packaged: <postmaster> without a domain is 501 there (RFC 5321, section 4.5.1), users log in at port "
        "25, and the TLS of Go 1.19 begins at 1.0, signs with SHA-1, and has neither extended master secret nor "
        "encrypt-then-MAC. It does not heed SIZE, and takes a second MAIL in one transaction.",
    ),
    Domain(
        "domain-not-served-exim",
        "does not know the domain whose MX record names it",
        Server(EXIM, ("domainlist local_domains = moved.test",)),
        active=True,
        fail=("RELAY-DOMAINS",),
        why="Every mailbox of the domain is refused, postmaster and abuse too, which is one fault.",
    ),
    Domain(
        "open-relay-sendmail",
        "relays for everybody who says that he is one of its users",
        Server(SENDMAIL, ("FEATURE(relay_local_from)",)),
        active=True,
        fail=("SMTP-NO-OPEN-RELAY",),
    ),
    Domain(
        "percent-relay-postfix",
        "an alias takes the domain of others out of the local part",
        Server(
            POSTFIX,
            (
                "allow_untrusted_routing = yes",
                "virtual_alias_maps = regexp:{ {/^(.+)%(.+)@percent-relay-postfix\\.test/ $$1@$$2} }",
            ),
        ),
        active=True,
        fail=("RELAY-MATRIX",),
    ),
    Domain(
        "postgrey",
        "puts off whoever it does not know, for five minutes",
        Server(POSTFIX, (f"smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{POSTGREY}",)),
        active=True,
        inconclusive=MAILBOXES,
        why="postgrey as it is packaged: it names no time, so it is not waited for.",
    ),
)
