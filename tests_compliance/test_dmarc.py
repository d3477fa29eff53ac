"""DMARC: what receivers shall do with mail that nobody vouches for (RFC 9989)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailproof.controls import GOOGLE_SENDERS, INTERNET_NL, MUST, SHOULD, control, leave_to, not_applicable, rfc
from mailproof.observations.dmarc import DMARC


@control("DMARC-EXISTS", SHOULD, rfc(9989, "4.10"), GOOGLE_SENDERS)
def test_a_policy_applies(dmarc: DMARC) -> None:
    """A DMARC policy applies to the domain: its own or one inherited by the tree walk.

    Why: without one anybody may use the domain in From, and large receivers refuse bulk mail of it.
    Fix: publish a TXT record v=DMARC1; p=none; rua=mailto:... at _dmarc, read the reports, then tighten the policy.
    """
    if len(dmarc.own.texts) > 1:
        leave_to("DMARC-SINGLE", "there are several records")
    if dmarc.own.record is not None and dmarc.own.record.errors and not dmarc.own.record.is_usable:
        leave_to("DMARC-SYNTAX", "the record is void")
    assert dmarc.policy, f"no DMARC record applies to {dmarc.domain}: none at it nor at its parents"


@control("DMARC-SINGLE", MUST, rfc(9989, "4.10"))
def test_there_is_one_record(dmarc: DMARC) -> None:
    """No name on the way has more than one DMARC record.

    Why: receivers discard all of them.
    Fix: keep one.
    """
    if not any(step.texts for step in dmarc.steps):
        leave_to("DMARC-EXISTS", "there is no DMARC record")
    several = [f"_dmarc.{step.domain} has {len(step.texts)}" for step in dmarc.steps if len(step.texts) > 1]
    assert not several, f"{'; '.join(several)} DMARC records"


@control("DMARC-SYNTAX", MUST, rfc(9989, "4.7"), rfc(9989, "4.8"))
def test_the_record_parses(dmarc: DMARC) -> None:
    """The DMARC record is a list of tags with valid values, none twice.

    Why: receivers ignore tags that they cannot read, and discard a record without a readable policy or report address.
    Fix: correct the tags named here.
    """
    record = dmarc.own.record or (dmarc.policy.record if dmarc.policy else None)
    if record is None:
        not_applicable("there is not exactly one DMARC record; DMARC-EXISTS or DMARC-SINGLE says so")
    assert not record.errors, "\n".join(record.errors)


@control("DMARC-ENFORCED", SHOULD, rfc(9989, "4.7"), INTERNET_NL, accept=["quarantine", "reject"])
def test_the_policy_is_enforced(dmarc: DMARC, parameters: Mapping[str, Any]) -> None:
    """The policy that applies is quarantine or reject, t=y taken into account.

    Why: p=none only watches; forgeries are delivered.
    Fix: after a month of reports publish p=quarantine. RFC 9989 advises p=reject only where nobody writes to lists.
    """
    if dmarc.policy is None:
        not_applicable("no DMARC policy applies; DMARC-EXISTS, DMARC-SINGLE or DMARC-SYNTAX says so")
    policy = dmarc.policy
    lowered = " after t=y has lowered it" if policy.record.testing else ""
    where = f"{policy.tag} of _dmarc.{policy.domain}"
    wanted = " or ".join(parameters["accept"])
    assert policy.value in parameters["accept"], f"the policy is {policy.value}{lowered} ({where}); {wanted} is wanted"
