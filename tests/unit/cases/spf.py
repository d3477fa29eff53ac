"""SPF."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.observations.spf import SPF, Lookup, PublishedSPF, SPFTree

from ..observed import DOMAIN, SAME_MAIL, answer, evaluation, mail_copies, missing
from .case import Case, Table, fails, leaves, passes, skips


def published(domain: str, *texts: str, path: tuple[str, ...] = ()) -> PublishedSPF:
    return PublishedSPF(domain, path, answer(domain, "TXT", *texts))


def spf(*texts: str) -> SPF:
    return SPF(published(DOMAIN, *texts))


def spf_tree(
    text: str | None,
    *included: PublishedSPF,
    lookups: tuple[Lookup, ...] = (),
    loops: tuple[str, ...] = (),
    cut_short: bool = False,
    families: tuple[int, ...] = (4, 6),
) -> SPFTree:
    own = published(DOMAIN, *((text,) if text is not None else ()))
    return SPFTree(DOMAIN, (own, *included), lookups, loops, cut_short, families)


def lookup(void: str = "", mx_names: int = 0, cost: int = 1) -> Lookup:
    """A lookup that is void for the families (4, 6) named in ``void``."""
    return Lookup("a:gone.example", DOMAIN, "gone.example", "4" in void, "6" in void, mx_names, cost)


def _accept(case: Case, *endings: str) -> Case:
    return replace(case, parameters={"accept": endings})


_TREE = spf_tree("v=spf1 mx -all")
_GONE = tuple(Lookup(f"{term}gone.example", DOMAIN, "gone.example", True, True) for term in ("include:", "redirect="))
"""The first of them ends the evaluation."""
_INCLUDES = "v=spf1 include:spf.example.net -all"
_PATH = ("include:spf.example.net",)

TABLE: Table = {
    "SPF-EXISTS": (
        passes(spf=spf("v=spf1 -all")),
        passes(spf=spf("verification=abc", "V=SPF1 -all")),
        fails("no SPF record", level=SHOULD, spf=spf("verification=abc")),
        fails("no SPF record", level=SHOULD, spf=spf("verification=abc", "v=spf10 -all")),
        fails("no SPF record", level=SHOULD, spf=spf("spf2.0/pra -all", "v=spf2.0/pra")),
        *(
            fails(f"{text!r} is none", level=SHOULD, spf=spf(text))
            for text in (
                *(
                    " v=spf1 mx -all",
                    "v=spf1; mx; -all",
                    '"v=spf1 -all"',
                    "spf1 mx -all",
                    "v=spf1include:a.example -all",
                ),
                *("v = spf1 -all", "v=spf1\tmx -all"),
                # A blank that does not break, a mark of the byte order, quotes of a word processor: their octets.
                *("\xc2\xa0v=spf1 -all", "\xef\xbb\xbfv=spf1 -all", "\xe2\x80\x9cv=spf1 -all\xe2\x80\x9d"),
            )
        ),
        fails("2 SPF records", level=MUST, spf=spf("v=spf1 -all", "v=spf1 -all")),
        leaves("MX-EXISTS", spf=SPF(PublishedSPF(DOMAIN, (), missing(DOMAIN, "TXT")))),
    ),
    "SPF-SYNTAX": (
        passes(spf=spf("v=spf1 a mx/24//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 exists:%{i}._spf.example.org ~all")),
        passes(spf=spf("v=spf1")),
        passes(spf=spf("v=spf1 unknown=%{d} ra=postmaster -all ")),
        fails("ipv4:192.0.2.1: unknown mechanism", spf=spf("v=spf1 ipv4:192.0.2.1 -all")),
        fails("top label", spf=spf("v=spf1 a:museum -all")),
        fails("prefix length", spf=spf("v=spf1 a/33 -all")),
        fails("did you mean include:spf.example.net?", level=SHOULD, spf=spf("v=spf1 mx include=spf.example.net -all")),
        fails("did you mean ip4:192.0.2.1?", level=SHOULD, spf=spf("v=spf1 IP4=192.0.2.1 -all")),
        fails("did you mean ip4:192.0.2.1?", level=SHOULD, spf=spf("v=spf1 ipv4=192.0.2.1 -all")),
        fails("did you mean redirect=a.example?", level=SHOULD, spf=spf("v=spf1 redirct=a.example")),
        passes(spf=spf("v=spf1 ra=a rp=100 rr=all match_subdomains=yes moo=cow redirect=a.example")),
        fails("did you mean -all?", level=SHOULD, spf=spf("v=spf1 mx all=")),
        fails("redirect is given twice", spf=spf("v=spf1 redirect=a.example redirect=b.example")),
        skips("SPF-EXISTS", spf=spf()),
        skips("SPF-EXISTS", spf=spf("v=spf1 -all", "v=spf1 -all")),
    ),
    "SPF-ALL-STRICT": (
        passes(spf_tree=_TREE),
        fails("ends in ~all", level=SHOULD, spf_tree=spf_tree("v=spf1 mx ~all")),
        fails("ends in +all", spf_tree=spf_tree("v=spf1 mx all")),
        fails("ends in ?all", spf_tree=spf_tree("v=spf1 mx ?all -all")),
        fails("neutral", spf_tree=spf_tree("v=spf1 mx")),
        *(
            fails(
                "matches everybody, so that -all is never reached",
                spf_tree=spf_tree(
                    f"v=spf1 {term} -all", published("a.example", "v=spf1 +all", path=(term,)), lookups=()
                ),
            )
            for term in ("?include:a.example", "~include:a.example")
        ),
        fails("~ip4:0.0.0.0/0 matches everybody", spf_tree=spf_tree("v=spf1 ~ip4:0.0.0.0/0 ?ip4:1.2.3.4 -all")),
        passes(
            spf_tree=spf_tree(
                "v=spf1 ?include:a.example -all",
                published("a.example", "v=spf1 ip4:192.0.2.1 -all", path=("?include:a.example",)),
            )
        ),
        _accept(passes(spf_tree=spf_tree("v=spf1 mx ~all")), "-all", "~all"),
        passes(
            spf_tree=spf_tree(
                "v=spf1 redirect=b.example",
                published("b.example", "v=spf1 -all", path=("redirect=b.example",)),
            )
        ),
        skips(
            "SPF-INCLUDE-VALID",
            spf_tree=spf_tree("v=spf1 redirect=b.example", published("b.example", path=("redirect=b.example",))),
        ),
        fails("neutral", spf_tree=spf_tree("v=spf1 redirect=b.example")),
        leaves("SPF-INCLUDE-VALID", spf_tree=spf_tree("v=spf1 redirect=example.org", loops=("a -> a",))),
        skips("cannot be said", spf_tree=spf_tree("v=spf1 redirect=%{l1r+}._spf.%{d}")),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 ipv4:192.0.2.1 ?all")),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 mx all=")),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 redirects=a.example")),
        skips("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-LOOKUPS-10": (
        passes(spf_tree=_TREE),
        passes(spf_tree=spf_tree("v=spf1 -all", lookups=(lookup(mx_names=10),) * 10)),
        fails("11 lookups", level=MUST, spf_tree=spf_tree("v=spf1 -all", lookups=(lookup(),) * 11)),
        passes(spf_tree=spf_tree("v=spf1 -all", lookups=(lookup(cost=2),) * 5)),
        fails("12 lookups", level=MUST, spf_tree=spf_tree("v=spf1 -all", lookups=(lookup(cost=2),) * 6)),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 x -all", lookups=(lookup(),) * 11)),
        fails("more than 40", spf_tree=spf_tree("v=spf1 -all", lookups=(lookup(),) * 40, cut_short=True)),
        fails("11 MX names", spf_tree=spf_tree("v=spf1 mx -all", lookups=(lookup(mx_names=11),))),
        skips(
            "SPF-INCLUDE-VALID",
            spf_tree=spf_tree("v=spf1 include:example.org -all", loops=("example.org -> example.org",)),
        ),
        skips("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-VOID-2": (
        passes(spf_tree=_TREE),
        passes(spf_tree=spf_tree("v=spf1 -all", lookups=(lookup("46"), lookup("46")))),
        passes(spf_tree=spf_tree("v=spf1 -all", lookups=(lookup("6"),) * 3, families=(4,))),
        fails(
            "4 void lookups for senders with IPv6",
            spf_tree=spf_tree("v=spf1 -all", lookups=(lookup("46"), lookup("46"), lookup("6"), lookup("6"))),
        ),
        fails("3 void lookups", level=SHOULD, spf_tree=spf_tree("v=spf1 -all", lookups=(lookup("46"),) * 3)),
        fails("IPv4", spf_tree=spf_tree("v=spf1 -all", lookups=(lookup("4"),) * 3, families=(4,))),
        leaves("SPF-SYNTAX", spf_tree=spf_tree("v=spf1 x -all", lookups=(lookup("46"),) * 3)),
        leaves("SPF-INCLUDE-VALID", spf_tree=spf_tree("v=spf1 -all", lookups=(*_GONE, _GONE[0], lookup("46")))),
        fails("5 void", spf_tree=spf_tree("v=spf1 -all", lookups=(*_GONE, *(lookup("46"),) * 3))),
        skips("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-NO-PTR": (
        passes(spf_tree=_TREE),
        passes(spf_tree=spf_tree("v=spf1 a:ptr.example.org -all")),
        fails("example.org: ptr", level=SHOULD, spf_tree=spf_tree("v=spf1 ptr -all")),
        fails(
            "spf.example.net: ?PTR:x.example",
            spf_tree=spf_tree(_INCLUDES, published("spf.example.net", "v=spf1 ?PTR:x.example")),
        ),
        skips("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-INCLUDE-VALID": (
        passes(spf_tree=spf_tree(_INCLUDES, published("spf.example.net", "v=spf1 ip4:192.0.2.1", path=_PATH))),
        fails(
            "no SPF records",
            level=MUST,
            spf_tree=spf_tree(_INCLUDES, published("spf.example.net", path=_PATH)),
        ),
        fails(
            "2 SPF records",
            spf_tree=spf_tree(_INCLUDES, published("spf.example.net", "v=spf1", "v=spf1", path=_PATH)),
        ),
        fails(
            "unknown mechanism",
            spf_tree=spf_tree(_INCLUDES, published("spf.example.net", "v=spf1 x", path=_PATH)),
        ),
        fails(
            "leads back",
            spf_tree=spf_tree("v=spf1 include:example.org", loops=("example.org -> example.org",)),
        ),
        skips("includes nothing", spf_tree=_TREE),
        skips("SPF-EXISTS", spf_tree=spf_tree(None)),
    ),
    "SPF-INVENTORY-EVAL": (
        passes(spf_of_sender=evaluation("pass")),
        passes(spf_of_sender=evaluation("pass", foreign=("softfail", "fail"))),
        passes(spf_of_sender=evaluation("pass", foreign=())),
        fails("SPF says softfail", level=MUST, spf_of_sender=evaluation("softfail")),
        fails("SPF says permerror", spf_of_sender=evaluation("permerror")),
        fails("passes for anybody", level=MUST, spf_of_sender=evaluation("pass", foreign=("pass",))),
        fails("says neutral for anybody", level=SHOULD, spf_of_sender=evaluation("pass", foreign=("neutral",))),
        leaves("SPF-EXISTS", spf_of_sender=evaluation("none", texts=())),
        leaves("SPF-SYNTAX", spf_of_sender=replace(evaluation("permerror"), tree=spf_tree("v=spf1 x -all"))),
        leaves(
            "SPF-LOOKUPS-10",
            spf_of_sender=replace(evaluation("permerror"), tree=spf_tree("v=spf1 -all", lookups=(lookup(),) * 11)),
        ),
        leaves(
            "SPF-VOID-2",
            spf_of_sender=replace(
                evaluation("permerror", foreign=("permerror",)),
                tree=spf_tree("v=spf1 -all", lookups=(lookup("4"),) * 3),
            ),
        ),
        leaves(
            "SPF-INCLUDE-VALID",
            spf_of_sender=replace(
                evaluation("permerror"), tree=spf_tree(_INCLUDES, published("spf.example.net", path=_PATH))
            ),
        ),
    ),
    "SPF-CONSISTENT-NS": (
        passes(mail_copies=mail_copies(SAME_MAIL, SAME_MAIL)),
        passes(mail_copies=mail_copies(SAME_MAIL, (("10 mx.example.org.",), ("other", "v=spf1 mx -all")))),
        fails("no SPF record", level=SHOULD, mail_copies=mail_copies(SAME_MAIL, (("10 mx.example.org.",), ()))),
        leaves("SOA-SERIAL-SAME", mail_copies=mail_copies(SAME_MAIL, ((), ()), serials=(1, 2))),
        skips("as proposed", mail_copies=mail_copies(proposed=True)),
    ),
}
