"""Faults of what domains tell mail programs."""

from __future__ import annotations

from tests.real.client_settings import AUTO_STORE, Auto
from tests.real.domains import Domain

NETWORK = 103

DOMAINS = (
    Domain(
        "auto-srv-port",
        "the SRV record for IMAP with TLS at once names the port in clear",
        records={"_imaps._tcp SRV": (f"0 1 143 {AUTO_STORE}.",)},
        auto=Auto(imap_port=143),
        fail=("AUTO-SRV",),
        advice=("AUTO-AGREE",),
        why="Autodiscover still names the right port.",
    ),
    Domain(
        "auto-no-document",
        "autoconfig exists, and has no document",
        auto=Auto(autoconfig="return 404;"),
        fail=("AUTO-CONFIG",),
    ),
    Domain(
        "auto-no-discovery",
        "autodiscover exists, and answers nothing of the kind",
        auto=Auto(autodiscover="return 404;"),
        fail=("AUTO-DISCOVER",),
    ),
    Domain(
        "auto-disagrees",
        "autoconfig names another port than SRV and Autodiscover",
        auto=Auto(imap_port=143),
        advice=("AUTO-AGREE",),
    ),
    Domain(
        "auto-no-session",
        "no JMAP session where the SRV record leads",
        auto=Auto(jmap="return 404;"),
        fail=("AUTO-JMAP",),
    ),
    Domain(
        "auto-sieve-clear",
        "the SRV record for ManageSieve leads to a server without STARTTLS that nobody names",
        records={
            "_sieve._tcp SRV": ("0 1 4190 sieve",),
            "sieve A": ("STORE imap-no-starttls",),
            "sieve TXT": ("v=spf1 -all",),
        },
        auto=Auto(),
        fail=("AUTO-SIEVE",),
    ),
    Domain(
        "auto-other-name",
        "the SRV record names the server otherwise than its certificate",
        records={
            "_imaps._tcp SRV": ("0 1 993 imap",),
            "imap A": ("STORE right-auto",),
            "imap TXT": ("v=spf1 -all",),
        },
        auto=Auto(),
        fail=("CLIENT-TLS",),
        advice=("AUTO-AGREE",),
    ),
)
