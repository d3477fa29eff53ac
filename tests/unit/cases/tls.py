"""TLS versions and cipher suites, and what a deep scan finds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.gate.verdict import Verdict
from mailproof.net.errors import NotObserved, Throttled
from mailproof.net.settings import TLSDepth
from mailproof.net.tls.facts import Handshake, Unanswered
from mailproof.net.tls.offers import Offers
from mailproof.net.tls.scan import Robot, Scan, ScanQuestion
from mailproof.net.tls.suites import WeakKind
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import EARLY_DATA, TLSDeepScan, TLSOffers
from mailproof.targets.services import IMAPEndpoint, MXEndpoint, TLSEndpoint

from ..observed import ADDRESS, ENDPOINT, HOST
from .case import Case, Table, fails, leaves, passes, skips, undecided


def handshake(version: TLSVersion, accepted: bool, offered: str = "all") -> Handshake:
    return Handshake(version, offered, accepted, "SUITE" if accepted else None, None if accepted else "alert")


CURRENT = (TLSVersion.TLS1_2, TLSVersion.TLS1_3)


def tls_offers(
    *accepted: TLSVersion,
    weak: tuple[Handshake, ...] | None = (),
    unanswered: dict[str, NotObserved] | None = None,
    by_smtp: bool = True,
    **found: Any,
) -> TLSOffers:
    """A server that takes the versions ``accepted`` and refuses all others; what failed is not answered.

    ``found`` are other fields of ``Offers``.
    """
    failed = unanswered or {}
    offers = Offers(
        depth=found.pop("depth", TLSDepth.USUAL),
        connections=8,
        versions=tuple(handshake(version, version in accepted) for version in TLSVersion if version not in failed),
        unanswered=tuple(Unanswered(name, f.kind, f.reason, f.evidence) for name, f in failed.items()),
        weak=weak,
        **found,
    )
    return TLSOffers(ENDPOINT, by_smtp, offers)


AT_MX = MXEndpoint(HOST, ADDRESS, 25)
FOR_USERS = IMAPEndpoint(HOST, ADDRESS, 993)

NO_OFFERS = TLSOffers(ENDPOINT, True, None)
"""Of a server that does not offer STARTTLS."""


def deep_scan(
    *,
    early_data: int | None = 0,
    ticket_lifetime: int | None = 7200,
    unanswered: dict[str, NotObserved] | None = None,
    **found: Any,
) -> TLSDeepScan:
    """A scan that finds nothing, with ``found`` and what failed."""
    clean: dict[str, Any] = {
        "heartbleed": False,
        "early_ccs": False,
        "robot": Robot.NO_ORACLE,
        "secure_renegotiation": True,
        "client_renegotiations": 0,
    }
    failed = tuple(Unanswered(name, f.kind, f.reason, f.evidence) for name, f in (unanswered or {}).items())
    return TLSDeepScan(ENDPOINT, Scan(22, **(clean | found)), early_data, failed, ticket_lifetime)


NO_SCAN = TLSDeepScan(ENDPOINT, None)
"""Of a server that does not offer STARTTLS."""


_UNSEEN = Throttled("421 later")


def _refused(*versions: TLSVersion) -> tuple[Case, ...]:
    """The cases of a control that wants each of ``versions`` refused."""
    return (
        passes(tls_offers=tls_offers(*CURRENT)),
        *(fails(f"accepted: {one} (SUITE)", level=MUST, tls_offers=tls_offers(*CURRENT, one)) for one in versions),
        *(undecided("421 later", tls_offers=tls_offers(*CURRENT, unanswered={one: _UNSEEN})) for one in versions),
        fails(
            f"accepted: {versions[-1]}",
            tls_offers=tls_offers(*versions, unanswered=dict.fromkeys((*versions[:-1], TLSVersion.TLS1_3), _UNSEEN)),
        ),
        passes(tls_offers=tls_offers(*CURRENT, unanswered={TLSVersion.TLS1_3: _UNSEEN})),
        skips("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS),
    )


def _weak_suites(kind: WeakKind, other: WeakKind) -> tuple[Case, ...]:
    """The cases of a control that wants suites of a kind refused."""

    def answers(version: TLSVersion, accepted: WeakKind | None) -> tuple[Handshake, ...]:
        return tuple(handshake(version, one is accepted, one) for one in (kind, other))

    return (
        passes(tls_offers=tls_offers(*CURRENT, weak=answers(TLSVersion.TLS1_2, None))),
        passes(tls_offers=tls_offers(*CURRENT, weak=answers(TLSVersion.TLS1_2, other))),
        passes(tls_offers=tls_offers(TLSVersion.TLS1_3)),
        fails(
            "accepted: TLSv1.2 (SUITE)",
            level=MUST,
            tls_offers=tls_offers(*CURRENT, weak=answers(TLSVersion.TLS1_2, kind)),
        ),
        fails(
            "accepted: TLSv1.0 (SUITE)",
            tls_offers=tls_offers(*CURRENT, weak=answers(TLSVersion.TLS1_0, kind) + answers(TLSVersion.TLS1_2, None)),
        ),
        undecided("421 later", tls_offers=tls_offers(*CURRENT, weak=None, unanswered={"weak suites": _UNSEEN})),
        undecided("421 later", tls_offers=tls_offers(*CURRENT, unanswered={kind: _UNSEEN})),
        passes(tls_offers=tls_offers(*CURRENT, unanswered={other: _UNSEEN})),
        undecided("was not asked", tls_offers=tls_offers(*CURRENT, weak=None)),
        leaves("SMTP-STARTTLS-WORKS", "no version of TLS is accepted", tls_offers=tls_offers()),
        leaves("TLS-12-OR-13", "no version of TLS is accepted", tls_offers=tls_offers(by_smtp=False)),
        leaves("SMTP-STARTTLS-WORKS", tls_offers=tls_offers(TLSVersion.SSLV2)),
        skips("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS),
    )


def at(endpoint: TLSEndpoint, case: Case) -> Case:
    """The case at an endpoint."""
    return replace(case, observed={**case.observed, "tls_endpoint": endpoint})


def _tolerated(role: str, case: Case) -> Case:
    return replace(case, parameters={"except_roles": (role,)})


_BUG = NotObserved("sslyze has no result (BUG_IN_SSLYZE: KeyError: 1)")


def of_scan(question: str, *cases: Case) -> tuple[Case, ...]:
    """The cases of a control of the deep scan, with those that all of them have."""
    return (
        passes(tls_deep_scan=deep_scan()),
        *cases,
        undecided("BUG_IN_SSLYZE", tls_deep_scan=deep_scan(unanswered={question: _BUG})),
        passes(tls_deep_scan=deep_scan(unanswered={"another question": _BUG})),
        leaves("SMTP-STARTTLS-OFFERED", tls_deep_scan=NO_SCAN),
    )


TABLE: Table = {
    "TLS-NO-SSL2": _refused(TLSVersion.SSLV2),
    "TLS-NO-SSL3": _refused(TLSVersion.SSLV3),
    "TLS-NO-10-11": (
        *(at(AT_MX, case) for case in _refused(TLSVersion.TLS1_0, TLSVersion.TLS1_1)),
        at(AT_MX, _tolerated("mx", skips("except_roles", tls_offers=tls_offers(*CURRENT, TLSVersion.TLS1_0)))),
        at(FOR_USERS, _tolerated("mx", fails("TLSv1.0", tls_offers=tls_offers(*CURRENT, TLSVersion.TLS1_0)))),
    ),
    "TLS-NO-RC4": _weak_suites(WeakKind.RC4, WeakKind.TRIPLE_DES),
    "TLS-NO-3DES": _weak_suites(WeakKind.TRIPLE_DES, WeakKind.RC4),
    "TLS-12-OR-13": (
        *(passes(tls_offers=tls_offers(version)) for version in CURRENT),
        passes(tls_offers=tls_offers(TLSVersion.TLS1_3, unanswered={TLSVersion.TLS1_2: _UNSEEN})),
        fails("neither TLS 1.2 nor TLS 1.3", level=MUST, tls_offers=tls_offers(TLSVersion.TLS1_1)),
        fails("TLSv1.2: alert", tls_offers=tls_offers()),
        undecided("421 later", tls_offers=tls_offers(unanswered={TLSVersion.TLS1_2: _UNSEEN})),
        skips("SMTP-STARTTLS-OFFERED", tls_offers=NO_OFFERS),
    ),
    "TLS-HEARTBLEED": of_scan(
        ScanQuestion.HEARTBLEED,
        fails("answers with its memory", level=MUST, tls_deep_scan=deep_scan(heartbleed=True)),
    ),
    "TLS-CCS": of_scan(
        ScanQuestion.CCS, fails("before the key exchange", level=MUST, tls_deep_scan=deep_scan(early_ccs=True))
    ),
    "TLS-ROBOT": of_scan(
        ScanQuestion.ROBOT,
        passes(tls_deep_scan=deep_scan(robot=Robot.NO_RSA)),
        fails("a strong oracle", level=MUST, tls_deep_scan=deep_scan(robot=Robot.STRONG_ORACLE)),
        fails("a weak oracle", level=MUST, tls_deep_scan=deep_scan(robot=Robot.WEAK_ORACLE)),
    ),
    "TLS-RENEG-SECURE": of_scan(
        ScanQuestion.RENEGOTIATION,
        fails("renegotiation_info", level=MUST, tls_deep_scan=deep_scan(secure_renegotiation=False)),
    ),
    "TLS-RENEG-CLIENT": of_scan(
        ScanQuestion.RENEGOTIATION,
        passes(tls_deep_scan=deep_scan(client_renegotiations=10)),
        fails("11 renegotiations", level=SHOULD, tls_deep_scan=deep_scan(client_renegotiations=11)),
        Case(
            Verdict.FAIL, "more than 0", {"tls_deep_scan": deep_scan(client_renegotiations=1)}, parameters={"most": 0}
        ),
    ),
    "TLS-NO-0RTT": of_scan(
        EARLY_DATA,
        fails("16384 octets", level=SHOULD, tls_deep_scan=deep_scan(early_data=16384)),
        skips("TLS 1.3 is not spoken", tls_deep_scan=deep_scan(early_data=None)),
    ),
}
