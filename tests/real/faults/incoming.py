"""Faults of servers in what they do with mail that comes in. Only an exercise shows them: tests/real/exercised.py."""

from __future__ import annotations

from tests.real.controls import OPENSMTPD_SPEAKS
from tests.real.domains import EXIM, OPENSMTPD, POSTFIX, Domain, Server

NETWORK = 141

FILTERED = "smtpd_milters = inet:127.0.0.1:8891, inet:127.0.0.1:8893"
"""OpenDKIM and OpenDMARC, as they should be."""
RSPAMD, RSPAMD_AS_PACKAGED = "smtpd_milters = inet:127.0.0.1:8894", "smtpd_milters = inet:127.0.0.1:8895"
CREDULOUS = "smtpd_milters = inet:127.0.0.1:8892"
"""OpenDKIM alone, which validates no DNS and counts no From fields."""

KEY = ("v=DKIM1; k=rsa; p=RSA-SIGNER",)
BOGUS_DOMAIN = "bogus"
"""The label of the domain of another family whose DNSSEC is broken."""

SENDER = "exercise-sender"
"""The label of the domain that test messages come from."""


def _senders(source: str) -> dict[str, tuple[str, ...]]:
    """What `mailproof exercise --records` says that the test domain has to publish."""
    authorised = f"v=spf1 ip4:{source} -all"
    names = {
        "right": (authorised, "none"),
        "nobody": ("v=spf1 -all", "none"),
        "reject": ("v=spf1 -all", "reject"),
        "quarantine": ("v=spf1 -all", "quarantine"),
        "reject-spf": (authorised, "reject"),
    }
    records: dict[str, tuple[str, ...]] = {}
    for name, (spf, policy) in names.items():
        records[f"{name} A"] = (source,)
        records[f"{name} TXT"] = (spf,)
        records[f"_dmarc.{name} TXT"] = (f"v=DMARC1; p={policy}; adkim=s; aspf=s",)
    return records | {f"mailproof._domainkey.{name} TXT": KEY for name in ("right", "reject")}


SENDERS = _senders("11.255.0.2")
"""The records of that domain; the address is that of the laboratory's client."""

DOMAINS = (
    Domain(
        "exercise-smuggled",
        "a bare LF is a line end, so LF.CRLF ends a message",
        Server(POSTFIX, (FILTERED, "smtpd_forbid_bare_newline = no")),
        fail=("SMTP-SMUGGLING",),
    ),
    Domain(
        "exercise-unchecked",
        "looks neither for SPF nor for DKIM and DMARC",
        Server(POSTFIX),
        caused_by="no smtpd_milters",
        fail=("IN-SPF", "IN-DMARC"),
        inconclusive=("IN-DKIM", "IN-DNSSEC"),
        why="A server that writes no results does not say whether it verifies signatures.",
    ),
    Domain(
        "exercise-exim",
        "has no DMARC, and believes two From fields; it sends and knows no MTA-STS",
        Server(EXIM),
        caused_by="acl_smtp_data: authresults of SPF and DKIM, and nothing is refused; hosts_try_dane = *",
        fail=("IN-DMARC", "IN-DKIM", "OUT-STS"),
        why="Debian's Exim is built without DMARC; it verifies a signature whatever fields the message has. It does "
        "DANE when it sends, and cannot do MTA-STS.",
    ),
    Domain(
        "exercise-opensmtpd",
        "looks neither for SPF nor for DKIM and DMARC, and a bare LF is a line end; it sends and knows no DANE and no "
        "MTA-STS",
        Server(OPENSMTPD, ("no tls",)),
        records={"_25._tcp.mx TLSA": ()},
        caused_by="no filter; a relay action as packaged; submission behind stunnel",
        fail=(
            "IN-SPF",
            "IN-DMARC",
            "OUT-DANE",
            "OUT-STS",
            "SMTP-SMUGGLING",
            "SMTP-STARTTLS-OFFERED",
            *OPENSMTPD_SPEAKS,
        ),
        inconclusive=("IN-DKIM", "IN-DNSSEC"),
        advice=("DANE-EXISTS",),
        why="OpenSMTPD leaves all of that to filters and has no way to look up TLSA records or policies. "
        "A server that writes no results does not say whether it verifies signatures. What it takes for commands it "
        "refuses as pipelining, unless it comes in another packet.",
    ),
    Domain(
        "exercise-credulous",
        "believes two From fields, and DNS answers that are bogus",
        Server(POSTFIX, (CREDULOUS,)),
        caused_by="OpenDKIM: StrictHeaders no, a resolver that does not validate; no OpenDMARC",
        fail=("IN-DKIM", "IN-DNSSEC", "IN-DMARC", "IN-SPF"),
        why="Without OpenDMARC nobody checks SPF and DMARC.",
    ),
    Domain(
        "exercise-packaged",
        "rspamd looks at SPF, DKIM and DMARC, and as it is packaged does nothing about it and writes nothing down",
        Server(POSTFIX, (RSPAMD_AS_PACKAGED,)),
        caused_by="rspamd: no actions in modules.d/dmarc.conf, no headers in modules.d/milter_headers.conf",
        fail=("IN-SPF", "IN-DMARC"),
        inconclusive=("IN-DKIM", "IN-DNSSEC"),
        why="A server that writes no results does not say whether it verifies signatures.",
    ),
)
