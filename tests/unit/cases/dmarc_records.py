"""What stands in DMARC records without effect, and where their policy is weaker than it looks."""

from __future__ import annotations

from dataclasses import replace

from mailproof.controls import MUST, SHOULD
from mailproof.observations.authorities import Silence
from mailproof.observations.dkim import DKIMSubtree
from mailproof.observations.dmarc import DMARC, Step

from ..observed import DOMAIN, PARKED, RECEIVES, answer, missing
from .case import Case, Table, advises, fails, leaves, passes, skips, undecided
from .dmarc import dmarc

NAME = f"_domainkey.{DOMAIN}"
_MADE_UP = "mailproof-does-not-exist"
EMPTY = DKIMSubtree(DOMAIN, missing(NAME, "TXT"))
HIDDEN = DKIMSubtree(
    DOMAIN, answer(NAME, "TXT"), answer(f"{_MADE_UP}.{NAME}", "TXT"), answer(f"{_MADE_UP}.{DOMAIN}", "TXT")
)
REVOKED = replace(HIDDEN, beside=missing(f"{_MADE_UP}.{DOMAIN}", "TXT"))
"""All selectors that there are not are revoked by a wildcard below _domainkey."""
KEYS = DKIMSubtree(DOMAIN, answer(NAME, "TXT"))


def org(*texts: str, at_domain: tuple[str, ...] = ()) -> DMARC:
    """Records of the organisational domain itself."""
    return dmarc(*texts, parents=((),), domain=DOMAIN, at_domain=at_domain)


def aliased(text: str) -> DMARC:
    found = org(text)
    own = replace(found.own, answer=replace(found.own.answer, aliases=("dmarc.example.net",)))
    return replace(found, steps=(own, *found.steps[1:]))


def wildcard(text: str) -> DMARC:
    """A wildcard answers for the DMARC records of sub-domains that nobody published."""
    name = f"{_MADE_UP}.{DOMAIN}"
    return replace(org(REJECT), below=Step(name, answer(f"_dmarc.{name}", "TXT", text)))


def wanted(case: Case, *accept: str) -> Case:
    return replace(case, parameters={"accept": accept})


REJECT = "v=DMARC1; p=reject"
INHERITED = dmarc(parents=((REJECT,), ()))
TWO = org(REJECT, REJECT)
BY_KEYS = replace(RECEIVES, selectors=("a",))

