"""Cipher suites of TLS: weak ones, those out of date, and their order."""

from __future__ import annotations

from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.net.errors import Throttled
from mailproof.net.settings import TLSDepth
from mailproof.net.tls.facts import Dated, DiffieHellman, Handshake, SuiteList
from mailproof.net.tls.suites import DatedKind, WeakKind
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import TLSOffers

from .case import Case, Table, advises, fails, leaves, passes, skips, undecided
from .tls import AT_MX, CURRENT, FOR_USERS, NO_OFFERS, at, handshake, tls_offers

GOOD = "ECDHE-RSA-AES128-GCM-SHA256"
_CHOSEN = {
    DatedKind.STATIC: "AES128-GCM-SHA256",
    DatedKind.DHE: "DHE-RSA-AES128-GCM-SHA256",
    DatedKind.CBC: "ECDHE-RSA-AES128-SHA256",
}
FFDHE_3072 = DiffieHellman(3072, "ffdhe3072", 2)
MODP_1024 = DiffieHellman(1024, "modp1024", 2)
OWN_2048 = DiffieHellman(2048, "c4a3", 2)
OWN_1536 = DiffieHellman(1536, "modp1536", 2)


def dated(*accepted: DatedKind, cipher: str = "", **more: Any) -> tuple[Dated, ...]:
    """What came of offering suites that are out of date: those of these kinds are accepted."""
    return tuple(
        Dated(kind, True, cipher or _CHOSEN[kind], **more) if kind in accepted else Dated(kind, False, error="alert")
        for kind in DatedKind
    )


def offers(*accepted: DatedKind, **found: Any) -> TLSOffers:
    return tls_offers(*CURRENT, dated=dated(*accepted, **found))


def full(*accepted: TLSVersion, **found: Any) -> TLSOffers:
    """A server of which everything was asked."""
    return tls_offers(*(accepted or CURRENT), depth=TLSDepth.FULL, **found)


def listed(*suites: str, server_order: bool | None = True) -> tuple[SuiteList, ...]:
    return (
        SuiteList(TLSVersion.TLS1_3, ("TLS_AES_256_GCM_SHA384",), None),
        SuiteList(TLSVersion.TLS1_2, suites, server_order),
    )


def unanswered(question: str) -> tuple[Case, ...]:
    """What every control says that asks for the full depth, where that got no answer, or there is no TLS."""
    return (
        undecided("421 later", tls_lists=full(unanswered={question: UNSEEN})),
        leaves("SMTP-STARTTLS-OFFERED", tls_lists=NO_OFFERS),
    )


UNSEEN = Throttled("421 later")
_UNANSWERED = undecided("421 later", tls_offers=tls_offers(*CURRENT, unanswered={"suites out of date": UNSEEN}))
_NOT_ASKED = undecided("was not asked", tls_offers=tls_offers(*CURRENT))
_ONLY_13 = tls_offers(TLSVersion.TLS1_3, dated=())


def _weak(*accepted: WeakKind) -> tuple[Handshake, ...]:
    return tuple(handshake(TLSVersion.TLS1_2, kind in accepted, kind) for kind in WeakKind)


