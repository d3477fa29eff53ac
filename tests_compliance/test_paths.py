"""IPv6 of MX hosts, and the way by which a resolver gets from the root to a domain."""

from __future__ import annotations

from mailproof.controls import MAY, SHOULD, Family, Harm, control, leave_to, not_applicable
from mailproof.net.addresses import is_public
from mailproof.net.errors import NotObserved, ServerFailure, TimedOut
from mailproof.observations.mx import HostAddresses
from mailproof.observations.paths import IPv6Path, NameServerRings
from mailproof.references import INTERNET_NL, Reference, rfc

FAMILY = Family("V6", "IPv6, and the way from the root", also=("DEL", "IPV6"))

TSUNAME = Reference("TsuNAME: cyclic dependencies in the DNS (IMC 2021)", "https://tsuname.io/")


@control("V6-MX-AAAA", MAY, rfc(3974, "2"), INTERNET_NL, harm=Harm.LOST)
def test_mx_host_has_ipv6(host_addresses: HostAddresses) -> None:
    """Every MX host has a public IPv6 address.

    Why: a sender that has IPv6 alone cannot deliver mail to a host that has IPv4 alone.
    Fix: give the host an IPv6 address with a PTR, let the server listen there, and publish the AAAA record.
    """
    if not host_addresses.domains:
        not_applicable("no MX record names this host")
    if not host_addresses.addresses:
        leave_to("MX-RESOLVES", "the host has no address at all")
    if not any(map(is_public, host_addresses.addresses)):
        leave_to("MX-PUBLIC-ADDR", f"{host_addresses.host} has no public address")
    ours = [record.data for record in host_addresses.ipv6.records]
    assert any(map(is_public, ours)), f"{host_addresses.host} has no {'public ' if ours else ''}IPv6 address"


@control("DEL-V6-PATH", MAY, rfc(3901, "3"), INTERNET_NL, harm=Harm.LOST)
def test_ipv6_leads_from_the_root_to_the_mx_hosts(ipv6_path: IPv6Path) -> None:
    """Every zone on the way from the root to the domain and to its MX hosts has a server with an IPv6 address.

    Why: a resolver that has IPv6 alone gets no further than the first zone that is served over IPv4 only.
    Fix: let the operator of that zone give its name servers IPv6 addresses, or name MX hosts in another zone.
    """
    dark = [zone for zone in ipv6_path.zones if not zone.ipv6_server and not zone.failure]
    others = [zone for zone in dark if zone.zone != ipv6_path.own_zone]
    assert not others, "; ".join(f"no server of {zone.zone} has an IPv6 address" for zone in others)
    if dark:
        leave_to("V6-NS-AAAA", f"no server of {ipv6_path.own_zone} has an IPv6 address")
    unknown = [*ipv6_path.unknown, *(f"{zone.zone}: {zone.failure}" for zone in ipv6_path.zones if zone.failure)]
    if unknown:
        raise NotObserved("; ".join(unknown), ipv6_path.evidence())


@control(
    "DEL-NO-CYCLE",
    SHOULD,
    rfc(9520, "1"),
    TSUNAME,
    rfc(1034, "4.2.1"),
    explains=(ServerFailure, TimedOut),
    harm=Harm.LOST,
)
def test_names_of_servers_do_not_need_each_other(name_server_rings: NameServerRings) -> None:
    """The names of a zone's servers can be resolved without needing each other in a circle.

    Why: such names never resolve, and resolvers that go round in the circle flood the servers above it.
    Fix: let one of the zones have a server whose name lies in the zone itself, with its address (glue) at the parent.
    """
    found = [f"{ring.host} cannot be resolved: {ring}" for ring in name_server_rings.rings]
    assert not found, "; ".join(found)
