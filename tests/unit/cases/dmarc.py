"""DMARC policies."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.net.dnssec.trust import Flaw, Link, Status, Verdict
from mailproof.observations.authorities import Silence
from mailproof.observations.dmarc import DMARC, Step
from mailproof.observations.dnssec import DMARCChain, Judged

from ..observed import DOMAIN, answer, missing
from .case import Table, advises, fails, leaves, passes, skips, undecided


def dmarc(
    *texts: str,
    parents: tuple[tuple[str, ...], ...] = ((), ()),
    domain: str = f"sub.{DOMAIN}",
    exists: bool = True,
    at_domain: tuple[str, ...] = (),
) -> DMARC:
    """Records at the domain itself and at its parents, nearest first."""
    steps = []
    name = domain
    for found in (texts, *parents):
        steps.append(Step(name, answer(f"_dmarc.{name}", "TXT", *found) if found else missing(f"_dmarc.{name}", "TXT")))
        name = name.partition(".")[2]
    suffixes = tuple(step.domain for step in steps if "." not in step.domain)
    return DMARC(domain, exists, tuple(steps), at_domain, by_list=DOMAIN, suffixes=suffixes)


def _lost() -> DMARC:
    """The record is an alias of a name that does not exist."""
    found = dmarc()
    own = replace(found.own, answer=replace(found.own.answer, aliases=("gone.example.net",)))
    return replace(found, steps=(own, *found.steps[1:]))


SECURE = Verdict(Status.SECURE)
FOREIGN = Verdict(Status.INSECURE, Link("dmarc.example.net.", "DS", "net.", Flaw.UNSIGNED))
BOGUS = Verdict(Status.BOGUS, Link(f"{DOMAIN}.", "TXT", f"{DOMAIN}.", Flaw.EXPIRED))


def _chain(record: Verdict | None, zone: Verdict) -> DMARCChain:
    seen = Judged(f"_dmarc.{DOMAIN}", "TXT", record) if record else None
    return DMARCChain(DOMAIN, Judged(DOMAIN, "SOA", zone), seen)


TABLE: Table = {
    "DMARC-EXISTS": (
        passes(dmarc=dmarc("v=DMARC1; p=none")),
        passes(dmarc=dmarc(parents=(("v=DMARC1; p=reject",), ()))),
        passes(dmarc=dmarc("v=DMARC1; rua=mailto:d@example.org")),
        fails("no DMARC record", level=SHOULD, dmarc=dmarc()),
        passes(dmarc=dmarc("v=DMARC1; p=none", parents=(("v=DMARC1; adkim=s",), ()))),
        leaves(
            "DMARC-SYNTAX",
            "_dmarc.example.org is void",
            dmarc=dmarc(domain=f"a.b.{DOMAIN}", parents=(("v=DMARC1; p=reject",), ("v=DMARC1; adkim=s",), ())),
        ),
        passes(dmarc=dmarc("V=DMARC1; p=none")),
        fails("'v=dmarc1; p=none', which is no DMARC record", dmarc=dmarc("v=dmarc1; p=none")),
        fails("which is no DMARC record", dmarc=dmarc("\xc2\xa0v=DMARC1; p=none")),
        fails("which is no DMARC record", dmarc=dmarc("\xe2\x80\x9cv=DMARC1; p=none\xe2\x80\x9d")),
        fails("' v=DMARC1; p=none', which", dmarc=dmarc(" v=DMARC1; p=none")),
        fails("'v=DMARC; p=none', which", dmarc=dmarc("v=DMARC; p=none")),
        fails("'v=DMARCv1; p=none', which", dmarc=dmarc("v=DMARCv1; p=none")),
        fails("'p=none; v=DMARC1', which", dmarc=dmarc("p=none; v=DMARC1")),
        fails("'DMARC1; p=none', which", dmarc=dmarc("DMARC1; p=none")),
        fails("'v=DMARC1 p=none', which", dmarc=dmarc("v=DMARC1 p=none")),
        fails(f"; sub.{DOMAIN} has 'v=DMARC1; p=none'", dmarc=dmarc(at_domain=("v=DMARC1; p=none", "v=spf1"))),
        fails(
            f"only the policy of {DOMAIN} applies to sub.{DOMAIN}: _dmarc.sub.{DOMAIN} has 'v=DMARC1 p=none'",
            level=SHOULD,
            dmarc=dmarc("v=DMARC1 p=none", parents=(("v=DMARC1; p=reject",), ())),
        ),
        fails("nor", dmarc=dmarc("v=spf1 -all")),
        passes(dmarc=dmarc("v=spf1 -all", parents=(("v=DMARC1; p=reject",), ()))),
        leaves("DANGLE-CNAME", dmarc=_lost()),
        leaves("MX-EXISTS", dmarc=dmarc(exists=False)),
        leaves("DMARC-SINGLE", dmarc=dmarc(parents=(("v=DMARC1; p=none", "v=DMARC1; p=none"), ()))),
        leaves("DMARC-SYNTAX", dmarc=dmarc("v=DMARC1; p=none; sp=x", parents=(("v=DMARC1; p=reject",), ()))),
        leaves("DMARC-SYNTAX", dmarc=dmarc(parents=(("v=DMARC1; p=x",), ()))),
        skips("DMARC-SINGLE", dmarc=dmarc("v=DMARC1; p=none", "v=DMARC1; p=reject")),
        skips("DMARC-SYNTAX", dmarc=dmarc("v=DMARC1; p=nothing")),
    ),
    "DMARC-SINGLE": (
        passes(dmarc=dmarc("v=DMARC1; p=none", "something else")),
        fails(f"_dmarc.sub.{DOMAIN} has 2", level=MUST, dmarc=dmarc("v=DMARC1; p=none", "v=DMARC1; p=none")),
        fails(f"_dmarc.{DOMAIN} has 2", dmarc=dmarc("v=DMARC1; p=none", parents=(("v=DMARC1; p=none",) * 2, ()))),
        undecided("timed out", dmarc=replace(dmarc("v=DMARC1; p=none"), broken_off=Silence("timed out", "timed out"))),
        skips("DMARC-EXISTS", dmarc=dmarc()),
    ),
    "DMARC-SYNTAX": (
        passes(dmarc=dmarc("v = DMARC1 ; p = Quarantine ; sp=none; np=reject; t=y; psd=n; fo=1:d:s; pct=50;")),
        passes(dmarc=dmarc("v=DMARC1; rua=mailto:a@example.org!10m,https://r.example/x; p=none")),
        fails(
            "p=quarantaine is not one",
            level=MUST,
            dmarc=dmarc("v=DMARC1; p=quarantaine; rua=mailto:a@example.org"),
        ),
        fails("given twice", dmarc=dmarc("v=DMARC1; p=none; p=none")),
        fails("exclude each other", dmarc=dmarc("v=DMARC1; p=none; fo=0:1")),
        fails("fo=d:d names an option twice", dmarc=dmarc("v=DMARC1; p=none; fo=d:d")),
        fails("pct has no value", dmarc=dmarc("v=DMARC1; p=none; pct=;")),
        fails("x has no value", dmarc=dmarc("v=DMARC1; p=none; x=")),
        fails("not a tag", dmarc=dmarc("v=DMARC1; p=none; x1=y")),
        fails("printable ASCII", dmarc=dmarc("v=DMARC1; p=none; note=caf\xe9")),
        fails("'<' must be percent-encoded", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:<a@b.example>")),
        fails("must be percent-encoded", dmarc=dmarc('v=DMARC1; p=none; ruf=mailto:a@b.example"')),
        fails("must be percent-encoded", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a @b.example")),
        fails("exclamation mark", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a@b.example!")),
        fails("exclamation mark", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a@b.example!10p")),
        fails("exclamation mark", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a!b@b.example")),
        fails("sp=x is not one", dmarc=dmarc("v=DMARC1; p=none; sp=x; rua=mailto:a@b.example")),
        passes(dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a%21b@b.example , https://r.example/a?b=c!5m; fo=d:1:s")),
        fails("not a tag", dmarc=dmarc("v=DMARC1; p=none; reject")),
        fails("nothing stands between two semicolons", dmarc=dmarc("v=DMARC1; p=none;; t=y")),
        fails(r"'\nrua=mailto:a@b.example'", dmarc=dmarc("v=DMARC1; p=none;\nrua=mailto:a@b.example")),
        fails("no domain name", dmarc=dmarc(f"v=DMARC1; p=none; rua=mailto:a@{'x' * 64}.example")),
        fails("no domain name", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:a@b%FF.example")),
        passes(
            dmarc=dmarc(f"v=DMARC1; p=none; rua=mailto:a@{'x' * 63}.example,mailto:a@b%C3%BCcher.example?subject=a@b")
        ),
        fails("holds no mailbox", dmarc=dmarc("v=DMARC1; p=none; rua=mailto:nobody")),
        fails("is not a URI", dmarc=dmarc("v=DMARC1; p=none; rua=dmarc@example.org")),
        fails("p= is not one", dmarc=dmarc(parents=(("v=DMARC1; p=; rua=mailto:a@example.org",), ()))),
        fails("p is missing", dmarc=dmarc("v=DMARC1; sp=none")),
        skips("DMARC-EXISTS", dmarc=dmarc()),
    ),
    "DMARC-ENFORCED": (
        passes(dmarc=dmarc("v=DMARC1; p=quarantine")),
        passes(dmarc=dmarc("v=DMARC1; p=reject; t=y")),
        passes(dmarc=dmarc(parents=(("v=DMARC1; p=none; sp=reject",), ()))),
        passes(dmarc=dmarc(parents=(("v=DMARC1; p=none; np=reject",), ()), exists=False)),
        fails("policy is none", level=SHOULD, dmarc=dmarc("v=DMARC1; p=none")),
        fails("t=y has lowered", dmarc=dmarc("v=DMARC1; p=quarantine; t=y")),
        leaves("DMARC-SYNTAX", "which of the two counts nobody says", dmarc=dmarc("v=DMARC1; p=none; p=reject")),
        fails(f"sp of _dmarc.{DOMAIN}", dmarc=dmarc(parents=(("v=DMARC1; p=reject; sp=none",), ()))),
        fails("policy is none", dmarc=dmarc(parents=(("v=DMARC1; p=none; np=reject",), ()))),
        passes(dmarc=dmarc("V=DMARC1; p=reject")),
        leaves("DMARC-SYNTAX", dmarc=dmarc("v=DMARC1; p=reject; sp=x; rua=mailto:a@b.example")),
        leaves("DMARC-SYNTAX", dmarc=dmarc("v=DMARC1; p:reject; rua=mailto:a@b.example")),
        fails("policy is none", dmarc=dmarc("v=DMARC1; rua=mailto:a@b.example; t=yes")),
        leaves("DMARC-EXISTS", dmarc=dmarc()),
        leaves("DMARC-SINGLE", dmarc=dmarc("v=DMARC1; p=none", "v=DMARC1; p=none")),
    ),
    "DMARC-DNSSEC": (
        passes(dmarc_chain=_chain(SECURE, SECURE)),
        advises("is not signed: dmarc.example.net. DS", dmarc_chain=_chain(FOREIGN, SECURE)),
        leaves("SEC-SIGNED", dmarc_chain=_chain(None, FOREIGN)),
        leaves("SEC-NOT-BOGUS", dmarc_chain=_chain(BOGUS, SECURE)),
        skips("no DMARC record", dmarc_chain=DMARCChain(DOMAIN, None, note="there is no DMARC record")),
    ),
}