def _of_dated(kind: DatedKind, *cases: Case) -> tuple[Case, ...]:
    """The cases of a control that looks at one kind of suites out of date, at a server for users."""
    others = tuple(other for other in DatedKind if other is not kind)
    always = (
        skips("TLS 1.2 is not spoken", tls_offers=_ONLY_13),
        _UNANSWERED,
        _NOT_ASKED,
        leaves("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS),
    )
    return (*(at(FOR_USERS, case) for case in (passes(tls_offers=offers(*others)), *always)), *cases)


TABLE: Table = {
    "TLS-NO-NULL": (
        at(AT_MX, passes(tls_offers=tls_offers(*CURRENT, weak=_weak(WeakKind.RC4, WeakKind.EXPORT)))),
        *(
            at(AT_MX, fails("accepted: TLSv1.2", level=MUST, tls_offers=tls_offers(*CURRENT, weak=_weak(kind))))
            for kind in (WeakKind.NULL, WeakKind.DES)
        ),
        at(AT_MX, advises("anonymous", tls_offers=tls_offers(*CURRENT, weak=_weak(WeakKind.ANONYMOUS)))),
        at(FOR_USERS, fails("accepted", level=MUST, tls_offers=tls_offers(*CURRENT, weak=_weak(WeakKind.ANONYMOUS)))),
        at(AT_MX, undecided("421", tls_offers=tls_offers(*CURRENT, weak=None, unanswered={"weak suites": UNSEEN}))),
        at(AT_MX, leaves("SMTP-STARTTLS-WORKS", tls_offers=tls_offers())),
        at(AT_MX, leaves("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS)),
    ),
    "TLS-FREAK-LOGJAM": (
        passes(tls_offers=tls_offers(*CURRENT, weak=_weak(WeakKind.RC4), dated=dated())),
        passes(tls_offers=offers(DatedKind.DHE, group=OWN_1536)),
        fails("accepted", level=MUST, tls_offers=tls_offers(*CURRENT, weak=_weak(WeakKind.EXPORT), dated=dated())),
        fails("1024 bits (modp1024)", level=MUST, tls_offers=offers(DatedKind.DHE, group=MODP_1024)),
        _UNANSWERED,
        leaves("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS),
    ),
    "TLS-FS": _of_dated(
        DatedKind.STATIC,
        at(FOR_USERS, fails("AES128-GCM-SHA256", level=MUST, tls_offers=offers(DatedKind.STATIC))),
        at(
            FOR_USERS,
            fails("ECDH-RSA", level=SHOULD, tls_offers=offers(DatedKind.STATIC, cipher="ECDH-RSA-AES128-SHA")),
        ),
        at(AT_MX, advises("without forward secrecy", tls_offers=offers(DatedKind.STATIC))),
    ),
    "TLS-NO-DHE": _of_dated(
        DatedKind.DHE,
        at(FOR_USERS, fails("3072 bits (ffdhe3072)", level=MUST, tls_offers=offers(DatedKind.DHE, group=FFDHE_3072))),
        at(FOR_USERS, fails("accepted: DHE-RSA", level=MUST, tls_offers=offers(DatedKind.DHE))),
        at(AT_MX, advises("ffdhe3072", tls_offers=offers(DatedKind.DHE, group=FFDHE_3072))),
        at(AT_MX, leaves("TLS-FREAK-LOGJAM", tls_offers=offers(DatedKind.DHE, group=MODP_1024))),
        at(AT_MX, leaves("TLS-DHE-GROUP", tls_offers=offers(DatedKind.DHE, group=OWN_2048))),
        at(AT_MX, leaves("TLS-DHE-GROUP", tls_offers=offers(DatedKind.DHE, group=OWN_1536))),
    ),
    "TLS-DHE-GROUP": (
        passes(tls_offers=offers(DatedKind.DHE, group=FFDHE_3072)),
        fails("1536 bits", level=MUST, tls_offers=offers(DatedKind.DHE, group=OWN_1536)),
        fails("a prime that no RFC", level=SHOULD, tls_offers=offers(DatedKind.DHE, group=OWN_2048)),
        leaves("TLS-FREAK-LOGJAM", tls_offers=offers(DatedKind.DHE, group=MODP_1024)),
        skips("no Diffie-Hellman", tls_offers=offers()),
        skips("no Diffie-Hellman", tls_offers=_ONLY_13),
        _UNANSWERED,
        leaves("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS),
    ),
    "TLS-DHEAT": (
        passes(tls_lists=full(groups=("x25519", "secp256r1"))),
        passes(tls_lists=full(TLSVersion.TLS1_2, groups=())),
        advises("takes ffdhe2048, ffdhe3072", tls_lists=full(groups=("x25519", "ffdhe2048", "ffdhe3072"))),
        *unanswered("groups of TLS 1.3"),
    ),
    "TLS-ETM": (
        at(FOR_USERS, passes(tls_offers=offers(DatedKind.CBC, encrypt_then_mac=True))),
        at(FOR_USERS, fails("without encrypt-then-MAC", level=SHOULD, tls_offers=offers(DatedKind.CBC))),
        at(AT_MX, advises("without encrypt-then-MAC", tls_offers=offers(DatedKind.CBC))),
        at(AT_MX, skips("no suite in CBC mode", tls_offers=offers(DatedKind.STATIC))),
        at(AT_MX, skips("TLS 1.2 is not spoken", tls_offers=_ONLY_13)),
        at(AT_MX, _UNANSWERED),
        at(AT_MX, leaves("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS)),
    ),
    "TLS-NO-CBC": (
        passes(tls_offers=offers(DatedKind.STATIC)),
        advises("ECDHE-RSA-AES128-SHA256", tls_offers=offers(DatedKind.CBC, encrypt_then_mac=True)),
        leaves("TLS-ETM", tls_offers=offers(DatedKind.CBC)),
        skips("TLS 1.2 is not spoken", tls_offers=_ONLY_13),
        _UNANSWERED,
        leaves("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS),
    ),
    "TLS-CIPHER-ORDER": (
        passes(tls_lists=full(suites=listed(GOOD, "AES128-SHA"))),
        fails(
            "AES128-SHA as well as", level=MUST, tls_lists=full(suites=listed(GOOD, "AES128-SHA", server_order=False))
        ),
        fails("AES128-SHA is chosen before", level=MUST, tls_lists=full(suites=listed("AES128-SHA", GOOD))),
        skips("no suites out of date", tls_lists=full(suites=listed(GOOD, server_order=None))),
        skips("no suites out of date", tls_lists=full(suites=listed("AES128-SHA", "AES256-SHA", server_order=False))),
        skips("TLS 1.2 is not spoken", tls_lists=full(TLSVersion.TLS1_3, suites=listed(GOOD)[:1])),
        *unanswered("suites"),
    ),
}
