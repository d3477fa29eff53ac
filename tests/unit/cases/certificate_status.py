"""What others say of certificates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import MUST, SHOULD
from mailproof.net.errors import Bogus, Refused, TimedOut
from mailproof.net.pkix.paths import PathStatus
from mailproof.net.pkix.revocation import Said, Status
from mailproof.net.tls.facts import unanswered
from mailproof.observations.certificates import (
    NO_ISSUER,
    CertificateContents,
    Checked,
    NameRenewed,
    Renewal,
    Revocation,
)
from mailproof.observations.tls import ByDANE

from ..observed import ENDPOINT, HOST, certificate_contents, certificates, contents
from .case import Table, advises, fails, leaves, passes, skips, undecided
from .certificate_chains import NOTHING, PUBLIC
from .certificates import NO_TLS

AT = "2026-11-22T00:00:00Z"
GOOD = Said(Status.GOOD, "2026-11-21T00:00:00Z", "2026-11-28T00:00:00Z")
REVOKED = replace(GOOD, status=Status.REVOKED, revoked_at="2026-11-20T00:00:00Z", reason="keyCompromise")
OLD = replace(GOOD, this_update="2026-11-01T00:00:00Z", next_update="2026-11-08T00:00:00Z")
UNKNOWN = replace(GOOD, status=Status.UNKNOWN)
FALSE = replace(REVOKED, fault="the signature of the list does not verify")
URL = "http://crl.example/1.crl"
_MUST_STAPLE = contents(must_staple=True)


def _checked(*said: Said | Exception, off: bool = False) -> Revocation:
    found = (
        Checked(f"CN={HOST}", URL, one)
        if isinstance(one, Said)
        else Checked(f"CN={HOST}", URL, failure=unanswered(URL, one))  # type: ignore[arg-type]
        for one in said
    )
    return Revocation(ENDPOINT, AT, tuple(found), off)


def _seen(revocation: Revocation, contents: CertificateContents = PUBLIC) -> dict[str, Any]:
    return {"certificates": certificates(), "certificate_contents": contents, "revocation": revocation}


def _stapled(said: Said | None, *, must: bool = False, fault: str = "") -> dict[str, Any]:
    chain = (_MUST_STAPLE,) if must else ()
    return {
        "certificates": certificates(),
        "certificate_contents": certificate_contents(*chain, staple=said, fault=fault),
    }


def _in_logs(*logs: str, **changes: object) -> dict[str, Any]:
    found = certificate_contents(contents(timestamps=logs), public=True, **changes)  # type: ignore[arg-type]
    return {"certificates": certificates(), "certificate_contents": found}


def _renewal(*names: NameRenewed, issuers: tuple[str, ...] = ("letsencrypt.org",)) -> dict[str, Any]:
    return {"certificates": certificates(), "renewal": Renewal(ENDPOINT, "Let's Encrypt", issuers, names)}


def _name(*records: str, name: str = HOST) -> NameRenewed:
    return NameRenewed(name, records, "example.org" if records else "")


_BOGUS = unanswered(HOST, Bogus("mx1.example.org CAA does not validate"))
_BY_DANE = tuple(
    skips(usage, certificates=certificates(dane=usage), certificate_contents=PUBLIC) for usage in (ByDANE.EE, ByDANE.TA)
)
_NO_TLS = leaves("SMTP-STARTTLS-OFFERED", certificates=NO_TLS, certificate_contents=NOTHING)

TABLE: Table = {
    "CERT-REVOKED": (
        passes(**_seen(_checked(GOOD))),
        passes(**_seen(_checked(replace(GOOD, next_update="")))),
        fails("was revoked on 2026-11-20T00:00:00Z (keyCompromise)", level=SHOULD, **_seen(_checked(GOOD, REVOKED))),
        fails("was revoked", **_seen(_checked(replace(OLD, status=Status.REVOKED)))),
        fails("was revoked", **_seen(_checked(off=True), certificate_contents(staple=REVOKED))),
        undecided("does not verify", **_seen(_checked(FALSE))),
        undecided("holds until 2026-11-08", **_seen(_checked(OLD))),
        undecided("does not know", **_seen(_checked(UNKNOWN))),
        undecided("no answer", **_seen(_checked(GOOD, TimedOut("no answer")))),
        skips("crl: false", **_seen(_checked(off=True))),
        skips("neither a CRL nor", **_seen(_checked())),
        leaves(
            "CERT-TRUST",
            certificates=certificates(status=PathStatus.UNTRUSTED_ROOT),
            certificate_contents=PUBLIC,
            revocation=_checked(),
        ),
        leaves("SMTP-STARTTLS-OFFERED", certificates=NO_TLS, certificate_contents=NOTHING, revocation=_checked()),
        skips(
            "DANE-EE",
            certificates=certificates(dane=ByDANE.EE),
            certificate_contents=PUBLIC,
            revocation=_checked(REVOKED),
        ),
    ),
    "CERT-OCSP-STAPLE": (
        passes(**_stapled(GOOD)),
        passes(**_stapled(GOOD, must=True)),
        fails("(must-staple), and none comes", level=MUST, **_stapled(None, must=True)),
        fails("is about another certificate", level=SHOULD, **_stapled(None, fault="it is about another certificate")),
        fails("about another", level=MUST, **_stapled(None, must=True, fault="it is about another certificate")),
        fails("holds until 2026-11-08", level=SHOULD, **_stapled(OLD)),
        fails("does not verify", level=MUST, **_stapled(replace(FALSE, status=Status.GOOD), must=True)),
        fails("does not know", **_stapled(UNKNOWN)),
        leaves("CERT-REVOKED", **_stapled(REVOKED)),
        undecided("cannot be verified", **_stapled(None, must=True, fault=NO_ISSUER)),
        skips("none must", **_stapled(None)),
        *_BY_DANE,
        _NO_TLS,
    ),
    "CERT-CT": (
        passes(**_in_logs("aa", "bb")),
        passes(**_in_logs(staple=replace(GOOD, timestamps=("aa",)))),
        passes(**_in_logs(timestamps_in_hello=True)),
        advises("no timestamp of any log", **_in_logs(timestamps_in_hello=False)),
        undecided("was not seen", **_in_logs()),
        skips("public CA", certificates=certificates(), certificate_contents=certificate_contents()),
        *_BY_DANE,
        _NO_TLS,
    ),
    "CERT-RENEWABLE": (
        passes(**_renewal(_name())),
        passes(**_renewal(_name('0 issue "letsencrypt.org; accounturi=https://a.example/1"'))),
        passes(**_renewal(_name('0 issue "other.example"', '0 issue "LetsEncrypt.org"'))),
        passes(**_renewal(_name('0 issuemail "other.example"', '0 iodef "mailto:a@example.org"'))),
        passes(**_renewal(_name('0 issue "letsencrypt.org"', name="*.example.org"))),
        passes(**_renewal(_name('0 issue "letsencrypt.org"', '0 issuewild ";"'))),
        advises("may not issue for\nmx1.example.org", **_renewal(_name('0 issue "other.example"'))),
        advises("may not issue", **_renewal(_name('0 issue ";"'))),
        advises("may not issue", **_renewal(_name('128 tbs "x"', '0 issue "letsencrypt.org"'))),
        advises(
            "may not issue for\n*.example.org",
            **_renewal(_name('0 issue "letsencrypt.org"', '0 issuewild ";"', name="*.example.org")),
        ),
        leaves("SEC-NOT-BOGUS", **_renewal(NameRenewed(HOST, failure=_BOGUS))),
        advises("does not validate", **_renewal(_name(), NameRenewed("mx.example.net", failure=_BOGUS))),
        undecided("no answer", **_renewal(NameRenewed(HOST, failure=unanswered(HOST, Refused("no answer"))))),
        skips("is not known", **_renewal(_name('0 issue "other.example"'), issuers=())),
        skips("public CA", **_renewal()),
        leaves("SMTP-STARTTLS-OFFERED", certificates=NO_TLS, renewal=_renewal()["renewal"]),
        skips("DANE-EE", certificates=certificates(dane=ByDANE.EE), renewal=_renewal(_name())["renewal"]),
    ),
}
