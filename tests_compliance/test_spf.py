"""SPF: who may send in the name of a domain (RFC 7208)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from mailproof.controls import MUST, SHOULD, Between, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.grammars.spf import MAX_LOOKUPS, RESULT_OF_ALL, ending_strictly, respelt, without
from mailproof.observations.authorities import MailCopies
from mailproof.observations.spf import SPF, Check, Lookup, SPFEvaluation, SPFTree
from mailproof.references import GOOGLE_SENDERS, PRACTICE, rfc
from mailproof.remedies import Remedy, txt
from mailproof.tests_compliance.test_name_servers import require_same

FAMILY = Family("SPF", "SPF")


@control("SPF-EXISTS", MUST, rfc(7208, "3.2"), rfc(7208, "4.5"), GOOGLE_SENDERS, harm=Harm.REFUSED)
def test_spf_record_is_published_once(spf: SPF) -> None:
    """Every domain publishes exactly one SPF record.

    Why: without one anybody may use the name, and large receivers refuse its mail; with two, SPF ends in an error.
    Fix: publish one TXT record that begins with v=spf1; merge several into one. A domain without mail: "v=spf1 -all".
    """
    if spf.published.answer.nonexistent:
        leave_to("MX-EXISTS", "the domain does not exist")
    if not spf.texts and spf.near_misses:
        finding(
            SHOULD,
            f"{spf.domain} publishes no SPF record: {spf.near_misses[0]!r} is none",
            fix="let the record begin with exactly v=spf1 and a space, with nothing before it",
            remedy=_meant(spf, spf.near_misses[0]),
        )
    if not spf.texts:
        finding(SHOULD, f"{spf.domain} publishes no SPF record")
    assert len(spf.texts) == 1, f"{spf.domain} publishes {len(spf.texts)} SPF records, which is an error for receivers"


@control("SPF-SYNTAX", MUST, rfc(7208, "12"), rfc(7208, "4.6"), harm=Harm.REFUSED)
def test_spf_record_follows_the_grammar(spf: SPF) -> None:
    """The SPF record follows the grammar from end to end.

    Why: one wrong term makes the whole record a permanent error, whoever sends.
    Fix: mend the terms named here; look at misspelt mechanisms, missing colons, host names without a dot.
    """
    if spf.record is None:
        leave_to("SPF-EXISTS", "there is not exactly one SPF record")
    errors = spf.record.errors
    if errors:
        fail("\n".join(errors), remedy=_meant(spf, spf.record.text))
    for term in spf.record.terms:
        if term.misspelt:
            finding(
                SHOULD,
                f"{term.text} is an unknown modifier, which receivers ignore: did you mean {term.misspelt}?",
                why="the senders that it is meant to name are not authorised, and nothing says so",
                fix=f"write {term.misspelt}",
                remedy=_meant(spf, spf.record.text),
            )


@control(
    "SPF-ALL-STRICT",
    SHOULD,
    rfc(7208, "5.1"),
    rfc(7208, "8.4"),
    PRACTICE,
    allowed={"accept": ("-all", "~all", "?all", "+all")},
    harm=Harm.ABUSED,
)
def test_spf_ends_strictly(spf_tree: SPFTree, *, accept: tuple[str, ...] = ("-all",)) -> None:
    """The SPF record ends in -all, redirects followed; a profile or the inventory may accept ~all.

    Why: +all, ?all or no all at all let everybody pass or leave the question open.
    Fix: name all senders and end the record in -all. The parameter accept: ["-all", "~all"] of this control admits
    ~all.
    """
    require_valid_record(spf_tree)
    accepted = ", ".join(accept)
    if redirect := spf_tree.undecided_redirect:
        not_applicable(f"{redirect.text} leads to another record for other senders: which all decides cannot be said")
    if spf_tree.redirects_nowhere:
        leave_to("SPF-INCLUDE-VALID", "the redirect leads to no record")
    if spf_tree.redirects_without_end and spf_tree.loops:
        leave_to("SPF-INCLUDE-VALID", "the redirect leads back")
    closing = spf_tree.closing
    if closing is None:
        own = spf_tree.records[0].record
        if own is not None and any(term.misspelt.startswith(("-all", "redirect=")) for term in own.terms):
            leave_to("SPF-SYNTAX", "all or redirect is misspelt")
        finding(
            SHOULD,
            f"nothing says what becomes of other senders: no all, so the result is neutral ({accepted} is wanted)",
            remedy=_strict(spf_tree),
        )
    found = f"{closing.qualifier}all"
    before = spf_tree.matches_everybody
    if before is not None and f"{before.qualifier}all" not in accept and found != f"{before.qualifier}all":
        fail(f"{before.text} matches everybody, so that {found} is never reached; {accepted} is wanted")
    if found not in accept:
        fail(f"the record ends in {found}; {accepted} is wanted", remedy=_strict(spf_tree))


@control(
    "SPF-LOOKUPS-10",
    MUST,
    rfc(7208, "4.6.4"),
    allowed={"lookups": Between(0, 100)},
    harm=Harm.REFUSED,
)
def test_spf_needs_at_most_ten_lookups(spf_tree: SPFTree, *, lookups: int = MAX_LOOKUPS) -> None:
    """Evaluating the SPF record takes at most ten terms that ask the DNS, over all includes and redirects.

    Why: receivers stop at the eleventh with a permanent error, so that mail which matches later fails.
    Fix: remove includes that are no longer used, replace a and mx by ip4 and ip6, split senders over sub-domains.
    """
    require_valid_record(spf_tree)
    number = spf_tree.cost
    if spf_tree.loops:
        leave_to("SPF-INCLUDE-VALID", "an include leads back")
    assert number <= lookups, (
        f"{'more than ' if spf_tree.cut_short else ''}{number} lookups; at most {lookups} are wanted"
    )
    for lookup in spf_tree.lookups:
        assert lookup.mx_names <= MAX_LOOKUPS, f"{lookup.term} yields {lookup.mx_names} MX names, more than ten"


@control(
    "SPF-VOID-2",
    SHOULD,
    rfc(7208, "4.6.4"),
    rfc(7208, "11.1"),
    allowed={"void_lookups": Between(0, 100)},
    harm=Harm.REFUSED,
)
def test_spf_has_at_most_two_void_lookups(spf_tree: SPFTree, *, void_lookups: int = 2) -> None:
    """At most two lookups of the SPF record come back empty, for senders of either address family.

    Why: receivers stop at the third with a permanent error. A host without AAAA is void for senders with IPv6. Only
    the families of the domain's sending addresses are judged where the inventory names such addresses.
    Fix: remove terms whose names no longer exist; name hosts of one address family by ip4 or ip6.
    """
    require_valid_record(spf_tree)
    family = max(spf_tree.families, key=lambda family: len(spf_tree.void_lookups(family)))
    void = spf_tree.void_lookups(family)
    ends = [lookup for lookup in void if lookup.leads_to_record]
    if len(void) > void_lookups >= len(void) - len(ends):
        leave_to("SPF-INCLUDE-VALID", f"{ends[0].term} leads to no record, which ends the evaluation")
    terms = ", ".join(f"{lookup.term} ({lookup.name})" for lookup in void)
    if len(void) > void_lookups:
        gone = [lookup for lookup in spf_tree.lookups if lookup.void_ipv4 and lookup.void_ipv6]
        fail(
            f"{len(void)} void lookups for senders with IPv{family}: {terms}",
            remedy=without_dead_terms(spf_tree, gone) if set(void) <= set(gone) else None,
        )


@control("SPF-NO-PTR", SHOULD, rfc(7208, "5.5"), harm=Harm.REFUSED)
def test_spf_does_not_use_ptr(spf_tree: SPFTree) -> None:
    """No SPF record of the domain, nor any that it includes, uses the ptr mechanism.

    Why: it is slow, unreliable, and burdens the reverse zones of strangers; RFC 7208 says not to publish it.
    Fix: name the hosts by ip4, ip6 or a.
    """
    require_record(spf_tree)
    found = [
        f"{published.domain}: {term.text}"
        for published in spf_tree.records
        if published.record
        for term in published.record.terms
        if term.is_mechanism and term.name == "ptr"
    ]
    if found:
        own = spf_tree.records[0].record
        terms = {term.text for term in own.terms if term.is_mechanism and term.name == "ptr"} if own else set()
        proven = own is not None and len(found) == len(terms) and spf_tree.covers_senders(terms)
        remedy = txt(spf_tree.records[0].answer, own.text, without(own, terms)) if own is not None and proven else None
        fail(f"ptr is used: {', '.join(found)}", remedy=remedy)


@control("SPF-INCLUDE-VALID", MUST, rfc(7208, "5.2"), rfc(7208, "6.1"), harm=Harm.REFUSED)
def test_spf_includes_lead_to_valid_records(spf_tree: SPFTree) -> None:
    """Every include and redirect leads to exactly one valid SPF record, and none leads back.

    Why: an include of a domain without a valid record is a permanent error for the whole record.
    Fix: correct or remove the include; tell the operator of the included domain.
    """
    require_record(spf_tree)
    if len(spf_tree.records) == 1 and not spf_tree.loops:
        not_applicable("the record includes nothing")
    if spf_tree.unregistered:
        leave_to("DANGLE-SPF", f"nobody has registered {spf_tree.unregistered[0][1]}")
    assert not spf_tree.loops, f"an include leads back: {'; '.join(spf_tree.loops)}"
    for published in spf_tree.records[1:]:
        through = " -> ".join(published.path)
        number = len(published.texts)
        if number != 1:
            fail(
                f"{through} leads to {published.domain}, which has {number or 'no'} SPF records",
                remedy=_without_dead_includes(spf_tree),
            )
        errors = published.record.errors if published.record else ()
        assert not errors, f"{through} leads to {published.domain}, whose record is in error: {'; '.join(errors)}"


@control("SPF-INVENTORY-EVAL", MUST, rfc(7208, "4"), GOOGLE_SENDERS, harm=Harm.REFUSED)
def test_spf_passes_for_own_senders_only(spf_of_sender: SPFEvaluation) -> None:
    """SPF passes for every sending address of the inventory and does not pass for strangers.

    Why: this is what receivers compute; a sender that is forgotten fails, and a record that passes for all protects
    nobody.
    Fix: add the address to the domain's record, or correct the list of sending addresses in the inventory.
    """
    if not spf_of_sender.texts:
        leave_to("SPF-EXISTS", "there is no SPF record")
    tree = spf_of_sender.tree
    if tree is not None:
        _leave_permanent_error(tree)
    void = [check for check in spf_of_sender.listed if tree is not None and _ends_void(check, tree)]
    for check in spf_of_sender.listed:
        if check in void:
            continue
        assert check.result == "pass", (
            f"{check.address} sends mail of {spf_of_sender.domain}, and SPF says {check.result}"
        )
    # What the end of the record says of strangers is judged by SPF-ALL-STRICT.
    closing = RESULT_OF_ALL[tree.closing.qualifier if tree.closing else "?"] if tree is not None else None
    for check in spf_of_sender.foreign:
        if check.result == closing or (tree is not None and _ends_void(check, tree)):
            continue
        assert check.result != "pass", f"SPF of {spf_of_sender.domain} passes for anybody's {check.address}"
        if check.result not in ("fail", "softfail"):
            finding(SHOULD, f"SPF of {spf_of_sender.domain} says {check.result} for anybody's {check.address}")
    if void:
        leave_to("SPF-VOID-2", f"too many lookups are void for {void[0].address}")


def _ends_void(check: Check, tree: SPFTree) -> bool:
    """Whether a check ended in an error because too many lookups are void for the sender's address family."""
    return check.result == "permerror" and tree.is_void_for(ip_address(check.address).version)


