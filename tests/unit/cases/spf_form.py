"""What receivers tolerate or pass over in an SPF record."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.observations.spf import SPF, Lookup, SPFTree

from ..observed import DOMAIN, PARKED, RECEIVES, answer, missing
from .case import Case, Table, advises, fails, leaves, passes, skips, undecided
from .spf import published, spf, spf_tree

_LONGEST = f"v=spf1 {' ip4:192.0.2.1' * 30} -all".ljust(450)


def typed(*data: str, rcode: str = "NOERROR", txt: str = "v=spf1 -all") -> SPF:
    """The domain with records of type SPF."""
    return SPF(published(DOMAIN, txt), answer(DOMAIN, "SPF", *data, rcode=rcode))


def explained(record: str, *texts: str, rcode: str = "NOERROR") -> SPFTree:
    """A tree whose explanation has been looked up."""
    return replace(spf_tree(record), explanation=answer("exp.example.org", "TXT", *texts, rcode=rcode))


def host(term: str, void: str = "", domain: str = DOMAIN, name: str = "host.example") -> Lookup:
    """A lookup without an answer for the families in ``void``; without any, one that leads nowhere all the same."""
    return Lookup(term, domain, name, "4" in void, "6" in void, leads_nowhere=not void)


def _tree_of(found: Lookup) -> SPFTree:
    return spf_tree(f"v=spf1 {found.term} -all", lookups=(found,))


def _sending(case: Case) -> Case:
    """The case with a domain that sends, unless it says otherwise."""
    return replace(case, observed={"mail_domain": RECEIVES, **case.observed})


_EXP = "v=spf1 -all exp=exp.example.org"
_REDIRECTED = spf_tree(
    "v=spf1 redirect=b.example", published("b.example", "v=spf1 a:host.example -all", path=("redirect=b.example",))
)

TABLE: Table = {
    "SPF-ALL-ONCE-LAST": (
        passes(spf=spf("v=spf1 mx -all exp=exp.example.org ra=postmaster")),
        passes(spf=spf("v=spf1 exp=exp.example.org mx -all unknown=1")),
        fails("ip4:192.0.2.1 is never looked at: -all stands", level=SHOULD, spf=spf("v=spf1 -all ip4:192.0.2.1")),
        fails("~all is never looked at", spf=spf("v=spf1 mx -all ~all")),
        fails("-all is never looked at", spf=spf("v=spf1 -all mx -all")),
        fails("redirect=a.example", spf=spf("v=spf1 redirect=a.example mx -all")),
        skips("no all", spf=spf("v=spf1 mx redirect=a.example")),
        leaves("SPF-SYNTAX", spf=spf("v=spf1 -all ipv4:192.0.2.1")),
        leaves("SPF-EXISTS", spf=spf()),
    ),
    "SPF-SIZE": (
        passes(spf=spf(_LONGEST)),
        fails("451 octets", level=SHOULD, spf=spf(f"{_LONGEST} ")),
        fails("451 octets", spf=spf("v=spf1 -all", f"{_LONGEST} ")),
        leaves("SPF-EXISTS", spf=spf()),
    ),
    "SPF-NO-TYPE99": (
        passes(spf=typed()),
        passes(spf=typed(rcode="NXDOMAIN")),
        passes(spf=typed(rcode="NOTIMP")),
        fails("record of type SPF", level=MUST, spf=typed('"v=spf1 -all"')),
        advises("Sender ID", spf=typed(txt="spf2.0/pra -all")),
        undecided("nobody answered", spf=spf("v=spf1 -all")),
        leaves("MX-EXISTS", spf=SPF(replace(published(DOMAIN), answer=missing(DOMAIN, "TXT")))),
    ),
    "SPF-BLANKS": (
        passes(spf=spf("v=spf1 mx -all")),
        advises("two blanks", spf=spf("v=spf1 mx  -all")),
        advises("ends with a blank", spf=spf("v=spf1 mx -all ")),
        leaves("SPF-EXISTS", spf=spf()),
    ),
    "SPF-REPORTING": (
        passes(spf=spf("v=spf1 mx -all ra=postmaster rp=100 rr=e:f")),
        passes(spf=spf("v=spf1 RA=spf.reports RR=ALL -all")),
        fails("ra takes a local part", level=SHOULD, spf=spf("v=spf1 -all ra=postmaster@example.org")),
        fails("rp takes a number", spf=spf("v=spf1 -all ra=postmaster rp=101")),
        fails("rr takes all, e, f, s and n", spf=spf("v=spf1 -all ra=postmaster rr=x")),
        fails("without ra nobody", spf=spf("v=spf1 -all rp=10")),
        fails("ra is given twice", spf=spf("v=spf1 -all ra=a ra=b")),
        skips("asks for no reports", spf=spf("v=spf1 -all")),
        leaves("SPF-EXISTS", spf=spf()),
    ),
    "SPF-EXP-ONE-TXT": (
        passes(spf_tree=explained(_EXP, "%{i} is no sender of %{d}")),
        advises("no TXT records", spf_tree=explained(_EXP)),
        advises("no TXT records", spf_tree=explained(_EXP, rcode="NXDOMAIN")),
        advises("2 TXT records", spf_tree=explained(_EXP, "a", "b")),
        undecided("SERVFAIL", spf_tree=explained(_EXP, rcode="SERVFAIL")),
        skips("no exp", spf_tree=spf_tree("v=spf1 -all")),
        skips("for other senders", spf_tree=spf_tree("v=spf1 -all exp=%{i}.example.org")),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 -all exp=example")),
        leaves("SPF-SYNTAX", spf_tree=explained(f"{_EXP} exp=exp.example.org")),
        leaves("SPF-EXISTS", spf_tree=spf_tree(None)),
        leaves(
            "SPF-INCLUDE-VALID",
            spf_tree=spf_tree("v=spf1 redirect=b.example", published("b.example", path=("redirect=b.example",))),
        ),
    ),
    "SPF-TARGETS-RESOLVE": tuple(
        _sending(case)
        for case in (
            passes(spf_tree=spf_tree("v=spf1 a:host.example -all", lookups=(host("a:host.example", "6"),))),
            fails(
                "a:host.example (host.example)",
                level=SHOULD,
                spf_tree=spf_tree("v=spf1 a:host.example -all", lookups=(host("a:host.example", "46"),)),
            ),
            fails("-mx/24", spf_tree=spf_tree("v=spf1 -mx/24 ~all", lookups=(host("-mx/24", "46"),))),
            fails("a:host", spf_tree=replace(_REDIRECTED, lookups=(host("a:host.example", "46", "b.example"),))),
            passes(
                spf_tree=spf_tree(
                    "v=spf1 include:spf.example.net -all",
                    published("spf.example.net", "v=spf1 a:host.example -all", path=("include:spf.example.net",)),
                    lookups=(host("a:host.example", "46", "spf.example.net"),),
                )
            ),
            skips(
                "names no host", spf_tree=spf_tree("v=spf1 exists:x.example -all", lookups=(host("exists:x", "46"),))
            ),
            leaves("SPF-VOID-2", spf_tree=spf_tree("v=spf1 a -all", lookups=(host("a", "46"),) * 3)),
            leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 x a -all", lookups=(host("a", "46"),))),
            leaves("SPF-EXISTS", spf_tree=spf_tree(None)),
            fails("a:mail..example (mail..example)", spf_tree=_tree_of(host("a:mail..example", name="mail..example"))),
            fails("mx:null.example", spf_tree=_tree_of(host("mx:null.example"))),
            leaves(
                "DANGLE-SPF",
                spf_tree=replace(_tree_of(host("a:x.example", "46")), unregistered=(("a:x.example", "x.example"),)),
            ),
            leaves("SPF-PARKED", spf_tree=_tree_of(host("mx", "46")), mail_domain=PARKED),
        )
    ),
}
