"""Zones that mail depends on: delegation and name servers."""

from __future__ import annotations

from ipaddress import ip_address

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
from mailproof.net.addresses import is_public
from mailproof.net.errors import NoAddress, NotFollowed, NotObserved
from mailproof.observations.zones import Authority, Delegation, host_name_fault
from mailproof.references import IANA_SPECIAL_ADDRESSES, INTERNET_NL, ZONEMASTER, Reference, rfc
from mailproof.targets.zones import Zone

FAMILY = Family("DEL", "Delegation", also=("V6",))


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
    "DEL-AUTHORITATIVE",
    MUST,
    rfc(2181, "6.1"),
    rfc(1034, "4.2.1"),
    rfc(1912, "2.8"),
    rfc(7766, "5"),
    explains=(NoAddress,),
    harm=Harm.LOST,
)
def test_name_server_is_authoritative(authority: Authority) -> None:
    """Every name server has an address and answers for the zone with authority, over UDP and TCP.

    Why: a lame server costs every resolver a detour, and when the others fail there is nobody left.
    Fix: load the zone on the server, or take it out of the NS records and the registrar's list.
    """
    if authority.unregistered:
        leave_to("DANGLE-NS", f"nobody has registered {authority.unregistered}")
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


@control("DEL-DISTINCT-IP", MAY, rfc(1034, "4.1"), ZONEMASTER, harm=Harm.LOST)
def test_name_servers_have_addresses_of_their_own(delegation: Delegation) -> None:
    """No two name servers of a zone share an address.

    Why: two names at one address are one server: when it fails, both are gone.
    Fix: name each server once.
    """
    if len(delegation.addresses_of_family(4)) < 2:
        leave_to("DEL-MIN-NS", "there are no two IPv4 addresses")
    if len(delegation.addresses_of_family(6)) == 1 and len(delegation.servers_of_family(6)) > 1:
        leave_to("DEL-MIN-NS", "all IPv6 addresses are one")
    at: dict[str, list[str]] = {}
    for server in delegation.servers:
        for address in server.addresses:
            at.setdefault(address, []).append(server.host)
    shared = [f"{' and '.join(hosts)} share {address}" for address, hosts in at.items() if len(set(hosts)) > 1]
    assert not shared, "; ".join(shared)


@control(
    "DEL-REFERRAL-512", MAY, ZONEMASTER, rfc(1035, "4.2.1"), allowed={"octets": Between(512, 4096)}, harm=Harm.LOST
)
def test_referral_is_small(delegation: Delegation, *, octets: int = 512) -> None:
    """A referral to the zone fits into 512 octets, whatever name below it was asked for.

    Why: a resolver without EDNS gets it truncated and has to ask over TCP for everything below the zone.
    Fix: have fewer name servers, or give them names that end alike, so that they are compressed.
    """
    _require_referrals(delegation)
    size = delegation.largest_referral()
    assert size <= octets, f"the referral has {size} octets for the longest name below {delegation.zone}"


@control("DEL-NS-NOT-CNAME", MUST, rfc(2181, "10.3"), harm=Harm.LOST)
def test_name_server_is_not_an_alias(delegation: Delegation) -> None:
    """No name in an NS record is an alias.

    Why: resolvers do not follow a CNAME there, and for them the server does not exist.
    Fix: name the host that the CNAME leads to.
    """
    aliases = [f"{server.host} is an alias of {server.aliases[0]}" for server in delegation.servers if server.aliases]
    assert not aliases, "; ".join(aliases)
    _require_addresses(delegation)


@control("DEL-GLUE-MATCH", SHOULD, rfc(1034, "4.2.2"), rfc(1912, "2.3"), harm=Harm.LOST)
def test_glue_is_what_the_zone_says(delegation: Delegation) -> None:
    """The addresses that the parent gives for the zone's servers are those that the servers have.

    Why: resolvers begin with the parent's addresses; an old one leads to a host that is not there, or is another's.
    Fix: change the host object at the registrar together with the server's address.
    """
    _require_referrals(delegation)
    missing: list[str] = []
    for server in delegation.servers:
        for referral in delegation.referrals:
            glue = delegation.glue_in(referral).get(server.host, ())
            if not glue or not server.addresses or server.failure:
                continue
            own = {str(ip_address(address)) for address in server.addresses}
            old = sorted(set(glue) - own)
            assert not old, f"the parent gives {', '.join(old)} for {server.host}, which has {', '.join(sorted(own))}"
            missing += [f"{address} of {server.host}" for address in sorted(own - set(glue))]
    if missing:
        finding(MAY, f"the parent does not give {', '.join(dict.fromkeys(missing))}")
    _require_addresses(delegation)