def _leave_permanent_error(tree: SPFTree) -> None:
    """Leave a record that is an error whoever sends to the control that says why."""
    if not tree.permanent_error:
        return
    require_record(tree)
    if tree.syntax_error:
        leave_to("SPF-SYNTAX", "the record is an error whoever sends")
    if tree.loops or any(published.record is None or published.record.errors for published in tree.records[1:]):
        leave_to("SPF-INCLUDE-VALID", "the record is an error whoever sends")
    if all(tree.is_void_for(family) for family in tree.families):
        leave_to("SPF-VOID-2", "the record is an error whoever sends")
    leave_to("SPF-LOOKUPS-10", "the record is an error for senders who match late or nothing")


def _meant(spf: SPF, text: str) -> Remedy | None:
    """The record that is meant, where only its spelling is wrong."""
    meant = respelt(text)
    return txt(spf.published.answer, text, meant) if meant else None


def _strict(tree: SPFTree) -> Remedy | None:
    """``-all`` in place of what there is, if the record names all senders that the inventory knows."""
    own = tree.records[0].record
    if own is None or own.redirect is not None:
        return None
    ends = {own.all.text} if own.all is not None else set()
    return txt(tree.records[0].answer, own.text, ending_strictly(own)) if tree.covers_senders(ends) else None


