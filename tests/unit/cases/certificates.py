"""Certificates."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.net.pkix.paths import PathStatus
from mailproof.observations.dane import DATES_COUNT, NAMES_COUNT
from mailproof.observations.tls import ByDANE, Certificates

from ..observed import ENDPOINT, HOST, certificate, certificates
from .case import Table, fails, leaves, passes, skips, undecided

NO_TLS = Certificates(ENDPOINT, HOST, "2026-11-22T00:00:00Z", False, ())
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
        leaves("DANE-MATCH", certificates=replace(certificates(matches=False), told_by_dane=(NAMES_COUNT,))),
        fails("is not among", certificates=replace(certificates(matches=False), told_by_dane=(DATES_COUNT,))),
        passes(certificates=replace(certificates(), told_by_dane=(NAMES_COUNT,))),
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
        leaves("DANE-MATCH", certificates=replace(certificates(_EXPIRED), told_by_dane=(DATES_COUNT,))),
        fails("expired", certificates=replace(certificates(_EXPIRED), told_by_dane=(NAMES_COUNT,))),
        passes(certificates=replace(certificates(), told_by_dane=(DATES_COUNT,))),
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
