"""SPF: what receivers tolerate or pass over in a record, and what its owner did not mean (RFC 7208)."""

from __future__ import annotations

from mailproof.controls import (
    MAY,
    MUST,
    SHOULD,
    Between,
    Family,
    Harm,
    control,
    fail,
    finding,
    leave_to,
    not_applicable,
)
from mailproof.grammars.spf import SPFRecord, reporting_errors, without
from mailproof.net.errors import NotObserved
from mailproof.observations.spf import SPF, SPFTree
from mailproof.references import rfc
from mailproof.remedies import line, records, txt
from mailproof.targets.mail import MailDomain
from mailproof.tests_compliance.test_spf import require_valid_record, without_dead_terms

FAMILY = Family("SPF", "SPF")


@control("SPF-ALL-ONCE-LAST", SHOULD, rfc(7208, "5.1"), rfc(7208, "6.1"), harm=Harm.REFUSED)
def test_nothing_stands_behind_all(spf: SPF) -> None:
    """One `all` ends the SPF record: no mechanism follows it, and no redirect stands beside it.

    Why: receivers never look at what follows `all`, nor at a redirect beside it: senders named there are refused.
    Fix: move the mechanisms before `all`, and delete either the redirect or the `all`.
    """
    record = _record(spf)
    if record.errors:
        leave_to("SPF-SYNTAX", "a wrong term makes the whole record an error")
    if record.all is None:
        not_applicable("the record has no all")
    ignored = [term.text for term in record.ignored]
    if ignored:
        # Whether mechanisms behind all are meant to count cannot be seen; a redirect beside one cannot be meant.
        alone = all(not term.is_mechanism for term in record.ignored)
        fail(
            f"{', '.join(ignored)} is never looked at: {record.all.text} stands in the record",
            remedy=txt(spf.published.answer, record.text, without(record, ignored)) if alone else None,
        )


@control("SPF-SIZE", SHOULD, rfc(7208, "3.4"), allowed={"record_octets": Between(1, 65_535)}, harm=Harm.REFUSED)
def test_spf_record_fits_a_small_answer(spf: SPF, *, record_octets: int = 450) -> None:
    """The SPF record has at most 450 octets.

    Why: a longer one does not fit into an answer of 512 octets, and a resolver that cannot use TCP finds none.
    Fix: move senders into includes, and remove those that are no longer used.
    """
    if not spf.texts:
        leave_to("SPF-EXISTS", "there is no SPF record")
    for text in spf.texts:
        octets = len(text.encode("latin-1", "replace"))
        assert octets <= record_octets, f"the record has {octets} octets; at most {record_octets} are wanted"


@control("SPF-NO-TYPE99", MUST, rfc(7208, "3.1"), harm=Harm.REFUSED)
def test_spf_is_published_as_txt_alone(spf: SPF) -> None:
    """SPF is published as TXT: there is no record of type SPF (99), and none of Sender ID.

    Why: the type was withdrawn; a copy there is forgotten when the TXT record changes. Sender ID is historic.
    Fix: delete the record of type SPF, and a TXT record that begins with spf2.0.
    """
    if spf.type_99 is None:
        if spf.published.answer.nonexistent:
            leave_to("MX-EXISTS", "the domain does not exist")
        raise NotObserved(f"nobody answered for the records of type SPF of {spf.domain}", spf.evidence())
    found = [record.data for record in spf.type_99.records]
    if found:
        old = "\n".join(line(spf.domain, "SPF", data) for data in found)
        fail(
            f"{spf.domain} has a record of type SPF: {found[0]}",
            remedy=None if spf.type_99.aliases else records(old, ""),
        )
    sender_id = [r.text for r in spf.published.answer.records if r.text.lower().startswith("spf2.0/")]
    if sender_id:
        finding(MAY, f"{spf.domain} publishes Sender ID, which is historic: {sender_id[0]!r}")


@control("SPF-BLANKS", MAY, rfc(7208, "4.6.1"), harm=Harm.REFUSED)
def test_spf_terms_are_separated_by_one_blank(spf: SPF) -> None:
    """One blank stands between the terms of the SPF record, and none at its end.

    Why: the grammar allows more, but some programs that read records do not, and it may hide a term that was lost.
    Fix: remove the additional blanks; look at the joints of a record of several strings.
    """
    record = _record(spf)
    remedy = txt(spf.published.answer, record.text, without(record, ()))
    if "  " in record.text:
        fail("two blanks stand between terms of the record", remedy=remedy)
    if record.text.endswith(" "):
        fail("the record ends with a blank", remedy=remedy)


