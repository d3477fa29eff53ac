"""DMARC records: what stands in them without effect, and where their policy is weaker than it looks (RFC 9989)."""

from __future__ import annotations

from collections.abc import Container

from mailproof.controls import (
    MAY,
    MUST,
    SHOULD,
    Family,
    Harm,
    control,
    fail,
    finding,
    leave_to,
    not_applicable,
)
from mailproof.grammars.dmarc import HISTORIC, POLICIES, TAGS, DMARCRecord, rewritten
from mailproof.observations.dkim import DKIMSubtree
from mailproof.observations.dmarc import DMARC, Policy
from mailproof.references import CHECKDMARC, M3AAWG_PARKED, rfc
from mailproof.remedies import Remedy, txt
from mailproof.targets.mail import MailDomain

FAMILY = Family("DMARC", "DMARC policies")


@control("DMARC-UNKNOWN-TAGS", MAY, rfc(9989, "4.7"), harm=Harm.ABUSED)
def test_every_tag_has_a_meaning(dmarc: DMARC) -> None:
    """Every tag of the DMARC record is one that RFC 9989 defines.

    Why: others are ignored: what the record's owner meant by them does not happen.
    Fix: correct the tags named here, and remove those that earlier versions of DMARC had (pct, rf, ri).
    """
    record = _own_record(dmarc)
    if _percentage(record) != 100:
        leave_to("DMARC-PCT-100", "pct is not 100")
    unknown = [tag for tag, _ in record.tags if tag not in (*TAGS, *HISTORIC)]
    assert not unknown, f"nobody defines {', '.join(unknown)}"
    historic = [f"{tag}={value}" for tag, value in record.tags if tag in HISTORIC]
    if historic:
        fail(f"{', '.join(historic)}: removed from DMARC by RFC 9989", remedy=_rewritten(dmarc, record, HISTORIC))


@control("DMARC-P-PRESENT", SHOULD, rfc(9989, "4.7"), rfc(7489, "6.3"), harm=Harm.ABUSED)
def test_the_policy_is_given(dmarc: DMARC) -> None:
    """The DMARC record gives its policy p, directly behind the version.

    Why: receivers that know RFC 7489 only ignore a record without p, or with p elsewhere; to others it says p=none.
    Fix: let the record begin with v=DMARC1; p=...
    """
    record = _own_record(dmarc)
    names = [tag for tag, _ in record.tags]
    if "p" in names:
        if names[1:2] != ["p"]:
            finding(
                MAY,
                "p does not stand directly behind the version, as RFC 7489 wants it",
                remedy=_rewritten(dmarc, record),
            )
        return
    if not record.is_usable or record.errors:
        leave_to("DMARC-SYNTAX", "the record is void or broken")
    if dmarc.policy is not None and dmarc.policy.value == "none":
        leave_to("DMARC-ENFORCED", "the record has no p, which means none")
    fail("the record has no p")


@control("DMARC-SP-NOT-WEAKER", SHOULD, rfc(9989, "4.7"), CHECKDMARC, harm=Harm.ABUSED)
def test_the_policy_for_subdomains_is_not_weaker(dmarc: DMARC) -> None:
    """The policy for sub-domains (sp) is no weaker than the one for the domain itself (p).

    Why: forgers use a sub-domain then, which people take for the domain.
    Fix: remove sp, or raise it to p once the sub-domains that send are aligned.
    """
    record = _own_record(dmarc)
    _require_enforced(dmarc, record)
    if dmarc.organisational_domain != dmarc.domain:
        idle = [tag for tag in ("sp", "np") if record.get(tag) is not None]
        if idle:
            told = f"{' and '.join(idle)} {'mean' if idle[1:] else 'means'} nothing here"
            finding(
                MAY,
                f"{told}: sub-domains look at {dmarc.organisational_domain} only",
                fix="remove it.",
                remedy=_rewritten(dmarc, record, idle),
            )
        return
    own, value = record.policy("p"), record.policy("sp", "p")
    assert _rank(value) >= _rank(own), f"sp={value} beside p={own}"
    if _rank(record.policy("np", "sp", "p")) < _rank(own):
        leave_to("DMARC-NX-SUB", "np is weaker than p")


