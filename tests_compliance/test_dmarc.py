"""DMARC: what receivers shall do with mail that nobody vouches for (RFC 9989)."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, leave_to, not_applicable
from mailproof.grammars.dmarc import respelt
from mailproof.observations.dmarc import DMARC
from mailproof.observations.dnssec import DMARCChain
from mailproof.references import GOOGLE_SENDERS, INTERNET_NL, rfc
from mailproof.remedies import txt

FAMILY = Family("DMARC", "DMARC policies")


@control("DMARC-EXISTS", SHOULD, rfc(9989, "4.10"), GOOGLE_SENDERS, harm=Harm.ABUSED)
def test_a_policy_applies(dmarc: DMARC) -> None:
    """A DMARC policy applies to the domain: its own or one inherited by the tree walk. Its own record, if any, counts.

    Why: without one anybody may use the domain in From, and large receivers refuse bulk mail of it.
    Fix: publish a TXT record v=DMARC1; p=none; rua=mailto:... at _dmarc, read the reports, then tighten the policy.
    """
    if len(dmarc.own.texts) > 1 or not dmarc.policy:
        _leave_broken_records(dmarc)
    misses = [] if dmarc.own.texts else [f"{n} has {t!r}, which is no DMARC record there" for n, t in dmarc.near_misses]
    fix = "let the record stand at _dmarc and begin with exactly v=DMARC1; with nothing before it" if misses else None
    if dmarc.policy:
        if misses:
            fail(f"only the policy of {dmarc.policy.domain} applies to {dmarc.domain}: {'; '.join(misses)}", fix=fix)
        return
    if not dmarc.domain_exists:
        leave_to("MX-EXISTS", "the domain does not exist, and inherits no policy")
    if dmarc.own.answer.aliases and dmarc.own.answer.nonexistent:
        leave_to("DANGLE-CNAME", f"_dmarc.{dmarc.domain} is an alias of a name that does not exist")
    nothing = f"no DMARC record applies to {dmarc.domain}: none at it nor at its parents"
    fail("; ".join([nothing, *misses]), fix=fix)


@control("DMARC-SINGLE", MUST, rfc(9989, "4.10"), harm=Harm.REFUSED)
def test_there_is_one_record(dmarc: DMARC) -> None:
    """No name on the way has more than one DMARC record.

    Why: receivers discard all of them.
    Fix: keep one.
    """
    if not any(step.texts for step in dmarc.steps):
        leave_to("DMARC-EXISTS", "there is no DMARC record")
    several = [f"_dmarc.{step.domain} has {len(step.texts)}" for step in dmarc.steps if len(step.texts) > 1]
    assert not several, f"{'; '.join(several)} DMARC records"
    dmarc.require_walk()


@control("DMARC-SYNTAX", MUST, rfc(9989, "4.7"), rfc(9989, "4.8"), harm=Harm.REFUSED)
def test_the_record_parses(dmarc: DMARC) -> None:
    """The DMARC record is a list of tags with valid values, none twice.

    Why: receivers ignore tags that they cannot read, and discard a record without a readable policy or report address.
    Fix: correct the tags named here.
    """
    applied = dmarc.policy.record if dmarc.policy else dmarc.void[0].record if dmarc.void else None
    record = dmarc.own.record or applied
    if record is None:
        _leave_broken_records(dmarc)
        leave_to("DMARC-EXISTS", "there is no DMARC record")
    if record.errors:
        meant = respelt(record) if record == dmarc.own.record else ""
        remedy = txt(dmarc.own.answer, record.text, meant) if meant else None
        fail("\n".join(record.errors), remedy=remedy)


@control(
    "DMARC-ENFORCED",
    SHOULD,
    rfc(9989, "4.7"),
    INTERNET_NL,
    allowed={"accept": ("none", "quarantine", "reject")},
    harm=Harm.ABUSED,
)
def test_the_policy_is_enforced(dmarc: DMARC, *, accept: tuple[str, ...] = ("quarantine", "reject")) -> None:
    """The policy that applies is quarantine or reject, t=y taken into account.

    Why: p=none only watches; forgeries are delivered.
    Fix: after a month of reports publish p=quarantine. RFC 9989 advises p=reject only where nobody writes to lists.
    """
    if dmarc.policy is None:
        _leave_broken_records(dmarc)
        leave_to("DMARC-EXISTS", "no DMARC policy applies")
    policy = dmarc.policy
    if invalid := [tag for tag in policy.record.broken_policies if policy.record.get(tag) is not None]:
        leave_to("DMARC-SYNTAX", f"{', '.join(invalid)} of _dmarc.{policy.domain} is void")
    if policy.record.broken_policies and policy.record.unreadable:
        leave_to("DMARC-SYNTAX", f"a part of _dmarc.{policy.domain}, perhaps its policy, cannot be read")
    where = f"{policy.tag} of _dmarc.{policy.domain}"
    if policy.tag in policy.record.repeated and policy.value not in accept:
        leave_to("DMARC-SYNTAX", f"{where} is given twice, and which of the two counts nobody says")
    wanted = " or ".join(accept)
    assert policy.value in accept, f"the policy is {policy.value}{policy.lowered} ({where}); {wanted} is wanted"


@control("DMARC-DNSSEC", MAY, rfc(9989, "11.3"), harm=Harm.ABUSED)
def test_the_record_is_signed(dmarc_chain: DMARCChain) -> None:
    """The DMARC record of a signed domain is signed as well, wherever an alias leads.

    Why: a record that can be forged lets everybody use the domain, whatever policy it publishes.
    Fix: publish the record in the domain's own zone, or have the zone that the alias leads to signed.
    """
    if dmarc_chain.zone is None:
        not_applicable(dmarc_chain.note)
    if dmarc_chain.zone.bogus or (dmarc_chain.record and dmarc_chain.record.bogus):
        leave_to("SEC-NOT-BOGUS", "the record is bogus")
    if dmarc_chain.record is None:
        leave_to("SEC-SIGNED", "the zone of the domain is not signed")
    assert dmarc_chain.record.secure, f"the DMARC record is not signed: {dmarc_chain.record.why}"


def _leave_broken_records(dmarc: DMARC) -> None:
    """Leave it to another control to say why records do not count, if there are any."""
    several = [step.domain for step in dmarc.steps if len(step.texts) > 1]
    if several:
        leave_to("DMARC-SINGLE", f"there are several records at _dmarc.{several[0]}")
    if dmarc.void and not dmarc.policy:
        leave_to("DMARC-SYNTAX", f"the record of _dmarc.{dmarc.void[0].domain} is void")
