"""Zones that mail depends on: delegation, name servers, DNSSEC."""

from __future__ import annotations

from mailproof.controls import INTERNET_NL, MAY, MUST, SHOULD, control, finding, leave_to, not_applicable, rfc
from mailproof.net.errors import NotObserved
from mailproof.observations.zones import DNSSEC, Authority, Delegation


@control("DEL-MIN-NS", MUST, rfc(1034, "4.1"), rfc(2182, "5"))
def test_zone_has_two_name_servers(delegation: Delegation) -> None:
    """The zone has at least two name servers, at the parent and in itself, and two of them have IPv4 addresses.

    Why: with one server every fault of its network takes the domain's mail away.
    Fix: add a second name server in another network, in the zone and at the registrar.
    """
    names = delegation.child_names
    assert len(names) >= 2, f"{delegation.zone} names {len(names)} name server in itself: {', '.join(names) or 'none'}"
    if delegation.referral is not None:
        parent = delegation.parent_names
        assert len(parent) >= 2, f"the parent names {len(parent)} name server: {', '.join(parent) or 'none'}"
    failures = [f"{server.host}: {server.failure}" for server in delegation.servers if server.failure]
    ipv4, ipv6 = delegation.servers_of_family(4), delegation.servers_of_family(6)
    if failures and len(ipv4) < 2:
        raise NotObserved("; ".join(failures), delegation.evidence())
    assert len(ipv4) >= 2, f"{len(ipv4)} of the name servers has an IPv4 address: {', '.join(ipv4) or 'none'}"
    if len(ipv6) == 1 and not failures:
        finding(MAY, f"only {ipv6[0]} has an IPv6 address: resolvers without IPv4 depend on one server")


@control("DEL-PARENT-CHILD-NS", MUST, rfc(1034, "4.2.2"), rfc(1912, "2.8"))
def test_parent_and_child_name_the_same_servers(delegation: Delegation) -> None:
    """The parent names the same name servers as the zone itself.

    Why: servers that only the parent names may be gone, those that only the zone names are asked by chance.
    Fix: bring the list at the registrar and the NS records in the zone into line.
    """
    if delegation.referral is None:
        not_applicable(delegation.note)
    parent, child = set(delegation.parent_names), set(delegation.child_names)
    assert parent, f"the parent {delegation.parent} does not delegate {delegation.zone} ({delegation.referral.rcode})"
    only_parent, only_child = ", ".join(sorted(parent - child)), ", ".join(sorted(child - parent))
    assert not only_parent, f"only the parent names {only_parent}; the zone names {', '.join(sorted(child)) or 'none'}"
    if only_child:
        finding(SHOULD, f"only the zone names {only_child}; the parent names {', '.join(sorted(parent))}")


@control("DEL-AUTHORITATIVE", MUST, rfc(2181, "6.1"), rfc(1034, "4.2.1"))
def test_name_server_is_authoritative(authority: Authority) -> None:
    """Every name server answers for the zone with authority, over UDP and TCP.

    Why: a lame server costs every resolver a detour, and when the others fail there is nobody left.
    Fix: load the zone on the server, or take it out of the NS records and the registrar's list.
    """
    for protocol, answer in (("UDP", authority.udp), ("TCP", authority.tcp)):
        authoritative = answer.authoritative and answer.rcode == "NOERROR"
        assert authoritative, f"{authority.server} answers {answer.rcode} without authority over {protocol}"


@control("SEC-SIGNED", MAY, rfc(4035, "3.2.3"), rfc(9364), INTERNET_NL)
def test_zone_is_signed(dnssec: DNSSEC) -> None:
    """The zone is signed, and a chain of trust leads to it.

    Why: without DNSSEC MX, SPF, DKIM and DMARC records can be forged, and DANE is out of reach.
    Fix: sign the zone and hand the DS record to the registrar.
    """
    _require_published(dnssec)
    if dnssec.bogus:
        leave_to("SEC-NOT-BOGUS", "the zone is bogus")
    assert dnssec.authenticated, (
        f"the validating resolver does not authenticate {dnssec.zone}: the zone is not signed or has no DS"
    )


@control("SEC-NOT-BOGUS", MUST, rfc(4035, "5"), rfc(8914, "4.7"), by_clock=True)
def test_zone_is_not_bogus(dnssec: DNSSEC) -> None:
    """Validation of the zone does not fail.

    Why: for everybody who validates, and those are the large receivers, the domain does not exist; certificates are
    not renewed.
    Fix: look at the DS at the parent and at the signatures' dates; if in doubt have the DS removed until the zone is
    right.
    """
    _require_published(dnssec)
    errors = ", ".join(str(error) for error in dnssec.checked.extended_errors) or "no reason given"
    assert not dnssec.bogus, f"{dnssec.zone} is refused with validation and answered without ({errors})"


def _require_published(dnssec: DNSSEC) -> None:
    if dnssec.checked.proposed:
        not_applicable("the zone is judged as proposed: how it validates shows only once it is published")