@control("DMARC-NX-SUB", SHOULD, rfc(9989, "4.10.1"), harm=Harm.ABUSED)
def test_made_up_subdomains_meet_an_enforced_policy(dmarc: DMARC) -> None:
    """Mail from a sub-domain that does not exist meets an enforced policy, no weaker than p.

    Why: such a name costs a forger nothing, and nobody sends from it.
    Fix: publish np=reject, or remove np.
    """
    record = _own_record(dmarc)
    _require_enforced(dmarc, record)
    if dmarc.organisational_domain != dmarc.domain:
        not_applicable(f"names below look at {dmarc.organisational_domain}")
    own, value = record.policy("p"), record.policy("np", "sp", "p")
    below = dmarc.below.record if dmarc.below is not None else None
    if below is not None and dmarc.below is not None and _rank(below.policy("p")) < _rank(own):
        fail(
            f"a wildcard gives every sub-domain a record of its own: _dmarc.{dmarc.below.domain} has {below.text!r}",
            fix="remove the DMARC record from the wildcard, or give it the policy of the domain",
        )
    if record.get("np") is None and _rank(value) < _rank(own):
        leave_to("DMARC-SP-NOT-WEAKER", f"sp={value} beside p={own}")
    assert _rank(value) >= _rank(own), f"a sub-domain that does not exist meets {value}, where p={own}"


@control("DMARC-PCT-100", SHOULD, rfc(7489, "6.3"), rfc(9989, "4.7"), harm=Harm.ABUSED)
def test_the_policy_is_for_all_mail(dmarc: DMARC) -> None:
    """The DMARC policy applies to all mail: pct is absent, or 100.

    Why: receivers that know RFC 7489 apply the policy to that share of the mail only; to others it says nothing.
    Fix: remove pct. To watch first, use p=none or t=y.
    """
    record = _own_record(dmarc)
    given = record.get("pct")
    if given is None:
        return
    if not given:
        leave_to("DMARC-SYNTAX", "pct has no value")
    assert _percentage(record) is not None, f"pct={given} is no number from 0 to 100"
    if _percentage(record) != 100:
        fail(f"pct={given}: the policy is for a part of the mail", remedy=_rewritten(dmarc, record, ("pct",)))


@control("DMARC-NO-STRAY", MAY, rfc(9989, "4.5"), harm=Harm.REFUSED)
def test_nothing_else_stands_at_dmarc(dmarc: DMARC) -> None:
    """No other TXT record stands at _dmarc, and no DMARC record at the domain itself.

    Why: some programs take the first record that they find; a wildcard that leaks there changes unseen.
    Fix: remove the records named here.
    """
    texts = [record.text for record in dmarc.own.answer.records]
    misplaced = [text for name, text in dmarc.near_misses if name == dmarc.domain]
    if not dmarc.own.texts:
        if dmarc.near_misses or (texts and dmarc.policy is None):
            leave_to("DMARC-EXISTS", "the domain has no DMARC record of its own")
        not_applicable("no DMARC record stands at _dmarc")
    strays = [text for text in texts if text not in dmarc.own.texts]
    assert not strays, f"at _dmarc.{dmarc.domain} stands {strays[0]!r}"
    assert not misplaced, f"at {dmarc.domain} stands {misplaced[0]!r}: nobody looks for it there"
    if dmarc.unknown is not None:
        raise dmarc.unknown.failure()


