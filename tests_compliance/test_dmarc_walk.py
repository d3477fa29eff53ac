"""DMARC: to which organisation a domain belongs, by the tree walk and by the list that it replaced (RFC 9989)."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.grammars.dmarc import rewritten
from mailproof.observations.dmarc import DMARC
from mailproof.references import rfc
from mailproof.remedies import txt

FAMILY = Family("DMARC", "DMARC policies")


@control("DMARC-WALK-EQ-PSL", MAY, rfc(9989, "4.10.2"), rfc(7489, "3.2"), harm=Harm.REFUSED)
def test_walk_and_list_find_the_same_organisation(dmarc: DMARC) -> None:
    """The tree walk of RFC 9989 and the Public Suffix List of RFC 7489 find the same organisational domain.

    Why: receivers use the one or the other: they align the same mail with different domains, and apply another policy.
    Fix: publish a DMARC record at the organisational domain; with psd=n it says that it is one.
    """
    if not dmarc.found:
        leave_to("DMARC-EXISTS", "no DMARC record stands on the way")
    if not dmarc.by_list:
        not_applicable(f"{dmarc.domain} is a public suffix itself")
    walk = dmarc.organisational_domain
    if walk != dmarc.by_list and (wrong := _wrong_suffix(dmarc)):
        leave_to("DMARC-PSD", f"psd=y stands at {wrong}")
    assert walk == dmarc.by_list, f"{walk} by the tree walk, {dmarc.by_list} by the Public Suffix List"


@control("DMARC-PSD", SHOULD, rfc(9989, "4.7"), rfc(9989, "4.10.2"), harm=Harm.REFUSED)
def test_psd_says_what_the_domain_is(dmarc: DMARC) -> None:
    """psd=y stands only at public suffixes, and psd=n does not cut a sub-domain off its organisation unnoticed.

    Why: with psd=y each name below is an organisation of its own: nothing aligns with the domain, nor inherits from it.
    Fix: remove psd; write psd=n at the organisational domain, if anything.
    """
    if not dmarc.found:
        leave_to("DMARC-EXISTS", "no DMARC record stands on the way")
    dmarc.require_walk()
    if all(step.record is None or step.record.get("psd") is None for step in dmarc.found):
        not_applicable("no record on the way has psd")
    wrong = _wrong_suffix(dmarc)
    if wrong == dmarc.domain:
        own = dmarc.own.record
        mended = rewritten(own, ("psd",)) if own is not None and not own.errors and own.get("p") else ""
        fail(
            f"_dmarc.{wrong} says psd=y, and {wrong} is no public suffix",
            remedy=txt(dmarc.own.answer, own.text, mended) if own is not None and mended else None,
        )
    if wrong:
        finding(
            MAY,
            f"_dmarc.{wrong} says psd=y, and {wrong} is no public suffix: {dmarc.organisational_domain} is an "
            "organisation of its own then",
            fix=f"let whoever runs {wrong} remove psd=y.",
        )
    own = dmarc.own.record
    if own is not None and own.psd == "n" and dmarc.by_list and dmarc.by_list != dmarc.domain:
        finding(
            MAY,
            f"psd=n makes {dmarc.domain} an organisation of its own: nothing aligns with {dmarc.by_list} any more",
            fix="remove psd=n, unless the sub-domain is to stand alone.",
        )


def _wrong_suffix(dmarc: DMARC) -> str:
    """The name on the way, longest first, whose record claims to be a public suffix's and is none."""
    claimed = (step.domain for step in dmarc.found if step.record is not None and step.record.psd == "y")
    return next((name for name in claimed if name not in dmarc.suffixes), "")
