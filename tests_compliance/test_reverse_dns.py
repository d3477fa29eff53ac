"""Reverse DNS: what an address says of its own name."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.net.errors import NotObserved
from mailproof.observations.reverse import ClasslessDelegation, PTRPolicies, ReverseDNS, ReverseZone, looks_generic
from mailproof.references import GOOGLE_SENDERS, PRACTICE, YAHOO_SENDERS, Reference, rfc

FAMILY = Family("PTR", "Reverse DNS", also=("RDNS",))


@control("PTR-EXISTS", SHOULD, rfc(1912, "2.1"), GOOGLE_SENDERS, YAHOO_SENDERS, harm=Harm.REFUSED)
def test_ptr_exists(reverse_dns: ReverseDNS) -> None:
    """Every sending address has a PTR record.

    Why: large receivers refuse mail from addresses without a reverse name.
    Fix: ask whoever assigned the address block to set the PTR to the host's name, or to delegate the reverse zone.
    """
    assert reverse_dns.names, f"{reverse_dns.address} has no PTR ({reverse_dns.ptr.rcode})"


@control("PTR-FCRDNS", SHOULD, rfc(1912, "2.1"), rfc(8601, "3"), GOOGLE_SENDERS, YAHOO_SENDERS, harm=Harm.REFUSED)
def test_ptr_is_forward_confirmed(reverse_dns: ReverseDNS) -> None:
    """A PTR name of every sending address resolves back to that address.

    Why: receivers take an address whose reverse name does not confirm itself for a home computer.
    Fix: publish an A or AAAA record for the PTR name that leads to the address, or let the PTR name a host that has
    one.
    """
    if not reverse_dns.names:
        leave_to("PTR-EXISTS", "there is no PTR")
    if not reverse_dns.confirmed_names and reverse_dns.unknown_names:
        raise NotObserved(reverse_dns.explain(), reverse_dns.evidence())
    assert reverse_dns.confirmed_names, reverse_dns.explain()


@control("PTR-2317", SHOULD, rfc(2317, "4"), rfc(2317, "5.2"), rfc(1912, "2.4"), harm=Harm.REFUSED)
def test_ptr_alias_leads_to_answering_servers(classless_delegation: ClasslessDelegation) -> None:
    """A PTR reached through CNAME takes one alias, into a zone that all its servers answer alike.

    Why: a classless delegation that ends at a dead or stale server makes the reverse name come and go.
    Fix: let the CNAME lead straight to the name in the customer's zone, and serve that zone on every server it is
    delegated to.
    """
    if not classless_delegation.aliases:
        not_applicable("the PTR is not an alias")
    chain = " -> ".join(classless_delegation.aliases)
    assert len(classless_delegation.aliases) == 1, f"{len(classless_delegation.aliases)} aliases in a row: {chain}"
    assert classless_delegation.views, f"the zone {classless_delegation.zone} has no name server with an address"
    expected = sorted(record.target for record in classless_delegation.ptr.records)
    assert expected, f"the alias leads to {chain}, which has no PTR"
    for view in classless_delegation.views:
        if view.answer is None:
            continue
        found = sorted(record.target for record in view.answer.records)
        assert view.answer.authoritative, f"{view.server} does not answer for the zone {classless_delegation.zone}"
        assert found == expected, f"{view.server} says {', '.join(found) or 'nothing'}, others {', '.join(expected)}"
    silent = [view for view in classless_delegation.views if view.answer is None]
    if silent:
        reasons = "; ".join(f"{view.server}: {view.failure}" for view in silent)
        raise NotObserved(reasons, classless_delegation.evidence())


@control("PTR-QUALITY", MAY, rfc(1912, "2.1"), PRACTICE, harm=Harm.REFUSED)
def test_ptr_is_single_and_individual(reverse_dns: ReverseDNS) -> None:
    """Every sending address has one PTR name, and it is not one of a generic series.

    Why: names that spell out the address or say "dynamic" are what bot-infected home lines have; filters count them.
    Fix: set one PTR that names the mail host, like mx1.example.org.
    """
    if not reverse_dns.names:
        leave_to("PTR-EXISTS", "there is no PTR")
    assert len(reverse_dns.names) == 1, f"{len(reverse_dns.names)} PTR names: {', '.join(sorted(reverse_dns.names))}"
    reason = looks_generic(reverse_dns.names[0], reverse_dns.address)
    if reason:
        finding(SHOULD, f"{reverse_dns.names[0]} looks generic: {reason}")


@control("RDNS-SPF", MAY, rfc(7208, "10.1.2"), PRACTICE, harm=Harm.REFUSED)
def test_other_reverse_names_have_spf(ptr_policies: PTRPolicies) -> None:
    """A PTR name that is not the name said in EHLO publishes SPF as well.

    Why: whoever takes the PTR name for the sender's would find that nobody may send in that name.
    Fix: say the PTR name in EHLO; or publish "v=spf1 a -all" at the PTR name too.
    """
    if not ptr_policies.helo:
        not_applicable("the inventory does not say which name this address says in EHLO (sending: helo)")
    if not ptr_policies.policies:
        not_applicable(f"no confirmed PTR name differs from the EHLO name {ptr_policies.helo}")
    without = [policy.name for policy in ptr_policies.policies if not policy.spf]
    assert not without, f"{', '.join(without)}, a PTR name of {ptr_policies.address}, publishes no SPF record"


@control("PTR-OWNER", SHOULD, Reference("The inventory's zones"), rfc(2317, "4"), rfc(3596, "2.5"), harm=Harm.ABUSED)
def test_reverse_name_stands_in_a_zone_of_the_inventory(reverse_zone: ReverseZone) -> None:
    """The PTR of a sending address stands in a reverse zone that the inventory names for it.

    Why: who holds that zone decides which name the address has, and it may still be a former provider.
    Fix: have the block delegated, or the CNAMEs of RFC 2317 set, to the zone of the inventory; or correct its `zones`.
    """
    if not reverse_zone.expected:
        not_applicable(f"the inventory names no reverse zone for {reverse_zone.address} (zones)")
    if reverse_zone.zone in reverse_zone.declared:
        return
    raise AssertionError(
        f"the PTR of {reverse_zone.address} stands in the zone {reverse_zone.zone}, "
        f"and not in {', '.join(reverse_zone.expected)} as the inventory says"
    )
