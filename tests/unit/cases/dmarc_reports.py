"""Where DMARC reports are sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mailproof.controls import SHOULD
from mailproof.observations.dmarc import Destination, DMARCReports

from ..observed import DOMAIN, PARKED, RECEIVES, answer, missing
from .case import Case, Table, advises, fails, leaves, passes, skips, undecided
from .dmarc import dmarc
from .dmarc_records import org

HERE = "v=DMARC1; p=reject; rua=mailto:d@example.org"


def reports(*destinations: Destination, left_out: int = 0) -> DMARCReports:
    return DMARCReports(DOMAIN, HERE, destinations, left_out)


def to(
    domain: str = DOMAIN, *, says: tuple[str, ...] | None = None, mx: tuple[str, ...] = ("10 mx",), **more: Any
) -> Destination:
    """A destination; ``says`` is what another organisation publishes about it."""
    agreement = None if says is None else answer(f"{DOMAIN}._report._dmarc.{domain}", "TXT", *says)
    records = answer(domain, "MX", *mx) if mx else missing(domain, "MX")
    return Destination(f"mailto:d@{domain}", "rua", domain, says is not None, agreement, records, **more)


def with_(case: Case, **parameters: Any) -> Case:
    return replace(case, parameters=parameters)


THERE = "example.net"
_NOBODYS = replace(to(THERE, says=(), mx=()), unregistered=THERE)

TABLE: Table = {
    "DMARC-RUA-PRESENT": (
        passes(dmarc=org(HERE), mail_domain=RECEIVES),
        passes(dmarc=dmarc(parents=((HERE,), ())), mail_domain=RECEIVES),
        fails("asks for no aggregate", level=SHOULD, dmarc=org("v=DMARC1; p=reject"), mail_domain=RECEIVES),
        leaves("PARKED-RUA", dmarc=org("v=DMARC1; p=reject"), mail_domain=PARKED),
        leaves("DMARC-SYNTAX", dmarc=org("v=DMARC1; sp=reject"), mail_domain=RECEIVES),
        leaves("DMARC-SYNTAX", dmarc=org("v=DMARC1; p=reject; rua:mailto:d@example.org"), mail_domain=RECEIVES),
        leaves("DMARC-EXISTS", dmarc=org(), mail_domain=RECEIVES),
    ),
    "DMARC-URI-SYNTAX": (
        passes(dmarc=org(f"{HERE},mailto:e@example.org")),
        advises("is no mail address", dmarc=org("v=DMARC1; p=reject; rua=https://example.org/d")),
        advises("has a size", dmarc=org(f"{HERE}!10m")),
        advises("ruf has 3 addresses", dmarc=org("v=DMARC1; p=reject; ruf=" + ",".join(["mailto:d@example.org"] * 3))),
        leaves("DMARC-SYNTAX", dmarc=org("v=DMARC1; p=reject; rua=d@example.org")),
        skips("asks for no reports", dmarc=org("v=DMARC1; p=reject")),
        skips("no DMARC record of its own", dmarc=org()),
    ),
    "DMARC-RUA-EXTERNAL-AUTH": (
        passes(dmarc_reports=reports(to(THERE, says=("v=DMARC1",)))),
        passes(dmarc_reports=reports(to(THERE, says=("x", "v=DMARC1; rua=mailto:f@example.net")))),
        fails("_report._dmarc.example.net has no", level=SHOULD, dmarc_reports=reports(to(THERE, says=()))),
        fails("mailto:d@example.net is ignored", dmarc_reports=reports(to(THERE, says=("v=spf1 -all",)))),
        leaves("DANGLE-RUA", dmarc_reports=reports(_NOBODYS)),
        leaves("DMARC-RUA-HAS-MX", dmarc_reports=reports(to(THERE, says=(), mx=()))),
        fails("is ignored", dmarc_reports=reports(to(THERE, says=()), to("example.com", says=(), mx=()))),
        undecided("no answer", dmarc_reports=reports(replace(to(THERE, says=()), agreement=None, failure="no answer"))),
        undecided("beyond the bound", dmarc_reports=reports(to(THERE, says=("v=DMARC1",)), left_out=3)),
        skips("within the organisation", dmarc_reports=reports(to())),
        skips("no reports by mail", dmarc_reports=reports()),
        skips("no DMARC record", dmarc_reports=DMARCReports(DOMAIN, "")),
    ),
    "DMARC-RUA-HAS-MX": (
        passes(dmarc_reports=reports(to()), mail_domain=RECEIVES),
        passes(dmarc_reports=reports(to(mx=(), addresses=("192.0.2.1",))), mail_domain=RECEIVES),
        fails(f"mailto:d@{THERE}", level=SHOULD, dmarc_reports=reports(to(THERE, mx=())), mail_domain=RECEIVES),
        fails("mailto:d@example.org", dmarc_reports=reports(to(mx=("0 .",))), mail_domain=RECEIVES),
        fails("mailto:d@example.org", dmarc_reports=reports(to(mx=())), mail_domain=PARKED),
        leaves("MX-EXISTS", dmarc_reports=reports(to(mx=())), mail_domain=RECEIVES),
        leaves(
            "MX-EXISTS",
            dmarc_reports=reports(to(mx=("0 .",))),
            mail_domain=replace(RECEIVES, insists_on_mail=True),
        ),
        leaves("DANGLE-RUA", dmarc_reports=reports(_NOBODYS), mail_domain=RECEIVES),
        undecided(
            "no answer", dmarc_reports=reports(replace(to(), mx=None, failure="no answer")), mail_domain=RECEIVES
        ),
        undecided("beyond the bound", dmarc_reports=reports(to(), left_out=3), mail_domain=RECEIVES),
        skips("no reports by mail", dmarc_reports=reports(), mail_domain=RECEIVES),
        skips("no DMARC record", dmarc_reports=DMARCReports(DOMAIN, ""), mail_domain=RECEIVES),
    ),
    "DMARC-RUA-MANDATED": (
        skips("no address is prescribed", dmarc=org("v=DMARC1; p=reject")),
        with_(passes(dmarc=org(HERE)), addresses=("d@example.org",)),
        with_(passes(dmarc=org(f"{HERE}!10m")), addresses=("mailto:D@example.org",)),
        with_(fails("does not name e@example.org", level=SHOULD, dmarc=org(HERE)), addresses=("e@example.org",)),
        with_(leaves("DMARC-EXISTS", dmarc=org()), addresses=("e@example.org",)),
    ),
    "DMARC-RUF-POLICY": (
        skips("either is accepted", dmarc=org(HERE)),
        with_(passes(dmarc=org(HERE)), ruf="absent"),
        with_(advises("not given; present is wanted", dmarc=org(HERE)), ruf="present"),
        with_(advises("is given; absent", dmarc=org("v=DMARC1; p=none; ruf=mailto:d@example.org")), ruf="absent"),
        with_(leaves("DMARC-EXISTS", dmarc=org()), ruf="present"),
    ),
}