@control("DMARC-CNAME", MAY, rfc(9989, "4.5"), CHECKDMARC, harm=Harm.ABUSED)
def test_the_record_stands_in_the_own_zone(dmarc: DMARC) -> None:
    """The DMARC record is reached without an alias.

    Why: whoever has the name that an alias leads to decides on the domain's policy, and gets its reports.
    Fix: publish the record itself, unless the service that the alias leads to is meant to decide.
    """
    if not dmarc.own.texts:
        not_applicable("the domain has no DMARC record of its own")
    aliases = dmarc.own.answer.aliases
    assert not aliases, f"_dmarc.{dmarc.domain} is an alias of {aliases[-1]}"


@control("DMARC-PARKED-REJECT", SHOULD, M3AAWG_PARKED, harm=Harm.ABUSED)
def test_a_domain_that_does_not_send_is_rejected(dmarc: DMARC, mail_domain: MailDomain) -> None:
    """A domain that does not send has the policy reject, for its sub-domains as well.

    Why: no mail of it is genuine, so that nothing is lost by refusing all of it.
    Fix: publish v=DMARC1; p=reject; sp=reject.
    """
    if mail_domain.sends:
        not_applicable("the domain sends mail")
    policy = dmarc.policy
    if policy is None:
        leave_to("DMARC-EXISTS", "no DMARC policy applies")
    if policy.value == "none":
        leave_to("DMARC-ENFORCED", "the policy is not enforced")
    where = f"{policy.tag} of _dmarc.{policy.domain}"
    if policy.value != "reject":
        own = dmarc.own.record
        kept = _rewritten(dmarc, own, ("t", "np"), p="reject", sp="reject") if own is not None else None
        fail(f"the policy is {policy.value}{policy.lowered} ({where})", remedy=kept)
    if dmarc.own.record is None or dmarc.organisational_domain != dmarc.domain:
        return
    if (value := policy.record.get("sp")) and _rank(value) < _rank("reject"):
        leave_to("DMARC-SP-NOT-WEAKER", f"sp={value} beside p=reject")
    if (value := policy.record.get("np")) and _rank(value) < _rank("reject"):
        leave_to("DMARC-NX-SUB", f"np={value} beside p=reject")


@control("DMARC-FO", MAY, rfc(9989, "4.7"), harm=Harm.ABUSED)
def test_failure_options_have_an_address(dmarc: DMARC) -> None:
    """Options for failure reports (fo) stand beside an address for such reports (ruf).

    Why: without ruf they are ignored.
    Fix: remove fo, or add ruf.
    """
    record = _own_record(dmarc)
    if record.get("fo") is None:
        not_applicable("the record has no fo")
    if not record.get("ruf"):
        fail(f"fo={record.get('fo')} without ruf", remedy=_rewritten(dmarc, record, ("fo",)))


@control("DMARC-SUB-NOT-WEAKER", SHOULD, rfc(9989, "4.7"), harm=Harm.ABUSED)
def test_the_own_record_is_not_weaker_than_the_inherited_one(dmarc: DMARC) -> None:
    """A sub-domain's own DMARC record is no weaker than what it would inherit.

    Why: the record of the organisation protects all names but those that opt out of it, perhaps unseen.
    Fix: remove the record of the sub-domain, or raise its policy.
    """
    own, inherited = dmarc.policy, dmarc.inherited
    if dmarc.own.record is None or own is None or own.domain != dmarc.domain:
        not_applicable("the domain has no DMARC record of its own")
    if inherited is None:
        not_applicable("the domain would inherit no policy")
    weaker = _rank(own.value) < _rank(inherited.value)
    if weaker and own.value == "none":
        leave_to("DMARC-ENFORCED", "the policy is not enforced")
    assert not weaker, f"{own.value}, where {inherited.tag}={inherited.value} of _dmarc.{inherited.domain} would apply"