@control("SPF-REPORTING", SHOULD, rfc(6652, "3"), harm=Harm.ABUSED)
def test_spf_reporting_modifiers_are_valid(spf: SPF) -> None:
    """Modifiers that ask for reports of SPF failures (ra, rp, rr) are valid and lead to a mailbox.

    Why: what does not follow RFC 6652 is ignored, and no report ever arrives.
    Fix: ra is a local part of the domain itself, rp a number up to 100, rr a list like all or e:f; rp and rr need ra.
    """
    record = _record(spf)
    if not record.reporting:
        not_applicable("the record asks for no reports")
    errors = reporting_errors(record)
    assert not errors, "\n".join(errors)


@control("SPF-EXP-ONE-TXT", MAY, rfc(7208, "6.2"), harm=Harm.REFUSED)
def test_spf_explanation_is_published_once(spf_tree: SPFTree) -> None:
    """The name that exp leads to has exactly one TXT record.

    Why: with none, or with several, the people whose mail is refused are not told what the record's owner has to say.
    Fix: publish one TXT record with the explanation there, or remove exp.
    """
    last = spf_tree.last
    record = last.record if last is not None else None
    if spf_tree.records and spf_tree.records[0].record is None:
        leave_to("SPF-EXISTS", "there is not exactly one SPF record")
    if record is None:
        leave_to("SPF-INCLUDE-VALID", "the redirect leads to no record")
    if spf_tree.syntax_error:
        leave_to("SPF-SYNTAX", "a wrong term makes the whole record an error")
    if record.errors:
        leave_to("SPF-INCLUDE-VALID", "the redirect leads to a record that is an error")
    if record.explanation is None:
        not_applicable("the record has no exp")
    answer = spf_tree.explanation
    if answer is None:
        not_applicable(f"{record.explanation.text} leads to another name for other senders")
    if answer.rcode not in ("NOERROR", "NXDOMAIN"):
        raise NotObserved(f"{answer.name} TXT was answered with {answer.rcode}", answer.evidence())
    number = len(answer.records)
    assert number == 1, f"{record.explanation.text} leads to {answer.name}, which has {number or 'no'} TXT records"


@control("SPF-TARGETS-RESOLVE", SHOULD, rfc(7208, "4.6.4"), rfc(7208, "5.3"), rfc(7208, "5.4"), harm=Harm.REFUSED)
def test_spf_names_hosts_that_exist(spf_tree: SPFTree, mail_domain: MailDomain) -> None:
    """Every host and domain that `a` and `mx` of the record name has addresses, or MX records.

    Why: a name that is gone authorises nobody, costs each receiver a question, and three of them break the record;
    whoever registers it next may send in the domain's name.
    Fix: remove the term, or correct the name.
    """
    require_valid_record(spf_tree)
    if any(spf_tree.is_void_for(family) for family in spf_tree.families):
        leave_to("SPF-VOID-2", "more lookups than a receiver tolerates come back empty")
    gone = [
        lookup
        for lookup in spf_tree.lookups
        if lookup.domain in spf_tree.own_domains
        and lookup.is_about_hosts
        and (lookup.leads_nowhere or (lookup.void_ipv4 and lookup.void_ipv6))
    ]
    if gone and not mail_domain.sends:
        leave_to("SPF-PARKED", "the domain sends no mail, and its record names hosts")
    nobodys = dict(spf_tree.unregistered)
    if gone and all(lookup.term in nobodys for lookup in gone):
        leave_to("DANGLE-SPF", f"nobody has registered {nobodys[gone[0].term]}")
    if not any(lookup.is_about_hosts for lookup in spf_tree.lookups):
        not_applicable("the record names no host")
    told = ", ".join(f"{lookup.term} ({lookup.name})" for lookup in gone)
    if gone:
        fail(f"nothing is found there: {told}", remedy=without_dead_terms(spf_tree, gone))


def _record(spf: SPF) -> SPFRecord:
    if spf.record is None:
        leave_to("SPF-EXISTS", "there is not exactly one SPF record")
    return spf.record
