"""How a server speaks TLS."""

from __future__ import annotations

from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.gate.verdict import Verdict
from mailproof.net.tls.facts import ALPN, Tolerance, Traits, WithoutSNI
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import TICKETS, TLSOffers

from .case import Case, Table, advises, fails, leaves, passes, skips, undecided
from .tls import AT_MX, CURRENT, FOR_USERS, NO_OFFERS, at, deep_scan, of_scan, tls_offers
from .tls_suites import UNSEEN, full, unanswered


def _showing(version: TLSVersion = TLSVersion.TLS1_2, **different: Any) -> TLSOffers:
    """A server whose newest version with a handshake in clear shows what is right, except for what is ``different``."""
    shown: dict[str, Any] = {
        "extended_master_secret": True,
        "secure_renegotiation": True,
        "compression": False,
        "session_tickets": True,
        "stapled": False,
        "timestamps": False,
    }
    traits = Traits(version, "ECDHE-RSA-AES128-GCM-SHA256", "x25519", "rsa_pss_rsae_sha256", **(shown | different))
    return tls_offers(*CURRENT, traits=traits)


def _without_sni(shown: WithoutSNI | None) -> TLSOffers:
    return tls_offers(*CURRENT, without_sni=shown)


_SERVED = WithoutSNI(True, same=True)
_OTHER = WithoutSNI(True, same=False, names=("other.example",))
_REFUSED = WithoutSNI(False, "alert unrecognized name")

_OF_TRAITS = (
    skips("only TLS 1.3", tls_offers=tls_offers(TLSVersion.TLS1_3)),
    undecided("421 later", tls_offers=tls_offers(*CURRENT, unanswered={"traits": UNSEEN})),
    leaves("SMTP-STARTTLS-WORKS", tls_offers=tls_offers()),
    leaves("TLS-12-OR-13", tls_offers=tls_offers(by_smtp=False)),
    leaves("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS),
)


def _alpn(**refused: bool) -> TLSOffers:
    names = {"http": "http/1.1", "imap": "imap"}
    return full(alpn=tuple(ALPN(names[name], not is_refused, is_refused) for name, is_refused in refused.items()))


def _tolerating(wrong: str) -> tuple[Case, ...]:
    fault = {"large": True, "reserved": True, wrong: False}
    return (
        passes(tls_lists=full(tolerance=Tolerance(True, True))),
        fails("no end of", level=MUST, tls_lists=full(tolerance=Tolerance(**fault, error="no end of the handshake"))),
        passes(tls_lists=full(tolerance=Tolerance(wrong == "large", wrong == "reserved", "silence"))),
        skips("what clients usually offer", tls_lists=full()),
        *unanswered("large hellos and reserved values"),
    )


TABLE: Table = {
    "TLS-EMS": (
        passes(tls_offers=_showing()),
        fails("no extended master secret", level=MUST, tls_offers=_showing(extended_master_secret=False)),
        skips("TLS 1.2 is not spoken", tls_offers=_showing(TLSVersion.TLS1_1, extended_master_secret=False)),
        *_OF_TRAITS,
    ),
    "TLS-COMPRESSION": (
        passes(tls_offers=_showing()),
        fails("TLSv1.2 is compressed", level=SHOULD, tls_offers=_showing(compression=True)),
        *_OF_TRAITS,
    ),
    "TLS-SNI": (
        at(AT_MX, passes(tls_offers=_without_sni(_SERVED))),
        at(AT_MX, passes(tls_offers=_without_sni(_OTHER))),
        at(AT_MX, passes(tls_offers=_without_sni(WithoutSNI(True)))),
        at(AT_MX, fails("refused: alert unrecognized name", level=MUST, tls_offers=_without_sni(_REFUSED))),
        at(FOR_USERS, passes(tls_offers=_without_sni(_SERVED))),
        at(FOR_USERS, leaves("CERT-NO-SNI-LEAK", tls_offers=_without_sni(_OTHER))),
        at(FOR_USERS, advises("refused", tls_offers=_without_sni(_REFUSED))),
        at(AT_MX, skips("no hello that a name", tls_offers=_without_sni(None))),
        at(
            AT_MX,
            undecided("421", tls_offers=tls_offers(*CURRENT, unanswered={"a hello without a name": UNSEEN})),
        ),
        at(AT_MX, leaves("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS)),
    ),
    "TLS-DOWNGRADE": (
        passes(tls_lists=full(fallback_refused=True)),
        fails("TLS_FALLBACK_SCSV", level=MUST, tls_lists=full(fallback_refused=False)),
        skips("one version", tls_lists=full(TLSVersion.TLS1_3)),
        *unanswered("fallback"),
    ),
    "TLS-ALPN-STRICT": (
        passes(tls_lists=_alpn(http=True)),
        passes(tls_lists=_alpn(http=True, imap=False)),
        advises("a client that offers http/1.1 is served", tls_lists=_alpn(http=False)),
        fails("imap is refused", level=SHOULD, tls_lists=_alpn(http=True, imap=True)),
        skips("no version of TLS", tls_lists=full(alpn=())),
        *unanswered("ALPN"),
    ),
    "TLS-PQ-TOLERANT": _tolerating("large"),
    "TLS-GREASE": _tolerating("reserved"),
    "TLS-SESSION-LIFETIME": of_scan(
        TICKETS,
        fails("720 hours", level=MUST, tls_deep_scan=deep_scan(ticket_lifetime=720 * 3600)),
        passes(tls_deep_scan=deep_scan(ticket_lifetime=168 * 3600)),
        Case(
            Verdict.FAIL,
            "more than 48",
            {"tls_deep_scan": deep_scan(ticket_lifetime=72 * 3600)},
            parameters={"most_hours": 48},
        ),
        skips("gives no ticket", tls_deep_scan=deep_scan(ticket_lifetime=None)),
    ),
}
