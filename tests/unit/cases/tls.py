"""TLS versions and suites, certificates."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.gate.verdict import Verdict
from mailproof.net.errors import NotObserved, Throttled
from mailproof.net.pkix.paths import PathStatus
from mailproof.net.tls.facts import Handshake
from mailproof.net.tls.scan import Robot, ScanQuestion
from mailproof.net.tls.suites import WeakKind
from mailproof.net.tls.versions import TLSVersion
from mailproof.observations.tls import EARLY_DATA, ByDANE, Certificates

from ..observed import (
    CURRENT,
    NO_OFFERS,
    NO_SCAN,
    NO_TLS,
    certificate,
    certificates,
    deep_scan,
    handshake,
    tls_offers,
)
from .case import Case, Table, fails, leaves, passes, skips, undecided

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


_BUG = NotObserved("sslyze has no result (BUG_IN_SSLYZE: KeyError: 1)")


def _scanned(question: str, *cases: Case) -> tuple[Case, ...]:
    """The cases of a control of the deep scan, with those that all of them have."""
    return (
        passes(tls_deep_scan=deep_scan()),
        *cases,
        undecided("BUG_IN_SSLYZE", tls_deep_scan=deep_scan(unanswered={question: _BUG})),
        passes(tls_deep_scan=deep_scan(unanswered={"another question": _BUG})),
        leaves("SMTP-STARTTLS-OFFERED", tls_deep_scan=NO_SCAN),
    )


_EXPIRED = certificate(not_after="2026-11-01T00:00:00Z", not_before="2026-08-01T00:00:00Z")
_OLD_CA = certificate("CN=Old CA", not_after="2020-01-01T00:00:00Z", not_before="2010-01-01T00:00:00Z")


_WEAK_CA = certificate("CN=Weak CA", key=("RSA", 1024))


def _path_without_the_last(seen: Certificates, status: PathStatus = PathStatus.TRUSTED) -> Certificates:
    """As where the last certificate sent is superfluous: the path does not need it."""
    (deployment,) = seen.deployments
    path = replace(
        deployment.path, status=status, path=deployment.path.path[:-1], certificates=deployment.path.certificates[:-1]
    )
    return replace(seen, deployments=(replace(deployment, path=path),))


def _two(first: Certificates, second: Certificates) -> Certificates:
    return replace(first, deployments=first.deployments + second.deployments)


_WITHOUT_TLS = (leaves("SMTP-STARTTLS-OFFERED", certificates=NO_TLS),)
_SPARED_BY_KEY = (
    *_WITHOUT_TLS,
    skips(
        "DANE-EE",
        certificates=certificates(_EXPIRED, status=PathStatus.SELF_SIGNED, matches=False, dane=ByDANE.EE),
    ),
)
_SPARED = (
    *_SPARED_BY_KEY,
    skips(
        "DANE-TA",
        certificates=certificates(_EXPIRED, status=PathStatus.UNTRUSTED_ROOT, matches=False, dane=ByDANE.TA),
    ),
)
_LEFT = {PathStatus.ISSUER_MISSING: "CERT-CHAIN-COMPLETE", PathStatus.INTERMEDIATE_EXPIRED: "CERT-DATES"}
_UNKNOWN = (PathStatus.UNCHECKED, PathStatus.GIVEN_UP)

TABLE: Table = {
    "TLS-NO-SSL2": _refused(TLSVersion.SSLV2),
    "TLS-NO-SSL3": _refused(TLSVersion.SSLV3),
    "TLS-NO-10-11": _refused(TLSVersion.TLS1_0, TLSVersion.TLS1_1),
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
    "TLS-HEARTBLEED": _scanned(
        ScanQuestion.HEARTBLEED,
        fails("answers with its memory", level=MUST, tls_deep_scan=deep_scan(heartbleed=True)),
    ),
    "TLS-CCS": _scanned(
        ScanQuestion.CCS, fails("before the key exchange", level=MUST, tls_deep_scan=deep_scan(early_ccs=True))
    ),
    "TLS-ROBOT": _scanned(
        ScanQuestion.ROBOT,
        passes(tls_deep_scan=deep_scan(robot=Robot.NO_RSA)),
        fails("a strong oracle", level=MUST, tls_deep_scan=deep_scan(robot=Robot.STRONG_ORACLE)),
        fails("a weak oracle", level=MUST, tls_deep_scan=deep_scan(robot=Robot.WEAK_ORACLE)),
    ),
    "TLS-RENEG-SECURE": _scanned(
        ScanQuestion.RENEGOTIATION,
        fails("renegotiation_info", level=MUST, tls_deep_scan=deep_scan(secure_renegotiation=False)),
    ),
    "TLS-RENEG-CLIENT": _scanned(
        ScanQuestion.RENEGOTIATION,
        passes(tls_deep_scan=deep_scan(client_renegotiations=10)),
        fails("11 renegotiations", level=SHOULD, tls_deep_scan=deep_scan(client_renegotiations=11)),
        Case(
            Verdict.FAIL, "more than 0", {"tls_deep_scan": deep_scan(client_renegotiations=1)}, parameters={"most": 0}
        ),
    ),
    "TLS-NO-0RTT": _scanned(
        EARLY_DATA,
        fails("16384 octets", level=SHOULD, tls_deep_scan=deep_scan(early_data=16384)),
        skips("TLS 1.3 is not spoken", tls_deep_scan=deep_scan(early_data=None)),
    ),
    "CERT-TRUST": (
        passes(certificates=certificates()),
        *(
            fails(f"{status}: CN=x", level=SHOULD, certificates=certificates(status=status, detail="CN=x"))
            for status in PathStatus
            if status not in (PathStatus.TRUSTED, *_LEFT, *_UNKNOWN)
        ),
        *(leaves(owner, status, certificates=certificates(status=status)) for status, owner in _LEFT.items()),
        *(undecided(status, certificates=certificates(status=status)) for status in _UNKNOWN),
        fails("self-signed", certificates=_two(certificates(), certificates(status=PathStatus.SELF_SIGNED))),
        fails(
            "self-signed",
            certificates=_two(
                certificates(status=PathStatus.ISSUER_MISSING), certificates(status=PathStatus.SELF_SIGNED)
            ),
        ),
        *_SPARED,
    ),
    "CERT-CHAIN-COMPLETE": (
        passes(certificates=certificates()),
        passes(certificates=certificates(status=PathStatus.SELF_SIGNED)),
        passes(certificates=certificates(status=PathStatus.UNTRUSTED_ROOT)),
        fails(
            "CN=Middle",
            level=SHOULD,
            certificates=certificates(status=PathStatus.ISSUER_MISSING, detail="CN=Middle"),
        ),
        leaves("CERT-TRUST", certificates=certificates(status=PathStatus.GIVEN_UP)),
        *_SPARED,
    ),
    "CERT-NAME": (
        passes(certificates=certificates()),
        fails(
            "names of the certificate: other.example",
            level=SHOULD,
            certificates=certificates(certificate(names=("other.example",)), matches=False),
        ),
        fails("no name at all", certificates=certificates(certificate(names=()), matches=False)),
        *_SPARED,
    ),
    "CERT-DATES": (
        passes(certificates=certificates()),
        passes(certificates=_path_without_the_last(certificates(certificate(), _OLD_CA))),
        passes(certificates=certificates(at="2027-01-21T00:00:00Z")),
        fails("expires in 8 days", level=SHOULD, certificates=certificates(at="2027-01-21T02:00:00Z")),
        fails("expires in 5 hours", certificates=certificates(at="2027-01-29T19:00:00Z")),
        fails("expired on 2026-11-01", level=SHOULD, certificates=certificates(_EXPIRED)),
        fails("CN=Old CA expired", certificates=certificates(certificate(), _OLD_CA)),
        passes(certificates=_path_without_the_last(certificates(certificate(), _OLD_CA), PathStatus.UNTRUSTED_ROOT)),
        passes(certificates=certificates(certificate(), _OLD_CA, root=_OLD_CA.sha256)),
        fails("not valid before 2026-11-01", certificates=certificates(at="2026-10-31T23:59:59Z")),
        fails("expired on 2026-11-01", certificates=certificates(_EXPIRED, dane=ByDANE.TA)),
        *_SPARED_BY_KEY,
    ),
    "CERT-KEY-SIZE": (
        passes(certificates=certificates()),
        passes(certificates=certificates(certificate(key=("EC", 256)))),
        passes(certificates=certificates(certificate(key=("Ed25519", 256)))),
        passes(certificates=certificates(certificate(key=("unknown", None)))),
        fails(
            "RSA 1024 bits, fewer than 2048",
            level=MUST,
            certificates=certificates(certificate(key=("RSA", 1024))),
        ),
        fails("EC 192 bits", certificates=certificates(certificate(), certificate("CN=CA", key=("EC", 192)))),
        fails("RSA 1024", certificates=certificates(certificate(key=("RSA", 1024)), dane=ByDANE.EE)),
        fails("CN=Weak CA", certificates=certificates(certificate(), _WEAK_CA, root=_WEAK_CA.sha256)),
        passes(certificates=_path_without_the_last(certificates(certificate(), _WEAK_CA))),
        *_WITHOUT_TLS,
    ),
}