def without_dead_terms(tree: SPFTree, dead: Iterable[Lookup]) -> Remedy | None:
    """The domain's own record without terms that nobody can match; None where one of them stands elsewhere."""
    own, dead = tree.records[0].record, tuple(dead)
    if own is None or not dead or any(lookup.domain != tree.domain for lookup in dead):
        return None
    if any(lookup.term.lower().startswith("redirect=") for lookup in dead):
        return None
    return txt(tree.records[0].answer, own.text, without(own, {lookup.term for lookup in dead}))


def _without_dead_includes(tree: SPFTree) -> Remedy | None:
    """The domain's own record without the includes that lead to no record, if these are all that is wrong."""
    wrong = [published for published in tree.records[1:] if published.record is None or published.record.errors]
    if any(published.texts or len(published.path) > 1 for published in wrong):
        return None
    names = {published.path[0] for published in wrong}
    return without_dead_terms(tree, [lookup for lookup in tree.lookups if lookup.term in names])


def require_record(tree: SPFTree) -> None:
    """End the control where there is not exactly one record to judge."""
    if not tree.records or tree.records[0].record is None:
        leave_to("SPF-EXISTS", "there is not exactly one SPF record")


def require_valid_record(tree: SPFTree) -> None:
    """End the control where the record is an error as a whole, too."""
    require_record(tree)
    if tree.syntax_error:
        leave_to("SPF-SYNTAX", "a wrong term makes the whole record an error")


@control("SPF-CONSISTENT-NS", SHOULD, rfc(1034, "4.2.2"), harm=Harm.REFUSED)
def test_servers_have_the_same_spf(mail_copies: MailCopies) -> None:
    """All name servers give the same SPF record of the domain.

    Why: whether mail passes SPF would depend on which server the receiver's resolver asked.
    Fix: find out why the servers do not have the same zone: transfers that fail, or two places to edit it.
    """
    if mail_copies.proposed:
        not_applicable("the domain is judged as proposed: its servers do not have that yet")
    require_same(mail_copies, mail_copies.spf_sets)
