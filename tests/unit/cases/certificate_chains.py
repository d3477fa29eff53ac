"""The chains of certificates that servers send."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.net.pkix.certificates import Certificate, Chain
from mailproof.net.pkix.paths import PathResult, PathStatus
from mailproof.observations.certificates import CertificateContents, NamelessCertificate
from mailproof.observations.tls import ByDANE, Certificates, Deployment

from ..observed import ENDPOINT, HOST, certificate, certificate_contents, certificates
from .case import Table, advises, fails, leaves, passes, skips, undecided
from .certificates import NO_TLS

NOTHING = CertificateContents(ENDPOINT, ())
"""Where no TLS is on offer."""
PUBLIC = certificate_contents(public=True)


def _issued(name: str, issuer: str) -> Certificate:
    return replace(certificate(f"CN={name}"), issuer=f"CN={issuer}")


LEAF, LOWER, UPPER, ROOT = (
    _issued(*pair) for pair in (("leaf", "lower"), ("lower", "upper"), ("upper", "root"), ("root",) * 2)
)
CROSS = replace(_issued("upper", "elder"), sha256="cc")
ELDER, FOREIGN = _issued("elder", "elder"), _issued("foreign", "foreign")
PATH = (LEAF, LOWER, UPPER, ROOT)


def in_order(
    *chain: Certificate, status: PathStatus = PathStatus.TRUSTED, path: tuple[Certificate, ...] = PATH
) -> Certificates:
    """``chain`` as it is sent, where ``path`` leads to the root."""
    last = path[-1].sha256 if path[-1].subject == path[-1].issuer else ""
    result = PathResult(status, tuple(c.subject for c in path), "", tuple(c.sha256 for c in path), last)
    return replace(certificates(), deployments=(Deployment(Chain(("PEM",) * len(chain), chain), result, True),))


def _dated(not_before: str, not_after: str) -> Certificates:
    return certificates(certificate(not_before=not_before, not_after=not_after))


def _nameless(*names: str, **changes: object) -> NamelessCertificate:
    return replace(NamelessCertificate(ENDPOINT, HOST, names or None), **changes)  # type: ignore[arg-type]


_BY_DANE = tuple(
    skips(usage, certificates=certificates(dane=usage), certificate_contents=PUBLIC) for usage in (ByDANE.EE, ByDANE.TA)
)
_NO_TLS = leaves("SMTP-STARTTLS-OFFERED", certificates=NO_TLS, certificate_contents=NOTHING)
_NOT_PUBLIC = skips("public CA", certificates=certificates(), certificate_contents=certificate_contents())

TABLE: Table = {
    "CERT-CHAIN-ORDER": (
        passes(certificates=certificates()),
        passes(certificates=in_order(LEAF, LOWER, UPPER)),
        passes(certificates=in_order(LEAF, LOWER, UPPER, ROOT)),
        passes(certificates=in_order(LEAF, LOWER, UPPER, CROSS)),
        passes(certificates=in_order(LEAF, LOWER, UPPER, CROSS, ELDER)),
        passes(certificates=in_order(LEAF, status=PathStatus.ISSUER_MISSING, path=(LEAF,))),
        fails("CN=leaf > CN=upper > CN=lower", level=SHOULD, certificates=in_order(LEAF, UPPER, LOWER)),
        fails("not in the order", certificates=in_order(LEAF, ROOT, LOWER, UPPER)),
        fails("issued by CN=foreign", level=SHOULD, certificates=in_order(LEAF, LOWER, UPPER, FOREIGN)),
        fails("sent twice: CN=lower", certificates=in_order(LEAF, LOWER, LOWER, UPPER)),
        leaves(
            "CERT-CHAIN-COMPLETE",
            certificates=in_order(LEAF, FOREIGN, status=PathStatus.ISSUER_MISSING, path=(LEAF,)),
        ),
        leaves("CERT-TRUST", certificates=in_order(LEAF, FOREIGN, status=PathStatus.GIVEN_UP, path=(LEAF,))),
        leaves("SMTP-STARTTLS-OFFERED", certificates=NO_TLS),
        *(skips(usage, certificates=certificates(dane=usage)) for usage in (ByDANE.EE, ByDANE.TA)),
    ),
    "CERT-NO-ROOT": (
        passes(certificates=in_order(LEAF, LOWER, UPPER), certificate_contents=PUBLIC),
        advises("the root CN=root is sent", certificates=in_order(*PATH), certificate_contents=PUBLIC),
        skips("DANE-TA", certificates=in_order(*PATH), certificate_contents=replace(PUBLIC, names_anchor=True)),
        undecided(
            "is not known", certificates=in_order(*PATH), certificate_contents=replace(PUBLIC, names_anchor=None)
        ),
        passes(certificates=in_order(LEAF, LOWER, UPPER), certificate_contents=replace(PUBLIC, names_anchor=None)),
        passes(certificates=in_order(ROOT, path=(ROOT,), status=PathStatus.SELF_SIGNED), certificate_contents=PUBLIC),
        leaves(
            "CERT-TRUST",
            certificates=in_order(*PATH, status=PathStatus.UNTRUSTED_ROOT),
            certificate_contents=certificate_contents(),
        ),
        *_BY_DANE,
        _NO_TLS,
    ),
    "CERT-LIFETIME": (
        passes(certificates=_dated("2020-09-01T00:00:00Z", "2021-10-03T23:59:59Z"), certificate_contents=PUBLIC),
        passes(certificates=_dated("2018-03-01T00:00:00Z", "2020-06-02T23:59:59Z"), certificate_contents=PUBLIC),
        fails(
            "more than 398 days",
            level=MUST,
            certificates=_dated("2026-03-14T23:59:59Z", "2027-04-16T23:59:59Z"),
            certificate_contents=PUBLIC,
        ),
        fails(
            "more than 825",
            certificates=_dated("2018-03-01T00:00:00Z", "2020-06-03T00:00:00Z"),
            certificate_contents=PUBLIC,
        ),
        skips(
            "before 15 March 2026",
            certificates=_dated("2026-03-15T00:00:00Z", "2027-12-01T00:00:00Z"),
            certificate_contents=PUBLIC,
        ),
        _NOT_PUBLIC,
        *_BY_DANE,
        _NO_TLS,
    ),
    "CERT-LIFETIME-BR": (
        passes(certificates=_dated("2026-03-15T00:00:00Z", "2026-09-30T23:59:59Z"), certificate_contents=PUBLIC),
        passes(certificates=_dated("2029-03-15T00:00:00Z", "2029-04-30T23:59:59Z"), certificate_contents=PUBLIC),
        fails(
            "valid for 200 days, 0:00:01, more than 200",
            level=MUST,
            certificates=_dated("2026-03-15T00:00:00Z", "2026-10-01T00:00:00Z"),
            certificate_contents=PUBLIC,
        ),
        fails(
            "is valid for 101 days, 0:00:00, more than 100",
            certificates=_dated("2027-03-15T00:00:00Z", "2027-06-23T23:59:59Z"),
            certificate_contents=PUBLIC,
        ),
        fails(
            "more than 47",
            certificates=_dated("2029-03-15T00:00:00Z", "2029-05-01T00:00:00Z"),
            certificate_contents=PUBLIC,
        ),
        skips(
            "since 15 March 2026",
            certificates=_dated("2026-03-14T00:00:00Z", "2027-12-01T00:00:00Z"),
            certificate_contents=PUBLIC,
        ),
        _NOT_PUBLIC,
        *_BY_DANE,
        _NO_TLS,
    ),
    "CERT-NO-SNI-LEAK": (
        passes(certificates=certificates(), nameless_certificate=_nameless(HOST, same=True, matches_host=True)),
        passes(certificates=certificates(), nameless_certificate=_nameless("customer.example", same=True)),
        passes(certificates=certificates(), nameless_certificate=_nameless(HOST, matches_host=True)),
        advises(
            "for customer.example", certificates=certificates(), nameless_certificate=_nameless("customer.example")
        ),
        advises("for no name", certificates=certificates(), nameless_certificate=_nameless(names=())),
        leaves("TLS-SNI", certificates=certificates(), nameless_certificate=_nameless(refused="handshake failure")),
        skips("no certificate", certificates=certificates(), nameless_certificate=_nameless()),
        leaves("SMTP-STARTTLS-OFFERED", certificates=NO_TLS, nameless_certificate=_nameless()),
    ),
}
