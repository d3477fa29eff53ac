"""What the suite has to find in the laboratory, and nothing else: the findings on every domain.

A finding is any verdict other than *pass* and *not applicable* on a target of the domain: the domain itself,
its zone, selectors and senders, and its own mail host with its addresses. A domain without a row has none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Truth:
    """Ids of the controls that fail, advise or cannot tell. ``where`` is in the id of each such address."""

    fail: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    inconclusive: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    """Ids of the controls that may find something or not: each connection may meet another server."""
    where: str = ""
    why: str = ""

    @property
    def findings(self) -> frozenset[tuple[str, str]]:
        """Pairs of control and verdict."""
        return frozenset(
            (control, verdict)
            for verdict, controls in (
                ("fail", self.fail),
                ("advice", self.advice),
                ("inconclusive", self.inconclusive),
            )
            for control in controls
        )


NAMES = ("HELO-FQDN", "PTR-EQ-BANNER")
DIALOGUE = (
    "SMTP-GREET-220",
    "SMTP-EHLO-HELO",
    "SMTP-STARTTLS-OFFERED",
    "SMTP-STARTTLS-WORKS",
    "SMTP-STARTTLS-INJECTION",
    "STARTTLS-STATE",
    "AUTH-AFTER-TLS",
)
PKIX = ("CERT-TRUST", "CERT-CHAIN-COMPLETE", "CERT-NAME", "CERT-DATES", "CERT-KEY-SIZE")
HANDSHAKES = (
    "TLS-NO-SSL2",
    "TLS-NO-SSL3",
    "TLS-NO-10-11",
    "TLS-12-OR-13",
    "TLS-NO-RC4",
    "TLS-NO-3DES",
)
MAILBOXES = ("SMTP-POSTMASTER", "SMTP-ABUSE", "SMTP-NULL-SENDER", "BACKUPMX-RCPT")
PARTLY = ("BACKUPMX-RCPT",)
"""What is asked of all MX addresses of a domain together: of an address that says nothing it cannot be told. All else
that cannot be seen of such an address is left to the control that finds why."""
PRIVATE = "Private addresses are not contacted."

TRUTH: dict[str, Truth] = {
    # SMTP
    "open-relay-postfix": Truth(fail=("RELAY-MATRIX",)),
    "open-relay-exim": Truth(fail=("RELAY-MATRIX",)),
    "open-relay-ipv6": Truth(fail=("RELAY-MATRIX",), where="[2600:"),
    "auth-before-starttls-postfix": Truth(fail=("AUTH-AFTER-TLS",)),
    "auth-before-starttls-exim": Truth(fail=("AUTH-AFTER-TLS",)),
    "no-starttls-postfix": Truth(
        fail=("SMTP-STARTTLS-OFFERED", "DANE-MATCH"),
        why="Its TLSA record promises STARTTLS: senders that do DANE must not deliver without (RFC 7672, "
        "section 2.2), a failure of its own beside STARTTLS that merely should be offered (RFC 7435). "
        "The policy in mode enforce stops senders too (RFC 8461, section 5), but it is valid and names the "
        "right host: the STS controls pass. Without TLS there are no certificates or handshakes to judge.",
    ),
    "no-starttls-exim": Truth(
        fail=("SMTP-STARTTLS-OFFERED",),
        advice=("DANE-EXISTS",),
        why="The same without a TLSA record, which is advice (RFC 7672 is optional).",
    ),
    "postmaster-refused-postfix": Truth(fail=("SMTP-POSTMASTER",)),
    "abuse-refused-postfix": Truth(fail=("SMTP-ABUSE",)),
    "null-sender-refused-postfix": Truth(fail=("SMTP-NULL-SENDER",)),
    "backup-accepts-unknown": Truth(fail=("BACKUPMX-RCPT",)),
    "early-talk-postfix": Truth(advice=("EARLYTALK",)),
    "early-talk-exim": Truth(advice=("EARLYTALK",)),
    "helo-mismatch": Truth(fail=("HELO-FQDN",)),
    "banner-of-another": Truth(advice=("PTR-EQ-BANNER",)),
    "no-helo-exim": Truth(fail=("SMTP-EHLO-HELO",)),
    "no-helo-spf": Truth(fail=("HELO-SPF",)),
    # TLS
    "broken-starttls-exim": Truth(
        fail=("SMTP-STARTTLS-WORKS",),
        why="454 to STARTTLS (RFC 3207, section 4): there is nothing behind it to look at, which is one fault.",
    ),
    "tls10-postfix": Truth(fail=("TLS-NO-10-11",)),
    "old-ciphers": Truth(
        fail=("TLS-NO-10-11", "TLS-12-OR-13", "TLS-NO-RC4", "TLS-NO-3DES"),
        why="STARTTLS works for those who still have such versions; that others cannot is one finding.",
    ),
    "ssl3": Truth(fail=("TLS-NO-SSL3", "TLS-12-OR-13", "TLS-NO-RC4", "TLS-NO-3DES")),
    "ssl2": Truth(fail=("TLS-NO-SSL2",)),
    "ssl3-beside-tls12": Truth(fail=("TLS-NO-SSL3",)),
    "rc4": Truth(fail=("TLS-NO-RC4",)),
    "triple-des": Truth(fail=("TLS-NO-3DES",)),
    "tls11-postfix": Truth(fail=("TLS-NO-10-11",)),
    "tls11-only": Truth(
        fail=("TLS-12-OR-13", "TLS-NO-10-11"),
        why="Who speaks neither TLS 1.2 nor 1.3 and yet speaks TLS speaks an older version.",
    ),
    "unknown-root": Truth(fail=("CERT-TRUST",)),
    "small-key-postfix": Truth(fail=("CERT-KEY-SIZE",)),
    "no-tlsa": Truth(advice=("DANE-EXISTS",)),
    "unsigned-tlsa": Truth(
        advice=("DANE-EXISTS", "SEC-SIGNED"), why="Without DNSSEC TLSA records do not count (RFC 7672, section 2.2)."
    ),
    "starttls-fails-opensmtpd": Truth(
        fail=("SMTP-STARTTLS-WORKS", "DANE-MATCH"),
        why="The server agrees on a version and then breaks the handshake off, so that no certificate is proven; its "
        "TLSA record promises one all the same (RFC 7672, section 2.2).",
    ),
    "no-starttls-opensmtpd": Truth(
        fail=("SMTP-STARTTLS-OFFERED",),
        advice=("DANE-EXISTS",),
        why="There is no certificate to make a TLSA record of.",
    ),
    "open-relay-opensmtpd": Truth(
        fail=("RELAY-MATRIX", "SMTP-STARTTLS-OFFERED"),
        advice=("DANE-EXISTS",),
        why="No handshake of this OpenSMTPD completes, so the server is run without TLS.",
    ),
    "open-relay-haproxy": Truth(fail=("RELAY-MATRIX",)),
    "haproxy-expired-half": Truth(
        fail=("CERT-DATES",),
        why="Two connections in a row show the certificates of both servers behind a balancer that takes turns.",
    ),
    "haproxy-no-starttls-half": Truth(
        perhaps=(
            *("SMTP-STARTTLS-OFFERED", "SMTP-STARTTLS-INJECTION", "DANE-MATCH"),
            *PKIX,
            *HANDSHAKES,
        ),
        why="A session is with one of the servers, and with which is the balancer's choice. Where STARTTLS was seen "
        "once and then is not there, the handshake is inconclusive. Whoever names the servers behind a balancer as "
        "hosts of the inventory has them judged one by one.",
    ),
    # Servers that count what they refuse, and servers on whom the side of STARTTLS makes a difference
    "chasquid": Truth(
        fail=("SMTP-POSTMASTER", "TLS-NO-10-11"),
        advice=("AUTH-AFTER-TLS", "EARLYTALK"),
        why="As packaged: <postmaster> without a domain is 501 there (RFC 5321, section 4.5.1), users log in at port "
        "25, and Go's TLS begins at 1.0.",
    ),
    "postscreen": Truth(
        perhaps=("EARLYTALK",),
        why="postscreen may be told to remember who has waited for it: then the next early talker is served.",
    ),
    "relay-inside-tls-postfix": Truth(
        fail=("RELAY-MATRIX",),
        why="In clear it answers 550 to everything: only who starts TLS, as senders do, finds it.",
    ),
    "client-certificate-postfix": Truth(
        fail=("SMTP-STARTTLS-WORKS",),
        inconclusive=("BACKUPMX-RCPT",),
        why="In clear it says 530 and inside TLS 421: nobody can deliver. What it would say of recipients is not seen.",
    ),
    # Mail stores
    "submission-clear-auth": Truth(fail=("AUTH-AFTER-TLS",)),
    "submission-no-starttls": Truth(fail=("SMTP-STARTTLS-OFFERED",)),
    "imap-no-starttls": Truth(
        inconclusive=(*PKIX, *HANDSHAKES),
        why="No control says that IMAP and POP3 must offer STARTTLS; what there would be behind it cannot be seen.",
    ),
    "expired-dovecot": Truth(fail=("CERT-DATES",)),
    "wrong-name-dovecot": Truth(fail=("CERT-NAME",)),
    "incomplete-dovecot": Truth(
        fail=("CERT-CHAIN-COMPLETE",), why="That no path can be built without the intermediate is the same fault."
    ),
    "small-key-dovecot": Truth(fail=("CERT-KEY-SIZE",)),
    "tls10-dovecot": Truth(fail=("TLS-NO-10-11",)),
    "expired-chain": Truth(fail=("CERT-DATES",)),
    "expired-chain-exim": Truth(fail=("CERT-DATES",)),
    "incomplete-chain": Truth(
        fail=("CERT-CHAIN-COMPLETE",), why="That no path can be built without the intermediate is the same fault."
    ),
    "self-signed": Truth(
        fail=("CERT-TRUST",),
        why="DANE-EE vouches for the key, but senders that heed MTA-STS in mode enforce want a trusted root "
        "(RFC 8461, section 4.2). Nothing is missing from the chain.",
    ),
    "self-signed-dane": Truth(
        why="DANE-EE vouches for the key, and no policy in mode enforce wants more (RFC 7672, section 3.1.1)."
    ),
    "wrong-name": Truth(fail=("CERT-NAME",)),
    "client-only": Truth(fail=("CERT-TRUST",)),
    "forbidden-name": Truth(fail=("CERT-TRUST",)),
    "unknown-critical": Truth(fail=("CERT-TRUST",)),
    "private-ca": Truth(fail=("CERT-TRUST",), why="The root may be left out (RFC 8446, section 4.4.2)."),
    "spare-expired": Truth(why="What no path needs is judged by nobody."),
    "dane-ta": Truth(why="DANE-TA vouches for the root, and the names and dates are right (RFC 7672, section 3.1.2)."),
    "dane-ta-wrong-name": Truth(fail=("DANE-MATCH", "CERT-NAME"), why="Names count (RFC 7672, section 3.2.2)."),
    "dane-ta-expired": Truth(fail=("DANE-MATCH", "CERT-DATES"), why="Dates count (RFC 7672, section 3.1.2)."),
    "small-key-exim": Truth(fail=("CERT-KEY-SIZE",)),
    "tlsa-mismatch": Truth(fail=("DANE-MATCH",)),
    # Hosts that cannot be observed
    "greylisting": Truth(inconclusive=MAILBOXES),
    "busy": Truth(inconclusive=("SMTP-GREET-220", "EARLYTALK", *PARTLY)),
    "client-blocked-postfix": Truth(
        inconclusive=("SMTP-GREET-220", *PARTLY),
        why="The refusal is about the client; what others get is not known (RFC 5321, section 7.9).",
    ),
    "helo-refused-postfix": Truth(
        inconclusive=("SMTP-EHLO-HELO", *PARTLY),
        why="The refusal is about the name in EHLO; what others get is not known (RFC 5321, section 4.1.4).",
    ),
    "no-service-exim": Truth(
        fail=("SMTP-GREET-220",),
        why="554 to everybody (RFC 5321, section 3.1) is one finding; what is behind it cannot be seen.",
    ),
    "ipv6-refused": Truth(fail=("MX-PORT25-OPEN",), where="[2600:"),
    "refused": Truth(fail=("MX-PORT25-OPEN",), inconclusive=PARTLY),
    "silent": Truth(
        inconclusive=("MX-PORT25-OPEN", *PARTLY), why="Whoever swallows packets may stand anywhere on the way."
    ),
    # Reverse DNS and blocklists
    "unforwarded-ptr": Truth(fail=("PTR-FCRDNS",)),
    "no-ptr": Truth(fail=("PTR-EXISTS",)),
    "two-ptr": Truth(advice=("PTR-QUALITY",)),
    "ptr-detour": Truth(fail=("PTR-2317",)),
    "generic-ptr": Truth(fail=("PTR-QUALITY",)),
    "listed": Truth(fail=("DNSBL-VERDICT",)),
    # MX
    "null-mx-beside-mx": Truth(fail=("MX-NULL-ALONE",)),
    "null-mx-preference": Truth(fail=("MX-NULL-PREF",)),
    "mx-cname": Truth(fail=("MX-NOT-ALIAS",)),
    "mx-address": Truth(fail=("MX-NOT-IP",)),
    "mx-unresolvable": Truth(fail=("MX-RESOLVES",)),
    "mx-private": Truth(fail=("MX-PUBLIC-ADDR",), inconclusive=PARTLY, why=PRIVATE),
    "mx-localhost": Truth(fail=("MX-PUBLIC-ADDR",), inconclusive=PARTLY, why=PRIVATE),
    "no-mx": Truth(fail=("MX-EXISTS",)),
    "null-mx-alone": Truth(fail=("MX-EXISTS",)),
    # SPF
    "spf-open": Truth(fail=("SPF-ALL-STRICT",)),
    "spf-void-a": Truth(fail=("SPF-VOID-2",)),
    "spf-redirect": Truth(fail=("SPF-INCLUDE-VALID",)),
    "no-spf": Truth(fail=("SPF-EXISTS",)),
    "spf-all": Truth(fail=("SPF-ALL-STRICT",)),
    "spf-neutral": Truth(fail=("SPF-ALL-STRICT",)),
    "spf-two": Truth(fail=("SPF-EXISTS",)),
    "spf-syntax": Truth(fail=("SPF-SYNTAX",)),
    "spf-lookups": Truth(fail=("SPF-LOOKUPS-10",)),
    "spf-void": Truth(fail=("SPF-VOID-2",)),
    "spf-loop": Truth(fail=("SPF-INCLUDE-VALID",)),
    "spf-include": Truth(fail=("SPF-INCLUDE-VALID",)),
    "spf-ptr": Truth(fail=("SPF-NO-PTR",)),
    "spf-everybody": Truth(fail=("SPF-INVENTORY-EVAL",)),
    "spf-forgotten": Truth(fail=("SPF-INVENTORY-EVAL",)),
    # DMARC and DKIM
    "no-dmarc": Truth(fail=("DMARC-EXISTS",)),
    "dmarc-two": Truth(fail=("DMARC-SINGLE",)),
    "dmarc-none": Truth(fail=("DMARC-ENFORCED",)),
    "dmarc-syntax": Truth(
        fail=("DMARC-ENFORCED",),
        why="Without p a record that asks for reports counts as p=none (RFC 9989, section 4.10.1).",
    ),
    "dmarc-alignment": Truth(fail=("DMARC-SYNTAX",)),
    "dkim-revoked": Truth(fail=("DKIM-SELECTOR",)),
    "dkim-weak": Truth(fail=("DKIM-KEY-LENGTH",)),
    "dkim-two": Truth(fail=("DKIM-SELECTOR",)),
    "dkim-1024": Truth(fail=("DKIM-KEY-LENGTH",)),
    "dmarc-testing": Truth(fail=("DMARC-ENFORCED",)),
    "no-dkim": Truth(fail=("DKIM-SELECTOR",)),
    # MTA-STS and TLSRPT
    "no-mta-sts": Truth(advice=("STS-TXT",)),
    "mta-sts-id": Truth(fail=("STS-TXT",)),
    "mta-sts-mode": Truth(fail=("STS-BODY",)),
    "mta-sts-mx": Truth(fail=("STS-MX-COVERED",)),
    "mta-sts-redirect": Truth(fail=("STS-FETCH",)),
    "mta-sts-wrong-name": Truth(fail=("STS-FETCH",)),
    "mta-sts-expired": Truth(fail=("STS-FETCH",)),
    "mta-sts-two": Truth(fail=("STS-TXT",)),
    "mta-sts-not-found": Truth(fail=("STS-FETCH",)),
    "mta-sts-type": Truth(fail=("STS-BODY",)),
    "mta-sts-empty": Truth(fail=("STS-BODY",)),
    "mta-sts-no-host": Truth(fail=("STS-FETCH",)),
    "mta-sts-large": Truth(
        inconclusive=("STS-FETCH", "STS-BODY", "STS-MX-COVERED"),
        why="RFC 8461, section 3.3 leaves it to senders how much they read; this one stops at 64 KiB.",
    ),
    "no-tlsrpt": Truth(advice=("TLSRPT-TXT",)),
    "tlsrpt-two": Truth(fail=("TLSRPT-TXT",)),
    # DNS
    "unsigned": Truth(advice=("SEC-SIGNED",)),
    "bogus": Truth(fail=("SEC-NOT-BOGUS",)),
    "expired-signatures": Truth(fail=("SEC-NOT-BOGUS",)),
    "lame": Truth(fail=("DEL-AUTHORITATIVE",)),
    "ns-mismatch": Truth(fail=("DEL-PARENT-CHILD-NS",)),
    "one-ns": Truth(fail=("DEL-MIN-NS",)),
}

NO_CONTROL_YET = {
    "bare-newline-postfix": "nothing looks at the end of DATA: it would send a message",
    "vrfy-postfix": "nothing asks VRFY",
    "dmarc-unauthorised-rua": "nothing asks whether the receiver of reports agreed",
    "serial-mismatch": "nothing compares serials",
    "open-transfer": "nothing asks for a zone transfer",
    "mta-sts-testing": "a policy in mode testing is no fault",
    "self-signed-dane": "no fault: DANE-EE vouches for the key (RFC 7672, section 3.1.1)",
    "dane-ta": "no fault: DANE-TA vouches for the root (RFC 7672, section 3.1.2)",
    "spare-expired": "no fault: what no path needs is judged by nobody",
    "dh-512": "nothing looks at the size of Diffie-Hellman groups: the handshakes here choose ECDHE",
    "dh-1024": "nothing looks at the size of Diffie-Hellman groups: the handshakes here choose ECDHE",
    "imap-clear-auth": "nothing asks IMAP and POP3 servers for their capabilities",
    "haproxy-no-starttls-half": "a session is with one of the servers behind the balancer, perhaps the other one",
}
"""Domains of the plan without a finding, with the reason."""

OTHERS = {
    ("SEC-SIGNED", "advice", "in-addr.arpa"),
    ("SEC-SIGNED", "advice", "8/29.25.0.11.in-addr.arpa"),
}
"""Findings (control, verdict, target) outside the domains: the reverse trees are not signed."""
