"""The key exchange of TLS."""

from __future__ import annotations

from mailproof.controls import MUST, SHOULD
from mailproof.net.tls.versions import TLSVersion

from .case import Table, advises, fails, leaves, passes, skips, undecided
from .tls import AT_MX, CURRENT, FOR_USERS, NO_OFFERS, at, tls_offers
from .tls_suites import UNSEEN, full, unanswered

_HYBRID = "X25519MLKEM768"
_NO_TLS = leaves("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS)
_ONLY_12 = skips("TLS 1.3 is not spoken", tls_offers=tls_offers(TLSVersion.TLS1_2, hybrid="", group=""))

TABLE: Table = {
    "TLS-PQ-KEX": (
        passes(tls_offers=tls_offers(*CURRENT, hybrid=_HYBRID, group="x25519")),
        advises("no post-quantum", tls_offers=tls_offers(*CURRENT, hybrid="", group="x25519")),
        undecided("421 later", tls_offers=tls_offers(*CURRENT, unanswered={"post-quantum groups": UNSEEN})),
        undecided("421 later", tls_offers=tls_offers(unanswered={TLSVersion.TLS1_3: UNSEEN})),
        _ONLY_12,
        _NO_TLS,
    ),
    "TLS-PQ-PREFERRED": (
        passes(tls_offers=tls_offers(*CURRENT, hybrid=_HYBRID, group=_HYBRID)),
        advises(f"{_HYBRID} is taken, and x25519 is", tls_offers=tls_offers(*CURRENT, hybrid=_HYBRID, group="x25519")),
        leaves("TLS-PQ-KEX", tls_offers=tls_offers(*CURRENT, hybrid="", group="x25519")),
        undecided("421", tls_offers=tls_offers(*CURRENT, hybrid=_HYBRID, unanswered={"group of TLS 1.3": UNSEEN})),
        _ONLY_12,
        _NO_TLS,
    ),
    "TLS-KEX-HASH": (
        at(AT_MX, passes(tls_offers=tls_offers(*CURRENT, sha1=False))),
        at(FOR_USERS, fails("signed with SHA-1", level=MUST, tls_offers=tls_offers(*CURRENT, sha1=True))),
        at(AT_MX, advises("signed with SHA-1", tls_offers=tls_offers(*CURRENT, sha1=True))),
        at(AT_MX, skips("TLS 1.2 is not spoken", tls_offers=tls_offers(TLSVersion.TLS1_3))),
        at(AT_MX, undecided("421", tls_offers=tls_offers(*CURRENT, unanswered={"signatures over SHA-1": UNSEEN}))),
        at(AT_MX, _NO_TLS),
    ),
    "TLS-EPHEMERAL-FRESH": (
        passes(tls_offers=tls_offers(*CURRENT, reused="")),
        fails("the same value (secp256r1)", level=SHOULD, tls_offers=tls_offers(*CURRENT, reused="secp256r1")),
        skips("fewer than two", tls_offers=tls_offers(TLSVersion.TLS1_3)),
        _NO_TLS,
    ),
    "TLS-ECDHE-CURVES": (
        passes(tls_lists=full(curves=("x25519", "secp256r1", "brainpoolP256r1"), groups=("x448", "secp521r1"))),
        passes(tls_lists=full(curves=(), groups=())),
        fails("below 224 bits: secp192r1", level=MUST, tls_lists=full(curves=("secp256r1", "secp192r1"))),
        fails("below 224 bits: sect163k1", tls_lists=full(curves=("sect163k1", "sect571r1"))),
        fails("withdrawn: secp224r1, secp256k1", level=SHOULD, tls_lists=full(curves=("secp224r1", "secp256k1"))),
        *unanswered("curves"),
    ),
}