@control(
    "DMARC-STRICT-ALIGN",
    MAY,
    rfc(9989, "4.7"),
    allowed={"accept": ("r", "s")},
    harm=Harm.ABUSED,
)
def test_alignment_is_as_wanted(dmarc: DMARC, *, accept: tuple[str, ...] = ("r", "s")) -> None:
    """Alignment of DKIM and SPF is as the parameter accept says: ["s"] where a rule of the sector demands it strict.

    Why: with relaxed alignment every sub-domain may vouch for the domain.
    Fix: publish adkim=s; aspf=s once all that sends uses the domain itself.
    """
    if len(accept) == 2:
        not_applicable("both ways of alignment are accepted (accept)")
    policy = _applied(dmarc)
    wrong = [
        f"{tag}={value}"
        for tag in ("adkim", "aspf")
        if (value := (policy.record.get(tag) or "r")).lower() not in accept
    ]
    assert not wrong, f"{', '.join(wrong)}; {' or '.join(accept)} is wanted"


@control("DMARC-REJECT-NEEDS-DKIM", MUST, rfc(9989, "8"), harm=Harm.LOST)
def test_reject_does_not_rest_on_spf_alone(dmarc: DMARC, dkim_subtree: DKIMSubtree, mail_domain: MailDomain) -> None:
    """A domain that publishes p=reject has DKIM keys to sign its mail with.

    Why: SPF fails wherever mail is forwarded, and with p=reject it is refused there.
    Fix: sign all mail with DKIM before publishing p=reject.
    """
    if not mail_domain.sends:
        not_applicable("the domain sends no mail")
    if dmarc.policy is None or dmarc.policy.value != "reject":
        not_applicable("the policy is not reject")
    if mail_domain.selectors:
        not_applicable("DKIM-SELECTOR judges the selectors that the inventory names")
    if dmarc.organisational_domain != dmarc.domain:
        not_applicable(f"keys of {dmarc.organisational_domain} may sign for the domain")
    if dkim_subtree.is_hidden:
        not_applicable("a wildcard answers for every name; selectors in the inventory would tell of keys")
    assert not dkim_subtree.is_empty, (
        f"nothing stands below _domainkey.{dmarc.domain}: no mail of the domain can be signed"
    )


def _rewritten(dmarc: DMARC, record: DMARCRecord, without: Container[str] = (), **values: str) -> Remedy | None:
    """The domain's own record with other values or without some tags, if nothing else is wrong with it."""
    if record.errors or "p" not in {**dict(record.tags), **values}:
        return None
    return txt(dmarc.own.answer, record.text, rewritten(record, without, **values))


def _own_record(dmarc: DMARC) -> DMARCRecord:
    if len(dmarc.own.texts) > 1:
        leave_to("DMARC-SINGLE", "the domain has several DMARC records")
    if dmarc.own.record is None:
        if dmarc.policy is not None:
            not_applicable(f"the policy is inherited from {dmarc.policy.domain}")
        leave_to("DMARC-EXISTS", "the domain has no DMARC record")
    return dmarc.own.record


def _applied(dmarc: DMARC) -> Policy:
    if dmarc.policy is None:
        leave_to("DMARC-EXISTS", "no DMARC policy applies")
    return dmarc.policy


def _require_enforced(dmarc: DMARC, record: DMARCRecord) -> None:
    """Ends the control where the policy of the own record is void or none.

    What t=y takes off, it takes off all of p, sp and np: they are compared as they are published.
    """
    if record.broken_policies:
        if record.errors:
            leave_to("DMARC-SYNTAX", "the policy is void")
        leave_to("DMARC-ENFORCED", "the record has no p, which means none")
    if _applied(dmarc).value == "none":
        leave_to("DMARC-ENFORCED", "the policy is not enforced")


def _rank(value: str) -> int:
    """How strict a policy is; one that is none of the three is not strict at all."""
    return POLICIES.index(value.lower()) if value.lower() in POLICIES else 0


def _percentage(record: DMARCRecord) -> int | None:
    """pct of RFC 7489: 100 where it is absent; None for what is no number from 0 to 100."""
    value = record.get("pct")
    if value is None:
        return 100
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 3 and int(value) <= 100 else None