TABLE: Table = {
    "DMARC-UNKNOWN-TAGS": (
        passes(dmarc=org("v=DMARC1; p=reject; sp=reject; np=reject; adkim=s; aspf=r; fo=1; t=n; psd=n")),
        passes(dmarc=org("V=DMARC1; P=reject; RUA=mailto:d@example.org; ruf=mailto:d@example.org")),
        advises("nobody defines policy", dmarc=org("v=DMARC1; p=reject; policy=none")),
        advises("rf=afrf, ri=86400: removed", dmarc=org("v=DMARC1; p=reject; rf=afrf; ri=86400")),
        advises("pct=100: removed", dmarc=org("v=DMARC1; p=reject; pct=100")),
        leaves("DMARC-PCT-100", dmarc=org("v=DMARC1; p=reject; pct=50; x=y")),
        skips("inherited from example.org", dmarc=INHERITED),
        leaves("DMARC-SINGLE", dmarc=TWO),
        leaves("DMARC-EXISTS", dmarc=org()),
    ),
    "DMARC-P-PRESENT": (
        passes(dmarc=org(REJECT)),
        advises("directly behind", dmarc=org("v=DMARC1; sp=reject; p=reject")),
        leaves("DMARC-ENFORCED", dmarc=org("v=DMARC1; rua=mailto:d@example.org")),
        leaves("DMARC-SYNTAX", dmarc=org("v=DMARC1; sp=reject")),
        skips("inherited", dmarc=INHERITED),
        leaves("DMARC-EXISTS", dmarc=org()),
    ),
    "DMARC-SP-NOT-WEAKER": (
        passes(dmarc=org(REJECT)),
        passes(dmarc=org("v=DMARC1; p=quarantine; sp=reject; np=quarantine")),
        leaves("DMARC-NX-SUB", dmarc=org("v=DMARC1; p=reject; np=quarantine")),
        fails("sp=none beside p=reject", level=SHOULD, dmarc=org("v=DMARC1; p=reject; sp=none")),
        advises("sp means nothing", dmarc=dmarc("v=DMARC1; p=reject; sp=reject", parents=((REJECT,), ()))),
        advises("sp and np mean nothing", dmarc=dmarc("v=DMARC1; p=reject; sp=none; np=none", parents=((REJECT,), ()))),
        passes(dmarc=dmarc(REJECT, parents=((REJECT,), ()))),
        fails("sp=quarantine beside p=reject", dmarc=org("v=DMARC1; p=reject; sp=quarantine; t=y")),
        passes(dmarc=org("v=DMARC1; p=reject; sp=reject; np=reject; t=y")),
        leaves("DMARC-ENFORCED", dmarc=org("v=DMARC1; p=none; sp=none")),
        leaves("DMARC-ENFORCED", dmarc=org("v=DMARC1; rua=mailto:d@example.org; sp=none")),
        leaves("DMARC-SYNTAX", dmarc=org("v=DMARC1; p=reject; sp=x; rua=mailto:d@example.org")),
        skips("inherited", dmarc=INHERITED),
        leaves("DMARC-EXISTS", dmarc=org()),
    ),
    "DMARC-NX-SUB": (
        passes(dmarc=org(REJECT)),
        passes(dmarc=org("v=DMARC1; p=quarantine; np=reject")),
        fails("meets none, where p=reject", level=SHOULD, dmarc=org("v=DMARC1; p=reject; np=none")),
        fails("meets quarantine", dmarc=org("v=DMARC1; p=reject; sp=none; np=quarantine")),
        fails("meets quarantine, where p=reject", dmarc=org("v=DMARC1; p=reject; np=quarantine; t=y")),
        leaves("DMARC-SP-NOT-WEAKER", dmarc=org("v=DMARC1; p=reject; sp=none")),
        leaves("DMARC-ENFORCED", dmarc=org("v=DMARC1; p=none; np=none")),
        fails("a wildcard gives every sub-domain a record of its own", dmarc=wildcard("v=DMARC1; p=none")),
        passes(dmarc=wildcard(REJECT)),
        passes(dmarc=wildcard("v=spf1 -all")),
        skips("names below look at example.org", dmarc=dmarc(REJECT, parents=((REJECT,), ()))),
        skips("inherited", dmarc=INHERITED),
        leaves("DMARC-EXISTS", dmarc=org()),
    ),
    "DMARC-PCT-100": (
        passes(dmarc=org(REJECT)),
        passes(dmarc=org("v=DMARC1; p=reject; pct=100")),
        fails("pct=50: the policy", level=SHOULD, dmarc=org("v=DMARC1; p=reject; pct=50")),
        fails("pct=all is no number", dmarc=org("v=DMARC1; p=reject; pct=all")),
        leaves("DMARC-SYNTAX", dmarc=org("v=DMARC1; p=reject; pct=")),
        skips("inherited", dmarc=INHERITED),
        leaves("DMARC-EXISTS", dmarc=org()),
    ),
    "DMARC-NO-STRAY": (
        passes(dmarc=org(REJECT)),
        advises("stands 'v=spf1 -all'", dmarc=org(REJECT, "v=spf1 -all")),
        advises("nobody looks for it there", dmarc=org(REJECT, at_domain=(REJECT,))),
        undecided("timed out", dmarc=replace(org(REJECT), unknown=Silence("timed out", "timed out"))),
        leaves("DMARC-EXISTS", dmarc=org("v=spf1 -all")),
        leaves("DMARC-EXISTS", dmarc=org(at_domain=(REJECT,))),
        leaves("DMARC-EXISTS", dmarc=dmarc("v=DMARC1 p=none", parents=((REJECT,), ()))),
        skips("no DMARC record stands", dmarc=dmarc("v=spf1 -all", parents=((REJECT,), ()))),
        skips("no DMARC record stands", dmarc=org()),
    ),
    "DMARC-CNAME": (
        passes(dmarc=org(REJECT)),
        advises("alias of dmarc.example.net", dmarc=aliased(REJECT)),
        skips("no DMARC record of its own", dmarc=INHERITED),
    ),
    "DMARC-PARKED-REJECT": (
        passes(dmarc=org(REJECT), mail_domain=PARKED),
        passes(dmarc=INHERITED, mail_domain=PARKED),
        fails("quarantine (p of", level=SHOULD, dmarc=org("v=DMARC1; p=quarantine"), mail_domain=PARKED),
        fails("lowered it from reject (p of", dmarc=org("v=DMARC1; p=reject; t=y"), mail_domain=PARKED),
        passes(dmarc=dmarc("v=DMARC1; p=reject; sp=none", parents=((REJECT,), ())), mail_domain=PARKED),
        leaves("DMARC-SP-NOT-WEAKER", dmarc=org("v=DMARC1; p=reject; sp=quarantine"), mail_domain=PARKED),
        leaves("DMARC-NX-SUB", dmarc=org("v=DMARC1; p=reject; np=none"), mail_domain=PARKED),
        leaves("DMARC-ENFORCED", dmarc=org("v=DMARC1; p=none"), mail_domain=PARKED),
        leaves("DMARC-EXISTS", dmarc=org(), mail_domain=PARKED),
        skips("sends mail", dmarc=org("v=DMARC1; p=quarantine"), mail_domain=RECEIVES),
    ),
    "DMARC-FO": (
        passes(dmarc=org("v=DMARC1; p=reject; fo=1; ruf=mailto:d@example.org")),
        advises("fo=1 without ruf", dmarc=org("v=DMARC1; p=reject; fo=1")),
        skips("has no fo", dmarc=org(REJECT)),
        skips("inherited", dmarc=INHERITED),
        leaves("DMARC-EXISTS", dmarc=org()),
    ),
    "DMARC-SUB-NOT-WEAKER": (
        passes(dmarc=dmarc(REJECT, parents=(("v=DMARC1; p=quarantine",), ()))),
        passes(dmarc=dmarc("v=DMARC1; p=quarantine", parents=(("v=DMARC1; p=reject; sp=quarantine",), ()))),
        fails(
            "quarantine, where p=reject of _dmarc.example.org",
            level=SHOULD,
            dmarc=dmarc("v=DMARC1; p=quarantine", parents=((REJECT,), ())),
        ),
        leaves("DMARC-ENFORCED", dmarc=dmarc("v=DMARC1; p=none", parents=((REJECT,), ()))),
        skips("no DMARC record of its own", dmarc=INHERITED),
        skips("would inherit no policy", dmarc=org(REJECT)),
    ),
    "DMARC-STRICT-ALIGN": (
        skips("both ways", dmarc=org(REJECT)),
        wanted(passes(dmarc=org("v=DMARC1; p=reject; adkim=s; aspf=s")), "s"),
        wanted(passes(dmarc=org("v=DMARC1; p=reject; adkim=S; aspf=S")), "s"),
        wanted(advises("aspf=r; s is wanted", dmarc=org("v=DMARC1; p=reject; adkim=s")), "s"),
        wanted(leaves("DMARC-EXISTS", dmarc=org()), "s"),
    ),
    "DMARC-REJECT-NEEDS-DKIM": (
        fails("no mail of the domain", level=MUST, dmarc=org(REJECT), dkim_subtree=EMPTY, mail_domain=RECEIVES),
        passes(dmarc=org(REJECT), dkim_subtree=KEYS, mail_domain=RECEIVES),
        passes(dmarc=org(REJECT), dkim_subtree=REVOKED, mail_domain=RECEIVES),
        skips("a wildcard answers", dmarc=org(REJECT), dkim_subtree=HIDDEN, mail_domain=RECEIVES),
        skips("DKIM-SELECTOR judges", dmarc=org(REJECT), dkim_subtree=KEYS, mail_domain=BY_KEYS),
        skips("not reject", dmarc=org("v=DMARC1; p=none"), dkim_subtree=EMPTY, mail_domain=RECEIVES),
        skips("may sign", dmarc=INHERITED, dkim_subtree=EMPTY, mail_domain=RECEIVES),
        skips("sends no mail", dmarc=org(REJECT), dkim_subtree=EMPTY, mail_domain=PARKED),
    ),
}