@control("DEL-GLUE-COMPLETE", MUST, rfc(9471, "3.1"), rfc(1034, "4.2.1"), harm=Harm.LOST)
def test_referral_has_all_glue(delegation: Delegation) -> None:
    """A referral has the addresses of every server whose name lies in the zone.

    Why: such a server cannot be found without asking it; where the parent does not give its address, it does not exist.
    Fix: register the server's addresses as a host object at the registrar.
    """
    _require_referrals(delegation)
    inside = [name for name in delegation.parent_names if delegation.is_in_domain(name)]
    if not inside:
        not_applicable("no server's name lies in the zone: none needs glue")
    aliases = {server.host for server in delegation.servers if server.aliases}
    for referral in delegation.referrals:
        glue = delegation.glue_in(referral)
        bare = [name for name in inside if name in glue and not glue[name]]
        if bare and aliases.issuperset(bare):
            leave_to("DEL-NS-NOT-CNAME", f"{', '.join(bare)} has no address of its own")
        assert not bare, f"{referral.server} refers to {', '.join(bare)} without an address"


@control("DEL-NS-SYNTAX", MUST, rfc(1123, "2.1"), rfc(952), harm=Harm.LOST)
def test_name_server_has_a_host_name(delegation: Delegation) -> None:
    """Every name in an NS record is a host name: letters, digits and hyphens.

    Why: resolvers and registries refuse other names.
    Fix: give the server a host name.
    """
    names = dict.fromkeys((*delegation.child_names, *delegation.parent_names))
    faults = [f"{name} {fault}" for name in names if (fault := host_name_fault(name))]
    assert not faults, "; ".join(faults)


@control("DEL-NAME-SYNTAX", SHOULD, rfc(1035, "2.3.1"), rfc(5891, "4.2.3.1"), harm=Harm.REFUSED)
def test_zone_has_a_proper_name(delegation: Delegation, zone: Zone) -> None:
    """The labels of a zone's name are letters, digits and hyphens; "--" in third place is for A-labels (xn--) only.

    Why: mail programs refuse addresses in a domain of another name.
    Fix: use a name that follows the rules.
    """
    if delegation.zone == "." or delegation.zone.endswith(".arpa"):
        not_applicable("the zone is no domain that hosts are named in")
    if not zone.domains and any(label.startswith("_") for label in delegation.zone.split(".")):
        not_applicable("the zone holds underscored names (RFC 8552), and no domain")
    fault = host_name_fault(delegation.zone)
    assert not fault, f"{delegation.zone} {fault}"
    strange = [label for label in delegation.zone.split(".") if label[2:4] == "--" and not label.startswith("xn--")]
    assert not strange, f"{delegation.zone} has the label {strange[0] if strange else ''}, which is reserved"


@control("DEL-NS-PUBLIC", SHOULD, rfc(6890), IANA_SPECIAL_ADDRESSES, explains=(NotFollowed,), harm=Harm.LOST)
def test_name_server_addresses_are_public(delegation: Delegation) -> None:
    """Every address of every name server is globally reachable, in the zone and in the parent's glue.

    Why: private and documentation addresses lead resolvers to their own machines or nowhere.
    Fix: publish public addresses only; keep internal ones in the internal view of the DNS.
    """
    given = [(server.host, address) for server in delegation.servers for address in server.addresses]
    for referral in delegation.referrals:
        glue = delegation.glue_in(referral)
        given += [(host, address) for host, addresses in glue.items() for address in addresses]
    wrong = [f"{host} has {address}" for host, address in dict.fromkeys(given) if not is_public(address)]
    assert not wrong, f"{', '.join(wrong)}, which is not public"
    _require_addresses(delegation)


@control("DEL-NS-APPROVED", SHOULD, Reference("The inventory's name_servers"), harm=Harm.ABUSED)
def test_name_servers_are_approved(delegation: Delegation, zone: Zone) -> None:
    """A zone has only name servers that the inventory approves of, in itself and at the parent.

    Why: a server that nobody knows answers in the domain's name: a forgotten contract, or a delegation that was taken.
    Fix: take the server out of the NS records and the registrar's list, or add it to `name_servers` of the inventory.
    """
    if not zone.approved:
        not_applicable("the inventory has no list of name servers (name_servers)")
    names = dict.fromkeys((*delegation.child_names, *delegation.parent_names))
    unknown = ", ".join(name for name in names if name not in zone.approved)
    assert not unknown, f"{delegation.zone} has name servers that the inventory does not name: {unknown}"


@control("V6-NS-AAAA", MAY, rfc(3901, "4"), INTERNET_NL, harm=Harm.LOST)
def test_name_servers_have_ipv6(delegation: Delegation) -> None:
    """At least two name servers of a zone have an IPv6 address.

    Why: a resolver that has IPv6 alone does not find the domain.
    Fix: give the servers IPv6 addresses, in the zone and as glue at the registrar.
    """
    servers = delegation.servers_of_family(6)
    if not servers:
        _require_addresses(delegation)
    assert servers, "no name server has an IPv6 address"
    if len(servers) == 1:
        leave_to("DEL-MIN-NS", f"only {servers[0]} has an IPv6 address")


def _require_referrals(delegation: Delegation) -> None:
    """What the parent says can be judged only where it says something."""
    if not delegation.referrals:
        not_applicable(delegation.note)
    if not delegation.parent_names:
        leave_to("DEL-PARENT-CHILD-NS", f"the parent {delegation.parent} does not delegate {delegation.zone}")


def _require_addresses(delegation: Delegation) -> None:
    """Raise NotObserved if addresses of servers could not be asked for."""
    if delegation.unknown_addresses:
        raise delegation.unknown_addresses
