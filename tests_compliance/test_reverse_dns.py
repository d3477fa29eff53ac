"""Reverse DNS: what an address says of its own name."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Family, Harm, control, finding, leave_to, not_applicable
from mailproof.net.errors import NotObserved
from mailproof.observations.reverse import ClasslessDelegation, ReverseDNS, looks_generic
from mailproof.references import GOOGLE_SENDERS, PRACTICE, YAHOO_SENDERS, rfc

FAMILY = Family("PTR", "Reverse DNS")


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
