"""Zones that mail depends on: delegation, name servers, DNSSEC."""

from __future__ import annotations

from mailproof.controls import MAY, MUST, SHOULD, Family, Harm, control, fail, finding, leave_to, not_applicable
from mailproof.net.errors import Bogus, NotObserved, ServerFailure
from mailproof.observations.zones import DNSSEC, Authority, Delegation
from mailproof.references import INTERNET_NL, rfc

FAMILY = Family("DEL", "Delegation and DNSSEC", also=("SEC", "NS"))


@control("DEL-MIN-NS", MUST, rfc(1034, "4.1"), rfc(2182, "5"), harm=Harm.LOST)
def test_zone_has_two_name_servers(delegation: Delegation) -> None:
    """The zone has at least two name servers, at the parent and in itself, and two of them have IPv4 addresses.

    Why: with one server every fault of its network takes the domain's mail away.
    Fix: add a second name server in another network, in the zone and at the registrar.
    """
    names = delegation.child_names
    assert len(names) >= 2, f"{delegation.zone} names {len(names)} name server in itself: {', '.join(names) or 'none'}"
    if delegation.referrals:
        parent = delegation.parent_names
        assert len(parent) >= 2, f"the parent names {len(parent)} name server: {', '.join(parent) or 'none'}"
    failures = [f"{server.host}: {server.failure}" for server in delegation.servers if server.failure]
    ipv4, ipv6 = delegation.servers_of_family(4), delegation.servers_of_family(6)
    addresses = delegation.addresses_of_family(4)
    if failures and len(addresses) < 2:
        raise NotObserved("; ".join(failures), delegation.evidence())
    assert len(ipv4) >= 2, f"{len(ipv4)} of the name servers has an IPv4 address: {', '.join(ipv4) or 'none'}"
    assert len(addresses) >= 2, f"{', '.join(ipv4)} share the one IPv4 address {addresses[0]}: they are one server"
    if len(ipv6) == 1 and not failures:
        finding(MAY, f"only {ipv6[0]} has an IPv6 address: resolvers without IPv4 depend on one server")
    if len(ipv6) > 1 and len(delegation.addresses_of_family(6)) == 1 and not failures:
        finding(MAY, f"{', '.join(ipv6)} share one IPv6 address: resolvers without IPv4 depend on one server")


@control("DEL-PARENT-CHILD-NS", MUST, rfc(1034, "4.2.2"), rfc(1912, "2.8"), harm=Harm.LOST)
def test_parent_and_child_name_the_same_servers(delegation: Delegation) -> None:
    """Every server of the parent names the same name servers as the zone itself.

    Why: servers that only the parent names may be gone, those that only the zone names are asked by chance.
    Fix: bring the list at the registrar and the NS records in the zone into line.
    """
    if not delegation.referrals:
        not_applicable(delegation.note)
    child = set(delegation.child_names)
    for referral in delegation.referrals:
        named = delegation.named_by(referral)
        who = f"the parent {delegation.parent} ({referral.server})"
        assert named, f"{who} does not delegate {delegation.zone} ({referral.rcode})"
        only_parent = ", ".join(sorted(named - child))
        in_zone = ", ".join(sorted(child)) or "none"
        assert not only_parent, f"only the parent names {only_parent}; the zone names {in_zone}"
    for referral in delegation.referrals:
        named = delegation.named_by(referral)
        if only_child := ", ".join(sorted(child - named)):
            finding(SHOULD, f"only the zone names {only_child}; the parent names {', '.join(sorted(named))}")


@control(
    "DEL-AUTHORITATIVE", MUST, rfc(2181, "6.1"), rfc(1034, "4.2.1"), rfc(1912, "2.8"), rfc(7766, "5"), harm=Harm.LOST
)
def test_name_server_is_authoritative(authority: Authority) -> None:
    """Every name server has an address and answers for the zone with authority, over UDP and TCP.

    Why: a lame server costs every resolver a detour, and when the others fail there is nobody left.
    Fix: load the zone on the server, or take it out of the NS records and the registrar's list.
    """
    if authority.addresses:
        rcode = authority.addresses[0].rcode
        fail(
            f"resolvers fail to find the name server {authority.server}: neither A nor AAAA ({rcode})",
            fix="publish the address of the server, or take it out of the NS records and the registrar's list.",
        )
    if authority.refused:
        fail(
            f"{authority.server} refuses to be asked {'; '.join(authority.refused)}",
            fix="let the server listen on port 53 over UDP and TCP, and open the firewall for both.",
        )
    for protocol, answer in authority.answers:
        has_zone = authority.is_authoritative(answer)
        if answer.authoritative and answer.rcode == "NOERROR":
            assert has_zone, f"{authority.server} claims authority over {protocol}, but has no SOA of {authority.zone}"
        assert has_zone, f"{authority.server} answers {answer.rcode} without authority over {protocol}"


@control("SEC-SIGNED", MAY, rfc(4035, "3.2.3"), rfc(9364), INTERNET_NL, harm=Harm.READ)
def test_zone_is_signed(dnssec: DNSSEC) -> None:
    """The zone is signed, and a chain of trust leads to it.

    Why: without DNSSEC MX, SPF, DKIM and DMARC records can be forged, and DANE is out of reach.
    Fix: sign the zone and hand the DS record to the registrar.
    """
    _require_published(dnssec)
    if dnssec.bogus:
        leave_to("SEC-NOT-BOGUS", "the zone is bogus")
    assert dnssec.authenticated, (
        f"the validating resolver does not authenticate {dnssec.zone}: {dnssec.unsigned_because}"
    )


@control(
    "SEC-NOT-BOGUS",
    MUST,
    rfc(4035, "5"),
    rfc(8914, "4.7"),
    by_clock=True,
    explains=(Bogus, ServerFailure),
    harm=Harm.LOST,
)
def test_zone_is_not_bogus(dnssec: DNSSEC) -> None:
    """Validation fails for nothing that mail needs of the zone.

    Why: for everybody who validates, and those are the large receivers, the domain does not exist; certificates are
    not renewed.
    Fix: look at the DS at the parent and at the signatures' dates; if in doubt have the DS removed until the zone is
    right.
    """
    _require_published(dnssec)
    bogus = ", ".join(map(str, dnssec.bogus_answers))
    assert not dnssec.bogus, f"refused with validation and answered without: {bogus}"


def _require_published(dnssec: DNSSEC) -> None:
    if dnssec.checked.proposed:
        not_applicable("the zone is judged as proposed: how it validates shows only once it is published")
